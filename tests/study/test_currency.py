"""Returns in another currency: what a holder has who counts in it, over halts and over days without a rate."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.errors import CorrelatorWarning, NotFoundError
from correlator.sessions.calendars import sessions_between

SESSIONS = sessions_between("XTKS", date(2022, 1, 4), date(2022, 12, 30))["session"]
WALKS = np.exp(np.random.default_rng(4).normal(0, 0.01, (len(SESSIONS), 3)).cumsum(axis=0))
FRAME = pl.DataFrame(
    {"Date": SESSIONS, "LAMP": 900 * WALKS[:, 0], "INDEX": 2000 * WALKS[:, 1], "RATE": 130 * WALKS[:, 2]}
)
OPTIONS = {"benchmark": "INDEX", "estimation": "-120:-11", "window": "-5:5", "windows": "-5:5"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    ws = co.open_workspace(tmp_path_factory.mktemp("currency") / "m.duckdb")
    halted = FRAME.with_row_index("row").filter(~pl.col("row").is_between(148, 150))
    unrated = FRAME.with_row_index("row").filter(~pl.col("row").is_in([60, 153]))
    for name, rows, exchange in (("LAMP", halted, "XTKS"), ("INDEX", FRAME, "XTKS")):
        ws.add_prices(rows.select("Date", pl.col(name).alias("Close")), symbol=name, exchange=exchange)
    ws.add_prices(unrated.select("Date", pl.col("RATE").alias("Close")), symbol="USDJPY", exchange="24/5")
    ws.add_events(pl.DataFrame({"symbol": ["LAMP"], "date": [SESSIONS[149]], "category": ["AGREE"]}))
    return ws


@pytest.mark.parametrize("kind", ["log", "simple"])
def test_a_study_in_dollars_is_the_study_of_prices_in_dollars(store, kind) -> None:
    row = pl.int_range(pl.len())
    dollars = FRAME.select(
        "Date",
        *(pl.when(~row.is_in([60, 153])).then(pl.col(name) / pl.col("RATE")).alias(name) for name in ("LAMP", "INDEX")),
    ).with_columns(pl.when(~row.is_between(148, 150)).then("LAMP").alias("LAMP"))
    events = pl.DataFrame({"symbol": ["LAMP"], "date": [SESSIONS[149]]})
    by_hand = co.study(prices=dollars, events=events, exchange="XTKS", returns=kind, **OPTIONS)
    for code in ("USD", "usd"):
        stored = store.study(links="named", date_only="same-day", returns=kind, currency=code, **OPTIONS)
        assert stored.car["car"].item() == pytest.approx(by_hand.car["car"].item(), abs=1e-13)
        assert stored.ar["ar"].to_list() == pytest.approx(by_hand.ar["ar"].to_list(), abs=1e-13, nan_ok=True)


def test_an_event_window_without_a_rate_names_the_rate(store) -> None:
    only = OPTIONS | {"window": "4:4", "windows": "4:4"}
    result = store.study(links="named", date_only="same-day", currency="USD", **only)
    assert result.excluded["reason"].item() == (
        f"no bar in the event window: the exchange rate to USD has 0 values from {SESSIONS[153]} to {SESSIONS[153]}"
    )


@pytest.mark.filterwarnings("ignore:benchmark WORLDX:correlator.errors.CorrelatorWarning")
def test_a_benchmark_of_another_currency_is_converted_too(tmp_path) -> None:
    """Counted in dollars the share is the dollar index but for a day of 5 %: in yen it is not."""
    ws = co.open_workspace(tmp_path / "m.duckdb")
    move = np.where(np.arange(len(SESSIONS)) >= 149, 0.05, 0.0)
    dollars = FRAME["INDEX"] * np.exp(move)
    series = {
        "LAMP": (dollars * FRAME["RATE"], "XTKS"),
        "WORLDX": (FRAME["INDEX"], "XNYS"),
        "USDJPY": (FRAME["RATE"], "24/5"),
    }
    for name, (closes, exchange) in series.items():
        ws.add_prices(pl.DataFrame({"Date": SESSIONS, "Close": closes}), symbol=name, exchange=exchange)
    ws.add_events(pl.DataFrame({"symbol": ["LAMP"], "date": [SESSIONS[149]], "category": ["AGREE"]}))
    options = OPTIONS | {"benchmark": "WORLDX", "links": "named", "date_only": "same-day", "symbols": "LAMP"}
    converted = ws.study(currency="USD", **options)
    assert converted.car["car"].item() == pytest.approx(0.05, abs=1e-12)
    with pytest.warns(
        CorrelatorWarning, match="returns are in JPY, those of the benchmark WORLDX in USD; give currency"
    ):
        unconverted = ws.study(**options)
    assert abs(unconverted.car["car"].item() - 0.05) > 0.001


def test_a_rate_that_was_loaded_later_is_not_used(tmp_path) -> None:
    ws = co.open_workspace(tmp_path / "m.duckdb")
    then, later = datetime(2023, 1, 10, tzinfo=UTC), datetime(2023, 2, 10, tzinfo=UTC)
    for name, exchange in (("LAMP", "XTKS"), ("INDEX", "XTKS"), ("USDJPY", "24/5")):
        closes = FRAME["RATE"] if name == "USDJPY" else FRAME[name]
        rows = pl.DataFrame({"Date": SESSIONS, "Close": closes})
        ws.add_prices(rows, symbol=name, exchange=exchange, retrieved_at=then)
    ws.add_events(pl.DataFrame({"symbol": ["LAMP"], "date": [SESSIONS[149]], "category": ["AGREE"]}))
    study = partial(ws.study, links="named", date_only="same-day", currency="USD", as_of="2023-01-20", **OPTIONS)
    known = study()
    inverse = pl.DataFrame({"Date": SESSIONS, "Close": 1.0 / FRAME["RATE"] * np.exp(WALKS[:, 0])})
    ws.add_prices(inverse, symbol="JPYUSD", exchange="24/5", retrieved_at=later)
    assert study().ar.equals(known.ar)
    assert not ws.study(links="named", date_only="same-day", currency="USD", **OPTIONS).ar.equals(known.ar)


def test_a_currency_without_a_rate_is_refused(store) -> None:
    with pytest.raises(NotFoundError, match="no exchange rate from JPY to EUR"):
        store.study(links="named", currency="EUR", **OPTIONS)
