"""The recommended test: the rule, its size where news is dense, its errors by hand, and that all who use it agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from correlator.eventstudy.matrix import study_matrix
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.factors import factors_of
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.paths import car_path
from correlator.eventstudy.request.spec import study_spec
from correlator.eventstudy.results.calendar_day import calendar_day_error
from correlator.eventstudy.results.recommended import days_in_effect, recommended_path, recommended_test
from correlator.plot.of_result import marks_of, path_of

BARS = 420
LABELS = pl.Series("session", [date(2001, 1, 1) + timedelta(days=n) for n in range(BARS)])
SPEC = study_spec(estimation="-150:-11", window="-10:10", windows="0:0,-1:1,-5:5,-10:10")


def study(rows, symbols, *, seed=0, shares=1, common=0.0, shock=0.0, spec=SPEC, **more):
    rng = np.random.default_rng(seed)
    market = rng.normal(0, 0.01, BARS)
    errors = np.sqrt(1 - common) * rng.normal(0, 0.02, (BARS, shares))
    errors += np.sqrt(common) * rng.normal(0, 0.02, (BARS, 1))
    returns = market[:, None] + errors
    returns[rows, symbols] += shock
    panel = Panel(LABELS, tuple(f"S{i}" for i in range(shares)), returns, market[:, None], ("M",))
    names = [panel.symbols[s] for s in symbols]
    events = pl.DataFrame({"event_id": np.arange(len(rows)), "symbol": names, "date": LABELS[rows], **more})
    return study_panel(panel, events.unique(["symbol", "date"], keep="first", maintain_order=True), spec)


def dense(seed, **more):
    rows = np.random.default_rng(seed).integers(200, 320, 30)
    return study(rows, np.zeros(30, dtype=int), seed=seed, **more)


@pytest.mark.parametrize(
    ("rows", "symbols", "window", "test"),
    [
        ([50], [0], (-1, 1), "own_error"),
        ([50] * 20, range(20), (-10, 10), "adj_csect_t"),
        ([50, 60], [0, 0], (-10, 10), "calendar_day_t"),
        ([50, 60], [0, 0], (-1, 1), "adj_csect_t"),
        ([50, 52], [0, 0], (-1, 1), "calendar_day_t"),
        ([50, 53], [0, 0], (-1, 1), "adj_csect_t"),
        (range(50, 500, 30), [0] * 15, (0, 0), "calendar_day_t"),
        ([50, 80, 110] * 4, np.repeat(range(4), 3), (0, 0), "adj_csect_t"),
    ],
)
def test_the_rule_looks_at_dates_and_windows_alone(rows, symbols, window, test):
    assert recommended_test(np.array(rows), np.array(symbols), *window) == test


def test_days_in_effect():
    apart = np.arange(0, 300, 30)
    assert days_in_effect(apart, np.zeros(10, dtype=int), -1, 1) == pytest.approx(30)
    assert days_in_effect(np.zeros(8, dtype=int), np.arange(8), 0, 0) == pytest.approx(1)
    assert days_in_effect(np.array([0, 1]), np.zeros(2, dtype=int), -1, 1) == pytest.approx((1 + 4 + 4 + 1) ** 2 / 34)


def test_events_of_their_own_days_have_the_plain_t():
    """Without an estimated line each event is its own day: the calendar-day t is the t of the mean."""
    from scipy.stats import ttest_1samp

    rows = np.arange(200, 400, 12)
    spec = study_spec(estimation="-150:-11", window="-2:2", windows="0:0", model="raw")
    result = study(rows, np.zeros(len(rows), dtype=int), spec=spec)
    row = result.recommended.row(0, named=True)
    error = calendar_day_error(result.estimates, result.panel, result.car_columns, 140)
    plain = ttest_1samp(result.estimates.car[:, 0], 0)
    sigma = result.estimates.sigma
    if np.ptp(sigma) == 0:
        assert error.days[0] == pytest.approx(len(rows))
        assert row["t"] == pytest.approx(plain.statistic, rel=1e-9)
    assert row["caar"] == pytest.approx(result.estimates.car[:, 0].mean(), abs=1e-15)
    assert abs(row["t"] - plain.statistic) < 0.1


def test_the_error_by_day_is_the_sum_over_days_written_out():
    """Two overlapping windows of one share, market model: u_s added up day by day in plain loops."""
    result = study([250, 256], [0, 0], spec=study_spec(estimation="-150:-11", window="-5:5", windows="-5:5"))
    y, x = result.panel.returns[:, 0], result.panel.factors[:, 0]
    days = dict.fromkeys(range(BARS), 0.0)
    for row in (250, 256):
        est, win = np.arange(row - 150, row - 10), np.arange(row - 5, row + 6)
        design = np.column_stack([np.ones(140), x[est]])
        b = np.linalg.lstsq(design, y[est], rcond=None)[0]
        sums = np.array([11.0, x[win].sum()])
        taken = design @ np.linalg.solve(design.T @ design, sums)
        for s in win:
            days[s] += (y[s] - b[0] - b[1] * x[s]) / 2
        for s, weight in zip(est, taken, strict=True):
            days[s] -= weight * (y[s] - b[0] - b[1] * x[s]) / 2
    squares = sum(value**2 for value in days.values())
    error = calendar_day_error(result.estimates, result.panel, result.car_columns, 140)
    caar, g = error.average[0], error.days[0]
    assert error.covariance[0, 0] == pytest.approx(squares, rel=1e-10)
    assert error.se[0] == pytest.approx(np.sqrt((squares - caar**2 / g) * g / (g - 1)), rel=1e-10)


def test_size_holds_where_thirty_dates_crowd_into_120_sessions():
    """The cross-sectional t rejects a true null in about a third of these; 400 studies, 99 % band 2.4 to 8 %."""
    p = np.array([dense(seed).recommended["p_value"].to_numpy() for seed in range(400)])
    share = (p <= 0.05).mean(axis=0)
    assert share.max() <= 0.08
    assert share.min() >= 0.022


@pytest.mark.parametrize("common", [0.0, 0.4])
def test_size_holds_for_shares_of_one_date(common):
    p = []
    for seed in range(300):
        result = study(np.full(12, 250), np.arange(12), seed=seed, shares=12, common=common)
        p.append(result.recommended["p_value"].to_numpy())
    share = (np.array(p) <= 0.05).mean(axis=0)
    assert share.max() <= 0.083
    assert share.min() >= 0.02


def test_a_planted_effect_is_found():
    found = [dense(seed, shock=0.02).recommended["p_value"][0] <= 0.05 for seed in range(20)]
    assert sum(found) >= 18


def test_words_bands_marks_and_frame_agree():
    """Over studies with and without an effect: the band leaves zero out where the frame's p is below 5 %."""
    from correlator.report.words import _of_many

    seen = set()
    for seed, shock in [(1, 0.0), (2, 0.0), (3, 0.02), (4, 0.03)]:
        result = dense(seed, shock=shock, category=["AID"] * 30)
        frame = result.recommended
        whole = frame.filter(pl.col("window") == "-10:10").row(0, named=True)
        last = path_of(result).row(-1, named=True)
        assert np.log1p(last["caar"]) == pytest.approx(whole["caar"], rel=1e-9)
        assert np.log1p(last["low"]) == pytest.approx(whole["low"], rel=1e-9)
        assert (last["low"] > 0 or last["high"] < 0) == (whole["p_value"] < 0.05)
        marks = dict(marks_of(result).select("window", "p_value").iter_rows())
        for row, sentence in zip(frame.iter_rows(named=True), _of_many(result), strict=False):
            assert ("more than chance" in sentence) == (row["p_value"] < 0.05) == (not row["low"] <= 0 <= row["high"])
            assert marks[row["window"]] == pytest.approx(row["p_value"], rel=1e-12)
            seen.add(row["p_value"] < 0.05)
    assert seen == {True, False}


