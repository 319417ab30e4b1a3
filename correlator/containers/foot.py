"""What people write below a table: totals, sources and notes, which are no rows of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from correlator.containers.cells import is_date_like
from correlator.errors import counted, warn

_WORDS = re.compile(
    r"^\W*(?:(?:grand |sub-?)?totals?|sum|averages?|avg|mean|median|count|sources?|notes?|(?:data )?as (?:of|at)"
    r"|copyright|disclaimer|downloaded|generated|exported|retrieved|end of (?:file|report|table)"
    r"|summe|gesamt|quelle|hinweis|moyenne|fuente|fonte|promedio|totale|toplam|kaynak|итого|источник"
    r"|合计|合計|来源|出典|출처)(?![^\W_])|^\s*[©*†]",
    re.I,
)
_LAST = 25
"""Rows at the end of a table that are looked at."""


def is_foot(cells: Sequence[object]) -> bool:
    """Whether the cells of a row are words below a table: a total, a source or a note first, and no day anywhere.

    >>> is_foot(["Total", None, "12"]), is_foot(["SUM", "2024-02-01", None])
    (True, False)
    """
    said = [text for text in (str(cell).strip() for cell in cells if cell is not None) if text]
    return bool(said) and _WORDS.match(said[0]) is not None and not any(map(is_date_like, said))


def without_foot(table: pl.DataFrame, what: str) -> pl.DataFrame:
    """The table without the totals, sources and notes below it; a warning names the first, and the table ``what``."""
    rows = [*enumerate(table.tail(_LAST).rows(), start=max(table.height - _LAST, 0))]
    end = table.height
    for place, row in reversed(rows):
        if any(cell is not None and str(cell).strip() for cell in row) and not is_foot(row):
            break
        end = place
    lost = [row for place, row in rows if place >= end and is_foot(row)]
    tell_foot([next(str(cell).strip() for cell in row if cell is not None) for row in lost], what)
    return table.head(end) if lost else table


def tell_foot(first_cells: Sequence[str], what: str) -> None:
    """Warn of rows below a table, by the first cell of each, that are left out."""
    if first_cells:
        warn(f"{counted(len(first_cells), 'row')} below the table of {what}, first {first_cells[0]!r}: left out")
