"""Sums over the residuals and ranks of many events, in loops that also run as plain Python.

The numpy code of ``sums`` and ``ranks`` defines the sums, and a test compares these loops with it. Events are processed
one by one and stay in the processor's cache; sums over all events come from the first pass.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.request.engines import inlined
from correlator.eventstudy.significance.ranks import RankSums
from correlator.eventstudy.significance.sums import ROUNDING
from correlator.eventstudy.significance.value_loops import Values

Counts = NDArray[np.int16]
Keys = NDArray[np.int32]
Totals = NDArray[np.int32]

LONGEST: Final = int(np.iinfo(np.int16).max) // 4
"""Longest estimation window, in bars, for these loops: twice the distance of ranks is kept in 16 bits."""
_STRIDE, _COUNTED = 16, 32
_LOW = (1 << 16) - 1
LARGEST = np.int32(np.iinfo(np.int32).max)


class Meeting(NamedTuple):
    """For some events the position of their ``date`` (B,) among all, their ``group`` (B,) as in ``Neighbours`` and the
    ``column`` (B,) of ``summed`` to which their first residual is added.
    """

    date: Rows
    group: Rows
    column: Rows


class Looked(NamedTuple):
    """Sums over events: ``variance``, ``positive_share`` (K,), ``residual`` (L,) and ``pseudo`` (3, K) as in ``sums``;
    ``ranks``; ``summed`` (dates, span) and ``own`` (1,) as in ``date_correlations``; ``date_totals``, ``date_n`` (G, K)
    sum and number of values by event date.
    """

    variance: Array
    positive_share: Array
    residual: Array
    pseudo: Array
    ranks: RankSums
    summed: Array
    own: Array
    date_totals: Array
    date_n: Array


class Order(NamedTuple):
    """The sorted residuals of one event: ``value`` (L plus a stride) the j-th smallest residual, ``place`` (L,) its
    column. By column, padded with zeros: ``rank`` from 1 in that order, and ``twice``, twice the rank with ties
    averaged less (n + 1) for n residuals; both 0 where there is none. ``steps`` (L + 1,) and ``packed`` are buffers of
    ``fill_ranks``.
    """

    value: Array
    place: Rows
    rank: Counts
    twice: Counts
    steps: Rows
    packed: Rows


class Tally(NamedTuple):
    """Integer counts over events with the same number of residuals: ``above`` (K + 1, L and padding) how many have a
    residual above their value, in the last row how many have a residual at all; sums over events of ``twice`` (L,) of
    ``Order`` and, by number of ranked days, of the output of ``rank_days``: ``days`` and ``adjusted`` (D + 1, L + D).
    """

    above: Counts
    twice: Totals
    days: Totals
    adjusted: Totals


def add_residuals(
    estimation: tuple[Array, Array, Keys], known: tuple[Values, Array], meeting: Meeting, out: Looked
) -> None:
    """Add a block of events to ``out``, from residuals, days and sorted keys; ``known``: values and constants.

    Ranks are counted in integers and weighted when the number of residuals changes, which is rare.
    """
    e, daily, keys = estimation
    values, constants = known
    ranks = out.ranks
    length, days, columns = e.shape[1], daily.shape[1], values.x.shape[1]
    order, asked = empty_order(length), np.empty(days + columns + 1)
    hits, limit = np.empty(days + columns + 1, np.int64), np.empty(columns + 1, np.int16)
    tally, below = empty_tally(length, days, columns), np.empty((2, len(order.rank)), np.int16)
    away, centred = np.empty(length + days, np.int16), np.empty(length)
    base, scaled = np.zeros(length), np.empty(columns)
    alike, weight = 0, 0.5
    limit[columns] = 0
    for p in range(len(e)):
        n = fill_sorted(e[p], keys[p], order)
        if n != alike:
            weigh(tally, alike, base, ranks)
            alike, weight = n, 1.0 / (n + 2.0)
        asked[:days] = daily[p]
        for k in range(columns):
            scaled[k] = values.x[p, k] / values.se[p, k]
        for k in range(columns):
            asked[days + k] = scaled[k] * (values.sigma[p] / constants[1, k])
        asked[days + columns] = 0.0
        not_above(order.value, n, asked, hits)
        fill_ranks(order, n, (asked[: 2 * days], hits), below)
        squares = centre(e[p], order, (n, values.sigma[p]), centred)
        add_dated(values.x[p], (meeting.date[p], meeting.group[p], meeting.column[p]), (centred, squares), out)
        for t in range(length):
            out.residual[t] += e[p, t]
        share, variance = 1.0 - hits[days + columns] / n, squares / (n - 1)
        for k in range(columns):
            out.variance[k] += variance * values.bars[p, k]
            out.positive_share[k] += share if values.x[p, k] == values.x[p, k] else 0.0
        add_pseudo(scaled, constants, out.pseudo)
        rank_days(order, (n, asked[:days], hits[:days], below[0]), away, (ranks.days.ranked, tally.days))
        rank_days(
            order,
            (n, asked[days : 2 * days], hits[days : 2 * days], below[1]),
            away,
            (ranks.adjusted.ranked, tally.adjusted),
        )
        for t in range(length):
            tally.twice[t] += order.twice[t]
        for k in range(columns):
            limit[k] = np.int16(hits[days + k]) if asked[days + k] == asked[days + k] else np.int16(LONGEST)
        for k in range(columns + 1):
            row, least = tally.above[k], limit[k]
            for t in range(len(row)):
                row[t] += np.int16(order.rank[t] > least)
        for k in range(columns):
            place, measured = days + k, asked[days + k] == asked[days + k]
            ranks.u[k] += (hits[place] + 1.0) * weight - 0.5 if measured else 0.0
            ranks.u_n[k] += 1.0 if measured else 0.0
            ranks.u_weight[k] += n / 12.0 * weight if measured else 0.0
        for k in range(columns):
            if asked[days + k] != asked[days + k]:
                for t in range(length):
                    ranks.daily[k, t] -= 0.5 * weight * (order.twice[t] - (1 if order.rank[t] > 0 else 0))
                for t in range(length):
                    ranks.present[k, t] -= 1.0 if order.rank[t] > 0 else 0.0
            r = hits[days + k]
            while r > 0 and order.value[r - 1] == asked[days + k]:
                r -= 1
                ranks.daily[k, order.place[r]] += 0.5 * weight
                ranks.u[k] -= 0.5 * weight
    weigh(tally, alike, base, ranks)
    for k in range(columns):
        for t in range(length):
            ranks.daily[k, t] += base[t]


@inlined
def empty_tally(length: int, days: int, columns: int) -> Tally:
    """Return a tally of no events; rows of 16 bits are padded to whole registers of the processor."""
    width = (length + _COUNTED - 1) // _COUNTED * _COUNTED
    by_days = (days + 1, length + days)
    above, twice = np.zeros((columns + 1, width), np.int16), np.zeros(length, np.int32)
    return Tally(above, twice, np.zeros(by_days, np.int32), np.zeros(by_days, np.int32))


@inlined
def weigh(tally: Tally, n: int, base: Array, into: RankSums) -> None:
    """Add the counts of events with ``n`` residuals to ``into``, and reset them; ``base`` (L,): the part of
    ``into.daily`` that is common to all columns.
    """
    above, weight = tally.above, 1.0 / (n + 2.0)
    columns, length = into.daily.shape
    used = above[columns]
    for k in range(columns):
        for t in range(length):
            into.daily[k, t] += weight * (above[k, t] - 0.5 * used[t])
        for t in range(length):
            into.present[k, t] += used[t]
    for t in range(length):
        into.days.ranked[t] += used[t]
        into.adjusted.ranked[t] += used[t]
        base[t] += 0.5 * weight * tally.twice[t]
    for d in range(len(tally.days)):
        share = 0.5 / (n + d + 1.0)
        for t in range(tally.days.shape[1]):
            into.plain[t] += 0.5 * tally.days[d, t]
            into.days.uniform[t] += share * tally.days[d, t]
            into.adjusted.uniform[t] += share * tally.adjusted[d, t]
    above[:], tally.twice[:], tally.days[:], tally.adjusted[:] = 0, 0, 0, 0


@inlined
def centre(e: Array, order: Order, size: tuple[int, float], centred: Array) -> float:
    """Fill ``centred`` with the residuals less their mean, 0 where there is none; return the sum of their squares.

    ``size``: the number of residuals and their sigma.
    """
    n, sigma = size
    mean, squares = 0.0, 0.0
    for t in range(len(e)):
        mean += e[t]
    mean /= n
    mean = mean if abs(mean) > ROUNDING * sigma else 0.0
    if mean == 0.0:  # as for recomputed residuals
        for t in range(len(e)):
            centred[t] = e[t]
    else:
        for t in range(len(e)):
            centred[t] = e[t] - mean if order.rank[t] > 0 else 0.0
    for t in range(len(e)):
        squares += centred[t] * centred[t]
    return squares


@inlined
def add_dated(x: Array, place: tuple[int, int, int], residuals: tuple[Array, float], out: Looked) -> None:
    """Add the values of one event, and its normalised residuals, to the sums of its date; ``place``: its date, group
    and column in ``Meeting``.
    """
    centred, squares = residuals
    date, group, column = place
    totals, n = out.date_totals[date], out.date_n[date]
    for k in range(len(x)):
        totals[k] += x[k] if x[k] == x[k] else 0.0
        n[k] += 1.0 if x[k] == x[k] else 0.0
    if group >= 0 and squares > 0:
        unit, row = 1.0 / np.sqrt(squares), out.summed[group, column:]
        for t in range(len(centred)):
            row[t] += centred[t] * unit
        out.own[0] += squares * unit * unit


@inlined
def add_pseudo(scaled: Array, constants: Array, out: Array) -> None:
    """Add the jackknife's pseudo-values of one event, as in ``sums.pseudo``."""
    mean, _, rest, all_in, spread, lost = constants
    for k in range(len(scaled)):
        away = scaled[k] - mean[k]
        without = np.sqrt(spread[k] - away * away * lost[k])
        value = all_in[k] - (mean[k] * rest[k] - away) / without
        known = value == value
        out[0, k] += 1.0 if known else 0.0
        out[1, k] += value if known else 0.0
        out[2, k] += value * value if known else 0.0


