"""Bars whose times stand in a column of their own, and columns that say by which clocks and on which exchange."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
import xlsxwriter

from correlator.errors import InputError, TimeError
from correlator.market.reading.files import PriceFile, read_prices

DAYS = [date(2024, 3, day) for day in (11, 12, 13, 14)]
HOURS = (10, 11, 12)
AT_NEW_YORK = [datetime(day.year, day.month, day.day, hour + 4, tzinfo=UTC) for day in DAYS for hour in HOURS]
AS_WRITTEN = [instant.replace(hour=instant.hour - 4) for instant in AT_NEW_YORK]


def text(header: str, form: str) -> str:
    """Hourly bars of one close; ``form`` is formatted with d and h."""
    return "\n".join([header, *(form.format(d=day, h=hour) for day in DAYS for hour in HOURS)]) + "\n"


def read(folder: Path, content: str, **options) -> PriceFile:
    path = folder / "p.csv"
    path.write_text(content, encoding="utf-8")
    return read_prices(path, **{"symbol": "LAMP", "exchange": "XNYS"} | options)


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("Date,Time,Close", "{d},{h}:00,7"),
        ("Date,Time,Open,High,Low,Close,Volume", "{d},{h}:00:00,7,7,7,7,10"),
        ("Time,Date,Close", "{h}:00 AM,{d:%m/%d/%Y},7"),
        ("Trade Date,Trade Time,Close", "{d:%Y%m%d},{h}0000,7"),
        ("Date,Hour,Close", "{d},{h},7"),
        ("Date,Time,Timezone,Close", "{d},{h}:00,America/New_York,7"),
        ("Date,Time (America/New_York),Close", "{d},{h}:00,7"),
    ],
)
def test_times_in_a_column_of_their_own(tmp_path, header, form):
    content = text(header, form).replace("12:00 AM", "12:00 PM")
    file = read(tmp_path, content)
    assert file.bars["bar_start"].to_list() == AT_NEW_YORK
    assert file.rejects.is_empty()


def test_times_in_a_column_of_a_frame():
    days, hours = ([day for day in DAYS for _ in HOURS], [time(hour) for _ in DAYS for hour in HOURS])
    table = pl.DataFrame({"Date": days, "Time": hours, "Close": [7.0] * len(days)})
    pandas = pd.DataFrame({"Date": pd.to_datetime(days), "Time": [str(hour) for hour in hours], "Close": 7.0})
    for frame in (table, pandas, pandas.set_index("Date")):
        file = read_prices(frame, symbol="LAMP", exchange="XNYS")
        assert file.bars["bar_start"].to_list() == AT_NEW_YORK


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("Date,Time,tz,Close", "{d},{h}:00,UTC,7"),
        ("Date,Time (UTC),Close", "{d},{h}:00,7"),
        ("datetime_utc,Close", "{d} {h}:00,7"),
        ("DateGMT,Close", "{d} {h}:00,7"),
    ],
)
def test_a_name_or_a_column_says_the_clocks(tmp_path, header, form):
    assert read(tmp_path, text(header, form)).bars["bar_start"].to_list() == AS_WRITTEN


@pytest.mark.parametrize(
    ("header", "form", "said"),
    [
        ("Date,Time,Timezone,Close", "{d},{h}:00,EST,7", "column 'Timezone' says EST"),
        ("Date,Time (EST),Close", "{d},{h}:00,7", "the name of column 'Time .EST.' says EST"),
        ("datetime,utc_offset,Close", "{d} {h}:00,-05:00,7", "column 'utc_offset' says -05:00"),
    ],
)
def test_clocks_that_are_said_and_not_told_are_a_question(tmp_path, header, form, said):
    with pytest.raises(InputError, match=f"{said}, which does not determine one time zone .*--zone"):
        read(tmp_path, text(header, form))
    assert read(tmp_path, text(header, form), zone="America/New_York").bars["bar_start"].to_list() == AT_NEW_YORK
    days = "\n".join([header.replace("Time (EST),", "").replace("Time,", ""), *(f"{day},EST,7" for day in DAYS)])
    assert read(tmp_path, days.replace("EST,", "") if "(" in header else days).bars["session"].to_list() == DAYS


def test_rows_of_the_exchange_that_is_asked_for(tmp_path):
    rows = ["Exchange,Symbol,Date,Close"]
    rows += [f"{name},LAMP,{day},{close}" for day in DAYS for name, close in (("NYSE", 7), ("LSE", 550))]
    both = "\n".join(rows) + "\n"
    file = read(tmp_path, both)
    assert file.bars["close"].to_list() == [7.0] * 4
    assert "skipped 4 rows of other exchanges (LSE)" in file.notes
    assert read(tmp_path, both, exchange="XLON").bars["close"].to_list() == [550.0] * 4
    with pytest.raises(InputError, match="has rows of LSE, NYSE, none of XKAR"):
        read(tmp_path, both, exchange="XKAR")
    assert read(tmp_path, both.replace("LSE", "Nasdaq").replace("550", "7")).bars.height == 4


def test_shares_stacked_under_numbers_of_their_own(tmp_path):
    rows = "".join(f"US0000000{number},{day},{number}\n" for day in DAYS for number in (101, 202))
    path = tmp_path / "p.csv"
    path.write_text(f"ISIN,Date,Close\n{rows}", encoding="utf-8")
    assert sorted(read_prices(path, exchange="XNYS").symbols) == ["US0000000101", "US0000000202"]
    assert read(tmp_path, f"ISIN,Date,Close\n{rows}", symbol="US0000000101").bars["close"].to_list() == [101.0] * 4
    one = "".join(line + "\n" for line in rows.splitlines() if line.endswith("101"))
    assert read(tmp_path, f"ISIN,Date,Close\n{one}").symbols == ["LAMP"]


def test_times_of_day_in_a_workbook(tmp_path):
    path = tmp_path / "p.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, day, clock = book.add_worksheet(), *(book.add_format({"num_format": n}) for n in ("yyyy-mm-dd", "hh:mm"))
        sheet.write_row(0, 0, ["Date", "Time", "Close"])
        for row, instant in enumerate(AS_WRITTEN, start=1):
            sheet.write_datetime(row, 0, instant.replace(tzinfo=None, hour=0), day)
            sheet.write_number(row, 1, instant.hour / 24, clock)
            sheet.write_number(row, 2, 7.0)
    assert read_prices(path, symbol="LAMP", exchange="XNYS").bars["bar_start"].to_list() == AT_NEW_YORK


def test_rows_under_a_former_name_belong_to_the_share_that_is_asked_for(tmp_path):
    days = [("FB", "2022-06-07"), ("FB", "2022-06-08"), ("META", "2022-06-09"), ("FB", "2022-06-10")]
    content = "Symbol,Date,Close\n" + "".join(f"{name},{day},7\n" for name, day in days)
    file = read(tmp_path, content, symbol="META", exchange="XNAS")
    assert file.bars.select("symbol", pl.col("session").cast(pl.String)).rows() == [
        ("META", day) for _, day in days[:3]
    ]


def stamped(zone: str, hours: tuple[str, str] = ("09:30", "15:30"), exchange: str = "XNYS") -> list[datetime]:
    """Half hours of eight sessions of New York or Karachi, by the clocks of ``zone``, without a zone."""
    place = "America/New_York" if exchange == "XNYS" else "Asia/Karachi"
    days = [day for day in pd.bdate_range("2025-01-13", periods=9) if day.day != 20]
    each = [pd.date_range(f"{day.date()} {hours[0]}", f"{day.date()} {hours[1]}", freq="30min") for day in days]
    return [time.tz_localize(place).tz_convert(zone).tz_localize(None) for times in each for time in times]


@pytest.mark.parametrize(
    ("zone", "exchange"), [("UTC", "XNYS"), ("Europe/Berlin", "XNYS"), ("Asia/Tokyo", "XNYS"), ("UTC", "XKAR")]
)
def test_times_that_are_not_by_the_clocks_of_the_exchange_are_a_question(zone, exchange):
    bars = {"time": stamped(zone, exchange=exchange), "close": [1.0] * 104}
    with pytest.raises(TimeError, match="in another time zone.*--zone"):
        read_prices(bars, symbol="LAMP", exchange=exchange)
    told = read_prices(bars, symbol="LAMP", exchange=exchange, zone=zone).bars["bar_start"]
    own = {"time": stamped("America/New_York" if exchange == "XNYS" else "Asia/Karachi", exchange=exchange)}
    assert told.equals(read_prices(own | {"close": [1.0] * 104}, symbol="LAMP", exchange=exchange).bars["bar_start"])


def test_bars_of_longer_hours_are_by_the_clocks_of_the_exchange():
    times = stamped("America/New_York", ("04:00", "19:30"))
    assert read_prices({"time": times, "close": [1.0] * len(times)}, symbol="LAMP", exchange="XNYS").bars.height == 256


def test_zones_by_their_names_and_parts_of_a_day_as_a_workbook_counts_them():
    plain = stamped("America/New_York")
    wanted = read_prices({"time": plain, "close": [1.0] * 104}, symbol="LAMP", exchange="XNYS").bars["bar_start"]
    named = [f"{time:%Y%m%d %H:%M:%S} US/Eastern" for time in plain]
    counted = [(time - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1) for time in plain]
    for times in (named, counted, [str(number) for number in counted]):
        bars = read_prices({"time": times, "close": [1.0] * 104}, symbol="LAMP", exchange="XNYS").bars
        assert bars["bar_start"].equals(wanted)


def test_how_a_study_leaves_times_is_no_answer_of_a_user():
    bars = {"time": stamped("America/New_York"), "close": [1.0] * 104}
    with pytest.raises(InputError, match="stamped must be start or end, got 'as-written'"):
        read_prices(bars, symbol="LAMP", exchange="XNYS", stamped="as-written")
