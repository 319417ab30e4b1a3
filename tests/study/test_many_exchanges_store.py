"""Shares of several exchanges in one study of a store, by Python and at the prompt."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from correlator.cli.app import app
from correlator.errors import InputError
from correlator.eventstudy.confounded import with_confounds
from correlator.intake.events import add_events
from correlator.intake.prices import add_prices
from correlator.research.confounds import stored_flags
from correlator.research.placebo import stored_placebo
from correlator.research.power import stored_power
from correlator.research.regress import stored_regression
from correlator.research.study import study
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store

FIRST, LAST = date(2023, 1, 2), date(2024, 12, 31)
LISTED = {"LAMP": "XKAR", "WICK": "XKAR", "KINDX": "XKAR", "BULB": "XNYS", "FUSE": "XNYS", "HK8801": "XHKG"}
OPTIONS = {"window": (-3, 3), "estimation": (-200, -11)}
BENCHMARK = "XKAR=KINDX,XNYS=equal-weighted,XHKG=BULB"

pytestmark = pytest.mark.filterwarnings("ignore::correlator.errors.CorrelatorWarning")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Shares of three exchanges, and events at instants that fall on other sessions of each."""
    store = Store(tmp_path_factory.mktemp("many") / "correlator.duckdb")
    rng = np.random.default_rng(4)
    days = pl.date_range(FIRST - timedelta(days=5), LAST, eager=True)
    world = dict(zip(days, rng.normal(0, 0.008, len(days)), strict=True))
    for symbol, code in LISTED.items():
        sessions = sessions_between(code, FIRST, LAST)["session"]
        market = np.array([world[day] for day in sessions])
        close = 80 * np.exp(np.cumsum(market + rng.normal(0, 0.01, len(sessions))))
        bars = pl.DataFrame({"Date": sessions, "Close": close, "Volume": np.full(len(sessions), 1000)})
        add_prices(store, bars, symbol=symbol, exchange=code)
    instants = ["2024-02-13T15:00:00Z", "2024-06-17T09:00:00Z", "2024-09-17T19:00:00Z", "2024-11-05T01:00:00Z"]
    rows = [(symbol, when, "CONSULT") for when in instants for symbol in ("LAMP", "WICK", "BULB", "FUSE", "HK8801")]
    add_events(store, pl.DataFrame(rows, schema=["symbol", "date", "category"], orient="row"))
    return store


def test_every_exchange_as_by_itself(store: Store):
    whole = study(store, ["LAMP", "WICK", "BULB", "FUSE", "HK8801"], benchmark=BENCHMARK, **OPTIONS)
    alone = {
        "XKAR": study(store, ["LAMP", "WICK"], benchmark="KINDX", **OPTIONS),
        "XNYS": study(store, ["BULB", "FUSE"], benchmark="equal-weighted", **OPTIONS),
        "XHKG": study(store, "HK8801", benchmark="BULB", **OPTIONS),
    }
    assert whole.spec.benchmark == BENCHMARK
    for code, one in alone.items():
        for name in ("ar", "car", "models"):
            mine = whole.frame(name).filter(pl.col("exchange") == code).drop("exchange")
            assert mine.sort("symbol", "event_id").equals(one.frame(name).sort("symbol", "event_id")), (code, name)
    assert set(whole.events["exchange"]) == {"XKAR", "XNYS", "XHKG"}
    by = whole.recommended_by(("exchange",))
    assert dict(by.filter(pl.col("window") == "0:0").select("exchange", "n").iter_rows()) == {
        "XKAR": 8,
        "XNYS": 8,
        "XHKG": 4,
    }


def test_each_exchange_has_its_own_day_zero(store: Store):
    found = study(store, ["LAMP", "BULB", "HK8801"], benchmark=BENCHMARK, **OPTIONS)
    zero = found.ar.filter(pl.col("day") == 0).sort("symbol", "session")
    days = {symbol: part["session"].cast(pl.String).to_list() for (symbol,), part in zero.group_by("symbol")}
    # 17 June 2024 was Eid in Karachi; 18 September was a holiday in Hong Kong.
    assert days["LAMP"] == ["2024-02-14", "2024-06-20", "2024-09-18", "2024-11-05"]
    assert days["BULB"] == ["2024-02-13", "2024-06-17", "2024-09-17", "2024-11-05"]
    assert days["HK8801"] == ["2024-02-14", "2024-06-18", "2024-09-19", "2024-11-05"]


def test_the_prompt_prints_the_exchange(store: Store):
    words = ["study", "--store", str(store.path), "--window", "-3:3", "--estimation", "-200:-11", "--format", "json"]
    words += ["--benchmark", BENCHMARK]
    rows = json.loads(CliRunner().invoke(app, [*words, "--output", "car"]).stdout)
    assert {row["symbol"]: row["exchange"] for row in rows}["HK8801"] == "XHKG"
    assert len({row["exchange"] for row in rows}) == 3
    rows = json.loads(CliRunner().invoke(app, [*words, "--output", "summary", "--by", "exchange"]).stdout)
    assert {row["exchange"] for row in rows} == {"XKAR", "XNYS", "XHKG"}


