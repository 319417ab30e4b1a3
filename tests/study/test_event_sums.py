"""The compiled looks at many events against the plain definitions: the same table from bars, residuals and numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from correlator.eventstudy.estimation.engine import fit_events
from correlator.eventstudy.estimation.estimates import EventEstimates
from correlator.eventstudy.estimation.fast import recomputable
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.estimation.packed import LONGEST, PackedBars
from correlator.eventstudy.significance import cross_correlation
from correlator.eventstudy.significance import table as significance
from correlator.eventstudy.significance.arrays import study_arrays

pytest.importorskip("numba")

from correlator.eventstudy.significance.event_sums import residuals_of

DAYS, WINDOWS = ["-2", "-1", "0", "1", "2"], np.array([[1, 3], [0, 4]])
LABELS = ["-1:1", "-2:2"]


@pytest.fixture(scope="module", autouse=True)
def sorting_loops() -> None:
    """Loaded (or compiled) before a property runs, whose deadline is for the work alone."""
    from correlator.eventstudy.significance import ranks_kernel

    keys = np.arange(1, 600, dtype=np.uint64)
    ranks_kernel.in_order(keys, ranks_kernel.room_for(len(keys)))


def panel(seed: int, *, symbols: int = 12, missing: float = 0.04) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    market = rng.standard_normal(400) * 0.01
    returns = 0.9 * market[:, None] + rng.standard_t(3, (400, symbols)) * 0.02
    returns[:, 0] = np.round(returns[:, 0], 2)
    returns[rng.random(returns.shape) < missing] = np.nan
    return returns, market[:, None]


def estimates_of(
    returns: np.ndarray, market: np.ndarray, model: str, events: int, seed: int, dates: int
) -> EventEstimates:
    rng = np.random.default_rng(seed)
    zero = 200 + rng.integers(0, dates, events)
    symbol = rng.integers(0, returns.shape[1], events)
    where = (symbol, zero, zero - 130, zero - 11, zero - 2, zero + 2)
    return fit_events(returns, market, *where, model=model, car_columns=WINDOWS, keep_residuals=True)


def assert_same(got: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert got.select("window_or_day", "statistic", "n").equals(expected.select("window_or_day", "statistic", "n"))
    for column in ("value", "df", "p_value"):
        np.testing.assert_allclose(got[column].to_numpy(), expected[column].to_numpy(), rtol=1e-8, atol=1e-11)


def plain(estimates: EventEstimates) -> pl.DataFrame:
    arrays = study_arrays(estimates, DAYS, LABELS, WINDOWS)
    return significance.table_of(significance.evidence_of(arrays), [*DAYS, *LABELS])


@pytest.mark.parametrize("exact_cells", [0, 500_000_000])
@pytest.mark.parametrize(("model", "events", "dates"), [("market", 700, 150), ("mean", 300, 3), ("market", 5, 1)])
def test_residuals_computed_again_are_those_held(
    model: str, events: int, dates: int, exact_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_correlation, "EXACT_CELLS", exact_cells)
    returns, market = panel(events)
    estimates = estimates_of(returns, market, model, events, 1, dates)
    regressor = market[:, 0] if model == "market" else np.zeros(len(market))
    bars = PackedBars(np.ascontiguousarray(returns.T), np.ascontiguousarray(regressor), 120)
    expected = plain(estimates)
    without = replace(estimates, estimation_residuals=None)
    assert_same(significance.significance_table(without, DAYS, LABELS, WINDOWS, bars), expected)
    found = significance.table_of(significance.evidence_of_many(estimates, WINDOWS, None), [*DAYS, *LABELS])
    assert_same(found, expected)


def test_residuals_again_for_whoever_wants_them_all() -> None:
    returns, market = panel(3)
    estimates = estimates_of(returns, market, "market", 40, 2, 30)
    packed = PackedBars(np.ascontiguousarray(returns.T), market[:, 0].copy(), 120)
    np.testing.assert_allclose(residuals_of(estimates, packed), estimates.estimation_residuals, rtol=0, atol=1e-14)


def test_bars_that_few_symbols_or_days_have() -> None:
    """A day without a value, a tick of 1e6 in the history, and a symbol whose residuals are nearly all the same."""
    returns, market = panel(7, missing=0.1)
    returns[202] = np.nan
    returns[150, 1] = 1e6
    returns[:, 2] = np.where(np.arange(400) % 7 == 0, returns[:, 2], 0.0)
    estimates = estimates_of(returns, np.zeros_like(market), "mean", 60, 3, 1)
    bars = PackedBars(np.ascontiguousarray(returns.T), np.zeros(400), 120)
    without = replace(estimates, estimation_residuals=None)
    assert_same(significance.significance_table(without, DAYS, LABELS, WINDOWS, bars), plain(estimates))


def test_equal_returns_of_both_windows_stay_equal() -> None:
    """Of a share that often does not move: its event days tie with estimation days in the rank tests."""
    returns, market = panel(300)
    estimates = estimates_of(returns, market, "mean", 300, 1, 3)
    assert estimates.estimation_residuals is not None
    rows = estimates.est_first[:, None] + np.arange(120)
    before = returns[rows, estimates.symbol_index[:, None]][:, :, None]
    event = returns[estimates.win_first[:, None] + np.arange(5), estimates.symbol_index[:, None]][:, None, :]
    ties = estimates.estimation_residuals[:, :, None] == estimates.ar[:, None, :]
    np.testing.assert_array_equal(ties, before == event)
    assert ties.sum() > 1000


def test_order_of_keys_is_that_of_values() -> None:
    """Neighbours that differ in the last bits only, which the keys lose, and equal ones."""
    from correlator.eventstudy.significance import ranks_kernel

    rng = np.random.default_rng(5)
    close = np.nextafter(0.25, 1) + np.arange(40) * 2.0**-54
    e = np.concatenate([close, -close, [0.0, np.nan], rng.standard_normal(30), close[:3]])
    rng.shuffle(e)
    low = ranks_kernel.low_bits(len(e))
    bits = e.view(np.int64)
    keys = ((bits ^ ((bits >> 63) & np.int64(2**63 - 1))) & ~np.int64(low)) | np.arange(len(e))
    keys = np.sort(np.where(np.isnan(e), 2**63 - 1, keys))
    n = int((~np.isnan(e)).sum())
    order = ranks_kernel.empty_order(len(e))
    assert ranks_kernel.put_in_order(e, keys, n, low, order)
    np.testing.assert_array_equal(order.value[:n], np.sort(e[~np.isnan(e)]))
    np.testing.assert_array_equal(e[order.place[:n]], order.value[:n])
    np.testing.assert_array_equal(order.position[order.place[:n]], np.arange(n))
    assert (order.position[np.isnan(e)] == -1).all()


def test_ranks_fit_in_the_longest_windows() -> None:
    """Twice a rank is held in 16 bits: right up to the longest estimation window, and refused behind it."""
    rng = np.random.default_rng(8)
    length = LONGEST - len(DAYS)
    market = rng.standard_normal((length + 40, 1)) * 0.01
    returns = 0.9 * market + rng.standard_normal((length + 40, 2)) * 0.02
    zero = np.array([length + 20, length + 20, length + 25])
    where = (np.array([0, 1, 0]), zero, zero - length - 10, zero - 11, zero - 2, zero + 2)
    estimates = fit_events(returns, market, *where, model="market", car_columns=WINDOWS, keep_residuals=True)
    evidence = significance.evidence_of_many(estimates, WINDOWS, None)
    assert_same(significance.table_of(evidence, [*DAYS, *LABELS]), plain(estimates))
    assert recomputable(model_named("market"), 1, LONGEST)
    assert not recomputable(model_named("market"), 1, LONGEST + 1)


def test_signed_rank_sums_are_the_plain_ones() -> None:
    from correlator.eventstudy.significance import nonparametric, ranks_kernel

    x = np.round(np.random.default_rng(6).standard_normal((900, 2)), 2)
    keys = nonparametric.rank_keys(x)
    filled = np.empty_like(keys)
    ranks_kernel.rank_keys(x.view(np.uint64), 0, np.array([0, 900]), filled)
    np.testing.assert_array_equal(filled, keys)
    for column in keys:
        ordered = ranks_kernel.in_order(column, ranks_kernel.room_for(len(column)))
        plainly = nonparametric.signed_rank(np.sort(column))
        assert nonparametric.signed_rank(ordered, ranks_kernel.rank_sums) == pytest.approx(plainly, rel=1e-12)


@example([1e300], 1)
@example([1e-300, 1e300, 3.0], 200)
@given(st.lists(st.floats(width=32) | st.sampled_from([0.0, 1e-300, 1e300, 0.25]), max_size=40), st.integers(1, 60))
def test_runs_are_in_order_whatever_the_values(values: list[float], times: int) -> None:
    """Runs too long for a row of the sorting network (one value often) and values of every size included."""
    from correlator.eventstudy.significance import nonparametric, ranks_kernel

    x = np.repeat(np.array(values, dtype=np.float64), times)[:, None]
    plainly = np.sort(nonparametric.rank_keys(x)[0])
    np.testing.assert_array_equal(
        ranks_kernel.in_order(plainly[::-1].copy(), ranks_kernel.room_for(len(plainly))), plainly[plainly != 2**64 - 1]
    )