@inlined
def empty_order(length: int) -> Order:
    """Return buffers for the order of ``length`` residuals; counts in 16 bits are padded to whole registers."""
    width = (length + _COUNTED - 1) // _COUNTED * _COUNTED
    value, place = np.empty(length + _STRIDE), np.empty(length, np.int64)
    rank, twice = np.zeros(width, np.int16), np.zeros(width, np.int16)
    return Order(value, place, rank, twice, np.zeros(length + 1, np.int64), np.zeros(width, np.int64))


@inlined
def fill_sorted(e: Array, keys: Keys, order: Order) -> int:
    """Fill ``value`` and ``place`` from one event's residuals and their sorted keys; return the number of residuals.

    An insertion sort corrects the order of residuals that the rounded keys do not distinguish.
    """
    value, place = order.value, order.place
    length, low, n = len(e), 1, 0
    while low < length:
        low <<= 1
    for t in range(length):
        n += 1 if keys[t] != LARGEST else 0
    for j in range(n):
        place[j] = keys[j] & (low - 1)
    for j in range(n):
        value[j] = e[place[j]]
    close = 0
    for j in range(1, n):
        close += 1 if value[j] <= value[j - 1] else 0
    if close > 0:
        for j in range(1, n):
            v, t, q = value[j], place[j], j
            while q > 0 and value[q - 1] > v:
                value[q] = value[q - 1]
                place[q] = place[q - 1]
                q -= 1
            value[q] = v
            place[q] = t
    return n


