"""The engine for many events: the kernel's outputs as EventEstimates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.estimation import kernel
from correlator.eventstudy.estimation.estimates import (
    FLAT_DESIGN_REASON,
    FLAT_RETURN_REASON,
    NO_BAR_REASON,
    Bars,
    EventEstimates,
    Placement,
    Rows,
    Wanted,
    too_few,
)
from correlator.eventstudy.estimation.models import Model
from correlator.eventstudy.estimation.packed import LONGEST, PackedBars
from correlator.limits import thread_count

Loops = tuple[Callable[..., None], Callable[..., None]]


def compilable(model: Model, regressors: int, where: Placement) -> bool:
    """Whether the kernel covers the model, for event windows of one length."""
    spans = where.win_last - where.win_first
    return compilable_model(model, regressors) and len(spans) > 0 and bool((spans == spans[0]).all())


def compilable_model(model: Model, regressors: int) -> bool:
    """Whether the kernel covers the model: a constant and at most one regressor."""
    return model.intercept and regressors <= 1 and model.thin_trading is None


def recomputable(model: Model, factors: int, ranked: int) -> bool:
    """Whether compiled loops can compute residuals again from the bars; ``ranked`` estimation and event bars each."""
    return compilable_model(model, model.parameters(factors) - 1) and ranked <= LONGEST and kernel.installed()


def packed_bars(
    model: Model, returns: NDArray[np.float64], factors: NDArray[np.float64] | None, length: int
) -> PackedBars:
    """The bars of a model that the kernel covers: ``returns`` (T, S), ``factors`` (T, K) with the regressor first."""
    slope = model.regressors != "none" and factors is not None
    regressor = np.ascontiguousarray(factors[:, 0]) if slope and factors is not None else np.zeros(len(returns))
    return PackedBars(np.ascontiguousarray(returns.T), regressor, length)


def fit_compiled(
    panel: Bars, where: Placement, ready: Rows, wanted: Wanted, loops: Loops | None = None
) -> EventEstimates:
    """Estimate the events at positions ``ready``, whose windows lie inside the panel.

    ``loops``: the kernel's two functions, compiled by default. One thread per processor, each with its own symbols.
    """
    count, estimate = loops or kernel.compiled()
    y = np.ascontiguousarray(panel.returns.T)
    slope = panel.regressors.shape[1] == 1
    x = np.ascontiguousarray(panel.regressors[:, 0]) if slope else np.zeros(len(panel.returns))
    threads = thread_count()
    order = ready[kernel.sorted_by_symbol(where.symbol_index[ready], len(y))]
    ordered, order, counted, excluded = _enough_bars(count, y, x, where, order, wanted, threads)
    kept, target, part = _rows_out(where, ordered, order, wanted, threads)
    n = np.empty(len(kept), dtype=np.int64)
    n[target] = counted
    size, k = len(kept), 1 + int(slope)
    windows = len(part.car_columns)
    out = np.empty((size, k + 1 + 2 * wanted.days + 3 * windows))
    whole = out.view(np.int64)
    residuals = np.empty((size, wanted.length if wanted.keep_residuals else 0))
    status = np.zeros(size, dtype=np.int8)

    def work(span: Rows) -> None:
        estimate(
            *(y, x, span, target, ordered.symbol_index, ordered.est_first, ordered.est_last, ordered.win_first),
            *(ordered.car_columns, slope, wanted.days, out, whole, residuals, status),
        )

    kernel.in_threads(work, ordered.symbol_index, threads)
    actual = _actual(panel, part, wanted)
    found = kernel.unpacked(out, whole, k, wanted.days, windows)
    estimates = EventEstimates(
        **found,
        n=n,
        df=n - k,
        expected=actual - found["ar"] if wanted.keep_returns else actual,
        actual=actual,
        estimation_residuals=residuals if wanted.keep_residuals else None,
        kept=kept,
        symbol_index=part.symbol_index,
        day_zero=part.day_zero,
        est_first=part.est_first,
        win_first=part.win_first,
        excluded=tuple(excluded.items()),
        model=wanted.model.name,
    )
    return _without_flat(estimates, status, excluded)


def _rows_out(
    where: Placement, ordered: Placement, order: Rows, wanted: Wanted, threads: int
) -> tuple[Rows, Rows, Placement]:
    """Event of each output row, output row of each of the ``ordered`` events, and the placement of the rows."""
    if not wanted.keep_order:
        return order, np.arange(len(order)), ordered
    if len(order) == len(where.day_zero):
        return np.arange(len(order)), order, where
    row = np.full(len(where.day_zero), -1)
    row[order] = 0
    kept = np.flatnonzero(row == 0)
    row[kept] = np.arange(len(kept))
    return kept, row[order], where.take(kept, threads)


def _enough_bars(
    count: Callable[..., None], y: Any, x: Any, where: Placement, order: Rows, wanted: Wanted, threads: int
) -> tuple[Placement, Rows, Rows, dict[int, str]]:
    """Of the events at ``order`` (sorted by symbol) those with bars enough, placed and by position, the bars of each,
    and the others' reasons.
    """
    part = where.take(order, threads)
    n, m = np.zeros(len(order), dtype=np.int64), np.zeros(len(order), dtype=np.int64)

    def work(span: Rows) -> None:
        count(y, x, span, part.symbol_index, part.est_first, part.est_last, part.win_first, wanted.days, n, m)

    kernel.in_threads(work, part.symbol_index, threads)
    short, empty = n < wanted.minimum, m == 0
    excluded = {int(order[i]): too_few(int(n[i]), wanted.minimum) for i in np.flatnonzero(short)}
    excluded.update((int(order[i]), NO_BAR_REASON) for i in np.flatnonzero(empty & ~short))
    good = ~(short | empty)
    return (part.take(good), order[good], n[good], excluded) if excluded else (part, order, n, excluded)


def _actual(panel: Bars, where: Placement, wanted: Wanted) -> NDArray[np.float64]:
    if not wanted.keep_returns:
        return np.empty((len(where.day_zero), 0))
    rows = where.win_first[:, None] + np.arange(wanted.days)
    return np.asarray(panel.returns[rows, where.symbol_index[:, None]])


def _without_flat(estimates: EventEstimates, status: NDArray[np.int8], excluded: dict[int, str]) -> EventEstimates:
    if not status.any():
        return estimates
    names = {kernel.FLAT_RETURN: FLAT_RETURN_REASON, kernel.FLAT_DESIGN: FLAT_DESIGN_REASON}
    excluded.update((int(estimates.kept[i]), names[int(status[i])]) for i in np.flatnonzero(status))
    return estimates.take(status == kernel.READY).excluding(excluded)