def test_simultaneous_bands_are_wider_and_hold_the_whole_path():
    missed = 0
    for seed in range(150):
        result = dense(1_000 + seed, spec=study_spec(estimation="-150:-11", window="-5:5", windows="-5:5"))
        path = recommended_path(result.estimates, result.panel, result.estimation_bars)
        low, high = path.simultaneous_bounds()
        assert (high - low >= np.subtract(*path.bounds()[::-1]) - 1e-15).all()
        missed += bool(((low > 0) | (high < 0)).any())
    assert missed / 150 <= 0.11  # 5 % and the 99 % band of 150


def test_a_window_without_values_has_no_test():
    result = study([250], [0])
    assert result.recommended["test"].to_list() == ["own_error"] * 4
    assert result.recommended["p_value"].to_list() == pytest.approx(result.car["p_value"].to_list())


def test_a_share_with_holes_has_weighted_days_and_one_answer_in_path_and_window():
    """Trade to trade: an estimated line of weights 1/span, and a window that a return crosses is in neither."""
    rng = np.random.default_rng(8)
    market = np.cumsum(rng.normal(0, 0.01, BARS))
    price = np.exp(market + np.cumsum(rng.normal(0, 0.02, BARS)))
    price[rng.random(BARS) < 0.15] = np.nan
    frame = pl.DataFrame({"date": LABELS, "A": price, "M": np.exp(market)}, nan_to_null=True)
    events = pl.DataFrame({"symbol": ["A"] * 12, "date": LABELS[np.arange(220, 340, 10)]})
    result = study_matrix(
        prices=frame, events=events, benchmark="M", estimation="-150:-11", window="-5:5", windows="-5:5"
    )
    assert result.panel.spans is not None
    whole = result.recommended.row(0, named=True)
    assert 1 < whole["n"] < 12
    path = recommended_path(result.estimates, result.panel, result.estimation_bars)
    assert path.average[-1] == pytest.approx(whole["caar"], rel=1e-9)
    assert path.se[-1] == pytest.approx(whole["se"], rel=1e-9)
    kept = np.flatnonzero(~np.isnan(result.estimates.car[:, 0]))
    y, x, span = result.panel.returns[:, 0], factors_of(result.panel, 0)[:, 0], result.panel.spans[:, 0]
    days = np.zeros(BARS)
    for event in kept:
        row = result.estimates.day_zero[event]
        est, win = np.arange(row - 150, row - 10), np.arange(row - 5, row + 6)
        est, win = est[~np.isnan(y[est])], win[~np.isnan(y[win])]
        design, weight = np.column_stack([np.ones(len(est)), x[est]]), 1.0 / span[est]
        solved = np.linalg.inv(design.T @ (weight[:, None] * design))
        b = solved @ design.T @ (weight * y[est])
        days[win] += y[win] - b[0] - b[1] * x[win]
        taken = (design @ solved @ np.array([len(win), x[win].sum()])) * weight
        days[est] -= taken * (y[est] - design @ b)
    error = calendar_day_error(result.estimates, result.panel, result.car_columns, 140)
    assert error.covariance[0, 0] == pytest.approx(((days / len(kept)) ** 2).sum(), rel=1e-9)


