"""Files without a header, local dates of Taiwan, and bars that no session of the stated exchange holds."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from correlator.errors import InputError, TimeError
from correlator.market.reading.files import read_prices

BARS = ("10.5,12.5,9.5,11.5", "11.5,11.75,10.25,11.0", "11.0,13.0,10.75,12.0")


def written(tmp_path, *lines):
    path = tmp_path / "p.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ("2024-03-1{n},{bar},5000", "date=1 open=2 high=3 low=4 close=5 volume=6"),
        ("7,2024.03.1{n},{bar},11.2,5000", "date=2 open=3 high=4 low=5 close=6"),
        ("2024-03-1{n},5000,60000,{bar},0.5,9", "date=1 open=4 high=5 low=6 close=7"),
        ("171015000{n},{bar},5000,3", "date=1 open=2 high=3 low=4 close=5"),
    ],
)
def test_the_columns_of_a_file_without_a_header_are_suggested_from_its_values(tmp_path, row, options):
    path = written(tmp_path, *(row.format(n=n, bar=bar) for n, bar in enumerate(BARS, start=1)))
    with pytest.raises(InputError) as caught:
        read_prices(path, symbol="LAMP")
    expected = " ".join(f"--column {option}" for option in options.split())
    assert str(caught.value).endswith(f"by their values they could be {expected})")


def test_the_suggested_columns_are_read(tmp_path):
    path = written(tmp_path, *(f"2024-03-1{n},{bar},5000" for n, bar in enumerate(BARS, start=1)))
    columns = {"date": "1", "open": "2", "high": "3", "low": "4", "close": "5", "volume": "6"}
    bars = read_prices(path, symbol="LAMP", columns=columns).bars
    assert bars.select("open", "high", "low", "close", "volume").row(1) == (11.5, 11.75, 10.25, 11.0, 5000.0)


@pytest.mark.parametrize(
    "row", ["2024-03-1{n},0.01,0.02,-0.01,0.0", "2024-03-1{n},10.5,12.5", "2024-03-1{n},9.5,10.0,12.5,11.5"]
)
def test_nothing_is_suggested_where_the_values_do_not_show_bars(tmp_path, row):
    with pytest.raises(InputError, match="columns by position, --column date=1 --column close=5"):
        read_prices(written(tmp_path, *(row.format(n=n) for n in (1, 2, 3, 4))), symbol="LAMP")


def test_years_of_two_digits_before_years_of_three_are_of_the_same_calendar(tmp_path):
    rows = ["date,close", "99/12/30,10.5", "99/12/31,10.6", "100/01/03,10.7"]
    bars = read_prices(written(tmp_path, *rows), symbol="LAMP").bars
    assert bars["session"].to_list() == [date(2010, 12, 30), date(2010, 12, 31), date(2011, 1, 3)]


def quarter_hours(zone):
    starts = pl.datetime_range(pl.datetime(2024, 3, 11, 9, 15), pl.datetime(2024, 3, 11, 15, 15), "15m", eager=True)
    days = pl.concat([starts.dt.offset_by(f"{day}d") for day in range(3)]).dt.replace_time_zone(zone)
    return pl.DataFrame({"time": days, "close": [10.5] * len(days)})


def test_instants_outside_all_sessions_of_the_exchange_are_refused():
    with pytest.raises(TimeError, match="the bars are of another exchange") as caught:
        read_prices(quarter_hours("Asia/Kolkata"), symbol="LAMP", exchange="XNYS")
    assert caught.value.hint == "give exchange (--exchange)"
    bars = read_prices(quarter_hours("Asia/Kolkata"), symbol="LAMP", exchange="XBOM").bars
    assert bars["session"].unique().to_list() == [date(2024, 3, day) for day in (11, 12, 13)]


def test_instants_of_one_night_are_read():
    first = quarter_hours("Asia/Kolkata").filter(pl.col("time").dt.day() == 11)
    assert read_prices(first, symbol="LAMP", exchange="XNYS").bars.height == 25


def test_a_zone_that_the_caller_states_is_checked_as_well():
    local = quarter_hours("UTC").with_columns(pl.col("time").dt.replace_time_zone(None))
    with pytest.raises(TimeError, match="or their zone is wrong"):
        read_prices(local, symbol="LAMP", exchange="XBOM", zone="America/New_York")
