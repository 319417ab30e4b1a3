"""Read the files of a study: wide tables of numbers, and events, in chunks that have the same types as the whole file.

Symbols and dates are always text: 005930 keeps its zeros, and NA and TRUE are tickers. The types of the other columns
of events are inferred from the whole file, so they do not depend on the chunks.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from correlator.base.files import called, duckdb_name, opened, read_arrow, read_csv, read_parquet
from correlator.containers.foot import is_foot
from correlator.containers.packed import check_rest, unpacking
from correlator.containers.read import as_texts, container_of, read_raw
from correlator.containers.text import consistent_separator
from correlator.errors import InputError
from correlator.eventstudy.placing.event_table import read_events, refuse_names_in_two_cases
from correlator.market.written.row_names import with_row_names
from correlator.market.written.unit_row import named_once, units_in_names

NO_VALUE = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None")
_AS_TEXT = ("symbol", "ticker", "date")
_SAMPLE_BYTES = 65_536
_LINE = re.compile(r"line:? (\d+)", re.IGNORECASE)


def _typed_table(path: Path) -> pl.DataFrame:
    """Read a table of text and infer the types of its columns, except those of ``_AS_TEXT``."""
    table = as_texts(with_row_names(units_in_names(named_once(read_raw(path)), kept=False)), path)
    others = table.drop(name for name in table.columns if name.strip().lower() in _AS_TEXT)
    if not others.width:
        return table
    places = {name: str(place) for place, name in enumerate(others.columns)}  # a name may contain the separator
    text = others.rename(places).write_csv(separator="\t")
    typed = pl.read_csv(
        io.StringIO(text),
        new_columns=others.columns,
        separator="\t",
        decimal_comma=_has_decimal_comma(text),
        infer_schema_length=None,
        null_values=list(NO_VALUE),
    )
    return table.with_columns(column for column in typed if not _are_codes(others[column.name], column.dtype))


def _are_codes(written: pl.Series, kind: pl.DataType) -> bool:
    """Whether numbers are codes: whole ones with leading zeros, which a number would lose (0100)."""
    return kind.is_integer() and bool(written.str.contains(r"^\s*[-+]?0\d").any())


def _has_decimal_comma(text: str) -> bool:
    """Whether numbers have a decimal comma (50,25) and none has a decimal point."""
    return bool(re.search(r"\d,\d", text)) and not re.search(r"\d\.\d", text)


_WHOLE: dict[str, Callable[[Path], pl.DataFrame]] = {
    "parquet": read_parquet,
    "arrow": read_arrow,
    "other": _typed_table,
}


@dataclass(frozen=True)
class _Head:
    """The start of a text file: separator, blank lines before the header, column names, and the first rows."""

    separator: str
    skipped: int
    names: list[str]
    below: str

    @property
    def below_title(self) -> bool:
        """Whether the first line is a title: it has one cell, or a different number of cells than most lines below."""
        widths = Counter(len(cells) for cells in csv.reader(self.below.splitlines(), delimiter=self.separator) if cells)
        width = widths.most_common(1)[0][0] if widths else len(self.names)
        named = [name for place, name in enumerate(self.names, start=1) if name != f"column_{place}"]
        return width != len(self.names) or len(named) == 1 < width

    @property
    def decimal_comma(self) -> bool:
        """Whether numbers have a decimal comma, which requires another separator of columns."""
        return self.separator != "," and _has_decimal_comma(self.below)


def read_wide_file(path: Path) -> pl.DataFrame:
    """Read the table of a file in any container; raises InputError or NotFoundError."""
    reader = _WHOLE.get(container_of(path))
    if reader is not None:
        return reader(path)
    head = _head(path)
    if head.below_title or _ends_in_notes(path, head):
        return _typed_table(path)
    frame = _read_text(path, head)
    if frame.width != len(head.names):
        raise InputError(f"{path.name} has {frame.width} columns, but its header has {len(head.names)} names")
    return frame.rename(dict(zip(frame.columns, head.names, strict=True)))


def _read_text(path: Path, head: _Head, columns: list[int] | None = None, *, typed: bool = True) -> pl.DataFrame:
    """Read a text file, or only the columns at the positions ``columns``, as text or with types inferred from all rows.

    Columns come in the order of the file.
    """
    return read_csv(
        path,
        separator=head.separator,
        skip_lines=head.skipped,
        decimal_comma=head.decimal_comma,
        infer_schema=typed,
        infer_schema_length=None,
        null_values=list(NO_VALUE),
        columns=columns,
    )


def read_events_file(path: Path) -> pl.DataFrame:
    """Read all events of a file, as ``events_of_file`` does."""
    return pl.concat([*events_of_file(path, chunk=1_000_000)])


def listed_in_file(path: Path) -> pl.DataFrame | None:
    """Return the distinct pairs of symbol and exchange in a file of events; None if it has no column ``exchange``."""
    if container_of(path) not in _WHOLE:
        head = _head(path)
        if not head.below_title and "exchange" not in {name.lower() for name in head.names}:
            return None
    pairs: list[pl.DataFrame] = []
    for events in events_of_file(path, chunk=250_000):
        if "exchange" not in events.columns:
            return None
        pairs.append(events.select("symbol", "exchange").unique())
    return pl.concat(pairs).unique(maintain_order=True)


def events_of_file(path: Path, *, chunk: int) -> Iterator[pl.DataFrame]:
    """Yield the events of a file in any container in chunks, as from ``read_events``, numbered consecutively.

    Raises NotFoundError if the file does not exist, and InputError if it cannot be read or has no events.
    """
    container = container_of(path)
    if container == "parquet":
        parts = _batches(path, "read_parquet($path, hive_partitioning = false)", {}, chunk)
    elif container in _WHOLE:
        parts = iter([_WHOLE[container](path)])
    elif (head := _head(path)).below_title or _ends_in_notes(path, head):
        parts = iter([_typed_table(path)])
    else:
        parts = _csv_batches(path, head, chunk)
    first = 1
    for part in parts:
        events = read_events(part, first=first)
        first += events.height
        if events.height:
            yield events
    if first == 1:
        raise InputError(f"{called(path)} has no events", hint="give one row for each event below the header")


def _csv_batches(path: Path, head: _Head, chunk: int) -> Iterator[pl.DataFrame]:
    """Yield chunks of a text file, with column types inferred from the whole file."""
    refuse_names_in_two_cases(head.names, f"events of {path.name}")
    kinds = _kinds(path, head)
    call = (
        "read_csv($path, header = true, auto_detect = false, delim = $delim, quote = '\"', "
        "escape = '\"', skip = $skip, columns = $columns, hive_partitioning = false, null_padding = false)"
    )
    parameters = {"delim": head.separator, "skip": head.skipped, "columns": dict.fromkeys(head.names, "VARCHAR")}
    for part in _batches(path, call, parameters, chunk):
        yield part.with_columns(_typed(pl.col(name), kind, head.decimal_comma) for name, kind in kinds.items())


def _batches(path: Path, call: str, parameters: dict[str, object], chunk: int) -> Iterator[pl.DataFrame]:
    """Yield what DuckDB's table function ``call`` reads, ``chunk`` rows at a time; at least one frame."""
    import duckdb

    from correlator.base.database import connect, interruptible

    is_empty = True
    with interruptible(), connect() as connection:
        try:
            relation = connection.sql(f"FROM {call}", params={"path": duckdb_name(path), **parameters})
            reader = relation.to_arrow_reader(chunk)
            for batch in reader:
                is_empty = False
                yield pl.DataFrame(pl.from_arrow(batch))
            if is_empty:
                yield pl.DataFrame(pl.from_arrow(reader.schema.empty_table()))
        except duckdb.Error as error:
            raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, reason: str) -> InputError:
    """Translate the error of a reader into an error of one line."""
    line = _LINE.search(reason)
    if "unicode" in reason.lower() or "utf-8" in reason.lower():
        return InputError(f"{path} cannot be read: it is not UTF-8 text", hint="save it as UTF-8")
    if line is None:
        return InputError(f"{path} cannot be read", hint="give a CSV or Parquet file with columns symbol and date")
    return InputError(f"{path} cannot be read: line {line[1]} does not fit the header", hint="check that line")