@inlined
def fill_ranks(order: Order, n: int, event: tuple[Array, Rows], below: Counts) -> None:
    """Fill ``rank`` and ``twice``, and ``below`` (2, L): how many of the event's days, and of its scaled days, are
    below each residual. ``event``: both (2 D,), and how many residuals are not above each.

    All three increase with the order, so they are accumulated and scattered as bit fields of one integer.
    """
    value, place, rank, twice, steps, packed = order
    asked, hits = event
    days = len(asked) // 2
    for c in range(len(asked)):
        if asked[c] == asked[c]:
            steps[hits[c]] += 1 << 16 if c < days else 1 << 32
    packed[:] = 0
    total = 0
    for j in range(n):
        total += steps[j] + 1
        packed[place[j]] = total
    steps[:] = 0
    for t in range(len(packed)):
        rank[t] = packed[t] & _LOW
    for t in range(len(packed)):
        below[0, t] = (packed[t] >> 16) & _LOW
    for t in range(len(packed)):
        below[1, t] = packed[t] >> 32
    more = np.int16(n + 1)
    for t in range(len(rank)):
        twice[t] = 2 * rank[t] - more if rank[t] > 0 else 0
    ties, j = 0, 0
    for q in range(1, n):
        ties += 1 if value[q] == value[q - 1] else 0
    while ties > 0 and j < n:
        r = j + 1
        while r < n and value[r] == value[j]:
            r += 1
        for q in range(j, r):
            twice[place[q]] = j + r - n
        j = r


