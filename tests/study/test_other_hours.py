"""An intraday benchmark that trades at other hours: windows count the bars of the share's own exchange.

The share is 1.3 times the coin but for a move of 3 % in the bar of the second event.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.sessions.bar_stamps import within_sessions
from correlator.sessions.calendars import sessions_between

HALF_HOUR = timedelta(minutes=30)
FIRST, LAST = date(2024, 10, 28), date(2024, 12, 6)
ALWAYS = pl.datetime_range(datetime(2024, 10, 28), datetime(2024, 12, 7), HALF_HOUR, eager=True, time_zone="UTC")
LEVEL = np.random.default_rng(2).normal(0, 0.001, len(ALWAYS)).cumsum()
NEWS = datetime(2024, 11, 29, 16, 10, tzinfo=UTC)  # a half day: New York closes at 18:00
COIN = pl.DataFrame({"Datetime": ALWAYS, "BTC-USD": 50_000 * np.exp(LEVEL)})
AFTER = (ALWAYS + HALF_HOUR > NEWS).to_numpy()
SHARE = COIN.with_columns(LAMP=100 * np.exp(1.3 * LEVEL + 0.03 * AFTER)).filter(
    within_sessions(ALWAYS, "start", "XNYS")
)
EVENTS = pl.DataFrame({"symbol": ["LAMP", "LAMP"], "date": [NEWS - timedelta(days=3, hours=-7), NEWS]})
OPTIONS = {"estimation": "-150:-21", "window": "-14:2", "windows": "0:0,-14:2"}


def measured(found) -> tuple[list[datetime], list[float]]:
    shown = found.ar.filter(pl.col("day") == 0).sort("session")
    return shown["session"].to_list(), found.ar.sort("session")["ar"].to_list()


@pytest.fixture(scope="module")
def expected() -> tuple[list[datetime], list[float]]:
    sessions, returns = measured(co.study(prices=SHARE, events=EVENTS, exchange="XNYS", benchmark="BTC-USD", **OPTIONS))
    assert sessions == [datetime(2024, 11, 27, 14, 30, tzinfo=UTC), datetime(2024, 11, 29, 16, tzinfo=UTC)]
    assert returns == pytest.approx([0.0] * 31 + [0.03, 0.0, 0.0], abs=1e-12)
    return sessions, returns


def test_the_store_counts_the_bars_of_the_share_s_exchange(tmp_path, expected) -> None:
    ws = co.open_workspace(tmp_path / "m.duckdb")
    ws.add_prices(SHARE.select("Datetime", Close="LAMP"), symbol="LAMP", exchange="XNYS")
    ws.add_prices(COIN.rename({"BTC-USD": "Close"}), symbol="BTC-USD", exchange="24/7")
    ws.add_events(EVENTS.with_columns(category=pl.lit("AGREE")))
    found = ws.study("LAMP", benchmark="BTC-USD", links="named", interval="30m", **OPTIONS)
    assert measured(found) == (expected[0], pytest.approx(expected[1], abs=1e-12))


@pytest.mark.filterwarnings("ignore:times of bars are their ends")
@pytest.mark.parametrize("later", [timedelta(0), HALF_HOUR], ids=["starts", "ends"])
def test_a_column_that_trades_at_night_adds_no_bars(expected, later) -> None:
    whole = COIN.join(SHARE.select("Datetime", "LAMP"), on="Datetime", how="left")
    whole = whole.with_columns(pl.col("Datetime") + later)
    found = co.study(prices=whole, events=EVENTS, exchange="XNYS", benchmark="BTC-USD", **OPTIONS)
    sessions, returns = measured(found)
    assert sessions == [at + later for at in expected[0]]
    assert returns == pytest.approx(expected[1], abs=1e-12)


def test_bars_within_sessions_by_their_starts_and_ends() -> None:
    hours = sessions_between("XNYS", FIRST, LAST)
    starts, ends = (ALWAYS.filter(within_sessions(ALWAYS, side, "XNYS")) for side in ("start", "end"))
    assert hours["opens_at"].is_in(starts.implode()).all()
    assert not hours["closes_at"].is_in(starts.implode()).any()
    assert (starts + HALF_HOUR).equals(ends)
    assert len(starts) == 13 * len(hours) - 6
