"""A study as of an instant is that of a store with what was known then, whatever is loaded later."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.errors import NotFoundError
from correlator.sessions.calendars import sessions_between

SESSIONS = sessions_between("XKAR", date(2023, 1, 2), date(2024, 6, 28))["session"]
WALKS = 100 * np.exp(np.random.default_rng(5).normal(0, 0.01, (len(SESSIONS), 5)).cumsum(axis=0))
THEN, LATER = datetime(2024, 7, 1, tzinfo=UTC), datetime(2024, 8, 1, tzinfo=UTC)
OPTIONS = {"estimation": "-200:-11", "window": "-3:3", "links": "named", "date_only": "same-day", "model": "market"}


def bars(column: int, interval: str = "1d") -> pl.DataFrame:
    closes = WALKS[:, column]
    if interval == "1d":
        return pl.DataFrame({"Date": SESSIONS, "Close": closes})
    starts = pl.datetime_range(datetime(2024, 6, 3, 5), datetime(2024, 6, 3, 9), "1h", eager=True, time_zone="UTC")
    return pl.DataFrame({"Datetime": starts, "Close": closes[: len(starts)]})


@pytest.fixture
def ws(tmp_path):
    ws = co.open_workspace(tmp_path / "m.duckdb")
    for column, name in enumerate(("LAMP", "WICK", "INDEX")):
        ws.add_prices(bars(column), symbol=name, exchange="XKAR", retrieved_at=THEN)
    events = {"symbol": ["LAMP", "WICK"], "date": [SESSIONS[260], SESSIONS[300]], "category": ["AGREE", "AGREE"]}
    ws.add_events(pl.DataFrame(events))
    return ws


@pytest.mark.filterwarnings("ignore::correlator.errors.CorrelatorWarning")
@pytest.mark.parametrize("benchmark", ["INDEX", "equal-weighted"])
def test_every_share_means_those_with_bars_of_the_interval_then(ws, benchmark) -> None:
    known = ws.study(benchmark=benchmark, as_of="2024-07-15", **OPTIONS)
    findings = ws.check_prices(as_of=datetime(2024, 7, 15, tzinfo=UTC))
    ws.add_prices(bars(3), symbol="BULB", exchange="XKAR", retrieved_at=LATER)
    ws.add_prices(bars(4, "1h"), symbol="FUSE", exchange="XKAR", retrieved_at=THEN)
    again = ws.study(benchmark=benchmark, as_of="2024-07-15", **OPTIONS)
    assert again.car.height == 4
    for name in ("ar", "car", "models", "excluded", "flagged"):
        assert again.frame(name).equals(known.frame(name)), name
    assert ws.check_prices(as_of=datetime(2024, 7, 15, tzinfo=UTC)).equals(findings)
    assert set(ws.study(benchmark=benchmark, **OPTIONS).panel.symbols) == {"LAMP", "WICK", "BULB", "INDEX"}


def test_an_instant_before_every_load_says_when_the_first_was(ws) -> None:
    with pytest.raises(NotFoundError, match="the first were loaded at 2024-07-01"):
        ws.study(benchmark="INDEX", as_of="2024-06-01", **OPTIONS)


@pytest.mark.filterwarnings("ignore::correlator.errors.CorrelatorWarning")
def test_a_benchmark_of_the_instruments_is_used_from_when_it_has_bars(tmp_path) -> None:
    ws = co.open_workspace(tmp_path / "m.duckdb")
    listed = [
        {"symbol": name, "exchange": "XKAR", "kind": "share", "benchmark": "TOP"} for name in ("LAMP", "WICK", "BULB")
    ]
    ws.add_instruments([*listed, {"symbol": "TOP", "exchange": "XKAR", "kind": "index", "benchmark": None}])
    for column, name in enumerate(("LAMP", "WICK", "BULB")):
        ws.add_prices(bars(column), symbol=name, exchange="XKAR", retrieved_at=THEN)
    ws.add_prices(bars(3), symbol="TOP", exchange="XKAR", retrieved_at=LATER)
    ws.add_events(pl.DataFrame({"symbol": ["LAMP"], "date": [SESSIONS[260]], "category": ["AGREE"]}))
    assert ws.study(as_of="2024-07-15", **OPTIONS).spec.benchmark == "equal-weighted"
    assert ws.study(**OPTIONS).spec.benchmark == "TOP"


def test_a_model_without_a_benchmark_keeps_returns_over_holes_of_one_that_is_named(tmp_path) -> None:
    ws = co.open_workspace(tmp_path / "m.duckdb")
    holes = bars(1).filter(~pl.int_range(pl.len()).is_in([250, 261]))
    for name, rows in (("LAMP", bars(0)), ("INDEX", holes)):
        ws.add_prices(rows, symbol=name, exchange="XKAR")
    ws.add_events(pl.DataFrame({"symbol": ["LAMP"], "date": [SESSIONS[260]], "category": ["AGREE"]}))
    named, without = (ws.study("LAMP", benchmark=name, **OPTIONS | {"model": "mean"}) for name in ("INDEX", None))
    assert named.ar.equals(without.ar)
    assert named.ar["ar"].null_count() == 0
