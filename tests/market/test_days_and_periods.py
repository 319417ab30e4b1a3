"""Days in three columns, and periods where a day is needed: read by every door, or refused with what to write."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from correlator import Workspace, open_workspace
from correlator.errors import InputError, TimeError
from correlator.eventstudy.panel.frames import read_wide
from correlator.eventstudy.placing.event_table import read_events
from correlator.market.reading.files import read_prices

DAYS = [date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 12)]


def parted(header: str, months: dict[int, str], mark: str = ",") -> str:
    lines = [f"{day.year}{mark}{months[day.month]}{mark}{day.day}{mark}{100 + n}" for n, day in enumerate(DAYS)]
    return "\n".join([header, *lines]) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        parted("Year,Month,Day,Close", {1: "1", 2: "2"}),
        parted("yyyy,mm,dd,Close", {1: "01", 2: "02"}),
        parted("Año;Mes;Día;Cierre", {1: "enero", 2: "febrero"}, ";"),
        parted("Year,Month,Day,LAMP", {1: "Jan", 2: "Feb"}),
    ],
)
def test_year_month_and_day_are_one_date_in_files_of_prices(tmp_path, text):
    path = tmp_path / "prices.csv"
    path.write_text(text, encoding="utf-8")
    bars = read_prices(path, symbol="LAMP", exchange="XNYS").bars
    assert dict(bars.select("session", "close").rows()) == dict(zip(DAYS, (100, 101, 102, 103), strict=True))


def test_a_column_of_days_counts_before_its_parts():
    frame = pl.DataFrame({"Date": ["2024-01-30"], "Year": [2023], "Month": [3], "Day": [4], "Close": [7.0]})
    assert read_prices(frame, symbol="LAMP").bars["session"].to_list() == [date(2024, 1, 30)]


def test_numbers_with_points_and_a_missing_day():
    frame = pl.DataFrame({"year": [2024.0, 2024.0], "month": [1.0, 1.0], "day": [30.0, None], "close": [7.0, 8.0]})
    file = read_prices(frame, symbol="LAMP")
    assert file.bars["session"].to_list() == [date(2024, 1, 30)]
    assert file.rejects["reason"].to_list() == ["the date cannot be read"]


def test_tables_of_a_study_and_events_of_a_store_join_them_alike(tmp_path):
    parts = {"Year": [2024, 2024], "Month": [1, 2], "Day": [31, 1]}
    assert read_wide(pl.DataFrame({**parts, "LAMP": [1.0, 2.0]}), "prices").labels.to_list() == DAYS[1:3]
    events = read_events(pl.DataFrame({**parts, "symbol": ["LAMP", "LAMP"]}))
    assert events["date"].to_list() == ["2024-01-31", "2024-02-01"]
    workspace: Workspace = open_workspace(tmp_path / "s.duckdb")
    rows = pl.DataFrame({**parts, "category": ["recall", "award"], "symbol": ["LAMP", "LAMP"]})
    rows.with_columns(pl.Series("Month", ["Jan", "Feb"])).write_csv(tmp_path / "events.csv")
    assert workspace.add_events(rows).added == 2
    assert workspace.add_events(tmp_path / "events.csv").added == 0
    known = workspace.list("events")["known_at"].sort().to_list()
    assert known == [datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("first", "kind", "last"),
    [
        ("2024-02", "month", "2024-02-29"),
        ("2024/02", "month", "2024-02-29"),
        ("202402", "month", "2024-02-29"),
        ("02/2024", "month", "2024-02-29"),
        ("Feb 2024", "month", "2024-02-29"),
        ("2024-févr", "month", "2024-02-29"),
        ("2024-W05", "week", "2024-02-02"),
        ("2024Q1", "quarter", "2024-03-31"),
        ("Q1 2024", "quarter", "2024-03-31"),
    ],
)
def test_a_period_is_refused_with_the_day_to_write(tmp_path, first, kind, last):
    path = tmp_path / "prices.csv"
    path.write_text(f"Date,Close\n{first},3\n", encoding="utf-8")
    with pytest.raises(TimeError, match=f"{first!r} is a {kind}, not a day") as refused:
        read_prices(path, symbol="LAMP")
    assert last in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Month,Close\n2024-02,3\n", r"'2024-02' is a month, not a day \(Month\)"),
        ("Year,Close\n2024,3\n", r"'2024' is a year, not a day"),
        ("Year,Month,Close\n2024,2,3\n", "Year and Month but no day"),
        ("Year,Week,Close\n2024,2,3\n", "Year and Week but no day"),
        ("Close,Volume\n2024,3\n", "has no date column .it has Close, Volume"),
    ],
)
def test_a_file_without_days_says_what_it_has_instead(tmp_path, text, said):
    path = tmp_path / "prices.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_prices(path, symbol="LAMP")


def test_days_of_iso_weeks_are_days():
    frame = pl.DataFrame({"Date": ["2024-W05-1", "2024-W05-2"], "Close": [1.0, 2.0]})
    assert read_prices(frame, symbol="LAMP").bars["session"].to_list() == [date(2024, 1, 29), date(2024, 1, 30)]
