"""New bars in another unit than the stored ones of their symbol are told when they are loaded."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from correlator.intake.prices import add_prices
from correlator.store.db import Store

DAYS = [day for day in (date(2024, 1, 2) + timedelta(days=k) for k in range(80)) if day.weekday() < 5]
POUNDS = pl.DataFrame({"Date": DAYS, "Close": [6.0 + 0.01 * (k % 7) for k in range(len(DAYS))]})


def notes_of(store: Store, bars: pl.DataFrame, **options: str) -> list[str]:
    report = add_prices(store, bars, symbol="LAMP", exchange="XLON", **options)
    return [note for note in report.notes if "those in the store" in note]


def test_pence_over_pounds_are_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "m.duckdb")
    assert notes_of(store, POUNDS[:30]) == []
    pence = POUNDS.with_columns(pl.col("Close") * 100)
    (of_next,) = notes_of(store, pence[30:40])
    assert "about 100 times those in the store: 602 on 2024-02-13, 6.01 on 2024-02-12" in of_next
    (of_same,) = notes_of(store, pence[:30])
    assert "about 100 times" in of_same
    (back,) = notes_of(store, POUNDS[40:50])
    assert "about 1/100 of those in the store" in back
    assert notes_of(store, pence[50:], currency="GBp") == []


def test_levels_of_one_unit_are_not(tmp_path: Path) -> None:
    store = Store(tmp_path / "m.duckdb")
    assert notes_of(store, POUNDS[:10]) == []
    assert notes_of(store, POUNDS[:20].with_columns(pl.col("Close") * 2)) == []  # a split
    assert notes_of(store, POUNDS[40:].with_columns(pl.col("Close") * 100)) == []  # more than 30 days later
