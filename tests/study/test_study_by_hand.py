"""Small figures of studies against numbers written out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.correlation.signal import rolling_correlation
from correlator.errors import CorrelatorWarning, InputError, NotFoundError
from correlator.eventstudy.estimation.engine import rows_inside
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.factors import part_risk_free
from correlator.eventstudy.panel.flagged import findings_on, without_flagged
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.panel.trade_to_trade import summed_over
from correlator.eventstudy.parts.stream import pooled
from correlator.eventstudy.parts.study_files import _head
from correlator.eventstudy.placebo.dates import Matching, _matched, placebo_clusters
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.placebo.regimes import REGIME_BARS, volatility_regimes
from correlator.eventstudy.placing.flagged_windows import dropped_reasons
from correlator.eventstudy.power import _finds, _moved
from correlator.eventstudy.regression.formula import MOST_TERMS, parse_formula
from correlator.eventstudy.request.spec import study_spec
from correlator.eventstudy.request.windows import DateWindow, OffsetWindow
from correlator.eventstudy.results.calendar_day import calendar_day_error, common_share
from correlator.eventstudy.results.calendar_time import calendar_time_frame
from correlator.eventstudy.results.diagnostics import _arch_lm
from correlator.eventstudy.results.finding import over
from correlator.eventstudy.results.recommended import _cross_section, days_in_effect, recommended
from correlator.eventstudy.results.volatility import volatility_multiplier
from correlator.research.benchmark import Timing, timed
from correlator.research.features import _story_sizes

ASKED = {"estimation": "-60:-11", "window": "0:4", "windows": "0:0,1:2,0:4", "minimum_observations": 50}
SPEC = study_spec(**ASKED)


def weekdays(count: int) -> pl.Series:
    days = pl.date_range(date(2023, 1, 2), date(2025, 12, 31), eager=True)
    return days.filter(days.dt.weekday() <= 5)[:count].alias("session")


def panel_of(count: int = 120, seed: int = 1) -> Panel:
    rng = np.random.default_rng(seed)
    market = rng.normal(0, 0.01, count)
    returns = market[:, None] * [1.0, 0.5] + rng.normal(0, 0.02, (count, 2))
    return Panel(weekdays(count), ("A", "B"), returns, market[:, None], ("M",))


def events_at(panel: Panel, *rows: int) -> pl.DataFrame:
    symbols = [panel.symbols[number % len(panel.symbols)] for number in range(len(rows))]
    return pl.DataFrame({"event_id": range(len(rows)), "symbol": symbols, "date": panel.labels[list(rows)]})


def test_windows_in_words() -> None:
    assert over(OffsetWindow(0, 0)) == "on day 0"
    assert over(OffsetWindow(0, 0), "5m bar") == "in the 5m bar of the news"
    assert over(OffsetWindow(0, 4)) == "over 5 sessions"
    assert over(OffsetWindow(1, 1)) == "over 1 session"
    assert over(DateWindow(date(2024, 1, 2), date(2024, 1, 5))) == "from 2024-01-02 to 2024-01-05"


@pytest.mark.parametrize(("kind", "whole"), [("sum", 0.02 + 0.03 + 0.04), ("simple", 1.02 * 1.03 * 1.04 - 1)])
def test_a_benchmark_over_three_sessions(kind: str, whole: float) -> None:
    market = np.array([[0.01], [0.02], [0.03], [0.04]])
    spans = np.array([[1, 1], [1, 1], [1, 1], [3, 1]], dtype=np.int16)
    over_spans = summed_over(market, spans, kind, 2)
    assert over_spans[3, 0] == pytest.approx(whole, abs=1e-15)
    np.testing.assert_array_equal(over_spans[:, 1], market[:, 0])


def test_volatility_multiplier_of_three_events() -> None:
    """Equation by hand: sums of (n e - sum e)^2 over n (n - 2) s^2 + sum s^2, over n - 1."""
    ar, variances = np.array([[0.01], [0.02], [-0.01]]), np.full((3, 1), 1e-4)
    multiplier, n = volatility_multiplier(ar, variances)
    assert multiplier[0] == pytest.approx((1e-4 + 1.6e-3 + 2.5e-3) / 6e-4 / 2)
    assert n[0] == 3


def test_averages_of_parts_are_those_of_the_whole() -> None:
    values = np.random.default_rng(2).normal(0.01, 0.02, 9)
    parts = [values[:4], values[4:8], values[8:]]
    frames = [
        pl.DataFrame(
            {
                "day": [0],
                "n": [len(part)],
                "aar": [part.mean()],
                "sd": [part.std(ddof=1) if len(part) > 1 else None],
                "positive": [float((part > 0).mean())],
            },
            schema_overrides={"sd": pl.Float64},
        )
        for part in parts
    ]
    row = pooled(frames, ["day"], "aar").row(0, named=True)
    assert row["n"] == 9
    assert row["aar"] == pytest.approx(values.mean())
    assert row["sd"] == pytest.approx(values.std(ddof=1))
    assert row["positive"] == pytest.approx((values > 0).mean())


def test_a_moving_line_is_the_line_of_the_market_model_on_the_first_bar() -> None:
    """On day 0 the window has not moved; with as many bars as are asked for there is an AR and its error."""
    panel = panel_of()
    plain, moving = (
        study_panel(panel, events_at(panel, 80, 90), study_spec(**ASKED, model=model)).estimates
        for model in ("market", "rolling-beta")
    )
    np.testing.assert_allclose(moving.ar[:, 0], plain.ar[:, 0], atol=1e-12)
    np.testing.assert_allclose(moving.ar_se[:, 0], plain.ar_se[:, 0], rtol=1e-9)
    np.testing.assert_allclose(moving.car_se[:, 0], plain.car_se[:, 0], rtol=1e-9)
    assert not np.isnan(moving.ar).any()
    assert (np.abs(moving.ar[:, 4] - plain.ar[:, 4]) > 1e-9).all()


def test_a_window_without_a_bar_has_no_car_under_a_moving_line() -> None:
    panel = panel_of()
    returns = panel.returns.copy()
    returns[81:83, 0] = np.nan
    panel = Panel(panel.labels, panel.symbols, returns, panel.factors, ("M",))
    estimates = study_panel(
        panel, events_at(panel, 80), study_spec(**ASKED | {"model": "rolling-beta", "minimum_observations": 40})
    ).estimates
    assert np.isnan(estimates.car[0, 1])
    assert estimates.n_car[0].tolist() == [1, 0, 3]


def test_rows_of_a_window_that_goes_beyond_the_panel() -> None:
    rows, inside = rows_inside(np.array([3, -1]), np.array([5, 1]), 3, 5)
    assert rows.tolist() == [[3, 4, 4], [0, 0, 1]]
    assert inside.tolist() == [[True, True, False], [False, True, True]]


def test_studies_of_ordinary_sessions_are_the_study_where_nothing_moves() -> None:
    panel = panel_of()
    result = study_panel(panel, events_at(panel, 80, 90, 100), SPEC)
    clusters = placebo_clusters(result.estimates, panel, SPEC, Matching())
    first = np.array([int(result.estimates.day_zero[cluster.events].min()) for cluster in clusters])
    moved = _moved(result, [result], clusters, first)
    order = np.argsort(np.concatenate([cluster.events for cluster in clusters]))
    np.testing.assert_allclose(moved.car[order], result.estimates.car, rtol=1e-9)


def test_an_effect_that_undoes_the_average_is_not_detected() -> None:
    panel = panel_of()
    returns = panel.returns.copy()
    for row in (70, 80, 90, 100):
        returns[row] += 0.2
    shaken = Panel(panel.labels, panel.symbols, returns, panel.factors, ("M",))
    result = study_panel(shaken, events_at(shaken, 70, 80, 90, 100), SPEC)
    average = result.estimates.car.mean(axis=0)
    detected = _finds(result, result.estimates, np.stack([0 * average, -average], axis=1), 0.05)
    assert detected[0].tolist() == [1.0, 0.0]


def test_only_the_column_of_the_risk_free_return_leaves_the_factors() -> None:
    panel = panel_of(20)
    table = pl.DataFrame({"Date": panel.labels, "SMB": 0.01, "RF": 0.001, "HML": 0.02}).with_columns(
        pl.col("SMB", "HML") * pl.int_range(20).cast(pl.Float64) / 20
    )
    factors, rate = part_risk_free(table, "RF", panel)
    assert factors is not None
    assert factors.names == ("SMB", "HML")
    assert rate is not None
    np.testing.assert_allclose(rate, 0.001)
    np.testing.assert_allclose(factors.values[:, 1], 2 * factors.values[:, 0])


def test_every_table_of_a_placebo_test_goes_by_its_name() -> None:
    panel = panel_of()
    test = placebo_test(study_panel(panel, events_at(panel, 80, 95), SPEC), draws=20)
    assert test.frame("table").equals(test.table)
    assert test.frame("draws").equals(test.draws_frame())
    with pytest.raises(NotFoundError, match="no output"):
        test.frame("drawings")


def test_regimes_know_the_bars_before_the_window_only() -> None:
    """With a window from -5 the last bar that counts for day 0 on row t is t - 6."""
    panel = panel_of(400)
    factors = panel.factors
    assert factors is not None
    regimes = volatility_regimes(panel, 0, -5)
    t = 300
    changed = factors.copy()
    changed[t - 5 :] *= 50
    after = volatility_regimes(Panel(panel.labels, panel.symbols, panel.returns, changed, ("M",)), 0, -5)
    changed[t - 6] += 10
    before = volatility_regimes(Panel(panel.labels, panel.symbols, panel.returns, changed, ("M",)), 0, -5)
    assert before[t] == 2
    half = (REGIME_BARS + 1) // 2  # as many bars as a deviation needs at least
    assert np.flatnonzero(regimes >= 0)[0] == half - 1 + 6
    assert after[t] <= regimes[t]
    late = volatility_regimes(panel, 0, 3)
    assert (late[-2:] == -1).all()
    assert (late[-3:-2] >= 0).all()


def test_a_criterion_holds_with_as_many_rows_as_are_asked_for() -> None:
    possible = np.ones(20, dtype=bool)
    masks = {"weekday": np.arange(20) % 5 == 0}
    for least, criteria, rows in ((4, ("weekday",), 4), (5, (), 20)):
        kept, used = _matched(possible, masks, Matching(criteria=("weekday",), least=least))
        assert used == criteria
        assert len(kept) == rows


def test_rows_beside_a_day_0() -> None:
    rows = panel_of(20).own_rows(np.array([0, 1]), np.array([5, 9]), np.array([-1, 0, 3]))
    assert rows.tolist() == [[4, 5, 8], [8, 9, 12]]


def test_an_event_on_the_first_bar_is_left_out_for_what_is_flagged_there() -> None:
    panel = panel_of(30)
    doubted = pl.DataFrame({"symbol": ["A"], "session": [panel.labels[1]], "check": ["split-like"], "until": [None]})
    findings = findings_on(doubted.cast({"until": pl.Date}), panel.labels, panel.symbols, None)
    dropped = without_flagged(replace(panel, findings=findings))
    window = OffsetWindow(0, 2)
    reasons = dropped_reasons(dropped, window, np.array([0, 1, -1]), np.array([0, 0, -1]))
    assert reasons == {0: f"flagged bars in its event window: split-like {panel.labels[1]}"}


def test_arch_statistic_needs_more_rows_than_it_estimates() -> None:
    squares = np.random.default_rng(4).normal(0, 1, 12) ** 2
    assert np.isnan(_arch_lm(squares[:11]))
    assert 0 <= _arch_lm(squares) <= 7


def test_a_comma_in_the_first_figure_makes_it_decimal(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("symbol;date;weight\nA;2024-01-02;1,5\nB;2024-01-03;2\n", encoding="utf-8")
    assert _head(file).decimal_comma
    file.write_text("symbol;date;weight\nA;2024-01-02;1\nB;2024-01-03;2\n", encoding="utf-8")
    assert not _head(file).decimal_comma


def test_average_and_error_of_three_events_and_of_one() -> None:
    car = np.array([[0.01, 0.02], [0.03, np.nan], [0.02, np.nan]])
    average, se, df, _ = _cross_section(car, ~np.isnan(car))
    assert average.tolist() == pytest.approx([0.02, 0.02])
    assert se[0] == pytest.approx(0.01 / np.sqrt(3))
    assert df[0] == 2
    assert np.isnan([se[1], df[1]]).all()


def test_a_portfolio_is_held_over_the_whole_window() -> None:
    panel = panel_of()
    estimates = study_panel(panel, events_at(panel, 80, 95), SPEC).estimates
    (row,) = calendar_time_frame(estimates, panel, (OffsetWindow(0, 4),), "simple").iter_rows(named=True)
    assert row["bars"] == 10
    assert row["t"] == pytest.approx(row["alpha"] / row["se_white"])


def test_days_in_effect_are_those_of_the_window_and_no_more() -> None:
    """Two events of two shares far apart fill 2 x 3 days evenly; on one day they fill three."""
    assert days_in_effect(np.array([10, 50]), np.array([0, 1]), 0, 2) == pytest.approx(6)
    assert days_in_effect(np.array([10, 10]), np.array([0, 1]), 0, 2) == pytest.approx(3)


def test_events_of_one_date_have_the_error_of_kolari_and_pynnonen() -> None:
    rng = np.random.default_rng(9)
    market, common = rng.normal(0, 0.01, 120), rng.normal(0, 0.03, 120)
    returns = market[:, None] + common[:, None] + rng.normal(0, 0.02, (120, 3))
    panel = Panel(weekdays(120), ("A", "B", "C"), returns, market[:, None], ("M",))
    result = study_panel(panel, events_at(panel, 80, 80, 80), SPEC)
    r = common_share(result.estimates, panel, result.estimation_bars)
    told = recommended(result.estimates, panel, result.car_columns, result.estimation_bars)
    plain = result.estimates.car.std(axis=0, ddof=1) / np.sqrt(3)
    assert set(told.test) == {"adj_csect_t"}
    assert 0.4 < r < 0.9
    np.testing.assert_allclose(told.se, plain * np.sqrt((1 + 2 * r) / (1 - r)), rtol=1e-12)


def test_rolling_correlation_over_the_whole_series() -> None:
    a, b = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 4.0, 3.0])
    rolled = rolling_correlation(a, b, 4)
    assert np.isnan(rolled[:3]).all()
    assert rolled[3] == pytest.approx(0.6)
    with pytest.raises(InputError, match="window must be between 2 and the 4 bars of the series, got 5"):
        rolling_correlation(a, b, 5)


def test_days_of_two_events_far_apart_are_theirs() -> None:
    """Kish's number of days: two of one bar each, ten of five each, and a little of their estimation windows."""
    panel = panel_of()
    result = study_panel(panel, events_at(panel, 80, 95), SPEC)
    days = calendar_day_error(result.estimates, panel, result.car_columns, result.estimation_bars).days
    assert 1.5 < days[0] < 3
    assert 7.5 < days[2] < 13


