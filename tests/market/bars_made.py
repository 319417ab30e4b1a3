"""Bars made for tests: a market and shares that follow it, on real sessions, seeded."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from correlator.market.reading.files import PriceFile, read_prices
from correlator.sessions.calendars import sessions_between


def made_bars(symbol: str = "LAMP", *, seed: int = 0, exchange: str = "XKAR", beta: float = 1.0) -> pl.DataFrame:
    """Three years of bars that follow the same market whatever the seed; Date, Open, High, Low, Close, Volume."""
    sessions = sessions_between(exchange, date(2022, 1, 3), date(2024, 12, 31))["session"]
    market = np.random.default_rng(99).normal(0, 0.01, len(sessions))
    own = np.random.default_rng(seed).normal(0, 0.008, len(sessions))
    close = 100 * np.exp(np.cumsum(beta * market + own))
    open_ = np.concatenate([[100.0], close[:-1]])
    return pl.DataFrame(
        {
            "Symbol": [symbol] * len(sessions),
            "Date": sessions,
            "Open": open_,
            "High": np.maximum(open_, close) * 1.004,
            "Low": np.minimum(open_, close) * 0.996,
            "Close": close,
            "Volume": np.arange(len(sessions)) + 1000.0,
        }
    )


def as_file(rows: pl.DataFrame, **options: object) -> PriceFile:
    """The rows as ``read_prices`` gives them."""
    return read_prices(rows, **options)  # type: ignore[arg-type]