def test_events_of_different_dates_in_one_window_of_dates_are_tested_by_its_days():
    window = f"{LABELS[300]}:{LABELS[320]}"
    spec = study_spec(estimation="-150:-31", window=window, windows=window)
    result = study([290, 294, 298], [0, 1, 2], shares=3, spec=spec)
    assert result.recommended["test"].to_list() == ["calendar_day_t"]
    assert result.recommended["p_value"].null_count() == 0


def test_a_window_without_a_return_of_any_event_names_no_test():
    panel = study([290, 294], [0, 1], shares=2).panel
    returns = panel.returns.copy()
    returns[294:301, 0] = returns[298:305, 1] = np.nan
    events = pl.DataFrame({"event_id": [1, 2], "symbol": panel.symbols, "date": LABELS[[290, 294]]})
    spec = study_spec(estimation="-150:-31", window="-10:10", windows="0:0,5:9")
    table = study_panel(replace(panel, returns=returns), events, spec).recommended
    assert table.select("n", "test").rows() == [(2, "adj_csect_t"), (0, None)]


def test_events_of_one_share_on_one_day_are_one_observation() -> None:
    rng = np.random.default_rng(2)
    names = ("A", "B")
    panel = Panel(LABELS, names, rng.normal(0, 0.02, (len(LABELS), 2)), rng.normal(0, 0.01, (len(LABELS), 1)), ("M",))
    rows = [("A", 300, "x"), ("B", 300, "x"), ("A", 300, "y"), ("A", 330, "x"), ("A", 300, "x")]

    def studied(chosen, **options):
        events = pl.DataFrame(
            {
                "event_id": range(len(chosen)),
                "symbol": [symbol for symbol, *_ in chosen],
                "date": [LABELS[row] for _, row, _ in chosen],
                "kind": [kind for *_, kind in chosen],
            }
        )
        return study_panel(panel, events, study_spec(estimation="-250:-11", window="-1:1", **options))

    found, once = studied(rows), studied([rows[0], rows[1], rows[3]])
    assert found.summary().drop("events").equals(once.summary().drop("events"))
    assert found.summary()["events"].to_list() == [5, 5]
    assert once.summary()["events"].to_list() == [3, 3]
    for name in ("aar", "caar", "significance", "wild-cluster", "calendar-time"):
        assert found.frame(name).equals(once.frame(name)), name
    assert found.car.height == 10  # every event keeps its rows
    assert found.placebo(draws=200).table.equals(once.placebo(draws=200).table)
    assert car_path(found).equals(car_path(once))
    grouped = studied(rows, by="kind").summary()
    assert grouped.select("kind", "n", "events").rows() == [("x", 3, 4), ("x", 3, 4), ("y", 1, 1), ("y", 1, 1)]


def test_windows_that_begin_after_day_0_overlap_by_their_length() -> None:
    """Five sessions apart, windows of three: they do not meet, however late they begin."""
    assert recommended_test(np.array([100, 105]), np.array([0, 1]), 2, 4) == "adj_csect_t"
    assert recommended_test(np.array([100, 102]), np.array([0, 1]), 2, 4) == "calendar_day_t"


def test_a_window_that_no_event_has_names_no_test():
    found = study([200, 230], [0, 0], shock=np.nan).recommended.select("window", "n", "caar", "test").rows()
    assert found[0] == ("0:0", 0, None, None)
    assert [row[3] is None for row in found[1:]] == [False, False, False]
