"""Corrected betas by the papers' formulas, on a benchmark that remembers its last return."""

from __future__ import annotations

import numpy as np
import pytest

from correlator.eventstudy.estimation.models import dimson_beta, scholes_williams_beta

LENGTH = 300


@pytest.fixture
def series() -> tuple[np.ndarray, np.ndarray]:
    """Returns of a share that follows half a day late, and its benchmark with an autocorrelation of a half."""
    rng = np.random.default_rng(8)
    x = np.zeros(LENGTH)
    for t in range(1, LENGTH):
        x[t] = 0.5 * x[t - 1] + rng.normal(0, 0.01)
    y = 0.0002 + 0.4 * x + 0.4 * np.concatenate([[0.0], x[:-1]]) + rng.normal(0, 0.01, LENGTH)
    return y, x


def slope(y: np.ndarray, x: np.ndarray) -> float:
    return float(np.cov(y, x)[0, 1] / x.var(ddof=1))


def test_scholes_williams_divides_by_the_memory_of_the_benchmark(series: tuple[np.ndarray, np.ndarray]) -> None:
    y, x = series
    rho = np.corrcoef(x[1:], x[:-1])[0, 1]
    assert rho > 0.4
    slopes = slope(y[1:], x[:-1]) + slope(y, x) + slope(y[:-1], x[1:])
    assert scholes_williams_beta(y[None], x[None])[0] == pytest.approx(slopes / (1 + 2 * rho), rel=1e-9)


def test_dimson_sums_the_slopes_of_one_regression(series: tuple[np.ndarray, np.ndarray]) -> None:
    y, x = series
    design = np.column_stack([np.ones(LENGTH - 2), x[:-2], x[1:-1], x[2:]])
    expected = np.linalg.lstsq(design, y[1:-1], rcond=None)[0][1:].sum()
    assert dimson_beta(y[None], x[None])[0] == pytest.approx(expected, rel=1e-9)
