"""Complete a header that has no name for its first column, the dates: R and pandas read such a file as row names."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from correlator.containers.cells import is_date_like
from correlator.containers.raw import RawTable
from correlator.market.vocabulary import field_of

_LOOKED_AT, _DIGITS_OF_DAY = 60, 8


def with_row_names(raw: RawTable) -> RawTable:
    """Shift the header one column to the right if it lacks a name for the first column, which contains dates.

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
    if field_of(labels[0]) in ("date", "time") or 2 * len(days) <= len(cells):
        return raw
    return replace(raw, header=((*[""] * (len(raw.header[0]) - 1), "date"), *raw.header[:-1]))
