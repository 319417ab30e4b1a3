"""What is put right in calendars: shipped with a source each, a user's own on top; what is not known yet is said."""

from __future__ import annotations

import warnings
from datetime import date, time

import polars as pl
import pytest

from correlator.base.resources import SESSIONS_VARIABLE, data_path
from correlator.errors import CorrelatorWarning, InputError, NotFoundError
from correlator.sessions.calendars import holidays_known_until, session_overrides, sessions_between
from correlator.sessions.exchanges import exchange_codes

HEADER = "exchange,date,until,weekdays,change,opens,closes,source,note\n"


def sessions(exchange: str, day: str) -> pl.DataFrame:
    return sessions_between(exchange, date.fromisoformat(day), date.fromisoformat(day))


@pytest.mark.parametrize(
    ("exchange", "day", "closes"),
    [
        ("XNSE", "2026-02-01", "10:00"),  # Sunday of the budget
        ("XBOM", "2025-02-01", "10:00"),
        ("XNSE", "2024-03-02", "07:00"),
        ("XBOM", "2024-11-01", "13:30"),  # the evening session of Diwali
        ("XNSE", "2025-10-21", "09:15"),
        ("XNSE", "2024-01-22", None),
        ("XHKG", "2023-07-17", None),
        ("XHKG", "2023-09-08", None),
        ("XHKG", "2023-10-09", "08:00"),
        ("XMOS", "2022-03-10", None),
        ("XMOS", "2022-03-24", "11:00"),
        ("XMOS", "2024-04-27", "15:45"),  # a working Saturday, which the library knows
        ("XKRX", "2023-11-16", "07:30"),
        ("XKRX", "2026-06-03", None),
        ("XTAI", "2024-10-31", None),
        ("XKAR", "2026-06-25", None),
        ("XKAR", "2026-06-26", None),
        ("XKAR", "2026-06-24", "10:30"),
        ("XKAR", "2019-11-08", "11:30"),  # a Friday
        ("XKAR", "2019-05-10", "07:30"),  # a Friday in Ramadan
        ("XKAR", "2022-04-06", "08:30"),
    ],
)
def test_days_that_differ_from_the_plain_calendar(exchange, day, closes):
    found = sessions(exchange, day)["closes_at"].dt.strftime("%H:%M").to_list()
    assert found == ([] if closes is None else [closes])


def test_every_shipped_correction_has_a_source_and_a_known_exchange():
    for path in sorted(data_path("sessions").glob("X*.csv")):
        rows = session_overrides(path.stem)
        assert rows["source"].is_not_null().all()
        assert path.stem in exchange_codes()


def test_exchanges_of_one_calendar_share_its_corrections():
    assert session_overrides("XNSE").equals(session_overrides("XBOM"))


@pytest.mark.parametrize("exchange", exchange_codes())
def test_calendars_reach_two_years_ahead_and_say_what_they_know(exchange):
    known = holidays_known_until(exchange)
    assert sessions_between(exchange, date(2028, 11, 1), date(2028, 11, 24)).height >= 14
    assert known is None or known >= date(2025, 12, 31)


def test_a_users_corrections_win_and_a_changed_file_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + "XNYS,2026-07-06,,,closed,,,notice,\nXKAR,2026-06-25,,,open,09:32,15:30,notice,\n")
    monkeypatch.setenv(SESSIONS_VARIABLE, str(path))
    assert sessions("XNAS", "2026-07-06").is_empty()
    assert sessions("XKAR", "2026-06-25").height == 1
    path.write_text(HEADER + "XKAR,2026-06-25,,,closed,,,a longer notice,\n")
    assert sessions("XNAS", "2026-07-06").height == 1
    assert sessions("XKAR", "2026-06-25").is_empty()


