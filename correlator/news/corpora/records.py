"""Read rows of tables (CSV, TSV, JSON lines, Parquet, XLSX, also compressed) and frames as strings with their numbers.

Rows are streamed, so that a file of any size takes bounded memory, and can be read again from the first one;
``in_chunks`` groups them.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from correlator.base.files import called, name_of, read_arrow
from correlator.base.syntax import csv_fault, each_once, json_fault
from correlator.base.tabular import as_text
from correlator.containers.packed import name_unpacked
from correlator.errors import InputError
from correlator.news import text_lines
from correlator.news.batch import encodable, reject
from correlator.news.corpora import json_documents
from correlator.news.corpora.layouts import names_headline

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_ROWS, BATCH_TEXT = 50_000, 20_000_000
"""Most rows of a batch, and most characters: long rows fill a smaller batch, which bounds the memory of a load."""
SLICE_ROWS = 10_000
"""Rows read at a time from a frame or a Parquet file."""
MAX_COLUMN = 2_000_000_000
ARROW = (".arrow", ".feather", ".ipc")
WORKBOOKS = (".xlsx", ".xls", ".ods")
_STATED_SEPARATOR = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)  # the first line of CSV files for Excel
_SEPARATORS = (",", ";", "\t", "|")
_NAMING = 200  # number of objects whose keys name the columns

Row = tuple[int, Sequence[str]]
Faulty = dict[str, object]
Places = Collection[int] | None
_Objects = Callable[[list[Faulty]], Iterator[tuple[int, dict[str, object]]]]


@dataclass(frozen=True)
class Records:
    """The names of a table's columns, and its rows, each with its line or record number; null is an empty string.

    ``rows``: yields the rows from the first one on, each time it is called. It appends invalid rows to its first
    argument; the second gives the places of the columns that are needed (None: all), others may be empty. ``later``:
    names of columns that only later JSON objects have, known once all rows have been read. ``named``: the same table
    with other names of columns; None if a header has them all.
    """

    names: list[str]
    rows: Callable[[list[Faulty], Places], Iterator[Row]]
    later: dict[str, None] = field(default_factory=dict)
    named: Callable[[list[str]], Records] | None = None


def read_records(path: Path, encoding: str | None = None) -> Records:
    """Return the table of a file. Raises InputError, also while its rows are read, for a file that is not a table."""
    stem = name_unpacked(path)
    if stem.endswith(".parquet"):
        return _parquet(path)
    if stem.endswith(WORKBOOKS):
        return _sheet(path)
    if stem.endswith(ARROW):
        return frame_records(read_arrow(path))
    if stem.endswith(".json"):
        records = json_documents.records_of(path, encoding)
        if records is not None:
            return _objects(lambda faulty: _only_objects(enumerate(records, start=1), path, faulty))
    if stem.endswith((".jsonl", ".ndjson", ".json")):
        return _objects(lambda faulty: _json_objects(path, faulty, encoding))
    return _separated(path, "\t" if stem.endswith(".tsv") else None, encoding)


def frame_records(frame: pl.DataFrame) -> Records:
    """Return a frame as records, like ``read_records`` for a file."""
    return Records(frame.columns, lambda _, places: frame_rows(frame, places))


def frame_rows(frame: pl.DataFrame, places: Places = None) -> Iterator[Row]:
    """Yield the rows of a frame with their numbers; cells of columns that are not at ``places`` are empty."""
    parts = (_zipped(part.get_columns(), part.height, places, _series_texts) for part in frame.iter_slices(SLICE_ROWS))
    return enumerate(chain.from_iterable(parts), start=1)


def _zipped(
    columns: Sequence[Any], height: int, places: Places, texts: Callable[[Any], Iterable[str]]
) -> Iterator[Sequence[str]]:
    """Return the rows of columns, with empty cells instead of ``texts`` in those that are not at ``places``."""
    return zip(
        *(texts(column) if places is None or at in places else repeat("", height) for at, column in enumerate(columns)),
        strict=True,
    )


def in_chunks(rows: Iterator[Row]) -> Iterator[tuple[list[int], list[Sequence[str]]]]:
    """Group numbers and rows: at most ``BATCH_ROWS`` at a time, and up to about ``BATCH_TEXT`` characters."""
    numbers: list[int] = []
    chunk: list[Sequence[str]] = []
    size = 0
    for number, row in rows:
        numbers.append(number)
        chunk.append(row)
        size += sum(map(len, row))
        if len(chunk) == BATCH_ROWS or size > BATCH_TEXT:
            yield numbers, chunk
            numbers, chunk, size = [], [], 0
    if chunk:
        yield numbers, chunk


def _separated(path: Path, separator: str | None, encoding: str | None) -> Records:
    lines = text_lines.lines_of(path, encoding)
    header, skipped = next(lines, ""), 0
    if stated := _STATED_SEPARATOR.match(header):
        separator, header, skipped = stated[1], next(lines, ""), 1
    chosen = separator or header_separator(header)
    names = [name.strip() for name in next(csv_rows(chain([header], lines), path, chosen), (1, []))[1]]
    if not names:
        raise InputError(f"{name_of(path)} is empty")

    def rows(faulty: list[Faulty], _: Places) -> Iterator[Row]:
        table = islice(text_lines.lines_of(path, encoding), skipped, None)
        for line, row in islice(csv_rows(table, path, chosen), 1, None):
            if len(row) == len(names):
                yield line + skipped, row
            elif row:
                reason = f"{len(row)} fields where the header has {len(names)}"
                faulty.append(reject(called(path), line + skipped, reason, chosen.join(row)))

    return Records(names, rows)


def header_separator(header: str) -> str:
    """Return the separator of a header: the most frequent candidate."""
    return max(_SEPARATORS, key=header.count)


def csv_rows(lines: Iterator[str], path: Path, separator: str) -> Iterator[Row]:
    """Yield all rows, the header included, with the line on which each begins."""
    csv.field_size_limit(text_lines.MAX_LINE)
    reader = csv.reader(lines, delimiter=separator)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{name_of(path)} line {reader.line_num} is not valid CSV: {csv_fault(error)}",
            hint="check the quotation marks there",
        ) from None


def _objects(opened: _Objects) -> Records:
    """Return JSON objects as records; the first objects name the columns, nested ones as ``source.name``."""
    first = (json_documents.flattened(each) for _, each in islice(opened([]), _NAMING))
    return _named_objects(list(dict.fromkeys(name for each in first for name in each)), opened)


def _named_objects(names: list[str], opened: _Objects) -> Records:
    known, later = set(names), dict[str, None]()

    def rows(faulty: list[Faulty], places: Places) -> Iterator[Row]:
        needed = [(at, name) for at, name in enumerate(names) if places is None or at in places]
        for number, each in opened(faulty):
            flat = json_documents.flattened(each)
            if not flat.keys() <= known:
                later.update((name, None) for name in flat if name not in known)
            row = [""] * len(names)
            for at, name in needed:
                row[at] = _plain(flat.get(name))
            yield number, row

    return Records(names, rows, later, lambda others: _named_objects(others, opened))


def _json_objects(path: Path, faulty: list[Faulty], encoding: str | None) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(text_lines.lines_of(path, encoding), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line.rstrip(), object_pairs_hook=each_once)
        except (ValueError, RecursionError) as error:
            faulty.append(reject(called(path), number, f"not JSON: {json_fault(error, is_line=True)}", line))
            continue
        yield from _only_objects([(number, record)], path, faulty)


def _only_objects(
    records: Iterable[tuple[int, object]], path: Path, faulty: list[Faulty]
) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the records that are objects; others are appended to ``faulty``."""
    for number, record in records:
        if isinstance(record, dict):
            yield number, record
        else:
            faulty.append(reject(called(path), number, "JSON, but not an object", _plain(record)))


