"""When of its day an event was: clocks that show a time twice or never, and columns that say it, at every door."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.errors import InputError, TimeError
from correlator.intake.events import add_events
from correlator.store.db import Store

DAYS = pl.date_range(date(2024, 1, 1), date(2024, 12, 20), eager=True)
DAYS = DAYS.filter(DAYS.dt.weekday() <= 5)
PRICES = pl.DataFrame(
    {
        "Date": DAYS,
        **{
            name: 50 * np.exp(np.cumsum(np.random.default_rng(k).normal(0, 0.01, len(DAYS))))
            for k, name in enumerate(["MKT", "LAMP"])
        },
    }
)
ALL_DAYS = pl.date_range(date(2024, 1, 1), date(2024, 12, 20), eager=True)
COINS = pl.DataFrame({"Date": ALL_DAYS, "BULB": 50 + np.random.default_rng(4).normal(0, 1, len(ALL_DAYS)).cumsum()})
DOORS = ({"exchange": "XNYS"}, {"close_of_day": "16:00 America/New_York"})
AUTUMN = "2024-11-03 01:30"


def study(events, **options):
    given = {"prices": PRICES, "benchmark": "MKT", "estimation": "-60:-5", "window": "-1:1", "windows": "0:0"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return co.study(events=events, **given | options)


def event(day: str, **more: str) -> pl.DataFrame:
    return pl.DataFrame({"symbol": ["LAMP"], "date": [day], **{name: [text] for name, text in more.items()}})


@pytest.mark.parametrize("options", DOORS)
@pytest.mark.parametrize("day", [AUTUMN, "2024-03-10 02:30"])
def test_a_clock_shown_twice_or_never_is_refused(tmp_path, day, options) -> None:
    apart = dict(zip(("day", "time"), day.split(), strict=True))
    forms = (event(day), event(day, timezone="America/New_York"), event(**apart), event(**apart, tz="America/New_York"))
    for number, form in enumerate(forms):
        with pytest.raises(TimeError, match=f"{day}:00 is ambiguous or does not exist in America/New_York.*offset"):
            study(form, **options)
        form.write_csv(tmp_path / f"{number}.csv")
        with pytest.raises(TimeError, match="is ambiguous or does not exist"):
            study(tmp_path / f"{number}.csv", **options)


def test_an_offset_says_which_of_two_and_other_rows_keep_their_zones() -> None:
    for day in (f"{AUTUMN}-04:00", f"{AUTUMN}-05:00"):
        assert study(event(day), **DOORS[0]).events["date"].to_list() == [date(2024, 11, 4)]
    zones = pl.concat([event(AUTUMN, tz="Asia/Karachi"), event("2024-11-01 16:05", tz="America/New_York")])
    assert study(zones, **DOORS[0]).events["known_at"].to_list() == [
        datetime(2024, 11, 2, 20, 30, tzinfo=UTC),
        datetime(2024, 11, 1, 20, 5, tzinfo=UTC),
    ]


def test_a_day_closes_at_a_midnight_that_clocks_leave_out_and_not_at_other_such_times() -> None:
    """Cairo's clocks went from 25 April 24:00 to 26 April 01:00; New York's show 1:30 of 3 November twice."""
    coins = {"prices": COINS, "benchmark": None, "model": "mean"}
    for clock, day in (("2024-04-25T21:59Z", date(2024, 4, 25)), ("2024-04-25T22:00Z", date(2024, 4, 26))):
        lamp = event(clock).with_columns(symbol=pl.lit("BULB"))
        assert study(lamp, **coins, close_of_day="24:00 Africa/Cairo").events["date"].to_list() == [day]
    with pytest.raises(
        TimeError, match="close of day: 2024-11-03 01:30:00 is ambiguous or does not exist in America/New_York.*another"
    ):
        study(lamp, **coins, close_of_day="01:30 America/New_York")


def test_words_that_are_read_are_not_called_unread() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = co.study(prices=PRICES, events=event("2024-10-01", time="amc"), model="mean", estimation="-60:-11")
    assert result.events["date"].to_list() == [date(2024, 10, 2)]


def test_zones_of_one_offset_do_not_say_clocks_that_change() -> None:
    for zone in ("EST", "MST", "CET"):
        with pytest.raises(TimeError, match=f"'{zone}' in column 'timezone' of events does not determine a time zone"):
            study(event("2024-07-01 16:05", timezone=zone), **DOORS[0])
    for zone in ("GMT", "utc", "Japan", "XNYS", "XIST"):
        assert study(event("2024-07-01 06:05", timezone=zone), **DOORS[0]).excluded.is_empty()


STORED = [
    ("2024-05-14", "17:00", "America/New_York", "2024-05-14T21:00:00+00:00"),
    ("2024-05-14", "5:00 pm", "+05:00", "2024-05-14T12:00:00+00:00"),
    ("2024/05/14", "17:00:30", "UTC", "2024-05-14T17:00:30+00:00"),
    ("2024-05-14 17:00", "", "Asia/Karachi", "2024-05-14T12:00:00+00:00"),
    ("2024-05-14 17:00-04:00", "", "Asia/Karachi", "2024-05-14T21:00:00+00:00"),
    ("2024-05-14", "", "Asia/Karachi", "2024-05-14T00:00:00+00:00"),
]
REJECTED = [
    (
        "2024-11-03",
        "01:30",
        "America/New_York",
        "2024-11-03 01:30:00 is ambiguous or does not exist in America/New_York",
    ),
    ("2024-05-14", "17:00", "", "has no zone"),
    ("2024-05-14", "17:00", "EST", "does not determine a time zone"),
    ("2024-05-14", "amc", "America/New_York", "not a time of day"),
    ("2024-05-14", "soon", "America/New_York", "not a time of day"),
    ("2024-05-14T17:00Z", "16:00", "", "remove one of them"),
]


@pytest.mark.parametrize("named", ["timezone", "tz", "UTC Offset"])
@pytest.mark.parametrize("door", ["frame", "csv", "xlsx"])
def test_stored_events_take_times_and_zones_as_a_study_does(tmp_path, named, door) -> None:
    store = Store(tmp_path / "events.duckdb")
    rows = [(*row[:3], row[3]) for row in STORED + REJECTED]
    days, times, zones, _ = zip(*rows, strict=True)
    table = pl.DataFrame({"date": days, "Time": times, named: zones, "category": "X", "id": range(len(rows))})
    source: object = table
    if door == "csv":
        source = tmp_path / "e.csv"
        table.write_csv(source)
    if door == "xlsx":
        source = tmp_path / "e.xlsx"
        table.to_pandas().to_excel(source, index=False)
    report = add_events(store, source)
    assert (report.added, report.rejected) == (len(STORED), len(REJECTED))
    with store.reading() as connection:
        known = connection.sql("SELECT known_at FROM events ORDER BY event_id").pl()["known_at"].to_list()
        reasons = connection.sql("SELECT reason FROM rejects").pl()["reason"].to_list()
    assert sorted(known) == sorted(datetime.fromisoformat(row[3]) for row in STORED)
    for _, _, _, words in REJECTED:
        assert any(words in reason for reason in reasons), words


def test_stored_days_in_another_order_have_clocks_too(tmp_path) -> None:
    store = Store(tmp_path / "events.duckdb")
    days = {"date": ["14/05/2024 17:00", "02/05/2024 09:30"], "timezone": "Asia/Karachi", "category": "X"}
    assert add_events(store, pl.DataFrame(days)).added == 2
    with store.reading() as connection:
        known = connection.sql("SELECT known_at FROM events ORDER BY known_at").pl()["known_at"].to_list()
    assert known == [datetime(2024, 5, 2, 4, 30, tzinfo=UTC), datetime(2024, 5, 14, 12, tzinfo=UTC)]


def test_every_day_that_can_be_read_in_two_ways_says_so(tmp_path) -> None:
    store = Store(tmp_path / "events.duckdb")
    add_events(store, pl.DataFrame({"date": ["05/06/2024", "06/07/2024"], "category": "X"}))
    with store.reading() as connection:
        reasons = connection.sql("SELECT reason FROM rejects").pl()["reason"].to_list()
    assert len(reasons) == 2
    assert all("day-month or month-day" in reason for reason in reasons)


def test_a_study_and_a_store_refuse_a_time_of_day_in_the_same_words(tmp_path) -> None:
    with pytest.raises(InputError, match="'25 PM' in column 'time' of events is not a time of day"):
        study(event("2024-05-14", time="25 PM"), **DOORS[0])
    store = Store(tmp_path / "events.duckdb")
    add_events(store, event("2024-05-14", time="25 PM", timezone="UTC").with_columns(category=pl.lit("X")))
    with store.reading() as connection:
        assert "'25 PM' in column 'time' of events" in connection.sql("SELECT reason FROM rejects").pl().item()


@pytest.mark.parametrize(
    "form", ["%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M+0000", "%Y-%m-%d %H:%M:%S+00", "%Y-%m-%d %H:%M:%S.250+00"]
)
def test_zones_of_the_basic_format_and_of_whole_hours(form: str) -> None:
    after = datetime(2024, 6, 5, 20, 30, tzinfo=UTC)
    expected = study(event(after.isoformat()), **DOORS[0]).events["date"].to_list()
    assert expected == [date(2024, 6, 6)]
    assert study(event(after.strftime(form)), **DOORS[0]).events["date"].to_list() == expected


@pytest.mark.parametrize("name", ["Date (UTC)", "datetime_utc", "publishedAtUTC", "UTC Time", "dateGMT"])
def test_the_name_of_a_column_of_instants_says_its_zone(name: str) -> None:
    """21:05 in New York is after the close of 1 February, 21:05 UTC as well, and 20:55 UTC is before it."""
    found = study(pl.DataFrame({"symbol": ["LAMP"], name: ["2024-02-01 20:55"]}), **DOORS[0])
    assert found.events["date"].to_list() == [date(2024, 2, 1)]


@pytest.mark.parametrize("name", ["Time (UTC)", "time_utc", "timeGMT", "TIME [UTC]"])
def test_the_name_of_a_column_of_times_says_their_zone(tmp_path, name: str) -> None:
    written = event("2024-02-01", **{name: "20:55"})
    written.write_csv(tmp_path / "e.csv")
    for form in (written, tmp_path / "e.csv"):
        assert study(form, **DOORS[1]).events["known_at"].to_list() == [datetime(2024, 2, 1, 20, 55, tzinfo=UTC)]
    with pytest.raises(TimeError, match=r"'ET' in column 'Time \(ET\)' of events does not determine a time zone"):
        study(event("2024-02-01", **{"Time (ET)": "16:05"}), **DOORS[0])


@pytest.mark.parametrize(
    ("offset", "hour"), [(0, 16), (0.0, 16), (-5, 21), (5.5, 10), (-18000, 21), ("-0500", 21), ("UTC+5", 11)]
)
def test_offsets_may_be_numbers(tmp_path, offset, hour: int) -> None:
    written = event("2024-02-01 16:05").with_columns(pl.lit(offset).alias("utc_offset"))
    written.write_parquet(tmp_path / "e.parquet")
    for form in (written, tmp_path / "e.parquet"):
        assert study(form, **DOORS[0]).events["known_at"][0].hour == hour


@pytest.mark.parametrize("offset", [-300, 330, "-500", "+15:00", 1e6])
def test_offsets_that_could_be_minutes_are_a_question(offset) -> None:
    with pytest.raises(TimeError, match="in column 'utc_offset' of events does not determine a time zone"):
        study(event("2024-02-01 16:05").with_columns(pl.lit(offset).alias("utc_offset")), **DOORS[0])


@pytest.mark.parametrize("header", ["datetime_utc", "Date (UTC)", "date,time_utc", "Event Date,Time (UTC)"])
def test_stored_events_take_the_zone_in_the_name_of_their_column(tmp_path, header: str) -> None:
    cells = "2024-02-01,20:55" if "," in header else "2024-02-01 20:55"
    (tmp_path / "e.csv").write_text(f"{header},category,symbol\n{cells},X,700.0\n", encoding="utf-8")
    store = Store(tmp_path / "events.duckdb")
    add_events(store, tmp_path / "e.csv")
    with store.reading() as connection:
        known = connection.sql("SELECT known_at, symbol FROM events").pl().rows()
    assert known == [(datetime(2024, 2, 1, 20, 55, tzinfo=UTC), "700")]


@pytest.mark.parametrize("header", ["date,date", "Date,date", "date,Date"])
def test_two_columns_of_one_name_are_no_stored_events(tmp_path, header: str) -> None:
    (tmp_path / "e.csv").write_text(f"{header},category\n2024-02-01,2024-02-09,X\n", encoding="utf-8")
    store = Store(tmp_path / "events.duckdb")
    frame = pl.DataFrame({"date": ["2024-02-01"], "Date": ["2024-02-09"], "category": ["X"]})
    for source in (tmp_path / "e.csv", frame):
        with pytest.raises(InputError, match="has two columns 'date'"):
            add_events(store, source)
