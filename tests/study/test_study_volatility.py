"""Abnormal volatility: the multiplier by hand, and a variance that doubles."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from slow_reference import fit_at

from correlator.errors import CorrelatorWarning, StudyError
from correlator.eventstudy.estimation.garch import best_garch
from correlator.eventstudy.results import volatility
from correlator.eventstudy.results.volatility import abnormal_volatility, forecast_variances, volatility_multiplier


def test_multiplier_by_its_formula() -> None:
    ar = np.array([[0.01, np.nan], [-0.03, 0.02], [0.02, 0.01], [0.0, np.nan]])
    s2 = np.array([[1e-4, 1e-4], [4e-4, 1e-4], [2e-4, 1e-4], [1e-4, 1e-4]])
    found, n = volatility_multiplier(ar, s2)
    total, spread = ar[:, 0].sum(), s2[:, 0].sum()
    by_hand = sum((4 * e - total) ** 2 / (8 * v + spread) for e, v in zip(ar[:, 0], s2[:, 0], strict=True)) / 3
    assert found[0] == pytest.approx(by_hand)
    assert np.isnan(found[1])
    assert n.tolist() == [4, 2]


def test_variances_are_forecast_in_the_units_of_the_returns() -> None:
    pytest.importorskip("arch")
    residuals = np.random.default_rng(3).normal(0, 0.02, (1, 250))
    estimates: Any = SimpleNamespace(
        estimation_residuals=residuals,
        ar=np.zeros((1, 2)),
        win_first=np.array([260]),
        est_first=np.array([0]),
        dated=frozenset(),
    )
    variances = forecast_variances(estimates)
    assert variances.shape == (1, 2)
    np.testing.assert_allclose(variances, residuals.var(), rtol=0.5)
    estimates.win_first = np.array([250])  # the day after the last residual
    np.testing.assert_allclose(forecast_variances(estimates)[0], _garch_ahead(residuals[0], 2), rtol=1e-12)
    estimates.win_first = np.array([249])
    with pytest.raises(StudyError, match="must follow"):
        forecast_variances(estimates)


def _arch_fit(residuals: np.ndarray) -> Any:
    from arch.univariate import GARCH, ZeroMean

    return ZeroMean(residuals, volatility=GARCH(p=1, q=1), rescale=False).fit(disp="off", show_warning=False)


def _garch_ahead(residuals: np.ndarray, days: int) -> np.ndarray:
    fitted = _arch_fit(100 * residuals)
    return fitted.forecast(horizon=days, reindex=False).variance.to_numpy()[-1] / 100**2


def test_the_higher_of_two_optima_is_used() -> None:
    """The start of arch alone ends 1.87 lower, at a variance a quarter higher; both optima are those of one series."""
    pytest.importorskip("arch")
    residuals = np.random.default_rng(11).standard_t(5, 250)
    plain, best = _arch_fit(residuals), best_garch(residuals)
    assert best.loglikelihood > plain.loglikelihood + 1.8
    for rounded in (np.round(residuals, 5), residuals * (1 + 1e-7)):
        np.testing.assert_allclose(best_garch(rounded).params, best.params, atol=1e-4)
    assert plain.forecast(horizon=1).variance.to_numpy()[-1, 0] == pytest.approx(1.48, abs=0.01)
    assert best.forecast(horizon=1).variance.to_numpy()[-1, 0] == pytest.approx(1.17, abs=0.01)


def test_an_event_whose_variance_cannot_be_forecast_is_left_out(monkeypatch) -> None:
    monkeypatch.setattr(volatility, "best_garch", lambda _: None)
    estimates: Any = SimpleNamespace(
        estimation_residuals=np.ones((1, 120)),
        ar=np.zeros((1, 2)),
        win_first=np.array([121]),
        est_first=np.array([0]),
        dated=frozenset(),
    )
    with pytest.warns(CorrelatorWarning, match="1 event left out of the volatility"):
        variances = forecast_variances(estimates)
    assert volatility_multiplier(estimates.ar, variances)[1].tolist() == [0, 0]


def test_variance_that_is_four_times_as_large_is_found() -> None:
    pytest.importorskip("arch")
    rng = np.random.default_rng(3)
    returns = rng.standard_normal((320, 20)) * 0.02
    returns[305:] *= 2.0
    where = (np.arange(20), *(np.full(20, row) for row in (305, 50, 289, 300, 309)))
    estimates = fit_at(returns, None, *where, model="mean", keep_residuals=True)
    forecasts = forecast_variances(estimates)
    assert forecasts.shape == (20, 10)
    np.testing.assert_allclose(forecasts.mean(axis=0), 0.02**2, rtol=0.15)
    table = abnormal_volatility(estimates, [str(day) for day in range(-5, 5)])
    before, after = table["multiplier"][:5], table["multiplier"][5:]
    assert before.mean() == pytest.approx(1.0, abs=0.3)
    assert after.mean() == pytest.approx(4.0, abs=1.2)
    assert table["p_value"][5:].max() < 0.01
    with pytest.raises(StudyError, match="at least 3 events"):
        abnormal_volatility(estimates.take([0, 1]), [])
    with pytest.raises(StudyError, match="no residuals"):
        abnormal_volatility(replace(estimates, estimation_residuals=None), [])
