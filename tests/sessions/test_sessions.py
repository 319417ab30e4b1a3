"""Sessions, their overrides, and the session an instant belongs to."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.base.resources import data_path
from correlator.errors import InputError, NotFoundError
from correlator.sessions.calendars import calendar_reach, place_instants, session_overrides, sessions_between
from correlator.sessions.exchanges import exchange_zone


def place(instant: datetime | None, precision: str = "minute", exchange: str = "XKAR", **policy: str):
    return place_instants(exchange, [instant], [precision], **policy).row(0)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def rows_of(*path: str) -> list[dict[str, str]]:
    with data_path(*path).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_seed_article_falls_to_the_session_after_the_holiday():
    assert place(utc(2025, 5, 28, 1, 2)) == (date(2025, 5, 29), "holiday")


@pytest.mark.parametrize(
    ("instant", "session", "reason"),
    [
        (utc(2025, 5, 29, 1), date(2025, 5, 29), "pre-open"),
        (utc(2025, 5, 29, 4, 32), date(2025, 5, 29), "intraday"),
        (utc(2025, 5, 29, 10, 29, 59), date(2025, 5, 29), "intraday"),
        (utc(2025, 5, 29, 10, 30), date(2025, 5, 30), "after-close"),
        (utc(2025, 5, 30, 11, 29), date(2025, 5, 30), "intraday"),
        (utc(2025, 5, 30, 11, 30), date(2025, 6, 2), "after-close"),
        (utc(2025, 6, 1, 8), date(2025, 6, 2), "weekend"),
        (utc(2025, 6, 6, 8), date(2025, 6, 10), "holiday"),
        (utc(2025, 9, 5, 8), date(2025, 9, 5), "intraday"),
        (utc(2026, 5, 26, 8), date(2026, 5, 29), "holiday"),
        (utc(2021, 4, 15, 9), date(2021, 4, 16), "after-close"),
        (utc(2021, 5, 4, 7, 30), date(2021, 5, 5), "after-close"),
        (utc(2025, 3, 6, 8, 30), date(2025, 3, 7), "after-close"),
        (utc(2025, 3, 7, 7, 29), date(2025, 3, 7), "intraday"),
        (utc(2025, 3, 7, 7, 30), date(2025, 3, 10), "after-close"),
        (utc(2025, 3, 31, 8), date(2025, 4, 3), "holiday"),
        (utc(2026, 3, 11, 8, 29), date(2026, 3, 11), "intraday"),
        (utc(2026, 3, 11, 8, 30), date(2026, 3, 12), "after-close"),
    ],
)
def test_day_zero_is_the_first_session_that_closes_after_the_instant(instant, session, reason):
    assert place(instant) == (session, reason)


def test_a_date_is_not_known_before_the_close_of_its_day_unless_the_caller_says_so():
    assert place(utc(2025, 5, 27), "day") == (date(2025, 5, 29), "date-only")
    assert place(utc(2025, 5, 27), "day", date_only="same-day") == (date(2025, 5, 27), "date-only")
    assert place(utc(2025, 5, 28), "day", date_only="same-day") == (date(2025, 5, 29), "date-only")


def test_a_date_label_is_a_date_everywhere():
    assert place(utc(2025, 5, 27), "day", exchange="XNYS") == (date(2025, 5, 28), "date-only")


def test_off_session_policies():
    assert place(utc(2025, 5, 28, 1, 2), off_session="previous") == (date(2025, 5, 27), "holiday")
    assert place(utc(2025, 5, 28, 1, 2), off_session="drop") == (None, "holiday")
    assert place(utc(2025, 5, 29, 1), off_session="previous") == (date(2025, 5, 29), "pre-open")
    assert place(utc(2025, 5, 29, 1), off_session="drop") == (date(2025, 5, 29), "pre-open")


def test_what_has_no_time_or_lies_beyond_the_calendar_says_so():
    assert place(None) == (None, "no-time")
    assert place(utc(2025, 5, 28), "unknown") == (None, "no-time")
    assert place(utc(1955, 1, 3)) == (None, "beyond-calendar")
    assert place(utc(2060, 1, 1)) == (None, "beyond-calendar")


def test_new_york_closes_early_on_christmas_eve_and_minds_summer_time():
    assert place(utc(2024, 12, 24, 18, 0), exchange="XNAS") == (date(2024, 12, 26), "after-close")
    assert place(utc(2024, 7, 1, 19, 59), exchange="XNYS") == (date(2024, 7, 1), "intraday")
    assert place(utc(2024, 1, 2, 20, 59), exchange="XNYS") == (date(2024, 1, 2), "intraday")


@settings(deadline=None)
@given(
    st.lists(st.datetimes(datetime(1995, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)), min_size=1, max_size=30)
)
def test_placing_agrees_with_looking_through_the_sessions(instants):
    sessions = sessions_between("XKAR", *calendar_reach("XKAR"))
    placed = place_instants("XKAR", instants, ["second"] * len(instants))
    for instant, session in zip(instants, placed["session"], strict=True):
        assert session == sessions.filter(pl.col("closes_at") > instant)["session"][0]


def test_overrides_put_the_calendar_right_and_can_be_switched_off():
    start, end = date(2025, 6, 1), date(2025, 9, 30)
    right = set(sessions_between("XKAR", start, end)["session"])
    plain = set(sessions_between("XKAR", start, end, overrides=False)["session"])
    assert plain - right == {date(2025, 6, 6)}
    assert right - plain == {date(2025, 9, 5)}


def test_every_override_has_a_source_and_halts_close_nothing():
    overrides = session_overrides("XKAR")
    assert overrides["source"].null_count() == 0
    halts = overrides.filter(pl.col("change") == "halt")["date"].to_list()
    assert halts == [date(2025, 5, 8), date(2025, 5, 12)]
    assert set(halts) <= set(sessions_between("XKAR", date(2025, 5, 5), date(2025, 5, 16))["session"])
    assert session_overrides("XNYS").is_empty()


def test_a_users_own_overrides(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(
        "date,until,weekdays,change,opens,closes,source,note\n"
        "2025-05-26,2025-05-27,,closed,,,seen,\n2025-05-31,,,open,10:00,12:00,seen,\n"
    )
    sessions = sessions_between("XKAR", date(2025, 5, 23), date(2025, 6, 1), overrides=file)
    assert sessions["session"].to_list() == [date(2025, 5, 23), *(date(2025, 5, day) for day in (29, 30, 31))]
    assert sessions["closes_at"][-1] == utc(2025, 5, 31, 7)
    broken = tmp_path / "broken.csv"
    broken.write_text("date,change\n2025-05-26,closed\n")
    with pytest.raises(InputError, match="missing columns"):
        sessions_between("XKAR", date(2025, 5, 23), date(2025, 6, 1), overrides=broken)


@pytest.mark.parametrize(
    ("said", "meant"), [("PSX", "XKAR"), ("xkar", "XKAR"), ("NASDAQ", "XNAS"), ("XNYY", "XNYS"), ("crypto", "24/7")]
)
def test_an_unknown_exchange_is_met_with_the_likeliest(said, meant):
    with pytest.raises(NotFoundError, match=f"did you mean {meant}"):
        exchange_zone(said)


def test_wrong_arguments_are_refused():
    with pytest.raises(InputError, match="off_session"):
        place(utc(2025, 5, 28), off_session="nearest")
    with pytest.raises(InputError, match="date_only"):
        place(utc(2025, 5, 28), date_only="never")
    with pytest.raises(InputError, match="must have a time zone"):
        place_instants("XKAR", [datetime(2025, 5, 28)], ["minute"])
    with pytest.raises(InputError, match="precision"):
        place_instants("XKAR", [utc(2025, 5, 28)], [])
    with pytest.raises(InputError, match="after end"):
        sessions_between("XKAR", date(2025, 2, 1), date(2025, 1, 1))
    with pytest.raises(InputError, match="covers"):
        sessions_between("XKAR", date(2025, 2, 1), date(2045, 1, 1))


def test_the_shipped_table_agrees_with_exchange_calendars():
    exchange_calendars = pytest.importorskip("exchange_calendars")
    schedule = exchange_calendars.get_calendar("XLON", start="2015-01-01", end="2024-12-31").schedule
    ours = sessions_between("XLON", date(2015, 1, 1), date(2024, 12, 31), overrides=False)
    assert ours["session"].to_list() == [label.date() for label in schedule.index]
    assert ours["closes_at"].to_list() == [close.to_pydatetime() for close in schedule["close"]]


def test_an_exchange_beyond_the_table_is_asked_of_exchange_calendars():
    assert exchange_zone("CMES") == "America/Chicago"
    assert sessions_between("CMES", date(2024, 1, 1), date(2024, 1, 3))["session"].to_list() == [
        date(2024, 1, 2),
        date(2024, 1, 3),
    ]


def test_calendars_of_the_library_begin_where_shipped_ones_do() -> None:
    assert calendar_reach("CMES")[0] == date(1962, 1, 1)
    early = datetime(1990, 2, 19, 15, tzinfo=UTC)
    assert place_instants("XCBF", [early], ["minute"]).row(0) == (date(1990, 2, 20), "holiday")


def test_what_a_symbols_ending_or_a_page_names_is_an_exchange_with_currency_country_and_calendar():
    places = {row["exchange"]: row for row in rows_of("sessions", "exchanges.csv")}
    named = {row["exchange"] for row in rows_of("instruments", "exchange_endings.csv")}
    for row in rows_of("instruments", "printed_exchanges.csv"):
        named |= set(row["exchanges"].split("|"))
    assert named <= places.keys()
    assert [code for code, row in places.items() if not (row["currency"] and row["country"] and row["name"])] == []
    calendars = pl.read_parquet(data_path("sessions", "calendars.parquet"))["calendar"].unique()
    assert {row["calendar"] for row in places.values()} == set(calendars)


def test_a_session_is_the_utc_date_of_its_close():
    """What dates in common across exchanges rest on (docs/market.md)."""
    rows = pl.read_parquet(data_path("sessions", "calendars.parquet"))
    recent = rows.filter(pl.col("session") >= date(1990, 1, 1))
    others = recent.filter(~pl.col("closes").is_between(0, 24 * 60 - 1))
    assert others["calendar"].unique().to_list() == ["XNZE"]  # its half days end in the morning of Auckland
    assert others["session"].dt.month().unique().to_list() == [12]
