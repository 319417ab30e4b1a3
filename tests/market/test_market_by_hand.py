"""Small figures of the audit and of price files against numbers written out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from correlator.market.audit.bars import at_limit, contradictions
from correlator.market.audit.findings import Series
from correlator.market.audit.identity import same_as_another
from correlator.market.audit.levels import jumps
from correlator.market.audit.order import _FREEDOM, _unlikely
from correlator.market.audit.prices import _sessions
from correlator.market.audit.shifts import (
    _likelihood_ratio,
    _Paired,
    _to_the_ends,
    _verdict,
    correlation,
    shifts_by_calendar,
)
from correlator.market.factors import read_factors
from correlator.market.returns import limit_locked
from correlator.market.written.dates import _joined
from correlator.market.written.stamps import _dates_with_clocks
from correlator.sessions.calendars import calendar_reach


def test_correlation_by_hand() -> None:
    a = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    b = np.array([2.0, 1.0, 4.0, 3.0, 9.0])
    assert correlation(a, b) == pytest.approx(0.6)
    assert correlation(a, np.ones(5)) == 0.0
    assert correlation(np.ones(5), b) == 0.0
    assert correlation(a[:2], b[:2]) == 0.0


def test_likelihood_ratio_by_hand() -> None:
    """((1 - 0)^2 - (1 - 0.5)^2) / (2 (1 - 0.25)) = 0.5."""
    ratio = _likelihood_ratio(np.array([1.0]), np.array([1.0]), np.array([0.0]), 0.5)
    assert ratio[0] == pytest.approx(0.5)


def test_distance_of_two_correlations_counts_the_bars_of_the_stretch() -> None:
    rng = np.random.default_rng(1)
    shifted = rng.normal(0, 1, 120)
    own = shifted + rng.normal(0, 0.7, 120)
    same = rng.normal(0, 1, 120)
    paired = _Paired(np.arange(120), own, {1: shifted, 0: same})
    inside = slice(10, 111)
    high, low = (np.corrcoef(own[inside], other[inside])[0, 1] for other in (shifted, same))
    expected = (np.arctanh(high) - np.arctanh(low)) * np.sqrt((101 - 3) / 2)
    assert _verdict(paired, 1, 10, 110) == pytest.approx(expected)


def test_a_stretch_reaches_the_ends_where_nothing_speaks_against_it() -> None:
    score = np.array([0.0, 1.0, 2.0, -0.5, 3.0, 0.0, 1.0])
    assert _to_the_ends(score, 1, 4) == (0, 6)
    assert _to_the_ends(np.array([-1.0, 2.0, 2.0, -1.0]), 1, 2) == (1, 2)


def test_two_series_with_the_same_returns_are_told_of_each_other() -> None:
    rng = np.random.default_rng(2)
    days = [date(2022, 1, 3) + timedelta(days=n) for n in range(300)]
    close = 50 * np.exp(rng.normal(0, 0.02, 300).cumsum())
    other = 80 * np.exp(rng.normal(0, 0.02, 300).cumsum())
    every = [
        Series(name, f"{name}.csv", pl.DataFrame({"session": days, "close": values}), None, "share")
        for name, values in (("A", close), ("B", 3 * close), ("C", other))
    ]
    findings = pl.concat(same_as_another(every))
    assert sorted(findings["symbol"].to_list()) == ["A", "B"]
    assert same_as_another(every[::2]) == []
    assert sorted(pl.concat(same_as_another(every[:2]))["symbol"].to_list()) == ["A", "B"]


def test_a_bar_contradicts_itself_by_a_volume_below_zero_and_not_by_none():
    bars = pl.DataFrame({"session": [date(2024, 1, day) for day in (2, 3, 4)], "volume": [0.0, -1.0, None]})
    bars = bars.with_columns(pl.lit(10.0).alias(name) for name in ("open", "high", "low", "close"))
    found = contradictions(Series("A", "a.csv", bars, None, "share"))
    assert found["session"].to_list() == [date(2024, 1, 3)]


@pytest.mark.parametrize(
    ("close", "locked"), [(110.0, True), (109.0, False), (90.0, True), (91.0, False), (100.0, False)]
)
def test_a_close_at_the_limit_and_at_the_end_of_its_range(close: float, locked: bool) -> None:
    """A limit of 10 % around 100: the bar ends at its high above, at its low below."""
    up = close >= 100
    bar = [np.array([[100.0], [price]]) for price in (100.0, close if up else 104.0, 96.0 if up else close, close)]
    flags = limit_locked(*bar, limit=np.array([[0.1], [0.1]]), tick=0.01, minimum=np.zeros((2, 1)))
    assert flags[1, 0] == locked


def test_factors_in_per_cent_become_fractions(tmp_path: Path) -> None:
    rows = [f"{20200101 + n},{(-1) ** n * 1.5:.2f},{0.25:.2f}" for n in range(28)]
    file = tmp_path / "factors.csv"
    file.write_text("\n".join(["some words", "", ",Mkt-RF,SMB", *rows]) + "\n", encoding="utf-8")
    read = read_factors(file)
    assert read.factors["Mkt-RF"].to_list()[:2] == [0.015, -0.015]
    assert read.factors["SMB"][0] == pytest.approx(0.0025)
    as_given = read_factors(file, unit="fraction")
    assert as_given.factors["SMB"][0] == pytest.approx(0.25)


def test_half_a_tick_beside_the_limit_is_at_the_limit() -> None:
    """10.05 and 10 % make 11.055, which the exchange rounds to 11.05 or 11.06."""
    for close, locked in ((11.05, True), (11.06, True), (11.04, False), (11.07, False)):
        bar = [np.array([[10.05], [price]]) for price in (10.1, close, 10.0, close)]
        assert limit_locked(*bar, limit=0.1, tick=0.01)[1, 0] == locked


def test_how_unlikely_a_move_is_under_students_t() -> None:
    expected = (_FREEDOM + 1) / 2 * np.log1p(4.0 / _FREEDOM)
    assert _unlikely(np.array([2.0, 0.0])).tolist() == pytest.approx([expected, 0.0])
    assert expected > 0


def test_labels_of_the_evening_are_shown_from_first_to_last() -> None:
    """Sessions of weekdays under labels one day early: Sundays, and no Fridays."""
    days = pl.date_range(date(2024, 1, 1), date(2024, 6, 28), eager=True)
    sessions = days.filter(days.dt.weekday() <= 5).alias("session")
    labels = sessions.dt.offset_by("-1d")
    bars = pl.DataFrame({"session": labels, "close": 1.0})
    (shift,) = shifts_by_calendar(bars["session"], sessions)
    assert shift.direction == "early"
    assert f"labels from {labels[0]} to {labels[-1]} (100 % of the bars)" in shift.evidence
    assert "26 Sundays and 0 Fridays" in shift.evidence


@pytest.mark.parametrize(("weeks", "count"), [(4, 1), (3, 0)])
def test_four_labels_of_a_weekend_make_a_shift(weeks: int, count: int) -> None:
    days = pl.date_range(date(2024, 1, 1), date(2024, 1, 1) + timedelta(days=7 * weeks - 1), eager=True)
    sessions = days.filter(days.dt.weekday() <= 5).alias("session")
    bars = pl.DataFrame({"session": sessions.dt.offset_by("-1d"), "close": 1.0})
    assert len(shifts_by_calendar(bars["session"], sessions)) == count


def test_a_bar_at_the_limit_says_its_change() -> None:
    bars = pl.DataFrame({"session": [date(2024, 3, 4), date(2024, 3, 5)], "close": [100.0, 110.0]}).with_columns(
        open=pl.col("close"), high=pl.col("close"), low=pl.col("close")
    )
    findings = at_limit(Series("A", "a.csv", bars, "XKAR", "share"))
    assert findings["evidence"].to_list() == ["closed at the limit, 10 %"]


def test_years_of_two_digits_reach_to_next_year() -> None:
    after = datetime.now(UTC).year + 1
    years = pl.Series([f"{after % 100:02d}", f"{(after + 1) % 100:02d}", "1999"])
    dates = _joined(years, pl.Series(["1"] * 3), pl.Series(["2"] * 3))
    assert [day.year for day in dates] == [after, after - 99, 1999]


def test_hours_before_and_after_noon() -> None:
    written = pl.Series("t", ["9/1/2017 4:05 PM", "9/1/2017 12:30 AM", "9/13/2017 12:15 PM", "9/14/2017 9:00 am"])
    values = _dates_with_clocks(written, "mdy", None, "bars").values
    assert [(value.hour, value.minute) for value in values] == [(16, 5), (0, 30), (12, 15), (9, 0)]


@pytest.mark.parametrize(("factor", "check"), [(2.0, "split-like"), (2.0 * np.exp(0.1), "level-break")])
def test_a_split_may_be_off_by_four_usual_moves(factor: float, check: str) -> None:
    """Moves of 1.35 % either way are usual, so that 8 % beside two to one is still a split and 10 % is not."""
    moves = np.where(np.arange(120) % 2, 0.0135, -0.0135)
    moves[60] = -np.log(factor)
    days = pl.date_range(date(2024, 1, 1), date(2024, 12, 31), eager=True)
    sessions = days.filter(days.dt.weekday() <= 5)[:120]
    bars = pl.DataFrame({"session": sessions, "close": 100 * np.exp(moves.cumsum())}).with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in ("open", "high", "low", "volume")
    )
    findings = jumps(Series("A", "a.csv", bars, None, "share"))
    assert findings["check"].to_list() == [check]


def test_beyond_what_its_calendar_reaches_every_weekday_is_a_session_once():
    first, last = calendar_reach("XKAR")
    for around in (first, last):
        series: Any = SimpleNamespace(
            first=around - timedelta(days=5), last=around + timedelta(days=5), exchange="XKAR", kind="share"
        )
        sessions = _sessions(series, False)
        assert sessions.is_sorted()
        assert sessions.n_unique() == len(sessions)
        beyond = sessions.filter((sessions < first) | (sessions > last))
        days = pl.date_range(around - timedelta(days=12), around + timedelta(days=12), eager=True)
        assert beyond.to_list() == [day for day in days.to_list() if not first <= day <= last and day.isoweekday() <= 5]
