"""Find several rows for one symbol and bar: duplicates if they are equal, else contradictions that stop a load."""

from __future__ import annotations

import polars as pl

from correlator.containers.raw import LINE
from correlator.errors import InputError
from correlator.market.vocabulary import PRICES

_KEY = ("symbol", "bar_start")


def without_repeats(rows: pl.DataFrame, source: str, *, refuse: bool) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Return the first row of each symbol and bar start, in order, and the others as rejects with their reason.

    ``rows``: symbol, session, bar_start, ``__line`` and figures. ``refuse``: raise InputError if rows contradict each
    other, instead of keeping the first for a check that lists them all.
    """
    symbol, start = pl.col("symbol"), pl.col("bar_start")
    in_order = (symbol > symbol.shift()) | ((symbol == symbol.shift()) & (start > start.shift()))
    if rows.select(in_order.tail(max(rows.height - 1, 0)).all()).item():
        return rows, []
    rows = rows.sort(_KEY, maintain_order=True)
    repeated = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in _KEY)
    if not rows.select(repeated.any()).item():
        return rows, []
    first = rows.unique(_KEY, keep="first", maintain_order=True)
    later = rows.filter(~pl.struct(*_KEY).is_first_distinct())
    both = later.join(first.select(*_KEY, LINE, *PRICES), on=_KEY, suffix="_first")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_first")) for name in PRICES)
    if refuse:
        _refuse(both.filter(~same).sort(LINE), source)
    line, day = pl.col(f"{LINE}_first").cast(pl.String), pl.col("session").cast(pl.String)
    twin = pl.lit("duplicate: line ") + line + pl.lit(" holds the same bar of ") + day
    other = pl.lit("contradiction: line ") + line + pl.lit(" holds another bar of ") + day + pl.lit(", which is kept")
    reason = pl.when(same).then(twin).otherwise(other)
    return first, [both.select(LINE, reason.alias("reason"))]


def _refuse(contradictions: pl.DataFrame, source: str) -> None:
    if contradictions.is_empty():
        return
    row = contradictions.row(0, named=True)
    different = [name for name in PRICES if row[name] != row[f"{name}_first"]]
    difference = f"{different[0]} {row[f'{different[0]}_first']} and {row[different[0]]}"
    more = f", and {contradictions.height - 1:,} more such rows" if contradictions.height > 1 else ""
    raise InputError(
        f"{source} has different bars of {row['symbol']} on {row['session']}:"
        f" lines {row[f'{LINE}_first']} and {row[LINE]} have {difference}{more}",
        hint="if a column distinguishes them, name it (--column symbol=... or series=...), else keep one row of each",
    )
