"""Intraday bars across a split: the share is 1.3 times the index, and a half of itself from one morning on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.errors import CorrelatorWarning
from correlator.sessions.bar_stamps import within_sessions

EVERY = pl.datetime_range(datetime(2024, 8, 26), datetime(2024, 11, 2), "30m", eager=True, time_zone="UTC")
STARTS = EVERY.filter(within_sessions(EVERY, "start", "XTKS"))
SPLIT = STARTS.search_sorted(datetime(2024, 10, 17, tzinfo=UTC))
LEVEL = np.random.default_rng(3).normal(0, 0.001, len(STARTS)).cumsum()
HALVED = np.where(np.arange(len(STARTS)) < SPLIT, 1.0, 0.5)
PRICES = pl.DataFrame({"Datetime": STARTS, "LAMP": 900 * np.exp(1.3 * LEVEL) * HALVED, "INDEX": 2_000 * np.exp(LEVEL)})
EVENTS = pl.DataFrame({"symbol": ["LAMP"], "date": [STARTS[SPLIT + 2] + timedelta(minutes=1)]})
OPTIONS = {"benchmark": "INDEX", "estimation": "-200:-11", "window": "-4:4", "windows": "0:0,-4:4"}
DOUBT = "looks like a split, .* marked in the column findings: first LAMP 2024-10-17 00:00"


def test_the_first_bar_after_a_split_is_marked_in_frames() -> None:
    with pytest.warns(CorrelatorWarning, match=DOUBT):
        found = co.study(prices=PRICES, events=EVENTS, exchange="XTKS", **OPTIONS)
    assert found.ar.filter(pl.col("flags") != "")["day"].to_list() == [-2]
    assert found.car["findings"].to_list() == ["", "split-like 2024-10-17 00:00"]


def test_the_first_bar_after_a_split_is_marked_or_dropped_in_a_store(tmp_path) -> None:
    ws = co.open_workspace(tmp_path / "m.duckdb")
    for name in ("LAMP", "INDEX"):
        ws.add_prices(PRICES.select("Datetime", Close=name), symbol=name, exchange="XTKS")
    ws.add_events(EVENTS.with_columns(category=pl.lit("AGREE")))
    with pytest.warns(CorrelatorWarning, match=DOUBT):
        found = ws.study("LAMP", links="named", interval="30m", **OPTIONS)
    assert found.car["findings"].to_list() == ["", "split-like 2024-10-17 00:00"]
    with pytest.warns(CorrelatorWarning, match="left out: first LAMP 2024-10-17 00:00"):
        dropped = ws.study("LAMP", links="named", interval="30m", flagged="drop", **OPTIONS)
    assert dropped.excluded["reason"].to_list() == ["flagged bars in its event window: split-like 2024-10-17 00:00"]


@pytest.mark.filterwarnings("error::correlator.errors.CorrelatorWarning")
def test_bars_without_a_split_are_not_doubted() -> None:
    whole = PRICES.with_columns(pl.col("LAMP") / HALVED)
    found = co.study(prices=whole, events=EVENTS, exchange="XTKS", **OPTIONS)
    assert found.ar["ar"].abs().max() < 1e-12
