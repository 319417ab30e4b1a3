"""Price files in the layouts that common sources write."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.base.resources import data_path
from correlator.errors import InputError, NotFoundError, TimeError
from correlator.market.checked_files import read_for_check
from correlator.market.reading.files import BAR_COLUMNS, read_prices
from correlator.market.written.stamps import read_stamps
from correlator.tables import BARS


def written(tmp_path, text: str, name: str = "prices.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def closes(file) -> list[tuple]:
    return file.bars.select("symbol", "session", "close").rows()


def test_the_sample():
    file = read_prices(data_path("sample", "AIRLINK.csv"), symbol="AIRLINK", exchange="XKAR")
    assert file.bars.height == 268
    assert file.bars.schema == BARS.schema(BAR_COLUMNS)
    assert file.rejects.is_empty()
    last = file.bars.row(-1, named=True)
    assert (last["session"], last["close"], last["volume"]) == (date(2025, 10, 24), 169.08, 4684206)
    assert last["bar_start"] == datetime(2025, 10, 24, tzinfo=UTC)
    assert last["adjusted_close"] is None


YAHOO = (
    "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,1,3,1,2,1.9,100\n2024-01-03,null,null,null,null,null,null\n"
)
YFINANCE = (
    "Price,Close,High,Low,Open,Volume\nTicker,AIRLINK.KA,AIRLINK.KA,AIRLINK.KA,AIRLINK.KA,AIRLINK.KA\n"
    "Date,,,,,\n2024-01-02,2,3,1,1,100\n"
)
INVESTING = (
    '"Date","Price","Open","High","Low","Vol.","Change %"\n'
    '"01/25/2024","1,234.50","1,200","1,300","1,100","1.23M","0.5%"\n'
    '"01/24/2024","1,204.00","1,200","1,300","1,100","-","0.5%"\n'
)
STOOQ = (
    "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
    "AAPL.US,D,20240102,000000,1,3,1,2,100,0\n"
)
PSX = 'DATE,OPEN,HIGH,LOW,CLOSE,VOLUME\n"Jan 2, 2024",1,3,1,2,100\n'
GERMAN = "Datum;Open;High;Low;Close;Volume\n25.01.2024;1.000,5;1.300,0;900,0;1.234,5;100\n"


@pytest.mark.parametrize(
    ("text", "options", "layout", "row"),
    [
        (YAHOO, {"symbol": "X"}, "yahoo", ("X", date(2024, 1, 2), 2.0)),
        (YFINANCE, {}, "levels", ("AIRLINK", date(2024, 1, 2), 2.0)),
        (INVESTING, {"symbol": "X"}, "investing-en", ("X", date(2024, 1, 25), 1234.5)),
        (STOOQ, {}, "stooq", ("AAPL", date(2024, 1, 2), 2.0)),
        (PSX, {"symbol": "X"}, "psx-history", ("X", date(2024, 1, 2), 2.0)),
        (GERMAN, {"symbol": "X", "columns": {"date": "Datum"}}, "columns", ("X", date(2024, 1, 25), 1234.5)),
    ],
)
def test_layouts(tmp_path, text, options, layout, row):
    file = read_prices(written(tmp_path, text), **options)
    assert file.layout == layout
    assert closes(file)[-1] == row


def test_rows_without_a_close_are_returned_with_their_line(tmp_path):
    file = read_prices(written(tmp_path, YAHOO), symbol="X")
    assert file.bars["adjusted_close"].to_list() == [1.9]
    assert file.rejects.select("source_line", "reason").rows() == [(3, "no close")]


def test_investing_volume_is_scaled_and_a_dash_is_nothing(tmp_path):
    bars = read_prices(written(tmp_path, INVESTING), symbol="X").bars
    assert bars["volume"].to_list() == [None, 1_230_000.0]


def test_a_wide_matrix(tmp_path):
    file = read_prices(written(tmp_path, "Date,AAA,BBB\n2024-01-02,1,2\n2024-01-03,1.5,\n"))
    assert file.layout == "wide"
    assert closes(file) == [
        ("AAA", date(2024, 1, 2), 1.0),
        ("AAA", date(2024, 1, 3), 1.5),
        ("BBB", date(2024, 1, 2), 2.0),
    ]
    assert file.rejects.is_empty()


def test_gzip_and_parquet_and_arrow(tmp_path):
    text = "Date,Close\n2024-01-02,2\n"
    packed = tmp_path / "p.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    rows = pl.DataFrame({"Date": [date(2024, 1, 2)], "Close": [2.0]})
    rows.write_parquet(tmp_path / "p.parquet")
    rows.write_ipc(tmp_path / "p.arrow")
    for name in ("p.csv.gz", "p.parquet", "p.arrow"):
        assert closes(read_prices(tmp_path / name, symbol="X")) == [("X", date(2024, 1, 2), 2.0)]


def test_anything_that_exports_arrow():
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    rows = pl.DataFrame({"Date": [date(2024, 1, 2)], "Close": [2.0]})
    by_index = pandas.DataFrame({"Close": [2.0]}, index=pandas.DatetimeIndex(["2024-01-02"], name="Date"))
    for frame in (rows, rows.lazy(), rows.to_arrow(), by_index.reset_index(), pyarrow.table(rows.to_arrow())):
        assert closes(read_prices(frame, symbol="X")) == [("X", date(2024, 1, 2), 2.0)]
    with pytest.raises(InputError, match="cannot read a table from list"):
        read_prices([1, 2, 3])


def test_a_date_that_can_be_read_in_two_ways_is_a_question(tmp_path):
    path = written(tmp_path, "Date,Close\n03/04/2024,2\n05/04/2024,3\n")
    with pytest.raises(TimeError, match=r"03/04/2024 and every other date could be day-month or month-day"):
        read_prices(path, symbol="X")
    assert closes(read_prices(path, symbol="X", date_order="dmy"))[0][1] == date(2024, 4, 3)
    assert closes(read_prices(path, symbol="X", date_order="mdy"))[0][1] == date(2024, 3, 4)
    with pytest.raises(InputError, match="date_order must be one of"):
        read_prices(path, symbol="X", date_order="dym")


def test_one_date_decides_the_order_of_all_and_two_orders_are_refused(tmp_path):
    decided = written(tmp_path, "Date,Close\n03/04/2024,2\n15/04/2024,3\n")
    assert closes(read_prices(decided, symbol="X"))[0][1] == date(2024, 4, 3)
    mixed = written(tmp_path, "Date,Close\n03/14/2024,2\n15/04/2024,3\n")
    with pytest.raises(TimeError, match="some dates"):
        read_prices(mixed, symbol="X")
    with pytest.raises(TimeError, match="some dates"):
        read_prices(mixed, symbol="X", date_order="dmy")
    decided = written(tmp_path, "Date,Close\n03/04/2024,2\n15/04/2024,3\n")
    with pytest.raises(TimeError, match="15/04/2024 is not a date in the order mdy.*--date-order dmy"):
        read_prices(decided, symbol="X", date_order="mdy")


def test_seconds_of_a_clock_behind_a_date_are_kept():
    times = read_stamps(pl.Series("Date", ["9/13/2017 4:00:05 PM", "9/14/2017 09:30:59.5 AM"])).values.to_list()
    assert times == [datetime(2017, 9, 13, 16, 0, 5), datetime(2017, 9, 14, 9, 30, 59, 500_000)]


@pytest.mark.parametrize("row", ["-025-05-2", "-025-05-28 10:00", "0000-01-01"])
def test_years_that_no_calendar_has_are_no_dates(row):
    clock = row[10:]
    days = [f"2025-05-{day}{clock}" for day in (27, 28, 29)]
    assert read_stamps(pl.Series("Date", [*days, row])).values.is_null().to_list() == [False, False, False, True]
    with pytest.raises(TimeError):
        read_stamps(pl.Series("Date", [row]))


@settings(deadline=None)
@given(st.dates(date(1950, 1, 1), date(2049, 12, 31)), st.sampled_from(["dmy", "mdy"]), st.sampled_from("/.-"))
def test_numeric_dates_come_back(day, order, mark):
    lead = ("%d", "%m") if order == "dmy" else ("%m", "%d")
    text = day.strftime(mark.join([*lead, "%Y"]))
    assert read_stamps(pl.Series("Date", [text]), date_order=order).values.to_list() == [day]


@pytest.mark.parametrize(
    "text",
    [
        *("2024-01-25", "2024/1/25", "20240125", "Jan 25, 2024", "25-Jan-2024", "25 January 2024", "25-Jan-24"),
        *(
            "2024-01-25 00:00:00",
            "2024-01-25T00:00:00Z",
            "25.01.2024",
            "Thu, 25 Jan 2024",
            "1706140800",
            "1706140800000",
        ),
    ],
)
def test_one_day_in_many_layouts(text):
    file = read_prices(pl.DataFrame({"Date": [text], "Close": [1.0]}), symbol="X")
    assert file.bars["session"].to_list() == [date(2024, 1, 25)]


def test_instants_take_the_date_of_the_exchange(tmp_path):
    text = "Date,Close\n2024-01-24T19:00:00.000Z,2\n2024-01-25T19:00:00.000Z,3\n"
    with pytest.raises(TimeError, match="give exchange"):
        read_prices(written(tmp_path, text), symbol="UNKNOWN")
    file = read_prices(written(tmp_path, text), symbol="UNKNOWN", exchange="XKAR")
    assert file.bars["session"].to_list() == [date(2024, 1, 25), date(2024, 1, 26)]
    assert file.stamped == "instants"
    assert "2 bars belong to another day" in file.notes[0]
    assert closes(read_prices(written(tmp_path, text), symbol="KSE100"))[0][1] == date(2024, 1, 25)


def test_midnight_that_did_not_exist_is_no_obstacle(tmp_path):
    text = "Date,Close\n2009-04-14T19:00:00.000Z,2\n2009-04-15T18:00:00.000Z,3\n"
    file = read_prices(written(tmp_path, text), symbol="KSE100")
    assert file.bars["session"].to_list() == [date(2009, 4, 15), date(2009, 4, 16)]


def test_intraday_bars():
    starts = [datetime(2024, 1, 25, hour, minute) for hour in (10, 11) for minute in (0, 5)]
    file = read_prices(pl.DataFrame({"Datetime": starts, "Close": [1.0, 2, 3, 4]}), symbol="X", exchange="XKAR")
    assert file.bars["interval"].unique().to_list() == ["5m"]
    assert file.bars["session"].unique().to_list() == [date(2024, 1, 25)]
    assert file.bars["bar_start"][0] == datetime(2024, 1, 25, 5, tzinfo=UTC)


def test_equal_rows_are_one_and_different_ones_stop_the_load(tmp_path):
    twice = written(tmp_path, "Date,Close\n2024-01-02,2\n2024-01-02,2\n2024-01-03,3\n")
    file = read_prices(twice, symbol="X")
    assert closes(file) == [("X", date(2024, 1, 2), 2.0), ("X", date(2024, 1, 3), 3.0)]
    assert file.rejects["source_line"].to_list() == [3]
    assert file.rejects["reason"][0].startswith("duplicate")
    other = written(tmp_path, "Date,Close\n2024-01-02,2\n2024-01-03,3\n2024-01-03,4\n")
    with pytest.raises(InputError, match="different bars of X on 2024-01-03: lines 3 and 4 have close 3.0 and 4.0"):
        read_prices(other, symbol="X")
    kept = read_for_check(other, symbol="X")
    assert closes(kept)[-1] == ("X", date(2024, 1, 3), 3.0)
    assert kept.rejects["reason"][0].startswith("contradiction")


def test_lines_that_do_not_fit_and_words_for_numbers(tmp_path):
    text = "Date,Open,Close\n2024-01-02,1,2\n2024-01-03,1,2,3,4\n2024-01-04,what,3\n2024-01-05,1\n\n2024-01-06,1,4\n"
    file = read_prices(written(tmp_path, text), symbol="X")
    assert file.bars["close"].to_list() == [2.0, 4.0]
    assert file.rejects.select("source_line", "reason").rows() == [
        (3, "more fields than the header"),
        (4, "open what is not a number"),
        (5, "no close"),
    ]


def test_a_missing_column_is_named_with_what_there_is(tmp_path):
    with pytest.raises(InputError, match=r"no close column.*it has Date, Open, Note"):
        read_prices(written(tmp_path, "Date,Open,Note\n2024-01-02,1,a\n"), symbol="X")
    with pytest.raises(InputError, match=r"no date column.*it has Where, Close"):
        read_prices(written(tmp_path, "Where,Close\nhere,1\n"), symbol="X")
    assert closes(read_prices(written(tmp_path, "When,Close\n2024-01-02,1\n"), symbol="X"))[0][1] == date(2024, 1, 2)
    with pytest.raises(InputError, match=r"no column 'Fin'.*it has When, Close"):
        read_prices(written(tmp_path, "When,Close\n2024-01-02,1\n"), symbol="X", columns={"close": "Fin"})
    with pytest.raises(InputError, match="unknown field"):
        read_prices(written(tmp_path, "When,Close\n2024-01-02,1\n"), symbol="X", columns={"cloze": "Close"})
    file = read_prices(
        written(tmp_path, "When,Fin\n2024-01-02,1\n"), symbol="X", columns={"date": "When", "close": "Fin"}
    )
    assert closes(file) == [("X", date(2024, 1, 2), 1.0)]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"Date,Close\n", "no row"),
        ("binary.csv", b"\x00\x01\x02\x03", "not text"),
        ("broken.parquet", b"PAR1 nonsense", "cannot be read as Parquet"),
        ("sheet.xlsx", b"PK\x03\x04 cut off", "cannot be unpacked"),
    ],
)
def test_what_is_no_price_file(tmp_path, name, content, error):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=error):
        read_prices(path, symbol="X")


def test_no_symbol_no_file(tmp_path):
    with pytest.raises(InputError, match="does not state the symbol"):
        read_prices(written(tmp_path, "Date,Close\n2024-01-02,1\n"))
    with pytest.raises(NotFoundError, match="does not exist"):
        read_prices(tmp_path / "none.csv", symbol="X")
    with pytest.raises(NotFoundError, match="did you mean XKAR"):
        read_prices(written(tmp_path, "Date,Close\n2024-01-02,1\n"), symbol="X", exchange="PSX")


def test_one_symbol_of_many_and_the_store_s_names():
    rows = pl.DataFrame({"ticker": ["PSX:HBL", "OGDC.KA"], "date": ["2024-01-02"] * 2, "close": [1.0, 2.0]})
    assert read_prices(rows).symbols == ["HBL", "OGDC"]
    assert closes(read_prices(rows, symbol="HBL.KA")) == [("HBL", date(2024, 1, 2), 1.0)]
    with pytest.raises(InputError, match="it has OGDC.KA, PSX:HBL"):
        read_prices(rows, symbol="LUCK")


def test_not_a_number_is_nothing():
    rows = pl.DataFrame({"Date": ["2024-01-02", "2024-01-03"], "Close": [1.0, np.nan], "Open": [np.nan, 1.0]})
    file = read_prices(rows, symbol="X")
    assert file.bars.select("open", "close").rows() == [(None, 1.0)]
    with pytest.raises(InputError, match="inf is not a number"):
        read_prices(rows.head(1).with_columns(pl.lit(np.inf).alias("Close")), symbol="X")


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Karachi", "UTC"])
def test_midnights_with_an_offset_are_labels_whatever_the_exchange(tmp_path, zone):
    days = [date(2024, 3, 7), date(2024, 3, 8), date(2024, 3, 11)]
    local = pl.Series("Date", days).cast(pl.Datetime("us")).dt.replace_time_zone(zone)
    rows = pl.DataFrame({"Date": local, "Close": [1.0, 2.0, 3.0]})
    path = tmp_path / "lamp.csv"
    rows.with_columns(pl.col("Date").dt.to_string("%Y-%m-%d %H:%M:%S%:z")).write_csv(path)
    for source in (rows, path):
        got = read_prices(source, symbol="LAMP")
        assert got.bars["session"].to_list() == days
        assert got.stamped == "labels"
        assert got.notes == ()


def test_instants_of_an_unknown_exchange_are_a_question(tmp_path):
    path = tmp_path / "lamp.csv"
    path.write_text("Date,Close\n2024-03-07 05:00:00+00:00,1\n2024-03-11 04:00:00+00:00,2\n")
    with pytest.raises(TimeError, match="give exchange"):
        read_prices(path, symbol="LAMP")
    got = read_prices(path, symbol="LAMP", exchange="XNYS")
    assert got.bars["session"].to_list() == [date(2024, 3, 7), date(2024, 3, 11)]


def pandas_bars():
    import pandas as pd

    index = pd.DatetimeIndex(["2024-03-07", "2024-03-08", "2024-03-11"], name="Date")
    return pd.DataFrame({"Open": [1.0, 2, 3], "Close": [1.5, 2.5, 3.5], "Volume": [10, 20, 30]}, index=index)


def test_a_pandas_frame_brings_its_index():
    bars = pandas_bars()
    expected = read_prices(bars.reset_index(), symbol="LAMP").bars.drop("source")
    nameless = bars.rename_axis(None)
    for frame in (bars, nameless, bars.tz_localize("Asia/Karachi")):
        assert read_prices(frame, symbol="LAMP").bars.drop("source").equals(expected)


def test_several_symbols_as_yfinance_downloads_them():
    import pandas as pd

    bars = pandas_bars()
    both = pd.concat({"LAMP": bars, "WICK": bars * 2}, axis=1, names=["Ticker", "Price"])
    for frame in (both, both.swaplevel(axis=1)):
        got = read_prices(frame).bars
        assert got.group_by("symbol").agg(pl.col("close").sum()).sort("symbol").rows() == [
            ("LAMP", 7.5),
            ("WICK", 15.0),
        ]


def test_a_second_header_row_of_descriptions_is_no_symbol(tmp_path):
    text = "Date,Close\nTrading day,Closing price\n2024-01-02,10.1\n2024-01-03,10.2\n"
    file = read_prices(written(tmp_path, text), symbol="LAMP", exchange="XKAR")
    assert closes(file) == [("LAMP", date(2024, 1, 2), 10.1), ("LAMP", date(2024, 1, 3), 10.2)]


@pytest.mark.parametrize("other", ["2024-W01-2", "02/01/2024"])
def test_days_of_iso_weeks_are_read_where_most_dates_are_such(tmp_path, other):
    text = f"Date,Close\n2024-W01-1,10.1\n{other},10.2\n"
    if "W" in other:
        assert [day for _, day, _ in closes(read_prices(written(tmp_path, text), symbol="LAMP", exchange="XKAR"))] == [
            date(2024, 1, 1),
            date(2024, 1, 2),
        ]
    else:
        with pytest.raises(TimeError):
            read_prices(written(tmp_path, text), symbol="LAMP", exchange="XKAR")
