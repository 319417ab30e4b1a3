"""Whether new bars are in another unit than the stored ones of their symbol, such as pence over pounds."""

from __future__ import annotations

import polars as pl

from correlator.store.db import Store
from correlator.store.statements import query

_FACTORS = (100.0, 1_000.0, 10_000.0)
_NEAR, _APART = 1.3, "30d"
"""A level is about a factor within this ratio of it, between bars at most so far apart."""
_STORED = """
    SELECT symbol, session, arg_max(close, vintage) AS stored, session AS stored_on FROM bars
    WHERE "interval" = '1d' AND close > 0 AND symbol IN (SELECT unnest($symbols))
        AND session BETWEEN $first::DATE - 30 AND $last::DATE + 30
    GROUP BY symbol, session ORDER BY symbol, session
"""


def other_units(store: Store, bars: pl.DataFrame) -> list[str]:
    """Return a line for each symbol whose daily ``bars`` are 100, 1,000 or 10,000 times the stored ones, or a part.

    Bars of one session are compared, or without one in common, those that are nearest in time.
    """
    daily = bars.filter(pl.col("interval") == "1d", pl.col("close") > 0).sort("symbol", "session")
    if daily.is_empty():
        return []
    span = {"first": daily["session"].min(), "last": daily["session"].max()}
    with store.reading_if_made() as connection:
        if connection is None:
            return []
        symbols = daily["symbol"].unique().to_list()
        stored = query(connection, _STORED, {"symbols": symbols, **span})
    beside = daily.select("symbol", "session", "close").join_asof(
        stored, on="session", by="symbol", strategy="nearest", tolerance=_APART, check_sortedness=False
    )
    distance = (pl.col("session") - pl.col("stored_on")).abs()
    nearest = beside.drop_nulls("stored").filter(distance == distance.min().over("symbol"))
    lines = []
    for (symbol,), pairs in nearest.group_by("symbol", maintain_order=True):
        ratio = float(pairs.select((pl.col("close") / pl.col("stored")).median()).item())
        factor = next((each for each in _FACTORS if 1 / _NEAR < max(ratio, 1 / ratio) / each < _NEAR), None)
        if factor is not None:
            times = f"about {factor:,.0f} times" if ratio > 1 else f"about 1/{factor:,.0f} of"
            last = pairs.row(-1, named=True)
            lines.append(
                f"check before use: {symbol}: its closes are {times} those in the store: {last['close']:,.6g} on "
                f"{last['session']}, {last['stored']:,.6g} on {last['stored_on']} (hundredths of a currency need "
                "--currency, such as GBp; `correlator store undo` removes a load)"
            )
    return lines
