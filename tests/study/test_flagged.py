"""Flagged bars in a study's numbers: marked, kept or left out, the same through every door."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.errors import CorrelatorWarning
from correlator.eventstudy.matrix import study_frames
from correlator.sessions.calendars import sessions_between

SESSIONS = sessions_between("XKAR", date(2022, 1, 3), date(2024, 12, 31))["session"]
BREAK = 600
WINDOW = (-5, 5)


def made_prices(factor: float = 0.5, symbol: str = "LAMP") -> pl.DataFrame:
    """Closes of two shares and a market; from row ``BREAK`` on those of ``symbol`` stand on another scale."""
    rng = np.random.default_rng(3)
    market = rng.normal(0, 0.01, len(SESSIONS))
    columns = {"KSE100": 100 * np.exp(np.cumsum(market))}
    for name in ("LAMP", "WICK"):
        columns[name] = 100 * np.exp(np.cumsum(market + rng.normal(0, 0.008, len(SESSIONS))))
    columns[symbol] = np.where(np.arange(len(SESSIONS)) >= BREAK, columns[symbol] * factor, columns[symbol])
    return pl.DataFrame({"date": SESSIONS, **columns})


EVENTS = pl.DataFrame(
    {
        "symbol": ["LAMP", "LAMP", "LAMP", "WICK"],
        "date": [SESSIONS[BREAK + 2], SESSIONS[BREAK + 6], SESSIONS[BREAK + 60], SESSIONS[BREAK + 1]],
    }
)
SPLIT_DAY = f"split-like {SESSIONS[BREAK]}"


@pytest.mark.filterwarnings("ignore:1 bar looks")
def test_marked_bars_are_named_where_their_window_holds_them():
    found = study_frames(prices=made_prices(), events=EVENTS, benchmark="KSE100", window=WINDOW)
    whole = found.car.filter(pl.col("window") == "-5:5")
    assert whole["findings"].to_list() == [SPLIT_DAY, "", "", ""]
    assert found.car.filter(pl.col("window") == "0:0")["findings"].to_list() == [""] * 4
    assert found.models["findings"].to_list() == ["", "", SPLIT_DAY, ""]
    marked = found.ar.filter(pl.col("flags") != "")
    assert marked.select("event_id", "session", "flags").rows() == [(1, SESSIONS[BREAK], "split-like")]
    assert found.flagged.select("symbol", "finding", "window", "events").rows() == [
        ("LAMP", "split-like", "estimation", 1),
        ("LAMP", "split-like", "event", 1),
    ]


@pytest.mark.filterwarnings("ignore:1 bar looks")
def test_marks_and_keep_leave_the_numbers_alone():
    marked, kept = (
        study_frames(prices=made_prices(), events=EVENTS, benchmark="KSE100", window=WINDOW, flagged=how)
        for how in ("mark", "keep")
    )
    assert marked.car.drop("findings").equals(kept.car.drop("findings"))
    assert set(kept.car["findings"]) == {""}
    assert kept.flagged.is_empty()


@pytest.mark.filterwarnings("ignore:1 bar looks")
def test_dropped_bars_are_in_no_number():
    broken = study_frames(prices=made_prices(), events=EVENTS, benchmark="KSE100", window=WINDOW, flagged="drop")
    whole = study_frames(prices=made_prices(1.0), events=EVENTS, benchmark="KSE100", window=WINDOW)
    # The second event's window starts with the return after the break, which begins at a close that is in doubt.
    reason = f"flagged bars in its event window: {SPLIT_DAY}"
    assert broken.excluded.select("event_id", "reason").rows() == [(1, reason), (2, reason)]
    assert broken.models["n"].to_list() == [248, 250]
    assert broken.car.filter(pl.col("event_id") == 4).equals(whole.car.filter(pl.col("event_id") == 4))
    later = [each.car.filter(pl.col("event_id") == 3)["car"].to_numpy() for each in (broken, whole)]
    np.testing.assert_allclose(*later, atol=2e-3)


@pytest.mark.filterwarnings("ignore:1 bar looks")
def test_prices_and_their_returns_have_the_same_findings():
    prices = made_prices(1 / 3)
    returns = prices.select("date", pl.exclude("date").log().diff()).drop_nulls()
    one = study_frames(prices=prices, events=EVENTS, benchmark="KSE100", window=WINDOW, flagged="drop")
    two = study_frames(returns, EVENTS, benchmark="KSE100", window=WINDOW, flagged="drop", returns_kind="log")
    assert one.excluded.equals(two.excluded)
    assert one.models["findings"].equals(two.models["findings"])


@pytest.mark.filterwarnings("ignore:1 bar looks")
@pytest.mark.parametrize("door", ["column", "frame"])
def test_a_break_of_the_benchmark_speaks_against_every_share(door):
    prices = made_prices(0.5, "KSE100")
    benchmark = "KSE100" if door == "column" else prices.select("date", "KSE100")
    given = prices if door == "column" else prices.drop("KSE100")
    found = study_frames(prices=given, events=EVENTS, benchmark=benchmark, window=WINDOW, flagged="drop")
    day = f"benchmark-level-break {SESSIONS[BREAK]}"
    assert found.excluded["event_id"].to_list() == [1, 2, 4]
    assert found.excluded["reason"].str.contains(day).all()
    assert found.models["findings"].to_list() == [day]


def test_real_moves_are_not_flagged():
    found = study_frames(prices=made_prices(1.0), events=EVENTS, benchmark="KSE100", window=WINDOW, flagged="drop")
    assert found.flagged.is_empty()
    assert found.excluded.is_empty()


@pytest.mark.parametrize("exchange", [None, "XKAR"])
def test_what_may_be_news_is_not_flagged(exchange):
    """A fall by a fifth: of closes alone it may be a split of five to four or news, and nothing tells which."""
    options = {"benchmark": "KSE100", "window": WINDOW, "exchange": exchange, "flagged": "drop"}
    found = study_frames(prices=made_prices(0.8), events=EVENTS, **options)
    assert found.flagged.is_empty()
    assert len(found.estimates) == len(EVENTS)


def test_a_price_filled_forward_is_told_in_a_frame() -> None:
    """A halt of eight sessions that a frame fills with the last close: its events would look like no reaction."""
    days = pl.date_range(date(2023, 1, 2), date(2024, 6, 28), eager=True)
    days = days.filter(days.dt.weekday() < 6)
    steps = np.random.default_rng(5).normal(0, 0.01, (len(days), 2)).cumsum(axis=0)
    prices = pl.DataFrame({"date": days, "MKT": 50 * np.exp(steps[:, 0]), "LAMP": 50 * np.exp(steps[:, 1])})
    at = pl.int_range(pl.len())
    filled = prices.with_columns(LAMP=pl.when(at.is_between(330, 337)).then(None).otherwise("LAMP").forward_fill())
    halted = pl.DataFrame({"symbol": ["LAMP"], "date": [days[331]]})
    options = {"events": halted, "benchmark": "MKT", "window": "-3:10", "windows": "0:0", "estimation": "-200:-20"}
    with pytest.warns(CorrelatorWarning, match=f"8 bars look like .* filled forward, .* first LAMP {days[330]}, stale"):
        marked = co.study(prices=filled, **options)
    assert marked.ar["flags"].to_list()[2:10] == ["stale"] * 8
    assert "stale" not in marked.ar["flags"].to_list()[10:]
    with pytest.warns(CorrelatorWarning, match="left out"):
        dropped = co.study(prices=filled, flagged="drop", **options)
    assert dropped.car["car"].drop_nulls().is_empty()
    thin = prices.with_columns(LAMP=pl.when(at % 3 > 0).then(None).otherwise("LAMP").forward_fill())
    assert "stale" not in "".join(co.study(prices=thin, **options).ar["flags"].to_list())
    # A share of weekly closes and an index of monthly ones, filled up to days: neither moves so of itself.
    week, month = (pl.col("date").dt.truncate(every) for every in ("1w", "1mo"))
    for name, part in (("LAMP", week), ("MKT", month)):
        slow = prices.with_columns(pl.col(name).last().over(part))
        with pytest.warns(CorrelatorWarning, match=f"first {name} 2023-01-.., stale"):
            assert "stale" in co.study(prices=slow, **options).car["findings"].item()
