"""Estimate abnormal returns and their standard errors from returns and event positions.

Works on arrays only. Rows are bars (daily or intraday), columns are symbols. With X the design matrix of the
estimation window (n bars used, k coefficients), s^2 = SSR / (n - k) and x the design row of an event bar:

    AR = R - x'b            se(AR)  = s sqrt(1 + x'(X'X)^-1 x)
    CAR = sum of AR         se(CAR) = s sqrt(m + X*'(X'X)^-1 X*),  X* the sum of x over the m bars of the window

This uses the full covariance of prediction errors (Salinger 1992; Campbell, Lo & MacKinlay 1997, ch. 4). A missing bar
is left out of the estimation, has no AR, and is not counted in a CAR. A return over g sessions (trade to trade) has g
times the variance: its weight in the estimation is 1/g, g replaces the 1 in se(AR), and it adds g instead of 1 to m in
se(CAR). Events that cannot be computed are returned with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import cast

import numpy as np

from correlator.errors import InputError, StudyError
from correlator.eventstudy.estimation.estimates import (
    FLAT_DESIGN_REASON,
    FLAT_RETURN_REASON,
    NO_BAR_REASON,
    Bars,
    EventEstimates,
    Placement,
    Regressed,
    Request,
    broken_windows,
    joined,
    off_panel,
    too_few,
)
from correlator.eventstudy.estimation.kernel import fit_compiled
from correlator.eventstudy.estimation.least_squares import Fit, coefficients_of, fit_batch, predict_batch
from correlator.eventstudy.estimation.models import Model, bars_of_beta, model_named, with_corrected_beta
from correlator.eventstudy.panel.frames import Array, Mask, Rows
from correlator.eventstudy.request.engines import runs_compiled

ESTIMATORS = {
    "synthetic": "correlator.eventstudy.estimation.synthetic:fit_synthetic",
    "garch": "correlator.eventstudy.estimation.moving:fit_garch",
    "rolling": "correlator.eventstudy.estimation.moving:fit_rolling",
}
"""Estimators other than least squares, by the name that a model gives; imported on first use."""

_CHUNK_CELLS = 1 << 18
"""Estimation cells (events x bars) processed at a time: a few MB, which fit into the processor's cache."""


def fit_events(
    bars: Bars,
    where: Placement,
    *,
    model: str = "market",
    minimum_observations: int | None = None,
    keep_residuals: bool = False,
    keep_returns: bool = True,
    engine: str = "auto",
) -> EventEstimates:
    """Estimate ``model`` for every event and measure its abnormal returns.

    Parameters
    ----------
    bars
        Returns, and the benchmark as first factor if the model needs one.
    where
        The rows and columns of the events.
    model
        The name of a model in ``estimation.models``.
    minimum_observations
        Bars that an estimation window must have; the default is ``default_minimum`` of its length.
    keep_residuals
        If False, ``estimation_residuals`` is None.
    keep_returns
        If False, ``actual`` and ``expected`` are empty (E, 0), which saves memory if only AR and CAR are needed.
    engine
        ``auto``, ``numpy`` or ``compiled``; see ``correlator.eventstudy.request.engines``.

    Returns
    -------
    EventEstimates
        Returns as fractions; events that cannot be computed are in ``excluded``.

    Raises
    ------
    InputError
        If shapes do not match.
    StudyError
        If the model needs a benchmark, factors or donors and there are none.

    Examples
    --------
    >>> rows = np.array([100])
    >>> where = Placement.at([0], rows, (rows - 60, rows - 11), (rows - 1, rows + 1))
    >>> returns = np.random.default_rng(0).standard_normal((120, 1)) * 0.01
    >>> fit_events(Bars(returns), where, model="mean").car.shape
    (1, 1)
    """
    chosen = model_named(model)
    panel = regressed(chosen, bars)
    days = where.days
    _check(panel.returns, where)
    length = where.longest_estimation
    minimum = needed_bars(where, minimum_observations, chosen.parameters(panel.regressors.shape[1]))
    reasons: dict[int, str] = off_panel(panel.returns, where, minimum)
    on_panel = np.ones(len(where.day_zero), dtype=bool)
    on_panel[list(reasons)] = False
    ready = np.flatnonzero(on_panel)
    request = Request(chosen, length, days, minimum, keep_residuals, keep_returns)
    if (
        chosen.is_a_line(panel.regressors.shape[1])
        and _one_length(where)
        and panel.purged is None
        and runs_compiled(len(ready), engine)
    ):
        return joined([fit_compiled(panel, where, ready, request)], reasons)
    estimate = partial(_estimator(chosen.estimator), bars) if chosen.estimator else partial(fit_chunk, panel)
    parts = []
    for positions in _steps(ready, length):
        part = estimate(where.take(positions), request)
        excluded = tuple((int(positions[i]), reason) for i, reason in part.excluded)
        parts.append(replace(part, kept=positions[part.kept], excluded=excluded))
    return joined(parts, reasons)


