"""Suggest the columns of a table without a header: highs and lows are recognised by their values."""

from __future__ import annotations

import polars as pl

from correlator.containers.raw import RawTable
from correlator.market.layout.single_columns import LOOKED_AT, holds_dates, is_numeric
from correlator.market.written.clock_columns import holds_clocks
from correlator.market.written.figures import as_numbers

_FEWEST, _NEARLY_ALL = 3, 0.9
_WIDEST = 3.0
"""The high of a bar over its low: a volume or its value is further from a price."""
_BAR = ("open", "high", "low", "close")


def options_by_position(raw: RawTable) -> str:
    """Return the options that name the columns of a table without a header, for a message.

    They are complete if the values of four neighbouring columns are open, high, low and close in this order.
    """
    places = _places(raw)
    if places is None:
        return "columns by position, --column date=1 --column close=5"
    options = " ".join(f"--column {ours}={int(column[1:]) + 1}" for ours, column in places.items())
    return f"columns by position; by their values they could be {options}"


def _places(raw: RawTable) -> dict[str, str] | None:
    """Return the likely columns by field, or None."""
    date = next((column for column in raw.columns[:3] if holds_dates(raw, column, is_named=True)), None)
    if date is None:
        return None
    places = {"date": date}
    rest = raw.columns[raw.columns.index(date) + 1 :]
    if rest and holds_clocks(raw.frame[rest[0]]):
        places["time"] = rest.pop(0)
    for start in range(len(rest) - 3):
        four = rest[start : start + 4]
        if not all(is_numeric(raw, column) for column in four) or not _is_bar(raw, four):
            continue
        places.update(zip(_BAR, four, strict=True))
        if len(rest) == start + 5 and is_numeric(raw, rest[-1]):
            places["volume"] = rest[-1]
        return places
    return None


def _is_bar(raw: RawTable, columns: list[str]) -> bool:
    """Whether the second of four columns is the highest and the third the lowest in nearly all rows."""
    figures = pl.DataFrame([as_numbers(raw.frame[column].head(LOOKED_AT)).alias(column) for column in columns])
    rows = figures.drop_nulls().filter(pl.all_horizontal(pl.all() > 0))
    if rows.height < _FEWEST:
        return False
    highest, lowest = pl.max_horizontal(columns), pl.min_horizontal(columns)
    ordered = (pl.col(columns[1]) == highest) & (pl.col(columns[2]) == lowest) & (highest < _WIDEST * lowest)
    moved = pl.col(columns[1]) > pl.max_horizontal(columns[0], columns[3])
    share = rows.select(ordered.mean().alias("ordered"), moved.any().alias("moved")).row(0)
    return bool(share[0] >= _NEARLY_ALL and share[1])
