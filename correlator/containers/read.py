"""Read anything that contains a table as a raw table: one entry point for every kind of file and frame."""

from __future__ import annotations

import codecs
import io
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.files import called, opened
from correlator.base.source_limits import MOST_BYTES
from correlator.base.tabular import NO_FRAME, frame_name, from_plain, stacked_symbols, to_polars
from correlator.containers.foot import is_foot, warn_of_foot
from correlator.containers.frame import raw_of_frame
from correlator.containers.hints import Hints
from correlator.containers.kinds import kind_of, kind_of_whole, readable
from correlator.containers.raw import LINE, RawTable
from correlator.containers.text import read_text
from correlator.containers.unpack import unpack, unpacked_bytes
from correlator.errors import InputError

_CHUNK = 1 << 20
_NO_HINTS = Hints()


def read_raw(source: str | Path | Any, hints: Hints = _NO_HINTS) -> RawTable:
    """Read a file (CSV and similar, JSON, XLSX, Parquet, Arrow IPC, Stata, compressed or not) or an Arrow exporter.

    Raise NotFoundError for a missing file and InputError for anything that is not a table.
    """
    if isinstance(source, str | Path):
        return _read_path(Path(source), called(source), hints)
    name = frame_name(source)
    source = source.collect() if isinstance(source, pl.LazyFrame) else from_plain(source, name)
    if isinstance(source, pl.DataFrame) or hasattr(source, "__arrow_c_stream__"):
        return raw_of_frame(to_polars(stacked_symbols(source), name), name)
    raise InputError(
        f"cannot read a table from {type(source).__name__}", hint=f"give a path, or {NO_FRAME.removeprefix('give ')}"
    )


def head_of(path: Path, hints: Hints = _NO_HINTS) -> RawTable:
    """Return the first lines of a text file, or all of another container, as a raw table; raise as ``read_raw``."""
    content = unpack(path, str(path)) if not is_lines_of_text(path) else None
    if content is not None and content.kind.name != "text":
        return read_raw(path, hints)
    with opened(path) as file:
        head = file.read(_CHUNK)
    if kind_of(head, str(path)).name != "text":
        head = unpacked_bytes(path)[:_CHUNK]
    return read_text(
        path, head if len(head) < _CHUNK else head[: head.rfind(b"\n") + 1] or head, str(path), hints.known_words
    )


def text_table(path: str | Path) -> pl.DataFrame:
    """Return the table of any file under its column names, every cell as text (null if empty).

    Raise InputError for a duplicate name and for lines with more cells than the header, else as ``read_raw``.
    """
    return as_texts(read_raw(path), path)


def as_texts(raw: RawTable, path: str | Path) -> pl.DataFrame:
    """Return the raw table of the file ``path`` in the form of ``text_table``; raise as there."""
    last = raw.frame[LINE].max() if raw.frame.height else 0
    below = raw.broken.filter((pl.col(LINE) > last) & pl.col("content").map_elements(_is_words, pl.Boolean))
    warn_of_foot(below["content"].to_list(), called(path))
    if raw.broken.height > below.height:
        line = raw.broken.join(below, on=LINE, how="anti")[LINE][0]
        raise InputError(f"{path} line {line} has more cells than the header", hint="check that line")
    names = [label or column for column, label in raw.labels.items()]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"{path} has two columns named {repeated!r}", hint="keep one column per name")
    plain = raw.frame.select(raw.columns).rename(dict(zip(raw.columns, names, strict=True)))
    return pl.read_csv(io.StringIO(plain.write_csv()), infer_schema=False)


def _is_words(line: str) -> bool:
    return is_foot([line])


def is_lines_of_text(path: str | Path) -> bool:
    """Whether the file, in gzip or zip or not, is lines of text: not JSON, a workbook, Parquet, Arrow or UTF-16."""
    with opened(path) as file:
        head = file.read(_CHUNK)
        kind = kind_of(head, str(path))
        if kind.name == "zip":
            return kind_of_whole(kind, head + file.read(MOST_BYTES)).unpack is not None
    return _begins_as_text(head, str(path))


def container_of(path: str | Path) -> str:
    """Return ``text`` (UTF-8, in gzip or not), ``parquet``, ``arrow``, or ``other``, which ``text_table`` reads."""
    with opened(path) as file:
        head = file.read(_CHUNK)
    kind = kind_of(head, str(path)).name
    if kind in ("parquet", "arrow"):
        return kind
    is_text = _begins_as_text(head, str(path)) and (kind == "gzip" or is_utf8(path))
    return "text" if is_text else "other"


def kind_inside(path: str | Path) -> str:
    """Return the kind of the file by its first bytes, looking inside gzip; raise InputError for a web page."""
    with opened(path) as file:
        head = file.read(_CHUNK)
    if kind_of(head, str(path)).name == "gzip":
        with suppress(zlib.error):
            head = _out_of_gzip(head)
    return kind_of(head, str(path)).name


def _out_of_gzip(head: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(head, _CHUNK)


def _begins_as_text(head: bytes, source: str) -> bool:
    """Whether a file that begins with ``head`` is text without null bytes, in gzip or not."""
    if kind_of(head, source).name == "gzip":
        try:
            head = _out_of_gzip(head)
            codecs.getincrementaldecoder("utf-8")().decode(head)
        except (zlib.error, UnicodeDecodeError):
            return False
    return kind_of(head, source).name == "text" and b"\x00" not in head


def is_utf8(path: str | Path) -> bool:
    """Whether the bytes of the file are UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with opened(path) as file:
        try:
            while part := file.read(_CHUNK):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _read_path(path: Path, source: str, hints: Hints) -> RawTable:
    content = unpack(path, source)
    if content.kind.read is None:
        raise InputError(f"{source} is {content.kind.name}, which is not supported", hint=f"give {readable()}")
    return content.kind.read(path, content.data, source, hints)
