"""Small and odd splits, other currencies, and two days under each other's dates."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from bars_made import as_file, made_bars

from correlator.market.audit.prices import audit_prices

PRICES = ("Open", "High", "Low", "Close")
AT = 400


def severities(rows: pl.DataFrame, check: str) -> dict[str, str]:
    found = audit_prices(as_file(rows, exchange="XNYS").bars, exchange="XNYS")
    named = found.filter(pl.col("check") == check)
    return dict(named.select(pl.col("session").cast(pl.String), "severity").iter_rows())


def bars(seed: int = 3) -> pl.DataFrame:
    return made_bars("LAMP", seed=seed, exchange="XNYS")


def split(rows: pl.DataFrame, ratio: float) -> pl.DataFrame:
    later = pl.int_range(pl.len()) >= AT
    return rows.with_columns(pl.when(later).then(pl.col(name) / ratio).otherwise(name).alias(name) for name in PRICES)


@pytest.mark.parametrize(
    ("ratio", "severity"),
    [(9.0, "high"), (3.5, "medium"), (5 / 4, "medium"), (11 / 10, "medium"), (1 / 1.27, "low")],
)
def test_splits_of_any_ratio(ratio, severity):
    day = str(bars()["Date"][AT])
    assert severities(split(bars(), ratio), "split-like") == {day: severity}


def test_a_fall_on_much_volume_may_be_news():
    day = bars()["Date"][AT]
    volume = pl.when(pl.col("Date") == day).then(pl.col("Volume") * 6).otherwise("Volume")
    assert severities(split(bars(), 11 / 10).with_columns(volume.alias("Volume")), "split-like") == {str(day): "low"}


def test_a_fall_by_more_than_four_fifths_is_high():
    found = audit_prices(as_file(split(bars(), 13.6), exchange="XNYS").bars, exchange="XNYS")
    jump = found.filter(pl.col("session") == bars()["Date"][AT])
    assert "high" in jump["severity"].to_list()


@pytest.mark.parametrize("factor", [83.0, 280.0, 1 / 280])
def test_another_currency_is_another_unit(factor):
    assert set(severities(split(bars(), factor), "unit-change").values()) == {"high"}


def test_two_days_interchanged():
    rows = bars()
    moves = np.abs(np.log(rows["Close"] / rows["Close"].shift()).fill_null(0.0).to_numpy())
    # A pair of days that moved: of two days without a move nothing could tell.
    at = next(i for i in range(100, 500) if moves[i] > 0.012 and moves[i + 1] > 0.012)
    order = np.arange(rows.height)
    order[[at, at + 1]] = order[[at + 1, at]]
    turned = rows.with_columns(rows.select(*PRICES, "Volume")[order])
    assert str(rows["Date"][at]) in severities(turned, "interchanged")


@pytest.mark.parametrize("seed", range(3))
def test_days_in_order_are_no_fault(seed):
    assert "medium" not in severities(bars(seed), "interchanged").values()
    assert severities(bars(seed), "split-like") == {}
