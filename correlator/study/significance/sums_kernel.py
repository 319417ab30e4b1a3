"""The two looks of ``sums`` at many events, as loops that numba compiles; imported only where they are wanted.

Nothing is kept of an event but what it adds to the sums: a block of events at a time, residuals are computed again from
the bars, ranked and forgotten. Ranks come from sorting 64-bit keys: the bits of a value, ordered, with its place in the
lowest ones; where that costs a difference between neighbours, insertion of the values themselves mends it, so the order
is exact. Neighbouring events mostly have as many residuals, so that what weighs the same is counted in whole numbers
and weighed once. Sums may be reordered by the compiler; NaN stays NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from correlator.study.significance.arrays import Array, Rows
from correlator.study.significance.ranks_kernel import (
    Order,
    below,
    compiled,
    inlined,
    low_bits,
    not_above,
    put_in_order,
    rank_in_order,
)
from correlator.study.significance.residuals_kernel import Bars, Events, residuals

_MOST = np.iinfo(np.int16).max
_LARGEST = np.int64(np.iinfo(np.int64).max)


class Known(NamedTuple):
    """What the first look found, each (K,): ``n``, ``mean``, ``m2``, ``sd`` of x / se."""

    n: Array
    mean: Array
    m2: Array
    sd: Array


class Out(NamedTuple):
    """Where the second look adds, named as in ``SecondLook``; ``base`` (L,) of U over all events, ``absent`` and
    ``missing`` (K, L) of U and how many over events without a value; ``pseudo`` (3, K): how many, sum, squares of the
    jackknife's values; ``by_date`` (dates, span) standardised residuals by calendar day, ``own`` (1,) their squares.
    """

    variance: Array
    positive: Array
    residual: Array
    residuals: Array
    corrado: Array
    zivney: Array
    ranked: Array
    base: Array
    absent: Array
    missing: Array
    daily: Array
    u: Array
    u_count: Array
    u_weight: Array
    pseudo: Array
    by_date: Array
    own: Array


class Block(NamedTuple):
    """Room for B events: ``value``, ``scaled`` (B, K) x and x / se; ``daily`` (B, D) abnormal returns to rank; ``e``
    (B, L) residuals, ``n``, ``mean`` (B,) how many and their mean, ``keys`` (B, L) which sorted give their order; and
    what is counted over blocks: ``tally`` (K + 1, L) of events alike in n, of residuals above the event's value, and
    in the last row of all residuals; ``alike`` (2,) that n, and how many events.
    """

    value: Array
    scaled: Array
    daily: Array
    e: Array
    n: Rows
    mean: Array
    keys: Rows
    tally: NDArray[np.int16]
    alike: Rows


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


@compiled
def fill_block(bars: Bars, events: Events, rows: Rows, block: Block) -> None:
    """Values, residuals and sort keys of the events ``rows`` (B,).

    Events lie scattered in memory: many are fetched at once here, as waiting for each in turn would cost as much as its
    ranks.
    """
    length, days, windows = block.e.shape[1], events.ar.shape[1], events.car.shape[1]
    low, spare = low_bits(length), np.empty(length)
    for p in range(len(rows)):
        i = rows[p]
        for d in range(days):
            block.value[p, d] = events.ar[i, d]
            block.scaled[p, d] = events.ar[i, d] / events.ar_se[i, d]
        for w in range(windows):
            block.value[p, days + w] = events.car[i, w]
            block.scaled[p, days + w] = events.car[i, w] / events.car_se[i, w]
    for p in range(len(rows)):
        e, keys = block.e[p], block.keys[p]
        block.n[p], block.mean[p] = residuals(bars, events, rows[p], e, block.daily[p], spare)
        bits = e.view(np.int64)
        for t in range(length):
            ordered = bits[t] ^ ((bits[t] >> 63) & _LARGEST)
            keys[t] = (ordered & ~low) | t if e[t] == e[t] else _LARGEST


@inlined
def weigh(block: Block, out: Out) -> None:
    """Add what was counted to ``daily`` and ``residuals``, and count from zero."""
    columns = out.daily.shape[0]
    weight = 1.0 / (block.alike[0] + 2.0)
    for k in range(columns):
        for t in range(block.tally.shape[1]):
            out.daily[k, t] += block.tally[k, t] * weight
    for t in range(block.tally.shape[1]):
        out.residuals[t] += block.tally[columns, t]
    block.tally[:] = 0
    block.alike[1] = 0


@inlined
def add_residuals(events: Events, i: int, e: Array, n: int, mean: float, out: Out) -> float:
    """Add the residuals ``e`` to their sums by column and by calendar day; their variance."""
    squares = 0.0
    for t in range(len(e)):
        there = e[t] == e[t]
        squares += (e[t] - mean) * (e[t] - mean) if there else 0.0
        out.residual[t] += e[t] if there else 0.0
    g = events.date[i]
    if g >= 0:
        unit = 1.0 / np.sqrt(squares) if squares > 0.0 else 0.0
        row = out.by_date[g, events.first[i] - events.start[g] :]
        for t in range(len(e)):
            row[t] += (e[t] - mean) * unit if e[t] == e[t] else 0.0
        out.own[0] += squares * unit * unit
    return squares / (n - 1)


@inlined
def add_pseudo(scaled: Array, known: Known, out: Out) -> None:
    """Add the jackknife's values of one event, as ``parametric.pseudo_values`` has them."""
    for k in range(len(scaled)):
        rest = known.n[k] - 1.0
        c = scaled[k] - known.mean[k]
        without = (known.mean[k] - c / rest) / np.sqrt((known.m2[k] - c * c * known.n[k] / rest) / (rest - 1.0))
        pseudo = rest * (known.mean[k] / known.sd[k] - without)
        there = pseudo == pseudo
        out.pseudo[0, k] += 1.0 if there else 0.0
        out.pseudo[1, k] += pseudo if there else 0.0
        out.pseudo[2, k] += pseudo * pseudo if there else 0.0


