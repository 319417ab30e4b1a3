"""Anything that holds a table as a raw one: one reader for every kind of content."""

from __future__ import annotations

import ast
import codecs
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from correlator.containers.hints import Hints
from correlator.containers.json_text import read_json
from correlator.containers.raw import LINE, RawTable, column_names, no_lines
from correlator.containers.sheet import read_sheet
from correlator.containers.text import read_text
from correlator.containers.unpack import is_workbook, kind_of, unpack, unpacked_bytes
from correlator.errors import InputError
from correlator.files import opened, read_arrow, read_parquet
from correlator.source_limits import MOST_BYTES, check_shape, check_size
from correlator.tabular import stacked_symbols, to_polars

_CHUNK = 1 << 20
_NO_HINTS = Hints()
_LEVELS = re.compile(r"^\(\s*'.*'\s*\)$")


def read_raw(source: str | Path | Any, hints: Hints = _NO_HINTS) -> RawTable:
    """Read a file (CSV and its kin, JSON, XLSX, Parquet, Arrow IPC, packed or not) or anything that exports Arrow.

    Raises NotFoundError where there is no such file and InputError for what is not a table.
    """
    if isinstance(source, str | Path):
        return _read_path(Path(source), str(source), hints)
    if isinstance(source, pl.LazyFrame):
        source = source.collect()
    if isinstance(source, pl.DataFrame) or hasattr(source, "__arrow_c_stream__"):
        name = f"{type(source).__module__.split('.')[0]} frame"
        return _of_frame(to_polars(stacked_symbols(source), name), name)
    raise InputError(
        f"cannot read a table from {type(source).__name__}", hint="give a path or a frame that exports Arrow"
    )


def head_of(path: Path, hints: Hints = _NO_HINTS) -> RawTable:
    """The first lines of a text file as a raw table, of another container the whole; errors as of ``read_raw``."""
    content = unpack(path, str(path)) if not is_lines_of_text(path) else None
    if content is not None and content.kind != "text":
        return read_raw(path, hints)
    with opened(path) as file:
        head = file.read(_CHUNK)
    if kind_of(head, str(path)) != "text":
        head = unpacked_bytes(path)[:_CHUNK]
    return read_text(
        path, head if len(head) < _CHUNK else head[: head.rfind(b"\n") + 1] or head, str(path), hints.known_words
    )


def text_table(path: str | Path) -> pl.DataFrame:
    """The table of any file under the names that stand above its columns, every cell as text (empty: null).

    Raises InputError for a name that stands twice and for lines with more cells than the header, else as ``read_raw``.
    """
    raw = read_raw(path)
    if raw.broken.height:
        line = raw.broken[LINE][0]
        raise InputError(f"{path}: line {line} has more cells than the header", hint="check that line")
    names = [label or column for column, label in raw.labels.items()]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"{path} has the column {repeated!r} twice", hint="keep one column per name")
    plain = raw.frame.select(raw.columns).rename(dict(zip(raw.columns, names, strict=True)))
    return pl.read_csv(io.StringIO(plain.write_csv()), infer_schema=False)


def is_lines_of_text(path: str | Path) -> bool:
    """Whether the file is lines of text, gzip or zip around it or not: no JSON, workbook, Parquet, Arrow or UTF-16."""
    with opened(path) as file:
        head = file.read(_CHUNK)
        kind = kind_of(head, str(path))
        if kind == "zip":
            return not is_workbook(head + file.read(MOST_BYTES))
    return kind == "gzip" or (kind == "text" and b"\x00" not in head)


def container_of(path: str | Path) -> str:
    """``text`` (UTF-8, in gzip or not), ``parquet`` or ``arrow``, or ``other``, which ``text_table`` reads."""
    with opened(path) as file:
        head = file.read(_CHUNK)
    kind = kind_of(head, str(path))
    if kind in ("parquet", "arrow"):
        return kind
    return "text" if kind == "gzip" or (kind == "text" and b"\x00" not in head and is_utf8(path)) else "other"


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
    reader = _READERS.get(content.kind)
    if reader is None:
        raise InputError(f"{source}: {content.kind} is not read", hint="give CSV, JSON, XLSX, Parquet or Arrow")
    return reader(path, content.data, source, hints)


def _text(path: Path, data: bytes | None, source: str, hints: Hints) -> RawTable:
    return read_text(path, data, source, hints.known_words)


def _json(path: Path, data: bytes | None, source: str, _: Hints) -> RawTable:
    if data is None:
        with opened(path) as file:
            data = file.read()
    check_size(len(data), source)
    return read_json(data, source)


def _parquet(path: Path, data: bytes | None, source: str, _: Hints) -> RawTable:
    return _of_frame(read_parquet(path, data=data), source)


def _arrow(path: Path, data: bytes | None, source: str, _: Hints) -> RawTable:
    return _of_frame(read_arrow(path, data=data), source)


_READERS: dict[str, Callable[[Path, bytes | None, str, Hints], RawTable]] = {
    "text": _text,
    "json": _json,
    "parquet": _parquet,
    "arrow": _arrow,
    "sheet": read_sheet,
}


def _of_frame(frame: pl.DataFrame, source: str) -> RawTable:
    check_shape(frame.height, frame.width, source)
    if frame.is_empty():
        raise InputError(f"{source} holds no rows", hint="check the source")
    index = [name for name in frame.columns if name.startswith("__index_level_")]
    named = frame.rename(dict.fromkeys(index[:1], "Date")) if index and "Date" not in frame.columns else frame
    header = tuple(_cells(name) for name in named.columns)
    plain = named.rename(dict(zip(named.columns, column_names(named.width), strict=True)))
    return RawTable(source, plain.with_row_index(LINE, offset=1), header, no_lines(), is_text=False)


def _cells(name: str) -> tuple[str, ...]:
    """The header cells of a column; pandas writes two levels into Parquet as ``('Close', 'KO')``."""
    if _LEVELS.match(name):
        try:
            levels = ast.literal_eval(name)
        except (ValueError, SyntaxError):
            return (name,)
        if isinstance(levels, tuple):
            return tuple(str(level) for level in levels)
    return (name.strip(),)
