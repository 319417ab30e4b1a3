"""Average ranks of each row, by an exact bucket sort; plain Python that numba compiles for many events.

Values are dealt into as many equal buckets as there are values and then sorted by insertion, which is linear for the
usual spread of returns and correct for any.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from correlator.study.arrays import Array, Rows


def rank_rows(values: Array, ranks: Array, order: Rows, bucket: Rows, start: Rows) -> None:
    """Fill ``ranks`` (E, T) with the average rank, from 1, of each value of ``values`` (E, T) in its row; NaN stay NaN.

    ``order``, ``bucket`` (T,) and ``start`` (T + 1,) are room to work in.
    """
    width = values.shape[1]
    for i in range(values.shape[0]):
        n = 0
        low = np.inf
        high = -np.inf
        for t in range(width):
            v = values[i, t]
            ranks[i, t] = np.nan
            if v == v:
                n += 1
                low = min(low, v)
                high = max(high, v)
        for b in range(n + 1):
            start[b] = 0
        scale = (n - 1) / (high - low) if high > low and high - low < np.inf else 0.0
        if not scale < np.inf:
            scale = 0.0
        for t in range(width):
            v = values[i, t]
            if v == v:
                bucket[t] = min(n - 1, int((v - low) * scale)) if scale > 0 else 0
                start[bucket[t] + 1] += 1
        for b in range(n):
            start[b + 1] += start[b]
        for t in range(width):
            if values[i, t] == values[i, t]:
                order[start[bucket[t]]] = t
                start[bucket[t]] += 1
        for j in range(1, n):
            t = order[j]
            v = values[i, t]
            p = j
            while p > 0 and values[i, order[p - 1]] > v:
                order[p] = order[p - 1]
                p -= 1
            order[p] = t
        first = 0
        while first < n:
            last = first
            v = values[i, order[first]]
            while last + 1 < n and values[i, order[last + 1]] == v:
                last += 1
            for p in range(first, last + 1):
                ranks[i, order[p]] = 0.5 * (first + last) + 1.0
            first = last + 1


def count_above(z: Array, event: Array, weight: Array, daily: Array, above: Array) -> None:
    """For each event i and column k, which of ``z`` (E, L) lie above ``event`` (E, K), ties half.

    Adds ``weight`` (E,) times that to ``daily`` (K, L) and fills ``above`` (E, K) with the counts, NaN where the event
    has no value. NaN in ``z`` counts as not above.
    """
    for i in range(z.shape[0]):
        w = weight[i]
        for k in range(event.shape[1]):
            x = event[i, k]
            count = 0.0
            for t in range(z.shape[1]):
                share = (1.0 if z[i, t] > x else 0.0) + (0.5 if z[i, t] == x else 0.0)
                daily[k, t] += w * share
                count += share
            above[i, k] = count if x == x else np.nan


@cache
def compiled(source: Callable[..., Any]) -> Callable[..., Any]:
    """``source`` of this module compiled; numba keeps it on disk, so the cost is paid once per installation.

    Sums of counts may be taken in any order: they are multiples of one half.
    """
    import numba

    kernel: Callable[..., Any] = numba.njit(cache=True, nogil=True, fastmath={"reassoc"})(source)
    return kernel
