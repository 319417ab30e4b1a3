"""Corrected betas by the papers' formulas, on a benchmark that remembers its last return."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

import correlator as co
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


LAG, SAME, LEAD = 0.3, 0.5, 0.2
OPTIONS = {"benchmark": "MKT", "estimation": "-300:-11", "window": "-2:2"}


def thin(every: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Prices of a share that follows its market a session early and late, where it trades, and an event."""
    market = np.random.default_rng(9).normal(0, 0.01, len(every))
    neighbours = np.concatenate([[0.0], market[:-1]]), np.concatenate([market[1:], [0.0]])
    closes = 100 * np.exp((LAG * neighbours[0] + SAME * market + LEAD * neighbours[1]).cumsum())
    days = pl.date_range(date(2022, 1, 3), date(2024, 12, 31), eager=True)
    days = days.filter(days.dt.weekday() <= 5).head(len(every))
    prices = pl.DataFrame({"date": days, "LAMP": np.where(every, closes, np.nan), "MKT": 100 * np.exp(market.cumsum())})
    return prices.fill_nan(None), pl.DataFrame({"date": [days[360]], "symbol": ["LAMP"]})


def traded(share: float) -> np.ndarray:
    found = np.random.default_rng(10).random(400) < share
    found[[0, 360, -1]] = True
    return found


@pytest.mark.parametrize("share", [1.0, 0.7, 0.4])
def test_dimson_of_a_share_that_seldom_trades_is_the_sum_of_its_slopes(share: float) -> None:
    prices, events = thin(traded(share))
    result = co.study(prices=prices, events=events, model="dimson", **OPTIONS, minimum_observations=50)
    assert result.frame("models")["beta"].item() == pytest.approx(LAG + SAME + LEAD, rel=1e-9)


def test_scholes_williams_of_a_share_with_holes_is_from_returns_of_one_session() -> None:
    there = traded(0.8)
    prices, events = thin(there)
    result = co.study(prices=prices, events=events, model="scholes-williams", **OPTIONS)
    window = slice(60, 350)
    x = prices["MKT"].log().diff().to_numpy()[window]
    y = prices["LAMP"].log().diff().to_numpy()[window]
    rho = np.corrcoef(x[1:], x[:-1])[0, 1]
    pairs = ((y[1:], x[:-1]), (y, x), (y[:-1], x[1:]))
    known = [(a[np.isfinite(a)], b[np.isfinite(a)]) for a, b in pairs]
    expected = sum(slope(a, b) for a, b in known) / (1 + 2 * rho)
    assert result.frame("models")["beta"].item() == pytest.approx(expected, rel=1e-9)


def test_scholes_williams_without_returns_of_one_session_is_excluded() -> None:
    prices, events = thin(np.arange(400) % 2 == 0)
    with pytest.warns(co.CorrelatorWarning, match="no event could be measured"):
        result = co.study(prices=prices, events=events, model="scholes-williams", **OPTIONS)
    assert "0 returns of one session" in result.excluded["reason"].item()
