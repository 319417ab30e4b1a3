"""Check adjusted closes, which studies use by default, against the plain closes and as a series.

The factor adjusted / plain steps up on an ex-date by the dividend, moves against the plain close at a split, and is
flat otherwise. A step that the plain closes do not explain is a fault of the adjustment.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.market.audit.findings import SCHEMA, Series
from correlator.market.audit.levels import busy, jumps, log_change, usual_size

Array = NDArray[np.float64]

_USED = "studies use adjusted closes by default: load the series again, or study with price close"
# Largest share of the price that an ordinary or special dividend is taken to be: ln(4/3) of adjusted over plain.
_DIVIDEND = np.log(4 / 3)
# The factor falls only where shares are merged, and then the plain close rises as much.
_FALL = 0.01
_TWO_TO_ONE = np.log(1.8)
_LEAST_BREAK, _BREAK_SIZE = 0.1, 8.0


def adjusted_closes(series: Series) -> list[pl.DataFrame]:
    """Return findings about the adjusted closes of a series, if it has any.

    ``adjusted-break`` (high): they move where the plain close does not, by more than a dividend can;
    ``adjusted-factor`` (high): their factor to the plain close falls without a merger of shares, or is not positive;
    ``unadjusted-split`` (high): a jump like a split is in both; ``adjusted-gap`` (low): some bars lack them.
    """
    bars = series.bars
    adjusted = pl.col("adjusted_close")
    if bars["adjusted_close"].null_count() == bars.height:
        return []
    both = bars.filter(adjusted.is_not_null() & (pl.col("close") > 0))
    findings = [
        _gap(series),
        series.per_bar(both.filter(adjusted <= 0), "adjusted-factor", "high", _VALUE, action=_USED),
    ]
    both = both.filter(adjusted > 0)
    if both.height > 1:
        findings += [*_steps(series, both), _unadjusted(series, both)]
    return findings


_VALUE = "adjusted close {adjusted_close} with a close of {close}"


def _steps(series: Series, both: pl.DataFrame) -> list[pl.DataFrame]:
    """Find steps of the factor that neither a dividend nor a split explains."""
    rows = both.with_columns(
        pl.col("close").shift().alias("before"), pl.col("adjusted_close").shift().alias("adjusted_before")
    )
    plain = log_change(rows, "close", "before")
    moved = log_change(rows, "adjusted_close", "adjusted_before")
    step, usual = moved - plain, np.nan_to_num(usual_size(plain))
    by_split = np.abs(moved) < np.maximum(_LEAST_BREAK, 4.0 * usual)
    broken = (np.abs(step) > np.maximum(_LEAST_BREAK, _BREAK_SIZE * usual)) & ~by_split
    broken |= step > _DIVIDEND
    broken &= ~(by_split & (np.abs(plain) > _LEAST_BREAK))
    falls = (step < -_FALL) & ~broken & ~(by_split & (plain > _LEAST_BREAK))
    described = rows.with_columns(
        (100 * (pl.col("adjusted_close") / pl.col("adjusted_before") - 1)).round(2).alias("change"),
        (100 * (pl.col("close") / pl.col("before") - 1)).round(2).alias("plain_change"),
    )
    text = "adjusted close {adjusted_close} after {adjusted_before}: {change} %, the plain close {plain_change} %"
    return [
        series.per_bar(described.filter(pl.Series(np.nan_to_num(mask).astype(bool))), check, "high", text, action=_USED)
        for check, mask in (("adjusted-break", broken), ("adjusted-factor", falls))
    ]


def _unadjusted(series: Series, both: pl.DataFrame) -> pl.DataFrame:
    """Find jumps like a split or a change of unit that are in the adjusted closes as well as in the plain ones."""
    scale = pl.col("adjusted_close") / pl.col("close")
    level = both.with_columns(
        *((pl.col(name) * scale).alias(name) for name in ("open", "high", "low")),
        pl.col("adjusted_close").alias("close"),
    )
    doubted = jumps(Series(series.symbol, series.source, level, series.exchange, series.kind, series.benchmark))
    split = doubted.filter(pl.col("check") == "split-like")
    plain = jumps(series).filter(pl.col("check") == "split-like")["session"]
    sure = level.filter(_surely_split(level))["session"]
    grade = pl.when(pl.col("session").is_in(sure.implode())).then(pl.lit("high")).otherwise(pl.col("severity"))
    return split.filter(pl.col("session").is_in(plain.implode())).with_columns(
        pl.lit("unadjusted-split").alias("check"),
        grade.cast(SCHEMA["severity"]).alias("severity"),
        pl.lit("the adjusted closes hold it, too: adjust them, or leave the events around it out").alias("action"),
    )


def _surely_split(bars: pl.DataFrame) -> pl.Series:
    """Flag bars that move by two to one or more without the higher volume that news brings."""
    moved = pl.Series(np.abs(log_change(bars.with_columns(pl.col("close").shift().alias("b")), "close", "b")))
    halved: pl.Series = moved.fill_nan(0.0) > _TWO_TO_ONE
    return halved & ~busy(bars)


def _gap(series: Series) -> pl.DataFrame:
    missing = series.bars.filter(pl.col("adjusted_close").is_null() & pl.col("close").is_not_null())
    if missing.is_empty():
        return missing.select(pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items()).clear()
    text = (
        f"{missing.height:,} of {series.bars.height:,} bars have no adjusted close, "
        f"{missing['session'][0]} to {missing['session'][-1]}"
    )
    action = "studies carry the last factor on over them, or leave them out if it changes; load them from one source"
    return series.finding("adjusted-gap", "low", text, action, session=missing["session"][0])
