"""Stores with the sample, complete and as of a day of May 2025."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.store.db import Store

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
SYMBOLS = ("AIRLINK", "KSE100", "HBL", "OGDC")


def load(path: Path, folder: Path) -> Store:
    store = Store(path)
    for symbol in SYMBOLS:
        add_prices(store, folder / f"{symbol}.csv", symbol=symbol, exchange="XKAR")
    add_news(store, folder / "headlines.csv", columns={"published": "date"}, profile="generic")
    return store


@pytest.fixture(scope="session")
def sample_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return load(tmp_path_factory.mktemp("brief") / "m.duckdb", SAMPLE)


@pytest.fixture(scope="session")
def early_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The sample as of 28 May 2025 before the opening: no later bar, no later headline."""
    folder = tmp_path_factory.mktemp("early")
    for name in (*SYMBOLS, "headlines"):
        rows = pl.read_csv(SAMPLE / f"{name}.csv", infer_schema=False)
        day = next(column for column in rows.columns if column.lower() == "date")
        rows.filter(pl.col(day).str.slice(0, 10) < str(date(2025, 5, 28))).write_csv(folder / f"{name}.csv")
    return load(folder / "m.duckdb", folder)
