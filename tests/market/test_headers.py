"""Which record of a file is its header, and what is said of columns that a reading leaves out."""

from __future__ import annotations

from datetime import date
from functools import partial

import numpy as np
import polars as pl
import pytest

from correlator.errors import InputError, TimeError
from correlator.eventstudy.parts.study_files import read_events_file
from correlator.market.audit.logarithms import are_logarithms
from correlator.market.reading.files import read_prices
from correlator.research.study_tables import factor_table, study_table

DAYS = ("2024-03-11", "2024-03-12", "2024-03-13")


def written(tmp_path, *lines):
    path = tmp_path / "p.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("names", ["Open,High,Low,Close,Volume", "LAMP.Open,LAMP.High,LAMP.Low,LAMP.Close,LAMP.Volume"])
def test_a_header_without_a_name_for_the_dates_as_r_writes_it_is_not_shifted(tmp_path, names):
    rows = [f'"{day}",10.{n},12,9,11,500' for n, day in enumerate(DAYS)]
    bars = read_prices(written(tmp_path, names, *rows), symbol="LAMP").bars
    assert bars.select("open", "high", "low", "close", "volume").row(1) == (10.1, 12.0, 9.0, 11.0, 500.0)
    assert bars["session"][0] == date(2024, 3, 11)


def test_shares_in_a_header_without_a_name_for_the_dates_keep_their_prices(tmp_path):
    file = read_prices(written(tmp_path, '"LAMP";"WICK"', *(f'"{day}";10.5;20.5' for day in DAYS)))
    closes = {symbol: set(bars["close"]) for (symbol,), bars in file.bars.group_by("symbol")}
    assert closes == {"LAMP": {10.5}, "WICK": {20.5}}


def test_a_study_reads_the_same_header_in_the_same_way(tmp_path):
    path = written(tmp_path, '"LAMP","WICK"', *(f'"{day}",10.5,20.5' for day in DAYS))
    prices = study_table(path, "prices").frame
    assert prices.select("LAMP", "WICK").row(0) == (10.5, 20.5)
    assert prices["date"].to_list() == list(DAYS)
    bars = written(tmp_path, '"LAMP.Open","LAMP.Close"', *(f'"{day}",10.5,11.5' for day in DAYS))
    assert set(study_table(bars, "prices").frame["LAMP"]) == {11.5}
    factors = written(tmp_path, '"Mkt-RF","SMB"', *(f'"{day}",0.01,0.02' for day in DAYS))
    assert factor_table(factors).frame.select("Mkt-RF", "SMB").row(0) == (0.01, 0.02)


@pytest.mark.parametrize("name", ["Börsentag", "CalDate", "Close Date"])
def test_a_last_column_without_a_name_does_not_shift_names_of_figures(tmp_path, name):
    rows = [f"{day},10,12,9,11,500" for day in DAYS]
    bars = read_prices(written(tmp_path, f"{name},Open,High,Low,Close,", *rows), symbol="LAMP").bars
    assert bars.select("open", "high", "low", "close").row(0) == (10.0, 12.0, 9.0, 11.0)


def test_a_first_name_that_could_be_of_dates_or_of_a_share_is_refused_unless_the_caller_gives_the_dates(tmp_path):
    with pytest.raises(InputError, match="one name fewer than columns, and 'INDEX'"):
        read_prices(written(tmp_path, "INDEX,CLOSE,", *(f"{day},10.5,20.5" for day in DAYS)))
    path = written(tmp_path, "Börsentag,Lamp", *(f"{day},10.5,20.5" for day in DAYS))
    for read in (read_prices, lambda path: study_table(path, "prices")):
        with pytest.raises(InputError, match="one name fewer than columns, and 'Börsentag'"):
            read(path)
    bars = read_prices(path, symbol="LAMP", columns={"date": "Börsentag", "close": "Lamp"}).bars
    assert set(bars["close"]) == {10.5}


def test_open_high_low_and_close_are_bars_of_a_study_whatever_stands_next_to_them(tmp_path):
    path = written(tmp_path, "Date,Open,High,Low,Close,Mood", *(f"{day},10,12,9,11.5,3" for day in DAYS))
    with pytest.raises(InputError, match="has bars of one share but no symbol"):
        study_table(path, "prices")
    assert set(study_table({"LAMP": path}, "prices").frame["LAMP"]) == {11.5}