def _plain(value: object) -> str:
    if value is None:
        return ""
    return encodable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _sheet(path: Path) -> Records:
    """Return the only sheet of a workbook that contains headlines, else a table."""
    from correlator.containers.hints import Hints
    from correlator.containers.raw import LINE
    from correlator.containers.read import read_raw

    raw = read_raw(path, Hints(is_header=names_headline))
    # a cell with only a clock time has the date of day 0 in the workbook's calendar
    columns = [raw.frame[name].str.replace(r"^(?:1899-12-3|1900-01-0)\d ", "") for name in raw.columns]
    lines = raw.frame[LINE].to_list()
    return Records(
        list(raw.labels.values()),
        lambda _, places: zip(lines, _zipped(columns, len(lines), places, _series_texts), strict=True),
    )


def _parquet(path: Path) -> Records:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _readable(path):
        file = pq.ParquetFile(path)
        texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
        _check_columns(file.metadata, name_of(path))
        file = pq.ParquetFile(path, read_dictionary=texts)
    return Records(list(file.schema_arrow.names), lambda _, places: _parquet_rows(file, path, places))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raise InputError if the Parquet of ``path`` cannot be read, also for damaged and encrypted footers."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{name_of(path)} cannot be read as Parquet", hint="it may be truncated or in another format"
        ) from error


