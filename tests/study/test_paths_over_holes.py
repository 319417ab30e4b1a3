"""Paths, placebo paths and volatility leave out returns that do not belong to their days."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.eventstudy.paths import car_paths

SHARES = ("A", "B", "C", "D")
EVENT = 250
OPTIONS = {"benchmark": "MKT", "estimation": "-150:-21", "window": "-2:2", "windows": "-2:2"}


@pytest.fixture(scope="module")
def world() -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(4)
    days = pl.date_range(date(2023, 1, 2), date(2024, 12, 31), eager=True)
    days = days.filter(days.dt.weekday() <= 5).head(320)
    market = rng.normal(0, 0.01, 320)
    closes = {name: 50 * np.exp((market + rng.normal(0, 0.01, 320)).cumsum()) for name in SHARES}
    closes["A"][EVENT - 2 :] *= 1.5  # a jump in the return over the hole
    closes["A"][244 : EVENT - 2] = np.nan
    prices = pl.DataFrame({"date": days, **closes, "MKT": 100 * np.exp(market.cumsum())}).fill_nan(None)
    return prices, pl.DataFrame({"date": [days[EVENT]] * 4, "symbol": SHARES})


@pytest.mark.filterwarnings("ignore::correlator.errors.CorrelatorWarning")
def test_a_return_that_began_before_the_window_is_in_no_path(world) -> None:
    result = co.study(prices=world[0], events=world[1], **OPTIONS)
    path = result.frame("aar")["caar"]
    assert path.abs().max() < 0.05
    placebo = result.placebo(draws=20, seed=1)
    np.testing.assert_allclose(placebo.frame("bands")["caar"], path, rtol=0, atol=1e-14)
    assert car_paths(result).filter(pl.col("symbol") == "A")["car"].abs().max() < 0.1


@pytest.mark.filterwarnings("ignore::correlator.errors.CorrelatorWarning")
def test_a_return_over_several_sessions_is_no_volatility_of_its_last_day(world) -> None:
    pytest.importorskip("arch")
    result = co.study(prices=world[0], events=world[1], **OPTIONS)
    table = result.frame("volatility")
    assert table["n"].to_list() == [3, 4, 4, 4, 4]
    assert table["multiplier"].max() < 10


@pytest.mark.filterwarnings("ignore::correlator.errors.CorrelatorWarning")
@pytest.mark.parametrize("model", ["market", "raw", "factors"])
def test_a_portfolio_leaves_out_a_return_that_began_before_it_held_the_share(world, model) -> None:
    """The hole ends on day -2, with a jump of 50 %: a window from there does not hold it, one from day -8 does."""
    prices, events = world
    factors = {"factors": prices.select("date", F=pl.col("MKT").log().diff())} if model == "factors" else {}
    options = OPTIONS | {"window": "-8:2", "windows": "-2:2,-8:2", "model": model, "returns": "simple", **factors}
    table = co.study(prices=prices, events=events, **options).frame("calendar-time")
    inside, around = table["alpha"]
    assert abs(inside) < 0.02
    assert around > 0.1 / 11
    assert table["holdings"].to_list() == pytest.approx([(5 * 4 - 1) / 5, (11 * 4 - 4) / 11])
