"""Detect the footer below a table: totals, sources and notes, which are not rows of it."""

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
"""Number of rows at the end of a table that are examined."""


def is_foot(cells: Sequence[object]) -> bool:
    """Whether a row is part of a footer: its first cell is a total, a source or a note, and no cell is a date.

    >>> is_foot(["Total", None, "12"]), is_foot(["SUM", "2024-02-01", None])
    (True, False)
    """
    texts = [text for text in (str(cell).strip() for cell in cells if cell is not None) if text]
    return bool(texts) and _WORDS.match(texts[0]) is not None and not any(map(is_date_like, texts))


def without_foot(table: pl.DataFrame, what: str) -> pl.DataFrame:
    """Return the table without its footer; a warning quotes the first footer row and names the table ``what``."""
    rows = [*enumerate(table.tail(_LAST).rows(), start=max(table.height - _LAST, 0))]
    end = table.height
    for place, row in reversed(rows):
        if any(cell is not None and str(cell).strip() for cell in row) and not is_foot(row):
            break
        end = place
    footer = [row for place, row in rows if place >= end and is_foot(row)]
    warn_of_foot([next(str(cell).strip() for cell in row if cell is not None) for row in footer], what)
    return table.head(end) if footer else table


def warn_of_foot(first_cells: Sequence[str], what: str) -> None:
    """Warn that footer rows, given by the first cell of each, were skipped."""
    if first_cells:
        warn(f"skipped {counted(len(first_cells), 'row')} below the table of {what}, first {first_cells[0]!r}")
