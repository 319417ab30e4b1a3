"""Ranks as loops that numba compiles: an exact order from sorted keys, places in it, signed ranks.

Imported only where many events are looked at. Sums may be reordered by the compiler; NaN stays NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.significance.arrays import Array, Rows
from correlator.eventstudy.significance.nonparametric import Keys

_LEFT_OUT = np.uint64(np.iinfo(np.uint64).max)
_INFINITY = np.uint64(0xFFE0000000000000)
_RUN = 256
_RUNS_TOGETHER = 128  # a quarter of a megabyte: sorted in the cache
_STRIDE = 16
_KEYS_A_PART = 16  # most returns lie within four of some thirty powers of two: a hundred keys in a full part
_REORDER = {"reassoc", "contract", "arcp", "nsz"}

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": _REORDER}

compiled: Callable[[Any], Any] = numba.njit(**_OPTIONS)
"""Compile a function of arrays on first call; numba keeps what it compiled on disk."""

inlined: Callable[[Any], Any] = numba.njit(**_OPTIONS, inline="always")
"""The same, written out where a loop calls it: handing over tuples of arrays would cost a tenth of the loop."""


class Order(NamedTuple):
    """Of one event: ``value`` (L and a stride) the j-th smallest residual, ``place`` (L,) its column, ``position`` (L,)
    j of each column or -1, ``own`` (L,) twice the rank of each column among the n residuals less n + 2, ``both`` (L,)
    twice its rank among them and the days that are there less 1 and the number of both; 0 where there is no residual.
    """

    value: Array
    place: NDArray[np.int32]
    position: NDArray[np.int16]
    own: NDArray[np.int16]
    both: NDArray[np.int16]


@compiled
def empty_order(length: int) -> Order:
    """Room for the order of ``length`` residuals."""
    return Order(
        value=np.empty(length + _STRIDE),
        place=np.empty(length, dtype=np.int32),
        position=np.empty(length, dtype=np.int16),
        own=np.empty(length, dtype=np.int16),
        both=np.empty(length, dtype=np.int16),
    )


@compiled
def low_bits(length: int) -> int:
    """The mask of the bits that hold a column below ``length``."""
    low = 1
    while low < length:
        low <<= 1
    return low - 1


@compiled
def insert_in_order(order: Order, n: int) -> bool:
    """Mend ``value``, ``place`` and ``position`` where neighbours are not in order; whether two values are equal."""
    ties = False
    for j in range(1, n):
        v, t = order.value[j], order.place[j]
        q = j
        while q > 0 and order.value[q - 1] > v:
            order.value[q] = order.value[q - 1]
            order.place[q] = order.place[q - 1]
            q -= 1
        order.value[q] = v
        order.place[q] = t
        ties = ties or (q > 0 and order.value[q - 1] == v)
    for j in range(n):
        order.position[order.place[j]] = j
    return ties


@inlined
def put_in_order(e: Array, keys: Rows, n: int, low: int, order: Order) -> bool:
    """Fill ``value``, ``place`` and ``position`` from sorted ``keys``; whether two residuals are equal."""
    order.position[:] = -1
    for j in range(n):
        order.place[j] = keys[j] & low
    for j in range(n):
        t = order.place[j]
        order.value[j], order.position[t] = e[t], j
    wrong = 0
    for j in range(1, n):
        wrong += 1 if order.value[j] <= order.value[j - 1] else 0
    return wrong > 0 and insert_in_order(order, n)


@inlined
def not_above(in_order: Array, n: int, v: Array, out: Rows) -> None:
    """Fill ``out`` (C,): how many of the first ``n`` values in order are not above ``v`` (C,).

    All are compared with every ``_STRIDE``-th value, then bisected side by side, because a bisection of one guesses
    every branch wrong half of the time. Behind ``n`` there is room for a stride.
    """
    in_order[n : n + _STRIDE] = np.inf
    out[:] = 0
    for j in range(_STRIDE - 1, n, _STRIDE):
        for c in range(len(v)):
            out[c] += _STRIDE if in_order[j] <= v[c] else 0
    half = _STRIDE >> 1
    while half > 0:
        for c in range(len(v)):
            out[c] += half if in_order[out[c] + half - 1] <= v[c] else 0
        half >>= 1
    for c in range(len(v)):
        out[c] = min(out[c], n)


@inlined
def below(in_order: Array, at: int, v: float) -> int:
    """How many values in order are below ``v``, where ``at`` are not above it."""
    while at > 0 and in_order[at - 1] == v:
        at -= 1
    return at


@inlined
def rank_in_order(
    order: Order, n: int, days: int, lower: NDArray[np.int16], upper: NDArray[np.int16], ties: bool
) -> None:
    """Fill ``own`` and ``both`` of n residuals and ``days`` days, of which half of each lies below the residuals from
    position ``lower`` on and half below those from ``upper`` on; equal residuals share the mean of their ranks.
    """
    order.both[:] = 0
    for d in range(days):
        one, two = lower[d], upper[d]
        for t in range(len(order.both)):
            order.both[t] += np.int16(order.position[t] >= one) + np.int16(order.position[t] >= two)
    for t in range(len(order.both)):
        there = order.position[t] >= 0
        rank = np.int16(2 * order.position[t])
        order.own[t] = np.int16(rank - n) if there else np.int16(0)
        order.both[t] = np.int16(order.both[t] + rank + 1 - n - days) if there else np.int16(0)
    j = 0
    while ties and j < n:
        r = j + 1
        while r < n and order.value[r] == order.value[j]:
            r += 1
        for q in range(j, r):
            order.own[order.place[q]] += np.int16(j + r - 1 - 2 * q)
            order.both[order.place[q]] += np.int16(j + r - 1 - 2 * q)
        j = r


@compiled
def rank_keys(bits: Keys, first: int, part: Rows, keys: Keys) -> None:
    """Fill ``keys`` (C, E) of columns ``first`` on and events from ``part[0]`` to before ``part[1]``, as
    ``nonparametric.rank_keys``; ``bits`` (E, K) the bits of x.
    """
    for i in range(part[0], part[1]):
        for k in range(min(keys.shape[0], bits.shape[1] - first)):
            own = bits[i, first + k]
            size = own << np.uint64(1)
            sign = np.uint64(1) - (own >> np.uint64(63))
            keys[k, i] = size | sign if size != np.uint64(0) and size <= _INFINITY else _LEFT_OUT


class Room(NamedTuple):
    """Memory to sort E keys in: ``parted`` (E,), ``cuts`` of as many runs as there may be, ``rows`` of some of them."""

    parted: Keys
    cuts: Rows
    rows: Keys


def room_for(keys: int) -> Room:
    """Room that is used again for one column of ``keys`` after the other: new memory costs half as much as a sort."""
    cuts = np.empty(2 * (keys // _RUN) + 3, dtype=np.int64)
    return Room(np.empty(keys, dtype=np.uint64), cuts, np.empty((_RUNS_TOGETHER, _RUN), dtype=np.uint64))


def in_order(keys: Keys, room: Room) -> Keys:
    """``keys`` (E,) sorted, without those left out: parted by their leading bits into runs that are then sorted. They
    lie in ``room`` until it is used again.

    A run holds what numpy sorts by a network without a branch: thirty times as fast, a key, as a million at once.
    """
    n, least, span = extent(keys)
    parted = room.parted[:n]
    if n == 0:
        return parted
    parts = max(n // _KEYS_A_PART, 1)
    shift = max(int(span).bit_length() - parts.bit_length(), 0)
    ends = np.zeros((int(span) >> shift) + 1, dtype=np.int64)
    part_keys(keys, np.uint64(least), np.uint64(shift), ends, parted)
    cuts = room.cuts[: cut_runs(ends, room.cuts)]
    for first in range(0, len(cuts) - 1, _RUNS_TOGETHER):
        ends_of_runs = cuts[first : first + _RUNS_TOGETHER + 1]
        rows = room.rows[: len(ends_of_runs) - 1]
        fill_runs(parted, ends_of_runs, rows)
        rows.sort(axis=1)
        read_runs(rows, ends_of_runs, parted)
    for r in np.flatnonzero(np.diff(cuts) > _RUN):
        parted[cuts[r] : cuts[r + 1]].sort()
    return parted


@compiled
def extent(keys: Keys) -> tuple[int, int, int]:
    """How many keys are not left out, the least of them, and how far the largest lies above it."""
    n, least, most = 0, _LEFT_OUT, np.uint64(0)
    for key in keys:
        there = key != _LEFT_OUT
        n += 1 if there else 0
        least = min(least, key)
        most = max(most, key if there else np.uint64(0))
    return n, int(least), int(most - least)


@compiled
def part_keys(keys: Keys, least: np.uint64, shift: np.uint64, ends: Rows, out: Keys) -> None:
    """Fill ``out`` (n,) with ``keys`` in order of their leading bits, ``ends`` with where each of these stops."""
    for key in keys:
        if key != _LEFT_OUT:
            ends[(key - least) >> shift] += 1
    total = 0
    for part in range(len(ends)):
        count = ends[part]
        ends[part] = total
        total += count
    for key in keys:
        if key != _LEFT_OUT:
            part = (key - least) >> shift
            out[ends[part]] = key
            ends[part] += 1


@compiled
def cut_runs(ends: Rows, cuts: Rows) -> int:
    """Fill ``cuts`` with the ends of runs of whole parts, as long as a run may be or of one part; how many."""
    cuts[0] = 0
    filled, before = 1, 0
    for end in ends:
        if end - cuts[filled - 1] > _RUN and before > cuts[filled - 1]:
            cuts[filled] = before
            filled += 1
        before = end
    cuts[filled] = before
    return filled + 1


@compiled
def fill_runs(parted: Keys, cuts: Rows, rows: Keys) -> None:
    """Fill ``rows`` (R, _RUN) with the runs that fit; what is left of a row sorts behind them."""
    for r in range(len(rows)):
        size = cuts[r + 1] - cuts[r]
        size = size if size <= _RUN else 0
        rows[r, :size] = parted[cuts[r] : cuts[r] + size]
        rows[r, size:] = _LEFT_OUT


@compiled
def read_runs(rows: Keys, cuts: Rows, parted: Keys) -> None:
    """Put the runs of ``rows`` that fit back into their places."""
    for r in range(len(rows)):
        size = cuts[r + 1] - cuts[r]
        if size <= _RUN:
            parted[cuts[r] : cuts[r + 1]] = rows[r, :size]


@compiled
def rank_sums(keys: Keys) -> tuple[float, float]:
    """As ``nonparametric.rank_sums``."""
    positive, squares = 0.0, 0.0
    j, n = 0, len(keys)
    while j < n:
        r, above = j + 1, keys[j] & np.uint64(1)
        while r < n and keys[r] >> np.uint64(1) == keys[j] >> np.uint64(1):
            above += keys[r] & np.uint64(1)
            r += 1
        rank = 0.5 * (j + r + 1)
        positive += rank * above
        squares += rank * rank * (r - j)
        j = r
    return positive, squares
