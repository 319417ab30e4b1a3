"""The wild cluster bootstrap of means over events, clustered by event date. Cameron, Gelbach & Miller (2008)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from correlator.base.seeds import generator
from correlator.errors import StudyError, warn
from correlator.eventstudy.panel.frames import Array

_EVERY_PATTERN: Final = 12
_CELLS: Final = 10_000_000
_SAME: Final = 1 - 1e-9
_TOO_FEW: Final = 5
"""Most dates for which p cannot fall to 5 %: of 2^5 patterns of signs two are the most extreme."""


@dataclass(frozen=True)
class WildCluster:
    """Tests of K columns: ``value`` the cluster-robust t, ``p_value`` two-sided, ``n`` events, ``dates``, each (K,)."""

    value: Array
    p_value: Array
    n: Array
    dates: NDArray[np.int64]


def wild_cluster(values: ArrayLike, event_dates: ArrayLike, *, repetitions: int = 9999, seed: int = 0) -> WildCluster:
    """Test that the mean of each column of ``values`` (E, K) is zero, with event dates as clusters.

    ``values``: AR or CAR as fractions, NaN left out; ``event_dates`` (E,) equal where events share a date. The
    cluster-robust t of the mean, whose variance has the factor G/(G - 1) for G dates, is compared with its distribution
    when the values of each date get a common random sign (Rademacher, null imposed); p = (1 + draws at least as large)
    / (1 + draws). Up to 12 dates every sign pattern is tried once, so p is exact. A column with fewer than two dates is
    NaN; raises StudyError if no column has two.
    """
    x = np.asarray(values, dtype=np.float64)
    _, cluster = np.unique(np.asarray(event_dates), return_inverse=True)
    measured = ~np.isnan(x)
    dates = int(cluster.max(initial=-1)) + 1
    sums, size = np.zeros((dates, x.shape[1])), np.zeros((dates, x.shape[1]))
    np.add.at(sums, cluster, np.where(measured, x, 0.0))
    np.add.at(size, cluster, measured)
    clusters = (size > 0).sum(axis=0, dtype=np.int64)
    if not (clusters > 1).any():
        raise StudyError(
            f"the bootstrap needs at least 2 event dates, got {dates}", hint="use kp_t or the placebo test"
        )
    observed = _cluster_t(np.ones((1, dates)), sums, size)[0]
    at_least, draws = np.zeros(x.shape[1]), 0
    for signs in _signs(dates, repetitions, seed):
        at_least += (np.abs(_cluster_t(signs, sums, size)) >= np.abs(observed) * _SAME).sum(axis=0)
        draws += len(signs)
    p = at_least / draws if dates <= _EVERY_PATTERN else (1 + at_least) / (1 + draws)
    enough = clusters > 1
    if 1 < int(clusters.max()) <= _TOO_FEW:
        warn(
            f"{int(clusters.max())} event dates have {2 ** int(clusters.max())} patterns of signs, so wild_cluster_t "
            f"cannot fall below p = {2 / 2 ** int(clusters.max()):.3g}: it needs six dates to reach 5 %"
        )
    with np.errstate(invalid="ignore"):
        observed = observed * np.sqrt((clusters - 1) / np.maximum(clusters, 1))
    return WildCluster(np.where(enough, observed, np.nan), np.where(enough, p, np.nan), size.sum(axis=0), clusters)


def wild_cluster_frame(values: Array, event_dates: ArrayLike, labels: Sequence[str]) -> pl.DataFrame:
    """Return window_or_day, statistic, value, p_value, n and dates of each column of ``values`` (E, K)."""
    tested = wild_cluster(values, event_dates)
    return pl.DataFrame(
        {
            "window_or_day": list(labels),
            "statistic": ["wild_cluster_t"] * len(labels),
            "value": tested.value,
            "p_value": tested.p_value,
            "n": tested.n.astype(np.int64),
            "dates": tested.dates,
        }
    ).with_columns(pl.col("value", "p_value").fill_nan(None))


def _signs(dates: int, repetitions: int, seed: int) -> Iterator[Array]:
    """Yield signs (B, dates), a few million at a time: every pattern if there are few dates, else random ones."""
    if dates <= _EVERY_PATTERN:
        patterns = (np.arange(1 << dates)[:, None] >> np.arange(dates)) & 1
        yield 1.0 - 2.0 * patterns.astype(np.float64)
        return
    rng = generator(seed)
    step = max(1, _CELLS // dates)
    for start in range(0, repetitions, step):
        yield 1.0 - 2.0 * rng.integers(0, 2, size=(min(step, repetitions - start), dates)).astype(np.float64)


def _cluster_t(signs: Array, sums: Array, size: Array) -> Array:
    """Return the cluster-robust t (B, K) of the mean from signs (B, G), sums by date and events by date (G, K)."""
    total = signs @ sums
    mean = total / size.sum(axis=0)
    left = (sums * sums).sum(axis=0) - 2.0 * mean * (signs @ (sums * size)) + mean**2 * (size * size).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t: Array = np.nan_to_num(total / np.sqrt(np.maximum(left, 0.0)), nan=0.0, posinf=np.inf, neginf=-np.inf)
    return t
