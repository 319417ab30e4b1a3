"""Windows as the command line writes them."""

from __future__ import annotations

from datetime import date, time, timedelta

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.errors import InputError
from correlator.eventstudy.request.windows import DateWindow, OffsetWindow, parse_window, parse_windows


def test_offsets_and_dates() -> None:
    assert parse_window("-145:-26") == OffsetWindow(-145, -26)
    assert len(OffsetWindow(-145, -26)) == 120
    assert parse_window(" +1 : 5 ") == OffsetWindow(1, 5)
    assert parse_window("2019-04-01:2020-03-13") == DateWindow(date(2019, 4, 1), date(2020, 3, 13))
    assert [w.label for w in parse_windows("0:0,-1:1, -5:5")] == ["0:0", "-1:1", "-5:5"]
    assert parse_window("2020-03-16:2020-03-20").label == "2020-03-16:2020-03-20"


def test_windows_as_papers_print_them() -> None:
    assert parse_window("[-2, +2]") == parse_window("(\N{MINUS SIGN}2;2)") == OffsetWindow(-2, 2)
    assert [w.label for w in parse_windows("[0,0],[-1,+1], -5:5")] == ["0:0", "-1:1", "-5:5"]
    assert [w.label for w in parse_windows(["(0,1)", "[-1,0],[0,2]"])] == ["0:1", "-1:0", "0:2"]
    assert parse_window("\N{EN DASH}2:2") == OffsetWindow(-2, 2)


@pytest.mark.parametrize(
    "text",
    ["", "5", "1:0", "a:b", "2020-03-20:2020-03-16", "2020-02-30:2020-03-01", "1:2:3", "[1,2", "[2,1]", "[1,2,3]"],
)
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(InputError, match="window"):
        parse_windows(text)


def test_dates_of_a_window_are_those_of_the_exchange_for_bars_of_a_session() -> None:
    """Sydney opens at 10:00, in summer 23:00 UTC of the day before: six bars of an hour are of one date there."""
    sessions = co.sessions_between("XASX", date(2024, 1, 2), date(2024, 3, 28))
    hours = [opens + timedelta(hours=k) for opens in sessions["opens_at"] for k in range(6)]
    rng = np.random.default_rng(2)
    closes = {name: 50 * np.exp(rng.normal(0, 0.003, len(hours)).cumsum()) for name in ("M", "A")}
    events = pl.DataFrame({"symbol": ["A"], "date": ["2024-03-14T01:30:00Z"]})
    windows = {
        "estimation": "2024-01-03:2024-03-01",
        "window": "2024-03-13:2024-03-14",
        "windows": "2024-03-14:2024-03-14",
    }
    result = co.study(
        prices=pl.DataFrame({"date": hours, **closes}), events=events, benchmark="M", exchange="XASX", **windows
    )
    local = result.ar["session"].dt.convert_time_zone("Australia/Sydney")
    assert local.dt.date().value_counts().sort("session")["count"].to_list() == [6, 6]
    assert local.dt.time().min() == time(10)
    assert result.car["n"].to_list() == [6]
    assert result.models["n"].to_list() == [
        6 * sessions["session"].is_between(date(2024, 1, 3), date(2024, 3, 1)).sum()
    ]
