"""What a price file says in two ways is asked or refused; what it says in one way is read, out of every container."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import re
import zipfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from correlator.errors import InputError, TimeError
from correlator.market.checked_files import read_for_check
from correlator.market.layout.spec import read_layout
from correlator.market.reading.files import PriceKeywords, PriceOptions, read_prices
from correlator.market.written.figures import as_numbers, decimal_mark

DAYS = [date(2024, 3, day) for day in (11, 12, 13, 14, 15, 18)]
CLOSES = [45.78, 45.55, 45.39, 45.45, 44.77, 44.82]
TABLE = pl.DataFrame({"Date": DAYS, "Close": CLOSES, "Volume": [1000.0 * n for n in range(1, 7)]})
PLAIN = "Date,Close,Volume\n" + "".join(
    f"{d},{c},{1000 * n}\n" for n, (d, c) in enumerate(zip(DAYS, CLOSES, strict=True), 1)
)


def written(folder: Path, content: str | bytes, name: str = "p.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def text(header: str, row: str) -> str:
    """A text of the same days and closes; ``row`` is formatted with d, c and n."""
    lines = [row.format(d=d, c=c, n=n) for n, (d, c) in enumerate(zip(DAYS, CLOSES, strict=True), start=1)]
    return "\n".join([header, *lines]) + "\n"


def closes(source, **options) -> list[float]:
    options.setdefault("symbol", "LAMP")
    options.setdefault("exchange", "XNYS")
    file = read_prices(source, **options)
    assert file.bars["session"].to_list() == DAYS
    return file.bars["close"].to_list()


def zipped(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


CONTAINERS = {
    "p.csv": PLAIN.encode(),
    "bom.csv": PLAIN.encode("utf-8-sig"),
    "utf16.csv": PLAIN.encode("utf-16"),
    "utf16le.csv": PLAIN.encode("utf-16-le"),
    "crlf.csv": PLAIN.replace("\n", "\r\n").encode(),
    "cr.csv": PLAIN.replace("\n", "\r").encode(),
    "p.tsv": PLAIN.replace(",", "\t").encode(),
    "semicolons.csv": PLAIN.replace(",", ";").encode(),
    "formulas.csv": ("Date,Close\n" + "".join(f'="{d}",="{c}"\n' for d, c in zip(DAYS, CLOSES, strict=True))).encode(),
    "apostrophes.csv": PLAIN.replace("\n2", "\n'2").encode(),
    "excel.csv": b"sep=;\n" + PLAIN.replace(",", ";").encode(),
    "quoted.csv": "\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in PLAIN.splitlines()).encode(),
    "spaces.txt": PLAIN.replace(",", "   ").encode(),
    "p.csv.gz": gzip.compress(PLAIN.encode()),
    "p.csv.bz2": bz2.compress(PLAIN.encode()),
    "p.csv.xz": lzma.compress(PLAIN.encode()),
    "p.zip": zipped(**{"LAMP.csv": PLAIN}),
    "day.Z": zipped(**{"closing.lis": PLAIN}),
    "records.json": json.dumps([{"date": str(d), "close": c} for d, c in zip(DAYS, CLOSES, strict=True)]).encode(),
    "columns.json": json.dumps({"date": [str(d) for d in DAYS], "close": CLOSES}).encode(),
    "inside.json": json.dumps(
        {"ok": 1, "data": {"rows": [{"date": str(d), "close": c} for d, c in zip(DAYS, CLOSES, strict=True)]}}
    ).encode(),
    "lines.jsonl": "\n".join(
        json.dumps({"date": str(d), "close": c}) for d, c in zip(DAYS, CLOSES, strict=True)
    ).encode(),
    "days.json": json.dumps({str(d): {"close": c} for d, c in zip(DAYS, CLOSES, strict=True)}).encode(),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_and_encodings(tmp_path, name):
    assert closes(written(tmp_path, CONTAINERS[name], name)) == CLOSES


def test_workbooks_parquet_and_arrow(tmp_path):
    TABLE.write_excel(tmp_path / "a.xlsx")
    TABLE.write_parquet(tmp_path / "a.parquet")
    TABLE.write_ipc(tmp_path / "a.feather", compression="zstd")
    for name in ("a.xlsx", "a.parquet", "a.feather"):
        assert closes(tmp_path / name) == CLOSES


def test_parquet_of_pandas_with_two_levels(tmp_path):
    import pandas as pd

    bars = pd.DataFrame({"Close": CLOSES, "Volume": [1.0] * 6}, index=pd.DatetimeIndex(DAYS, name="Date"))
    both = pd.concat({"LAMP": bars, "WICK": bars * 2}, axis=1, names=["Ticker", "Price"])
    for frame in (both, both.swaplevel(axis=1)):
        frame.to_parquet(tmp_path / "two.parquet")
        assert closes(tmp_path / "two.parquet") == CLOSES
        assert closes(tmp_path / "two.parquet", symbol="WICK") == [2 * close for close in CLOSES]


def test_an_archive_of_several_files_and_a_web_page_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"contains 2 files \(a.csv, b.csv\)"):
        closes(written(tmp_path, zipped(**{"a.csv": PLAIN, "b.csv": PLAIN})))
    beside = {"README.txt": "Made on a Friday.", "data/.DS_Store": "x", "LICENSE": "free", "data/a.csv": PLAIN}
    assert closes(written(tmp_path, zipped(**beside))) == CLOSES
    with pytest.raises(InputError, match="web page"):
        closes(written(tmp_path, "<html><table></table></html>", "p.xls"))
    with pytest.raises(InputError, match="damaged"):
        closes(written(tmp_path, gzip.compress(PLAIN.encode())[:-12]))


# which share


@pytest.mark.parametrize("header", ["Name", "Ticker", "sym", "stock_symbol", "whatever"])
def test_a_stacked_file_gives_the_rows_of_the_symbol(tmp_path, header):
    rows = "".join(f"{d},{c * 2},WICK\n{d},{c},LAMP\n" for d, c in zip(DAYS, CLOSES, strict=True))
    assert closes(written(tmp_path, f"date,close,{header}\n{rows}")) == CLOSES


def test_another_symbol_than_the_one_asked_for_is_refused(tmp_path):
    for content, name in (
        (text("date,close,ticker", "{d},{c},WICK"), "a.csv"),
        (text("Date,WICK", "{d},{c}"), "b.csv"),
        ("Symbol,WICK\n\n" + PLAIN, "c.csv"),
        (json.dumps({"symbol": "WICK", "bars": [{"date": str(d), "close": 1.0} for d in DAYS]}), "d.json"),
    ):
        with pytest.raises(InputError, match="contains WICK, not LAMP"):
            closes(written(tmp_path, content, name))


def test_endings_and_terminals_name_the_same_share_in_the_same_country_only(tmp_path):
    for name in ("LAMP.US", "LAMP US Equity", "NYSE:LAMP", "LAMP.N", "lamp"):
        assert closes(written(tmp_path, text("date,close,ticker", "{d},{c}," + name))) == CLOSES
    with pytest.raises(InputError, match=r"contains LAMP.L, not LAMP"):
        closes(written(tmp_path, text("date,close,ticker", "{d},{c},LAMP.L")))


def test_tickers_that_are_words_of_prices(tmp_path):
    wide = written(tmp_path, text("Date,C,LAMP,V,LOW,OPEN", "{d},1,{c},2,3,4"))
    assert closes(wide) == CLOSES
    assert closes(wide, symbol="C") == [1.0] * 6
    with pytest.raises(InputError, match="--layout wide or --layout columns"):
        closes(wide, symbol=None)
    letters = written(tmp_path, text("Date,O,H,L,C", "{d},1,2,1,{c}"))
    with pytest.raises(InputError, match="four shares"):
        closes(letters)
    assert closes(letters, layout="wide", symbol="C") == CLOSES
    both = written(tmp_path, text("Date,Close,LAMP", "{d},1,{c}"))
    with pytest.raises(InputError, match="is ambiguous"):
        closes(both)
    assert closes(both, layout="wide") == CLOSES
    assert closes(both, columns={"close": "LAMP"}) == CLOSES


def test_repeated_headers_and_columns_are_refused(tmp_path):
    with pytest.raises(InputError, match="line 8 is a second header"):
        closes(written(tmp_path, PLAIN + PLAIN.replace("2024", "2023")))
    with pytest.raises(InputError, match="two columns 'Close' with different values"):
        closes(written(tmp_path, text("Date,Close,Close", "{d},{c},1")))
    with pytest.raises(InputError, match="two columns for 'LAMP'"):
        closes(written(tmp_path, text("Date,LAMP,LAMP", "{d},{c},1")))


@pytest.mark.parametrize(
    ("header", "ours", "theirs"),
    [
        ("Date,Bid Close,Ask Close", "close", "Ask Close"),
        ("Date,BidOpen,BidClose,AskOpen,AskClose", "close", "AskClose"),
        ("Date,bid_close,mid_close", "close", "mid_close"),
        ("Date,BID,ASK", "close", "ASK"),
        ("Date,Buying Rate,Selling Rate", "close", "Selling Rate"),
        ("Date,Last,Settle", "close", "Settle"),
        ("Date,Market Price,NAV", "close", "NAV"),
        ("Date,Close,Raw Close", "close", "Raw Close"),
        ("Date,Adj Close,Close Adj", "adjusted_close", "Close Adj"),
        ("Date,Close (USD),Close (EUR)", "close", "Close (EUR)"),
    ],
)
def test_two_columns_of_one_field_that_differ_are_a_question(tmp_path, header, ours, theirs):
    names = header.split(",")[1:]
    values = {name: "{c}" if name == theirs else str(place) for place, name in enumerate(names, 7)}
    path = written(tmp_path, text(header, "{d}," + ",".join(values[name] for name in names)))
    with pytest.raises(InputError, match=rf"{re.escape(repr(theirs))}.*--column {ours}=|--column {ours}=\.\.\."):
        closes(path)
    bars = read_prices(path, symbol="LAMP", columns={"date": "Date", ours: theirs}).bars
    assert bars[ours].to_list() == CLOSES
    assert "AskOpen" in names or bars["open"].null_count() == len(CLOSES)
    assert bars["open"].null_count() == len(CLOSES)  # the opens of bids are none of the asks


def test_two_columns_of_days_or_currencies_that_differ_are_a_question():
    later = pl.DataFrame({"Date": [day + timedelta(1) for day in DAYS], "Trade Date": DAYS, "Close": CLOSES})
    with pytest.raises(InputError, match="'Date' and 'Trade Date' differ, and either could be the date"):
        read_prices(later, symbol="LAMP")
    assert read_prices(later, symbol="LAMP", columns={"date": "Trade Date"}).bars["session"].to_list() == DAYS
    written_twice = TABLE.with_columns(pl.col("Date").dt.strftime("%d/%m/%Y").alias("Trade Date"))
    assert read_prices(written_twice, symbol="LAMP").bars["close"].to_list() == CLOSES
    paid = TABLE.with_columns(Currency=pl.lit("USD"), CCY=pl.lit("EUR"))
    with pytest.raises(InputError, match="'Currency' and 'CCY' differ.*--column currency=CCY"):
        read_prices(paid, symbol="LAMP")
    assert read_prices(paid, symbol="LAMP", columns={"currency": "CCY"}).currencies == {"LAMP": "EUR"}


def test_two_columns_of_symbols_that_differ_are_a_question():
    both = TABLE.with_columns(Ticker=pl.lit("LAMP"), RIC=pl.lit("WICK.N"))
    with pytest.raises(InputError, match="'Ticker' and 'RIC' differ.*--column symbol=RIC"):
        read_prices(both)
    assert read_prices(both, columns={"symbol": "RIC"}).bars["symbol"].unique().to_list() == ["WICK.N"]
    for ric in ("LAMP.N", "LAMP US Equity"):
        assert read_prices(both.with_columns(RIC=pl.lit(ric))).symbols == ["LAMP"]
    assert read_prices(both.drop("RIC").with_columns(Name=pl.lit("LAMPS"), Code=pl.lit("7"))).symbols == ["LAMP"]


def test_marks_in_cells_state_the_currency_of_prices():
    def marked(*marks: str) -> pl.DataFrame:
        cells = [mark.format(close) for mark, close in zip(marks * len(DAYS), CLOSES, strict=False)]
        return TABLE.with_columns(Close=pl.Series(cells))

    for mark, currency in (("€{}", "EUR"), ("{} CHF", "CHF"), ("£{}", "GBP")):
        assert read_prices(marked(mark), symbol="LAMP").currencies == {"LAMP": currency}
    assert read_prices(marked("${}", "{}"), symbol="LAMP").currencies == {}
    with pytest.raises(InputError, match="closes of LAMP in several currencies: €, \\$"):
        read_prices(marked("€{}", "${}"), symbol="LAMP")
    with pytest.raises(InputError, match="quoted in EUR, not USD"):
        read_prices(marked("€{}"), symbol="LAMP", currency="USD")


def test_codes_that_pandas_made_floats_are_whole_numbers(tmp_path):
    coded = TABLE.with_columns(Symbol=pl.Series([700.0] * (len(DAYS) - 1) + [None]))
    coded.write_csv(tmp_path / "p.csv")
    for source in (coded, tmp_path / "p.csv"):
        assert read_prices(source).symbols == ["700"]


def test_invisible_characters_are_no_part_of_symbols_and_dates_are_none():
    symbols = ["LAMP", "LAMP\u200b", "\ufeffLAMP", "LA\u00adMP", "LAMP\u200e", "2024-03-01"]
    file = read_prices(TABLE.with_columns(Symbol=pl.Series(symbols)))
    assert (file.symbols, file.bars.height) == (["LAMP"], len(DAYS) - 1)
    assert file.rejects["reason"].to_list() == ["the symbol is a date, as spreadsheets make of MAR1"]


def test_a_column_that_loses_to_another_of_its_field_is_named(tmp_path):
    both = written(tmp_path, text("Date,Close,Last,Volume,Shares Traded", "{d},{c},7,8,9"))
    notes = (
        "column 'Close' is used as the close, not 'Last'",
        "column 'Volume' is used as the volume, not 'Shares Traded'",
    )
    assert read_prices(both, symbol="LAMP").notes == notes
    same = written(tmp_path, text("Date,Close,Last", "{d},{c},{c}"))
    assert read_prices(same, symbol="LAMP").notes == ()
    bids = written(tmp_path, text("Date,BidClose", "{d},{c}"))
    assert read_prices(bids, symbol="LAMP").notes == ("column 'BidClose' is used as the close: closes are bid prices",)
    raw = written(tmp_path, text("Date,Close,Close Unadj,Close Adj", "{d},{c},7,8"))
    assert "not 'Close Unadj'" in read_prices(raw, symbol="LAMP").notes[0]


@pytest.mark.parametrize(
    ("header", "match"),
    [
        ("Date,KO.CLOSE_BID,KO.CLOSE_ASK", "keep one of them for KO in the file"),
        ("Date,Close USD,Close EUR", "could be shares, or the currencies of one share"),
    ],
)
def test_two_prices_of_a_share_are_not_two_shares(header, match):
    one, two = header.split(",")[1:]
    with pytest.raises(InputError, match=match):
        read_prices(pl.DataFrame({"Date": DAYS, one: CLOSES, two: range(6)}))


def test_series_of_a_share(tmp_path):
    rows = "".join(f"{d},{c},COM\n{d},1.5,PREF\n" for d, c in zip(DAYS, CLOSES, strict=True))
    path = written(tmp_path, f"date,close,series\n{rows}")
    with pytest.raises(InputError, match=r"several series of LAMP: COM, PREF .*--series"):
        closes(path)
    assert closes(path, series="COM") == CLOSES
    with pytest.raises(InputError, match="no series 'X'"):
        closes(path, series="X")


def test_a_layout_file_of_ones_own(tmp_path):
    own = tmp_path / "mine.toml"
    own.write_text(
        'name = "mine"\nheader = ["Tag", "Ende"]\ndate_order = "dmy"\n[columns]\ndate = "Tag"\nclose = "Ende"\n'
    )
    path = written(tmp_path, "Tag;Ende\n" + "".join(f"{d:%d/%m/%Y};{c}\n" for d, c in zip(DAYS, CLOSES, strict=True)))
    assert closes(path, layout=str(own)) == CLOSES
    own.write_text('name = "mine"\nheader = ["Tag"]\nheeder = 1\n')
    with pytest.raises(InputError, match="unknown key 'heeder'"):
        closes(path, layout=str(own))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("width = [12]\nrows = 'UTC'", "a table of texts for rows"),
        ("header = 'Tag'", "a list of texts for header"),
        ("header = ['Tag', 3]", "a list of texts for header"),
        ("width = ['2']", "a list of whole numbers for width"),
        ("exact = 'yes'", "true or false for exact"),
        ("zone = 'Mars/Olympus'\nheader = ['Tag']\ncolumns = {date = 'Tag'}", "unknown zone 'Mars/Olympus'"),
        ("scale = {close = 'x'}", "a table of numbers for scale"),
        ("leave_out = {Tag = 'x'}", "a table of tables of texts for leave_out"),
        ("columns = {date = true, close = []}", "a table of names or positions for columns"),
    ],
)
def test_values_of_another_type_in_a_layout_are_refused(line, said):
    with pytest.raises(InputError, match=said):
        read_layout(f"name = 'mine'\n{line}\n".encode(), "mine.toml")


def test_positions_in_a_layout_may_be_numbers():
    layout = read_layout(b"name = 'mine'\n[rows]\n1 = 'x'\n[columns]\ndate = 1\nclose = '2'\n", "mine.toml")
    assert layout.columns == {"date": "1", "close": "2"}


def test_factors_are_not_prices(tmp_path):
    path = written(tmp_path, ",Mkt-RF,SMB,HML,RF\n20240311,0.1,0.2,0.3,0.01\n20240312,0.1,0.2,0.3,0.01\n")
    with pytest.raises(InputError, match="study --factors"):
        closes(path)


# figures


@pytest.mark.parametrize(
    ("columns", "others", "mark"),
    [
        ({"close": ["45.78", "45.5"]}, [], "."),
        ({"close": ["45,780", "45,550"]}, [["7,37M"]], ","),
        ({"close": ["45,780", "45,550"]}, [["-0,08%"]], ","),
        ({"close": ["45,780", "45,550"], "volume": ["6.434.500", "7.000"]}, [], ","),
        ({"close": ["45,780", "1,045,780"]}, [], "."),
        ({"close": ["45,780.5", "45,550"]}, [], "."),
        ({"close": ["1,23,456.5"]}, [], "."),
        ({"close": ["45", "46"], "volume": ["643,450"]}, [], "."),
        ({"close": ["1.234,5"]}, [], ","),
        ({"close": ["0,123"]}, [], ","),
    ],
)
def test_the_whole_file_tells_the_decimal_mark(columns, others, mark):
    series = {name: pl.Series(name, values) for name, values in columns.items()}
    assert decimal_mark(series, [pl.Series(values) for values in others]) == mark


def test_a_comma_that_could_be_either_is_a_question(tmp_path):
    path = written(tmp_path, text("Date;Close", "{d};45,780"))
    with pytest.raises(InputError, match="45780 or 45.780 .*--decimal"):
        closes(path)
    assert closes(path, decimal=",") == [45.78] * 6
    assert closes(path, decimal=".") == [45780.0] * 6
    with pytest.raises(InputError, match="both 1.50 and 45,78"):
        closes(written(tmp_path, text("Date;Close;Open", "{d};45,78;1.50")))
    with pytest.raises(InputError, match="has a decimal point, not a comma"):
        closes(written(tmp_path, PLAIN), decimal=",")


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("1.2M", 1.2e6),
        ("1,234.5", 1234.5),
        ("12,34,567", 1234567.0),
        ("$45.78", 45.78),
        ("1'234.5", 1234.5),
        ("3.5Cr", 3.5e7),
        *(("(37.63)", -37.63), ("(1,234.5)", -1234.5), ("37.63-", -37.63), ("\u221237.63", -37.63)),
        *(("US$45.78", 45.78), ("45.78 PKR", 45.78), ("CHF 1'234.5", 1234.5), ("Rs 45.78/-", 45.78)),
        *(("\u0664\u0665\u066b\u0667\u0668", 45.78), ("\u202d45.78\u202c", 45.78)),
    ],
)
def test_dressed_figures(said, value):
    assert as_numbers(pl.Series([said])).to_list() == pytest.approx([value])


def test_a_decimal_comma_makes_points_those_of_thousands():
    assert as_numbers(pl.Series(["1.234", "2.500"]), decimal=",").to_list() == [1234.0, 2500.0]
    assert as_numbers(pl.Series(["1.234", "2.500"])).to_list() == [1.234, 2.5]


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("Volume (000)", 1e3),
        ("Volume in thousands", 1e3),
        ("Vol ('000)", 1e3),
        ("Volume (mln)", 1e6),
        ("成交量(手)", 100.0),
        *(("Volume ('00)", 100.0), ("ปริมาณ ('000 หุ้น)", 1e3), ("Volume (mn shares)", 1e6), ("出来高(千株)", 1e3)),
    ],
)
def test_volumes_in_thousands_and_lots(tmp_path, header, factor):
    file = read_prices(written(tmp_path, text(f"Date,Close,{header}", "{d},{c},2")), symbol="LAMP", exchange="XNYS")
    assert file.bars["volume"].to_list() == [2 * factor] * 6
    assert any("multiplied" in note for note in file.notes)


@pytest.mark.parametrize("money", ["Volume (USD)", "Volume (Rs. mn)", "Vol. (€)", "Volume (Value in SAR)"])
def test_a_volume_in_money_is_no_number_of_shares(tmp_path, money):
    alone = read_prices(written(tmp_path, text(f"Date,Close,{money}", "{d},{c},2")), symbol="LAMP")
    assert alone.bars["volume"].null_count() == 6
    both = read_prices(written(tmp_path, text(f"Date,Close,{money},Quantity", "{d},{c},2,7")), symbol="LAMP")
    assert both.bars["volume"].to_list() == [7.0] * 6


def test_lots_of_unknown_size_are_refused(tmp_path):
    with pytest.raises(InputError, match="counts lots"):
        closes(written(tmp_path, text("Date,Close,Volume (lots)", "{d},{c},2")))


def test_pence_and_cents_become_pounds_and_rand(tmp_path):
    pence = [round(close * 100, 2) for close in CLOSES]
    rows = "".join(f"{d},{c}\n" for d, c in zip(DAYS, pence, strict=True))
    whole = pytest.approx(CLOSES, rel=1e-12)
    assert closes(written(tmp_path, f"Date,Close (GBp)\n{rows}"), exchange="XLON") == whole
    assert closes(written(tmp_path, f"Currency,GBX\n\nDate,Close\n{rows}"), exchange="XLON") == whole
    plain = written(tmp_path, f"Date,Close\n{rows}")
    for exchange, unit, currency in (("XLON", "GBp", "GBP"), ("XJSE", "ZAc", "ZAR")):
        file = read_prices(plain, symbol="LAMP", exchange=exchange, currency=unit)
        assert file.bars["close"].to_list() == whole
        assert file.currencies == {"LAMP": currency}
    assert closes(written(tmp_path, f"Date,Closing (c)\n{rows}"), exchange="XJSE") == whole
    with pytest.raises(InputError, match="hundredths of GBP, not USD"):
        closes(written(tmp_path, f"Date,Close (GBp)\n{rows}"), exchange="XLON", currency="USD")
    with pytest.raises(InputError, match="currency 'pounds' is not known"):
        closes(plain, currency="pounds")


def test_a_negative_price_of_crsp_is_a_mean_of_bid_and_ask_and_told():
    path = Path(__file__).parent / "layouts" / "crsp.csv"
    assert (
        "1 closes are bid-ask midpoints without a trade (negative in the file)"
        in read_prices(path, symbol="LAMP").notes
    )


# days and zones


@pytest.mark.parametrize(
    "form",
    [
        *("%d.%m.%Y", "%m/%d/%Y", "%d-%m-%y", "%Y年%m月%d日", "%d%b%Y", "%a %b %d %Y", "%A, %B %d, %Y", "%Y-%b-%d"),
        *("%m/%d/%Y 16:00:00", "%m/%d/%Y 4:00 PM", "%Y-%m-%d 00:00:00 UTC", "%Y%m%d160000", "%Y-%m-%dT00:00:00.000Z"),
        "%a %b %d %Y 00:00:00 GMT-0400 (Eastern Daylight Time)",
        *("%d/%m/2567", "2567-%m-%d", "2567%m%d", "%d %b 2567"),
        *("%Y-%m-%dT00:00:00-05:00[America/New_York]", "\u200e%m\u200e/\u200e%d\u200e/\u200e%Y"),
        *("%Y%m%dT000000Z", "%Y-%m-%d 00:00:00+05"),
    ],
)
def test_days_in_many_forms(tmp_path, form):
    rows = "".join(f"{d.strftime(form)}\t{c}\n" for d, c in zip(DAYS, CLOSES, strict=True))
    assert closes(written(tmp_path, f"Date\tClose\n{rows}")) == CLOSES


@pytest.mark.parametrize(
    "word",
    [
        *("1 Mart 2024", "1 mars 2024", "1. März 2024", "01-mar-2024", "1 de março de 2024", "1 марта 2024"),
        *("1 مارس 2024", "٠١ مارس ٢٠٢٤"),
    ],
)
def test_months_in_many_languages(word):
    file = read_prices(pl.DataFrame({"Date": [word], "Close": [1.0]}), symbol="LAMP")
    assert file.bars["session"].to_list() == [date(2024, 3, 1)]


def test_the_leap_day_of_a_buddhist_year():
    for text in ("29/02/2567", "2567-02-29"):
        file = read_prices({"Date": [text], "Close": [1.0]}, symbol="LAMP")
        assert file.bars["session"].to_list() == [date(2024, 2, 29)]


@pytest.mark.parametrize("code", ["'600000", '="600000"', "sh.600000", "600000.SH", "600000.XSHG"])
def test_codes_of_shares_as_sources_and_spreadsheets_write_them(code):
    bars = {"code": [code] * 2, "date": ["2024-03-07", "2024-03-08"], "close": [1.0, 2.0]}
    assert read_prices(bars, symbol="600000", exchange="XSHG").bars["close"].to_list() == [1.0, 2.0]
    assert len(read_prices(bars, exchange="XSHG").symbols) == 1


def test_a_year_of_two_digits_is_not_in_the_future():
    file = read_prices(pl.DataFrame({"Date": ["05-Jan-62"], "Close": [1.0]}), symbol="LAMP")
    assert file.bars["session"].to_list() == [date(1962, 1, 5)]


def test_an_abbreviation_of_a_zone_is_a_question(tmp_path):
    with pytest.raises(TimeError, match="EST.*--zone"):
        closes(written(tmp_path, text("Date,Close", "{d} 16:00:00 EST,{c}")))


HOURS = "Datetime,Close\n" + "".join(
    f"2024-11-{day:02d} {hour:02d}:00:00,{hour + 1}\n" for day in (1, 3, 4) for hour in range(24)
)


def test_hours_over_a_clock_change(tmp_path):
    path = written(tmp_path, HOURS)
    file = read_prices(path, symbol="LAMP", exchange="XNYS")
    assert file.bars.height == 71
    assert file.rejects["reason"].to_list() == ["2024-11-03 01:00 is ambiguous or does not exist in America/New_York"]
    in_utc = read_prices(path, symbol="LAMP", exchange="XNYS", zone="UTC")
    assert in_utc.bars.height == 72
    assert in_utc.bars["bar_start"][0].isoformat() == "2024-11-01T00:00:00+00:00"
    assert in_utc.bars["session"][0] == date(2024, 10, 31)
    spring = read_prices(
        written(tmp_path, HOURS.replace("2024-11-", "2024-03-").replace("-03-03", "-03-10")),
        symbol="LAMP",
        exchange="XNYS",
    )
    assert spring.rejects["reason"].to_list() == ["2024-03-10 02:00 is ambiguous or does not exist in America/New_York"]
    with pytest.raises(InputError, match="zone 'Mars/Base'"):
        read_prices(path, symbol="LAMP", zone="Mars/Base")


def test_a_rate_stamped_at_midnight_of_london_keeps_its_day(tmp_path):
    import pandas as pd

    rows = "".join(f"{pd.Timestamp(d, tz='Europe/London')},{c}\n" for d, c in zip(DAYS, CLOSES, strict=True))
    assert closes(written(tmp_path, f"Date,Close\n{rows}"), symbol="EURUSD") == CLOSES


# every door


def test_a_check_reads_what_a_load_refuses(tmp_path):
    path = written(tmp_path, PLAIN + f"{DAYS[0]},99,1\n")
    with pytest.raises(InputError, match="different bars"):
        closes(path)
    assert read_for_check(path, symbol="LAMP").rejects["reason"][0].startswith("contradiction")


@pytest.mark.parametrize("said", [{"symbol": "LAMP,WICK"}, {"symbol": "LAMP", "decimal": ";"}])
def test_several_symbols_and_other_marks_are_refused(tmp_path, said):
    with pytest.raises(InputError, match="must be a single symbol|must be '.' or ','"):
        read_prices(written(tmp_path, text("Date,Close", "{d},{c}")), exchange="XNYS", **said)


def test_keywords_and_options_are_the_same():
    from dataclasses import fields

    names = {field.name for field in fields(PriceOptions)}
    assert set(PriceKeywords.__annotations__) == names - {"claimed", "aliases", "contradictions", "place"}
    with pytest.raises(TypeError, match="symbl"):
        read_prices(TABLE, symbl="LAMP")


def test_ten_thousand_days_of_two_shares_are_read_in_order():
    days = [date(2000, 1, 3) + timedelta(days=n) for n in range(5000)]
    rows = pl.DataFrame({"Date": days * 2, "Symbol": ["WICK"] * 5000 + ["LAMP"] * 5000, "Close": [1.0] * 10000})
    bars = read_prices(rows.sample(fraction=1.0, shuffle=True, seed=1)).bars
    assert bars.equals(bars.sort("symbol", "session"))


@pytest.mark.parametrize(("step", "interval"), [("1w", "1w"), ("1mo", "1mo"), ("3mo", "3mo"), ("1d", "1d")])
def test_weekly_and_monthly_bars_are_not_daily_ones(step, interval):
    days = pl.date_range(date(2021, 1, 4), date(2024, 1, 1), step, eager=True)
    file = read_prices(pl.DataFrame({"Date": days, "Close": [1.0] * len(days)}), symbol="LAMP")
    assert file.bars["interval"].unique().to_list() == [interval]
    assert any("daily studies do not use them" in note for note in file.notes) is (interval != "1d")


def test_a_year_of_two_digits_may_stand_first(tmp_path):
    path = written(tmp_path, text("Date,Close", "{d:%y-%m-%d},{c}"))
    with pytest.raises(TimeError, match="could have the year first or last"):
        closes(path)
    assert closes(path, date_order="ymd") == CLOSES
    assert closes(written(tmp_path, text("Date,Close", "{d:%d-%m-%y},{c}"))) == CLOSES


def test_empty_lines_are_not_rejects(tmp_path):
    path = written(tmp_path, text("Date,Close,Volume", "{d},{c},1\n,,"))
    assert closes(path) == CLOSES
    assert read_prices(path, symbol="LAMP").rejects.is_empty()


def test_a_few_bars_that_are_months_apart_are_a_question():
    days = [date(2024, month, 28) for month in range(1, 8)]
    frame = pl.DataFrame({"Date": days, "Close": [1.0] * 7})
    with pytest.raises(InputError, match="7 bars 29 to 31 days apart could be monthly bars") as asked:
        read_prices(frame, symbol="LAMP")
    assert "--spacing 1mo" in str(asked.value)
    for said in ("1mo", "1d"):
        assert read_prices(frame, symbol="LAMP", spacing=said).bars["interval"].unique().to_list() == [said]
    with pytest.raises(InputError, match="29 to 31 days apart, not weekly"):
        read_prices(frame, symbol="LAMP", spacing="1w")
    with pytest.raises(InputError, match="spacing must be one of"):
        read_prices(frame, symbol="LAMP", spacing="monthly")
    with pytest.raises(InputError, match="2 bars 31 days apart could be monthly bars"):
        read_prices(frame.head(2), symbol="LAMP")
    assert read_prices(frame.head(1), symbol="LAMP").bars["interval"][0] == "1d"


def test_a_layout_does_not_hide_a_column_of_symbols(tmp_path):
    yahoo = "Date,Open,High,Low,Close,Adj Close,Volume,Ticker"
    with pytest.raises(InputError, match="contains WICK, not LAMP"):
        closes(written(tmp_path, text(yahoo, "{d},1,1,1,{c},{c},1,WICK")))
    rows = "".join(f"{d},1,1,1,{c},{c},1,{s}\n" for s in ("WICK", "LAMP") for d, c in zip(DAYS, CLOSES, strict=True))
    assert closes(written(tmp_path, f"{yahoo}\n{rows}")) == CLOSES


def test_words_that_are_not_used_are_told(tmp_path):
    path = written(tmp_path, text("Date,Close,Company", "{d},{c},Wick and Sons"))
    assert "column 'Company' ('Wick and Sons') is not used" in read_prices(path, symbol="LAMP").notes


@pytest.mark.parametrize("header", ["NAV", "Value", "Spot price (dollars per barrel)"])
def test_a_lone_column_of_a_level_is_the_close(tmp_path, header):
    assert closes(written(tmp_path, text(f"Date,{header}", "{d},{c}"))) == CLOSES


def test_years_of_taipei_and_stamps_of_microsoft(tmp_path):
    assert closes(written(tmp_path, text("日期,收盤價", '"113/{d:%m/%d}",{c}'))) == CLOSES
    stamps = [int((d - date(1970, 1, 1)).total_seconds() * 1000) for d in DAYS]
    rows = "".join(f"/Date({s})/,{c}\n" for s, c in zip(stamps, CLOSES, strict=True))
    assert closes(written(tmp_path, f"Date,Close\n{rows}")) == CLOSES


def test_names_of_figures_are_not_shares(tmp_path):
    for header in ("date,mid_close,ask_close", "date,MID_CLOSE,ASK_CLOSE"):
        with pytest.raises(InputError, match="no close column"):
            closes(written(tmp_path, text(header, "{d},{c},{c}")), symbol=None)
    assert closes(written(tmp_path, text("date,lamp_close,wick_close", "{d},{c},1"))) == CLOSES


def test_returns_are_not_prices(tmp_path):
    with pytest.raises(InputError, match="3 of 6 closes are negative.*study --factors"):
        closes(
            written(
                tmp_path,
                text("Date,Mom", "{d},{n}").replace(",2\n", ",-2\n").replace(",4\n", ",-4\n").replace(",6\n", ",-6\n"),
            ),
            columns={"close": "Mom"},
        )
    once = written(tmp_path, PLAIN.replace("45.39", "-36.98"))
    assert -36.98 in closes(once)


def test_figures_among_shares_are_a_question(tmp_path):
    path = written(tmp_path, text("Date,LAMP,WICK,LAMP_Volume", "{d},{c},1,5"))
    with pytest.raises(InputError, match="LAMP_Volume could be shares or fields"):
        read_prices(path, exchange="XNYS")
    assert closes(path) == CLOSES


def test_names_that_libraries_made_distinct_are_what_they_were(tmp_path):
    for name in ("Close.1", "Close_duplicated_0"):
        with pytest.raises(InputError, match="two columns 'Close' with different values"):
            closes(written(tmp_path, text(f"Date,Close,{name}", "{d},{c},7")))
        assert closes(written(tmp_path, text(f"Date,Close,{name}", "{d},{c},{c}"))) == CLOSES
    levels = "Price,Close,Close.1,Volume,Volume.1\nTicker,LAMP,WICK,LAMP,WICK\nDate,,,,"
    both = read_prices(written(tmp_path, text(levels, "{d},{c},7,100,200")))
    assert both.symbols == ["LAMP", "WICK"]
    assert both.bars.filter(symbol="WICK").select("close", "volume").unique().rows() == [(7.0, 200.0)]


def test_parts_of_dates_are_no_shares(tmp_path):
    path = written(tmp_path, text("Date,Year,Month,LAMP,WICK", "{d},2024,3,{c},7"))
    assert read_prices(path).symbols == ["LAMP", "WICK"]


def test_a_second_header_is_told_before_a_few_bars_are_a_question(tmp_path):
    path = written(tmp_path, "Date,Close\n2024-03-11,1\nDate,Close\n2023-03-11,2\n")
    with pytest.raises(InputError, match="line 3 is a second header"):
        read_prices(path, symbol="LAMP")


@pytest.mark.parametrize("mark", ["Rs. ", "Rs", "$", "₹ ", "US$", ""])
def test_a_wide_table_of_amounts(tmp_path, mark):
    rows = "".join(f'{day:%Y-%m-%d};"{mark}{1000 + n:,}.50";"{mark}{2000 + n:,}.50"\n' for n, day in enumerate(DAYS))
    bars = read_prices(written(tmp_path, f"Date;LAMP;WICK\n{rows}"), exchange="XNYS").bars
    assert bars.filter(pl.col("symbol") == "LAMP")["close"].to_list() == [1000.5 + n for n in range(len(DAYS))]
    assert bars.filter(pl.col("symbol") == "WICK")["close"].to_list() == [2000.5 + n for n in range(len(DAYS))]
