"""Parametric tests across events. Every function takes columns (days, windows) and returns (K,) values.

Notation: x the AR or CAR, se its forecast-error sd, N the events with a value, m the days of a column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.study.arrays import Array, Rows, StudyArrays, Targets

_CHUNK_CELLS = 1 << 18


def mean(x: Array) -> Array:
    """(K,) mean over events with a value."""
    return np.asarray(np.nansum(x, axis=0) / (~np.isnan(x)).sum(axis=0))


def spread(x: Array) -> Array:
    """(K,) sd over events, divisor N - 1."""
    n = (~np.isnan(x)).sum(axis=0)
    return np.asarray(np.sqrt(np.nansum((x - mean(x)) ** 2, axis=0) / (n - 1)))


def cross_sectional_t(x: Array) -> Array:
    """mean / (sd / sqrt N), t with N - 1. Brown & Warner (1980), appendix."""
    n = (~np.isnan(x)).sum(axis=0)
    return np.asarray(mean(x) / spread(x) * np.sqrt(n))


def patell_z(scaled: Array, df: Array) -> Array:
    """Sum of x / se over sqrt(sum df/(df - 2)), N(0, 1). Patell (1976). ``scaled`` (E, K) x / se, ``df`` (E,)."""
    variance = np.where(np.isnan(scaled), 0.0, (df / np.where(df > 2, df - 2, np.nan))[:, None])
    return np.asarray(np.nansum(scaled, axis=0) / np.sqrt(variance.sum(axis=0)))


def patell_adjustment(correlation: Array, n: Rows) -> Array:
    """Factor on Patell's Z: 1 / sqrt(1 + (N - 1) r). Kolari & Pynnönen (2010)."""
    return 1.0 / np.sqrt(_inflation(correlation, n))


def bmp_adjustment(correlation: Array, n: Rows) -> Array:
    """Factor on the BMP t: sqrt((1 - r) / (1 + (N - 1) r)). Kolari & Pynnönen (2010), eq. 11."""
    return np.asarray(np.sqrt((1.0 - correlation) / _inflation(correlation, n)))


def _inflation(correlation: Array, n: Rows) -> Array:
    total = 1.0 + (n - 1) * correlation
    return np.where(total > 0, total, np.nan)


def skewness_adjusted_t(x: Array) -> Array:
    """sqrt N (S + g S^2 / 3 + g / (6 N)), S = mean / sd, g the skewness with divisor (N - 1)(N - 2) / N.

    Johnson (1978), Hall (1992), as Lyon, Barber & Tsai (1999) apply it; without Hall's cubic term. NaN below 3 events.
    """
    n = (~np.isnan(x)).sum(axis=0)
    sd = spread(x)
    with np.errstate(divide="ignore", invalid="ignore"):
        g = n / ((n - 1.0) * (n - 2.0)) * np.nansum((x - mean(x)) ** 3, axis=0) / sd**3
        s = mean(x) / sd
        return np.asarray(np.where(n > 2, np.sqrt(n) * (s + g * s * s / 3 + g / (6 * n)), np.nan))


def jackknife_t(x: Array) -> Array:
    """t of the jackknifed ratio q = mean / sd: mean of the pseudo-values N q - (N - 1) q(-i) over their standard error.

    ``x`` (E, K) scaled abnormal returns x / se. After Giaccotto & Sfiridis (1996); t with N - 1. Leave-one-out
    moments in closed form. NaN below 3 events.
    """
    n = (~np.isnan(x)).sum(axis=0)
    centred = x - mean(x)
    squares = np.nansum(centred * centred, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_without = mean(x) - centred / (n - 1)
        var_without = (squares - centred * centred * n / (n - 1)) / (n - 2)
        pseudo = n * mean(x) / spread(x) - (n - 1) * mean_without / np.sqrt(var_without)
        return np.where(n > 2, cross_sectional_t(pseudo), np.nan)


@dataclass(frozen=True)
class ResidualSummary:
    """``variance`` (E,) of each event's residuals, divisor n - 1; ``positive`` (E,) the share above zero;
    ``portfolio_sd`` sd (divisor T - 1) of the daily means over events, ``days`` T of them.
    """

    variance: Array
    positive: Array
    portfolio_sd: float
    days: int


def summarised(residuals: Array) -> ResidualSummary:
    """One pass over (E, L) residuals, NaN where missing."""
    events, length = residuals.shape
    variance, positive = np.empty(events), np.empty(events)
    total, counted = np.zeros(length), np.zeros(length)
    step = max(1, _CHUNK_CELLS // max(1, length))
    for start in range(0, events, step):
        part = residuals[start : start + step]
        here = slice(start, start + len(part))
        valid = part == part
        filled = np.where(valid, part, 0.0)
        n = valid.sum(axis=1)
        centred = np.where(valid, filled - (filled.sum(axis=1) / n)[:, None], 0.0)
        variance[here] = np.einsum("ij,ij->i", centred, centred) / (n - 1)
        positive[here] = (filled > 0).sum(axis=1) / n
        total += filled.sum(axis=0)
        counted += valid.sum(axis=0)
    series = total[counted > 0] / counted[counted > 0]
    return ResidualSummary(variance, positive, float(series.std(ddof=1)), len(series))


def brown_warner_1980(variance: Array, targets: Targets) -> Array:
    """Sum over sqrt(m sum of residual variances), ``variance`` (E,) with divisor n - 1. N(0, 1).

    Brown & Warner (1980), no dependence across events.
    """
    total = np.where(np.isnan(targets.value), 0.0, variance[:, None]).sum(axis=0)
    return np.asarray(np.nansum(targets.value, axis=0) / np.sqrt(total * targets.bars))


def brown_warner_1985(sd: float, targets: Targets) -> Array:
    """Mean over sd * sqrt m, sd the ``portfolio_sd``; t with T - 1. Brown & Warner (1985), crude adjustment."""
    return mean(targets.value) / (sd * np.sqrt(targets.bars))


def lamb_z(sd: float, arrays: StudyArrays, targets: Targets) -> Array:
    """Brown & Warner (1985) with the forecast error of the portfolio: mean over sd * sqrt(mean of (se / sigma)^2).

    Lamb (1995), N(0, 1); for one market and full histories (se / sigma)^2 = 1 + 1/L + (x - xm)^2 / Sxx.
    """
    return mean(targets.value) / (sd * np.sqrt(mean((targets.se / arrays.sigma[:, None]) ** 2)))
