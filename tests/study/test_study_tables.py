"""Tables of a study as newcomers have them: bars of libraries and services, workbooks, other encodings, paths."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import correlator as co
from correlator.errors import CorrelatorWarning, InputError
from correlator.research.study_tables import study_table, tables_named

OPTIONS = {"model": "mean", "estimation": (-100, -11), "window": (-5, 5), "windows": "-1:1"}


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    """Bars of one share, as a library returns them: dates as index, figures as columns."""
    days = co.sessions_between("XNAS", date(2023, 1, 3), date(2023, 12, 29))["session"].to_list()
    close = np.round(50 * np.exp(np.cumsum(np.random.default_rng(4).normal(0, 0.02, len(days)))), 2)
    return pd.DataFrame(
        {"Open": close * 0.99, "High": close * 1.02, "Low": close * 0.98, "Close": close, "Volume": 1_000},
        index=pd.DatetimeIndex(days, name="Date"),
    )


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    return pl.DataFrame({"symbol": ["LAMP", "LAMP"], "date": ["2023-09-14", "2023-10-18"]})


@pytest.fixture(scope="module")
def expected(bars, events) -> pl.DataFrame:
    wide = bars[["Close"]].rename(columns={"Close": "LAMP"})
    return co.study(prices=wide, events=events, **OPTIONS).car


def two_levels(bars: pd.DataFrame) -> pd.DataFrame:
    other = bars * 1.5
    return pd.concat({"LAMP": bars, "DESK": other}, axis=1).swaplevel(axis=1).sort_index(axis=1)


@pytest.mark.parametrize(
    "shape",
    [
        lambda bars: {"LAMP": bars},
        two_levels,
        lambda bars: pd.concat({"LAMP": bars, "DESK": bars * 1.5}, axis=1),
        lambda bars: two_levels(bars).loc[:, pd.IndexSlice[:, ["LAMP"]]],
        lambda bars: bars.reset_index().assign(symbol="LAMP"),
        lambda bars: pl.from_pandas(bars.reset_index().assign(Ticker="LAMP")),
        lambda bars: bars["Close"].rename("LAMP"),
        lambda bars: {"LAMP": bars, "DESK": bars * 1.5},
    ],
    ids=["mapping", "levels", "levels turned", "one of two levels", "long", "long polars", "series", "mapping of two"],
)
def test_bars_of_every_shape_are_the_wide_table(bars, events, expected, shape):
    measured = co.study(prices=shape(bars), events=events, **OPTIONS)
    assert measured.car.equals(expected)


def test_files_of_every_container_are_the_wide_table(bars, events, expected, tmp_path):
    """Prices and events as CSV with other separators and encodings, as workbooks, JSON and Parquet; paths in Python."""
    wide = pl.from_pandas(bars[["Close"]].rename(columns={"Close": "LAMP"}).reset_index()).with_columns(
        pl.col("Date").cast(pl.Date)
    )
    wide.write_excel(tmp_path / "w.xlsx")
    wide.write_csv(tmp_path / "w.csv", separator=";")
    (tmp_path / "w16.csv").write_text(wide.write_csv(), encoding="utf-16")
    wide.write_parquet(tmp_path / "w.pq")
    events.write_excel(tmp_path / "e.xlsx")
    events.write_json(tmp_path / "e.json")
    events.write_ndjson(tmp_path / "e.ndjson")
    (tmp_path / "e16.csv").write_text(events.write_csv(), encoding="utf-16")
    (tmp_path / "mac.csv").write_bytes(events.write_csv().replace("\n", "\r").encode())
    for prices in ("w.xlsx", "w.csv", "w16.csv", "w.pq"):
        assert co.study(prices=tmp_path / prices, events=events, **OPTIONS).car.equals(expected), prices
    for rows in ("e.xlsx", "e.json", "e.ndjson", "e16.csv", "mac.csv"):
        assert co.study(prices=tmp_path / "w.pq", events=str(tmp_path / rows), **OPTIONS).car.equals(expected), rows


def test_bars_of_one_share_need_its_name(bars, events):
    with pytest.raises(InputError, match="but no symbol"):
        co.study(prices=bars, events=events, **OPTIONS)


def test_a_question_that_a_study_has_no_option_for_says_where_there_is_one(bars, events):
    quotes = bars.rename(columns={"Close": "BidClose"}).assign(AskClose=bars["Close"] + 0.01)
    with pytest.raises(InputError, match=r"--column close=AskClose: an option of `add prices` and of co.read_prices"):
        co.study(prices={"LAMP": quotes}, events=events, **OPTIONS)
    chosen = co.read_prices(quotes, symbol="LAMP", exchange="XNAS", columns={"date": "Date", "close": "BidClose"}).bars
    found = co.study(prices={"LAMP": chosen}, events=events, **OPTIONS)
    assert found.car.equals(co.study(prices={"LAMP": bars}, events=events, **OPTIONS).car)


def test_tickers_that_are_words_of_bars_stay_shares():
    """C, V, LOW and OPEN are shares where no close stands beside them."""
    wide = pl.DataFrame({"Date": ["2024-01-02"], "C": [1.0], "V": [2.0], "LOW": [3.0], "OPEN": [4.0]})
    assert study_table(wide, "prices").frame is wide


def test_a_benchmark_of_bars_is_its_close(bars, events):
    """Of a frame of bars the close is the benchmark, and not the first column."""
    market = bars * [1.3, 1.1, 0.9, 1.0, 1.0]
    closes = bars[["Close"]].rename(columns={"Close": "MKT"})
    options = {**OPTIONS, "model": "market"}
    prices = {"LAMP": bars.assign(Close=bars["Close"] * np.linspace(1, 2, len(bars)))}
    asked = co.study(prices=prices, events=events, benchmark=market, **options).car
    assert asked.equals(co.study(prices=prices, events=events, benchmark=closes, **options).car)


def test_adjusted_closes_with_gaps_are_left_and_told(bars):
    gap = bars.assign(**{"Adj Close": bars["Close"] / 2})
    gap.iloc[3, -1] = np.nan
    with pytest.warns(CorrelatorWarning, match="have gaps"):
        table = study_table({"LAMP": gap}, "prices").frame
    assert np.allclose(table["LAMP"], bars["Close"])
    whole = bars.assign(**{"Adj Close": bars["Close"] / 2})
    assert np.allclose(study_table({"LAMP": whole}, "prices").frame["LAMP"], bars["Close"] / 2)


def test_a_study_that_measures_nothing_says_so(bars, events):
    wide = bars[["Close"]].rename(columns={"Close": "DESK"})
    with pytest.warns(CorrelatorWarning, match=r"no bars for symbol LAMP \(2 of 2\)"):
        assert co.study(prices=wide, events=events, **OPTIONS).excluded.height == 2


def test_on_the_command_line(bars, events, tmp_path: Path):
    bars.to_csv(tmp_path / "lamp.csv")
    events.write_csv(tmp_path / "e.csv")
    program = str(Path(sys.executable).with_name("correlator"))
    shape = ["--model", "mean", "--estimation=-100:-11", "--window=-5:5", "--windows=-1:1"]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [program, "study", "--events", "e.csv", *shape, *more]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run("--prices", "LAMP=lamp.csv", "--output", "car").stdout.count("LAMP") == 2
    nameless = run("--prices", "lamp.csv")
    assert (nameless.returncode, nameless.stdout) == (3, "")
    assert "--prices AIRLINK=FILE" in nameless.stderr
    nothing = run("--prices", "DESK=lamp.csv")
    assert (nothing.returncode, nothing.stdout) == (5, "")
    assert "no bars for symbol LAMP (2 of 2)" in nothing.stderr
    assert run("--prices", "DESK=lamp.csv", "--output", "excluded").returncode == 0


def test_files_are_named_once_each():
    with pytest.raises(InputError, match="no symbol"):
        tables_named(["a.csv", "HBL=b.csv"], "prices")
    with pytest.raises(InputError, match="given twice"):
        tables_named(["HBL=a.csv", "HBL=b.csv"], "prices")


def _minutes(first: str) -> pl.DataFrame:
    """Bars of 30 minutes of two shares on 40 sessions of New York, the first of a session stamped ``first``."""
    days = pd.bdate_range("2024-03-11", "2024-05-03", tz="America/New_York")
    stamps = [day + pd.Timedelta(first) + pd.Timedelta(minutes=30 * bar) for day in days for bar in range(13)]
    chance = np.random.default_rng(4)
    return pl.concat(
        pl.DataFrame(
            {"time": stamps, "ticker": name, "close": 50 * np.exp(np.cumsum(chance.normal(0, 0.01, len(stamps))))}
        )
        for name in ("LAMP", "MKT")
    )


@pytest.mark.parametrize("first", ["9:30:00", "10:00:00"])
def test_bars_within_days_are_studied_alike_in_every_shape(first, tmp_path):
    long = _minutes(first)
    shares = {name: long.filter(ticker=name).drop("ticker") for name in ("LAMP", "MKT")}
    long.write_csv(tmp_path / "long.csv")
    events = pl.DataFrame({"symbol": ["LAMP"], "date": ["2024-04-10T14:07:00Z"]})
    options = {"benchmark": "MKT", "exchange": "XNYS", "events": events, "estimation": (-100, -20)}
    in_utc = pl.col("session").cast(pl.Datetime("us", "UTC"))
    expected = co.study(prices=long.pivot(on="ticker", index="time", values="close"), **options).ar.with_columns(in_utc)
    for source in (long, long.to_pandas(), shares, tmp_path / "long.csv"):
        assert co.study(prices=source, **options).ar.equals(expected)
    with pytest.raises(InputError, match="mixes daily and intraday bars"):
        co.study(prices={**shares, "DAY": pl.DataFrame({"date": ["2024-03-11"], "close": [1.0]})}, **options)


def test_a_study_tells_how_its_tables_were_read(bars, events, tmp_path):
    result = co.study(prices={"LAMP": bars}, events=events, **OPTIONS)
    (note,) = result.notes
    assert note.startswith("prices is read as bars of LAMP")
    assert result.made["notes"] == [note]
    assert f"<p>{note}</p>" in result._repr_html_()
    days = pd.date_range("2023-01-03", "2023-12-29")
    rows = [f"{day:%Y%m%d},{(-1) ** at * (0.5 + at % 7):.2f},0.02" for at, day in enumerate(days)]
    (tmp_path / "f.csv").write_text("\n".join(["Made from the 202312 data", "", ",Mkt-RF,RF", *rows, "", "Copyright"]))
    options = {**OPTIONS, "model": "factors", "factors": tmp_path / "f.csv", "risk_free": "RF"}
    told = co.study(prices={"LAMP": bars}, events=events, **options).notes
    assert told[0] == note
    assert told[1].startswith("f.csv: ")
