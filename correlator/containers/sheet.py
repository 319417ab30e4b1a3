"""Workbooks: the one sheet that holds a table, or the one that is asked for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from correlator.containers.cells import Record, facts_above, header_cells, is_data, outline
from correlator.containers.hints import Hints
from correlator.containers.raw import RawTable, table_of_cells
from correlator.errors import InputError
from correlator.files import opened

_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
_ROUNDED = 1e-9


def read_sheet(path: Path, data: bytes | None, source: str, hints: Hints) -> RawTable:
    """The table in a workbook (XLSX, XLS, ODS), every cell as text.

    Of several sheets with a table the one that ``hints`` name is taken. Raises InputError where there is none, where
    it cannot be told which is meant, and for a workbook that cannot be read.
    """
    import fastexcel

    if data is None:
        with opened(path) as file:
            data = file.read()
    try:
        book = fastexcel.read_excel(data)
        sheets = {name: _records(book, name) for name in book.sheet_names}
    except fastexcel.FastExcelError as problem:
        raise InputError(f"{source} cannot be read as a workbook", hint="save it again as XLSX or CSV") from problem
    tables = {name: records for name, records in sheets.items() if any(is_data(record.cells) for record in records)}
    tables = tables or {name: records for name, records in sheets.items() if len(records) > 1}
    if hints.sheet is not None and len(tables) > 1:
        named = {name: records for name, records in tables.items() if name.strip().upper() == hints.sheet.upper()}
        tables = named or tables
    if len(tables) != 1:
        listed = ", ".join(tables or sheets)
        what = f"{len(tables)} sheets with a table" if tables else "no sheet with a table"
        raise InputError(f"{source} has {what} ({listed})", hint="save the one you mean as CSV, or name it by --symbol")
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
    return text.removesuffix(" 00:00:00")
