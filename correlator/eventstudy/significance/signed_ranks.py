"""The signed-rank test (Wilcoxon 1945) of columns of values, for a few events or for millions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.request.engines import compiled
from correlator.eventstudy.significance.arrays import StudyArrays

Keys = NDArray[np.uint64]
Each = Callable[..., Iterable[Any]]
"""``map``, or that of a pool."""
Sums = Callable[[Keys], tuple[float, float]]
"""``rank_sums``, or ``numpy_rank_sums``."""

EXACT_UP_TO: Final = 200
"""Events up to which the signed-rank distribution is exact; above, the normal approximation with ties."""

_LEFT_OUT = np.uint64(np.iinfo(np.uint64).max)
_INFINITY = np.uint64(0xFFE0000000000000)
_ONE = np.uint64(1)
_COLUMNS = 8
"""Most columns whose keys are in memory at a time: all would be half as large as the estimates."""
_MOST_KEYS = 50_000_000
"""Most keys in memory at a time: 0.4 GB."""


class Some(NamedTuple):
    """Columns ``first`` to before ``last`` of the values ``of``: ``ar`` or ``car``."""

    of: str
    first: int
    last: int


def wilcoxon(
    arrays: StudyArrays, keys_by_part: Callable[[Some], Iterable[Keys]], fast: bool, each: Each
) -> tuple[Array, Array]:
    """Return the signed-rank statistic T (the smaller rank sum) and two-sided p, each (K,), for days and windows.

    ``keys_by_part``: returns the keys of some columns of each part; ``fast``: use compiled loops; ``each``: ``map``, or
    that of a pool.
    """
    tests, sums = [], compiled(rank_sums) if fast else numpy_rank_sums
    together = max(1, min(_COLUMNS, _MOST_KEYS // max(len(arrays), 1)))
    for name, values in (("ar", arrays.ar), ("car", arrays.car)):
        for first in range(0, values.shape[1], together):
            some = Some(name, first, min(first + together, values.shape[1]))
            parts = list(keys_by_part(some))
            columns = ([part[k] for part in parts] for k in range(some.last - some.first))
            tests += list(each(partial(_tested, sums=sums), columns))
    return np.array([value for value, _ in tests]), np.array([p for _, p in tests])


def keys_of(arrays: StudyArrays, some: Some, fast: bool, events: Rows) -> Keys:
    """Return ``rank_keys`` of some columns of the ``events``."""
    x = getattr(arrays, some.of)[:, some.first : some.last]
    if not fast:
        return rank_keys(x[events])
    keys: Keys = np.empty((x.shape[1], len(events)), dtype=np.uint64)
    compiled(fill_rank_keys)(x.view(np.uint64), events, np.array([0, len(events)]), keys)
    return keys


def _tested(parts: list[Keys], sums: Sums) -> tuple[float, float]:
    return signed_rank_test(np.concatenate(parts), sums)


def signed_rank_test(keys: Keys, sums: Sums) -> tuple[float, float]:
    """Return ``signed_rank`` of ``rank_keys`` in any order, which are sorted in place."""
    keys.sort()
    return signed_rank(keys, sums)


def rank_keys(x: Array) -> Keys:
    """Return keys (K, E) of x (E, K): integers in the order of |x|, whose last bit is 1 if x > 0.

    The bits of positive doubles are in the order of their values. NaN and zero are left out: they get the largest key.
    """
    bits = np.ascontiguousarray(x.T).view(np.uint64)
    size = bits << _ONE
    keys: Keys = np.where((size != 0) & (size <= _INFINITY), size | (_ONE - (bits >> np.uint64(63))), _LEFT_OUT)
    return keys


def signed_rank(keys: Keys, sums: Sums) -> tuple[float, float]:
    """Return T and p of one column's sorted ``rank_keys`` (E,), NaN if there are none. ``sums``: ``rank_sums``.

    Zeros are left out, ties share their rank; p is exact given the ranks up to ``EXACT_UP_TO`` events.
    """
    keys = keys[: np.searchsorted(keys, _LEFT_OUT)]
    n = len(keys)
    if n == 0:
        return np.nan, np.nan
    positive, squares = sums(keys)
    smaller = min(positive, n * (n + 1) / 2 - positive)
    if n > EXACT_UP_TO:
        from scipy.special import ndtr

        return smaller, float(min(1.0, 2 * ndtr((smaller - n * (n + 1) / 4) / np.sqrt(squares / 4))))
    tail = _tail(tuple(np.rint(2 * _ranks(keys >> _ONE)).astype(np.int64).tolist()))
    return smaller, float(min(1.0, 2 * tail[round(2 * smaller)]))


def fill_rank_keys(bits: Keys, events: Rows, part: Rows, keys: Keys) -> None:
    """Fill columns ``part[0]`` to before ``part[1]`` of ``keys`` (C, N) as ``rank_keys``, from the rows ``events`` (N,)
    of ``bits`` (E, C).
    """
    for j in range(part[0], part[1]):
        i = events[j]
        for k in range(bits.shape[1]):
            size = bits[i, k] << np.uint64(1)
            sign = np.uint64(1) - (bits[i, k] >> np.uint64(63))
            keys[k, j] = size | sign if size != np.uint64(0) and size <= _INFINITY else _LEFT_OUT


def rank_sums(keys: Keys) -> tuple[float, float]:
    """Return the sum of the ranks of positive values, and of all squared ranks, of sorted ``keys``."""
    positive, squares, j, n = 0.0, 0.0, 0, len(keys)
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


def numpy_rank_sums(keys: Keys) -> tuple[float, float]:
    """``rank_sums`` in numpy."""
    ranks = _ranks(keys >> _ONE)
    return float(ranks @ (keys & _ONE).astype(np.float64)), float(ranks @ ranks)


def _ranks(in_order: Keys) -> Array:
    """Return ranks (n,) from 1 of sorted values, ties averaged."""
    new = np.flatnonzero(in_order[1:] != in_order[:-1]) + 1
    if len(new) == len(in_order) - 1:
        return np.arange(1.0, len(in_order) + 1)
    starts = np.concatenate([[0], new])
    ends = np.concatenate([new, [len(in_order)]])
    return np.repeat((starts + ends + 1) / 2, ends - starts)


@lru_cache(maxsize=EXACT_UP_TO)
def _tail(doubled_ranks: tuple[int, ...]) -> Array:
    """Return P(2 W+ <= j) for every j if each rank has a random sign with probability 1/2."""
    probability = np.zeros(sum(doubled_ranks) + 1)
    probability[0] = 1.0
    for rank in doubled_ranks:
        probability[rank:] = 0.5 * (probability[rank:] + probability[: len(probability) - rank])
        probability[:rank] *= 0.5
    return np.cumsum(probability)