def test_months_of_factors_below_text_are_named_as_factors(tmp_path):
    rows = [f"20230{month},    1.10,   -0.50,    0.20,    0.35" for month in range(1, 9)]
    text = ["Made by hand, from the database of 2024.", "Rates of one month, from a bank.", "", ",Mkt-RF,SMB,HML,RF"]
    with pytest.raises(InputError, match="is a file of factors, not of prices"):
        read_prices(written(tmp_path, *text, *rows))


def test_a_last_column_without_a_name_does_not_shift_the_header(tmp_path):
    rows = [f"{day},10,12,9,11,7" for day in DAYS]
    bars = read_prices(written(tmp_path, "Date,Open,High,Low,Close", *rows), symbol="LAMP").bars
    assert bars.select("open", "high", "low", "close").row(0) == (10.0, 12.0, 9.0, 11.0)


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Date,Close", ["{},45,70"] * 3),
        ("Date,Close", ["{},45,70", "{},45", "{},45,7"]),
        ("Date,Symbol,Close", ["{},LAMP,45,70"] * 3),
    ],
)
def test_commas_that_may_be_decimal_and_between_cells_are_a_question(tmp_path, header, rows):
    path = written(tmp_path, header, *(row.format(day) for row, day in zip(rows, DAYS, strict=True)))
    with pytest.raises(InputError, match="45,70 could be one number with a decimal comma, or two"):
        read_prices(path, symbol="LAMP")
    with pytest.raises(InputError, match="45,70 could be one number"):
        study_table(path, "prices")
    events = written(tmp_path, "symbol,date,surprise", *(f"LAMP,{day},0,5" for day in DAYS))
    with pytest.raises(InputError, match="0,5 could be one number"):
        read_events_file(events)


@pytest.mark.parametrize(
    ("header", "row", "numbers"),
    [
        ("Date,Open,Close", "{},45,70,46,05", "3 names above 5"),
        ("Date,Open,Close,Volume", "{},45,70,46,05,1200", "4 names above 6"),
        ("Date,LAMP,WICK", "{},45,70,46,05", "3 names above 5"),
    ],
)
def test_several_figures_split_by_decimal_commas_are_refused_for_that_reason(tmp_path, header, row, numbers):
    path = written(tmp_path, "Prices of the week", header, *(row.format(day) for day in DAYS))
    for read in (read_prices, partial(study_table, kind="prices")):
        with pytest.raises(InputError, match=f"{numbers} columns: decimal commas may have split .* such as 45,70"):
            read(path)


def test_rows_before_1900_are_rows_and_not_headers(tmp_path):
    rows = [f"{year}-01-31,{year}.5," for year in range(1890, 1900)] + [
        f"{year}-01-31,{year}.5,3.1" for year in (1900, 1901)
    ]
    file = read_prices(written(tmp_path, "date,lamp_rate,wick_rate", *rows))
    assert sorted(file.symbols) == ["LAMP_RATE", "WICK_RATE"]
    lamp = file.bars.filter(pl.col("symbol") == "LAMP_RATE")
    assert lamp.height == 12
    assert lamp["session"][0] == date(1890, 1, 31)


def test_a_first_row_with_a_damaged_date_is_a_reject_and_not_a_header(tmp_path):
    rows = ["-(2024-03-08,10.5,12.5,9.5,11.5", *(f"{day},10.5,12.5,9.5,11.5" for day in DAYS)]
    columns = {"date": "1", "open": "2", "high": "3", "low": "4", "close": "5"}
    file = read_prices(written(tmp_path, *rows), symbol="LAMP", columns=columns)
    assert file.bars.height == 3
    assert file.rejects.select("source_line", "reason").rows() == [(1, "the date cannot be read")]
    with pytest.raises(InputError, match="has no header"):
        read_prices(written(tmp_path, *rows))


