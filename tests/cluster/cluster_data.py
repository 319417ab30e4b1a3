"""The bars and events of a lake: shares of several buckets, holes in some, and events that meet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from correlator.intake.events import add_events
from correlator.store.db import Store
from correlator.store.writing.bars import write_bars, write_instruments
from correlator.tables import BARS

SYMBOLS = tuple(f"SH{number}" for number in range(9))
SESSIONS = 320


def bars(symbol: str, closes: np.ndarray, days: list[date]) -> pl.DataFrame:
    rows = {
        "symbol": [symbol] * len(days),
        "interval": ["1d"] * len(days),
        "session": days,
        "bar_start": [datetime(each.year, each.month, each.day, tzinfo=UTC) for each in days],
        **dict.fromkeys(("open", "high", "low", "close", "adjusted_close"), closes),
        "volume": np.full(len(days), 1000.0),
        "source": ["made"] * len(days),
    }
    return pl.DataFrame(rows, schema=BARS.schema(rows))


def filled_store(folder: Path) -> Store:
    """A DuckDB file in this folder with the bars and the events."""
    store = Store(folder / "m.duckdb")
    rng = np.random.default_rng(7)
    days = []
    day = date(2023, 1, 2)
    while len(days) < SESSIONS:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    market = rng.normal(0, 0.01, SESSIONS)
    frames = [bars("MKT", 100 * np.exp(market.cumsum()), days)]
    for number, symbol in enumerate(SYMBOLS):
        closes = 20 * np.exp((0.8 * market + rng.normal(0, 0.02, SESSIONS)).cumsum())
        kept = np.ones(SESSIONS, dtype=bool)
        if number % 4 == 0:
            kept[[100, 101, 190 + number]] = False
        frames.append(bars(symbol, closes[kept], [each for each, keep in zip(days, kept, strict=True) if keep]))
    rows = [
        f"{days[150 + (37 * k) % 150]},{SYMBOLS[k % len(SYMBOLS)]},{'AGREE' if k % 3 else 'CONSULT'}\n"
        for k in range(120)
    ]
    (folder / "events.csv").write_text("date,symbol,category\n" + "".join(dict.fromkeys(rows)))
    with store.transaction() as connection:
        kinds = [(symbol, "share") for symbol in SYMBOLS] + [("MKT", "index")]
        write_instruments(connection, [{"symbol": name, "exchange": "XNYS", "kind": kind} for name, kind in kinds])
        write_bars(connection, pl.concat(frames), datetime(2024, 6, 1, tzinfo=UTC))
    add_events(store, folder / "events.csv")
    return store
