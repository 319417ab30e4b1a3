"""Ranks as loops that numba compiles: an exact order from sorted keys, places in it, signed ranks.

Imported only where many events are looked at. Sums may be reordered by the compiler; NaN stays NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from correlator.study.significance.arrays import Array, Rows

_LEFT_OUT = np.uint64(np.iinfo(np.uint64).max)
_INFINITY = np.uint64(0xFFE0000000000000)
_REORDER = {"reassoc", "contract", "arcp", "nsz"}

compiled: Callable[[Any], Any] = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=_REORDER)
"""Compile a function of arrays on first call; numba keeps what it compiled on disk."""


class Order(NamedTuple):
    """Of one event: ``value`` (L,) the j-th smallest residual, ``place`` (L,) its column, ``position`` (L,) j of each
    column or -1, ``step`` (L + 1,) how many half event days lie below it and above the one before, ``own`` and ``both``
    (L,) its rank among the residuals, and among them and the event days.
    """

    value: Array
    place: NDArray[np.int32]
    position: NDArray[np.int16]
    step: NDArray[np.int32]
    own: Array
    both: Array


@compiled
def low_bits(length: int) -> int:
    """The mask of the bits that hold a column below ``length``."""
    low = 1
    while low < length:
        low <<= 1
    return low - 1


@compiled
def put_in_order(e: Array, keys: Rows, n: int, low: int, order: Order) -> bool:
    """Fill ``value``, ``place`` and ``position`` from sorted ``keys``; whether two residuals are equal."""
    for j in range(n):
        order.place[j] = keys[j] & low
    for j in range(n):
        order.value[j] = e[order.place[j]]
    ties = False
    last = order.value[0]
    for j in range(1, n):
        v = order.value[j]
        if v > last:
            last = v
            continue
        q, t = j, order.place[j]
        while q > 0 and order.value[q - 1] > v:
            order.value[q] = order.value[q - 1]
            order.place[q] = order.place[q - 1]
            q -= 1
        order.value[q] = v
        order.place[q] = t
        ties = ties or (q > 0 and order.value[q - 1] == v)
        last = order.value[j]
    order.position[:] = -1
    for j in range(n):
        order.position[order.place[j]] = j
    return ties


@compiled
def not_above(in_order: Array, n: int, v: Array, out: Rows) -> None:
    """Fill ``out`` (C,): how many of the first ``n`` values in order are not above ``v`` (C,).

    All are bisected side by side, because a bisection of one guesses every branch wrong half of the time.
    """
    out[:] = 0
    size = n
    while size > 1:
        half = size >> 1
        for c in range(len(v)):
            out[c] += half if in_order[out[c] + half - 1] <= v[c] else 0
        size -= half
    for c in range(len(v)):
        out[c] += 1 if in_order[out[c]] <= v[c] else 0


@compiled
def below(in_order: Array, at: int, v: float) -> int:
    """How many values in order are below ``v``, where ``at`` are not above it."""
    while at > 0 and in_order[at - 1] == v:
        at -= 1
    return at


@compiled
def rank_in_order(order: Order, n: int, ties: bool) -> None:
    """Fill ``own`` and ``both`` from ``step``; equal residuals share the mean of their ranks."""
    below = 0
    for j in range(n):
        below += order.step[j]
        order.own[j] = j + 1.0
        order.both[j] = j + 1.0 + 0.5 * below
    j = 0
    while ties and j < n:
        r = j + 1
        while r < n and order.value[r] == order.value[j]:
            r += 1
        rank = 0.5 * (j + r + 1)
        both = rank + order.both[j] - (j + 1.0)
        for q in range(j, r):
            order.own[q], order.both[q] = rank, both
        j = r


@compiled
def rank_keys(bits: NDArray[np.uint64], first: int, part: Rows, keys: NDArray[np.uint64]) -> None:
    """Fill ``keys`` (C, E) of columns ``first`` on and events from ``part[0]`` to before ``part[1]``, as
    ``nonparametric.rank_keys``; ``bits`` (E, K) the bits of x.
    """
    for i in range(part[0], part[1]):
        for k in range(min(keys.shape[0], bits.shape[1] - first)):
            own = bits[i, first + k]
            size = own << np.uint64(1)
            sign = np.uint64(1) - (own >> np.uint64(63))
            keys[k, i] = size | sign if size != np.uint64(0) and size <= _INFINITY else _LEFT_OUT


@compiled
def rank_sums(in_order: NDArray[np.uint64]) -> tuple[float, float]:
    """As ``nonparametric.rank_sums``."""
    positive, squares = 0.0, 0.0
    j, n = 0, len(in_order)
    while j < n:
        r, above = j + 1, in_order[j] & np.uint64(1)
        while r < n and in_order[r] >> np.uint64(1) == in_order[j] >> np.uint64(1):
            above += in_order[r] & np.uint64(1)
            r += 1
        rank = 0.5 * (j + r + 1)
        positive += rank * above
        squares += rank * rank * (r - j)
        j = r
    return positive, squares