def test_as_many_terms_as_are_allowed() -> None:
    left = " + ".join(f"a{n}" for n in range(MOST_TERMS // 10))
    right = " + ".join(f"b{n}" for n in range(10))
    assert parse_formula(f"car ~ 0 + ({left}):({right})") is not None
    with pytest.raises(InputError, match=f"at most {MOST_TERMS} terms"):
        parse_formula(f"car ~ 0 + ({left} + one):({right})")


@pytest.mark.parametrize(("minutes", "differs"), [(0, False), (60, False), (61, True), (-60, False), (-90, True)])
def test_closes_within_an_hour_are_one_time(minutes: int, differs: bool) -> None:
    assert Timing("XNYS", timedelta(minutes=minutes)).differs is differs


def test_what_is_said_of_a_benchmark_that_closes_at_another_time() -> None:
    later = Timing("XNYS", timedelta(hours=9))
    assert timed(later, "SPY", "XKAR", "previous") == "its session before that of XKAR"
    assert timed(Timing("XKAR", timedelta(0)), "KSE100", "XKAR", "same") == ""
    with pytest.warns(CorrelatorWarning, match="SPY"):
        assert timed(later, "SPY", "XKAR", "same") == "of XNYS, closes 9.0 h after XKAR"


def test_an_article_of_the_very_close_belongs_to_the_size_of_its_story() -> None:
    close = datetime(2024, 1, 2, 11)
    features = pl.DataFrame({"event_id": [1], "symbol": ["A"], "session": [date(2024, 1, 2)], "story_id": [7]})
    times = [close - timedelta(hours=1), close, close + timedelta(seconds=1)]
    tellings = pl.DataFrame({"story_id": [7] * 3, "article_id": [1, 2, 3], "public_at": times})
    closes = pl.DataFrame({"session": [date(2024, 1, 2)], "closes_at": [close]})
    assert _story_sizes(features, tellings, closes)["story_size"].to_list() == [2]


@pytest.mark.parametrize("kind", ["simple", "log"])
def test_a_split_in_returns_is_marked_in_either_kind(kind: str) -> None:
    """One for two: -50 % as a simple return, log 0.5 as a log return; a benchmark's break is filed under it."""
    rng = np.random.default_rng(5)
    days = weekdays(120)
    moves = rng.normal(0, 0.005, (120, 2))
    moves[90, 0] = np.log(0.5)
    moves[100, 1] = -np.log(1.45)  # a break of an index, of a share neither break nor split
    values = moves if kind == "log" else np.expm1(moves)
    frame = pl.DataFrame({"Date": days, "A": values[:, 0], "M": values[:, 1]})
    events = pl.DataFrame({"symbol": ["A"], "date": [days[110]]})
    with pytest.warns(CorrelatorWarning) as told:
        co.study(
            returns=frame,
            events=events,
            benchmark="M",
            model="market",
            estimation="-60:-11",
            window="0:1",
            minimum_observations=40,
            returns_kind=kind,
        )
    text = " ".join(str(each.message) for each in told)
    assert f"first A {days[90]}, split-like" in text
    assert "2 bars look" in text


def test_a_synthetic_control_may_be_off_by_little_but_not_by_nothing() -> None:
    rng = np.random.default_rng(6)
    days = weekdays(120)
    donors = rng.normal(0, 0.01, (120, 6))
    for noise, measured in ((1e-6, 1), (0.0, 0)):
        unit = donors.mean(axis=1) + rng.normal(0, 1, 120) * noise
        prices = 100 * np.exp(np.column_stack([unit, donors]).cumsum(axis=0))
        frame = pl.DataFrame({"Date": days, **dict(zip("ABCDEFG", prices.T, strict=True))})
        events = pl.DataFrame({"symbol": ["A"], "date": [days[100]]})
        result = co.study(
            prices=frame,
            events=events,
            model="synthetic",
            estimation="-80:-11",
            window="0:1",
            minimum_observations=40,
        )
        assert len(result.estimates) == measured
