"""Pure functions over arrays of bars: returns, and bars whose price is not evidence.

Arrays are (T, S): sessions by symbols, NaN where there is no bar. A missing bar stays missing: it is never a zero
return and its price is never carried forward.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from correlator.errors import InputError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

KINDS = ("log", "simple")
TICK = 0.01


def returns_matrix(closes: Array, kind: str = "log") -> Array:
    """Returns (T, S) as fractions of closes (T, S) from one session to the next.

    The first row is NaN, as is every return with a missing or non-positive price on either side. ``kind``: log or
    simple; raises InputError for another.
    """
    if kind not in KINDS:
        raise InputError(f"returns {kind!r} are not known", hint=f"choose {' or '.join(KINDS)}")
    prices = np.where(closes > 0, closes, np.nan)
    returns = np.full(prices.shape, np.nan)
    ratio = prices[1:] / prices[:-1]
    returns[1:] = np.log(ratio) if kind == "log" else ratio - 1.0
    return returns


def filled_adjusted(closes: Array, adjusted: Array) -> tuple[Array, Flags]:
    """Adjusted closes (T, S) with the gaps filled, and which bars (T, S) were filled.

    Where a bar has a close but no adjusted one, the last factor adjusted / close before it is carried on, before the
    first one that first one back: returns over the gap are then those of plain closes. A symbol without any adjusted
    close has its closes.
    """
    gaps: Flags = np.isnan(adjusted) & ~np.isnan(closes)
    if not gaps.any():
        return adjusted, gaps
    if np.isnan(adjusted).all():
        return closes, gaps
    filled = np.where(gaps, closes, adjusted)
    partly = np.flatnonzero(gaps.any(axis=0) & (adjusted > 0).any(axis=0))
    own, known = closes[:, partly], adjusted[:, partly]
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where((own > 0) & (known > 0), known / own, np.nan)
    carried = _last_known(factor)
    carried = np.where(np.isnan(carried), _last_known(factor[::-1])[::-1], carried)
    filled[:, partly] = np.where(gaps[:, partly], own * np.nan_to_num(carried, nan=1.0), known)
    return filled, gaps


def _last_known(values: Array) -> Array:
    """The last value (T, S) that is not missing up to each row; NaN before the first."""
    rows = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=0), np.nan)


def previous_closes(closes: Array) -> Array:
    """The last close (T, S) before each session, over sessions without a bar; NaN before the first."""
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
    """Bars (T, S) that ended the session at the exchange's daily price limit: their return is censored.

    True where the close is the session's highest (lowest) price and lies within half a tick of the previous close
    plus (minus) ``limit``, a fraction, or ``minimum``, in currency, whichever is more; or where the whole bar stands at
    one price that is at or beyond it. Both may differ by session, as arrays (T, 1); NaN means that there is no limit.
    Missing highs and lows are taken as the close. ``previous_close`` (T, S): default the last close before.
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
    """Bars (T, S) with a volume of zero; a missing volume is not zero."""
    flags: Flags = volume == 0.0
    return flags
