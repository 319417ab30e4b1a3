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
_LOOKED_AT, _DIGITS_OF_DAY, _NEARLY_ALL = 60, 8, 0.9
_WHOLE = r"^\s*[-(]?\d+\)?\s*$"
_NO_FIGURES = ("date", "time", "symbol", "volume")


def with_row_names(raw: RawTable, dates: str | None = None) -> RawTable:
    """Shift the header one column to the right if it lacks a name for the first column, which contains dates.

    It lacks one if the first name has the word of a field or one in capitals (``LAMP.Open``, ``LAMP``), and the last
    column has no name. Above columns with names of figures, another first name is that of the dates. ``dates``: the
    name of their column, if the caller gives it. Raises InputError if the names do not show which column has none.

    >>> from correlator.containers.raw import table_of_cells
    >>> with_row_names(table_of_cells("t", [["LAMP"], [""]], [["2024-01-02", "10.5"]])).header
    (('date',), ('LAMP',))

    Raise InputError also for figures that decimal commas have split (``45,70`` in a file separated by commas).
    """
    _refuse_split_figures(raw)
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


def _refuse_split_figures(raw: RawTable) -> None:
    """Raise InputError if the only column of figures and the column without a name behind it have digits alone.

    Then commas that separate cells and decimals alike may have split the figures.
    """
    *named, last = raw.columns
    if not raw.is_text or raw.label(last) or not all(map(raw.label, named)):
        return
    fields = {column: field_of(raw.label(column)) for column in named}
    figures = [column for column in named if fields[column] not in _NO_FIGURES and _is_whole(raw, column)]
    if len(figures) == 1 and _is_whole(raw, last) and {"date", "time"} & {*fields.values()}:
        split = next(",".join(cells) for cells in raw.frame.select(figures[0], last).drop_nulls().iter_rows())
        raise InputError(
            f"{raw.source} has {len(named)} names above {len(named) + 1} columns: {split} could be one number with a "
            "decimal comma, or two",
            hint="name every column in the header, or export it with semicolons or decimal points",
        )


def _is_whole(raw: RawTable, column: str) -> bool:
    """Whether nearly all cells of a column are whole numbers, without decimals, and one is."""
    cells = raw.frame[column].cast(pl.String, strict=False).head(_LOOKED_AT).drop_nulls()
    share = cells.str.contains(_WHOLE).mean()
    return isinstance(share, float) and share > _NEARLY_ALL
