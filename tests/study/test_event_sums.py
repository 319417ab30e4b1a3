"""The compiled looks at many events against the plain definitions: the same table from bars, residuals and numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slow_reference import fit_at

from correlator.errors import InputError
from correlator.eventstudy.estimation.estimates import EventEstimates, PackedBars
from correlator.eventstudy.request import engines
from correlator.eventstudy.significance import (
    cross_correlation,
    evidence,
    ranks,
    residual_look,
    residual_loops,
    signed_ranks,
    value_loops,
)
from correlator.eventstudy.significance.arrays import study_arrays
from correlator.eventstudy.significance.table import significance_table

pytest.importorskip("numba")

DAYS, WINDOWS = ["-2", "-1", "0", "1", "2"], np.array([[1, 3], [0, 4]])
LABELS = ["-1:1", "-2:2"]


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
    return fit_at(returns, market, *where, model=model, car_columns=WINDOWS, keep_residuals=True)


def assert_same(got: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert got.select("window_or_day", "statistic", "n").equals(expected.select("window_or_day", "statistic", "n"))
    for column in ("value", "df", "p_value"):
        np.testing.assert_allclose(got[column].to_numpy(), expected[column].to_numpy(), rtol=1e-8, atol=1e-11)


def table(estimates: EventEstimates, bars: PackedBars | None = None, engine: str = "numpy") -> pl.DataFrame:
    return significance_table(study_arrays(estimates, DAYS, LABELS, WINDOWS, bars=bars), engine=engine)


def packed(returns: np.ndarray, regressor: np.ndarray) -> PackedBars:
    none = np.empty((0, 0), dtype=np.int16)
    return PackedBars(np.ascontiguousarray(returns.T), np.ascontiguousarray(regressor)[None], none, 120)


@pytest.mark.parametrize("exact_cells", [0, 500_000_000])
@pytest.mark.parametrize(("model", "events", "dates"), [("market", 700, 150), ("mean", 300, 3), ("market", 5, 1)])
def test_both_engines_and_residuals_held_or_made_anew(
    model: str, events: int, dates: int, exact_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_correlation, "EXACT_CELLS", exact_cells)
    returns, market = panel(events)
    estimates = estimates_of(returns, market, model, events, 1, dates)
    bars = packed(returns, market[:, 0] if model == "market" else np.zeros(len(market)))
    expected = table(estimates)
    without = replace(estimates, estimation_residuals=None)
    assert_same(table(estimates, engine="compiled"), expected)
    assert_same(table(without, bars, "compiled"), expected)
    assert_same(table(without, bars, "numpy"), expected)


@pytest.mark.parametrize("exact_cells", [0, 500_000_000])
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_chosen_events_are_tested_as_if_they_were_alone(
    engine: str, exact_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_correlation, "EXACT_CELLS", exact_cells)
    returns, market = panel(41)
    estimates = estimates_of(returns, market, "market", 60, 2, 8)
    chosen = np.flatnonzero(np.arange(60) % 3 > 0)
    arrays = replace(study_arrays(estimates, DAYS, LABELS, WINDOWS), chosen=chosen)
    assert_same(significance_table(arrays, engine=engine), table(estimates.take(chosen)))


def test_loops_say_the_same_as_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    returns, market = panel(17)
    estimates = estimates_of(returns, market, "market", 30, 5, 6)
    expected = table(estimates)
    for module in (residual_look, signed_ranks, value_loops):
        monkeypatch.setattr(module, "compiled", lambda loop: loop)
    monkeypatch.setattr(signed_ranks, "EXACT_UP_TO", 3)
    with np.errstate(over="ignore"):
        loops = table(estimates, engine="compiled")
    assert_same(loops, table(estimates))
    same = pl.col("statistic") != "wilcoxon"
    assert_same(loops.filter(same), expected.filter(same))


def test_threads_add_up_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    returns, market = panel(23)
    estimates = estimates_of(returns, market, "market", 900, 7, 200)
    expected = table(estimates, engine="compiled")
    monkeypatch.setattr(evidence, "_WORTH_THREADS", 1)
    monkeypatch.setattr(evidence, "thread_count", lambda: 3)
    assert_same(table(estimates, engine="compiled"), expected)


def test_the_number_of_events_chooses_the_engine_and_the_caller_may() -> None:
    assert not engines.runs_compiled(engines.COMPILED_FROM - 1)
    assert engines.runs_compiled(engines.COMPILED_FROM)
    assert engines.runs_compiled(1, "compiled")
    assert not engines.runs_compiled(10**6, "numpy")
    with pytest.raises(InputError, match="engine 'fast' is not known"):
        engines.runs_compiled(1, "fast")


def test_bars_that_few_symbols_or_days_have() -> None:
    """A day without a value, a tick of 1e6 in the history, and a symbol whose residuals are nearly all the same."""
    returns, market = panel(7, missing=0.1)
    returns[202] = np.nan
    returns[150, 1] = 1e6
    returns[:, 2] = np.where(np.arange(400) % 7 == 0, returns[:, 2], 0.0)
    estimates = estimates_of(returns, np.zeros_like(market), "mean", 60, 3, 1)
    without = replace(estimates, estimation_residuals=None)
    assert_same(table(without, packed(returns, np.zeros(400)), "compiled"), table(estimates))


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


@pytest.mark.parametrize("sigma", [0.7, 1e-9, 0.0, 1e300])
def test_order_of_keys_is_that_of_values(sigma: float) -> None:
    """Neighbours that differ in the last bits only, which the keys lose, and equal ones; whatever their sd is said to
    be.
    """
    rng = np.random.default_rng(5)
    close = np.nextafter(0.25, 1) + np.arange(40) * 2.0**-54
    e = np.concatenate([close, -close, [0.0, np.nan], rng.standard_normal(30), close[:3]])
    rng.shuffle(e)
    keys = np.empty((1, len(e)), dtype=np.int32)
    residual_look.fill_keys(np.nan_to_num(e)[None], ~np.isnan(e)[None], np.array([sigma]), keys)
    keys.sort()
    n, order = int((~np.isnan(e)).sum()), residual_loops.empty_order(len(e))
    assert residual_loops.fill_sorted(e, keys[0], order) == n
    np.testing.assert_array_equal(order.value[:n], np.sort(e[~np.isnan(e)]))
    np.testing.assert_array_equal(e[order.place[:n]], order.value[:n])
    days, below = np.array([0.0, np.nan, 0.25, -np.inf]), np.empty((2, len(order.rank)), dtype=np.int16)
    hits = np.array([(e <= day).sum() for day in days])
    residual_loops.fill_ranks(order, n, (days, hits), below)
    np.testing.assert_array_equal(order.rank[order.place[:n]], np.arange(1, n + 1))
    used, columns = ~np.isnan(e), len(e)
    assert not order.rank[:columns][~used].any()
    assert not order.twice[:columns][~used].any()
    expected = 2 * ranks.average_ranks(e[None])[0] - (n + 1)
    np.testing.assert_array_equal(order.twice[:columns][used], expected[used])
    np.testing.assert_array_equal(below[0, :columns][used], (e[used] > 0.0).astype(int))
    np.testing.assert_array_equal(below[1, :columns][used], 1 + (e[used] > 0.25).astype(int))


def test_windows_too_long_for_the_loop_are_ranked_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    returns, market = panel(4)
    estimates = estimates_of(returns, market, "market", 20, 5, 6)
    monkeypatch.setattr(evidence, "LONGEST", 119)
    monkeypatch.setattr(evidence, "look_at_residuals", None)
    assert_same(table(estimates, engine="compiled"), table(estimates))


def test_signed_rank_sums_are_the_plain_ones() -> None:
    x = np.round(np.random.default_rng(6).standard_normal((900, 2)), 2)
    keys = signed_ranks.rank_keys(x)
    filled = np.empty_like(keys)
    engines.compiled(signed_ranks.fill_rank_keys)(x.view(np.uint64), np.arange(900), np.array([0, 900]), filled)
    np.testing.assert_array_equal(filled, keys)
    for column in keys:
        plainly = signed_ranks.signed_rank_test(column.copy(), signed_ranks.numpy_rank_sums)
        looped = signed_ranks.signed_rank_test(column, engines.compiled(signed_ranks.rank_sums))
        assert looped == pytest.approx(plainly, rel=1e-12)


@settings(deadline=None)
@example([1e300], 1)
@example([5e-324, float("inf")], 1)
@example([1e-300, 1e300, 3.0], 200)
@given(st.lists(st.floats(width=32) | st.sampled_from([0.0, 1e-300, 1e300, 0.25]), max_size=40), st.integers(1, 60))
def test_keys_are_in_order_whatever_the_values(values: list[float], times: int) -> None:
    """One value often, and values of every size included."""
    x = np.repeat(np.array(values, dtype=np.float64), times)
    keys = np.sort(signed_ranks.rank_keys(x[:, None])[0])
    kept = x[~np.isnan(x) & (x != 0)]
    in_order = kept[np.lexsort((kept > 0, np.abs(kept)))]
    assert (keys[len(kept) :] == 2**64 - 1).all()
    np.testing.assert_array_equal(keys[: len(kept)] & np.uint64(1), in_order > 0)
    np.testing.assert_array_equal((keys[: len(kept)] >> np.uint64(1)).view(np.float64), np.abs(in_order))