def _ends_in_notes(path: Path, head: _Head) -> bool:
    """Whether the last line is a note below the table, with a different number of cells."""
    with opened(path) as file:
        file.seek(max(file.seek(0, io.SEEK_END) - _SAMPLE_BYTES, 0))
        lines = file.read().decode("utf-8", "replace").splitlines()
    last = next((line for line in reversed(lines) if line.strip()), "")
    cells = next(csv.reader([last], delimiter=head.separator), [])
    return len(cells) != len(head.names) and is_foot([last])


def _kinds(path: Path, head: _Head) -> dict[str, pl.DataType]:
    """Infer the types of the columns that are not text from the whole file."""
    others = [name for name in head.names if name.strip().lower() not in _AS_TEXT]
    if not others:
        return {}
    frame = _read_text(path, head, [head.names.index(name) for name in others])
    kinds = {name: kind for name, kind in zip(others, frame.dtypes, strict=True) if kind != pl.String}
    whole = [name for name, kind in kinds.items() if kind.is_integer()]
    texts = _read_text(path, head, [head.names.index(name) for name in whole], typed=False) if whole else pl.DataFrame()
    codes = {name for name, text in zip(whole, texts, strict=True) if _are_codes(text, kinds[name])}
    return {name: kind for name, kind in kinds.items() if name not in codes}


def _typed(column: pl.Expr, kind: pl.DataType, decimal_comma: bool) -> pl.Expr:
    """Convert a column of text to the type ``kind``; missing and invalid values become null."""
    text = column.str.strip_chars()
    if decimal_comma and kind.is_float():
        text = text.str.replace(",", ".", literal=True)
    known = pl.when(~text.is_in(list(NO_VALUE))).then(text)
    if kind == pl.Boolean:
        return (known.str.to_lowercase() == "true").alias(column.meta.output_name())
    return known.cast(kind, strict=False)


def _head(path: Path) -> _Head:
    """Read the first lines of a text file; raises InputError if it is empty, not UTF-8, or has duplicate columns."""
    with opened(path) as packed, unpacking(packed, str(path)) as (file, is_packed):
        start = file.read(_SAMPLE_BYTES)
        if is_packed:
            check_rest(file, len(start), path)
    if b"\x00" in start:
        raise InputError(f"{path} is not UTF-8 text", hint="save it as CSV in UTF-8, or give Parquet or Arrow")
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(start)
    except UnicodeDecodeError:
        raise InputError(
            f"{path} is not UTF-8 text", hint="save it as CSV in UTF-8, or give Parquet or Arrow"
        ) from None
    lines = text.splitlines()
    skipped = next((number for number, line in enumerate(lines) if line.strip()), None)
    if skipped is None:
        raise InputError(f"{path} is empty", hint="give a CSV with a header")
    separator = consistent_separator(text, len(start) == _SAMPLE_BYTES) or ","
    header = next(csv.reader([lines[skipped]], delimiter=separator))
    names = [name.strip() or f"column_{place}" for place, name in enumerate(header, start=1)]
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    if repeated:
        raise InputError(f"{path} has the column {repeated[0]!r} twice", hint="keep one column per name")
    return _Head(separator, skipped, names, "\n".join(lines[skipped + 1 : skipped + 50]))
