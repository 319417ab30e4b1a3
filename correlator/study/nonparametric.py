"""Sign and signed-rank tests across events; columns are days or windows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from correlator.study.arrays import Array

EXACT_UP_TO = 200
"""Events up to which the signed-rank distribution is exact; above, the normal approximation with ties."""


def sign_z(x: Array, share: float = 0.5) -> Array:
    """(w - N p) / sqrt(N p (1 - p)), w the events with x > 0; p = 1/2 plain.

    Generalised (Cowan 1992): p the mean over events of the share of positive estimation residuals.
    """
    n = (~np.isnan(x)).sum(axis=0)
    return np.asarray(((x > 0).sum(axis=0) - n * share) / np.sqrt(n * share * (1.0 - share)))


def wilcoxon(x: Array) -> tuple[Array, Array]:
    """Signed-rank statistic T (the smaller rank sum) and two-sided p, each (K,). Wilcoxon (1945).

    Zeros are left out, ties share their rank; p is exact given the ranks up to ``EXACT_UP_TO`` events.
    """
    value, p = np.full(x.shape[1], np.nan), np.full(x.shape[1], np.nan)
    for k in range(x.shape[1]):
        column = x[:, k]
        column = column[~np.isnan(column) & (column != 0)]
        if len(column):
            value[k], p[k] = _signed_rank(column)
    return value, p


def _signed_rank(x: Array) -> tuple[float, float]:
    n = len(x)
    ranks, tied = _ranks(np.abs(x))
    positive = float(ranks[x > 0].sum())
    smaller = min(positive, n * (n + 1) / 2 - positive)
    if n > EXACT_UP_TO:
        from scipy.special import ndtr

        sd = np.sqrt((ranks**2).sum() / 4)
        return smaller, float(min(1.0, 2 * ndtr((smaller - n * (n + 1) / 4) / sd)))
    tail = _tail(tuple(range(2, 2 * n + 1, 2)) if not tied else tuple(sorted(round(2 * r) for r in ranks)))
    return smaller, float(min(1.0, 2 * tail[round(2 * smaller)]))


def _ranks(x: Array) -> tuple[Array, bool]:
    _, inverse, count = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[inverse], len(count) < len(x)


@lru_cache(maxsize=64)
def _tail(doubled_ranks: tuple[int, ...]) -> NDArray[np.float64]:
    """P(2 W+ <= j) for every j when each rank has a fair sign."""
    probability = np.zeros(sum(doubled_ranks) + 1)
    probability[0] = 1.0
    for rank in doubled_ranks:
        probability[rank:] = 0.5 * (probability[rank:] + probability[: len(probability) - rank])
        probability[:rank] *= 0.5
    return np.cumsum(probability)