@pytest.mark.parametrize("first", ["99999,10.25,12.5,9.5", ",10.25,12.5"])
def test_the_rest_of_a_cut_row_is_a_reject_and_not_a_header(tmp_path, first):
    rows = [first, *(f"{day},10.5,12.5,9.5,11.5" for day in DAYS)]
    names = [] if first[0] == "9" else ["Dates,LAMP,WICK,PX,NET"]
    if not names:
        with pytest.raises(InputError, match="has no header"):
            read_prices(written(tmp_path, *rows))
        return
    file = read_prices(written(tmp_path, *names, *rows))
    assert sorted(file.symbols) == ["LAMP", "NET", "PX", "WICK"]
    assert file.rejects["source_line"].unique().to_list() == [2]


def test_rows_with_a_word_for_a_date_are_rejects_and_not_headers(tmp_path):
    rows = ["day,LAMP,WICK", "none,10.25,20.5", "ZION,10.5,20.5", *(f"{day},11.5,21.5" for day in DAYS)]
    file = read_prices(written(tmp_path, *rows))
    assert sorted(file.symbols) == ["LAMP", "WICK"]
    assert file.rejects["source_line"].unique().to_list() == [2, 3]


def test_a_first_row_without_a_figure_is_a_row_although_its_last_cell_is_missing(tmp_path):
    rows = ["date,LAMP", "2024-03-08,no value", *(f"{day},10.5," for day in DAYS)]
    file = read_prices(written(tmp_path, *rows))
    assert file.symbols == ["LAMP"]
    assert file.rejects["reason"].to_list() == ["close no value is not a number"]


def test_names_that_are_numbers_are_still_names(tmp_path):
    file = read_prices(written(tmp_path, ",0.25,0.5,10", *(f"{day},4.5,4.4,4.3" for day in DAYS)))
    assert sorted(file.symbols) == ["0.25", "0.5", "10"]


def test_a_header_may_be_longer_than_the_first_rows(tmp_path):
    rows = [f"{day},10,12,9,11" for day in DAYS] + ["2024-03-14,10,12,9,11,500"]
    bars = read_prices(
        written(tmp_path, "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen", *rows), symbol="LAMP"
    ).bars
    assert bars["close"].to_list() == [11.0] * 4
    assert bars["volume"].to_list() == [None, None, None, 500.0]


@pytest.mark.parametrize(
    ("first", "second", "rest"),
    [
        ("Date,Close,High,Low,Open,Volume,Adj Close", ",LAMP,LAMP,LAMP,LAMP,LAMP,", "10.5"),
        ("Date,Close,High,Low,Open,Volume,Ticker", ",LAMP,LAMP,LAMP,LAMP,LAMP,", "LAMP"),
    ],
)
def test_a_column_added_below_two_header_rows_does_not_hide_the_others(tmp_path, first, second, rest):
    rows = [f"{day},11,12,9,10,500,{rest}" for day in DAYS]
    file = read_prices(written(tmp_path, first, second, *rows))
    row = file.bars.select("symbol", "open", "high", "low", "close", "volume").row(0)
    assert row == ("LAMP", 10.0, 12.0, 9.0, 11.0, 500.0)
    assert file.bars["adjusted_close"][0] == (10.5 if rest == "10.5" else None)


def test_percentages_and_abbreviated_volumes_are_not_shares(tmp_path):
    lines = ["Dies,Valor,Primer,Quantitat,Canvi", *(f"{day},10.5,10.6,840.43K,-1.09%" for day in DAYS)]
    with pytest.raises(InputError, match="has no close column"):
        read_prices(written(tmp_path, *lines))


def test_figures_with_unknown_names_are_reported_if_highs_or_lows_are_missing(tmp_path):
    lines = ["Date,Open,Peak,Trough,Close", *(f"{day},10,12,9,11" for day in DAYS)]
    notes = read_prices(written(tmp_path, *lines), symbol="LAMP").notes
    assert "not used: Peak, Trough; if they are prices, give --column high=... --column low=..." in notes


