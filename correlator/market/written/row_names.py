"""Complete a header that has no name for its first column, the dates: R and pandas read such a file as row names."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from correlator.containers.cells import is_date_like
from correlator.containers.raw import RawTable
from correlator.errors import InputError
from correlator.market.vocabulary import field_of, is_figure

_MARKS = re.compile(r"[\s_./-]+")
_LOOKED_AT, _DIGITS_OF_DAY = 60, 8


def with_row_names(raw: RawTable, dates: str | None = None) -> RawTable:
    """Shift the header one column to the right if it lacks a name for the first column, which contains dates.

    It lacks one if the first name has the word of a field or one in capitals (``LAMP.Open``, ``LAMP``), and the last
    column has no name. Above columns with names of figures, another first name is that of the dates. ``dates``: the
    name of their column, if the caller gives it. Raises InputError if the names do not show which column has none.

    >>> from correlator.containers.raw import table_of_cells
    >>> with_row_names(table_of_cells("t", [["LAMP"], [""]], [["2024-01-02", "10.5"]])).header
    (('date',), ('LAMP',))
    """
    first, *others = raw.columns
    labels = list(raw.labels.values())
    if not others or labels[-1] or not all(labels[:-1]) or raw.frame[others[-1]].null_count() == raw.frame.height:
        return raw
    cells = raw.frame[first].head(_LOOKED_AT).cast(pl.String, strict=False).drop_nulls()
    days = [cell for cell in cells if is_date_like(cell) and (len(cell) == _DIGITS_OF_DAY or not cell.isdigit())]
    parts = [labels[0], *_MARKS.split(labels[0])]
    fields = {field_of(part) for part in parts} - {None}
    if dates in labels or fields & {"date", "time"} or 2 * len(days) <= len(cells):
        return raw
    if not fields and not is_figure(labels[0]) and any(map(is_figure, labels[1:-1])):
        return raw
    if not fields and (is_figure(labels[0]) or not any(map(str.isupper, parts))):
        raise InputError(
            f"{raw.source} has one name fewer than columns, and {labels[0]!r} could be that of the dates or of the "
            "figures next to them",
            hint="write a name for each column in the header, 'date' for the dates",
        )
    return replace(raw, header=((*[""] * (len(raw.header[0]) - 1), "date"), *raw.header[:-1]))
