"""The engine: returns and event positions in, abnormal returns with their standard errors out.

Knows arrays only. Rows are bars (sessions or intraday bars alike), columns are symbols. With X the design of the
estimation window (n bars used, k coefficients), s^2 = SSR / (n - k) and x the row of an event bar:

    AR = R - x'b            se(AR)  = s sqrt(1 + x'(X'X)^-1 x)
    CAR = sum of AR         se(CAR) = s sqrt(m + X*'(X'X)^-1 X*),  X* the sum of x over the m bars of the window

which is the full covariance of prediction errors (Salinger 1992; Campbell, Lo & MacKinlay 1997, ch. 4). A missing bar
is left out of the estimation, has no AR, and is not counted in a CAR. Events that cannot be computed are returned with
their reason.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from correlator.errors import InputError, StudyError
from correlator.eventstudy.estimation.estimates import (
    FLAT_DESIGN_REASON,
    FLAT_RETURN_REASON,
    NO_BAR_REASON,
    Bars,
    EventEstimates,
    Placement,
    Rows,
    Wanted,
    joined,
    off_panel,
    too_few,
)
from correlator.eventstudy.estimation.fast import compilable, fit_compiled
from correlator.eventstudy.estimation.kernel import worth_compiling
from correlator.eventstudy.estimation.least_squares import Array, Fit, coefficients_of, fit_batch, predict_batch
from correlator.eventstudy.estimation.models import Model, model_named
from correlator.eventstudy.estimation.thin_trading import with_corrected_beta

__all__ = ["EventEstimates", "default_minimum", "fit_events", "regressors_of"]

_CHUNK_CELLS = 1 << 18
"""Estimation cells (events x bars) worked on at a time: a few MB, so that they stay in the processor's cache."""


