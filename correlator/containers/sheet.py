"""Read workbooks: the only sheet with a table, or the sheet that the caller names."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from correlator.base.files import opened
from correlator.base.source_limits import check_size, check_unpacked
from correlator.containers.cells import Outline, Record, facts_above, header_cells, is_data, outline
from correlator.containers.hints import Hints
from correlator.containers.raw import RawTable, table_of_cells
from correlator.errors import InputError, listed, warn

_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
_ROUNDED = 1e-9
_HEADER_LINES = 20
_TIME_ALONE = re.compile(r"^(1899-12-3[01]|1904-01-01) (?=\d\d:\d\d)")
"""The date that the reader puts before a time of day."""

MOST_CELLS = 50_000_000
"""Limit on the cells between the first and the last of a sheet: each takes memory, empty or not."""
_MOST_LISTED = 12
_AGAIN = "save it again as XLSX or CSV"
_COUNTED = re.compile(r"xl/(worksheets/[^/]+\.xml|sharedStrings\.xml)$|content\.xml$", re.I)
_CELL = re.compile(rb'<c [^>]{0,60}?\br="([A-Z]{1,3})(\d{1,7})"')
_ODS_ROW = re.compile(rb"<table:table-row\b([^<>]*)>")
_ODS_CELL = re.compile(rb"<table:table-cell\b([^<>]*)>")
_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="(\d+)"')
_DISTINCT_TEXTS = re.compile(rb"""\buniqueCount\s*=\s*["'](\d{1,19})""")
_DAMAGED = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


def read_sheet(path: Path, data: bytes | None, source: str, hints: Hints) -> RawTable:
    """Return the table in a workbook (XLSX, XLS, ODS), every cell as text.

    If several sheets have a table, take the one that ``hints`` name, else the only visible one. Raise InputError if no
    sheet has a table, if the choice is ambiguous, and if the workbook cannot be read.
    """
    import fastexcel

    if data is None:
        with opened(path) as file:
            data = file.read()
    check_size(len(data), source)
    _check_extent(data, source)
    try:
        book = fastexcel.read_excel(data)
        sheets = {name: _records(book, name) for name in book.sheet_names}
    except fastexcel.FastExcelError as problem:
        raise InputError(f"{source} is not a readable workbook", hint=_AGAIN) from problem
    tables = _with_header(sheets, hints)
    tables = tables or {name: lines for name, lines in sheets.items() if any(is_data(line.cells) for line in lines)}
    tables = tables or {name: records for name, records in sheets.items() if len(records) > 1}
    if hints.sheet is not None and len(tables) > 1:
        named = {name: records for name, records in tables.items() if name.strip().upper() == hints.sheet.upper()}
        tables = named or tables
    if len(tables) > 1:
        tables = _without_hidden(book, tables, source)
    if len(tables) != 1:
        what = f"{len(tables)} sheets with a table" if tables else "no sheet with a table"
        by_name = f", or name it by {hints.sheet_option}" if hints.sheet_option and tables else ""
        raise InputError(
            f"{source} has {what} ({listed(tables or sheets, _MOST_LISTED)})",
            hint=f"save the one you mean as CSV{by_name}",
        )
    records = next(iter(tables.values()))
    table = _below_known_header(records, hints) or outline(records)
    start = table.first.first_line if table.first else 0
    rows = [record for record in records if record.first_line >= start]
    width = max(len(record.cells) for record in (*table.header, *rows))
    cells = [[cell or None for cell in (record.cells + [""] * width)[:width]] for record in rows]
    return table_of_cells(
        source,
        header_cells(table.header, width) if table.header else [()] * width,
        cells,
        lines=[record.first_line for record in rows],
        facts=facts_above(table.above),
    )


def _with_header(sheets: dict[str, list[Record]], hints: Hints) -> dict[str, list[Record]]:
    """Return the sheets that begin with a header of the wanted table; none if the caller does not know it."""
    known = hints.is_header
    if known is None:
        return {}
    return {name: lines for name, lines in sheets.items() if any(known(line.cells) for line in lines[:_HEADER_LINES])}


