"""What must hold for any input: additivity, exactness, scale, order, and no look into the future."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_reference import fit_at

from correlator.eventstudy.panel.frames import returns_of

BARS, DAY = 120, 90
WHERE = ([DAY], [10], [79], [80], [100])
seeds = st.integers(0, 2**32 - 1)
slow_enough = settings(max_examples=40, deadline=None, derandomize=True)


def bars(seed: int, symbols: int = 3, holes: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((BARS, 2)) * 0.01
    returns = x @ rng.standard_normal((2, symbols)) + rng.standard_normal((BARS, symbols)) * 0.02
    returns[rng.random(returns.shape) < holes] = np.nan
    return returns, x


def measure(returns: np.ndarray, x: np.ndarray, symbol: int = 0, **options):
    return fit_at(returns, x, [symbol], *WHERE, model="factors", minimum_observations=20, **options)


@slow_enough
@given(seeds, st.integers(0, 19))
def test_car_adds_up(seed: int, cut: int) -> None:
    returns, x = bars(seed)
    car = measure(returns, x, car_columns=[[0, cut], [cut + 1, 20], [0, 20]]).car[0]
    assert np.nansum(car[:2]) == np.float64(car[2]) or abs(np.nansum(car[:2]) - car[2]) < 1e-14


@slow_enough
@given(seeds, st.floats(-3, 3), st.floats(-3, 3), st.floats(-0.01, 0.01))
def test_asset_exactly_linear_in_its_factors_has_no_abnormal_return(seed: int, b: float, c: float, a: float) -> None:
    returns, x = bars(seed)
    returns[:, 0] = a + (b + 0.1) * x[:, 0] + c * x[:, 1]
    found = measure(returns, x)
    if len(found):
        np.testing.assert_allclose(found.ar, 0.0, atol=1e-15)


@slow_enough
@given(seeds, st.floats(1e-3, 1e6))
def test_scaling_prices_changes_nothing(seed: int, scale: float) -> None:
    returns, x = bars(seed)
    prices = 50 * np.exp(np.nan_to_num(returns).cumsum(axis=0))
    for kind in ("log", "simple"):
        one, other = measure(returns_of(prices, kind), x), measure(returns_of(prices * scale, kind), x)
        np.testing.assert_allclose(other.ar, one.ar, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(other.ar_se, one.ar_se, rtol=1e-10)


@slow_enough
@given(seeds, st.permutations(range(6)))
def test_order_of_events_changes_nothing(seed: int, order: list[int]) -> None:
    returns, x = bars(seed)
    symbol = np.array([0, 1, 2, 0, 1, 2])
    day_zero = np.array([90, 91, 92, 93, 94, 95])
    where = (symbol, day_zero, day_zero - 80, day_zero - 11, day_zero - 10, day_zero + 10)
    straight = fit_at(returns, x, *where, model="factors", minimum_observations=20)
    moved = fit_at(returns, x, *(a[order] for a in where), model="factors", minimum_observations=20)
    np.testing.assert_array_equal(moved.ar, straight.ar[order])
    np.testing.assert_array_equal(moved.car_se, straight.car_se[order])


@slow_enough
@given(seeds, st.integers(80, 100), st.sampled_from(["market", "factors", "scholes-williams", "dimson", "mean"]))
def test_future_bars_never_change_a_past_result(seed: int, now: int, model: str) -> None:
    returns, x = bars(seed)
    options = {"model": model, "minimum_observations": 20}
    full = fit_at(returns, x, [0], *WHERE, **options)
    changed, other = returns.copy(), x.copy()
    changed[now + 1 :] *= -7.0
    other[now + 1 :] += 0.5
    later = fit_at(changed, other, [0], *WHERE, **options)
    known = slice(0, now - 80 + 1)
    np.testing.assert_array_equal(later.ar[:, known], full.ar[:, known])
    np.testing.assert_array_equal(later.ar_se[:, known], full.ar_se[:, known])
    np.testing.assert_array_equal(later.coefficients, full.coefficients)
