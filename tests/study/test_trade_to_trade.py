"""Returns from trade to trade: what moved over a hole is measured, with its variance, in the window it lies in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from correlator.eventstudy.estimation import residuals
from correlator.eventstudy.estimation.engine import fit_events
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, Placement
from correlator.eventstudy.matrix import study_frames
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.panel.trade_to_trade import bridge_holes, holes_in
from correlator.eventstudy.results.result import StudyResult
from correlator.eventstudy.significance.arrays import study_arrays
from correlator.eventstudy.significance.table import significance_table

BARS, ZERO = 330, 300


def prices(holes: dict[str, list[int]], *, seed: int = 4) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    market = rng.standard_normal(BARS) * 0.01
    moves = {"M": market} | {name: 1.1 * market + rng.standard_normal(BARS) * 0.02 for name in ("A", "B")}
    days = [date(2022, 1, 3) + timedelta(days=i) for i in range(BARS)]
    frame = pl.DataFrame({"date": days} | {name: 50 * np.exp(np.cumsum(move)) for name, move in moves.items()})
    row = pl.int_range(pl.len())
    return frame.with_columns(pl.when(~row.is_in(rows)).then(pl.col(name)).alias(name) for name, rows in holes.items())


def study(frame: pl.DataFrame, **options: object) -> StudyResult:
    events = pl.DataFrame({"symbol": ["A"], "date": [frame["date"][ZERO]]})
    return study_frames(prices=frame, events=events, benchmark="M", window="-5:5", **options)  # type: ignore[arg-type]


def weighted(frame: pl.DataFrame, rows: list[int]) -> tuple[NDArray[np.float64], ...]:
    """Log returns of A and M between these rows, and the sessions between them, one per row but the first."""
    a, m, at = frame["A"].to_numpy()[rows], frame["M"].to_numpy()[rows], np.array(rows)
    return np.diff(np.log(a)), np.diff(np.log(m)), np.diff(at).astype(np.float64)


def test_weighted_regression_is_that_of_statsmodels() -> None:
    frame = prices({"A": [60, 100, 101, 102, 150, ZERO, ZERO + 1]})
    known = [i for i in range(BARS) if frame["A"][i] is not None]
    y, x, g = weighted(frame, known)
    end = np.array(known[1:])
    estimation = (end >= ZERO - 279) & (end <= ZERO - 30)
    root = np.sqrt(g)
    design = np.column_stack([np.ones(len(x)), x])
    fit = sm.OLS((y / root)[estimation], (design / root[:, None])[estimation]).fit()
    result = study(frame, windows="-1:2,-5:5")
    assert result.models["alpha"][0] == pytest.approx(fit.params[0], rel=1e-9)
    assert result.models["beta"][0] == pytest.approx(fit.params[1], rel=1e-10)
    s2, covariance = fit.mse_resid, fit.normalized_cov_params
    for window, first, last in (("-1:2", -1, 2), ("-5:5", -5, 5)):
        inside = (end >= ZERO + first) & (end <= ZERO + last)
        total = design[inside].sum(axis=0)
        row = result.car.filter(pl.col("window") == window).row(0, named=True)
        assert row["car"] == pytest.approx((y - design @ fit.params)[inside].sum(), rel=1e-9)
        variance = s2 * (g[inside].sum() + total @ covariance @ total)
        assert row["se"] == pytest.approx(np.sqrt(variance), rel=1e-9)
        assert row["flags"] == "over-holes"
        assert row["n"] == inside.sum()


def test_a_halt_loses_nothing_and_dropping_it_does() -> None:
    frame = prices({"A": [ZERO, ZERO + 1]})
    row = pl.int_range(pl.len())
    fallen = frame.with_columns(pl.when(row > ZERO).then(pl.col("A") * 0.7).otherwise(pl.col("A")).alias("A"))
    moved = study(fallen, windows="-5:5").car["car"][0] - study(frame, windows="-5:5").car["car"][0]
    assert moved == pytest.approx(np.log(0.7), rel=1e-9)
    lost = study(fallen, windows="-5:5", holes="drop")
    assert lost.car["flags"][0] == "missing"
    assert abs(lost.car["car"][0]) < 0.2
    held = study(fallen, windows="-5:5").bhar["bhar"][0]
    a = fallen["A"].to_numpy()
    grown = a[ZERO + 5] / a[ZERO - 6] - 1
    expected = study(fallen, windows="-5:5").ar["expected"].sum()
    assert held == pytest.approx(grown - np.expm1(expected), rel=1e-9)


def test_a_return_that_a_window_cuts_leaves_its_car_null_and_says_so() -> None:
    frame = prices({"A": [ZERO, ZERO + 1]})
    result = study(frame, windows="0:0,-1:1,1:5,2:5,3:5,-1:2")
    flags = dict(result.car.select("window", "flags").iter_rows())
    assert flags == {
        "0:0": "missing",
        "-1:1": "ends-after",
        "1:5": "began-before",
        "2:5": "began-before",
        "3:5": "",
        "-1:2": "over-holes",
    }
    whole = result.car.filter(pl.col("window").is_in(["3:5", "-1:2"]))["car"]
    assert whole.null_count() == 0
    assert result.car["car"].null_count() == 4
    day = result.ar.filter(pl.col("day") == 2).row(0, named=True)
    assert day["ar"] is not None
    aar = result.aar.filter(pl.col("day") == "2").row(0, named=True)
    assert aar["n"] == 0
    assert aar["caar"] == pytest.approx(result.ar.filter(pl.col("day") <= 2)["ar"].sum(), rel=1e-12)


def test_local_holidays_of_either_market_lose_no_return() -> None:
    """Rows on which the benchmark is closed, others on which the share is: the moves add up to those of the prices."""
    frame = prices({"A": [ZERO - 3, ZERO + 2], "M": [ZERO - 2, ZERO + 1, 120, 121]})
    result = study(frame, windows="-5:5", model="market-adjusted")
    a, m = frame["A"].to_numpy(), frame["M"].to_numpy()
    expected = np.log(a[ZERO + 5] / a[ZERO - 6]) - np.log(m[ZERO + 5] / m[ZERO - 6])
    assert result.car["car"][0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", ["log", "simple"])
def test_both_engines_agree_on_holes_and_own_benchmarks(kind: str) -> None:
    pytest.importorskip("numba")
    rng = np.random.default_rng(8)
    market = rng.standard_normal(400) * 0.01
    levels = 50 * np.exp(np.cumsum(market[:, None] + rng.standard_normal((400, 6)) * 0.02, axis=0))
    index = 100 * np.exp(np.cumsum(market))
    levels[rng.random(levels.shape) < 0.06] = np.nan
    returns = np.full(levels.shape, np.nan)
    ratio = levels[1:] / levels[:-1]
    returns[1:] = np.log(ratio) if kind == "log" else ratio - 1
    change = np.concatenate([[np.nan], np.diff(np.log(index)) if kind == "log" else index[1:] / index[:-1] - 1])
    labels = pl.date_range(date(2020, 1, 1), date(2020, 1, 1) + timedelta(days=399), eager=True)
    panel = bridge_holes(Panel(labels, tuple("ABCDEF"), returns, change[:, None], ("M",)), levels, index, kind)
    zero = 200 + rng.integers(0, 150, 300)
    symbol = rng.integers(0, 6, 300)
    where = Placement.at(symbol, zero, (zero - 150, zero - 11), (zero - 3, zero + 3), car_columns=[[2, 4], [0, 6]])

    def fitted(engine: str, *, keep: bool = True) -> EventEstimates:
        return fit_events(Bars.of(panel), where, engine=engine, keep_residuals=keep)

    slow, fast = fitted("numpy"), fitted("compiled")
    for name in (
        "coefficients",
        "sigma",
        "n",
        "ar",
        "ar_se",
        "car",
        "car_se",
        "n_car",
        "spans",
        "estimation_residuals",
    ):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-9, atol=1e-13, err_msg=name)
    from correlator.eventstudy.estimation.engine import regressed
    from correlator.eventstudy.estimation.estimates import PackedBars
    from correlator.eventstudy.estimation.models import model_named

    bars = PackedBars.of(regressed(model_named("market"), Bars.of(panel)), 140)
    windows = np.array([[2, 4], [0, 6]])
    days = [str(day) for day in range(-3, 4)]
    held = significance_table(study_arrays(slow, days, ["-1:1", "-3:3"], windows), engine="numpy")
    anew = study_arrays(fitted("compiled", keep=False), days, ["-1:1", "-3:3"], windows, bars=bars)
    made = significance_table(anew, engine="compiled")
    np.testing.assert_allclose(made["value"].to_numpy(), held["value"].to_numpy(), rtol=1e-8, atol=1e-11)


def test_holes_lie_inside_a_history() -> None:
    traded = np.array([[False, True], [True, False], [False, False], [True, True], [True, False]])
    rows, columns, before = holes_in(traded)
    assert list(zip(rows.tolist(), columns.tolist(), before.tolist(), strict=True)) == [(3, 0, 1), (3, 1, 0)]


def test_returns_with_holes_are_told_and_measured_as_before() -> None:
    frame = prices({"A": [ZERO]})
    moves = frame.with_columns((pl.col("A", "B", "M") / pl.col("A", "B", "M").shift()).log())
    events = pl.DataFrame({"symbol": ["A"], "date": [frame["date"][ZERO]]})
    with pytest.warns(UserWarning, match="returns have 1 gaps inside their histories, first A before"):
        result = study_frames(moves, events, benchmark="M", window="-5:5", windows="-5:5")
    assert result.car["flags"][0] == "missing"
    assert result.car["car"][0] is not None


@pytest.mark.parametrize("model", ["mean", "market"])
def test_days_made_anew_for_ranks_leave_out_returns_over_holes(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = study(prices({"A": [40, ZERO + 1, ZERO + 2]}), model=model, engine="numpy")
    monkeypatch.setattr(residuals, "compiled", lambda loop: loop)
    bars = replace(found, estimates=replace(found.estimates, estimation_residuals=None)).packed_bars()
    assert bars is not None
    assert found.estimates.estimation_residuals is not None
    e, used, daily = residuals.Refitted(found.estimates, bars).of(np.array([0]))
    assert np.isnan(daily).sum() == 3
    np.testing.assert_allclose(daily, found.estimates.day_ar, rtol=1e-9, atol=1e-14)
    known = np.where(used, e, np.nan)
    np.testing.assert_allclose(known, found.estimates.estimation_residuals, rtol=1e-9, atol=1e-14)
