"""Former names of events, volumes below zero, bars before a calendar begins, prices that yfinance repairs."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from correlator.cli.app import app
from correlator.errors import InputError
from correlator.eventstudy.matrix import study_frames
from correlator.intake.events import add_events
from correlator.intake.prices import add_prices
from correlator.market.audit.prices import audit_prices
from correlator.market.reading.files import read_prices
from correlator.research.study import study
from correlator.sessions.calendars import calendar_reach, sessions_between
from correlator.store.db import Store

pytestmark = pytest.mark.filterwarnings("ignore::correlator.errors.CorrelatorWarning")
WINDOWS = {"window": (-2, 2), "estimation": (-150, -11)}


def made(first: date, last: date, seed: int, exchange: str = "XNAS") -> pl.DataFrame:
    days = sessions_between(exchange, first, last)["session"]
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, len(days))))
    return pl.DataFrame({"Date": days, "Close": close, "Volume": np.full(len(days), 1000)})


EVENTS = [("FB", "2022-03-14"), ("META", "2022-09-14"), ("FB", "2022-09-14")]


def test_an_event_under_a_former_name_in_frames():
    meta, market = (made(date(2021, 6, 1), date(2022, 12, 30), seed) for seed in (1, 2))
    prices = pl.DataFrame({"date": meta["Date"], "META": meta["Close"], "MKT": market["Close"]})
    events = pl.DataFrame(EVENTS, schema=["symbol", "date"], orient="row").with_columns(pl.col("date").str.to_date())
    found = study_frames(prices=prices, events=events, benchmark="MKT", **WINDOWS)
    assert found.models.select("event_id", "symbol").rows() == [(1, "META"), (2, "META")]
    assert found.excluded["reason"].to_list() == ["no bars for symbol FB"]


def test_an_event_under_a_former_name_in_a_store(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    add_prices(store, made(date(2021, 6, 1), date(2022, 12, 30), 1), symbol="META", exchange="XNAS")
    add_prices(store, made(date(2021, 6, 1), date(2022, 12, 30), 2), symbol="MKT", exchange="XNAS")
    rows = [(symbol, day, "CONSULT") for symbol, day in EVENTS]
    add_events(store, pl.DataFrame(rows, schema=["symbol", "date", "category"], orient="row"))
    found = study(store, "META", benchmark="MKT", **WINDOWS)
    zero = found.ar.filter(pl.col("day") == 0)["session"].to_list()
    assert zero == [date(2022, 3, 15), date(2022, 9, 15)]
    assert found.excluded["reason"].to_list() == ["no instrument of the store is called FB"]


def test_volumes_below_zero_are_unknown_and_told():
    rows = made(date(2024, 1, 2), date(2024, 6, 28), 3).with_columns(
        Volume=pl.when(pl.int_range(pl.len()) == 7).then(-500).otherwise("Volume")
    )
    file = read_prices(rows, symbol="LAMP", exchange="XNAS")
    assert any("1 negative volumes" in note for note in file.notes)
    assert file.bars["volume"].null_count() == 1
    stored = file.bars.with_columns(pl.col("volume").fill_null(-500))
    found = audit_prices(stored, exchange="XNAS")
    assert found.filter(pl.col("evidence") == "volume -500")["check"].to_list() == ["ohlc"]


def test_bars_before_the_calendar_stop_no_study(tmp_path):
    first, _ = calendar_reach("XKAR")
    early = [first - timedelta(days=3000 + k) for k in range(5)]
    store = Store(tmp_path / "m.duckdb")
    recent = made(date(2023, 1, 2), date(2024, 6, 28), 4, "XKAR")
    bars = pl.concat([recent, recent.head(5).with_columns(pl.Series("Date", early))])
    add_prices(store, bars, symbol="LAMP", exchange="XKAR")
    add_prices(store, made(date(2023, 1, 2), date(2024, 6, 28), 5, "XKAR"), symbol="MKT", exchange="XKAR")
    rows = [("LAMP", "2024-03-14", "CONSULT")]
    add_events(store, pl.DataFrame(rows, schema=["symbol", "date", "category"], orient="row"))
    with pytest.warns(UserWarning, match="5 bars left out on days that are not sessions of XKAR"):
        found = study(store, "LAMP", benchmark="MKT", **WINDOWS)
    assert found.car.height == 2


def test_repair_is_of_yahoo_alone(tmp_path):
    words = ["add", "prices", "aapl.us", "--store", str(tmp_path / "m.duckdb"), "--repair"]
    for more, said in (
        (["--source", "stooq"], "stooq does not support --repair"),
        ([], "--repair applies only to downloads"),
    ):
        answer = CliRunner().invoke(app, [*words, *more])
        assert answer.exit_code != 0
        assert said in str(answer.exception)


@pytest.mark.parametrize(
    "days", [("11/03/2667", "13/03/2667"), ("1445-09-01", "1445-09-02"), ("2999-01-04", "2999-01-05")]
)
def test_years_of_another_calendar_are_refused(tmp_path, days):
    path = tmp_path / "p.csv"
    path.write_text("Date,Close\n" + "".join(f"{day},10.5\n" for day in days), encoding="utf-8")
    with pytest.raises(InputError, match="are out of range"):
        read_prices(path, symbol="LAMP", exchange="XNAS")


def test_one_day_in_a_year_to_come_is_no_bar(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("Date,Close\n2024-03-11,10\n2024-03-12,11\n2204-03-13,12\n", encoding="utf-8")
    file = read_prices(path, symbol="LAMP", exchange="XNAS")
    assert file.bars.height == 2
    assert file.rejects.select("source_line", "reason").rows() == [(4, "the date cannot be read")]


@pytest.mark.parametrize("header", ["Date,O,C", "Date,C,V"])
def test_letters_of_a_bar_alone_are_a_question(tmp_path, header):
    path = tmp_path / "p.csv"
    path.write_text(f"{header}\n2024-03-11,10,11\n2024-03-12,11,12\n", encoding="utf-8")
    with pytest.raises(InputError, match="could be fields of one share, or 2 shares"):
        read_prices(path, exchange="XNAS")
    assert set(read_prices(path, exchange="XNAS", layout="wide").bars["symbol"]) == set(header.split(",")[1:])
