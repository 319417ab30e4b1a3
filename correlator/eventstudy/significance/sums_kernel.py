"""The two looks of ``sums`` at many events, as loops that numba compiles; imported only where they are wanted.

Nothing is kept of an event but what it adds to the sums: a block of events at a time, residuals are computed again from
the bars, ranked and forgotten. Ranks come from sorting 64-bit keys: the bits of a value, ordered, with its place in the
lowest ones; where that costs a difference between neighbours, insertion of the values themselves mends it, so the order
is exact. Neighbouring events mostly have as many residuals, so that what weighs the same is counted in whole numbers
and weighed once. Sums may be reordered by the compiler; NaN stays NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.significance.arrays import Array, Rows
from correlator.eventstudy.significance.prefetch import prefetch
from correlator.eventstudy.significance.ranks_kernel import (
    below,
    compiled,
    empty_order,
    inlined,
    low_bits,
    not_above,
    put_in_order,
    rank_in_order,
)
from correlator.eventstudy.significance.residuals_kernel import DATE, FIRST, SIGMA, Bars, Events, residuals
from correlator.eventstudy.significance.sums_memory import Block, Known, Out, Tally

_MOST = np.iinfo(np.int16).max
_A_LINE = 8  # numbers in a line of the cache
_LARGEST = np.int64(np.iinfo(np.int64).max)


@compiled
def first_look(
    ar: Array, ar_se: Array, car: Array, car_se: Array, sigma: Array, df: Rows, part: Rows, shift: Array, out: Array
) -> None:
    """Add the events from ``part[0]`` to before ``part[1]`` to ``out`` (11, K).

    Rows of ``out``: n, sums of c = x - shift[0], its squares, its cubes; how many x above zero; n, sum, squares of
    x / se - shift[1]; sum of df/(df - 2); sum and number of (se / sigma)^2.
    """
    days, windows = ar.shape[1], car.shape[1]
    columns = days + windows
    x, se = np.empty(columns), np.empty(columns)
    for i in range(part[0], part[1]):
        x[:days], se[:days] = ar[i], ar_se[i]
        x[days:], se[days:] = car[i], car_se[i]
        inverse = 1.0 / sigma[i]
        patell = df[i] / (df[i] - 2.0) if df[i] > 2 else np.nan
        for k in range(columns):
            v = x[k]
            there = 1.0 if v == v else 0.0
            c = v - shift[0, k] if v == v else 0.0
            out[0, k] += there
            out[1, k] += c
            out[2, k] += c * c
            out[3, k] += c * c * c
            out[4, k] += 1.0 if v > 0.0 else 0.0
            scaled = v / se[k]
            counts = scaled == scaled
            c = scaled - shift[1, k] if counts else 0.0
            out[5, k] += 1.0 if counts else 0.0
            out[6, k] += c
            out[7, k] += c * c
            out[8, k] += patell if counts else 0.0
            ratio = se[k] * inverse
            out[9, k] += ratio * ratio if ratio == ratio else 0.0
            out[10, k] += 1.0 if ratio == ratio else 0.0


@inlined
def fetch(events: Events, i: int) -> None:
    """Fetch what is known of event ``i`` into the cache."""
    for d in range(0, events.ar.shape[1], _A_LINE):
        prefetch(events.ar, (i, d))
        prefetch(events.ar_se, (i, d))
    for w in range(0, events.car.shape[1], _A_LINE):
        prefetch(events.car, (i, w))
        prefetch(events.car_se, (i, w))
    prefetch(events.ar, (i, events.ar.shape[1] - 1))
    prefetch(events.ar_se, (i, events.ar.shape[1] - 1))
    prefetch(events.car, (i, events.car.shape[1] - 1))
    prefetch(events.car_se, (i, events.car.shape[1] - 1))
    prefetch(events.place, (i, 0))
    prefetch(events.line, (i, 0))


@compiled
def fill_block(bars: Bars, events: Events, rows: Rows, block: Block) -> None:
    """Values, residuals and sort keys of the events ``rows`` (B,).

    Events lie scattered in memory: many are fetched at once here, as waiting for each in turn would cost as much as its
    ranks.
    """
    length, days, windows = block.e.shape[1], events.ar.shape[1], events.car.shape[1]
    low, spare = low_bits(length), np.empty(length)
    for p in range(len(rows)):
        fetch(events, rows[p])
    for p in range(len(rows)):
        i = rows[p]
        for d in range(days):
            block.value[p, d] = events.ar[i, d]
            block.scaled[p, d] = events.ar[i, d] / events.ar_se[i, d]
        for w in range(windows):
            block.value[p, days + w] = events.car[i, w]
            block.scaled[p, days + w] = events.car[i, w] / events.car_se[i, w]
        date = events.place[i, DATE]
        block.sigma[p], block.date[p] = events.line[i, SIGMA], date
        block.day[p] = events.place[i, FIRST] - events.start[date] if date >= 0 else 0
    for p in range(len(rows)):
        e, keys = block.e[p], block.keys[p]
        block.n[p], block.mean[p] = residuals(bars, events, rows[p], e, block.daily[p], spare)
        bits = e.view(np.int64)
        for t in range(length):
            ordered = bits[t] ^ ((bits[t] >> 63) & _LARGEST)
            keys[t] = (ordered & ~low) | t if e[t] == e[t] else _LARGEST
            e[t] = e[t] if e[t] == e[t] else 0.0


@inlined
def weigh(tally: Tally, out: Out) -> None:
    """Add what was counted of events alike in n to ``out``, and count from zero."""
    n, columns, length = tally.alike[0], out.daily.shape[0], len(out.base)
    weight = 1.0 / (n + 2.0)
    for t in range(length):
        out.residuals[t] += tally.above[columns, t]
        out.base[t] += tally.own[t] * (0.5 * weight)
    for k in range(columns):
        for t in range(length):
            out.daily[k, t] += tally.above[k, t] * weight
        if tally.gone[k] > 0:
            for t in range(length):
                out.absent[k, t] += tally.absent[k, t] * (0.5 * weight)
                out.missing[k, t] += tally.missing[k, t]
            tally.absent[k] = 0
            tally.missing[k] = 0
    for d in range(len(tally.came)):
        if tally.came[d] > 0:
            for t in range(length):
                out.corrado[t] += tally.both[d, t] * 0.5
                out.zivney[t] += tally.both[d, t] * (0.5 / (n + d + 1.0))
            tally.both[d] = 0
    tally.above[:] = 0
    tally.own[:] = 0
    tally.gone[:] = 0
    tally.came[:] = 0
    tally.alike[1] = 0


@inlined
def add_residuals(e: Array, off: Array, n: int, date: int, day: int, out: Out) -> float:
    """Add the residuals ``e`` to their sums by column and, less their mean ``off`` (L,; 0 where there is none), by
    calendar day; their variance.
    """
    squares = 0.0
    for t in range(len(e)):
        squares += (e[t] - off[t]) * (e[t] - off[t])
    for t in range(len(e)):
        out.residual[t] += e[t]
    if date >= 0:
        unit = 1.0 / np.sqrt(squares) if squares > 0.0 else 0.0
        row = out.by_date[date, day:]
        for t in range(len(e)):
            row[t] += (e[t] - off[t]) * unit
        out.own[0] += squares * unit * unit
    return squares / (n - 1)


@inlined
def add_pseudo(scaled: Array, known: Known, out: Out) -> None:
    """Add the jackknife's values of one event, as ``parametric.pseudo_values`` has them."""
    for k in range(len(scaled)):
        c = scaled[k] - known.mean[k]
        without = (known.mean[k] - c * known.share[k]) / np.sqrt(known.spread[k] - c * c * known.lost[k])
        pseudo = known.rest[k] * (known.ratio[k] - without)
        there = pseudo == pseudo
        out.pseudo[0, k] += 1.0 if there else 0.0
        out.pseudo[1, k] += pseudo if there else 0.0
        out.pseudo[2, k] += pseudo * pseudo if there else 0.0


