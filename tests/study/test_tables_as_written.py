"""Tables of a study as spreadsheets, services and libraries write them: the study is that of the plain frame."""

from __future__ import annotations

import zipfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

import correlator as co
from correlator.cli.app import app
from correlator.errors import CorrelatorWarning, InputError, NotFoundError, TimeError
from correlator.eventstudy.parts.study_files import read_events_file

rng = np.random.default_rng(12)
DAYS = [day for day in (date(2023, 1, 2) + timedelta(days=k) for k in range(420)) if day.weekday() < 5]
MARKET = 2_000 * np.exp(np.cumsum(rng.normal(0, 0.01, len(DAYS))))
PRICES = pl.DataFrame(
    {
        "Date": DAYS,
        "MKT": MARKET,
        "LAMP": 40 * np.exp(np.cumsum(rng.normal(0, 0.02, len(DAYS)))),
        "WICK": 90 * np.exp(np.cumsum(rng.normal(0, 0.02, len(DAYS)))),
    }
).with_columns(pl.col("MKT", "LAMP", "WICK").round(4))
EVENTS = pl.DataFrame({"symbol": ["LAMP", "WICK"], "date": [DAYS[250], DAYS[271]]})
OPTIONS = {"benchmark": "MKT", "estimation": "-120:-11", "window": "-1:1", "windows": "-1:1"}


def cars(events=EVENTS, **given) -> list[float]:
    return co.study(events=events, **({"prices": PRICES} | OPTIONS | given)).car["car"].to_list()


PLAIN = cars()


def texts(pattern: str) -> pl.DataFrame:
    return PRICES.with_columns(pl.col("Date").dt.strftime(pattern))


def commas() -> pl.DataFrame:
    return PRICES.with_columns(
        pl.col(name).map_elements(lambda value: f"{value:,.4f}", return_dtype=pl.String) for name in PRICES.columns[1:]
    )


def decimal_commas() -> pl.DataFrame:
    turned = [pl.col(name).str.replace_many({",": ".", ".": ","}) for name in PRICES.columns[1:]]
    return commas().with_columns(turned)


def long() -> pl.DataFrame:
    return PRICES.unpivot(index="Date", variable_name="Ticker", value_name="Close")


FRAMES = {
    "day first": lambda: texts("%d/%m/%Y"),
    "month first": lambda: texts("%m/%d/%Y"),
    "points": lambda: texts("%d.%m.%Y"),
    "names of months": lambda: texts("%b %d, %Y"),
    "categories": lambda: texts("%Y-%m-%d").cast({"Date": pl.Categorical}),
    "days of a workbook": lambda: PRICES.with_columns((pl.col("Date") - date(1899, 12, 30)).dt.total_days()),
    "seconds since 1970": lambda: PRICES.with_columns(pl.col("Date").dt.epoch("s")),
    "milliseconds since 1970": lambda: PRICES.with_columns(pl.col("Date").dt.epoch("ms")),
    "nanoseconds as text": lambda: PRICES.with_columns(pl.col("Date").dt.epoch("ns").cast(pl.String)),
    "marks of thousands": commas,
    "decimal commas": decimal_commas,
    "row numbers": lambda: PRICES.with_row_index("index"),
    "lazy": lambda: PRICES.lazy(),
    "lazy and long": lambda: long().lazy(),
    "a stream of batches": lambda: PRICES.to_arrow().to_reader(),
    "a stream of long batches": lambda: long().to_arrow().to_reader(),
    "long, with a dictionary": lambda: pa.table(
        {name: column.dictionary_encode() if name == "Ticker" else column for name, column in long_columns()}
    ),
    "sparse columns": lambda: PRICES.to_pandas().astype(dict.fromkeys(PRICES.columns[1:], "Sparse[float]")),
    "bars of each share, put together": lambda: pd.concat(
        {name: indexed()[[name]].set_axis(["Close"], axis=1) for name in NAMES}
    ),
    "stacked": lambda: indexed().stack(),
    "names of share and figure in one": lambda: PRICES.rename(
        lambda name: name if name == "Date" else f"{name}_Close"
    ).with_columns(LAMP_Volume=pl.lit(5.0), MKT_Open=pl.lit(7.0)),
    "figures beside words": lambda: (
        indexed().astype({"LAMP": object}).assign(LAMP=lambda frame: ["n/a", *frame["LAMP"][1:]])
    ),
}
NAMES = PRICES.columns[1:]


