"""Infer the spacing of bars: daily, weekly, monthly, quarterly or yearly."""

from __future__ import annotations

import polars as pl

from correlator.errors import InputError

# Days between the bars of a series that is not daily: interval, least and most.
_DISTANCES = (("1w", 5, 9), ("1mo", 26, 33), ("3mo", 84, 97), ("1y", 355, 375))
WORDS = {"1w": "weekly", "1mo": "monthly", "3mo": "quarterly", "1y": "yearly"}
SPACINGS = ("1d", *WORDS)
_ENOUGH = 8
_SEEN = 20_000
_REGULAR = 0.95


def usual_distance(bars: pl.DataFrame, stated: str | None, source: str) -> str:
    """Return 1d, or the interval of a series whose bars are all weeks, months, quarters or years apart.

    ``bars``: symbol and session, in order. A thinly traded share is irregular, and stays daily. ``stated``: the
    interval that the caller states. Raise InputError if a few bars look like weekly ones and nothing is stated, and if
    the bars contradict the stated interval.
    """
    if stated is not None and stated not in SPACINGS:
        raise InputError(f"spacing must be one of {', '.join(SPACINGS)}, got {stated!r}", argument="spacing")
    days = pl.col("session").diff().dt.total_days().filter(pl.col("symbol") == pl.col("symbol").shift())
    gaps = bars.lazy().head(_SEEN).select(days.alias("gap")).collect()["gap"]
    seen = _spacing_of(gaps)
    if stated is not None:
        if len(gaps) and stated not in (seen, "1d"):
            raise InputError(
                f"{source}: bars are {_range(gaps)} days apart, not {WORDS[stated]}",
                hint="leave out spacing (--spacing)",
            )
        return stated
    if seen != "1d" and 0 < len(gaps) < _ENOUGH:
        raise InputError(
            f"{source}: {bars.height} bars {_range(gaps)} days apart could be {WORDS[seen]} bars, or"
            " daily bars of a thinly traded share",
            hint=f"give spacing (--spacing {seen} or --spacing 1d)",
        )
    return seen if len(gaps) >= _ENOUGH else "1d"


def spacing_of_days(days: pl.Series, *, regular: float = _REGULAR) -> str:
    """Return the interval between ``days``: 1w, 1mo, 3mo or 1y.

    Return 1d if they are too few, or if less than the share ``regular`` of the gaps fit.

    >>> from datetime import date
    >>> spacing_of_days(pl.date_range(date(2024, 1, 5), date(2024, 3, 29), "1w", eager=True))
    '1w'
    """
    gaps = days.diff().dt.total_days().drop_nulls()
    return _spacing_of(gaps, regular) if len(gaps) >= _ENOUGH else "1d"


def _spacing_of(gaps: pl.Series, regular: float = _REGULAR) -> str:
    """Return the interval that gaps in days fit, however few they are."""
    few = regular * len(gaps)
    return next((name for name, least, most in _DISTANCES if gaps.is_between(least, most).sum() >= few), "1d")


def _range(gaps: pl.Series) -> str:
    in_order = gaps.sort()
    return f"{in_order[0]}" if in_order[0] == in_order[-1] else f"{in_order[0]} to {in_order[-1]}"
