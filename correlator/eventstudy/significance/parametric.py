"""Parametric tests across events, from sums over them; every function returns (K,) values, one per day or window.

Notation: x the AR or CAR, se its forecast-error sd, N the events with a value, m the bars of a column that they have.
"""

from __future__ import annotations

import numpy as np

from correlator.eventstudy.panel.frames import Array
from correlator.eventstudy.significance.evidence import Evidence


def cross_sectional_t(evidence: Evidence) -> Array:
    """mean / (sd / sqrt N). Brown & Warner (1980), appendix."""
    return np.asarray(evidence.mean / evidence.sd * np.sqrt(evidence.n))


def patell_z(evidence: Evidence) -> Array:
    """Sum of x / se over sqrt(sum df/(df - 2)). Patell (1976)."""
    return np.asarray(evidence.sums["scaled_total"] / np.sqrt(evidence.sums["patell"]))


def adjusted_patell_z(evidence: Evidence) -> Array:
    """Patell's Z times 1 / sqrt(1 + (N - 1) r). Kolari & Pynnönen (2010)."""
    return patell_z(evidence) * patell_adjustment(evidence.correlation, evidence.n)


def bmp_t(evidence: Evidence) -> Array:
    """The cross-sectional t of x / se. Boehmer, Musumeci & Poulsen (1991)."""
    return np.asarray(evidence.scaled_mean / evidence.scaled_sd * np.sqrt(evidence.scaled_n))


def kolari_pynnonen_t(evidence: Evidence) -> Array:
    """The BMP t times sqrt((1 - r) / (1 + (N - 1) r)). Kolari & Pynnönen (2010), eq. 11."""
    return bmp_t(evidence) * bmp_adjustment(evidence.correlation, evidence.n)


def patell_adjustment(correlation: Array, n: Array) -> Array:
    """Factor on Patell's Z for a mean ``correlation`` of ``n`` events, each (K,)."""
    return 1.0 / np.sqrt(_inflation(correlation, n))


def bmp_adjustment(correlation: Array, n: Array) -> Array:
    """Factor on the BMP t for a mean ``correlation`` of ``n`` events, each (K,)."""
    return np.asarray(np.sqrt((1.0 - correlation) / _inflation(correlation, n)))


def _inflation(correlation: Array, n: Array) -> Array:
    total = 1.0 + (n - 1) * correlation
    return np.where(total > 0, total, np.nan)


def skewness_adjusted_t(evidence: Evidence) -> Array:
    """sqrt N (S + g S^2 / 3 + g / (6 N)), S = mean / sd, g the skewness with divisor (N - 1)(N - 2) / N.

    Johnson (1978), Hall (1992), as Lyon, Barber & Tsai (1999) apply it; without Hall's cubic term.
    """
    n, sd = evidence.n, evidence.sd
    g = n / ((n - 1.0) * (n - 2.0)) * evidence.sums["cubes"] / sd**3
    s = evidence.mean / sd
    return np.asarray(np.sqrt(n) * (s + g * s * s / 3 + g / (6 * n)))


def jackknife_t(evidence: Evidence) -> Array:
    """t of the jackknifed ratio q of mean and sd of x / se: mean of the pseudo-values N q - (N - 1) q(-i) over their
    standard error. After Giaccotto & Sfiridis (1996).
    """
    n, total, squares = evidence.sums["pseudo"]
    sd = np.sqrt((squares - total * total / n) / (n - 1))
    return np.asarray((evidence.scaled_mean / evidence.scaled_sd + total / n) / sd * np.sqrt(n))


def brown_warner_1980(evidence: Evidence) -> Array:
    """Sum over sqrt(sum of m times the residuals' variance). Brown & Warner (1980), no dependence across events."""
    return np.asarray(evidence.sums["total"] / np.sqrt(evidence.sums["variance"]))


def portfolio(evidence: Evidence) -> tuple[float, int]:
    """sd (divisor T - 1) of the daily means over events of their residuals, and T, the days with one."""
    residual = evidence.sums["residual"]
    events = evidence.ranks.days.ranked[: len(residual)]
    series = residual[events > 0] / events[events > 0]
    return float(series.std(ddof=1)), len(series)


def brown_warner_1985(evidence: Evidence) -> Array:
    """Mean over sd * sqrt m, sd that of the ``portfolio``. Brown & Warner (1985), crude adjustment."""
    return np.asarray(evidence.mean / (portfolio(evidence)[0] * np.sqrt(evidence.bars)))


def lamb_z(evidence: Evidence) -> Array:
    """Brown & Warner (1985) with the forecast error of the portfolio: mean over sd * sqrt(mean of (se / sigma)^2).

    Lamb (1995); for one market and full histories (se / sigma)^2 = 1 + 1/L + (x - xm)^2 / Sxx.
    """
    errors = evidence.sums["forecast"] / evidence.sums["forecasts"]
    return np.asarray(evidence.mean / (portfolio(evidence)[0] * np.sqrt(errors)))


def clustered_t(evidence: Evidence) -> Array:
    """Mean over an error that lets events of one date go together: sqrt(G/(G - 1) sum over G dates of their summed
    deviations, squared) / N. Liang & Zeger (1986).
    """
    away = evidence.date_totals - np.where(evidence.date_n > 0, evidence.date_n * evidence.mean, 0.0)
    dates = dates_of(evidence)
    error = np.sqrt(dates / (dates - 1) * (away * away).sum(axis=0)) / evidence.n
    return np.asarray(evidence.mean / error)


def dates_of(evidence: Evidence) -> Array:
    """(K,) event dates with a value."""
    return np.asarray((evidence.date_n > 0).sum(axis=0, dtype=np.float64))
