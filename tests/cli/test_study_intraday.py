"""Bars of five minutes, from files into the store and out as a study of the sample's page."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import correlator as co
from correlator.errors import InputError
from correlator.eventstudy.placing.bars import ends_at, ends_of, on_bars
from correlator.sessions.intervals import bar_length

KARACHI = ZoneInfo("Asia/Karachi")
SESSIONS = ("2025-05-26", "2025-05-27", "2025-05-29", "2025-05-30")
SHOCK = 0.03


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two symbols whose bars are one and the same but for a shock at the first bar of 29 May."""
    folder = tmp_path_factory.mktemp("intraday")
    opens = [datetime.fromisoformat(f"{day} 09:30").replace(tzinfo=KARACHI) for day in SESSIONS]
    starts = [begun + timedelta(minutes=5 * n) for begun in opens for n in range(70)]
    rng = np.random.default_rng(8)
    market = rng.normal(0.0, 0.001, len(starts))
    share = market * 1.5 + rng.normal(0.0, 0.0005, len(starts))
    share[140] += SHOCK
    for name, returns in (("IDX", market), ("SHR", share)):
        closes = 100 * np.exp(np.cumsum(returns))
        rows = [f"{at.isoformat(sep=' ')},{c},{c},{c},{c},10" for at, c in zip(starts, closes.tolist(), strict=True)]
        (folder / f"{name}.csv").write_text("\n".join(["Datetime,Open,High,Low,Close,Volume", *rows]))
    return folder


@pytest.fixture
def store(folder, run, sample, tmp_path) -> Path:
    for name in ("IDX", "SHR"):
        run("--store", "m.duckdb", "add", "prices", folder / f"{name}.csv", "--symbol", name, "--exchange", "XKAR")
    run("--store", "m.duckdb", "add", "news", sample / "page.txt")
    return tmp_path / "m.duckdb"


def test_news_of_a_holiday_meets_the_first_bar_after_it(store, run) -> None:
    arguments = ["--store", store, "study", "--symbol", "SHR", "--benchmark", "IDX", "--interval", "5m"]
    arguments += ["--estimation", "-130:-11", "--window", "-2:2", "--format", "csv"]
    done = run(*arguments)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["day"] for row in rows] == ["-2", "-1", "0", "1", "2"]
    assert rows[2]["session"] == "2025-05-29T04:30:00Z"
    assert float(rows[2]["ar"]) == pytest.approx(SHOCK, abs=0.003)
    assert abs(float(rows[1]["t"])) < 5 < float(rows[2]["t"])


def test_an_interval_that_was_not_loaded_or_is_none(store, run) -> None:
    arguments = ["--store", store, "study", "--symbol", "SHR", "--benchmark", "IDX", "--interval"]
    assert "the store has no 1h bars of IDX, SHR (stored intervals: 5m)" in run(*arguments, "1h", code=4).stderr
    assert "interval 'soon' is not an interval" in run(*arguments, "soon", code=3).stderr


def test_confounds_want_daily_bars(store, run) -> None:
    arguments = ["placebo", "--symbol", "SHR", "--benchmark", "IDX", "--interval", "5m", "--confounds", "drop"]
    assert "confounds need daily bars" in run("--store", store, *arguments, code=3).stderr


BEGUN = datetime(2025, 5, 26, 4, 30, tzinfo=UTC)
NEVER = pl.Series("closes_at", [], dtype=pl.Datetime("us", "UTC"))


def test_what_is_known_of_days_is_refused_and_axes_say_what_they_count(store) -> None:
    ws = co.open_workspace(store)
    result = ws.study("SHR", benchmark="IDX", interval="5m", estimation="-130:-11", window="-2:2")
    for known_of_days in (ws.confounds, ws.features):
        with pytest.raises(InputError, match="need daily bars, the study has 5m bars"):
            known_of_days(result)
    with pytest.raises(InputError, match="interval has no effect in a regression"):
        ws.regress("car ~ beta", "SHR", interval="5m")
    assert result.plot("heatmap").layout.xaxis.title.text == "window, 5m bars from day 0"
    assert "29 May 2025 04:30 UTC" in result.plot("events").layout.annotations[0].text.replace("<br>", " ")


