"""Read headlines as numbered lines from JSON lines and documents, plain text, tables of any format, and frames."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from correlator.base.files import called, read_arrow, read_parquet
from correlator.base.iso_dates import iso_date
from correlator.base.syntax import json_fault
from correlator.base.tabular import from_plain, to_polars
from correlator.containers.packed import name_unpacked
from correlator.containers.read import kind_inside, text_table
from correlator.errors import InputError, NotFoundError
from correlator.news.corpora.json_documents import flattened, records_of
from correlator.news.corpora.layouts import UNNAMED
from correlator.news.corpora.records import csv_rows, frame_rows, header_separator
from correlator.news.text_lines import lines_of

if TYPE_CHECKING:
    import polars as pl

# Usual names of a headline column, in order of preference.
_USUAL = (*UNNAMED.columns["headline"], "text")
_BEGINS_DOCUMENT = re.compile(r'\s*(?:\{\s*(?:["}]|$)|\[\s*(?:[\[{"\]\d-]|$))')
_JSON_LINES = (".jsonl", ".ndjson")
_TABLES = (".csv", ".tsv")
_FRAMES: Mapping[str, Callable[[Path], pl.DataFrame]] = {"parquet": read_parquet, "arrow": read_arrow}
_LINES = ("text", "json")
# The beginning of a JSON object, but not a template's slot such as {country_1}.
_AN_OBJECT = re.compile(r"[\ufeff\s]*\{\s*(?:[\"'}]|$)")


class Line(NamedTuple):
    """One headline with its line or row number and its date (``on``), or the problem."""

    number: int
    text: str
    on: date | None = None
    problem: str | None = None


class Fields(NamedTuple):
    """Names of the fields or columns: ``headline`` (None: the first of the usual names) and ``day`` (None: no day)."""

    headline: str | None = None
    day: str | None = None


def headlines_in(
    source: str | Path | Iterable[str] | Any, fields: Fields, encoding: str | None = None
) -> Iterator[Line]:
    """Yield the headlines of a file, of lines of text, or of a frame that exports Arrow, in order.

    Lines are JSON objects, a table with a headline column in its header, or one headline each. Raises NotFoundError for
    a missing file or column, and InputError if there are no headlines.
    """
    source = source if isinstance(source, str | Path) else from_plain(source, "the headlines")
    if isinstance(source, str | Path):
        name, found = called(source), _in_file(Path(source), fields, encoding)
    elif hasattr(source, "__arrow_c_stream__") or hasattr(source, "collect"):
        name, found = "the frame", _in_frame(to_polars(source, "the headlines"), fields, "the frame")
    else:
        name, found = "the text", _in_lines(iter(source), fields, "the text")
    first = next(found, None)
    if first is None:
        raise InputError(f"{name} contains no headlines", hint="give one headline per line, JSON lines or a table")
    yield first
    yield from found


def _in_file(path: Path, fields: Fields, encoding: str | None) -> Iterator[Line]:
    name, kind = called(path), kind_inside(path)
    if kind not in _LINES:
        yield from _in_frame(_FRAMES.get(kind, text_table)(path), fields, name)
        return
    suffix = Path(name_unpacked(path)).suffix
    objects = _document(path, encoding) if kind == "json" and suffix not in _JSON_LINES else None
    if objects is not None:
        yield from _in_objects(((n, flattened(each)) for n, each in enumerate(objects, start=1)), fields, "record")
    else:
        yield from _in_lines(lines_of(path, encoding), fields, name, suffix)


def _document(path: Path, encoding: str | None) -> list[dict[str, object]] | None:
    """Return the articles of one JSON document; None for JSON lines or a text that only begins like JSON."""
    lines = (line for line in lines_of(path, encoding) if line.strip())
    first, second = next(lines, ""), next(lines, None)
    if second is not None and isinstance(_parsed(first), dict):
        return None
    if Path(name_unpacked(path)).suffix != ".json" and not _BEGINS_DOCUMENT.match(first):
        return None
    records = records_of(path, encoding)
    objects = None if records is None else [each for each in records if isinstance(each, dict)]
    if objects == []:
        raise InputError(f"{called(path)} contains no headlines", hint="give a list of objects with a headline each")
    return objects


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _in_frame(frame: pl.DataFrame, fields: Fields, name: str) -> Iterator[Line]:
    yield from _in_rows(frame.columns, frame_rows(frame), fields, name)


def _in_rows(
    columns: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], fields: Fields, name: str
) -> Iterator[Line]:
    """Yield the headlines of a table's rows. Raises NotFoundError without a headline column."""
    place = _place(columns, fields.headline, name)
    day = None if fields.day is None else _place(columns, fields.day, name)
    for number, row in rows:
        if len(row) != len(columns):
            problem = f"line {number} has {len(row)} cells where the header has {len(columns)}"
            yield Line(number, "", None, problem)
        else:
            yield _dated(number, row[place], row[day] if day is not None else None, fields)


