"""Pure functions over arrays of bars: adjusted closes, and flags of bars whose price is censored or stale.

Arrays are (T, S): sessions by symbols, NaN where there is no bar. A missing bar stays missing: it is never a zero
return and its price is never carried forward.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

TICK = 0.01
_SAME_FACTOR = 0.002
"""Largest relative difference between two factors adjusted / close that is rounding and no dividend."""


def filled_adjusted(closes: Array, adjusted: Array) -> tuple[Array, Flags]:
    """Return adjusted closes (T, S) with the gaps filled, and a mask (T, S) of the filled bars.

    If a bar has a close but no adjusted one, the last factor adjusted / close is carried forward (the first one
    backward before it), so that returns over the gap are those of plain closes. If the factor is another one after the
    gap, there was a dividend or split on one of its bars, nobody knows which: they stay missing, and the return over
    the gap is that of the adjusted closes around it. A symbol without any adjusted close gets its closes.
    """
    gaps: Flags = np.isnan(adjusted) & ~np.isnan(closes)
    if not gaps.any():
        return adjusted, gaps
    if np.isnan(adjusted).all():
        return closes, gaps
    filled = np.where(gaps, closes, adjusted)
    partly = np.flatnonzero(gaps.any(axis=0) & (adjusted > 0).any(axis=0))
    plain, known = closes[:, partly], adjusted[:, partly]
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where((plain > 0) & (known > 0), known / plain, np.nan)
        before, after = _last_known(factor), _last_known(factor[::-1])[::-1]
        changed = np.abs(after / before - 1.0) > _SAME_FACTOR
    carried = np.nan_to_num(np.where(np.isnan(before), after, before), nan=1.0)
    filled[:, partly] = np.where(gaps[:, partly], plain * np.where(changed, np.nan, carried), known)
    return filled, gaps & ~np.isnan(filled)


def _last_known(values: Array) -> Array:
    """Return the last non-missing value (T, S) up to each row; NaN before the first."""
    rows = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=0), np.nan)


def previous_closes(closes: Array) -> Array:
    """Return the last close (T, S) before each session, skipping sessions without a bar; NaN before the first."""
    previous = np.full(closes.shape, np.nan)
    previous[1:] = _last_known(closes)[:-1]
    return previous


def limit_locked(
    open_: Array,
    high: Array,
    low: Array,
    close: Array,
    *,
    previous_close: Array | None = None,
    limit: float | Array = 0.10,
    tick: float = TICK,
    minimum: float | Array = 0.0,
) -> Flags:
    """Flag bars (T, S) that closed at the exchange's daily price limit, so that their return is censored.

    A bar is flagged if its close is the session's highest (lowest) price and within half a tick of the previous close
    plus (minus) ``limit``, a fraction, or ``minimum``, in currency, whichever is more; or if all its prices are equal
    and at or beyond that. Both may differ by session, as arrays (T, 1); NaN means no limit. Missing highs and lows are
    taken as the close. ``previous_close`` (T, S): default the last close before.
    """
    if np.isnan(limit).all():
        return np.zeros(close.shape, dtype=bool)
    previous = previous_closes(close) if previous_close is None else previous_close
    top, bottom, start = (np.where(np.isnan(price), close, price) for price in (high, low, open_))
    slack = 0.5 * tick + 1e-9
    reach = np.maximum(previous * limit, minimum)
    up_limit, down_limit = previous + reach, previous - reach
    up = (np.abs(close - up_limit) <= slack) & (close >= top - slack)
    down = (np.abs(close - down_limit) <= slack) & (close <= bottom + slack)
    one_price = (top == bottom) & (start == close) & ~np.isnan(high) & ~np.isnan(low)
    flags: Flags = up | down | (one_price & (np.abs(close - previous) >= reach - slack))
    return flags


def zero_volume(volume: Array) -> Flags:
    """Flag bars (T, S) with a volume of zero; a missing volume is not zero."""
    flags: Flags = volume == 0.0
    return flags
