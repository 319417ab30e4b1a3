"""Exchanges that a user describes: their sessions, clock and corrections are those of a shipped one."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from correlator.base.resources import EXCHANGES_VARIABLE, SESSIONS_VARIABLE
from correlator.errors import InputError, NotFoundError
from correlator.sessions.calendars import calendar_reach, holidays_known_until, place_instants, sessions_between
from correlator.sessions.exchanges import exchange_codes, exchange_named, zone_named

HEADER = "exchange,zone,weekdays,opens,closes,since,currency,country,name\n"
DHAKA = "XDHA,Asia/Dhaka,12347,10:00,14:30,2010-01-03,BDT,BGD,Dhaka\n"


@pytest.fixture
def own(tmp_path, monkeypatch):
    path = tmp_path / "exchanges.csv"
    path.write_text(HEADER + DHAKA)
    monkeypatch.setenv(EXCHANGES_VARIABLE, str(path))
    return path


@pytest.mark.usefixtures("own")
def test_every_weekday_of_it_is_a_session():
    sessions = sessions_between("XDHA", date(2025, 5, 22), date(2025, 5, 26))
    assert sessions["session"].to_list() == [date(2025, 5, 22), date(2025, 5, 25), date(2025, 5, 26)]
    assert sessions["opens_at"][0] == datetime(2025, 5, 22, 4, tzinfo=UTC)
    assert sessions["closes_at"][0] == datetime(2025, 5, 22, 8, 30, tzinfo=UTC)
    place = exchange_named("XDHA")
    assert (place.currency, place.country, place.weekend) == ("BDT", "BGD", {5, 6})
    assert zone_named("XDHA") == "Asia/Dhaka"
    assert "XDHA" in exchange_codes()
    assert calendar_reach("XDHA")[0] == holidays_known_until("XDHA") == date(2010, 1, 3)


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("instant", "session", "reason"),
    [
        (datetime(2025, 5, 22, 8, 29, tzinfo=UTC), date(2025, 5, 22), "intraday"),
        (datetime(2025, 5, 22, 8, 30, tzinfo=UTC), date(2025, 5, 25), "after-close"),
        (datetime(2025, 5, 23, 8, 0, tzinfo=UTC), date(2025, 5, 25), "weekend"),
    ],
)
def test_news_is_placed_by_its_hours(instant, session, reason):
    assert place_instants("XDHA", [instant], ["minute"]).row(0) == (session, reason)


@pytest.mark.usefixtures("own")
def test_its_holidays_are_corrections(tmp_path, monkeypatch):
    corrections = tmp_path / "mine.csv"
    corrections.write_text("exchange,date,change,source\nXDHA,2025-05-25,closed,notice\n")
    monkeypatch.setenv(SESSIONS_VARIABLE, str(corrections))
    after_close = datetime(2025, 5, 22, 9, tzinfo=UTC)
    assert place_instants("XDHA", [after_close], ["minute"])["session"][0] == date(2025, 5, 26)


def test_a_changed_file_is_read_again(own):
    assert sessions_between("XDHA", date(2025, 5, 23), date(2025, 5, 23)).is_empty()
    own.write_text(HEADER + DHAKA.replace("12347", "123457 "))
    assert sessions_between("XDHA", date(2025, 5, 23), date(2025, 5, 23)).height == 1


def test_without_the_file_the_exchange_is_unknown(monkeypatch):
    monkeypatch.delenv(EXCHANGES_VARIABLE, raising=False)
    with pytest.raises(NotFoundError, match="XDHA has no calendar here: describe it .--exchanges"):
        exchange_named("XDHA")


def test_a_file_that_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv(EXCHANGES_VARIABLE, str(tmp_path / "none.csv"))
    with pytest.raises(NotFoundError, match=r"none\.csv does not exist .correct \$CORRELATOR_EXCHANGES or --exchanges"):
        exchange_codes()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Dhaka,Asia/Dhaka,12347,10:00,14:30,,,,", "four capitals or digits"),
        (DHAKA.strip(), "another row describes"),
        ("XCAI,Egypt/Cairo,12347,10:00,14:30,,,,", "needs a zone"),
        ("XCAI,EET,12347,10:00,14:30,,,,", "needs a zone"),
        ("XCAI,Etc/GMT-2,12347,10:00,14:30,,,,", "needs a zone"),
        ("XCAI,Africa/Cairo,Sun-Thu,10:00,14:30,,,,", "needs weekdays"),
        ("XCAI,Africa/Cairo,,10:00,14:30,,,,", "needs weekdays"),
        ("XCAI,Africa/Cairo,12347,10am,14:30,,,,", "needs opens and closes"),
        ("XCAI,Africa/Cairo,12347,14:30,10:00,,,,", "closes before it opens"),
        ("XCAI,Africa/Cairo,12347,10:00,14:30,2015,,,", "since that is not a past date"),
        ("XCAI,Africa/Cairo,12347,10:00,14:30,2999-01-01,,,", "since that is not a past date"),
        ("XCAI,Africa/Cairo,12347,10:00,14:30,,pounds,,", "currency"),
        ("XCAI,Africa/Cairo,12347,10:00,14:30,,,Egypt,", "country"),
        ("XKAR,Asia/Karachi,12345,09:32,15:30,,,,", "XKAR has a calendar here"),
    ],
)
def test_a_row_that_describes_no_exchange_is_refused(own, row, said):
    own.write_text(HEADER + DHAKA + row + "\n")
    with pytest.raises(InputError, match=said):
        exchange_named("XDHA")


def test_hours_of_an_exchange_with_a_calendar_are_refused_when_that_is_used(own):
    own.write_text(HEADER + "XNYS,America/New_York,12345,08:00,20:00,,,,\n")
    with pytest.raises(InputError, match="XNYS has a calendar here"):
        sessions_between("XNYS", date(2025, 5, 22), date(2025, 5, 26))


def test_a_column_that_occurs_twice_is_refused(own):
    own.write_text("Zone," + HEADER + "Asia/Karachi," + DHAKA)
    with pytest.raises(InputError, match="several columns are called zone"):
        exchange_named("XDHA")


@pytest.mark.usefixtures("own")
def test_weekdays_of_an_exchange_without_sessions_left_are_opened_from_their_date(tmp_path, monkeypatch):
    corrections = tmp_path / "mine.csv"
    corrections.write_text(
        "exchange,date,until,change,weekdays,opens,closes,source\nXDHA,2000-01-01,2099-01-01,closed,,,,a\n"
        "XDHA,2025-05-26,,open,1,10:00,12:00,b\n"
    )
    monkeypatch.setenv(SESSIONS_VARIABLE, str(corrections))
    assert sessions_between("XDHA", date(2025, 5, 19), date(2025, 5, 30))["session"].to_list() == [date(2025, 5, 26)]


def test_hours_that_the_clock_skips_are_refused(own):
    own.write_text(HEADER + "XNEW,America/New_York,1234567,02:30,10:00,2024-01-01,,,\n")
    with pytest.raises(InputError, match="skips an hour of the session 2024-03-10"):
        sessions_between("XNEW", date(2024, 3, 8), date(2024, 3, 12))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_as_spreadsheets_write_it(own, separator, encoding):
    text = HEADER + DHAKA.replace("Dhaka\n", "Börse Dhaka\n") + ",,,,,,,,\n"
    own.write_bytes(text.replace(",", separator).encode(encoding))
    assert exchange_named("XDHA").name == "Börse Dhaka"


def test_a_column_that_would_have_no_effect_is_refused(own):
    own.write_text(f"{HEADER.strip()},holidays\n{DHAKA.strip()},2025-05-01\n")
    with pytest.raises(InputError, match="unknown column 'holidays' .its columns are exchange, zone"):
        exchange_named("XDHA")


def test_an_empty_file_is_refused_with_one_hint(own):
    own.write_text("")
    with pytest.raises(InputError, match=r"is empty \(see docs/market.md\)$"):
        exchange_named("XDHA")