@compiled
def second_look(events: Events, rows: Rows, block: Block, known: Known, out: Out) -> None:
    """Add the events ``rows`` (B,), whose residuals and sorted keys are in ``block``, to ``out``.

    Of an event that is done ``block.e`` holds U by column.
    """
    days, columns, length = events.ar.shape[1], block.value.shape[1], block.e.shape[1]
    low = low_bits(length)
    order = Order(
        np.empty(length),
        np.empty(length, np.int32),
        np.empty(length, np.int16),
        np.empty(length + 1, np.int32),
        np.empty(length),
        np.empty(length),
    )
    asked, found = np.empty(days + columns + 1), np.empty(days + columns + 1, np.int64)
    above = np.empty(columns + 1, np.int16)
    above[columns] = -1
    rank = np.empty(days)
    for p in range(len(rows)):
        i, e, n, mean = rows[p], block.e[p], block.n[p], block.mean[p]
        value, scaled, daily = block.value[p], block.scaled[p], block.daily[p]
        if n != block.alike[0] or block.alike[1] == _MOST:
            weigh(block, out)
            block.alike[0] = n
        variance = add_residuals(events, i, e, n, mean, out)
        ties = put_in_order(e, block.keys[p], n, low, order)
        asked[:days] = daily
        for k in range(columns):
            asked[days + k] = scaled[k] / known.sd[k] * events.sigma[i]
        asked[days + columns] = 0.0
        not_above(order.value, n, asked, found)
        out.positive[0] += 1.0 - found[days + columns] / n
        order.step[:] = 0
        present = 0
        for d in range(days):
            rank[d] = 0.0
            if daily[d] == daily[d]:
                r = found[d]
                q = below(order.value, r, daily[d])
                order.step[q] += 1
                order.step[r] += 1
                rank[d] = 0.5 * (q + r + 1)
                present += 1
        for c in range(days):
            for d in range(days):
                rank[d] += (0.5 if daily[c] < daily[d] else 0.0) + (0.5 if daily[c] <= daily[d] else 0.0)
        rank_in_order(order, n, ties)
        weight, middle, own_weight = 1.0 / (n + present + 1.0), 0.5 * (n + present + 1.0), 1.0 / (n + 2.0)
        for d in range(days):
            there = daily[d] == daily[d]
            out.corrado[length + d] += rank[d] - middle if there else 0.0
            out.zivney[length + d] += rank[d] * weight - 0.5 if there else 0.0
            out.ranked[length + d] += 1.0 if there else 0.0
        for t in range(length):
            j = max(order.position[t], 0)
            there = order.position[t] >= 0
            both, own = order.both[j], order.own[j]
            out.corrado[t] += both - middle if there else 0.0
            out.zivney[t] += both * weight - 0.5 if there else 0.0
            e[t] = own * own_weight - 0.5 if there else 0.0
            out.base[t] += e[t]
        for k in range(columns):
            out.variance[k] += variance if value[k] == value[k] else 0.0
            limit = asked[days + k]
            above[k] = _MOST
            if limit == limit:
                r = found[days + k]
                q = below(order.value, r, limit)
                above[k] = r - 1
                for j in range(q, r):
                    out.daily[k, order.place[j]] += 0.5 * own_weight
                out.u[k] += (0.5 * (q + r) + 1.0) * own_weight - 0.5
                out.u_count[k] += 1.0
                out.u_weight[k] += n / 12.0 * own_weight
            else:
                for t in range(length):
                    out.absent[k, t] += e[t]
                    out.missing[k, t] += 1.0 if order.position[t] >= 0 else 0.0
        add_pseudo(scaled, known, out)
        for k in range(columns + 1):
            row, limit_place = block.tally[k], above[k]
            for t in range(length):
                row[t] += np.int16(order.position[t] > limit_place)
        block.alike[1] += 1
