"""Times of bars within a day: starts, or ends where the hours of the exchange or the caller say so."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import correlator as co
from correlator.errors import CorrelatorWarning, InputError
from correlator.market.reading.files import read_prices
from correlator.sessions.bar_stamps import side_of, starts_of
from correlator.sessions.calendars import sessions_between
from correlator.sessions.intervals import END, START, bar_length


def starts(exchange: str, minutes: int, first: date = date(2024, 6, 24), last: date = date(2024, 7, 12)) -> pl.Series:
    """Starts of the bars of sessions: from each opening on, the last one cut by the close."""
    bars: list[pl.Series] = []
    for opens, closes in sessions_between(exchange, first, last).select("opens_at", "closes_at").iter_rows():
        bars.append(pl.datetime_range(opens, closes, f"{minutes}m", closed="left", eager=True))
    return pl.concat(bars)


def ends(exchange: str, minutes: int, first: date = date(2024, 6, 24), last: date = date(2024, 7, 12)) -> pl.Series:
    bars: list[pl.Series] = []
    for opens, closes in sessions_between(exchange, first, last).select("opens_at", "closes_at").iter_rows():
        full = pl.datetime_range(opens, closes, f"{minutes}m", closed="right", eager=True)
        bars.append(full if closes in full else full.append(pl.Series([closes]).cast(full.dtype)))
    return pl.concat(bars)


EXCHANGES = ("XNYS", "XKAR", "XLON", "XTKS", "XBOM", "XSAU")


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize("minutes", [1, 5, 30, 60])
def test_ends_are_told_from_starts_and_give_the_same_bars(exchange: str, minutes: int) -> None:
    length = timedelta(minutes=minutes)
    assert side_of(starts(exchange, minutes), length, exchange) == START
    stamps = ends(exchange, minutes)
    assert side_of(stamps, length, exchange) == END
    rows = pl.DataFrame({"symbol": ["A"] * len(stamps), "stamp": stamps})
    mixed = rows.sample(fraction=1, shuffle=True, seed=1)
    assert sorted(starts_of(mixed, length, exchange)) == starts(exchange, minutes).to_list()


def test_what_is_no_proof_is_a_start() -> None:
    half_hour = timedelta(minutes=30)
    bars = ends("XNYS", 30)
    assert side_of(bars, half_hour, None) == START
    assert side_of(bars, half_hour, "XNYS", "start") == START
    assert side_of(starts("XNYS", 30), half_hour, "XNYS", "end") == END
    closing = starts("XNYS", 30).append(ends("XNYS", 390)).sort()  # beside a closing auction
    assert side_of(closing, half_hour, "XNYS") == START
    auctions = ends("XNYS", 390)  # a share of which nothing but the closing auction is there
    assert side_of(auctions, timedelta(minutes=1), "XNYS") == START
    assert side_of(ends("24/7", 60), timedelta(hours=1), "24/7") == START
    around_the_clock = pl.datetime_range(datetime(2024, 7, 1), datetime(2024, 7, 5), "1h", time_zone="UTC", eager=True)
    assert side_of(around_the_clock, timedelta(hours=1), "XNYS") == START  # 20:00 is the close, 13:30 is in no stamp
    full_hours = around_the_clock.filter(around_the_clock.dt.hour().is_between(13, 20))  # the first holds the opening
    assert side_of(full_hours, timedelta(hours=1), "XNYS") == START
    assert side_of(full_hours.filter(full_hours.dt.hour() > 13), timedelta(hours=1), "XNYS") == END
    with pytest.raises(InputError, match="stamped must be start or end, got 'left'"):
        side_of(bars, half_hour, "XNYS", "left")


def test_two_sessions_are_too_few_to_be_sure() -> None:
    two = ends("XNYS", 30, date(2024, 7, 8), date(2024, 7, 9))
    with pytest.raises(InputError, match="may be their ends.*--stamped end"):
        side_of(two, timedelta(minutes=30), "XNYS")
    assert side_of(ends("XNYS", 30, date(2024, 7, 8), date(2024, 7, 10)), timedelta(minutes=30), "XNYS") == END


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(EXCHANGES), st.sampled_from([5, 15, 30]), st.integers(0, 2**32 - 1))
def test_holes_do_not_turn_starts_into_ends(exchange: str, minutes: int, seed: int) -> None:
    """A bar missing here and there, as of a share that is not traded every minute."""
    stamps = starts(exchange, minutes)
    kept = np.random.default_rng(seed).random(len(stamps)) < 0.7
    assert side_of(stamps.filter(pl.Series(kept)), timedelta(minutes=minutes), exchange) == START


def _bars(stamps: pl.Series) -> pl.DataFrame:
    steps = np.random.default_rng(4).normal(0, 0.002, (len(stamps), 2)).cumsum(axis=0)
    prices = 100 * np.exp(steps)
    return pl.DataFrame({"time": stamps, "MKT": prices[:, 0], "LAMP": prices[:, 1]})


def _stacked(bars: pl.DataFrame, path: Path) -> Path:
    bars.unpivot(index="time", variable_name="symbol", value_name="close").write_csv(path)
    return path


def test_a_file_of_ends_is_the_file_of_starts(tmp_path: Path) -> None:
    by_start = read_prices(_stacked(_bars(starts("XNYS", 60)), tmp_path / "starts.csv"), exchange="XNYS")
    by_end = read_prices(_stacked(_bars(ends("XNYS", 60)), tmp_path / "ends.csv"), exchange="XNYS")
    assert by_end.bars.drop("source").equals(by_start.bars.drop("source"))
    assert [note for note in by_end.notes if note not in by_start.notes] == [
        "times of bars are their ends, as the trading hours of the exchange show: each bar starts up to 60 min earlier"
    ]
    said = read_prices(_stacked(_bars(ends("XNYS", 60)), tmp_path / "said.csv"), exchange="XNYS", stamped="start")
    assert said.bars["bar_start"].max() > by_end.bars["bar_start"].max()


def test_days_have_no_side() -> None:
    with pytest.raises(InputError, match="no intraday bars"):
        read_prices(pl.DataFrame({"Date": ["2024-01-02"], "Close": [2.0]}), symbol="LAMP", stamped="end")


NEWS = pl.DataFrame({"symbol": ["LAMP"] * 3, "date": ["2024-07-08T13:05Z", "2024-07-09T15:05Z", "2024-07-09T20:30Z"]})
WINDOWS = {"window": "-1:1", "windows": "0:0", "estimation": "-60:-10", "minimum_observations": 30}


@pytest.mark.parametrize("minutes", [30, 60])
def test_a_study_measures_the_same_bar_whichever_side_its_frame_is_stamped_by(minutes: int) -> None:
    options = {"events": NEWS, "benchmark": "MKT", "exchange": "XNYS", **WINDOWS}
    by_start = co.study(prices=_bars(starts("XNYS", minutes)), **options)
    with pytest.warns(CorrelatorWarning, match="times of bars are their ends"):
        by_end = co.study(prices=_bars(ends("XNYS", minutes)), **options)
    assert by_end.car["car"].to_list() == by_start.car["car"].to_list()
    assert len(by_start.car) == 3
    first = by_end.ar.filter(pl.col("day") == 0)["session"][0]  # as the frame writes it
    assert first.hour * 60 + first.minute == 13 * 60 + 30 + minutes


def test_a_frame_without_an_exchange_is_told_its_side() -> None:
    options = {"events": NEWS, "benchmark": "MKT", **WINDOWS}
    frame = _bars(ends("XNYS", 30))
    sided = co.study(prices=frame, stamped="end", **options)
    assert sided.car["car"].to_list() == co.study(prices=frame, exchange="XNYS", **options).car["car"].to_list()
    assert sided.car["car"].to_list() != co.study(prices=frame, **options).car["car"].to_list()
    days = pl.DataFrame({"date": pl.date_range(date(2024, 1, 1), date(2024, 5, 1), eager=True)})
    with pytest.raises(InputError, match="stamped has no effect for daily bars"):
        co.study(prices=days.with_columns(LAMP=pl.arange(1, 123, eager=True)), events=NEWS, stamped="end")


def test_lengths() -> None:
    assert [bar_length(text) for text in ("5m", "1h")] == [timedelta(minutes=5), timedelta(hours=1)]