@inlined
def rank_days(
    daily: Array, value: Array, found: Rows, rank: Rows, lower: NDArray[np.int16], upper: NDArray[np.int16]
) -> int:
    """Fill ``rank`` (D,) with twice the rank of each day among residuals and days, and of the days that are there
    ``lower`` and ``upper`` with how many residuals are below each and not above it, from ``found``; how many these are.
    """
    present = 0
    for d in range(len(daily)):
        rank[d] = 0
        if daily[d] == daily[d]:
            q = below(value, found[d], daily[d])
            lower[present], upper[present] = q, found[d]
            rank[d] = q + found[d] + 1
            present += 1
    for c in range(len(daily)):
        for d in range(len(daily)):
            rank[d] += (1 if daily[c] < daily[d] else 0) + (1 if daily[c] <= daily[d] else 0)
    return present


@compiled
def second_look(block: Block, events: int, known: Known, out: Out) -> None:
    """Add the first ``events`` of ``block``, whose keys are sorted, to ``out``."""
    days, columns, length = block.daily.shape[1], block.value.shape[1], block.e.shape[1]
    low, tally, off, moved = low_bits(length), block.tally, np.zeros(length), False
    order = empty_order(length)
    asked, found = np.empty(days + columns + 1), np.empty(days + columns + 1, np.int64)
    above = np.empty(columns + 1, np.int16)
    above[columns] = -1
    rank, lower, upper = np.empty(days, np.int64), np.empty(days, np.int16), np.empty(days, np.int16)
    for p in range(events):
        e, n, mean = block.e[p], block.n[p], block.mean[p]
        value, scaled, daily = block.value[p], block.scaled[p], block.daily[p]
        if n != tally.alike[0] or tally.alike[1] == _MOST:
            weigh(tally, out)
            tally.alike[0] = n
        ties = put_in_order(e, block.keys[p], n, low, order)
        if moved or mean != 0.0:
            moved = mean != 0.0
            for t in range(length):
                off[t] = mean if order.position[t] >= 0 else 0.0
        variance = add_residuals(e, off, n, block.date[p], block.day[p], out)
        asked[:days] = daily
        for k in range(columns):
            asked[days + k] = scaled[k] / known.sd[k] * block.sigma[p]
        asked[days + columns] = 0.0
        not_above(order.value, n, asked, found)
        out.positive[0] += 1.0 - found[days + columns] / n
        present = rank_days(daily, order.value, found, rank, lower, upper)
        rank_in_order(order, n, present, lower, upper, ties)
        for d in range(days):
            there = daily[d] == daily[d]
            centred = 0.5 * (rank[d] - (n + present + 1))
            out.corrado[length + d] += centred if there else 0.0
            out.zivney[length + d] += centred / (n + present + 1.0) if there else 0.0
            out.ranked[length + d] += 1.0 if there else 0.0
        both = tally.both[present]
        for t in range(length):
            tally.own[t] += order.own[t]
            both[t] += order.both[t]
        tally.came[present] += 1
        weight = 1.0 / (n + 2.0)
        for k in range(columns):
            there = asked[days + k] == asked[days + k]
            r = found[days + k]
            out.variance[k] += variance if value[k] == value[k] else 0.0
            out.u[k] += (r + 1.0) * weight - 0.5 if there else 0.0
            out.u_count[k] += 1.0 if there else 0.0
            out.u_weight[k] += n / 12.0 * weight if there else 0.0
            above[k] = r - 1 if there else _MOST
        for k in range(columns):
            r, limit = found[days + k], asked[days + k]
            if limit != limit:
                absent, missing = tally.absent[k], tally.missing[k]
                for t in range(length):
                    absent[t] += order.own[t]
                    missing[t] += np.int16(order.position[t] >= 0)
                tally.gone[k] += 1
            elif r > 0 and order.value[r - 1] == limit:
                for j in range(below(order.value, r, limit), r):
                    out.daily[k, order.place[j]] += 0.5 * weight
                    out.u[k] -= 0.5 * weight
        add_pseudo(scaled, known, out)
        for k in range(columns + 1):
            row, limit_place = tally.above[k], above[k]
            for t in range(length):
                row[t] += np.int16(order.position[t] > limit_place)
        tally.alike[1] += 1
