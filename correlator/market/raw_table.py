"""A file or a frame as a table whose rows still know their line: the step before anything is understood."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from correlator import files
from correlator.errors import InputError, NotFoundError
from correlator.tabular import stacked_symbols, with_index

LINE, AT = "__line", "__at"
_TEXT = (".csv", ".txt", ".tsv", ".gz", "")
_PARQUET = (".parquet", ".pq")
_ARROW = (".arrow", ".feather", ".ipc")


@dataclass(frozen=True)
class RawTable:
    """Rows of a source before they are understood.

    ``frame``: columns as the source names them (text where the source is text) and ``__line``, the line in the file or
    the number of the row, from 1; ``broken``: lines that do not fit the header, with columns ``__line`` and content.
    """

    source: str
    frame: pl.DataFrame
    broken: pl.DataFrame
    is_text: bool

    @property
    def names(self) -> list[str]:
        return [name for name in self.frame.columns if name not in (LINE, AT)]


def read_raw(source: str | Path | Any) -> RawTable:
    """Read CSV (also gzip, semicolons, tabs), Parquet, Arrow IPC, or anything that exports Arrow (polars, pandas, ...).

    Raises NotFoundError where there is no such file and InputError for what is no table.
    """
    if isinstance(source, str | Path):
        return _read_path(Path(source), str(source))
    if isinstance(source, pl.LazyFrame):
        source = source.collect()
    if isinstance(source, pl.DataFrame) or hasattr(source, "__arrow_c_stream__"):
        name = f"{type(source).__module__.split('.')[0]} frame"
        return _from_frame(pl.DataFrame(with_index(stacked_symbols(source))), name)
    raise InputError(
        f"cannot read prices from {type(source).__name__}", hint="give a path or a frame that exports Arrow"
    )


def _read_path(path: Path, source: str) -> RawTable:
    if not path.is_file():
        raise NotFoundError(f"no file {source}", hint="check the path")
    suffix = path.suffix.lower()
    try:
        if suffix in _PARQUET:
            return _from_frame(files.read_parquet(path), source)
        if suffix in _ARROW:
            return _from_frame(files.read_arrow(path), source)
        if suffix not in _TEXT:
            raise InputError(f"{source}: {suffix} files are not read", hint="give CSV, Parquet or Arrow")
        return _from_text(path, source)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as problem:
        first = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise InputError(f"{source} cannot be read as a table: {first}", hint="check the file") from problem


def _from_frame(frame: pl.DataFrame, source: str) -> RawTable:
    if frame.is_empty():
        raise InputError(f"{source} holds no rows", hint="check the source")
    index = [name for name in frame.columns if name.startswith("__index_level_")]
    named = frame.rename(dict.fromkeys(index[:1], "Date")) if index and "Date" not in frame.columns else frame
    return RawTable(source, named.with_row_index(LINE, offset=1), _no_lines(), is_text=False)


def _from_text(path: Path, source: str) -> RawTable:
    with pl_open(path) as file:
        head = file.read(65536)
    if b"\x00" in head:
        raise InputError(f"{source} is no text", hint="give CSV, Parquet or Arrow")
    lines = head.decode("utf-8-sig", errors="replace").splitlines()
    if not [line for line in lines if line.strip()]:
        raise InputError(f"{source} is empty", hint="check the file")
    skipped = next(number for number, line in enumerate(lines) if line.strip())
    separator = _separator(lines[skipped])
    try:
        frame = files.read_csv(path, separator=separator, infer_schema=False, skip_lines=skipped, encoding="utf8-lossy")
    except InputError:
        return _line_by_line(path, source, separator, skipped)
    if frame.is_empty():
        raise InputError(f"{source} has a header and nothing below it, so no bar", hint="check the file")
    frame = frame.rename({name: name.strip().lstrip("\ufeff").strip() for name in frame.columns}, strict=False)
    return RawTable(source, frame.with_row_index(LINE, offset=skipped + 2), _no_lines(), is_text=True)


def pl_open(path: Path) -> Any:
    """The file's bytes, unpacked where it is gzip."""
    import gzip

    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")


def _separator(header: str) -> str:
    counts = {mark: header.count(mark) for mark in ",;\t|"}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _line_by_line(path: Path, source: str, separator: str, skipped: int) -> RawTable:
    """The slow way, for files with lines that do not fit: those are set aside, the others are read."""
    with pl_open(path) as file:
        text = file.read().decode("utf-8-sig", errors="replace")
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    for _ in range(skipped):
        next(reader)
    names = [name.strip() for name in next(reader)]
    good, numbers, broken = [], [], []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(names):
            broken.append((reader.line_num, separator.join(row)))
        else:
            good.append([*row, *[None] * (len(names) - len(row))])
            numbers.append(reader.line_num)
    unique = [name if names.index(name) == i else f"{name}_{i}" for i, name in enumerate(names)]
    frame = pl.DataFrame(good, schema=dict.fromkeys(unique, pl.String), orient="row")
    frame = frame.insert_column(0, pl.Series(LINE, numbers, dtype=pl.UInt32))
    lines = pl.DataFrame(broken, schema={LINE: pl.Int64, "content": pl.String}, orient="row")
    return RawTable(source, frame, lines, is_text=True)


def _no_lines() -> pl.DataFrame:
    return pl.DataFrame(schema={LINE: pl.Int64, "content": pl.String})