def test_a_file_with_adjusted_closes_only_says_so(tmp_path):
    lines = ["Date,Adjusted", *(f"{day},10.5" for day in DAYS)]
    assert read_prices(written(tmp_path, *lines), symbol="LAMP").notes == (
        "the closes are adjusted: the source has no others",
    )
    lines = ["Date,Close,Adjusted", *(f"{day},10.5,10.4" for day in DAYS)]
    assert read_prices(written(tmp_path, *lines), symbol="LAMP").notes == ()


def test_a_file_of_yfinance_without_adjusted_closes_says_that_its_closes_are_adjusted(tmp_path):
    lines = ["Price,Close,Volume", "Ticker,LAMP,LAMP", "Date,,", *(f"{day},10.5,100" for day in DAYS)]
    assert any("are adjusted for dividends" in note for note in read_prices(written(tmp_path, *lines)).notes)
    lines = ["Price,Adj Close,Close", "Ticker,LAMP,LAMP", "Date,,", *(f"{day},10.4,10.5" for day in DAYS)]
    assert read_prices(written(tmp_path, *lines)).notes == ()


def test_trades_are_refused_and_bars_with_holes_are_not(tmp_path):
    trades = [f"2024-03-11 09:{n:02d}:{7 * n % 60:02d},10.5" for n in range(30)]
    with pytest.raises(TimeError, match="not whole minutes apart: these are trades"):
        read_prices(written(tmp_path, "time,price", *trades), symbol="LAMP", zone="UTC")
    bars = [f"2024-03-11 09:{n:02d}:59,10.5" for n in (0, 1, 2, 5, 6, 11)]
    assert read_prices(written(tmp_path, "time,price", *bars), symbol="LAMP", zone="UTC").bars["interval"][0] == "1m"


def test_two_days_with_two_times_on_one_of_them_are_not_intraday_bars(tmp_path):
    path = written(tmp_path, "time,close", "2024-03-11 00:00:00,10", "2024-03-12 00:00:00,11", "2024-03-12 16:00:00,12")
    with pytest.raises(InputError, match="has different bars of LAMP on 2024-03-12"):
        read_prices(path, symbol="LAMP", exchange="XNYS")


def test_two_times_of_one_date_in_utc_may_be_of_two_days_at_the_exchange(tmp_path):
    path = written(tmp_path, "time,close", "2024-03-12 02:00:00,10", "2024-03-12 20:00:00,11")
    with pytest.raises(InputError, match="has different bars of LAMP on 2024-03-12"):
        read_prices(path, symbol="LAMP", exchange="XNYS", zone="UTC")


def test_bars_without_a_header_and_with_volumes_take_the_time_of_the_exchange(tmp_path):
    rows = [f"20240703 0{hour}3000;10;12;9;11;50" for hour in (8, 9)]
    path = written(tmp_path, *rows)
    assert str(read_prices(path, symbol="LAMP", exchange="XNYS").bars["bar_start"][0].time()) == "12:30:00"
    path = written(tmp_path, *(row[:-2] + "0" for row in rows))
    assert str(read_prices(path, symbol="LAMP", exchange="XNYS").bars["bar_start"][0].time()) == "13:30:00"


def test_prices_whose_exponentials_have_no_decimals_left_are_not_logarithms():
    prices = np.float64(np.linspace(14.1, 19.9, 300)) * 1.000123
    assert not are_logarithms(prices)
    assert are_logarithms(np.log10(np.arange(40.0, 60.0, 0.25)))


def test_columns_that_are_empty_for_long_are_still_columns_of_shares(tmp_path):
    rows = [f"2024-{month:02d}-{day:02d},10.5,#N/A N/A" for month in range(1, 11) for day in range(1, 26)]
    file = read_prices(written(tmp_path, "Date,LAMP FP Equity,WICK FP Equity", *rows, "2024-11-04,10.5,20.5"))
    assert file.bars.filter(pl.col("symbol") == "WICK FP Equity")["close"].to_list() == [20.5]


def test_the_dates_of_a_layout_may_have_another_name(tmp_path):
    lines = ["Dates,PX_LAST,PX_VOLUME", *(f"{day},10.5,100" for day in DAYS)]
    file = read_prices(written(tmp_path, *lines), symbol="LAMP")
    assert (file.layout, file.bars.height) == ("bloomberg", 3)
