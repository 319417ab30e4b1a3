"""Factors over the sessions of a return that bridges a hole, against weighted least squares written out here."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

import correlator as co

SESSIONS, LOADINGS, HOLE = 300, np.array([1.1, 0.6, -0.4]), slice(260, 263)
BEFORE_ESTIMATION_ENDS = slice(200, 202)
OPTIONS = {"model": "factors", "estimation": "-250:-11", "window": "-2:8", "windows": "-2:8"}


@pytest.fixture(scope="module")
def days() -> pl.Series:
    every = pl.date_range(date(2023, 1, 2), date(2024, 12, 31), eager=True)
    return every.filter(every.dt.weekday() <= 5).head(SESSIONS)


@pytest.fixture(scope="module")
def factors() -> np.ndarray:
    return np.random.default_rng(1).normal(0.0, 0.01, (SESSIONS, 3))


def table(days: pl.Series, values: np.ndarray) -> pl.DataFrame:
    named = {name: values[:, k] for k, name in enumerate(("MKT", "SMB", "HML")[: values.shape[1]])}
    return pl.DataFrame({"date": days, **named}).fill_nan(None)


def priced(days: pl.Series, factors: np.ndarray, noise: float) -> pl.DataFrame:
    returns = factors @ LOADINGS[: factors.shape[1]] + np.random.default_rng(2).normal(0.0, noise, SESSIONS)
    closes = 100.0 * np.exp(returns.cumsum())
    closes[HOLE] = closes[BEFORE_ESTIMATION_ENDS] = np.nan
    return pl.DataFrame({"date": days, "LAMP": closes}).fill_nan(None)


def by_hand(prices: pl.DataFrame, factors: np.ndarray, day_zero: int) -> tuple[np.ndarray, np.ndarray]:
    """Abnormal returns and errors of the event window: each return over its sessions, weighted by one over them."""
    closes = prices["LAMP"].to_numpy()
    traded = np.flatnonzero(np.isfinite(closes))
    ends, starts = traded[1:], traded[:-1]
    returns = np.log(closes[ends] / closes[starts])
    design = np.array([factors[start + 1 : end + 1].sum(axis=0) for start, end in zip(starts, ends, strict=True)])
    x, sessions = np.column_stack([np.ones(len(ends)), design]), ends - starts
    inside = (ends >= day_zero - 250) & (ends <= day_zero - 11)
    root = 1.0 / np.sqrt(sessions[inside])
    a, b = x[inside] * root[:, None], returns[inside] * root
    coefficients, ssr, _, _ = np.linalg.lstsq(a, b, rcond=None)
    variance = ssr[0] / (inside.sum() - x.shape[1])
    window = (ends >= day_zero - 2) & (ends <= day_zero + 8)
    leverage = np.einsum("ni,ij,nj->n", x[window], np.linalg.inv(a.T @ a), x[window])
    return returns[window] - x[window] @ coefficients, np.sqrt(variance * (sessions[window] + leverage))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_factor_is_summed_over_the_sessions_of_a_return(days, factors, count):
    factors = factors[:, :count]
    prices, events = priced(days, factors, noise=0.01), pl.DataFrame({"date": [days[258]], "symbol": ["LAMP"]})
    shown = co.study(prices=prices, events=events, factors=table(days, factors), **OPTIONS).frame("ar")
    shown = shown.filter(pl.col("ar").is_not_null())
    expected, errors = by_hand(prices, factors, 258)
    np.testing.assert_allclose(shown["ar"], expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(shown["se"], errors, rtol=1e-11)


@pytest.mark.parametrize("count", [1, 3])
def test_a_factor_that_is_missing_within_the_sessions_of_a_return_leaves_it_out(days, factors, count):
    factors = factors[:, :count]
    prices, events = priced(days, factors, noise=0.01), pl.DataFrame({"date": [days[258]], "symbol": ["LAMP"]})
    lacking = factors.copy()
    lacking[261, -1] = np.nan
    results = [co.study(prices=prices, events=events, factors=table(days, f), **OPTIONS) for f in (factors, lacking)]
    known, unknown = (result.frame("ar").sort("day")["ar"] for result in results)
    assert known.null_count() == 3
    assert unknown.null_count() == 4
    assert unknown.drop_nulls().equals(known.gather([0, 1, 2, 3, 8, 9, 10]))


def test_a_portfolio_in_calendar_time_has_the_factors_of_its_returns(days, factors):
    factors = factors * 1e-4  # so small that log returns are simple ones
    prices, events = priced(days, factors, noise=0.0), pl.DataFrame({"date": [days[240]], "symbol": ["LAMP"]})
    options = OPTIONS | {"estimation": "-200:-31", "window": "-20:40", "windows": "-20:40"}
    result = co.study(prices=prices, events=events, factors=table(days, factors), **options)
    assert abs(result.frame("calendar-time")["alpha"].item()) < 1e-11


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("closed", [[255], [259, 260], [256, 258]])
def test_factors_of_days_that_are_no_sessions_count_for_the_next_session(days, factors, count, closed):
    factors = factors[:, :count]
    prices = priced(days, factors, noise=1e-9).filter(~pl.int_range(pl.len()).is_in(closed))
    events = pl.DataFrame({"date": [days[257]], "symbol": ["LAMP"]})
    shown = co.study(prices=prices, events=events, factors=table(days, factors), **OPTIONS).frame("ar")
    assert shown["ar"].null_count() < 6
    assert shown["ar"].abs().max() < 1e-7
    dropped = co.study(prices=prices, events=events, factors=table(days, factors), **OPTIONS, holes="drop").frame("ar")
    assert dropped["ar"].abs().max() < 1e-7


@pytest.mark.parametrize("given", ["a column", "a frame"])
@pytest.mark.parametrize("closed", [[255], [259, 260], [256, 258]])
def test_risk_free_returns_of_days_that_are_no_sessions_count_for_the_next_session(days, factors, given, closed):
    rates = np.random.default_rng(3).uniform(0.0, 0.002, SESSIONS)
    closes = 100.0 * np.exp((rates + factors[:, 0] * 1.1).cumsum())
    prices = pl.DataFrame({"date": days, "LAMP": closes}).filter(~pl.int_range(pl.len()).is_in(closed))
    free, events = (
        table(days, factors[:, :1]).with_columns(RF=rates),
        pl.DataFrame({"date": [days[257]], "symbol": "LAMP"}),
    )
    of_model = {"factors": free, "risk_free": "RF"} if given == "a column" else {"factors": free.drop("RF")}
    of_model = {"risk_free": free.select("date", "RF")} | of_model
    shown = co.study(prices=prices, events=events, **of_model, **OPTIONS).frame("ar")
    assert shown["ar"].null_count() == 0
    assert shown["ar"].abs().max() < 1e-14


@pytest.mark.parametrize("count", [1, 3])
def test_rows_of_weekends_that_are_filled_forward_are_no_returns(days, factors, count):
    factors, rates = factors[:, :count], np.random.default_rng(3).uniform(0.0, 0.002, SESSIONS)
    free = table(days, factors).with_columns(RF=rates)
    closes = 100.0 * np.exp((rates + factors @ LOADINGS[:count]).cumsum())
    prices = pl.DataFrame({"date": days, "LAMP": closes}).filter(pl.int_range(pl.len()) != 256)
    events = pl.DataFrame({"date": [days[257]], "symbol": ["LAMP"]})
    every = pl.DataFrame({"date": pl.date_range(days[0], days[-1], eager=True)})
    filled = every.join(free, on="date", how="left").fill_null(strategy="forward")
    with pytest.warns(UserWarning, match="rows of factors between sessions only repeat the row before"):
        shown = co.study(prices=prices, events=events, factors=filled, risk_free="RF", **OPTIONS).frame("ar")
    assert shown["ar"].abs().max() < 1e-14


def test_a_factor_that_is_missing_on_a_day_that_is_no_session_leaves_out_the_next_return(days, factors):
    lacking = factors.copy()
    lacking[[255, 260], [1, 2]] = np.nan
    prices = priced(days, factors, noise=0.0).filter(~pl.int_range(pl.len()).is_in([255, 256]))
    lacking[256] = np.nan  # a row without any value, as of a weekend in a table of all days
    events = pl.DataFrame({"date": [days[257]], "symbol": ["LAMP"]})
    shown = co.study(prices=prices, events=events, factors=table(days, lacking), **OPTIONS).frame("ar").sort("day")
    assert shown["session"].filter(shown["ar"].is_null()).to_list() == [days[k] for k in (257, 260, 261, 262, 263)]
    assert shown["ar"].abs().max() < 1e-12


@pytest.mark.parametrize("kind", ["simple", "log"])
def test_a_holder_has_the_risk_free_return_too(days, factors, kind):
    """Buy-and-hold returns of a model in excess of it, from a regression written out here."""
    rates, holding = (
        np.random.default_rng(4).uniform(0.0, 0.002, SESSIONS),
        np.exp if kind == "log" else lambda x: 1 + x,
    )
    market = factors[:, 0]
    returns = rates + 1.2 * (market - rates) + np.random.default_rng(5).normal(0.0, 0.005, SESSIONS)
    prices = pl.DataFrame(
        {"date": days, **{name: 100 * holding(each).cumprod() for name, each in (("LAMP", returns), ("MKT", market))}}
    )
    result = co.study(
        prices=prices,
        events=pl.DataFrame({"date": [days[220]], "symbol": ["LAMP"]}),
        benchmark="MKT",
        returns=kind,
        risk_free=pl.DataFrame({"date": days, "RF": rates}),
        estimation="-200:-21",
        window="-10:60",
        windows="-10:60",
    )
    x, inside = np.column_stack([np.ones(SESSIONS), market - rates]), slice(210, 281)
    line = np.linalg.lstsq(x[20:200], (returns - rates)[20:200], rcond=None)[0]
    expected = holding(returns[inside]).prod() - holding(rates[inside] + x[inside] @ line).prod()
    assert result.bhar["bhar"].item() == pytest.approx(expected, abs=1e-12)


def test_one_factor_is_the_same_compiled_and_not(days, factors):
    pytest.importorskip("numba")
    prices, events = priced(days, factors[:, :1], 0.01), pl.DataFrame({"date": [days[258]], "symbol": ["LAMP"]})
    options = {"prices": prices, "events": events, "factors": table(days, factors[:, :1]), **OPTIONS}
    plain, compiled = (co.study(**options, engine=engine).frame("ar") for engine in ("numpy", "compiled"))
    for name in ("ar", "se"):
        np.testing.assert_allclose(compiled[name].drop_nulls(), plain[name].drop_nulls(), rtol=0, atol=1e-14)
    assert compiled["ar"].null_count() == plain["ar"].null_count() == 3
