"""Dates of a frame that stand a day off are refused or told, as those of a store are: with an exchange and without."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import correlator as co
from correlator.cli.app import app
from correlator.errors import CorrelatorWarning, InputError
from correlator.eventstudy.weeks import off_by
from correlator.sessions import sessions_between

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
    with pytest.raises(InputError, match="^dates of prices stand one day late: .*Saturday"):
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
        with pytest.raises(InputError, match=f"^dates of the benchmark stand one day {off} of the others"):
            study(frame().drop("MKT"), benchmark=market)
    assert study(frame().drop("MKT"), benchmark=frame().select("date", "MKT")).car.height == 2


def test_the_command_line_refuses_as_python_does(tmp_path) -> None:
    frame(moved="1d").write_csv(tmp_path / "wide.csv")
    EVENTS.write_csv(tmp_path / "events.csv")
    files = ["--prices", str(tmp_path / "wide.csv"), "--events", str(tmp_path / "events.csv"), "--benchmark", "MKT"]
    done = CliRunner().invoke(app, ["study", *files, "--exchange", "XNYS"])
    assert done.exit_code != 0
    assert "stand one day late" in str(done.exception)


def test_few_dates_say_nothing() -> None:
    assert off_by(frame(moved="1d")["date"].head(10)) == ""