def needed_bars(where: Placement, minimum_observations: int | None, parameters: int) -> int:
    """Return the usable bars that an estimation window needs for a model with so many ``parameters``."""
    minimum = default_minimum(where.longest_estimation) if minimum_observations is None else minimum_observations
    return max(minimum, parameters + 1)


def default_minimum(length: int) -> int:
    """Return the usable bars that an estimation window of ``length`` bars needs: 120, or half if shorter than 240."""
    return min(120, (length + 1) // 2)


def regressed(model: Model, bars: Bars) -> Regressed:
    """Return the returns and regressors of ``model``; raises StudyError if its benchmark or factors are missing."""
    returns = np.asarray(bars.returns, dtype=np.float64)
    if returns.ndim != 2:
        raise InputError(
            f"returns must have 2 dimensions, got {returns.ndim}", hint="rows are bars, columns are symbols"
        )
    factors = np.zeros((len(returns), 0)) if bars.factors is None else np.asarray(bars.factors, dtype=np.float64)
    factors = factors.reshape(len(returns), -1)
    if model.needs_benchmark and factors.shape[1] == 0:
        raise StudyError(f"model {model.name} needs a benchmark", hint="name one, or choose raw or mean")
    if model.regressors == "all" and factors.shape[1] == 0:
        raise StudyError("the model factors needs factors", hint="give factors, or choose another model")
    if model.regressors == "donors" and bars.donors is None:
        raise StudyError(f"model {model.name} needs donors", hint="name securities that the events cannot affect")
    columns = {"none": 0, "one": 1, "all": factors.shape[1], "donors": 0}[model.regressors]
    benchmark = (factors[:, 0] if bars.own is None else bars.own) if model.subtracts_benchmark else None
    own = bars.own if columns else None
    by_session = model.regressors == "all"
    return Regressed(returns, factors[:, :columns], benchmark, own, bars.spans, bars.purged, by_session)


def _estimator(name: str) -> Callable[[Bars, Placement, Request], EventEstimates]:
    """Import and return the estimator called ``name`` in ``ESTIMATORS``."""
    module, function = ESTIMATORS[name].split(":")
    return cast("Callable[[Bars, Placement, Request], EventEstimates]", getattr(import_module(module), function))


def _steps(positions: Rows, length: int) -> list[Rows]:
    """Split ``positions`` into chunks whose estimation windows (``length`` bars) fit into the cache; at least one."""
    step = max(1, _CHUNK_CELLS // max(1, length))
    return [positions[start : start + step] for start in range(0, max(len(positions), 1), step)]


def fit_chunk(panel: Regressed, where: Placement, request: Request) -> EventEstimates:
    """Estimate the events ``where`` by least squares; those that cannot be computed are in ``excluded``."""
    rows, inside = rows_inside(where.est_first, where.est_last, request.length, len(panel.returns))
    symbols = where.symbol_index
    y = panel.modelled(panel.actual(rows, inside, symbols), rows, symbols)
    y = panel.without_purged(y, rows, symbols)
    x = panel.design(rows, symbols)
    sessions = panel.sessions(rows, symbols)
    fit = fit_batch(y, x, intercept=request.model.intercept, sessions=sessions)
    if request.model.thin_trading:
        fit = with_corrected_beta(fit, y, np.where(inside, x[0], np.nan), request.model.thin_trading, sessions=sessions)
    estimates = _measured(fit, panel, where, request)
    reasons = _unfit(fit, estimates.ar, request.minimum)
    if request.model.thin_trading:
        of_beta = bars_of_beta(y, sessions, request.model.thin_trading)
        for i in np.flatnonzero(of_beta < request.minimum).tolist():
            reasons.setdefault(
                i, f"{of_beta[i]} returns of one session in the estimation window, {request.minimum} needed"
            )
    kept = np.array([i for i in range(len(fit.n)) if i not in reasons], dtype=np.int64)
    return replace(estimates.take(kept), excluded=tuple(reasons.items()))


def _measured(fit: Fit, panel: Regressed, where: Placement, request: Request) -> EventEstimates:
    window, in_window = rows_inside(where.win_first, where.win_last, request.days, len(panel.returns))
    actual = panel.actual(window, in_window, where.symbol_index)
    k = fit.c.shape[1]
    df = fit.n - k
    sigma = np.sqrt(fit.ssr / np.maximum(df, 1))
    prediction, z = predict_batch(fit, panel.design(window, where.symbol_index))
    outcome = panel.modelled(actual, window, where.symbol_index)
    given = panel.sessions(window, where.symbol_index)
    sessions = np.ones(actual.shape) if given is None else given
    ar = (outcome - fit.shift_y[:, None]) - prediction
    valid = ~np.isnan(ar)
    ar_se = np.where(valid, sigma[:, None] * np.sqrt(sessions + np.einsum("ked,ked->ed", z, z)), np.nan)
    car, variance, counted = cumulated(ar, z, np.where(valid, sessions, 0.0), where.car_columns)
    spans = None if given is None else given.astype(np.int16)
    if spans is not None:
        car = np.where(broken_windows(spans, valid, where.car_columns), np.nan, car)
    expected = fit.shift_y[:, None] + prediction + (actual - outcome)
    residuals = np.where(fit.used, fit.residuals, np.nan) if request.keep_residuals else None
    days_kept = request.days if request.keep_returns else 0
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
        car_se=np.where(np.isnan(car), np.nan, sigma[:, None] * np.sqrt(variance)),
        n_car=counted,
        estimation_residuals=residuals,
        kept=np.arange(len(fit.n)),
        symbol_index=where.symbol_index,
        day_zero=where.day_zero,
        est_first=where.est_first,
        win_first=where.win_first,
        excluded=(),
        model=request.model.name,
        spans=spans,
    )


def cumulated(ar: Array, z: Array, sessions: Array, columns: Rows) -> tuple[Array, Array, Rows]:
    """Return CAR, its variance divided by s^2, and the number of bars counted, each (E, W).

    ``ar`` (E, D); ``z`` (k, E, D) the estimation error of each AR, of which the squared sum adds to the variance;
    ``sessions`` (E, D) that each return covers, 0 if there is none; ``columns`` (W, 2) first and last of each window.
    """
    car, variance = np.full((len(ar), len(columns)), np.nan), np.full((len(ar), len(columns)), np.nan)
    counted = np.zeros((len(ar), len(columns)), dtype=np.int64)
    for w, (first, last) in enumerate(columns):
        covered = sessions[:, first : last + 1]
        inside = covered > 0
        m = inside.sum(axis=1)
        total = np.where(inside, ar[:, first : last + 1], 0.0).sum(axis=1)
        z_sum = np.where(inside, z[:, :, first : last + 1], 0.0).sum(axis=2)
        car[:, w] = np.where(m > 0, total, np.nan)
        variance[:, w] = np.where(m > 0, covered.sum(axis=1) + np.einsum("ke,ke->e", z_sum, z_sum), np.nan)
        counted[:, w] = m
    return car, variance, counted


def rows_inside(first: Rows, last: Rows, length: int, total: int) -> tuple[Rows, Mask]:
    """Return the rows (E, length) from ``first`` on, clipped to the panel, and a mask of those in window and panel."""
    rows = first[:, None] + np.arange(length)
    inside = (rows <= last[:, None]) & (rows >= 0) & (rows < total)
    return np.clip(rows, 0, total - 1), inside


def _unfit(fit: Fit, ar: Array, minimum: int) -> dict[int, str]:
    """Return the reasons, by position, of events that cannot be computed."""
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


def _one_length(where: Placement) -> bool:
    """Whether all event windows have the same length."""
    spans = where.win_last - where.win_first
    return len(spans) > 0 and bool((spans == spans[0]).all())


def _check(returns: Array, where: Placement) -> None:
    lengths = {len(getattr(where, name)) for name in ("symbol_index", "day_zero", "est_first", "est_last", "win_first")}
    if len(lengths) > 1 or len(where.win_last) not in lengths:
        raise InputError("the arrays of events must have the same length", hint="give one entry per event in each")
    days = where.days
    bad = (where.car_columns[:, 0] < 0) | (where.car_columns[:, 1] >= days) if days else np.zeros(0, dtype=bool)
    if bad.any():
        raise InputError("a CAR window lies outside the event window", hint="widen the event window")
    columns = returns.shape[1]
    if len(where.symbol_index) and not (where.symbol_index.min() >= 0 and where.symbol_index.max() < columns):
        raise InputError(f"an event's symbol is not one of the {columns} columns", hint="leave such events out")