def _place(columns: Sequence[str], asked: str | None, name: str) -> int:
    known = [column.strip().casefold() for column in columns]
    names = _USUAL if asked is None else (asked.casefold(),)
    place = next((known.index(each) for each in names if each in known), None)
    if place is None:
        what = "no headline column" if asked is None else f"no column {asked!r}"
        hint = f"name one of its columns with --field (field=): {', '.join(map(str, columns))}"
        raise NotFoundError(f"{name} has {what}", hint=hint)
    return place


def _in_lines(lines: Iterator[str], fields: Fields, name: str, suffix: str = "") -> Iterator[Line]:
    """Yield headlines from lines of text: JSON objects, a table with a header, or one headline per line."""
    blank = []
    for first in lines:
        if first.strip():
            break
        blank.append(first)
    else:
        return
    all_lines = chain(blank, [first], lines)
    if suffix in (*_JSON_LINES, ".json") or _AN_OBJECT.match(first):
        yield from _in_json_lines(all_lines, fields)
        return
    header = _header(first)
    names_headline = any(cell.casefold() in (*_USUAL, (fields.headline or "").casefold()) for cell in header)
    if not names_headline and suffix not in _TABLES:
        if fields != Fields():
            raise NotFoundError(f"{name} is plain text without fields", hint="omit --field and --date-field")
        yield from (Line(number, line.strip("\ufeff\r\n")) for number, line in enumerate(all_lines, start=1))
        return
    _place(header, fields.headline, name)
    start = len(blank) + 2
    if len(header) == 1:
        single = ((number, [_unquoted(line)]) for number, line in enumerate(lines, start=start))
        yield from _in_rows(header, single, fields, name)
        return
    numbered = csv_rows(chain([first], lines), Path(name), header_separator(first))
    rows = ((number + len(blank), row) for number, row in numbered if row)
    next(rows)
    yield from _in_rows(header, rows, fields, name)


def _header(line: str) -> list[str]:
    try:
        cells = next(csv.reader([line.strip("\ufeff\r\n")], delimiter=header_separator(line)), [])
    except csv.Error:
        return [line]
    return [cell.strip() for cell in cells]


def _unquoted(line: str) -> str:
    """Return the only cell of a line; in a table with one column a comma is not a separator."""
    text = line.strip("\r\n")
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text


def _in_json_lines(lines: Iterable[str], fields: Fields) -> Iterator[Line]:
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line.rstrip())
        except (ValueError, RecursionError) as error:
            yield Line(number, "", None, f"line {number} is not JSON: {json_fault(error, is_line=True)}")
            continue
        yield from _in_objects([(number, record)], fields, "line")


def _in_objects(objects: Iterable[tuple[int, object]], fields: Fields, kind: str) -> Iterator[Line]:
    for number, record in objects:
        known = record if isinstance(record, dict) else {}
        text = _value(known, _USUAL if fields.headline is None else (fields.headline,))
        if isinstance(text, str):
            yield _dated(number, text, known.get(fields.day) if fields.day is not None else None, fields)
        else:
            where = "a usual field of headlines" if fields.headline is None else f"the field {fields.headline!r}"
            yield Line(number, "", None, f"{kind} {number} has no text in {where}")


def _value(record: Mapping[str, object], names: Sequence[str]) -> object:
    value = next((record[name] for name in names if name in record), None)
    if value is not None or len(names) == 1:
        return value
    lowered = {name.casefold(): each for name, each in record.items()}
    return next((lowered[name] for name in names if name in lowered), None)


def _dated(number: int, text: str, day: object, fields: Fields) -> Line:
    if not isinstance(day, str) or not day:
        return Line(number, text)
    try:
        return Line(number, text, iso_date(day[:10]))
    except ValueError:
        return Line(number, "", None, f"line {number}: {day!r} in the field {fields.day!r} is not a date (2025-05-28)")