def fit_events(
    returns: Array,
    factors: Array | None,
    symbol_index: ArrayLike,
    day_zero: ArrayLike,
    est_first: ArrayLike,
    est_last: ArrayLike,
    win_first: ArrayLike,
    win_last: ArrayLike,
    *,
    model: str = "market",
    minimum_observations: int | None = None,
    car_columns: ArrayLike | None = None,
    keep_residuals: bool = False,
    keep_returns: bool = True,
    keep_order: bool = True,
) -> EventEstimates:
    """Estimate ``model`` for every event and measure its abnormal returns.

    ``returns`` (T, S) fractions, NaN where missing; ``factors`` (T, K) or None, for ``market`` and its kin the
    benchmark in column 0; the events' arrays (E,) as in ``Placement``; ``car_columns`` (W, 2), default the whole event
    window; ``minimum_observations`` as ``default_minimum`` says; without ``keep_returns`` ``actual`` and ``expected``
    stay empty (E, 0), which saves memory where only AR and CAR are wanted. Many events run compiled, and
    without ``keep_order`` they then come out in order of symbol, ``kept`` saying which each is: rows written in the
    order given cost more than the regression. Raises InputError where shapes disagree and StudyError where the model
    lacks its benchmark. Events that cannot be computed are in ``excluded``.
    """
    chosen = model_named(model)
    returns = np.asarray(returns, dtype=np.float64)
    regressors, benchmark = regressors_of(chosen, factors, len(returns))
    starts, ends = np.asarray(win_first, dtype=np.int64), np.asarray(win_last, dtype=np.int64)
    days = int((ends - starts).max(initial=-1)) + 1
    where = Placement(
        symbol_index=np.asarray(symbol_index, dtype=np.int64),
        day_zero=np.asarray(day_zero, dtype=np.int64),
        est_first=np.asarray(est_first, dtype=np.int64),
        est_last=np.asarray(est_last, dtype=np.int64),
        win_first=starts,
        win_last=ends,
        car_columns=np.asarray([[0, days - 1]] if car_columns is None else car_columns, dtype=np.int64).reshape(-1, 2),
    )
    _check(returns, where, days)
    k = chosen.parameters(regressors.shape[1])
    length = int((where.est_last - where.est_first).max(initial=-1)) + 1
    minimum = max(default_minimum(length) if minimum_observations is None else minimum_observations, k + 1)
    reasons: dict[int, str] = off_panel(returns, where, minimum)
    fits = np.ones(len(where.day_zero), dtype=bool)
    fits[list(reasons)] = False
    ready = np.flatnonzero(fits)
    panel = Bars(returns, regressors, benchmark)
    wanted = Wanted(chosen, length, days, minimum, keep_residuals, keep_returns, keep_order)
    if compilable(chosen, regressors.shape[1], where) and worth_compiling(len(ready)):
        return joined([fit_compiled(panel, where, ready, wanted)], reasons)
    step = max(1, _CHUNK_CELLS // max(1, length))
    parts = []
    for start in range(0, max(len(ready), 1), step):
        positions = ready[start : start + step]
        part = _fit_chunk(panel, where.take(positions), wanted)
        moved = tuple((int(positions[i]), reason) for i, reason in part.excluded)
        parts.append(replace(part, kept=positions[part.kept], excluded=moved))
    return joined(parts, reasons)


def default_minimum(length: int) -> int:
    """Bars an estimation window of ``length`` bars must have: 120, or half of it where it is shorter than 240."""
    return min(120, (length + 1) // 2)


def regressors_of(model: Model, factors: Array | None, rows: int) -> tuple[Array, Array | None]:
    """The factor columns the model regresses on (T, K) and the benchmark it subtracts (T,) or None."""
    given = np.zeros((rows, 0)) if factors is None else np.asarray(factors, dtype=np.float64).reshape(rows, -1)
    if model.needs_benchmark and given.shape[1] == 0:
        raise StudyError(f"model {model.name} needs a benchmark", hint="name one, or choose raw or mean")
    if model.regressors == "all" and given.shape[1] == 0:
        raise StudyError("model factors needs factor columns", hint="give factors, or choose another model")
    columns = {"none": 0, "one": 1, "all": given.shape[1]}[model.regressors]
    return given[:, :columns], given[:, 0] if model.subtracts_benchmark else None


def _fit_chunk(panel: Bars, where: Placement, wanted: Wanted) -> EventEstimates:
    rows, inside = _rows(where.est_first, where.est_last, wanted.length, len(panel.returns))
    y = panel.modelled(panel.actual(rows, inside, where.symbol_index), rows)
    x = panel.design(rows)
    fit = fit_batch(y, x, intercept=wanted.model.intercept)
    if wanted.model.thin_trading:
        fit = with_corrected_beta(fit, y, np.where(inside, x[0], np.nan), wanted.model.thin_trading)
    estimates = _measured(fit, panel, where, wanted)
    reasons = _unfit(fit, estimates.ar, wanted.minimum)
    kept = np.array([i for i in range(len(fit.n)) if i not in reasons], dtype=np.int64)
    return replace(estimates.take(kept), excluded=tuple(reasons.items()))


def _measured(fit: Fit, panel: Bars, where: Placement, wanted: Wanted) -> EventEstimates:
    window, in_window = _rows(where.win_first, where.win_last, wanted.days, len(panel.returns))
    actual = panel.actual(window, in_window, where.symbol_index)
    k = fit.c.shape[1]
    df = fit.n - k
    sigma = np.sqrt(fit.ssr / np.maximum(df, 1))
    prediction, z = predict_batch(fit, panel.design(window))
    outcome = panel.modelled(actual, window)
    ar = (outcome - fit.shift_y[:, None]) - prediction
    valid = ~np.isnan(ar)
    ar_se = np.where(valid, sigma[:, None] * np.sqrt(1.0 + np.einsum("ked,ked->ed", z, z)), np.nan)
    car, variance, counted = _cumulated(ar, z, valid, where.car_columns)
    expected = fit.shift_y[:, None] + prediction + (actual - outcome)
    residuals = np.where(fit.used, fit.residuals, np.nan) if wanted.keep_residuals else None
    days_kept = wanted.days if wanted.keep_returns else 0
    return EventEstimates(
        coefficients=coefficients_of(fit),
        sigma=sigma,
        n=fit.n,
        df=df,
        ar=ar,
        ar_se=ar_se,
        expected=np.where(valid, expected, np.nan)[:, :days_kept],
        actual=actual[:, :days_kept],
        car=car,
        car_se=sigma[:, None] * np.sqrt(variance),
        n_car=counted,
        estimation_residuals=residuals,
        kept=np.arange(len(fit.n)),
        symbol_index=where.symbol_index,
        day_zero=where.day_zero,
        est_first=where.est_first,
        win_first=where.win_first,
        excluded=(),
        model=wanted.model.name,
    )


def _cumulated(ar: Array, z: Array, valid: NDArray[np.bool_], columns: Rows) -> tuple[Array, Array, Rows]:
    """CAR, its variance over s^2, and the bars counted, each (E, W)."""
    car, variance = np.full((len(ar), len(columns)), np.nan), np.full((len(ar), len(columns)), np.nan)
    counted = np.zeros((len(ar), len(columns)), dtype=np.int64)
    for w, (first, last) in enumerate(columns):
        inside = valid[:, first : last + 1]
        m = inside.sum(axis=1)
        total = np.where(inside, ar[:, first : last + 1], 0.0).sum(axis=1)
        z_sum = np.where(inside, z[:, :, first : last + 1], 0.0).sum(axis=2)
        car[:, w] = np.where(m > 0, total, np.nan)
        variance[:, w] = np.where(m > 0, m + np.einsum("ke,ke->e", z_sum, z_sum), np.nan)
        counted[:, w] = m
    return car, variance, counted


def _rows(first: Rows, last: Rows, length: int, total: int) -> tuple[Rows, NDArray[np.bool_]]:
    """Rows (E, length) from ``first`` on, held inside the panel, and which of them belong to the window and exist."""
    rows = first[:, None] + np.arange(length)
    inside = (rows <= last[:, None]) & (rows >= 0) & (rows < total)
    return np.clip(rows, 0, total - 1), inside


def _unfit(fit: Fit, ar: Array, minimum: int) -> dict[int, str]:
    reasons: dict[int, str] = {}
    empty = np.isnan(ar).all(axis=1)
    for i in np.flatnonzero((fit.n < minimum) | fit.flat_return | fit.flat_design | empty):
        if fit.n[i] < minimum:
            reasons[int(i)] = too_few(int(fit.n[i]), minimum)
        elif fit.flat_return[i]:
            reasons[int(i)] = FLAT_RETURN_REASON
        elif fit.flat_design[i]:
            reasons[int(i)] = FLAT_DESIGN_REASON
        else:
            reasons[int(i)] = NO_BAR_REASON
    return reasons


def _check(returns: Array, where: Placement, days: int) -> None:
    if returns.ndim != 2:
        raise InputError(f"returns have {returns.ndim} dimensions, not 2", hint="rows are bars, columns are symbols")
    lengths = {len(getattr(where, name)) for name in ("symbol_index", "day_zero", "est_first", "est_last", "win_first")}
    if len(lengths) > 1 or len(where.win_last) not in lengths:
        raise InputError("the events' arrays differ in length", hint="give one entry per event in each")
    bad = (where.car_columns[:, 0] < 0) | (where.car_columns[:, 1] >= days) if days else np.zeros(0, dtype=bool)
    if bad.any():
        raise InputError("a CAR window lies outside the event window", hint="widen the event window")
    columns = returns.shape[1]
    if len(where.symbol_index) and not (where.symbol_index.min() >= 0 and where.symbol_index.max() < columns):
        raise InputError(f"an event's symbol is not one of the {columns} columns", hint="leave such events out")
