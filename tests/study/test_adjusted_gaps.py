"""Bars without an adjusted close in a store: the adjusted share is 1.3 times the index but for 5 % on day 0."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.sessions.calendars import sessions_between

SESSIONS = sessions_between("XNYS", date(2023, 1, 3), date(2024, 6, 28))["session"]
ZERO, TOTAL = 300, len(SESSIONS)
LEVEL = np.random.default_rng(5).normal(0, 0.01, TOTAL).cumsum()
ADJUSTED = 100 * np.exp(1.3 * LEVEL + 0.05 * (np.arange(TOTAL) >= ZERO))
OPTIONS = {"benchmark": "INDEX", "estimation": "-250:-11", "window": "-5:5", "windows": "-5:5", "date_only": "same-day"}


def study(folder: Path, ex_date: int, ratio: float, gap: range):
    """A split of ``ratio`` on ``ex_date``, and no adjusted closes in ``gap``."""
    plain = ADJUSTED * np.where(np.arange(TOTAL) < ex_date, ratio, 1.0)
    adjusted = np.where(np.isin(np.arange(TOTAL), gap), np.nan, ADJUSTED)
    share = pl.DataFrame({"Date": SESSIONS, "Close": plain, "Adj Close": adjusted}).fill_nan(None)
    ws = co.open_workspace(folder / "m.duckdb")
    ws.add_prices(share, symbol="LAMP", exchange="XNYS")
    ws.add_prices(pl.DataFrame({"Date": SESSIONS, "Close": 4000 * np.exp(LEVEL)}), symbol="INDEX", exchange="XNYS")
    ws.add_events(pl.DataFrame({"symbol": ["LAMP"], "date": [SESSIONS[ZERO]], "category": ["AGREE"]}))
    return ws.study("LAMP", links="named", **OPTIONS)


@pytest.mark.parametrize("ratio", [2.0, 1.02])
def test_a_split_or_dividend_in_a_gap_is_in_no_return(tmp_path, ratio) -> None:
    with pytest.warns(UserWarning, match="LAMP: 3 bars without an adjusted close: left out, since a dividend or split"):
        found = study(tmp_path, ZERO + 2, ratio, range(ZERO, ZERO + 3))
    assert found.car.select("car", "flags").row(0) == (pytest.approx(0.05, abs=1e-12), "over-holes")
    assert found.ar["ar"].null_count() == 3


def test_a_gap_without_a_dividend_is_filled(tmp_path) -> None:
    with pytest.warns(UserWarning, match="LAMP: 3 bars without an adjusted close: returns use unadjusted closes"):
        found = study(tmp_path, ZERO - 100, 2.0, range(ZERO, ZERO + 3))
    assert found.ar["ar"].to_list() == pytest.approx([0.0] * 5 + [0.05] + [0.0] * 5, abs=1e-12)


def test_a_split_after_the_last_adjusted_close_is_flagged(tmp_path) -> None:
    with pytest.warns(UserWarning, match=f"LAMP {SESSIONS[ZERO + 2]}: split-like"):
        found = study(tmp_path, ZERO + 2, 2.0, range(ZERO + 1, TOTAL))
    assert found.ar.filter(pl.col("session") == SESSIONS[ZERO + 2])["flags"].item() == "split-like"
