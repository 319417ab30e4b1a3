"""The engine against statsmodels, event by event, and against exact arithmetic where statsmodels loses digits."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from slow_reference import fit_at

from correlator.errors import InputError, NotFoundError, StudyError
from correlator.eventstudy.estimation.engine import default_minimum

BARS, SYMBOLS = 900, 40


def panel(seed: int, factors: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((BARS, factors)) * 0.01
    loads = rng.standard_normal((factors, SYMBOLS))
    returns = x @ loads + rng.standard_normal((BARS, SYMBOLS)) * 0.02
    returns[rng.random(returns.shape) < 0.05] = np.nan
    return returns, x


def positions(seed: int, events: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    day_zero = rng.integers(270, BARS - 12, events)
    symbol = rng.integers(0, SYMBOLS, events)
    return symbol, day_zero, day_zero - 250, day_zero - 11, day_zero - 10, day_zero + 10


@pytest.mark.parametrize("factors", [1, 2, 3, 4, 5, 6])
def test_every_event_agrees_with_statsmodels(factors: int) -> None:
    sm = pytest.importorskip("statsmodels.api")
    returns, x = panel(factors, factors)
    symbol, _, est_first, est_last, win_first, win_last = where = positions(factors, 500)
    found = fit_at(returns, x, *where, model="factors", car_columns=[[10, 10], [5, 15]], keep_residuals=True)
    assert len(found) == 500
    for e in range(500):
        rows = slice(est_first[e], est_last[e] + 1)
        y, design = returns[rows, symbol[e]], sm.add_constant(x[rows])
        used = ~np.isnan(y)
        fit = sm.OLS(y[used], design[used]).fit()
        event = sm.add_constant(x[win_first[e] : win_last[e] + 1], has_constant="add")
        prediction = fit.get_prediction(event)
        actual = returns[win_first[e] : win_last[e] + 1, symbol[e]]
        there = ~np.isnan(actual)
        np.testing.assert_allclose(found.coefficients[e], fit.params, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(found.sigma[e] ** 2, fit.mse_resid, rtol=1e-10)
        np.testing.assert_allclose(found.ar_se[e][there], prediction.se_obs[there], rtol=1e-12)
        np.testing.assert_allclose(found.ar[e], actual - prediction.predicted, rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(found.estimation_residuals[e][used], fit.resid, rtol=1e-9, atol=1e-14)
        assert np.isnan(found.estimation_residuals[e][~used]).all()
        assert (found.n[e], found.df[e]) == (used.sum(), used.sum() - factors - 1)
        total = event[5:16][there[5:16]].sum(axis=0)
        variance = fit.mse_resid * (there[5:16].sum() + total @ np.linalg.inv(design[used].T @ design[used]) @ total)
        np.testing.assert_allclose(found.car_se[e, 1], np.sqrt(variance), rtol=1e-9)
        np.testing.assert_allclose(found.car[e, 1], np.nansum(found.ar[e, 5:16]), rtol=1e-12, atol=1e-15)


def exact_market_model(y: np.ndarray, x: np.ndarray) -> tuple[float, float]:
    """Slope and s^2 in rational arithmetic."""
    fy, fx = [Fraction(float(v)) for v in y], [Fraction(float(v)) for v in x]
    n = len(fy)
    my, mx = sum(fy) / n, sum(fx) / n
    sxx = sum((v - mx) ** 2 for v in fx)
    sxy = sum((v - mx) * (w - my) for v, w in zip(fx, fy, strict=True))
    syy = sum((w - my) ** 2 for w in fy)
    return float(sxy / sxx), float((syy - sxy * sxy / sxx) / (n - 2))


@pytest.mark.parametrize("path", ["numpy", "plain"])
def test_level_of_a_million_with_variance_of_1e_minus_8(path: str) -> None:
    rng = np.random.default_rng(5)
    x = 1e6 + rng.standard_normal((BARS, 1)) * 1e-4
    returns = 1e6 + 0.7 * (x - 1e6) + rng.standard_normal((BARS, 3)) * 1e-4
    where = tuple(np.array(v) for v in ([1], [600], [350], [589], [590], [610]))
    found = fit_at(returns, x, *where, path=path)
    beta, s2 = exact_market_model(returns[350:590, 1], x[350:590, 0])
    assert found.coefficients[0, 1] == pytest.approx(beta, rel=1e-10)
    assert found.sigma[0] ** 2 == pytest.approx(s2, rel=1e-10)


@pytest.mark.parametrize("path", ["numpy", "plain"])
def test_a_share_that_follows_its_benchmark_but_for_a_billionth(path: str) -> None:
    rng = np.random.default_rng(6)
    x = rng.standard_normal((BARS, 1)) * 0.01
    returns = 0.0003 + 0.5 * x + rng.standard_normal((BARS, 2)) * 1e-9
    where = tuple(np.array(v) for v in ([1], [600], [350], [589], [590], [610]))
    found = fit_at(returns, x, *where, path=path)
    beta, s2 = exact_market_model(returns[350:590, 1], x[350:590, 0])
    assert found.coefficients[0, 1] == pytest.approx(beta, rel=1e-10)
    assert found.sigma[0] == pytest.approx(s2**0.5, rel=1e-6)


@pytest.mark.parametrize("path", ["numpy", "plain"])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("tick", [1e4, 1e6, 1e12, np.inf])
def test_bad_tick_earlier_in_the_history_changes_nothing(path: str, tick: float) -> None:
    returns, x = panel(9, 1)
    where = positions(9, 20)
    spoilt = returns.copy()
    spoilt[3] = tick
    with np.errstate(invalid="ignore"):
        good, bad = (fit_at(values, x, *where, path=path) for values in (returns, spoilt))
    np.testing.assert_allclose(bad.sigma, good.sigma, rtol=1e-13)
    np.testing.assert_allclose(bad.coefficients, good.coefficients, rtol=1e-11)
    np.testing.assert_allclose(bad.ar, good.ar, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("with_market", [True, False])
@pytest.mark.parametrize("how", ["plain", "compiled"])
def test_kernel_says_what_the_batch_says(with_market: bool, how: str) -> None:
    if how == "compiled":
        pytest.importorskip("numba")
    returns, x = panel(4, 1)
    returns[600:640, 7] = np.nan
    returns[:, 8] = 0.001
    events = 60 if how == "plain" else 400
    where = positions(4, events)
    where[0][:3] = 8
    windows = [[10, 10], [9, 11], [0, 20]]
    model = "market" if with_market else "mean"
    slow = fit_at(returns, x, *where, model=model, car_columns=windows, keep_residuals=True)
    given = x if with_market else None
    fast_one = fit_at(returns, given, *where, path=how, model=model, car_columns=windows, keep_residuals=True)
    assert dict(fast_one.excluded) == dict(slow.excluded)
    assert set(dict(slow.excluded).values()) >= {"zero variance in the estimation window"}
    for name in ("n", "df", "n_car", "kept", "symbol_index", "day_zero", "est_first", "win_first"):
        np.testing.assert_array_equal(getattr(fast_one, name), getattr(slow, name))
    for name in ("coefficients", "sigma", "ar", "ar_se", "expected", "actual", "car", "car_se", "estimation_residuals"):
        np.testing.assert_allclose(getattr(fast_one, name), getattr(slow, name), rtol=1e-10, atol=1e-14)


def test_many_events_run_compiled_and_say_which_is_which() -> None:
    pytest.importorskip("numba")
    returns, x = panel(11, 1)
    returns[:, 8] = 0.001
    where = positions(11, 2500)
    where[1][:5] = 3
    where = (*where[:2], where[1] - 250, where[1] - 11, where[1] - 10, where[1] + 10)
    many = fit_at(returns, x, *where, path="compiled", keep_returns=False)
    few = fit_at(returns, x, *(a[:400] for a in where))
    assert many.actual.shape == (len(many), 0)
    assert (np.diff(many.kept) > 0).all()
    np.testing.assert_array_equal(many.symbol_index, where[0][many.kept])
    np.testing.assert_array_equal(many.day_zero, where[1][many.kept])
    assert sorted([*many.kept.tolist(), *dict(many.excluded)]) == list(range(2500))
    assert {i: r for i, r in many.excluded if i < 400} == dict(few.excluded)
    np.testing.assert_array_equal(many.kept[: len(few)], few.kept)
    for name in ("coefficients", "sigma", "n", "ar", "ar_se", "car", "car_se", "n_car"):
        np.testing.assert_allclose(getattr(many, name)[: len(few)], getattr(few, name), rtol=1e-10, atol=1e-14)


def test_missing_bars_have_no_ar_and_are_not_counted() -> None:
    returns, x = panel(2, 1)
    returns[:, 0] = np.random.default_rng(1).standard_normal(BARS) * 0.02
    returns[500, 0] = np.nan
    returns[[498, 499], 1] = np.nan
    found = fit_at(returns[:, :1], x, [0], [500], [250], [489], [490], [510], car_columns=[[10, 10], [9, 11], [0, 20]])
    assert np.isnan(found.ar[0, 10])
    assert np.isnan(found.ar_se[0, 10])
    assert np.isnan(found.car[0, 0])
    assert np.isnan(found.car_se[0, 0])
    assert found.n_car.tolist() == [[0, 2, 20]]
    assert found.car[0, 1] == pytest.approx(found.ar[0, 9] + found.ar[0, 11])


def test_events_that_cannot_be_measured_come_back_with_their_reason() -> None:
    returns, x = panel(3, 1)
    returns[:, 0] = 0.0
    returns[:420, 1] = np.nan
    returns[590:611, 2] = np.nan
    symbol = np.array([0, 1, 2, 3, 3, 3, 3])
    day_zero = np.array([600, 600, 600, 5, BARS - 1, 100, 600])
    where = (symbol, day_zero, day_zero - 250, day_zero - 11, day_zero - 10, day_zero + 10)
    found = fit_at(returns, x, *where, minimum_observations=200)
    assert found.kept.tolist() == [6]
    reasons = dict(found.excluded)
    assert reasons[0] == "zero variance in the estimation window"
    assert reasons[1].endswith("bars in the estimation window, 200 needed")
    assert reasons[2] == "no bar in the event window"
    assert reasons[3] == "event window starts 5 bars before the first bar"
    assert reasons[4] == "event window ends 10 bars after the last bar"
    assert reasons[5] == "90 bars in the estimation window, 200 needed"
    constant = fit_at(returns, np.full_like(x, 0.01), *(a[6:] for a in where))
    assert "without variation" in dict(constant.excluded)[0]


def test_simple_models_by_hand() -> None:
    returns, x = panel(6, 1)
    returns = np.nan_to_num(returns)
    where = ([0], [500], [250], [489], [490], [510])
    window, estimation = returns[490:511, 0], returns[250:490, 0]
    raw = fit_at(returns, None, *where, model="raw")
    np.testing.assert_allclose(raw.ar[0], window)
    assert raw.sigma[0] == pytest.approx(np.sqrt(np.mean(estimation**2)))
    mean = fit_at(returns, None, *where, model="mean")
    np.testing.assert_allclose(mean.ar[0], window - estimation.mean())
    assert mean.sigma[0] == pytest.approx(estimation.std(ddof=1))
    assert mean.ar_se[0, 0] == pytest.approx(estimation.std(ddof=1) * np.sqrt(1 + 1 / 240))
    adjusted = fit_at(returns, x, *where, model="market-adjusted")
    np.testing.assert_allclose(adjusted.ar[0], window - x[490:511, 0])
    np.testing.assert_allclose(adjusted.expected[0], x[490:511, 0])


def test_thin_trading_betas_by_their_formulas() -> None:
    returns, x = panel(7, 1)
    returns = np.nan_to_num(returns)
    where = ([0], [500], [250], [489], [490], [510])
    y, m = returns[250:490, 0], x[250:490, 0]

    def slope(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.polyfit(b, a, 1)[0])

    rho = float(np.corrcoef(m[1:], m[:-1])[0, 1])
    scholes = (slope(y[1:], m[:-1]) + slope(y, m) + slope(y[:-1], m[1:])) / (1 + 2 * rho)
    design = np.column_stack([np.ones(238), m[:-2], m[1:-1], m[2:]])
    dimson = np.linalg.lstsq(design, y[1:-1], rcond=None)[0][1:].sum()
    for model, beta in (("scholes-williams", scholes), ("dimson", dimson)):
        found = fit_at(returns, x, *where, model=model)
        assert found.coefficients[0, 1] == pytest.approx(beta, rel=1e-10)
        assert found.coefficients[0, 0] == pytest.approx(y.mean() - beta * m.mean(), rel=1e-9)
        residuals = y - y.mean() - beta * (m - m.mean())
        assert found.sigma[0] == pytest.approx(np.sqrt(residuals @ residuals / 238), rel=1e-10)


def test_refusals_name_what_to_do() -> None:
    returns, x = panel(1, 1)
    where = ([0], [500], [250], [489], [490], [510])
    with pytest.raises(StudyError, match="needs a benchmark"):
        fit_at(returns, None, *where)
    with pytest.raises(NotFoundError, match="models are raw, mean"):
        fit_at(returns, x, *where, model="capm")
    with pytest.raises(InputError, match="outside the event window"):
        fit_at(returns, x, *where, car_columns=[[0, 21]])
    with pytest.raises(InputError, match="not one of the 40 columns"):
        fit_at(returns, x, [40], *where[1:])
    with pytest.raises(InputError, match="must have the same length"):
        fit_at(returns, x, [0, 1], *where[1:])


def test_no_events_give_an_empty_result() -> None:
    returns, x = panel(1, 1)
    empty = np.zeros(0, dtype=np.int64)
    found = fit_at(returns, x, empty, empty, empty, empty, empty, empty)
    assert len(found) == 0


def test_default_minimum() -> None:
    assert [default_minimum(n) for n in (250, 240, 120, 31)] == [120, 120, 60, 16]