def indexed() -> pd.DataFrame:
    return PRICES.to_pandas().set_index("Date")


def long_columns():
    table = long().to_arrow()
    return zip(table.column_names, table.columns, strict=True)


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_read_as_the_plain_one(name: str) -> None:
    assert cars(prices=FRAMES[name]()) == pytest.approx(PLAIN, abs=1e-12)


@pytest.mark.parametrize("name", ["day first", "points", "days of a workbook", "marks of thousands", "decimal commas"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_is_read_as_the_plain_frame(tmp_path: Path, name: str, separator: str) -> None:
    path = tmp_path / "prices.csv"
    FRAMES[name]().write_csv(path, separator=separator)
    assert cars(prices=path) == pytest.approx(PLAIN, abs=1e-12)


TITLES = [
    "Prices of my fund\n\n",
    "Prices of my fund,,,\n",
    "Prices of my fund,,,\n,,,\n",
    "My fund\nCloses in rupees\n",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_stands_above_the_table(tmp_path: Path, title: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(title + PRICES.write_csv())
    assert cars(prices=path) == pytest.approx(PLAIN, abs=1e-12)


def test_commas_of_a_title_do_not_separate_columns(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("Closes, adjusted, in rupees\n" + PRICES.write_csv(separator=";"))
    assert cars(prices=path) == pytest.approx(PLAIN, abs=1e-12)


def test_a_workbook_of_many_rows_holds_few_texts(tmp_path: Path) -> None:
    long = PRICES.unpivot(index="Date", variable_name="Symbol", value_name="Close")
    long.with_columns(pl.col("Date").cast(pl.String)).to_pandas().to_excel(tmp_path / "prices.xlsx", index=False)
    assert cars(prices=str(tmp_path / "prices.xlsx")) == pytest.approx(PLAIN, abs=1e-12)


@pytest.mark.parametrize("name", ["date", "event_date", "published", "Announcement Date"])
@pytest.mark.parametrize("unit", [1, 1_000])
def test_dates_of_events_count_seconds(tmp_path: Path, name: str, unit: int) -> None:
    path = tmp_path / "events.csv"
    seconds = EVENTS.select(
        "symbol", pl.col("date").cast(pl.Datetime).dt.epoch("s").alias(name) * unit, title=pl.lit("Talks")
    )
    seconds.write_csv(path)
    assert cars(str(path)) == PLAIN
    assert cars(seconds) == PLAIN


@pytest.mark.parametrize("tail", ["Total,1,2,3\n", "\nSource: my own\n", "\nNote: all in rupees, as traded\n"])
def test_what_stands_below_the_table_is_left_out_and_told(tmp_path: Path, tail: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(PRICES.write_csv() + tail)
    with pytest.warns(CorrelatorWarning, match=f"1 row of prices without a date, first '{tail.strip()[:5]}.*left out"):
        assert cars(prices=path) == pytest.approx(PLAIN, abs=1e-12)


def test_a_row_without_a_date_is_told() -> None:
    lost = PRICES.with_columns(Date=pl.when(pl.int_range(pl.len()) == 30).then(None).otherwise("Date"))
    with pytest.warns(CorrelatorWarning, match="1 row of prices without a date"):
        cars(prices=lost)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("cell", [None, ""])
def test_a_row_without_anything_is_not_told(cell: str | None) -> None:
    texts = PRICES.select(pl.all().cast(pl.String))
    nothing = pl.DataFrame({name: [cell] for name in texts.columns}, schema=texts.schema)
    assert cars(prices=pl.concat([texts, nothing])) == pytest.approx(PLAIN, abs=1e-12)


def test_a_date_in_the_middle_that_cannot_be_read_is_refused() -> None:
    dates = PRICES["Date"].cast(pl.String).to_list()
    dates[40] = "2023-02-30"
    with pytest.raises(TimeError, match="'2023-02-30' in column 'Date' of prices is not a date"):
        cars(prices=PRICES.with_columns(Date=pl.Series(dates)))


def test_dates_that_can_be_read_in_two_ways_are_refused() -> None:
    with pytest.raises(TimeError, match="could be day-month or month-day.*write YYYY-MM-DD"):
        cars(EVENTS.with_columns(date=pl.Series(["05/02/2024", "06/02/2024"])))


def test_a_price_of_per_cent_is_refused_and_a_return_is_a_hundredth() -> None:
    returns = PRICES.select("Date", pl.exclude("Date").pct_change().fill_null(0.0))
    shown = returns.with_columns(
        pl.col(name).map_elements(lambda value: f"{100 * value:.10f}%", return_dtype=pl.String)
        for name in returns.columns[1:]
    )
    wanted = cars(prices=None, returns=returns)
    assert cars(prices=None, returns=shown) == pytest.approx(wanted, abs=1e-9)
    with pytest.raises(InputError, match="column 'MKT' of prices: '0.0000000000%' is not a number"):
        cars(prices=shown)


def test_rows_that_are_equal_are_one() -> None:
    with pytest.warns(CorrelatorWarning, match="2 duplicate rows of prices"):
        assert cars(prices=pl.concat([PRICES, PRICES.tail(2)])) == pytest.approx(PLAIN, abs=1e-12)
    with pytest.raises(InputError, match="several rows for .* that differ"):
        cars(prices=pl.concat([PRICES, PRICES.tail(1).with_columns(LAMP=1.0)]))


def test_returns_below_zero_may_stand_in_brackets() -> None:
    returns = PRICES.select("Date", pl.exclude("Date").log().diff()).tail(-1)
    written = returns.with_columns(
        pl.exclude("Date").map_elements(lambda x: f"({-x:.12f})" if x < 0 else f"{x:.12f}", return_dtype=pl.String)
    )
    assert cars(returns=written, prices=None) == pytest.approx(PLAIN, abs=1e-9)


def test_periods_longer_than_a_day_are_told_as_in_files() -> None:
    months = indexed().set_axis(pd.DatetimeIndex(DAYS)).resample("ME").last().to_period("M")
    with pytest.raises(TimeError, match="'2023-01' is a month, not a day"):
        cars(prices=months)
    quarters = EVENTS.to_pandas().assign(quarter=pd.PeriodIndex(["2023Q1", "2023Q2"], freq="Q"))
    found = co.study(events=quarters, prices=PRICES, by="quarter", **OPTIONS)
    assert found.caar["quarter"].to_list() == ["2023Q1", "2023Q2"]


def test_row_numbers_are_no_share_of_the_market() -> None:
    wanted = cars(benchmark="equal-weighted")
    assert cars(benchmark="equal-weighted", prices=PRICES.with_row_index("index")) == pytest.approx(wanted, abs=1e-12)
    named = PRICES.select("Date", (pl.col("LAMP") * 2).alias("index"), pl.exclude("Date"))  # a share of that name
    assert cars(benchmark="equal-weighted", prices=named) != pytest.approx(wanted, abs=1e-12)


def test_parts_of_dates_are_no_shares_of_the_market() -> None:
    wanted = cars(benchmark="equal-weighted")
    day = pl.col("Date")
    parts = PRICES.with_columns(day.dt.year().alias("Year"), day.dt.month().alias("mm"), day.dt.weekday().alias("Dow"))
    assert cars(benchmark="equal-weighted", prices=parts) == pytest.approx(wanted, abs=1e-12)
    named = PRICES.with_columns(WK=pl.col("LAMP") * 2)  # a share of that name
    assert cars(benchmark="equal-weighted", prices=named) != pytest.approx(wanted, abs=1e-12)
    with pytest.warns(CorrelatorWarning, match="mean contains 'Volume', called like figures"):
        cars(benchmark="equal-weighted", prices=PRICES.with_columns(Volume=pl.col("LAMP") * 1e6))


@pytest.mark.parametrize("rounded", [2, 12])
def test_a_sum_or_mean_of_the_columns_is_no_share_of_the_market(tmp_path: Path, rounded: int) -> None:
    wanted = cars(benchmark="equal-weighted")
    shares = pl.exclude("Date")
    sums = {"Total": pl.sum_horizontal(shares).round(rounded), "MEAN": pl.mean_horizontal(shares).round(rounded)}
    for names in (["Total"], ["MEAN"], ["MEAN", "Total"]):
        wide = PRICES.with_columns(**{name: sums[name] for name in names})
        left_out = " and ".join(map(repr, names)) if len(names) == 1 else "'MEAN', 'Total'"
        with pytest.warns(CorrelatorWarning, match=f"the equal-weighted mean leaves out {left_out}"):
            assert cars(benchmark="equal-weighted", prices=wide) == pytest.approx(wanted, abs=1e-12)
        wide.write_csv(tmp_path / "wide.csv")
        read = co.read_prices(tmp_path / "wide.csv", exchange="XNYS")
        assert set(read.bars["symbol"]) == set(PRICES.columns) - {"Date"}
        assert f"skipped {', '.join(names)}: a sum or mean of the other columns" in read.notes
    near = PRICES.with_columns(NEAR=sums["MEAN"] * pl.Series(np.linspace(1, 1.01, PRICES.height)))
    assert cars(benchmark="equal-weighted", prices=near) != pytest.approx(wanted, abs=1e-6)


def test_a_total_is_no_donor() -> None:
    rng = np.random.default_rng(7)
    more = {f"D{k}": 30 * np.exp(np.cumsum(rng.normal(0, 0.02, len(DAYS)))) for k in range(6)}
    prices, options = PRICES.drop("MKT").with_columns(**more), {"benchmark": None, "model": "synthetic"}
    total = prices.with_columns(Total=pl.sum_horizontal(pl.exclude("Date")))
    with pytest.warns(CorrelatorWarning, match="the choice of donors leaves out 'Total'"):
        assert cars(prices=total, **options) == pytest.approx(cars(prices=prices, **options), abs=1e-12)


def test_names_that_libraries_made_distinct_are_named_twice(tmp_path: Path) -> None:
    again = PRICES.with_columns((pl.col("WICK") * 2).alias("LAMP.1"))
    again.write_csv(tmp_path / "prices.csv")
    for prices in (again, again.to_pandas(), tmp_path / "prices.csv"):
        with pytest.raises(InputError, match=r"two columns named 'LAMP' \('LAMP.1'\)"):
            cars(prices=prices)
    tenors = PRICES.rename({"LAMP": "1", "WICK": "1.5"})
    assert cars(EVENTS.with_columns(symbol=pl.lit("1.5")), prices=tenors)


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y", "%B %d, %Y", "%Y/%m/%d", "%Y%m%d"])
def test_events_are_dated_as_they_are_written(tmp_path: Path, pattern: str) -> None:
    written = EVENTS.with_columns(pl.col("date").dt.strftime(pattern))
    assert cars(written) == pytest.approx(PLAIN, abs=1e-12)
    written.write_csv(tmp_path / "events.csv", separator=";")
    assert cars(tmp_path / "events.csv") == pytest.approx(PLAIN, abs=1e-12)


@pytest.mark.parametrize(
    "names",
    [
        *(("Ticker Symbol", "Announcement Date"), ("RIC", "Date"), ("Symbole", "Jour"), ("ISIN", "Date")),
        *(("permno", "date"), ("Firm ID", "Event Date"), ("OFTIC", "ANNDATS"), ("Hisse", "Tarih")),
    ],
)
def test_events_call_their_columns_as_prices_do(names) -> None:
    assert cars(EVENTS.rename(dict(zip(EVENTS.columns, names, strict=True)))) == pytest.approx(PLAIN, abs=1e-12)


def test_days_of_events_that_a_workbook_counts() -> None:
    zero = pl.lit(date(1899, 12, 30))
    counted = EVENTS.with_columns((pl.col("date") - zero).dt.total_days())
    for kind in (pl.Int64, pl.String, pl.Float64):
        assert cars(counted.with_columns(pl.col("date").cast(kind))) == pytest.approx(PLAIN, abs=1e-12)
    since_1960 = EVENTS.with_columns((pl.col("date") - pl.lit(date(1960, 1, 1))).dt.total_days())
    with pytest.raises(TimeError, match="may or may not be a day number"):
        cars(since_1960)


def test_events_that_name_two_shares_or_no_columns_are_refused() -> None:
    two = EVENTS.rename({"symbol": "Target Ticker"}).with_columns(pl.lit("WICK").alias("Acquiror Ticker"))
    with pytest.raises(InputError, match="symbols in both 'Target Ticker' and 'Acquiror Ticker'"):
        cars(two)
    with pytest.raises(NotFoundError, match="no header.*add the line symbol,date"):
        cars(pl.DataFrame({"LAMP": ["WICK"], "2024-01-05": ["2024-01-08"]}))


def test_two_columns_of_symbols_are_a_question_if_they_name_other_shares() -> None:
    for second, other in (("RIC", "WICK.N"), ("Security", "WICK"), ("tic", "wick")):
        with pytest.raises(InputError, match=f"symbols in both 'Ticker' and '{second}'"):
            cars(EVENTS.rename({"symbol": "Ticker"}).with_columns(pl.lit(other).alias(second)))
    for second, other in (
        ("RIC", "{}.N"),
        ("tic", "{} US Equity"),
        ("security", "{} INDUSTRIES"),
        ("scripcode", "500"),
    ):
        cells = pl.format(other, "symbol") if "{}" in other else pl.lit(other)
        assert cars(EVENTS.with_columns(cells.alias(second)).rename({"symbol": "Ticker"})) == pytest.approx(PLAIN)
    with pytest.warns(CorrelatorWarning, match="name other shares in column 'ticker': those of 'symbol' are used"):
        assert cars(EVENTS.with_columns(ticker=pl.lit("WICK"))) == PLAIN


def test_numbers_may_name_shares() -> None:
    numbered = PRICES.to_pandas().set_index("Date").rename(columns={"MKT": 1, "LAMP": 10107, "WICK": 12490})
    for numbers in ([10107, 12490], [10107.0, 12490.0]):
        found = pd.DataFrame({"permno": numbers, "date": EVENTS["date"].to_list()})
        assert cars(found, prices=numbered, benchmark=1) == pytest.approx(PLAIN, abs=1e-12)


def test_events_put_together_of_two_files_are_refused_and_no_dates_are_none(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    rows = "".join(f"{symbol},{day}\n" for symbol, day in EVENTS.rows())
    path.write_text(f"symbol,date\n{rows}symbol,date\n{rows}", encoding="utf-8")
    with pytest.raises(InputError, match="row 3 of events repeats the header"):
        cars(str(path))
    path.write_text(f"symbol,date\n{rows}LAMP,NaT\nLAMP,n/a\n", encoding="utf-8")
    found = co.study(prices=PRICES, events=str(path), **OPTIONS)
    assert found.car["car"].to_list() == PLAIN
    assert found.excluded["event_id"].to_list() == [3, 4]


def test_a_title_stands_above_events(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "events.csv"
    for title in ("Events of mine\n\n", "Events of mine\n", "Events of mine\nas of May\n", "# events\n"):
        path.write_text(title + EVENTS.write_csv())
        assert read_events_file(path)["symbol"].to_list() == ["LAMP", "WICK"]
    with xlsxwriter.Workbook(tmp_path / "events.xlsx") as book:
        sheet = book.add_worksheet("events")
        sheet.merge_range("A1:B1", "Events of mine")
        for k, row in enumerate([EVENTS.columns, *EVENTS.cast(pl.String).rows()], start=1):
            sheet.write_row(k, 0, row)
    assert read_events_file(tmp_path / "events.xlsx")["symbol"].to_list() == ["LAMP", "WICK"]


def test_a_table_without_events_is_refused() -> None:
    none = pd.DataFrame({"symbol": [], "date": []}).astype({"symbol": str})
    with pytest.raises(InputError, match="events have no rows"):
        co.study(events=none, prices=PRICES, **OPTIONS)


@pytest.mark.parametrize("row", [",(index),(USD),(USD)", ",USD,USD,GBp", "dd/mm/yyyy,USD,USD,USD"])
@pytest.mark.parametrize("door", ["csv", "xlsx", "frame"])
def test_a_row_of_units_below_the_names_changes_nothing(tmp_path: Path, row: str, door: str) -> None:
    """Returns do not depend on what prices are in, nor do names."""
    first, rest = PRICES.write_csv().split("\n", 1)
    path = tmp_path / "prices.csv"
    path.write_text(f"{first}\n{row}\n{rest}")
    source: object = path
    if door == "xlsx":
        source = tmp_path / "prices.xlsx"
        pd.read_csv(path, header=None, dtype=str).to_excel(source, header=False, index=False)
    if door == "frame":
        source = pd.read_csv(path)
    result = co.study(events=EVENTS, **({"prices": source} | OPTIONS))
    assert result.car["car"].to_list() == pytest.approx(PLAIN, abs=1e-9)
    assert result.car["symbol"].to_list() == ["LAMP", "WICK"]


def test_a_currency_behind_a_name_is_found_by_the_name() -> None:
    named = PRICES.rename({"LAMP": "LAMP (GBp)", "WICK": "WICK [USD]", "MKT": "MKT (USD)"})
    assert cars(prices=named) == PLAIN
    several = PRICES.rename({"WICK": "LAMP (USD)", "LAMP": "LAMP (EUR)"})
    result = co.study(events=EVENTS.head(1), **({"prices": several} | OPTIONS))
    assert result.excluded["reason"].to_list() == ["no bars for symbol LAMP"]


def test_a_zip_of_several_files_of_bars_is_read_as_a_load_reads_it(tmp_path: Path) -> None:
    path, bare = tmp_path / "bars.zip", tmp_path / "bare.zip"
    for target, named in ((path, True), (bare, False)):
        with zipfile.ZipFile(target, "w") as archive:
            for share in ("MKT", "LAMP", "WICK"):
                bars = PRICES.select("Date", pl.col(share).alias("Close"))
                bars = bars.with_columns(pl.lit(share).alias("Symbol")) if named else bars
                archive.writestr(f"{share}.csv", bars.write_csv())
    assert cars(prices=path) == pytest.approx(PLAIN, abs=1e-9)
    with pytest.raises(InputError, match="3 files .* do not state their symbol"):
        cars(prices=bare)


def test_several_sheets_name_no_option_that_the_door_has_not(tmp_path: Path) -> None:
    path = tmp_path / "two.xlsx"
    with pd.ExcelWriter(path) as book:
        for name in ("Old", "New"):
            EVENTS.to_pandas().assign(size=1.5).to_excel(book, sheet_name=name, index=False)
    with pytest.raises(InputError, match=r"2 sheets with a table \(Old, New\) \(save the one you mean as CSV\)"):
        cars(path)
    with pytest.raises(InputError, match=r"or name it by symbol \(--symbol\)"):
        co.read_prices(path)


def test_returns_of_a_row_per_share_and_day(tmp_path: Path) -> None:
    wide = PRICES.with_columns(pl.exclude("Date").log().diff())
    long = wide.unpivot(index="Date", variable_name="TICKER", value_name="RET").with_columns(RETX=pl.lit(0.5))
    wanted = cars(prices=None, returns=wide)
    assert wanted == pytest.approx(PLAIN, abs=1e-12)
    assert cars(prices=None, returns=long) == pytest.approx(PLAIN, abs=1e-12)
    text = long.with_columns(pl.col("Date").dt.strftime("%Y%m%d"), pl.col("RET").cast(pl.String).fill_null("C"))
    text.write_csv(tmp_path / "crsp.csv")
    assert cars(prices=None, returns=tmp_path / "crsp.csv") == pytest.approx(PLAIN, abs=1e-12)
    with pytest.raises(InputError, match="several returns of [A-Z]+ on 2023"):
        cars(prices=None, returns=pl.concat([long, long.head(9).with_columns(RET=pl.lit(0.5))]))
    assert cars(prices=None, returns=long.with_columns(Return="RET")) == pytest.approx(PLAIN, abs=1e-12)
    with pytest.raises(InputError, match="two columns of returns that differ: 'RET' and 'Return'"):
        cars(prices=None, returns=long.with_columns(Return=pl.col("RET") / 2))


def test_closes_of_a_row_per_share_and_day_may_have_short_names() -> None:
    long = PRICES.unpivot(index="Date", variable_name="TICKER", value_name="PRC")
    assert cars(prices=long) == pytest.approx(PLAIN, abs=1e-12)


def test_a_yield_among_prices_is_told() -> None:
    with pytest.warns(CorrelatorWarning, match="DGS10 is a yield by name"):
        cars(prices=PRICES.with_columns(DGS10=pl.lit(4.0) + pl.int_range(pl.len()) % 7 / 100))


def test_a_benchmark_may_be_a_file_of_its_own(tmp_path: Path) -> None:
    market = PRICES.select("Date", *(pl.col("MKT").alias(name) for name in ("Price", "Open", "High", "Low")))
    market.write_csv(tmp_path / "index.csv")
    PRICES.drop("MKT").write_csv(tmp_path / "shares.csv")
    EVENTS.write_csv(tmp_path / "events.csv")
    files = {name: str(tmp_path / f"{name}.csv") for name in ("shares", "events", "index")}
    assert cars(prices=files["shares"], benchmark=files["index"]) == pytest.approx(PLAIN, abs=1e-12)
    words = ["study", "--prices", files["shares"], "--events", files["events"], "--benchmark", files["index"]]
    made = CliRunner().invoke(app, [*words, "--estimation", "-120:-11", "--window", "-1:1", "--output", "car"])
    assert made.exit_code == 0


def test_volumes_are_checked_as_prices_are() -> None:
    traded = PRICES.with_columns((pl.exclude("Date") * 1_000).round())
    late = pl.col("Date") >= PRICES["Date"][200]

    def told(volumes: pl.DataFrame, match: str) -> None:
        with pytest.warns(CorrelatorWarning, match=match):
            co.study(volumes=volumes, events=EVENTS, **OPTIONS)

    in_thousands = traded.with_columns(pl.when(late).then(pl.col("LAMP") / 1_000).otherwise("LAMP").alias("LAMP"))
    told(in_thousands, f"volumes of LAMP change their unit on {PRICES['Date'][200]}.*times less")
    idle = traded.with_columns(pl.when(pl.col("Date") == PRICES["Date"][200]).then(0.0).otherwise("LAMP").alias("LAMP"))
    told(idle, "1 of volumes are zero, negative or infinite, first LAMP")
    with pytest.raises(InputError, match="returns has no effect in a study of volumes"):
        co.study(volumes=traded, events=EVENTS, returns="simple", **OPTIONS)


def test_adjusted_closes_that_move_alone_are_told() -> None:
    late = pl.col("Date") >= PRICES["Date"][200]
    adjusted = PRICES.select("Date", Close="LAMP", adj=pl.when(late).then("LAMP").otherwise(pl.col("LAMP") * 0.7))
    bars = {name: PRICES.select("Date", Close=name) for name in ("MKT", "WICK")}
    with pytest.warns(CorrelatorWarning, match=f"LAMP on {PRICES['Date'][200]}: adjusted close .* the plain close"):
        cars(prices={**bars, "LAMP": adjusted.rename({"adj": "Adj Close"})})


def test_a_name_in_two_cases_is_a_question(tmp_path: Path) -> None:
    for name, own in (("Date", "date"), ("SYMBOL", "symbol")):
        twice = EVENTS.with_columns(pl.lit(EVENTS[own][0]).alias(name))
        twice.write_csv(tmp_path / "events.csv")
        for source in (twice, tmp_path / "events.csv"):
            with pytest.raises(InputError, match=f"have the columns '{own}' and '{name}'"):
                cars(source)
