"""Parametric tests across events. Every function takes columns (days, windows) and returns (K,) values.

Notation: x the AR or CAR, se its forecast-error sd, N the events with a value, m the days of a column.
"""

from __future__ import annotations

import numpy as np

from correlator.study.arrays import Array, Rows, StudyArrays, Targets


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


def brown_warner_1980(arrays: StudyArrays, targets: Targets) -> Array:
    """Mean over sqrt(m sum of residual variances) / N, variances with divisor n - 1. Brown & Warner (1980), no
    dependence across events. N(0, 1)."""
    squares = np.nansum((arrays.residuals - np.nanmean(arrays.residuals, axis=1, keepdims=True)) ** 2, axis=1)
    variance = squares / (arrays.n - 1)
    total = np.where(np.isnan(targets.value), 0.0, variance[:, None]).sum(axis=0)
    return np.asarray(np.nansum(targets.value, axis=0) / np.sqrt(total * targets.bars))


def portfolio_sd(arrays: StudyArrays) -> tuple[float, int]:
    """Sd (divisor T - 1) of the T daily means of residuals over events, and T."""
    counted = (~np.isnan(arrays.residuals)).sum(axis=0)
    series = np.nansum(arrays.residuals, axis=0)[counted > 0] / counted[counted > 0]
    return float(series.std(ddof=1)), len(series)


def brown_warner_1985(sd: float, targets: Targets) -> Array:
    """Mean over sd * sqrt m, sd of ``portfolio_sd``; t with T - 1. Brown & Warner (1985), crude adjustment."""
    return mean(targets.value) / (sd * np.sqrt(targets.bars))


def lamb_z(sd: float, arrays: StudyArrays, targets: Targets) -> Array:
    """Brown & Warner (1985) with the forecast error of the portfolio: mean over sd * sqrt(mean of (se / sigma)^2).

    Lamb (1995), N(0, 1); for one market and full histories (se / sigma)^2 = 1 + 1/L + (x - xm)^2 / Sxx.
    """
    return mean(targets.value) / (sd * np.sqrt(mean((targets.se / arrays.sigma[:, None]) ** 2)))
