"""Ranks of events among their residuals: the sums of the rank tests, in numpy and as a compiled loop.

Each event's residuals e are ranked with its D abnormal returns (Corrado 1989) and, apart from them, with its scaled
return, as one more day, in each of K columns (Kolari & Pynnönen 2011). ``numpy_ranks`` says it plainly; a test holds
``add_ranks`` to it, which takes one event after the other from sorted keys and is thirty times as fast once compiled.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.engines import compiled, inlined
from correlator.eventstudy.significance.arrays import Array, Rows

Counts = NDArray[np.int16]
Mask = NDArray[np.bool_]

_STRIDE = 16
_LARGEST = np.int64(np.iinfo(np.int64).max)
LONGEST = int(np.iinfo(np.int16).max)
"""Bars of an estimation window that the compiled loop takes: positions are held in 16 bits."""


class Ranked(NamedTuple):
    """Some events: residuals ``e`` (B, L) where ``used`` (B, L); abnormal returns ``daily`` (B, D) and ``limits``
    (B, K), their scaled values divided by the sd over events, on the residuals' scale; NaN where missing.
    """

    e: Array
    used: Mask
    daily: Array
    limits: Array


class Order(NamedTuple):
    """Of one event: ``value`` (L and a stride) the j-th smallest residual, ``place`` (L,) its column; by column (L,)
    ``position`` j, -1 where there is no residual, and ``rank`` from 1, ties averaged; room for ``rank_days`` (L,).
    """

    value: Array
    place: Rows
    position: Counts
    rank: Array
    below: Counts
    centred: Array


class DaySums(NamedTuple):
    """By estimation and event day (L + D,): sums over events of K - (M + 1)/2 and of K/(M + 1) - 1/2, K the rank among
    the event's M residuals and days, and how many.
    """

    plain: Array
    uniform: Array
    ranked: Array


class RankSums(NamedTuple):
    """``days`` and ``adjusted`` sums of ranks by day, of abnormal returns as they are and divided by the sd over events
    of their scaled values; ``daily``, ``present`` (K, L): by estimation day of U = rank / (n + 2) - 1/2 over events
    with a value in the column, and how many; ``u``, ``u_n``, ``u_weight`` (K,): of U of the event, how many, and of
    n / (12 (n + 2)).
    """

    days: DaySums
    adjusted: DaySums
    daily: Array
    present: Array
    u: Array
    u_n: Array
    u_weight: Array

    def plus(self, other: RankSums) -> RankSums:
        """The sums of both."""
        days, adjusted = (
            DaySums(*(a + b for a, b in zip(one, two, strict=True)))
            for one, two in ((self.days, other.days), (self.adjusted, other.adjusted))
        )
        return RankSums(days, adjusted, *(a + b for a, b in zip(self[2:], other[2:], strict=True)))


def no_ranks(length: int, days: int, columns: int) -> RankSums:
    """Sums of no events."""
    plain, adjusted = (DaySums(*(np.zeros(length + days) for _ in range(3))) for _ in range(2))
    cells = [np.zeros((columns, length)) for _ in range(2)]
    return RankSums(plain, adjusted, *cells, *(np.zeros(columns) for _ in range(3)))


def average_ranks(values: Array) -> Array:
    """(E, T) rank of each value in its row from 1, ties averaged, NaN where missing."""
    values = np.asarray(values, dtype=np.float64)
    order = np.argsort(values, axis=1, kind="stable")
    in_order = np.take_along_axis(values, order, axis=1)
    position = np.broadcast_to(np.arange(1.0, values.shape[1] + 1), values.shape)
    new = np.ones(values.shape, dtype=bool)
    new[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
    if not new.all():
        first = np.maximum.accumulate(np.where(new, position, 0.0), axis=1)
        ends = np.ones(values.shape, dtype=bool)
        ends[:, :-1] = new[:, 1:]
        last = np.minimum.accumulate(np.where(ends, position, np.inf)[:, ::-1], axis=1)[:, ::-1]
        position = (first + last) / 2
    ranks = np.empty_like(values)
    np.put_along_axis(ranks, order, position, axis=1)
    ranks[np.isnan(values)] = np.nan
    return ranks


def numpy_ranks(events: Ranked, out: RankSums) -> None:
    """Add to ``out`` the ranks of some events."""
    used, limits = events.used, events.limits
    e = np.where(used, events.e, np.nan)
    numpy_days(e, events.daily, out.days)
    numpy_days(e, limits[:, : events.daily.shape[1]], out.adjusted)
    n = used.sum(axis=1).astype(np.float64)
    weight, here = 1.0 / (n + 2.0), (~np.isnan(limits)).astype(np.float64)
    base = np.where(used, average_ranks(e) * weight[:, None] - 0.5, 0.0)
    out.daily[:] += here.T @ base
    out.present[:] += here.T @ used
    out.u_n[:] += here.sum(axis=0)
    out.u_weight[:] += (n / 12.0 * weight) @ here
    for k in range(limits.shape[1]):
        limit = limits[:, k : k + 1]
        share = (e > limit) + 0.5 * (e == limit)
        out.daily[k] += weight @ share
        above = n + 1.0 - share.sum(axis=1)
        out.u[k] += np.where(here[:, k] > 0, above * weight - 0.5, 0.0).sum()


def numpy_days(e: Array, daily: Array, into: DaySums) -> None:
    """Add the ranks of residuals and days among one another."""
    ranks = average_ranks(np.concatenate([e, daily], axis=1))
    known = ~np.isnan(ranks)
    ranks, own = np.where(known, ranks, 0.0), known.sum(axis=1)
    into.ranked[:] += known.sum(axis=0)
    into.plain[:] += ranks.sum(axis=0) - ((own + 1) / 2) @ known
    into.uniform[:] += (1.0 / (own + 1)) @ ranks - 0.5 * known.sum(axis=0)


def compiled_ranks(events: Ranked, out: RankSums) -> None:
    """As ``numpy_ranks``; keys are sorted by numpy, which has wide instructions for whole numbers."""
    keys = np.empty(events.e.shape, dtype=np.int64)
    compiled(fill_keys)(events.e, events.used, keys)
    keys.sort(axis=1)
    compiled(add_ranks)(events, keys, out)


def fill_keys(e: Array, used: Mask, keys: Rows) -> None:
    """Fill ``keys`` (B, L) with whole numbers in the order of ``e`` but for the lowest bits, which hold the column; the
    largest where ``e`` is not ``used``.
    """
    length, low = e.shape[1], 1
    while low < length:
        low <<= 1
    bits, mask = e.view(np.int64), ~np.int64(low - 1)
    for p in range(len(e)):
        for t in range(length):
            ordered = bits[p, t] ^ ((bits[p, t] >> 63) & _LARGEST)
            keys[p, t] = (ordered & mask) | t if used[p, t] else _LARGEST


def add_ranks(events: Ranked, keys: Rows, out: RankSums) -> None:
    """Add to ``out`` the ranks of a block of events, from their sorted ``keys`` (B, L)."""
    e, daily, limits = events.e, events.daily, events.limits
    length, days, columns = e.shape[1], daily.shape[1], limits.shape[1]
    order = empty_order(length)
    position, rank = order.position, order.rank
    asked, hits = np.empty(days + columns), np.empty(days + columns, np.int64)
    base, used = np.zeros(length), np.zeros(length)
    for p in range(len(e)):
        n = put_in_order(e[p], keys[p], order)
        asked[:days] = daily[p]
        asked[days:] = limits[p]
        not_above(order.value, n, asked, hits)
        rank_days(order, n, (asked[:days], hits[:days]), out.days)
        rank_days(order, n, (asked[days : 2 * days], hits[days : 2 * days]), out.adjusted)
        weight = 1.0 / (n + 2.0)
        for t in range(length):
            rank[t] = rank[t] * weight - 0.5 if position[t] >= 0 else 0.0
        for t in range(length):
            base[t] += rank[t]
        for t in range(length):
            used[t] += 1.0 if position[t] >= 0 else 0.0
        for k in range(columns):
            limit, r, row = asked[days + k], hits[days + k], out.daily[k]
            if limit != limit:
                for t in range(length):
                    row[t] -= rank[t]
                for t in range(length):
                    out.present[k, t] -= 1.0 if position[t] >= 0 else 0.0
                continue
            edge = np.int16(r - 1)
            for t in range(length):
                row[t] += weight if position[t] > edge else 0.0
            ties = 0
            while r > ties and order.value[r - 1 - ties] == limit:
                row[order.place[r - 1 - ties]] += 0.5 * weight
                ties += 1
            out.u[k] += (r - 0.5 * ties + 1.0) * weight - 0.5
            out.u_n[k] += 1.0
            out.u_weight[k] += n / 12.0 * weight
    for k in range(columns):
        for t in range(length):
            out.daily[k, t] += base[t]
        for t in range(length):
            out.present[k, t] += used[t]
    for t in range(length):
        out.days.ranked[t] += used[t]
        out.adjusted.ranked[t] += used[t]


@inlined
def empty_order(length: int) -> Order:
    """Room for the order of ``length`` residuals."""
    value, place, rank = np.empty(length + _STRIDE), np.empty(length, np.int64), np.empty(length)
    return Order(value, place, np.empty(length, np.int16), rank, np.empty(length, np.int16), np.empty(length))


@inlined
def put_in_order(e: Array, keys: Rows, order: Order) -> int:
    """Fill ``order`` from one event's residuals and their sorted keys; how many residuals there are.

    Insertion mends the order where the keys' lost bits decide.
    """
    value, place, position, rank, _, _ = order
    length, low, n = len(e), 1, 0
    while low < length:
        low <<= 1
    for t in range(length):
        n += 1 if keys[t] != _LARGEST else 0
    position[:] = -1
    for j in range(n):
        place[j] = keys[j] & (low - 1)
    for j in range(n):
        value[j] = e[place[j]]
        position[place[j]] = j
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
        for j in range(n):
            position[place[j]] = j
    for t in range(length):
        rank[t] = position[t] + 1.0
    j = 0
    while close > 0 and j < n:
        r = j + 1
        while r < n and value[r] == value[j]:
            r += 1
        for q in range(j, r):
            rank[place[q]] = 0.5 * (j + r + 1)
        j = r
    return n


@inlined
def not_above(value: Array, n: int, asked: Array, hits: Rows) -> None:
    """Fill ``hits`` (C,): how many of the first ``n`` values in order are not above ``asked`` (C,), none for NaN.

    All are compared with every 16th value, then bisected side by side: a bisection of one guesses every branch wrong
    half of the time. Behind ``n`` there is room for a stride.
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
def rank_days(order: Order, n: int, event: tuple[Array, Rows], into: DaySums) -> None:
    """Add the ranks of residuals and days among one another; ``event``: the days' returns (D,) and how many of the n
    residuals are not above each.
    """
    value, _, position, rank, below, centred = order
    daily, hits = event
    length, days, m = len(position), len(daily), n
    for d in range(days):
        m += 1 if daily[d] == daily[d] else 0
    middle, share = 0.5 * (m + 1), 1.0 / (m + 1.0)
    below[:] = 0
    for d in range(days):
        if daily[d] == daily[d]:
            lower, upper = hits[d], hits[d]
            while lower > 0 and value[lower - 1] == daily[d]:
                lower -= 1
            first, last = np.int16(lower), np.int16(upper)
            for t in range(length):
                below[t] += np.int16(position[t] >= first) + np.int16(position[t] >= last)
            both = lower + upper + 1
            for c in range(days):
                both += (1 if daily[c] < daily[d] else 0) + (1 if daily[c] <= daily[d] else 0)
            own = 0.5 * both
            into.plain[length + d] += own - middle
            into.uniform[length + d] += own * share - 0.5
            into.ranked[length + d] += 1.0
    for t in range(length):
        centred[t] = rank[t] + 0.5 * below[t] - middle if position[t] >= 0 else 0.0
    for t in range(length):
        into.plain[t] += centred[t]
    for t in range(length):
        into.uniform[t] += centred[t] * share
