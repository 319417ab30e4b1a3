"""A check of many bars goes through groups of symbols and finds what a check of all at once finds."""

from __future__ import annotations

import polars as pl

from correlator.base.resources import data_path
from correlator.intake import checks
from correlator.intake.checks import check_prices
from correlator.intake.prices import add_prices
from correlator.store.db import Store


def test_groups_find_what_the_whole_finds(tmp_path, monkeypatch):
    store = Store(tmp_path / "m.duckdb")
    add_prices(store, data_path("sample", "KSE100.csv"), symbol="KSE100", exchange="XKAR")
    bars = pl.read_csv(data_path("sample", "AIRLINK.csv"))
    for symbol in ("AIRLINK", "LAMP"):
        add_prices(store, bars, symbol=symbol, exchange="XKAR")
    columns = ["symbol", "session", "check"]
    whole = check_prices(store).filter(pl.col("check") == "ohlc").select(columns)
    monkeypatch.setattr(checks, "BARS_AT_ONCE", 300)
    groups = check_prices(store).filter(pl.col("check") == "ohlc").select(columns)
    assert whole.height > 0
    assert groups.sort(columns).rows() == whole.sort(columns).rows()