@inlined
def not_above(value: Array, n: int, asked: Array, hits: Rows) -> None:
    """Fill ``hits`` (C,): how many of the first ``n`` sorted values are not above ``asked`` (C,), none for NaN.

    All are compared with every 16th value, then bisected side by side, which avoids the branch mispredictions of
    separate bisections. ``value`` has room for a stride after ``n``.
    """
    value[n : n + _STRIDE] = np.inf
    hits[:] = 0
    for j in range(_STRIDE - 1, n, _STRIDE):
        for c in range(len(asked)):
            hits[c] += _STRIDE if value[j] <= asked[c] else 0
    half = _STRIDE >> 1
    while half > 0:
        for c in range(len(asked)):
            hits[c] += half if value[hits[c] + half - 1] <= asked[c] else 0
        half >>= 1
    for c in range(len(asked)):
        hits[c] = min(hits[c], n)


@inlined
def rank_days(order: Order, event: tuple[int, Array, Rows, Counts], away: Counts, into: tuple[Array, Totals]) -> None:
    """Fill ``away`` (L + D,) with twice the joint ranks of residuals and days less their mean, 0 for none, and add them
    to ``into``: days ranked (L + D,), and a table of ``Tally``.

    ``event``: the number n of residuals, the returns of the days (D,), how many residuals are not above each, and how
    many days are below each residual.
    """
    n, daily, hits, below = event
    ranked_days, totals = into
    days, ranked = len(daily), n
    length = len(away) - days
    for d in range(days):
        ranked += 1 if daily[d] == daily[d] else 0
    present = np.int16(ranked - n)
    for t in range(length):
        away[t] = order.twice[t] + 2 * below[t] - present if order.rank[t] > 0 else 0
    for d in range(days):
        own, lower = hits[d] - ranked, hits[d]
        for c in range(days):
            own += (1 if daily[c] < daily[d] else 0) + (1 if daily[c] <= daily[d] else 0)
        while lower > 0 and order.value[lower - 1] == daily[d]:
            lower -= 1
            away[order.place[lower]] += 1
        measured = daily[d] == daily[d]
        away[length + d] = own + lower if measured else 0
        ranked_days[length + d] += 1.0 if measured else 0.0
    row = totals[ranked - n]
    for t in range(length + days):
        row[t] += away[t]
