"""Workbooks: the one sheet that holds a table, or the one that is asked for."""

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
from correlator.containers.cells import Record, facts_above, header_cells, is_data, outline
from correlator.containers.hints import Hints
from correlator.containers.raw import RawTable, table_of_cells
from correlator.errors import InputError, warn

_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
_ROUNDED = 1e-9
_TIME_ALONE = re.compile(r"^(1899-12-3[01]|1904-01-01) (?=\d\d:\d\d)")
"""The day that a reader gives to a time of day."""

MOST_CELLS = 50_000_000
"""Places between the first and the last cell of a sheet: each takes memory, whether it holds something or not."""
_AGAIN = "save it again as XLSX or CSV"
_COUNTED = re.compile(r"xl/(worksheets/[^/]+\.xml|sharedStrings\.xml)$|content\.xml$", re.I)
_CELL = re.compile(rb'<c [^>]{0,60}?\br="([A-Z]{1,3})(\d{1,7})"')
_ODS_ROW = re.compile(rb"<table:table-row\b([^<>]*)>")
_ODS_CELL = re.compile(rb"<table:table-cell\b([^<>]*)>")
_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="(\d+)"')
_DISTINCT_TEXTS = re.compile(rb"""\buniqueCount\s*=\s*["'](\d{1,19})""")
_DAMAGED = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


def read_sheet(path: Path, data: bytes | None, source: str, hints: Hints) -> RawTable:
    """The table in a workbook (XLSX, XLS, ODS), every cell as text.

    Of several sheets with a table the one that ``hints`` name is taken, else the only one that is not hidden. Raises
    InputError where there is none, where it cannot be told which is meant, and for a workbook that cannot be read.
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
        raise InputError(f"{source} cannot be read as a workbook", hint=_AGAIN) from problem
    tables = {name: records for name, records in sheets.items() if any(is_data(record.cells) for record in records)}
    tables = tables or {name: records for name, records in sheets.items() if len(records) > 1}
    if hints.sheet is not None and len(tables) > 1:
        named = {name: records for name, records in tables.items() if name.strip().upper() == hints.sheet.upper()}
        tables = named or tables
    if len(tables) > 1:
        tables = _without_hidden(book, tables, source)
    if len(tables) != 1:
        listed = ", ".join(tables or sheets)
        what = f"{len(tables)} sheets with a table" if tables else "no sheet with a table"
        by_name = f", or name it by {hints.sheet_option}" if hints.sheet_option and tables else ""
        raise InputError(f"{source} has {what} ({listed})", hint=f"save the one you mean as CSV{by_name}")
    records = next(iter(tables.values()))
    table = outline(records)
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


def _without_hidden(book: Any, tables: dict[str, list[Record]], source: str) -> dict[str, list[Record]]:
    """The one table that is not hidden, of several; all of them where that is none or more than one."""
    hidden = [name for name in tables if book.load_sheet(name, header_row=None, n_rows=0).visible != "visible"]
    if len(tables) - len(hidden) != 1:
        return tables
    warn(f"{source}: sheets that are hidden are not read ({', '.join(hidden)})")
    return {name: records for name, records in tables.items() if name not in hidden}


def _check_extent(data: bytes, source: str) -> None:
    """Raises InputError for an XLSX or ODS that unpacks without end, or whose cells or counts ask for more memory than
    there is: the library gives up the process then.
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
        raise InputError(f"{source} cannot be read as a workbook", hint=_AGAIN) from why
    for text in parts:
        places = max(_extent(text), _repeated(text))
        if places > MOST_CELLS:
            raise InputError(f"{source} has cells that lie too far apart, over {places:,} places", hint=_AGAIN)
        if any(int(count) > len(text) for count in _DISTINCT_TEXTS.findall(text)):
            raise InputError(f"{source} claims more texts than it holds", hint=_AGAIN)


def _extent(text: bytes) -> int:
    """Places of a sheet of XLSX from A1 to its outermost cells."""
    cells = _CELL.findall(text)
    widest = max((_column(letters) for letters in {letters for letters, _ in cells}), default=0)
    return widest * max((int(row) for row in {row for _, row in cells}), default=0)


def _repeated(text: bytes) -> int:
    """Cells with a value in the sheets of an ODS, as often as each and its row say that it is repeated."""
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
    """Number of a column: A is 1, XFD 16,384."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _records(book: Any, name: str) -> list[Record]:
    """Rows of a sheet that are not empty, as text; times of midnight as dates, numbers with all their digits."""
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
    """A cell as text. The reader of workbooks writes numbers to nine places: ``value`` has the others."""
    text = (written or "").strip()
    if value is not None and _NUMBER.match(text) and float(text) != value and abs(float(text) - value) <= _ROUNDED:
        return str(np.format_float_positional(value, trim="-"))
    return _TIME_ALONE.sub("", text).removesuffix(" 00:00:00")
