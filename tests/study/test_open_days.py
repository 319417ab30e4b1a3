"""Rows of a frame that are not sessions: calendars of all days, holidays, missing sessions, two calendars at once."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

import correlator as co
from correlator.errors import CorrelatorWarning, InputError
from correlator.sessions.calendars import sessions_between

SESSIONS = sessions_between("XNYS", date(2023, 1, 3), date(2024, 2, 29))["session"].to_list()
MOVES = np.random.default_rng(5).normal(0, 0.01, (len(SESSIONS), 3)).cumsum(axis=0)
PRICES = pd.DataFrame(50 * np.exp(MOVES), index=pd.to_datetime(SESSIONS), columns=["MKT", "LAMP", "WICK"])
EVENTS = pl.DataFrame({"symbol": ["LAMP", "WICK"], "date": [date(2023, 11, 24), date(2024, 1, 16)]})
OPTIONS = {"benchmark": "MKT", "estimation": "-120:-11", "window": "-3:3", "windows": "-3:3"}


def study(prices: object, events: object = EVENTS, **options: object) -> co.StudyResult:
    return co.study(prices=prices, events=events, **{**OPTIONS, **options})


@pytest.mark.parametrize("make", [lambda p: p.asfreq("D"), lambda p: p.asfreq("B")])
def test_days_without_a_figure_are_no_sessions(make) -> None:
    with pytest.warns(CorrelatorWarning, match="left out"):
        assert study(make(PRICES)).car.equals(study(PRICES).car)


def test_weekends_filled_forward_are_no_sessions_and_holidays_are_told() -> None:
    filled = PRICES.asfreq("D").ffill()
    with pytest.warns(CorrelatorWarning) as told:
        study(filled)
    messages = " ".join(str(each.message) for each in told)
    assert "on Saturdays and Sundays, without any trade" in messages
    assert "nothing moves on 12 rows, first 2023-01-16" in messages
    with pytest.warns(CorrelatorWarning, match="not sessions of XNYS"):
        assert study(filled, exchange="XNYS").car.equals(study(PRICES).car)


def test_returns_and_volumes_of_all_days() -> None:
    returns = np.log(PRICES).diff()
    volumes = PRICES * 1000
    plain = co.study(returns=returns, events=EVENTS, **OPTIONS).car
    assert co.study(returns=returns.asfreq("D").fillna(0.0), events=EVENTS, exchange="XNYS", **OPTIONS).car.equals(
        plain
    )
    plain = co.study(volumes=volumes, events=EVENTS, **OPTIONS).car
    assert co.study(volumes=volumes.asfreq("D").fillna(0), events=EVENTS, exchange="XNYS", **OPTIONS).car.equals(plain)


def test_one_share_keeps_its_halts_and_loses_its_weekends() -> None:
    one = PRICES[["LAMP"]].copy()
    one.loc["2023-11-20":"2023-11-21"] = np.nan
    events = EVENTS.head(1)
    plain = study(one, events, benchmark=None, model="mean").ar
    assert study(one.asfreq("D"), events, benchmark=None, model="mean", exchange="XNYS").ar.equals(plain)


def test_a_session_that_the_frame_lacks_counts_with_an_exchange(tmp_path) -> None:
    short = PRICES.drop(PRICES.index[222:224])
    events = pl.DataFrame({"symbol": ["LAMP"], "date": [PRICES.index[225].date()]})
    store = co.open_workspace(tmp_path / "m.duckdb")
    for name in PRICES.columns:
        store.add_prices(
            short[[name]].rename(columns={name: "Close"}).rename_axis("Date"), symbol=name, exchange="XNYS"
        )
    store.add_events(events.with_columns(category=pl.lit("CONSULT")))
    stored = store.study(links="named", date_only="same-day", **OPTIONS)
    columns = ["symbol", "session", "day", "ar", "se"]
    assert study(short, events, exchange="XNYS").ar.select(columns).equals(stored.ar.select(columns))


def test_shares_that_rest_while_others_trade_are_refused_until_told_apart() -> None:
    every_day = PRICES.asfreq("D")
    coin = np.exp(np.random.default_rng(1).normal(0, 0.03, len(every_day)).cumsum())
    mixed = every_day.assign(COIN=coin)
    for frame in (mixed, mixed.ffill()):
        with pytest.raises(InputError, match="LAMP does not trade on Saturdays, COIN does"):
            study(frame)
    plain = study(PRICES).car
    with pytest.warns(CorrelatorWarning, match="not sessions of XNYS, first COIN 2023-01-07"):
        assert study(mixed, exchange="XNYS").car.equals(plain)
    each = {"exchange": "LAMP=XNYS,WICK=XNYS,COIN=24/7", "benchmark": "XNYS=MKT,24/7=MKT"}
    assert study(mixed, **each).car["car"].to_list() == pytest.approx(plain["car"].to_list(), abs=1e-15)
    assert study(mixed, events=pl.DataFrame({"symbol": ["COIN"], "date": [date(2024, 1, 16)]}), model="mean").car.height


def test_an_event_in_a_hole_of_the_data_is_not_moved_over_it() -> None:
    hole = PRICES.drop(PRICES.loc["2023-11-01":"2023-12-15"].index)
    result = study(hole)
    assert result.excluded["reason"].to_list() == ["no bar near the event's date: the next one is 24 days away"]
    weekly = PRICES[::5]
    options = {"estimation": "-30:-5", "window": "-1:1", "windows": "-1:1"}
    with pytest.warns(CorrelatorWarning, match="rows of prices are weekly: windows count rows, not days"):
        assert study(weekly, EVENTS.head(1), **options).excluded.is_empty()


def test_a_window_without_any_car_is_told() -> None:
    broken = PRICES.copy()
    broken.loc["2023-11-20":"2023-11-21", "LAMP"] = np.nan
    with pytest.warns(CorrelatorWarning, match="no event has a CAR over -1:1"):
        study(broken, EVENTS.head(1), window="-1:1", windows="-1:1")


def test_no_event_on_a_panel_with_holes_is_told() -> None:
    broken = PRICES.copy()
    broken.loc["2023-11-20":"2023-11-21", "LAMP"] = np.nan
    with pytest.raises(InputError, match="events have no rows"):
        study(broken, EVENTS.head(0))
    with pytest.warns(CorrelatorWarning, match="no event could be measured"):
        assert study(broken, EVENTS.with_columns(symbol=pl.lit("ZED"))).car.is_empty()


def test_a_benchmark_of_two_columns_is_refused() -> None:
    with pytest.raises(InputError, match="benchmark must have one column, got 2: WICK, MKT"):
        study(PRICES, benchmark=PRICES[["WICK", "MKT"]])


def test_dates_of_events_are_one_column() -> None:
    later = pl.col("date") + timedelta(days=20)
    two = EVENTS.select("symbol", effective=later, announced="date")
    with pytest.raises(InputError, match="dates in both 'effective' and 'announced'"):
        study(PRICES, two)
    named = EVENTS.select(pl.lit("Lamp Ltd").alias("company"), "symbol", pl.col("date").cast(pl.String).alias("when"))
    plain = study(PRICES).car
    assert study(PRICES, named).car.equals(plain)
    assert study(PRICES, EVENTS.with_columns(pl.col("date").cast(pl.String).cast(pl.Categorical))).car.equals(plain)


def test_a_history_that_ends_in_a_window_has_no_car_whatever_holes_others_have() -> None:
    ended = PRICES.copy()
    ended.loc["2023-11-28":, "LAMP"] = np.nan
    hole = ended.copy()
    hole.loc["2023-03-01", "WICK"] = np.nan
    for frame in (ended, hole):
        car = study(frame, EVENTS.head(1)).car
        assert car.select("car", "n", "flags").rows() == [(None, 5, "ends-after")]


@pytest.mark.parametrize("name", ["window", "n", "day", "position"])
def test_groups_are_not_called_as_results_are(name) -> None:
    with pytest.raises(InputError, match="the name of a column of results"):
        study(PRICES, EVENTS.with_columns(pl.lit("x").alias(name)), by=name)


@pytest.mark.parametrize("rate", [0.02, 0.0525, 5.25])
def test_a_risk_free_rate_is_a_fraction_of_its_bar(rate) -> None:
    with pytest.raises(InputError, match="risk_free holds per cent or annual rates"):
        study(PRICES, risk_free=pd.DataFrame({"rf": rate}, index=PRICES.index))
    daily = pd.DataFrame({"rf": 0.0525 / 252}, index=PRICES.index)
    assert study(PRICES, risk_free=daily).car.height == 2


@pytest.mark.parametrize(("mark", "unit"), [(-99.99, None), (-999, "percent"), (-99.99, "percent"), (np.inf, None)])
def test_marks_of_missing_values_are_no_factors(mark, unit) -> None:
    options = {"benchmark": None, "model": "factors", "factors_unit": unit}
    factor = PRICES[["MKT"]].pct_change() * (1 if unit is None else 100)
    holes, marked = factor.copy(), factor.copy()
    holes.iloc[200], marked.iloc[200] = np.nan, mark
    with pytest.warns(CorrelatorWarning, match=r"1 of factors mark missing values .*first MKT on 2023-10-19"):
        assert study(PRICES, factors=marked, **options).car.equals(study(PRICES, factors=holes, **options).car)


def test_a_mark_of_a_missing_value_is_no_rate() -> None:
    rates = pd.DataFrame({"rf": 0.0525 / 252}, index=PRICES.index)
    rates.iloc[200] = -99.99
    with pytest.warns(CorrelatorWarning, match="1 of risk-free returns mark missing values"):
        study(PRICES, risk_free=rates)


def test_a_share_without_any_return_is_not_its_benchmark() -> None:
    reasons = study(PRICES.head(1)).excluded["reason"].to_list()
    assert not any("benchmark" in reason for reason in reasons)
