"""Dates of a frame that stand a day off are refused or told, as those of a store are: with an exchange and without."""

from __future__ import annotations

import warnings
from datetime import date

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import correlator as co
from correlator.cli.app import app
from correlator.errors import CorrelatorWarning, InputError
from correlator.eventstudy.panel.weeks import off_by
from correlator.market.audit.logarithms import are_logarithms
from correlator.market.audit.prices import audit_prices
from correlator.sessions.calendars import sessions_between

FIRST, LAST = date(2023, 1, 2), date(2024, 3, 29)
EVENTS = pl.DataFrame({"symbol": ["LAMP", "WICK"], "date": ["2024-02-06", "2024-02-13"]})
WINDOWS = {"estimation": "-120:-11", "window": "-1:1", "windows": "0:0"}


def frame(exchange: str = "XNYS", moved: str = "0d") -> pl.DataFrame:
    days = sessions_between(exchange, FIRST, LAST)["session"]
    steps = np.random.default_rng(8).normal(0, 0.01, (len(days), 3)).cumsum(axis=0)
    prices = {name: 50 * np.exp(steps[:, k]) for k, name in enumerate(("MKT", "LAMP", "WICK"))}
    return pl.DataFrame({"date": days.dt.offset_by(moved), **prices})


def study(prices: pl.DataFrame, **options):
    return co.study(prices=prices, events=EVENTS, **({"benchmark": "MKT"} | WINDOWS | options))


@pytest.mark.parametrize("exchange", [None, "XNYS"])
def test_dates_a_day_late_are_refused(exchange: str | None) -> None:
    with pytest.raises(InputError, match="^dates of prices .* one day late: .*Saturday"):
        study(frame(moved="1d"), exchange=exchange)


def test_dates_a_day_early_are_refused_with_an_exchange_and_told_without() -> None:
    early = frame(moved="-1d")
    with pytest.raises(InputError, match="^dates of prices stand one day early: .*Sundays"):
        study(early, exchange="XNYS")
    with pytest.warns(CorrelatorWarning, match="dates of prices run from Sunday to Thursday, first 2023-01-02"):
        study(early)


@pytest.mark.filterwarnings("error::correlator.errors.CorrelatorWarning")
@pytest.mark.parametrize("exchange", ["XNYS", "XKAR", "XTKS", "24/7", "XSAU", "XTAE"])
def test_a_market_s_own_week_is_right(exchange: str) -> None:
    assert study(frame(exchange), exchange=exchange).car.height == 2
    assert off_by(frame(exchange)["date"]) == ("early" if exchange in ("XSAU", "XTAE") else "")


def test_a_stretch_that_stands_a_day_off_is_told() -> None:
    right = frame()
    mixed = pl.concat([right.head(200), frame(moved="1d").slice(200)]).unique("date").sort("date")
    with pytest.warns(CorrelatorWarning, match="prices: labels from 2023-10-.* stand one day late"):
        study(mixed, exchange="XNYS")


def test_a_benchmark_that_stands_a_day_off_the_shares_is_refused() -> None:
    for moved, off in (("1d", "late"), ("-1d", "early")):
        market = frame(moved=moved).select("date", "MKT")
        with pytest.raises(InputError, match=f"^dates of the benchmark are one day {off} compared with the others"):
            study(frame().drop("MKT"), benchmark=market)
    assert study(frame().drop("MKT"), benchmark=frame().select("date", "MKT")).car.height == 2


def by_weekday(prices: pl.DataFrame, by: int) -> pl.DataFrame:
    return prices.with_columns(pl.col("date").dt.add_business_days(by))


@pytest.mark.parametrize(("by", "off"), [(1, "late"), (-1, "early")])
@pytest.mark.parametrize("exchange", ["XNYS", "XKAR", "XTKS"])
def test_dates_a_weekday_off_are_seen_by_their_holidays(exchange: str, by: int, off: str) -> None:
    moved = by_weekday(frame(exchange), by)
    with pytest.raises(InputError, match=f"stand one weekday {off}: .* are holidays.*move them by a weekday"):
        study(moved, exchange=exchange)
    bars = moved.select("date", close="LAMP").with_columns(symbol=pl.lit("LAMP"))
    found = audit_prices(co.read_prices(bars).bars, exchange=exchange).filter(pl.col("check") == f"shifted-{off}")
    assert found["severity"].to_list() == ["high"]
    assert "move these labels one weekday" in found["action"][0]


