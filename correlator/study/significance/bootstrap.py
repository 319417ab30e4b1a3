"""The wild cluster bootstrap of a mean over events, clustered by event date."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from correlator.errors import StudyError


def wild_cluster_p(values: ArrayLike, event_dates: ArrayLike, *, repetitions: int = 9999, seed: int = 0) -> float:
    """Two-sided p-value of mean zero, whole event dates kept together. Cameron, Gelbach & Miller (2008).

    ``values`` (E,) AR or CAR as fractions, NaN left out; ``event_dates`` (E,) equal where events share a date. The
    cluster-robust t of the mean is compared with its law when each date's values get a common random sign (Rademacher,
    null imposed); p = (1 + draws at least as large) / (1 + draws). Up to 12 dates every sign pattern is tried once, so
    p has no chance in it. Raises StudyError for fewer than two dates.
    """
    x = np.asarray(values, dtype=np.float64)
    dates = np.asarray(event_dates)[~np.isnan(x)]
    x = x[~np.isnan(x)]
    _, cluster, size = np.unique(dates, return_inverse=True, return_counts=True)
    if len(size) < 2:
        raise StudyError(f"{len(size)} event date leaves nothing to resample", hint="use kp_t or the placebo test")
    sums = np.bincount(cluster, weights=x)
    observed = _cluster_t(sums[None, :], size)[0]
    few = len(size) <= 12
    if few:
        patterns = np.arange(1 << len(size))
        draws = _cluster_t(sums * (1.0 - 2.0 * ((patterns[:, None] >> np.arange(len(size))) & 1)), size)
        return float(np.mean(draws >= observed * (1 - 1e-12)))
    rng = np.random.default_rng(seed)
    at_least = 0
    step = max(1, 10_000_000 // len(size))
    for start in range(0, repetitions, step):
        signs = 1.0 - 2.0 * rng.integers(0, 2, size=(min(step, repetitions - start), len(size)))
        at_least += int((_cluster_t(sums * signs, size) >= observed * (1 - 1e-12)).sum())
    return (1 + at_least) / (1 + repetitions)


def _cluster_t(sums: np.ndarray, size: np.ndarray) -> np.ndarray:
    """(B,) absolute cluster-robust t of the mean from (B, G) sums by date and (G,) events by date."""
    mean = sums.sum(axis=1) / size.sum()
    left = sums - mean[:, None] * size
    with np.errstate(divide="ignore", invalid="ignore"):
        t: np.ndarray = np.nan_to_num(
            np.abs(sums.sum(axis=1)) / np.sqrt((left * left).sum(axis=1)), nan=0.0, posinf=np.inf
        )
    return t
