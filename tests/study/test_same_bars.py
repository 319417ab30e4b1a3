"""Series that are matched by timestamp have bars of one length and one clock; the share is an exact function of the
benchmark but for a move of 3 % in the bar of the event.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.errors import CorrelatorWarning, InputError, TimeError
from correlator.eventstudy.panel.same_bars import regular_length

DAYS, A_DAY, LONG = 20, 78, 12
OPTIONS = {"estimation": "-900:-40", "window": "-12:12", "windows": "0:0,-12:12"}
LOCAL = pl.col("Datetime").dt.convert_time_zone("Europe/Berlin").dt.replace_time_zone(None)
AT = datetime(2024, 3, 26, 10, tzinfo=UTC)
EVENTS = pl.DataFrame({"symbol": ["S"], "date": [AT + timedelta(minutes=2)]})


def bars(slope: float, name: str, every: int = 1, effect: float = 0.0) -> pl.DataFrame:
    """Closes of bars of 5 or 60 minutes, stamped with their starts in UTC: from 08:00 to 14:30."""
    level = np.random.default_rng(1).normal(0, 0.001, DAYS * A_DAY).cumsum()
    opens = [datetime(2024, 3, 11, 8) + timedelta(days=7 * (k // 5) + k % 5) for k in range(DAYS)]
    starts = pl.Series([at + timedelta(minutes=5 * n) for at in opens for n in range(A_DAY)]).dt.replace_time_zone(
        "UTC"
    )
    after = np.arange(len(starts)) >= starts.search_sorted(AT)
    closes = 100 * np.exp(slope * level + effect * after)
    first = np.arange(len(starts)) % A_DAY % every == 0
    last = np.minimum(np.flatnonzero(first) + every - 1, np.flatnonzero(first) // A_DAY * A_DAY + A_DAY - 1)
    return pl.DataFrame({"Datetime": starts.filter(pl.Series(first)), name: closes[last]})


SHARE, INDEX, HOURLY = bars(1.3, "S", effect=0.03), bars(1.0, "I"), bars(1.0, "I", every=LONG)


def study(prices: pl.DataFrame, benchmark: pl.DataFrame | str, **options):
    return co.study(prices=prices, benchmark=benchmark, events=EVENTS, **OPTIONS, **options)


@pytest.mark.filterwarnings("error::correlator.errors.CorrelatorWarning")
def test_bars_of_one_length_and_clock_are_measured() -> None:
    berlin = INDEX.with_columns(pl.col("Datetime").dt.convert_time_zone("Europe/Berlin"))
    for benchmark in (INDEX, berlin):
        assert study(SHARE, benchmark).car["car"].to_list() == pytest.approx([0.03, 0.03], abs=1e-12)


def test_a_benchmark_without_a_zone_is_not_taken_for_utc() -> None:
    with pytest.raises(TimeError, match="times of the bars have a time zone and those of the benchmark have none"):
        study(SHARE, INDEX.with_columns(LOCAL))
    with pytest.raises(TimeError, match="times of the benchmark have a time zone and those of the bars have none"):
        study(SHARE.with_columns(LOCAL), INDEX)
    with pytest.warns(
        CorrelatorWarning, match="times of the benchmark without a time zone are read as times in Europe"
    ):
        found = study(SHARE, INDEX.with_columns(LOCAL), exchange="XETR")
    assert found.car["car"].to_list() == pytest.approx([0.03, 0.03], abs=1e-12)


def test_a_benchmark_of_longer_or_shorter_bars_is_refused() -> None:
    with pytest.raises(InputError, match="bars of the benchmark are 60 minutes apart, the others 5 minutes"):
        study(SHARE, HOURLY)
    with pytest.raises(InputError, match="bars of the benchmark are 5 minutes apart, the others 60 minutes"):
        study(bars(1.3, "S", every=LONG), INDEX)
    with pytest.raises(InputError, match="bars of I are 60 minutes apart, those of the other prices 5 minutes"):
        study(SHARE.join(HOURLY, on="Datetime", how="left"), "I")


def test_daily_and_intraday_bars_are_not_matched() -> None:
    daily = INDEX.group_by(Date=pl.col("Datetime").dt.date(), maintain_order=True).agg(pl.col("I").last())
    rates = daily.select("Date", RF=pl.lit(0.0001))
    with pytest.raises(InputError, match="bars of the benchmark are daily, the others intraday"):
        study(SHARE, daily)
    with pytest.raises(InputError, match="bars of the benchmark are intraday, the others daily"):
        study(daily.rename({"I": "S"}), INDEX)
    with pytest.raises(InputError, match="bars of risk-free returns are daily, the others intraday"):
        study(SHARE, INDEX, risk_free=rates)


def test_a_share_that_trades_seldom_has_no_other_bars() -> None:
    traded = np.random.default_rng(2).random(SHARE.height) < 0.2
    thin = SHARE.with_columns(pl.when(pl.Series(traded)).then("S"))
    with pytest.warns(CorrelatorWarning, match="no event has a CAR"):
        found = study(thin.join(INDEX, on="Datetime"), "I", minimum_observations=50)
    assert found.ar["ar"].drop_nulls().abs().max() < 0.03 + 1e-12


def test_factors_of_bars_that_a_share_has_not_count_for_its_next_bar() -> None:
    kept = pl.Series(np.random.default_rng(2).random(SHARE.height) < 0.4) | (SHARE["Datetime"] == AT)
    factors = INDEX.select("Datetime", MKT=pl.col("I").log().diff())
    options = OPTIONS | {"model": "factors", "estimation": "-200:-40", "minimum_observations": 50}
    found = co.study(prices=SHARE.filter(kept), factors=factors, events=EVENTS, **options)
    assert found.car["car"].to_list() == pytest.approx([0.03, 0.03], abs=1e-12)


def test_a_benchmark_stamped_with_the_ends_of_its_bars_is_told() -> None:
    ends = INDEX.with_columns(pl.col("Datetime") + timedelta(minutes=5))
    with pytest.warns(CorrelatorWarning, match=r"benchmark of the next bar .* are the starts of bars, .* the ends"):
        study(SHARE, ends)


def test_the_usual_distance_between_timestamps() -> None:
    assert regular_length(INDEX["Datetime"]) == timedelta(minutes=5)
    assert regular_length(HOURLY["Datetime"]) == timedelta(hours=1)
    assert regular_length(INDEX["Datetime"].gather([0, 1, 5, 7])) is None
    assert regular_length(INDEX["Datetime"].head(2)) is None
