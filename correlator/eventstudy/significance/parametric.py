"""Parametric tests across events, from sums over them; every function returns (K,) values, one per day or window.

Notation: x the AR or CAR, se its forecast-error sd, N the events with a value, m the days of a column.
"""

from __future__ import annotations

import numpy as np

from correlator.eventstudy.significance.arrays import Array, Columns
from correlator.eventstudy.significance.sums import FirstLook, SecondLook, Spread, spread_of


def t_of(values: Spread) -> Array:
    """mean / (sd / sqrt N), t with N - 1. Brown & Warner (1980), appendix."""
    return np.asarray(values.mean / values.sd * np.sqrt(values.n))


def cross_sectional_t(x: Array) -> Array:
    """``t_of`` values (E, K), NaN left out."""
    return t_of(spread_of(x))


def patell_z(scaled: Array, df: Array) -> Array:
    """Sum of x / se over sqrt(sum df/(df - 2)), N(0, 1). Patell (1976). ``scaled`` (E, K) x / se, ``df`` (E,)."""
    return np.asarray(np.nansum(scaled, axis=0) / np.sqrt(patell_variance(scaled, df)))


def patell_variance(scaled: Array, df: Array) -> Array:
    """(K,) sum of df/(df - 2) over events with a value."""
    variance = np.where(np.isnan(scaled), 0.0, (df / np.where(df > 2, df - 2, np.nan))[:, None])
    return np.asarray(variance.sum(axis=0))


def patell_adjustment(correlation: Array, n: Array) -> Array:
    """Factor on Patell's Z: 1 / sqrt(1 + (N - 1) r). Kolari & Pynnönen (2010)."""
    return 1.0 / np.sqrt(_inflation(correlation, n))


def bmp_adjustment(correlation: Array, n: Array) -> Array:
    """Factor on the BMP t: sqrt((1 - r) / (1 + (N - 1) r)). Kolari & Pynnönen (2010), eq. 11."""
    return np.asarray(np.sqrt((1.0 - correlation) / _inflation(correlation, n)))


def _inflation(correlation: Array, n: Array) -> Array:
    total = 1.0 + (n - 1) * correlation
    return np.where(total > 0, total, np.nan)


def skewness_adjusted_t(first: FirstLook) -> Array:
    """sqrt N (S + g S^2 / 3 + g / (6 N)), S = mean / sd, g the skewness with divisor (N - 1)(N - 2) / N.

    Johnson (1978), Hall (1992), as Lyon, Barber & Tsai (1999) apply it; without Hall's cubic term. NaN below 3 events.
    """
    n, sd = first.value.n, first.value.sd
    g = n / ((n - 1.0) * (n - 2.0)) * first.cubes / sd**3
    s = first.value.mean / sd
    return np.asarray(np.where(n > 2, np.sqrt(n) * (s + g * s * s / 3 + g / (6 * n)), np.nan))


def pseudo_values(scaled: Array, over: Spread) -> Array:
    """The jackknife's values N q - (N - 1) q(-i) of the ratio q = mean / sd, less q itself.

    ``scaled`` (E, K) x / se of any of the events that ``over`` (K,) sums up. Leave-one-out moments in closed form.
    """
    centred = scaled - over.mean
    mean_without = over.mean - centred / (over.n - 1)
    var_without = (over.m2 - centred * centred * over.n / (over.n - 1)) / (over.n - 2)
    return np.asarray((over.n - 1) * (over.mean / over.sd - mean_without / np.sqrt(var_without)))


def jackknife_t(over: Spread, pseudo: Spread) -> Array:
    """t of the jackknifed ratio q: mean of the pseudo-values N q - (N - 1) q(-i) over their standard error.

    After Giaccotto & Sfiridis (1996); t with N - 1. ``pseudo`` sums up ``pseudo_values``. NaN below 3 events.
    """
    mean = over.mean / over.sd + pseudo.mean
    return np.where(over.n > 2, mean / pseudo.sd * np.sqrt(pseudo.n), np.nan)


def brown_warner_1980(first: FirstLook, second: SecondLook, columns: Columns) -> Array:
    """Sum over sqrt(m sum of residual variances), divisor n - 1 in each. N(0, 1).

    Brown & Warner (1980), no dependence across events.
    """
    return np.asarray(first.value.mean * first.value.n / np.sqrt(second.variance * columns.bars))


def portfolio_sd(second: SecondLook) -> tuple[float, int]:
    """sd (divisor T - 1) of the daily means over events of their residuals, and T, the days with one."""
    counted = second.residuals > 0
    series = second.residual[counted] / second.residuals[counted]
    return float(series.std(ddof=1)), len(series)


def brown_warner_1985(first: FirstLook, sd: float, columns: Columns) -> Array:
    """Mean over sd * sqrt m, sd the ``portfolio_sd``; t with T - 1. Brown & Warner (1985), crude adjustment."""
    return np.asarray(first.value.mean / (sd * np.sqrt(columns.bars)))


def lamb_z(first: FirstLook, sd: float) -> Array:
    """Brown & Warner (1985) with the forecast error of the portfolio: mean over sd * sqrt(mean of (se / sigma)^2).

    Lamb (1995), N(0, 1); for one market and full histories (se / sigma)^2 = 1 + 1/L + (x - xm)^2 / Sxx.
    """
    return np.asarray(first.value.mean / (sd * np.sqrt(first.forecast / first.forecasts)))
