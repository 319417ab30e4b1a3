"""Residuals of estimation windows computed again from the bars, as loops that numba compiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from correlator.eventstudy.significance.arrays import Array, Rows
from correlator.eventstudy.significance.ranks_kernel import compiled, inlined


class Bars(NamedTuple):
    """``y`` (S, T) returns and ``x`` (T,) regressor (zeros without one), NaN where missing; or, where ``y`` is empty,
    the residuals ``given`` (E, L) themselves.
    """

    y: Array
    x: Array
    given: Array


class Events(NamedTuple):
    """E events: ``order`` their rows in the arrays that follow; ``place`` (E, 4) of each the ``SYMBOL`` column, the
    ``FIRST`` estimation row, the row of the ``WINDOW`` and the row of ``by_date`` (``DATE``) that it adds to or -1;
    ``line`` (E, 2) of each ``BETA`` and ``SIGMA``; ``ar``, ``ar_se`` (E, D); ``car``, ``car_se`` (E, W); ``start``
    (dates,) calendar row of column 0 of ``by_date``. What is read together lies together, for few lines of the cache.
    """

    order: Rows
    place: Rows
    line: Array
    ar: Array
    ar_se: Array
    car: Array
    car_se: Array
    start: Rows


SYMBOL, FIRST, WINDOW, DATE = range(4)
BETA, SIGMA = range(2)


@inlined
def residuals(bars: Bars, events: Events, i: int, e: Array, daily: Array, spare: Array) -> tuple[int, float]:
    """Fill ``e`` (L,) with the residuals of event ``i``, NaN where not used, and ``daily`` (D,) with its abnormal
    returns by the same arithmetic, so that equal returns give equal values; how many residuals, and their mean.

    ``spare`` (L,) is room for what is summed: sums with a condition in them are taken one by one, four times as slow.
    """
    length, total = len(e), bars.y.shape[1]
    n, mean = 0, 0.0
    if total == 0:
        daily[:] = events.ar[i]
        for t in range(length):
            e[t] = bars.given[i, t]
            n += 1 if e[t] == e[t] else 0
            mean += e[t] if e[t] == e[t] else 0.0
        return n, mean / n
    first = events.place[i, FIRST]
    t0, t1 = max(0, -first), min(length, total - first)
    e[:t0] = np.nan
    e[t1:] = np.nan
    used, days = e[t0:t1], slice(events.place[i, WINDOW], events.place[i, WINDOW] + len(daily))
    y, x = bars.y[events.place[i, SYMBOL]], bars.x
    own_y, own_x = y[first + t0 : first + t1], x[first + t0 : first + t1]
    for j in range(t1 - t0):
        there = own_y[j] - own_x[j] == own_y[j] - own_x[j]
        n += 1 if there else 0
        used[j] = own_y[j] if there else 0.0
        spare[j] = own_x[j] if there else 0.0
    mean_y, mean_x = 0.0, 0.0
    for j in range(t1 - t0):
        mean_y += used[j]
        mean_x += spare[j]
    mean_y /= n
    mean_x /= n
    off_line(own_y, own_x, mean_y, mean_x, events.line[i, BETA], used)
    off_line(y[days], x[days], mean_y, mean_x, events.line[i, BETA], daily)
    for j in range(t1 - t0):
        spare[j] = used[j] if used[j] == used[j] else 0.0
    for j in range(t1 - t0):
        mean += spare[j]
    mean /= n
    used -= mean
    daily -= mean
    return n, 0.0


@inlined
def off_line(y: Array, x: Array, mean_y: float, mean_x: float, beta: float, out: Array) -> None:
    """Fill ``out`` with what ``y`` is above the line through the means."""
    for j in range(len(out)):
        out[j] = (y[j] - mean_y) - beta * (x[j] - mean_x)


@compiled
def fill_residuals(bars: Bars, events: Events, members: Rows, out: Array) -> None:
    """Fill ``out`` (M, L) with the residuals of the events ``members`` (M,)."""
    daily, spare = np.empty(events.ar.shape[1]), np.empty(out.shape[1])
    for m in range(len(members)):
        residuals(bars, events, members[m], out[m], daily, spare)


@compiled
def add_pairs(e: Array, first: Rows, date: Rows, sums: Array) -> None:
    """Add to ``sums`` (lags,) the correlations of all pairs of residuals ``e`` (M, L) over the days both have.

    ``first`` (M,) calendar row of column 0, ``date`` (M,) of the event, whose distance is the lag.
    """
    length = e.shape[1]
    for i in range(len(e)):
        for j in range(i + 1, len(e)):
            lag, ahead = abs(date[i] - date[j]), first[j] - first[i]
            if lag >= len(sums) or abs(ahead) >= length:
                continue
            a = e[i, max(ahead, 0) : length + min(ahead, 0)]
            b = e[j, max(-ahead, 0) : length - max(ahead, 0)]
            n, one, two, square, other, cross = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for t in range(len(a)):
                both = a[t] + b[t] == a[t] + b[t]
                x, y = a[t] if both else 0.0, b[t] if both else 0.0
                n += 1.0 if both else 0.0
                one += x
                two += y
                square += x * x
                other += y * y
                cross += x * y
            if n >= 3.0:
                spread = (square - one * one / n) * (other - two * two / n)
                correlation = (cross - one * two / n) / np.sqrt(spread)
                sums[lag] += correlation if abs(correlation) < np.inf else 0.0