def test_corrections_that_change_nothing_are_said_once(tmp_path, monkeypatch):
    path = tmp_path / "mine.csv"
    idle = (
        "XNYS,2026-01-01,,,closed,,,me,\n"  # a holiday
        "XNYS,2026-01-05,,,open,09:30,16:00,me,\n"
        "XNYS,2026-11-27,,,hours,09:30,13:00,me,\n"  # a half day
        "XNYS,2026-01-03,,,hours,09:30,13:00,me,\n"  # a Saturday
    )
    path.write_text(HEADER + idle + "XNYS,2026-01-06,,,hours,09:30,13:00,me,\nXNYS,2026-01-07,,,halt,,,me,\n")
    monkeypatch.setenv(SESSIONS_VARIABLE, str(path))
    said = (
        "4 rows of the corrections file mine.csv without effect.*closed on 2026-01-01, open on 2026-01-05.* and 1 more"
    )
    with pytest.warns(CorrelatorWarning, match=said):
        assert sessions("XNYS", "2026-01-06").height == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sessions("XNYS", "2026-01-06")
        sessions("XKAR", "2026-01-06")
    (tmp_path / "one.csv").write_text("date,change,source\n2026-01-01,closed,me\n")
    with pytest.warns(CorrelatorWarning, match="1 row of the corrections file one.csv without effect"):
        sessions_between("XNYS", date(2026, 1, 5), date(2026, 1, 5), overrides=tmp_path / "one.csv")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("XNYS,2026-01-05,,,shut,,,me,", "needs a change"),
        ("XNYS,2026-01-05,,,closed,,,,", "needs a source"),
        ("XNYS,05/01/2026,,,closed,,,me,", "has no date"),
        ("XNYS,2026-01-05,soon,,closed,,,me,", "until that is not a date"),
        ("XNYS,2026-01-05,2025-01-09,,closed,,,me,", "ends before it begins"),
        ("XNYS,2026-01-05,,8,closed,,,me,", "weekdays that are not digits"),
        ("XNYS,2026-01-05,,,open,,,me,", "needs opens and closes"),
        ("XNYS,2026-01-05,,,hours,09:30,,me,", "needs opens and closes"),
        ("XNYS,2026-01-05,,,hours,09:30,24:30,me,", "needs opens and closes"),
        ("XNYS,2026-01-05,,,hours,16:00,09:30,me,", "closes before it opens"),
        ("XNYY,2026-01-05,,,closed,,,me,", "mine.csv: unknown exchange 'XNYY' .did you mean XNYS"),
        (",2026-01-05,,,closed,,,me,", "unknown exchange ''"),
    ],
)
def test_a_row_that_is_not_a_correction_is_refused(tmp_path, monkeypatch, row, said):
    path = tmp_path / "mine.csv"
    path.write_text(f"{HEADER}XNYS,2026-01-06,,,closed,,,me,\n{row}\n")
    monkeypatch.setenv(SESSIONS_VARIABLE, str(path))
    with pytest.raises(InputError, match=said) as refused:
        sessions("XNYS", "2026-01-05")
    assert "row 2" in str(refused.value) or "exchange" in said


def test_days_opened_by_weekday_are_those_weekdays_alone(tmp_path, monkeypatch):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + "XKAR,2026-06-01,2026-06-21, 67 ,Open,9:30,12:00,notice,\n")
    plain = sessions_between("XKAR", date(2026, 6, 1), date(2026, 6, 21))
    monkeypatch.setenv(SESSIONS_VARIABLE, str(path))
    opened = sessions_between("XKAR", date(2026, 6, 1), date(2026, 6, 21))
    assert opened["session"].is_unique().all()
    added = opened.join(plain, on="session", how="anti")
    assert added["session"].dt.weekday().to_list() == [6, 7] * 3
    assert added["closes_at"].dt.time().unique().to_list() == [time(7)]
    assert opened.join(added, on="session", how="anti").equals(plain)


def test_columns_that_a_change_does_not_need_may_be_missing(tmp_path, monkeypatch):
    path = tmp_path / "mine.csv"
    path.write_text("exchange,date,change,source\nXNYS,2026-07-06,closed,notice\n")
    monkeypatch.setenv(SESSIONS_VARIABLE, str(path))
    assert sessions("XNYS", "2026-07-06").is_empty()


@pytest.mark.parametrize("text", ["date,change,source\n2026-01-05,closed,me\n"])
def test_a_corrections_file_without_exchanges_is_refused(tmp_path, monkeypatch, text):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    monkeypatch.setenv(SESSIONS_VARIABLE, str(path))
    with pytest.raises(InputError, match="missing columns exchange"):
        sessions("XNYS", "2026-01-05")


def test_a_corrections_file_that_is_missing_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv(SESSIONS_VARIABLE, str(tmp_path / "none.csv"))
    with pytest.raises(NotFoundError, match="does not exist"):
        sessions("XNYS", "2026-01-05")


def test_a_correction_with_another_name_for_until_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "mine.csv"
    path.write_text("exchange;date;end;change;source\nXNYS;2026-01-05;2026-01-09;closed;me\n")
    monkeypatch.setenv(SESSIONS_VARIABLE, str(path))
    with pytest.raises(InputError, match="unknown column 'end' .its columns are exchange, date, until"):
        sessions("XNYS", "2026-01-05")
    path.write_text(path.read_text().replace("end", "until"))
    assert sessions("XNYS", "2026-01-09").is_empty()
