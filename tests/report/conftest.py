"""A store with the sample in it and a report file on it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from report_process import SPEC

from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.store.db import Store

SAMPLE = Path(__file__).parents[2] / "data" / "sample"


@pytest.fixture(scope="session")
def stored(tmp_path_factory) -> Path:
    """A folder with a loaded store and ``daily.toml``; tests copy it."""
    folder = tmp_path_factory.mktemp("stored")
    store = Store(folder / "m.duckdb")
    for symbol in ("AIRLINK", "KSE100"):
        add_prices(store, SAMPLE / f"{symbol}.csv", symbol=symbol, exchange="XKAR")
    add_news(store, SAMPLE / "page.txt")
    (folder / "daily.toml").write_text(SPEC)
    return folder


@pytest.fixture
def work(stored, tmp_path) -> Path:
    """A copy of ``stored`` that a test may change."""
    return Path(shutil.copytree(stored, tmp_path / "work"))