@pytest.mark.parametrize("own", ["XLON", "XKAR", "XHKG"])
def test_another_exchange_s_holidays_are_no_shift(own: str) -> None:
    for exchange in {"XNYS", "XTKS", "XLON"} - {own}:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "prices: labels")
            warnings.filterwarnings("ignore", ".*not sessions of")
            assert study(frame(own), exchange=exchange).car.height + 1
    filled = frame().upsample("date", every="1d").filter(pl.col("date").dt.weekday() <= 5).fill_null(strategy="forward")
    with pytest.warns(CorrelatorWarning, match="numbers on days that are not sessions"):
        assert study(filled, exchange="XNYS").car["car"].to_list() == pytest.approx(study(frame()).car["car"].to_list())


def together() -> pl.DataFrame:
    """Prices that move with their market."""
    prices = frame()
    moves = prices["MKT"].log().diff().fill_null(0.0).cum_sum()
    return prices.with_columns((pl.col("LAMP", "WICK") * moves.exp()).round(4))


@pytest.mark.parametrize(("by", "which"), [(1, "previous"), (-1, "next")])
def test_a_share_that_moves_with_another_session_of_its_benchmark_is_told(by: int, which: str) -> None:
    moved = together().with_columns(pl.col("LAMP").shift(by))
    words = f"returns of LAMP move with the benchmark of the {which} session"
    for prices, benchmark in ((moved, "MKT"), (moved.drop("MKT"), moved.select("date", "MKT"))):
        with pytest.warns(CorrelatorWarning, match=words):
            study(prices, benchmark=benchmark)
    with pytest.warns(CorrelatorWarning, match="returns of LAMP and 1 more move with the benchmark of the"):
        study(together().with_columns(pl.col("MKT").shift(by)))
    returns = moved.with_columns(pl.exclude("date").log().diff()).drop_nulls()
    with pytest.warns(CorrelatorWarning, match=words):
        co.study(returns=returns, events=EVENTS, benchmark="MKT", **WINDOWS)


@pytest.mark.filterwarnings("error::correlator.errors.CorrelatorWarning")
def test_shares_on_the_sessions_of_their_benchmark_are_not_doubted() -> None:
    assert study(together()).car.height == 2


@pytest.mark.parametrize("column", ["LAMP", "MKT"])
@pytest.mark.parametrize("base", [np.e, 10.0])
def test_logarithms_of_prices_are_no_prices(column: str, base: float) -> None:
    logs = together().with_columns(pl.col(column).round(2).log(base))
    with pytest.raises(InputError, match=f"'{column}' of prices holds logarithms of prices"):
        study(logs)
    with pytest.raises(InputError, match="closes of LAMP are logarithms of prices"):
        co.read_prices(logs.select("date", close=column), symbol="LAMP")


def test_moves_that_undo_each_other_are_told() -> None:
    prices = together()
    gross = prices.with_columns(LAMP=1 + pl.col("LAMP").pct_change()).drop_nulls()
    with pytest.warns(CorrelatorWarning, match="each move of LAMP reverses most of the previous one"):
        study(gross)
    wrong = prices.with_columns(LAMP=pl.when(pl.int_range(pl.len()) == 200).then(9999.0).otherwise("LAMP"))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*undoes")
        warnings.filterwarnings("ignore", ".*looks? like")
        study(wrong)


def test_the_command_line_refuses_as_python_does(tmp_path) -> None:
    frame(moved="1d").write_csv(tmp_path / "wide.csv")
    EVENTS.write_csv(tmp_path / "events.csv")
    files = ["--prices", str(tmp_path / "wide.csv"), "--events", str(tmp_path / "events.csv"), "--benchmark", "MKT"]
    done = CliRunner().invoke(app, ["study", *files, "--exchange", "XNYS"])
    assert done.exit_code != 0
    assert "stand one day late" in str(done.exception)


def test_few_dates_say_nothing() -> None:
    assert off_by(frame(moved="1d")["date"].head(10)) == ""


@pytest.mark.parametrize(("places", "base"), [(5, np.e), (6, np.e), (6, 10.0)])
def test_logarithms_that_are_written_to_some_places_are_logarithms(places: int, base: float) -> None:
    cents = np.round(30 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.015, 400))), 2)
    assert are_logarithms(np.round(np.log(cents) / np.log(base), places))
    assert not are_logarithms(np.round(cents / 30, places))