def test_the_last_bar_ends_with_its_session() -> None:
    """New York's hourly bars start at 9:30, so that the last one is half as long, and on a half day at 12:30."""
    starts = pl.Series([datetime(2024, 4, 24, 18, 30), datetime(2024, 4, 24, 19, 30), datetime(2024, 4, 25, 13, 30)])
    closes = pl.Series([datetime(2024, 4, 24, 20, 0), datetime(2024, 4, 25, 20, 0)])
    utc = pl.Datetime("us", "UTC")
    starts, closes = (each.dt.replace_time_zone("UTC").cast(utc) for each in (starts, closes))
    known = [datetime(2024, 4, 24, hour, minute, tzinfo=UTC) for hour, minute in ((19, 45), (20, 0), (20, 5), (20, 31))]
    events = pl.DataFrame({"known_at": known, "known_precision": ["minute"] * 4})
    placed = on_bars(events, starts, ends_of(starts, bar_length("1h"), closes))
    assert placed["date"].to_list() == [starts[1], starts[2], starts[2], starts[2]]
    assert placed["day_zero_reason"].to_list() == ["intraday", *["between bars"] * 3]


@settings(deadline=None)
@given(st.lists(st.integers(0, 200), min_size=1, max_size=30, unique=True), st.integers(-50, 2_000))
def test_no_event_falls_to_a_bar_that_ended_before_it_was_known(places: list[int], minutes: int) -> None:
    starts = pl.Series("bar_start", [BEGUN + timedelta(minutes=5 * n) for n in sorted(places)]).cast(
        pl.Datetime("us", "UTC")
    )
    known = BEGUN + timedelta(minutes=minutes)
    events = pl.DataFrame({"known_at": [known], "known_precision": ["minute"]})
    (row,) = on_bars(events, starts, ends_of(starts, bar_length("5m"), NEVER)).iter_rows(named=True)
    after = [at for at in starts if at + timedelta(minutes=5) > known]
    if not after:
        assert (row["date"], row["day_zero_reason"]) == (None, "beyond-bars")
    else:
        assert row["date"] == after[0]
        assert row["day_zero_reason"] == ("intraday" if after[0] <= known else "between bars")


def test_an_event_without_a_time_has_no_bar() -> None:
    starts = pl.Series([BEGUN]).cast(pl.Datetime("us", "UTC"))
    events = pl.DataFrame({"known_at": [BEGUN, None], "known_precision": ["day", "unknown"]})
    found = on_bars(events, starts, ends_of(starts, bar_length("5m"), NEVER))
    assert found["date"].to_list() == [None, None]
    assert found["day_zero_reason"].to_list() == ["date-only", "no-time"]


def test_lengths_of_bars() -> None:
    assert bar_length("90m") == timedelta(minutes=90)
    assert bar_length("1h") == timedelta(hours=1)
    for wrong in ("1d", "0m", "5 m", ""):
        with pytest.raises(InputError):
            bar_length(wrong)


def test_the_last_bars_close_is_found_where_its_session_is_of_another_date_than_utc() -> None:
    """Auckland's half day of 31 December closes on the 30th at 23:45 UTC; one store's study and figure both know it."""
    starts = pl.Series(
        [datetime(2024, 12, 30, hour, tzinfo=UTC) for hour in (21, 22, 23)], dtype=pl.Datetime("us", "UTC")
    )
    assert ends_at("XNZE", starts, bar_length("1h"))[-1] == datetime(2024, 12, 30, 23, 45, tzinfo=UTC)
    assert ends_at(None, starts, bar_length("1h"))[-1] == datetime(2024, 12, 31, tzinfo=UTC)


def test_a_bar_after_the_last_close_that_is_known_has_its_full_length() -> None:
    starts = pl.Series([datetime(2024, 5, 31, hour, 30, tzinfo=UTC) for hour in (18, 19, 21)])
    closes = pl.Series([datetime(2024, 5, 30, 20, tzinfo=UTC), datetime(2024, 5, 31, 20, tzinfo=UTC)])
    ends = ends_of(starts, bar_length("1h"), closes).dt.strftime("%d %H:%M").to_list()
    assert ends == ["31 19:30", "31 20:00", "31 22:30"]
