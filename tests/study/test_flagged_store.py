"""Flagged bars of a store's study: command line and Python, audit findings and censored bars."""

from __future__ import annotations

import json
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from correlator.cli.app import app
from correlator.intake.events import add_events
from correlator.intake.prices import add_prices
from correlator.research.study import study
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store

SESSIONS = sessions_between("XKAR", date(2023, 1, 2), date(2024, 12, 31))["session"]
BREAK, LOCKED = 380, 420


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a market and a share whose prices halve on one day and are locked at the limit on another."""
    folder = tmp_path_factory.mktemp("flagged")
    rng = np.random.default_rng(8)
    market = rng.normal(0, 0.008, len(SESSIONS))
    close = 100 * np.exp(np.cumsum(market + rng.normal(0, 0.006, len(SESSIONS))))
    close[LOCKED:] *= close[LOCKED - 1] * 1.1 / close[LOCKED]
    close[BREAK:] /= 2
    open_ = np.concatenate([[100.0], close[:-1]])
    open_[BREAK] /= 2
    high, low = np.maximum(open_, close) * 1.002, np.minimum(open_, close) * 0.998
    for values in (open_, high, low):
        values[LOCKED] = close[LOCKED]
    columns = {"Open": open_, "High": high, "Low": low, "Close": close}
    rows = pl.DataFrame({"Date": SESSIONS, **columns, "Volume": np.full(len(SESSIONS), 5_000)})
    index = pl.DataFrame({"Date": SESSIONS, "Close": 1000 * np.exp(np.cumsum(market))})
    store = Store(folder / "correlator.duckdb")
    add_prices(store, rows, symbol="LAMP", exchange="XKAR")
    add_prices(store, index, symbol="MARKET", exchange="XKAR")
    events = pl.DataFrame(
        {
            "symbol": ["LAMP"] * 3,
            "category": ["CONSULT"] * 3,
            "date": [SESSIONS[i - 1] for i in (BREAK + 1, LOCKED, 460)],
        }
    )
    add_events(store, events)
    return folder


def test_findings_and_censored_bars_reach_the_numbers(folder: Path):
    options = {"benchmark": "MARKET", "window": (-3, 3), "estimation": (-200, -11)}
    store = Store(folder / "correlator.duckdb")
    with pytest.warns(UserWarning, match="split-like"):
        marked = study(store, "LAMP", **options)
    split, locked = f"split-like {SESSIONS[BREAK]}", f"limit-locked {SESSIONS[LOCKED]}"
    assert marked.car.filter(pl.col("window") == "-3:3")["findings"].to_list() == [split, locked, ""]
    assert marked.models["findings"].to_list() == ["", split, f"{split}, {locked}"]
    with pytest.warns(UserWarning, match="returns of this study were dropped"):
        dropped = study(store, "LAMP", **options, flagged="drop")
    assert dropped.car["event_id"].unique().len() == 1
    assert dropped.excluded["reason"].to_list() == [
        f"flagged bars in its event window: {split}",
        f"flagged bars in its event window: {locked}",
    ]
    assert dropped.models["n"].to_list() == [marked.models["n"][2] - 4]


def test_findings_between_the_windows_of_two_events_are_no_findings_of_the_study(folder: Path, tmp_path: Path):
    store = Store(tmp_path / "apart.duckdb")
    bars = Store(folder / "correlator.duckdb")
    for symbol in ("LAMP", "MARKET"):
        add_prices(
            store,
            bars.frame("SELECT session AS date, close FROM bars WHERE symbol = $s", {"s": symbol}),
            symbol=symbol,
            exchange="XKAR",
        )
    days = [SESSIONS[i - 1] for i in (BREAK - 40, BREAK + 60)]
    add_events(store, pl.DataFrame({"symbol": ["LAMP"] * 2, "category": ["CONSULT"] * 2, "date": days}))
    options = {"benchmark": "MARKET", "window": (-3, 3), "minimum_observations": 20}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert study(store, "LAMP", **options, estimation=(-50, -11)).car["event_id"].n_unique() == 2
    with pytest.warns(UserWarning, match="split-like"):
        study(store, "LAMP", **options, estimation=(-70, -11))


def test_the_command_line_says_the_same(folder: Path):
    words = ["study", "--store", str(folder / "correlator.duckdb"), "--symbol", "LAMP", "--benchmark", "MARKET"]
    words += ["--window", "-3:3", "--estimation", "-200:-11", "--format", "json"]
    answer = CliRunner().invoke(app, [*words, "--output", "car"])
    whole = [row["findings"] for row in json.loads(answer.stdout) if row["window"] == "-3:3"]
    assert whole == [f"split-like {SESSIONS[BREAK]}", f"limit-locked {SESSIONS[LOCKED]}", ""]
    answer = CliRunner().invoke(app, [*words, "--output", "excluded", "--flagged", "drop"])
    assert [row["reason"][:26] for row in json.loads(answer.stdout)] == ["flagged bars in its event "] * 2
