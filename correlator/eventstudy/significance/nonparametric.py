"""Sign and signed-rank tests across events; columns are days or windows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.significance.arrays import Array
from correlator.eventstudy.significance.sums import FirstLook

Keys = NDArray[np.uint64]
RankSums = Callable[[Keys], tuple[float, float]]

EXACT_UP_TO = 200
"""Events up to which the signed-rank distribution is exact; above, the normal approximation with ties."""

_LEFT_OUT = np.uint64(np.iinfo(np.uint64).max)
_INFINITY = np.uint64(0xFFE0000000000000)
_ONE = np.uint64(1)


def sign_z(first: FirstLook, share: float = 0.5) -> Array:
    """(w - N p) / sqrt(N p (1 - p)), w the events with x > 0; p = 1/2 plain.

    Generalised (Cowan 1992): p the mean over events of the share of positive estimation residuals.
    """
    n = first.value.n
    return np.asarray((first.positive - n * share) / np.sqrt(n * share * (1.0 - share)))


def rank_keys(x: Array) -> Keys:
    """(K, E) from x (E, K): whole numbers in the order of |x|, the last bit saying that x > 0.

    The bits of a positive double grow with it. The largest key stands for what is left out: NaN and zero.
    """
    bits = np.ascontiguousarray(x.T).view(np.uint64)
    size = bits << _ONE
    keys: Keys = np.where((size != 0) & (size <= _INFINITY), size | (_ONE - (bits >> np.uint64(63))), _LEFT_OUT)
    return keys


def wilcoxon(x: Array) -> tuple[Array, Array]:
    """Signed-rank statistic T (the smaller rank sum) and two-sided p, each (K,), of x (E, K). Wilcoxon (1945).

    Zeros are left out, ties share their rank; p is exact given the ranks up to ``EXACT_UP_TO`` events.
    """
    found = [signed_rank(np.sort(column)) for column in rank_keys(x)]
    return np.array([value for value, _ in found]), np.array([p for _, p in found])


def signed_rank(keys: Keys, sums: RankSums | None = None) -> tuple[float, float]:
    """``wilcoxon`` of one column's sorted keys (E,); NaN where nothing is left.

    ``sums`` gives the sum of the ranks of positive values and that of all squared ranks, for many events.
    """
    keys = keys[: np.searchsorted(keys, _LEFT_OUT)]
    n = len(keys)
    if n == 0:
        return np.nan, np.nan
    if n > EXACT_UP_TO:
        from scipy.special import ndtr

        positive, squares = (sums or rank_sums)(keys)
        smaller = min(positive, n * (n + 1) / 2 - positive)
        return smaller, float(min(1.0, 2 * ndtr((smaller - n * (n + 1) / 4) / np.sqrt(squares / 4))))
    ranks = _ranks(keys >> _ONE)
    positive = float(ranks @ (keys & _ONE).astype(np.float64))
    smaller = min(positive, n * (n + 1) / 2 - positive)
    tail = _tail(tuple(np.rint(2 * ranks).astype(np.int64).tolist()))
    return smaller, float(min(1.0, 2 * tail[round(2 * smaller)]))


def rank_sums(in_order: Keys) -> tuple[float, float]:
    """Sum of the ranks of positive values, and of all squared ranks, of sorted keys."""
    ranks = _ranks(in_order >> _ONE)
    return float(ranks @ (in_order & _ONE).astype(np.float64)), float(ranks @ ranks)


def _ranks(in_order: Keys) -> Array:
    """(n,) ranks from 1 of sorted values, ties averaged."""
    new = np.flatnonzero(in_order[1:] != in_order[:-1]) + 1
    if len(new) == len(in_order) - 1:
        return np.arange(1.0, len(in_order) + 1)
    starts = np.concatenate([[0], new])
    ends = np.concatenate([new, [len(in_order)]])
    return np.repeat((starts + ends + 1) / 2, ends - starts)


def _tail(doubled_ranks: tuple[int, ...]) -> NDArray[np.float64]:
    """P(2 W+ <= j) for every j when each rank has a fair sign."""
    n = len(doubled_ranks)
    return _tail_without_ties(n) if doubled_ranks == tuple(range(2, 2 * n + 1, 2)) else _convolved(doubled_ranks)


@lru_cache(maxsize=EXACT_UP_TO)
def _tail_without_ties(n: int) -> NDArray[np.float64]:
    return np.repeat(_convolved(tuple(range(1, n + 1))), 2)


def _convolved(ranks: tuple[int, ...]) -> NDArray[np.float64]:
    """P(W+ <= j) for every j."""
    probability = np.zeros(sum(ranks) + 1)
    probability[0] = 1.0
    for rank in ranks:
        probability[rank:] = 0.5 * (probability[rank:] + probability[: len(probability) - rank])
        probability[:rank] *= 0.5
    return np.cumsum(probability)
