"""Volumes that are lots: the value traded is a hundred times their product with the price."""

from __future__ import annotations

import polars as pl

from correlator.containers.raw import LINE
from correlator.market.layout.recognise import Recognised
from correlator.market.vocabulary import plain
from correlator.market.written.figures import as_numbers

_VALUES = frozenset(("amount", "turnover", "turnovervalue", "tradingvalue", "成交额", "成交金额", "売買代金"))
_LOT, _WITHIN = 100, 1.25
_LAST, _FEWEST, _NEARLY_ALL = 60, 20, 0.9
"""The last bars are compared, as closes may be adjusted backwards from them."""


def notes_of_lots(rows: pl.DataFrame, table: Recognised) -> list[str]:
    """Return a note if volumes seem to be lots of 100, by the column with the value traded, if there is one.

    ``rows``: session, close, volume and ``__line`` of one series or of several.
    """
    raw = table.table
    column = next((column for column, label in raw.labels.items() if plain(label) in _VALUES), None)
    if table.is_wide or column is None:
        return []
    values = raw.frame.select(LINE, as_numbers(raw.frame[column]).alias("value"))
    last = rows.filter((pl.col("volume") > 0) & (pl.col("close") > 0)).sort("session").tail(_LAST)
    ratio = last.join(values, on=LINE).select(pl.col("value") / (pl.col("volume") * pl.col("close")))
    known = ratio.to_series().drop_nulls()
    near = known.is_between(_LOT / _WITHIN, _LOT * _WITHIN)
    if len(known) < _FEWEST or int(near.sum()) < _NEARLY_ALL * len(known):
        return []
    return [f"volumes seem to be lots of {_LOT}: column {raw.label(column)!r} is {_LOT} times volume times close"]
