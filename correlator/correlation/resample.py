"""The stationary bootstrap: resampling a series in blocks of random length (Politis & Romano 1994, JASA 89, 1303-1313).

A draw walks along the series, wrapped into a circle, and at every step jumps to a random position with probability
1/block: neighbouring values stay together within blocks, and the draw is stationary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from correlator.base.seeds import generator
from correlator.correlation.series import Array, as_series
from correlator.errors import InputError, StudyError

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class BootstrapBand:
    """``estimate`` of the statistic, its standard error over draws, and the percentile band ``low`` to ``high``."""

    estimate: Array
    se: Array
    low: Array
    high: Array
    block: float
    draws: int


def stationary_rows(length: int, block: float, draws: int, rng: np.random.Generator) -> Rows:
    """Return rows (draws, length) of stationary resamples with mean block length ``block`` >= 1."""
    if block < 1 or length < 1:
        raise InputError(f"block must be at least 1 bar, got {block:g} for a series of {length} bars")
    starts = rng.random((draws, length)) < 1.0 / block
    starts[:, 0] = True
    anchors = np.where(starts, rng.integers(0, length, (draws, length)), 0)
    position = np.arange(length)
    block_start = np.maximum.accumulate(np.where(starts, position, 0), axis=1)
    rows: Rows = (np.take_along_axis(anchors, block_start, axis=1) + position - block_start) % length
    return rows


def bootstrap_band(
    values: ArrayLike,
    statistic: Callable[[Array], ArrayLike],
    *,
    draws: int = 1_000,
    block: float | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> BootstrapBand:
    """Return a percentile band of ``statistic`` for a series (T,) or several series (T, S) resampled together.

    ``block``: mean length of a block, default: the longest ``best_block`` of any series. Raises InputError for missing
    values, which cannot be resampled.
    """
    series = np.asarray(values, dtype=np.float64)
    if not np.isfinite(series).all():
        raise InputError("the series has missing values", hint="remove them, or resample the parts between them")
    columns = series.reshape(len(series), -1)
    length = max(best_block(column) for column in columns.T) if block is None else block
    rng = generator(seed)
    rows = (stationary_rows(len(series), length, 1, rng)[0] for _ in range(draws))
    resampled = np.stack([np.asarray(statistic(series[drawn]), dtype=np.float64) for drawn in rows])
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2], axis=0)
    estimate = np.asarray(statistic(series), dtype=np.float64)
    return BootstrapBand(estimate, resampled.std(axis=0, ddof=1), low, high, length, draws)


def best_block(values: ArrayLike) -> float:
    """Return the mean block length for the bootstrap of a mean: Politis & White (2004), Patton, Politis & White (2009).

    At least 1. The cutoff is that of the papers: the last lag before ``max(5, log10 n)`` small correlations in a row.
    Raises StudyError for a series that is constant.
    """
    x = as_series(values, "the series")
    n = len(x)
    centred = x - x.mean()
    if n < 8 or not centred.any():
        raise StudyError(
            f"no block length can be estimated: the series is constant or too short ({n} bars)", hint="give block"
        )
    enough = max(5, int(np.log10(n)))
    farthest = int(np.ceil(np.sqrt(n))) + enough
    longest = np.ceil(min(3 * np.sqrt(n), n / 3))
    covariance, correlation = _moments(centred, farthest)
    small = np.abs(correlation[1:]) < 2 * np.sqrt(np.log10(n) / n)
    cutoff = _first_run(small, enough)
    span = min(2 * max(cutoff, 1), farthest)
    lags = np.arange(-span, span + 1)
    weights = np.minimum(1.0, 2 * (1 - np.abs(lags) / span))
    smooth = weights * covariance[np.abs(lags)]
    g, spectrum = float((smooth * np.abs(lags)).sum()), float(smooth.sum())
    variance = 2 * spectrum * spectrum
    if variance <= 0:
        return 1.0
    return float(np.clip((2 * g * g / variance * n) ** (1 / 3), 1.0, longest))


def _moments(centred: Array, farthest: int) -> tuple[Array, Array]:
    """Return autocovariances (divisor n) and autocorrelations of the overlapping parts at lags 0 to ``farthest``."""
    n = len(centred)
    covariance, correlation = np.zeros(farthest + 1), np.zeros(farthest + 1)
    for lag in range(farthest + 1):
        head, tail = centred[lag:], centred[: n - lag]
        product, norm = float(head @ tail), np.sqrt(float(head @ head) * float(tail @ tail))
        covariance[lag] = product / n
        correlation[lag] = product / norm if norm else 0.0
    return covariance, correlation


def _first_run(small: NDArray[np.bool_], length: int) -> int:
    """Return the lag before the first ``length`` small correlations in a row; the last large one if there is no run."""
    for lag in range(len(small) - length + 1):
        if small[lag : lag + length].all():
            return lag
    large = np.flatnonzero(~small)
    return int(large[-1]) + 1 if len(large) else 1