def test_a_placebo_and_the_power_of_stored_events(store: Store):
    both = BENCHMARK.rpartition(",")[0]
    found = stored_placebo(store, ["LAMP", "BULB"], benchmark=both, draws=60, by="exchange", **OPTIONS)
    assert set(found.table["exchange"]) == {"XKAR", "XNYS"}
    assert found.table["p_value"].is_between(0, 1).all()
    power = stored_power(store, ["LAMP", "BULB"], benchmark=both, planned=5, studies=5, **OPTIONS)
    assert power.table["events"].to_list()[0] == 10
    words = ["placebo", "--store", str(store.path), "--window", "-3:3", "--estimation", "-200:-11", "--draws", "30"]
    done = CliRunner().invoke(app, [*words, "--benchmark", BENCHMARK, "--format", "json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)[0]["n"] == 20


def test_windows_of_dates_at_the_prompt(store: Store):
    words = ["study", "--store", str(store.path), "--window", "2024-09-16:2024-09-27", "--benchmark", BENCHMARK]
    words += ["--estimation", "2023-06-01:2024-05-31", "--windows", "2024-09-16:2024-09-27", "--format", "json"]
    done = CliRunner().invoke(app, [*words, "--output", "ar"])
    assert done.exit_code == 0, done.output
    days = {exchange: set() for exchange in ("XKAR", "XNYS", "XHKG")}
    for row in json.loads(done.stdout):
        days[row["exchange"]].add(row["session"])
    # A day of the Prophet in Karachi, the day after the mid-autumn festival in Hong Kong.
    assert {code: len(each) for code, each in days.items()} == {"XKAR": 9, "XNYS": 10, "XHKG": 9}
    rows = json.loads(CliRunner().invoke(app, [*words, "--output", "summary", "--by", "exchange"]).stdout)
    assert {row["exchange"] for row in rows} == {"XKAR", "XNYS", "XHKG"}


def test_a_benchmark_of_another_exchange_is_refused(store: Store):
    with pytest.raises(InputError, match="benchmark of XTKS: no symbol"):
        study(store, ["LAMP", "BULB"], benchmark="XKAR=KINDX,XTKS=LAMP", **OPTIONS)


def test_the_benchmark_of_the_settings_is_that_of_shares_of_its_exchange(store: Store, tmp_path, monkeypatch):
    (tmp_path / "correlator.toml").write_text('benchmark = "KINDX"\n')
    monkeypatch.chdir(tmp_path)
    assert study(store, ["LAMP", "WICK"], **OPTIONS).spec.benchmark == "KINDX"
    assert study(store, ["BULB", "FUSE"], **OPTIONS).spec.benchmark == "equal-weighted"


def test_confounds_are_those_of_each_exchange(store: Store):
    both, wide = BENCHMARK.rpartition(",")[0], {"window": (-40, 30), "estimation": (-200, -41)}
    whole = study(store, ["LAMP", "WICK", "BULB", "FUSE"], benchmark=both, **wide)
    flags = stored_flags(store, whole)
    assert flags["overlaps"].sum() > 0
    left = 0
    for symbols, benchmark in ((["LAMP", "WICK"], "KINDX"), (["BULB", "FUSE"], "equal-weighted")):
        alone = study(store, symbols, benchmark=benchmark, **wide)
        one = stored_flags(store, alone)
        mine = flags.filter(pl.col("symbol").is_in(symbols))
        assert mine.sort("symbol", "event_id").equals(one.sort("symbol", "event_id"))
        left += len(with_confounds(alone, "first", one).estimates)
    assert len(with_confounds(whole, "first", flags).estimates) == left < flags.height


def test_a_regression_over_exchanges(store: Store):
    found = stored_regression(
        store,
        "car ~ C(exchange) + hour",
        ["LAMP", "WICK", "BULB", "FUSE"],
        benchmark=BENCHMARK.rpartition(",")[0],
        clusters=(),
        **OPTIONS,
    )
    assert found.n == 16
    assert "C(exchange)[T.XNYS]" in found.table["term"].to_list()


@pytest.mark.parametrize("count", [1, 2])
def test_factors_of_every_exchange_are_as_by_itself(store: Store, count: int):
    days = pl.date_range(FIRST, LAST, eager=True)
    rng = np.random.default_rng(6)
    factors = pl.DataFrame({"date": days, **{f"F{k}": rng.normal(0, 0.01, len(days)) for k in range(count)}})
    options = {"factors": factors.filter(pl.col("date").dt.weekday() <= 5), "model": "factors", **OPTIONS}
    whole = study(store, ["LAMP", "WICK", "BULB", "FUSE", "HK8801"], **options)
    for symbols in (["LAMP", "WICK"], ["BULB", "FUSE"], ["HK8801"]):
        alone = study(store, symbols, **options)
        for name in ("ar", "car", "models"):
            mine = whole.frame(name).filter(pl.col("symbol").is_in(symbols)).drop("exchange", strict=False)
            assert mine.equals(alone.frame(name).drop("exchange", strict=False)), (symbols, name)
