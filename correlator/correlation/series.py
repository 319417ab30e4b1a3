"""Least squares over time with Newey-West errors: what lead-lag, projections and signals share.

    y_t = x_t'b + e_t,   V = (X'X)^-1 S (X'X)^-1,   S = G_0 + sum_{l=1..L} (1 - l/(L+1)) (G_l + G_l')

with G_l the sum over t of (x_t e_t)(x_{t-l} e_{t-l})' (Newey & West 1987, Econometrica 55, 703-708). No small-sample
factor; p-values are normal, as the result is asymptotic. Equal to statsmodels' ``cov_type="HAC"``. A bar with a missing
value has no e_t but keeps its place in time, so bars on both sides of it do not become neighbours (Datta & Du 2012).
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
    """``estimate``, ``se``, ``t``, ``p_value`` (k,) of ``n`` observations, ``lags`` of the Bartlett kernel."""

    estimate: Array
    se: Array
    n: int
    lags: int

    @property
    def t(self) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.estimate / self.se)

    @property
    def p_value(self) -> Array:
        return normal_p(self.t)


def hac_regression(y: ArrayLike, x: ArrayLike, lags: int | None = None) -> Regression:
    """Regress ``y`` (T,) on ``x`` (T, k); rows with a NaN are left out and keep their place in time.

    ``lags``: default ``newey_west_lags``. Raises StudyError where observations are too few or columns collinear.
    """
    outcome, design = as_series(y, "y"), np.asarray(x, dtype=np.float64)
    there = np.isfinite(outcome) & np.isfinite(design).all(axis=1)
    outcome, design = np.where(there, outcome, 0.0), np.where(there[:, None], design, 0.0)
    n, k = int(there.sum()), design.shape[1]
    if n <= k:
        raise StudyError(f"{n} observations cannot bear {k} terms", hint="bring a longer series or fewer lags")
    scale = np.sqrt((design * design).sum(axis=0))
    if not scale.all():
        raise StudyError("a column of the regression is zero throughout", hint="it cannot explain anything")
    q, r = np.linalg.qr(design / scale)
    if np.abs(np.diag(r)).min() < 1e-10:
        raise StudyError("the terms of the regression are collinear", hint="leave one of them out")
    inverse = np.linalg.inv(r) / scale[:, None]
    estimate = inverse @ (q.T @ outcome)
    chosen = newey_west_lags(n) if lags is None else lags
    if chosen < 0:
        raise InputError(f"{chosen} lags are none", hint="give 0 or more")
    scores = q * (outcome - design @ estimate)[:, None]
    covariance = inverse @ long_run_sum(scores, chosen) @ inverse.T
    return Regression(estimate, np.sqrt(np.maximum(np.diag(covariance), 0.0)), n, chosen)


def long_run_sum(scores: Array, lags: int) -> Array:
    """(k, k) sum of autocovariances of ``scores`` (T, k), around zero, with Bartlett weights."""
    total: Array = scores.T @ scores
    for lag in range(1, min(lags, len(scores) - 1) + 1):
        cross = scores[lag:].T @ scores[:-lag]
        total += (1.0 - lag / (lags + 1.0)) * (cross + cross.T)
    return total


def newey_west_lags(n: int) -> int:
    """floor(4 (n/100)^(2/9)), the rule of thumb of Newey & West (1994)."""
    return int(4 * (n / 100) ** (2 / 9))


def mean_with_error(values: ArrayLike, lags: int | None = None) -> Regression:
    """The mean of a series (T,) as a regression on a constant."""
    series = as_series(values, "values")
    return hac_regression(series, np.ones((len(series), 1)), lags)


def normal_p(t: Array) -> Array:
    """Two-sided p-values of the normal law, NaN where ``t`` is."""
    from scipy.special import ndtr

    return np.asarray(2.0 * ndtr(-np.abs(t)))


def normal_quantile(level: float) -> float:
    """How many standard errors a two-sided band of ``level`` reaches; raises InputError outside (0, 1)."""
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise InputError(f"level {level} is not between 0 and 1", hint="0.95 is usual")
    return float(ndtri(0.5 + level / 2))


def lagged(values: Array, lag: int) -> Array:
    """The series (T,) ``lag`` bars earlier (later where negative), NaN where there is none."""
    moved = np.full(len(values), np.nan)
    if lag >= 0:
        moved[lag:] = values[: len(values) - lag]
    else:
        moved[:lag] = values[-lag:]
    return moved


def as_series(values: ArrayLike, name: str) -> Array:
    """``values`` as floats (T,); raises InputError for another shape."""
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1:
        raise InputError(f"{name} has {series.ndim} dimensions, not 1", hint="give one value per bar")
    return series


def aligned(first: ArrayLike, second: ArrayLike) -> tuple[Array, Array]:
    """Two series of one length; raises InputError otherwise."""
    a, b = as_series(first, "the first series"), as_series(second, "the second series")
    if len(a) != len(b):
        raise InputError(f"series of {len(a)} and {len(b)} bars", hint="put both on the same sessions")
    return a, b
