"""Least squares for time series with errors robust to autocorrelation, used by lead-lag, projections and signals.

    y_t = x_t'b + e_t,   V = (X'X)^-1 S (X'X)^-1,   S the long-run sum of squares of the scores s_t = x_t e_t

By default S is the equal-weighted cosine estimator with fixed-b critical values (Lazarus, Lewis, Stock & Watson 2018,
JBES 36, 541-559),

    S = 2/B sum_{j=1..B} c_j c_j',   c_j = sum_t cos(pi j (t - 1/2)/T) s_t / (1 - h_t),   B = 0.4 T^(2/3)

with h_t the leverage of bar t, which corrects the residual for its fit (HC3 of MacKinnon & White 1985); t has B degrees
of freedom, which accounts for the uncertainty of S: a normal distribution with Newey & West's S rejects a true null too
often in short series. With ``lags`` S is theirs (1987, Econometrica 55, 703-708), G_0 + sum_{l=1..L} (1 - l/(L+1)) (G_l
+ G_l'), without a small-sample factor and with a normal distribution, equal to statsmodels' ``cov_type="HAC"``. A bar
with a missing value has no e_t but keeps its place in time, so that the bars next to it do not become neighbours (Datta
& Du 2012).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from correlator.errors import InputError, StudyError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Regression:
    """``estimate``, ``se``, ``t``, ``p_value`` (k,) of ``n`` observations; ``lags`` of the Bartlett kernel, None for
    cosines; ``df`` of Student's t, infinite for the normal distribution.
    """

    estimate: Array
    se: Array
    n: int
    lags: int | None
    df: float

    @property
    def t(self) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.estimate / self.se)

    @property
    def p_value(self) -> Array:
        from scipy.special import ndtr, stdtr

        lower = -np.abs(self.t)
        return np.asarray(2.0 * (ndtr(lower) if np.isinf(self.df) else stdtr(self.df, lower)))

    def reach(self, level: float) -> float:
        """Return the half-width of a two-sided band in standard errors; raises InputError outside (0, 1)."""
        from scipy.special import ndtri, stdtrit

        if not 0 < level < 1:
            raise InputError(f"level must be between 0 and 1, got {level}", hint="0.95 is usual", argument="level")
        half = 0.5 + level / 2
        return float(ndtri(half) if np.isinf(self.df) else stdtrit(self.df, half))


def hac_regression(y: ArrayLike, x: ArrayLike, lags: int | None = None) -> Regression:
    """Regress ``y`` (T,) on ``x`` (T, k); rows with a NaN are left out but keep their place in time.

    ``lags`` of Newey-West errors; default: cosines. Raises StudyError if observations are too few or columns collinear.
    """
    outcome, design = as_series(y, "y"), np.asarray(x, dtype=np.float64)
    complete = np.isfinite(outcome) & np.isfinite(design).all(axis=1)
    outcome, design = np.where(complete, outcome, 0.0), np.where(complete[:, None], design, 0.0)
    n, k = int(complete.sum()), design.shape[1]
    if n <= k:
        raise StudyError(f"{n} observations are too few for {k} terms", hint="give a longer series or fewer lags")
    scale = np.sqrt((design * design).sum(axis=0))
    if not scale.all():
        raise StudyError("a column of the regression is zero throughout", hint="leave it out")
    q, r = np.linalg.qr(design / scale)
    if np.abs(np.diag(r)).min() < 1e-10:
        raise StudyError("the terms of the regression are collinear", hint="leave one of them out")
    inverse = np.linalg.inv(r) / scale[:, None]
    estimate = inverse @ (q.T @ outcome)
    if lags is not None and lags < 0:
        raise InputError(f"lags must be 0 or more, got {lags}", hint="leave them out for cosines")
    residuals = outcome - design @ estimate
    if lags is None:
        cosines = cosines_of(n)
        one_less_leverage = np.maximum(1.0 - (q * q).sum(axis=1), 1e-6)
        summed, df = cosine_sum(q * (residuals / one_less_leverage)[:, None], cosines), float(cosines)
    else:
        summed, df = long_run_sum(q * residuals[:, None], lags), np.inf
    covariance = inverse @ summed @ inverse.T
    return Regression(estimate, np.sqrt(np.maximum(np.diag(covariance), 0.0)), n, lags, df)


FEWEST_WITH_NEWS = 15
"""Fewest bars on which a series must differ from its usual value for standard errors over time.

With 1, 5, 10 and 15 sessions of news among 1,000, a true null is rejected in 92, 10, 10 and 2 % of cases at 5 %.
"""


def bars_with_news(series: Array) -> int:
    """Return the number of bars on which a series (T,) differs from the value of most bars; all if there is none."""
    values, counts = np.unique(series[np.isfinite(series)], return_counts=True)
    if not len(values):
        return 0
    total, usual = int(counts.sum()), int(counts.max())
    return total - usual if 2 * usual > total else total


def refuse_sparse(series: Array, what: str) -> None:
    """Raise StudyError if a series differs from its usual value on too few bars: errors would be far too small."""
    bars = bars_with_news(series)
    if 0 < bars < FEWEST_WITH_NEWS:
        raise StudyError(
            f"{what} differs from its usual value on {bars} bars, standard errors need at least {FEWEST_WITH_NEWS}",
            hint="load more news, choose bootstrap bands, or study its events",
        )


def cosines_of(n: int) -> int:
    """Return the number of cosines for ``n`` observations: 0.4 n^(2/3), at least one (Lazarus et al. 2018)."""
    return max(1, int(0.4 * n ** (2 / 3)))


def cosine_sum(scores: Array, cosines: int) -> Array:
    """Return the long-run sum of squares (k, k) of ``scores`` (T, k) from their first ``cosines``, equally weighted."""
    total = len(scores)
    angles = np.pi * np.arange(1, cosines + 1)[:, None] * (np.arange(total) + 0.5) / total
    projected = np.cos(angles) @ scores
    summed: Array = projected.T @ projected * (2.0 / cosines)
    return summed


def long_run_sum(scores: Array, lags: int) -> Array:
    """Return the sum (k, k) of autocovariances of ``scores`` (T, k), around zero, with Bartlett weights."""
    total: Array = scores.T @ scores
    for lag in range(1, min(lags, len(scores) - 1) + 1):
        cross = scores[lag:].T @ scores[:-lag]
        total += (1.0 - lag / (lags + 1.0)) * (cross + cross.T)
    return total


def mean_with_error(values: ArrayLike, lags: int | None = None) -> Regression:
    """Return the mean of a series (T,) as a regression on a constant."""
    series = as_series(values, "values")
    return hac_regression(series, np.ones((len(series), 1)), lags)


def lagged(values: Array, lag: int) -> Array:
    """Return the series (T,) of values ``lag`` bars earlier (later if negative), NaN where there is none."""
    shifted = np.full(len(values), np.nan)
    if lag >= 0:
        shifted[lag:] = values[: len(values) - lag]
    else:
        shifted[:lag] = values[-lag:]
    return shifted


def as_series(values: ArrayLike, name: str) -> Array:
    """Return ``values`` as floats (T,); raises InputError for another shape."""
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1:
        raise InputError(f"{name} must have one dimension, got {series.ndim}", hint="give one value per bar")
    return series


def aligned(first: ArrayLike, second: ArrayLike) -> tuple[Array, Array]:
    """Return two series as floats; raises InputError unless they have the same length."""
    a, b = as_series(first, "the first series"), as_series(second, "the second series")
    if len(a) != len(b):
        raise InputError(
            f"the series must have the same length, got {len(a)} and {len(b)} bars",
            hint="align both to the same sessions",
        )
    return a, b
