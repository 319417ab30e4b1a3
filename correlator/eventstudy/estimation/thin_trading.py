"""Betas for shares that trade thinly: Scholes & Williams (1977) and Dimson (1979), one lead and one lag each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from correlator.eventstudy.estimation.least_squares import Array, Fit, coefficients_of, fit_batch


def with_corrected_beta(fit: Fit, y: Array, x: Array, method: str) -> Fit:
    """``fit`` of a market model with its slope replaced by the corrected beta, residuals to match.

    ``y``, ``x`` (E, L) the return and the benchmark over the estimation window. The line passes through the means.
    """
    beta = scholes_williams_beta(y, x) if method == "scholes-williams" else dimson_beta(y, x)
    along_x = beta * fit.r[:, 1, 1]
    change = along_x - fit.c[:, 1]
    c = np.column_stack([fit.c[:, 0], along_x])
    return replace(fit, c=c, residuals=fit.residuals - change[:, None] * fit.q[1])


def scholes_williams_beta(y: Array, x: Array) -> Array:
    """(b_-1 + b_0 + b_+1) / (1 + 2 rho), each slope from its own simple regression, rho the benchmark's first
    autocorrelation; (E,) for ``y``, ``x`` (E, L). Bars without a neighbour inside the window drop out of that slope.
    """
    lag, lead = _shifted(x, 1), _shifted(x, -1)
    slopes = sum(_slope(y, neighbour) for neighbour in (lag, x, lead))
    return np.asarray(slopes / (1.0 + 2.0 * _correlation(x, lag)))


def dimson_beta(y: Array, x: Array) -> Array:
    """Sum of the slopes on lag, same bar and lead of the benchmark in one regression; (E,) for ``y``, ``x`` (E, L)."""
    fit = fit_batch(y, np.stack([_shifted(x, 1), x, _shifted(x, -1)]), intercept=True)
    return np.asarray(coefficients_of(fit)[:, 1:].sum(axis=1))


def _slope(y: Array, x: Array) -> Array:
    return np.asarray(coefficients_of(fit_batch(y, x[None], intercept=True))[:, 1])


def _correlation(a: Array, b: Array) -> Array:
    both = ~np.isnan(a) & ~np.isnan(b)
    n = np.maximum(both.sum(axis=1), 1)[:, None]
    first, second = np.where(both, a, 0.0), np.where(both, b, 0.0)
    first = np.where(both, first - first.sum(axis=1, keepdims=True) / n, 0.0)
    second = np.where(both, second - second.sum(axis=1, keepdims=True) / n, 0.0)
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.asarray((first * second).sum(axis=1) / np.where(scale > 0, scale, 1.0))


def _shifted(x: Array, bars: int) -> Array:
    """``x`` moved ``bars`` later, NaN where nothing moves in."""
    moved = np.full_like(x, np.nan)
    if bars > 0:
        moved[:, bars:] = x[:, :-bars]
    else:
        moved[:, :bars] = x[:, -bars:]
    return moved
