"""Clean estimation windows, diagnostics of estimates, and models whose variance or line moves."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import correlator as co
from correlator.cli.app import app
from correlator.errors import CorrelatorError, InputError
from correlator.eventstudy.parts.stream import study_chunks
from correlator.eventstudy.results.diagnostics import arch_lm_of, ljung_box_of, outliers_of

BARS = 320
OPTIONS = {"benchmark": "M", "estimation": "-250:-11", "window": "-3:3", "windows": "0:0,-3:3", "flagged": "keep"}


def sessions() -> pl.Series:
    days = pl.date_range(date(2023, 1, 2), date(2024, 12, 31), eager=True)
    return days.filter(days.dt.weekday() <= 5)[:BARS].alias("Date")


def returns(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    market = rng.normal(0, 0.01, BARS)
    return {"M": market, "A": 0.001 + 1.2 * market + rng.normal(0, 0.015, BARS), "B": rng.normal(0, 0.02, BARS)}


def prices(moves: dict[str, np.ndarray]) -> pl.DataFrame:
    return pl.DataFrame({"Date": sessions(), **{name: 100 * np.exp(move.cumsum()) for name, move in moves.items()}})


def events(*rows: tuple[str, int]) -> pl.DataFrame:
    days = sessions()
    return pl.DataFrame({"symbol": [symbol for symbol, _ in rows], "date": [days[row] for _, row in rows]})


def line(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), y, rcond=None)[0]


def test_purge_leaves_out_the_windows_of_other_events_of_the_share_alone() -> None:
    moves = returns()
    rows = [("A", 300), ("A", 200), ("A", 150), ("A", 2), ("B", 120)]
    found = co.study(prices=prices(moves), events=events(*rows), purge=True, **OPTIONS)
    estimation = np.arange(300 - 250, 300 - 10)
    clean = np.array([row for row in estimation if abs(row - 200) > 3 and abs(row - 150) > 3])
    alpha, beta = line(moves["A"][clean], moves["M"][clean])
    model = found.models.row(0, named=True)
    assert (model["alpha"], model["beta"]) == (pytest.approx(alpha, rel=1e-9), pytest.approx(beta, rel=1e-9))
    assert model["n"] == 240 - 14
    assert found.diagnostics.select("n", "purged").row(0) == (226, 14)
    plain = co.study(prices=prices(moves), events=events(*rows), **OPTIONS)
    assert plain.models["n"][0] == 240
    assert plain.diagnostics["purged"][0] == 0


def test_minimum_observations_holds_for_what_is_left() -> None:
    rows = [("A", 300), *(("A", row) for row in range(60, 280, 7))]
    found = co.study(prices=prices(returns()), events=events(*rows), purge=True, minimum_observations=30, **OPTIONS)
    assert "bars in the estimation window, 30 needed" in found.excluded.filter(pl.col("event_id") == 1)["reason"][0]


def test_a_return_over_a_hole_that_reaches_into_a_window_is_purged() -> None:
    moves = returns()
    frame = prices(moves).with_columns(pl.when(~pl.int_range(pl.len()).is_in([203, 204])).then(pl.col("A")).alias("A"))
    found = co.study(prices=frame, events=events(("A", 300), ("A", 200)), purge=True, **OPTIONS)
    assert found.models["n"][0] == 240 - 6 - 1 - 1 - 1  # -3:3 less its hole, the hole, and the return over it


def test_purged_estimates_are_used_by_every_test() -> None:
    rows = [("A", 300), ("A", 285), ("B", 300)]
    found = co.study(prices=prices(returns()), events=events(*rows), purge=True, **OPTIONS)
    assert np.isfinite(found.summary()["se"].to_numpy()).all()
    assert np.isnan(found.estimates.estimation_residuals).sum(axis=1).tolist()[0] == 7
    assert found.significance.height > 0
    assert found.placebo(draws=30).table.height == 2


def test_chunks_refuse_to_purge() -> None:
    found = co.study(prices=prices(returns()), events=events(("A", 300)), purge=True, **OPTIONS)
    with pytest.raises(InputError, match="cannot be streamed"):
        next(study_chunks(found.panel, found.events, found.spec))
    with pytest.raises(InputError, match="purge must be true or false"):
        co.study(prices=prices(returns()), events=events(("A", 300)), purge="yes", **OPTIONS)


def test_diagnostics_are_those_of_statsmodels() -> None:
    diagnostic = pytest.importorskip("statsmodels.stats.diagnostic")
    found = co.study(prices=prices(returns()), events=events(("A", 300), ("B", 300)), **OPTIONS)
    for row, residuals in zip(
        found.diagnostics.iter_rows(named=True), found.estimates.estimation_residuals, strict=True
    ):
        theirs = diagnostic.acorr_ljungbox(residuals, lags=[5])
        assert row["ljung_box"] == pytest.approx(theirs["lb_stat"].iloc[0], rel=1e-9)
        assert row["p_autocorrelation"] == pytest.approx(theirs["lb_pvalue"].iloc[0], rel=1e-9)
        value, p_value, *_ = diagnostic.het_arch(residuals, nlags=5)
        assert (row["arch_lm"], row["p_arch"]) == (pytest.approx(value, rel=1e-9), pytest.approx(p_value, rel=1e-9))


def test_diagnostics_flag_what_was_planted() -> None:
    moves = returns()
    rng = np.random.default_rng(3)
    steps = rng.normal(0, 0.01, BARS)
    moves["B"] = steps + 0.5 * np.concatenate([[0], steps[:-1]])
    moves["A"][120] += 0.3
    moves["A"][291:299] += 0.04
    found = co.study(prices=prices(moves), events=events(("A", 300), ("B", 300)), **OPTIONS).diagnostics
    a, b = found.iter_rows(named=True)
    assert (a["outliers"], "outliers" in a["flags"], "pre-trend" in a["flags"]) == (1, True, True)
    assert a["largest"] > 10
    assert "autocorrelated" in b["flags"]
    assert "autocorrelated" not in a["flags"]


def test_the_pre_trend_is_the_car_between_estimation_and_event() -> None:
    moves = returns()
    found = co.study(prices=prices(moves), events=events(("A", 300)), **OPTIONS)
    before = co.study(
        prices=prices(moves), events=events(("A", 300)), **{**OPTIONS, "window": "-10:-1", "windows": "-10:-1"}
    )
    assert found.diagnostics["pre_trend"][0] == pytest.approx(before.car["t"][0])
    none = co.study(
        prices=prices(moves),
        events=events(("A", 300)),
        **{**OPTIONS, "estimation": "-250:-1", "window": "0:3", "windows": "0:3"},
    )
    assert none.diagnostics["pre_trend"][0] is None


def test_holes_leave_pairs_out() -> None:
    rng = np.random.default_rng(1)
    whole = rng.normal(0, 1, (1, 200))
    holed = whole.copy()
    holed[0, 50:60] = np.nan
    assert np.isfinite(ljung_box_of(holed)).all()
    assert ljung_box_of(holed)[0] != ljung_box_of(whole)[0]
    assert arch_lm_of(holed)[0] == pytest.approx(
        arch_lm_of(np.concatenate([whole[:, :50], np.full((1, 5), np.nan), whole[:, 60:]], axis=1))[0]
    )
    assert np.isnan(arch_lm_of(np.full((1, 6), np.nan))[0])
    assert outliers_of(np.array([[0.1, -0.1, 0.1, -0.1, 5.0, np.nan]]))[0].tolist() == [1]


def test_garch_is_that_of_arch() -> None:
    univariate = pytest.importorskip("arch.univariate")
    rng = np.random.default_rng(5)
    moves, variance, last = returns(), 0.015**2, 0.0
    for row in range(BARS):
        variance = 1e-5 + 0.1 * last**2 + 0.85 * variance
        last = float(rng.normal(0, np.sqrt(variance)))
        moves["A"][row] = 1.2 * moves["M"][row] + last
    found = co.study(prices=prices(moves), events=events(("A", 300)), model="garch", **OPTIONS)
    y, x = 100 * moves["A"], moves["M"]
    theirs = univariate.LS(
        y[50:290],
        x=np.column_stack([np.ones(240), x[50:290]]),
        constant=False,
        volatility=univariate.GARCH(p=1, q=1),
        rescale=False,
    ).fit(disp="off")
    alpha, beta = theirs.params[:2] / 100
    assert found.models.select("alpha", "beta").row(0) == pytest.approx((alpha, beta), rel=1e-4)
    design = np.column_stack([np.ones(7), x[297:304]])
    np.testing.assert_allclose(found.ar["ar"], moves["A"][297:304] - design @ [alpha, beta], atol=1e-7)
    forecast = theirs.forecast(horizon=14, x=np.tile([[[1.0]], [[0.0]]], (1, 1, 14)), reindex=False)
    h = forecast.residual_variance.to_numpy()[-1][7:] / 100**2
    covariance = theirs.param_cov.to_numpy()[:2, :2] / 100**2
    np.testing.assert_allclose(found.ar["se"] ** 2, h + ((design @ covariance) * design).sum(axis=1), rtol=1e-3)
    total = design.sum(axis=0)
    assert found.car["se"][1] ** 2 == pytest.approx(h.sum() + total @ covariance @ total, rel=1e-3)
    assert found.summary()["n"].to_list() == [1, 1]


def test_rolling_beta_is_a_line_for_every_bar() -> None:
    moves = returns()
    moves["A"][150:] += 0.8 * moves["M"][150:]
    found = co.study(prices=prices(moves), events=events(("A", 300)), model="rolling-beta", **OPTIONS)
    y, x = moves["A"], moves["M"]
    weights = np.zeros(BARS)
    market = co.study(prices=prices(moves), events=events(("A", 300)), **OPTIONS)
    sigma = market.models["sigma"][0]
    for bar, row in zip(range(-3, 4), found.ar.iter_rows(named=True), strict=True):
        window = np.arange(300 + bar - 250, 300 + bar - 10)
        window = window[(window < 297)]
        alpha, beta = line(y[window], x[window])
        assert row["ar"] == pytest.approx(y[300 + bar] - alpha - beta * x[300 + bar], abs=1e-12)
        design = np.column_stack([np.ones(len(window)), x[window]])
        own = design @ np.linalg.solve(design.T @ design, np.array([1.0, x[300 + bar]]))
        weights[window] += own
        assert row["se"] == pytest.approx(sigma * np.sqrt(1 + own @ own), rel=1e-9)
    whole = found.car.row(1, named=True)
    assert whole["se"] == pytest.approx(sigma * np.sqrt(7 + weights @ weights), rel=1e-9)
    assert whole["car"] == pytest.approx(found.ar["ar"].sum())
    assert found.models["beta"][0] == pytest.approx(market.models["beta"][0])


def test_rolling_beta_never_looks_into_the_event_window() -> None:
    moves = returns()
    close = {**OPTIONS, "estimation": "-100:-4", "model": "rolling-beta"}
    before = co.study(prices=prices(moves), events=events(("A", 300)), **close)
    moves["A"][297:304] += 0.1
    after = co.study(prices=prices(moves), events=events(("A", 300)), **close)
    np.testing.assert_allclose(after.ar["ar"] - before.ar["ar"], 0.1, atol=1e-12)


@pytest.mark.parametrize("model", ["garch", "rolling-beta"])
def test_the_models_agree_with_the_market_model_where_nothing_moves(model) -> None:
    if model == "garch":
        pytest.importorskip("arch")
    frame, what = prices(returns()), events(("A", 300), ("B", 300), ("A", 280))
    plain, found = (co.study(prices=frame, events=what, **{**OPTIONS, "model": name}) for name in ("market", model))
    np.testing.assert_allclose(found.car["car"], plain.car["car"], atol=0.01)
    np.testing.assert_allclose(found.car["se"], plain.car["se"], rtol=0.35)
    holed = frame.with_columns(pl.when(pl.int_range(pl.len()) % 37 != 5).then(pl.col("A")).alias("A"))
    again = co.study(prices=holed, events=what, **{**OPTIONS, "model": model})
    assert np.isfinite(again.summary()["se"].to_numpy()).all()
    assert again.car["flags"].to_list() == co.study(prices=holed, events=what, **OPTIONS).car["flags"].to_list()
    with pytest.raises(CorrelatorError, match="needs a benchmark"):
        co.study(prices=frame, events=what, **{**OPTIONS, "model": model, "benchmark": None})


def test_purge_and_diagnostics_through_the_other_doors(tmp_path) -> None:
    frame, what = prices(returns()), events(("A", 300), ("A", 285), ("B", 300))
    found = co.study(prices=frame, events=what, purge=True, **OPTIONS)
    frame.write_csv(tmp_path / "wide.csv")
    what.write_csv(tmp_path / "events.csv")
    typed = [word for name, value in OPTIONS.items() for word in (f"--{name}", value)]
    call = [
        "study",
        "--prices",
        str(tmp_path / "wide.csv"),
        "--events",
        str(tmp_path / "events.csv"),
        *typed,
        "--purge",
    ]
    done = CliRunner().invoke(app, [*call, "--output", "diagnostics", "--to", str(tmp_path / "out.json")])
    assert done.exit_code == 0, done.output
    written = json.loads((tmp_path / "out.json").read_text())
    assert [row["purged"] for row in written] == found.diagnostics["purged"].to_list()
    done = CliRunner().invoke(app, [*call, "--output", "models", "--to", str(tmp_path / "out.parquet")])
    assert done.exit_code == 0, done.output
    assert pl.read_parquet(tmp_path / "out.parquet")["n"].to_list() == found.models["n"].to_list()