def _below_known_header(records: list[Record], hints: Hints) -> Outline | None:
    """Return the table below the header that the caller knows, whatever its first rows look like; else None."""
    for at, record in enumerate(records[:_HEADER_LINES]):
        if hints.is_header and sum(map(bool, record.cells)) > 1 and hints.is_header(record.cells):
            return Outline(records[:at], [record], records[at + 1] if at + 1 < len(records) else None)
    return None


def _without_hidden(book: Any, tables: dict[str, list[Record]], source: str) -> dict[str, list[Record]]:
    """Return the only visible table of several; all of them if none or more than one is visible."""
    hidden = [name for name in tables if book.load_sheet(name, header_row=None, n_rows=0).visible != "visible"]
    if len(tables) - len(hidden) != 1:
        return tables
    warn(f"{source}: skipped hidden sheets ({', '.join(hidden)})")
    return {name: records for name, records in tables.items() if name not in hidden}


def _check_extent(data: bytes, source: str) -> None:
    """Raise InputError for an XLSX or ODS that is a zip bomb, or whose cell positions or counts would exhaust memory.

    The library would abort the process in that case.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            members = book.infolist()
            check_unpacked(sum(each.file_size for each in members), len(data), source)
            parts = [book.read(each) for each in members if _COUNTED.match(each.filename)]
    except _DAMAGED as why:
        if isinstance(why, InputError):
            raise
        raise InputError(f"{source} is not a readable workbook", hint=_AGAIN) from why
    for text in parts:
        places = max(_extent(text), _repeated(text))
        if places > MOST_CELLS:
            raise InputError(f"{source} has cells too far apart, spanning {places:,} cells", hint=_AGAIN)
        if any(int(count) > len(text) for count in _DISTINCT_TEXTS.findall(text)):
            raise InputError(f"{source} declares more texts than it contains", hint=_AGAIN)


def _extent(text: bytes) -> int:
    """Return the number of cells of an XLSX sheet from A1 to its outermost cells."""
    cells = _CELL.findall(text)
    widest = max((_column(letters) for letters in {letters for letters, _ in cells}), default=0)
    return widest * max((int(row) for row in {row for _, row in cells}), default=0)


def _repeated(text: bytes) -> int:
    """Return the number of cells with a value in the sheets of an ODS, counting their repetitions."""
    places = 0
    for row in text.split(b"</table:table-row>")[:-1]:
        if opening := _ODS_ROW.search(row):
            columns = sum(_times(cell) for cell in _ODS_CELL.findall(row, opening.end()) if b"value" in cell)
            places += columns * _times(opening[1])
    return places


def _times(tag: bytes) -> int:
    repeated = _REPEATED.search(tag)
    return int(repeated[1]) if repeated else 1


def _column(letters: bytes) -> int:
    """Return the number of a column: A is 1, XFD is 16,384."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _records(book: Any, name: str) -> list[Record]:
    """Return the non-empty rows of a sheet as text: midnights as dates, numbers with all their digits."""
    texts, numbers = (
        book.load_sheet(name, header_row=None, dtypes=kind, skip_whitespace_tail_rows=True).to_polars()
        for kind in ("string", "float")
    )
    records = []
    for number, (row, values) in enumerate(zip(texts.iter_rows(), numbers.iter_rows(), strict=True), start=1):
        cells = [_cell(text, value) for text, value in zip(row, values, strict=True)]
        if any(cells):
            records.append(Record(number, number, cells))
    return records


def _cell(written: str | None, value: float | None) -> str:
    """Return a cell as text. The workbook reader writes numbers to nine decimals; ``value`` has the rest."""
    text = (written or "").strip()
    if value is not None and _NUMBER.match(text) and float(text) != value and abs(float(text) - value) <= _ROUNDED:
        return str(np.format_float_positional(value, trim="-"))
    return _TIME_ALONE.sub("", text).removesuffix(" 00:00:00")