def _parquet_rows(file: pq.ParquetFile, path: Path, places: Places) -> Iterator[Row]:
    names = list(file.schema_arrow.names)
    needed = range(len(names)) if places is None else places
    # a dot in a name is a path to pyarrow; without a column a part has no rows
    by_name = bool(needed) and len(set(names)) == len(names) and not any("." in name for name in names)
    only = [names[at] for at in sorted(needed)] if by_name else None
    limit = max(10 * text_lines.UNCHECKED, text_lines.MAX_RATIO * path.stat().st_size)
    number = taken = 0
    with _readable(path):
        for part in file.iter_batches(batch_size=SLICE_ROWS, columns=only):
            read = dict(zip(part.schema.names, part.columns, strict=True)) if only else {}
            columns = [read.get(name) for name in names] if only else part.columns
            for row in _zipped(columns, part.num_rows, needed, _texts):
                number += 1
                taken += sum(map(len, row))
                if taken > limit:
                    raise InputError(
                        f"{name_of(path)} unpacks to more than {text_lines.MAX_RATIO} times its size, the limit of text"
                    )
                yield number, row


def _check_columns(metadata: pq.FileMetaData, name: str) -> None:
    """Raise InputError if a column of a row group exceeds ``MAX_COLUMN`` bytes."""
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            if metadata.row_group(group).column(column).total_uncompressed_size > MAX_COLUMN:
                raise InputError(
                    f"{name} has more than {MAX_COLUMN // 1_000_000} MB in one column of a row group, the limit"
                )


def _texts(column: pa.Array) -> list[str]:
    """Return a column as strings, empty where null; equal strings of a dictionary are one object."""
    import pyarrow as pa

    if isinstance(column, pa.DictionaryArray):
        words = column.dictionary.to_pylist()
        return [words[place] or "" if place is not None else "" for place in column.indices.to_pylist()]
    # as a table, since polars before 1.34 aborts on lists in a bare array
    return _series_texts(pl.DataFrame(pa.table([column], names=["text"]))["text"])


def _series_texts(series: pl.Series) -> list[str]:
    """Return a column as strings, empty for null and for an empty list."""
    kind = series.dtype
    if kind == pl.List:
        series = series.to_frame().select(pl.when(pl.first().list.len() > 0).then(pl.first())).to_series()
    if isinstance(kind, pl.Datetime):
        series = series.dt.to_string("%Y-%m-%d %H:%M:%S" + ("%z" if kind.time_zone else ""))
    return [text or "" for text in as_text(series)]
