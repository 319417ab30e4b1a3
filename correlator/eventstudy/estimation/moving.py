"""Market models that vary over time: GARCH(1,1) errors, and coefficients estimated anew for every event bar.

Both start from the market model of the estimation window, which determines the events that can be measured, and
replace the results that depend on a constant variance or constant coefficients.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from correlator.base.progress import tracked
from correlator.eventstudy.estimation.engine import cumulated, fit_chunk, regressed, rows_inside
from correlator.eventstudy.estimation.estimates import (
    Bars,
    EventEstimates,
    Placement,
    Regressed,
    Request,
    broken_windows,
)
from correlator.eventstudy.estimation.garch import PER_CENT, best_garch
from correlator.eventstudy.estimation.least_squares import fit_batch, predict_batch
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.panel.frames import Array, Rows

NOT_CONVERGED_REASON = "GARCH(1,1) did not converge on its estimation window"


def fit_garch(bars: Bars, where: Placement, request: Request) -> EventEstimates:
    """Fit a market model with GARCH(1,1) errors (Bollerslev 1986; Corhay & Tourani Rad 1996) by quasi-likelihood.

    With h the variance forecast from the last bar of the estimation window and V the robust covariance of the
    coefficients (Bollerslev & Wooldridge 1992), var AR = g h + x'Vx and var CAR = sum of g h + X*'V X*, g the sessions
    that a return covers. Missing bars within the estimation window are skipped, as if the next bar followed at once;
    the forecast counts every session after its last bar. Of the optima of the likelihood the highest is used; events
    for which the optimiser does not converge are excluded. Needs the package ``arch``.
    """
    panel = regressed(request.model, bars)
    base = _market(panel, where, request)
    kept = [int(event) for event in base.kept]
    excluded = dict(base.excluded)
    car, car_se, ar, ar_se = (array.copy() for array in (base.car, base.car_se, base.ar, base.ar_se))
    assert base.estimation_residuals is not None  # requested by ``_market``
    coefficients, residuals = base.coefficients.copy(), base.estimation_residuals.copy()
    fitted = np.ones(len(kept), dtype=bool)
    for i, event in enumerate(tracked(kept, "GARCH models")):
        one = where.take(np.array([event]))
        y, x, g = _series(panel, one, (one.est_first, one.est_last), request.length)
        used = ~np.isnan(residuals[i])
        fit = _fitted_garch(y[used], x[used], g[used])
        if fit is None:
            fitted[i], excluded[event] = False, NOT_CONVERGED_REASON
            continue
        line, covariance, (omega, alpha, beta, last_h, last_e) = fit
        root = np.sqrt(g)
        residuals[i] = np.where(used, (y - line[0] - line[1] * x) / root, np.nan)
        actual, market, sessions = _series(panel, one, (one.win_first, one.win_last), request.days)
        ahead = one.win_first[0] + np.arange(request.days) - (one.est_first[0] + np.flatnonzero(used)[-1])
        h = _forecast((omega, alpha, beta, last_h, last_e), ahead)
        design = np.stack([np.ones(len(market)), market])
        coefficients[i] = line
        ar[i] = np.where(np.isnan(base.ar[i]), np.nan, actual - line @ design)
        measured = ~np.isnan(ar[i])
        ar_se[i] = np.sqrt(sessions * h + np.einsum("kd,kj,jd->d", design, covariance, design))
        for w, (first, last) in enumerate(where.car_columns.tolist()):
            inside = measured & (np.arange(request.days) >= first) & (np.arange(request.days) <= last)
            total = design[:, inside].sum(axis=1)
            missing = np.isnan(base.car[i, w])
            car[i, w] = np.nan if missing else ar[i, inside].sum()
            error = np.sqrt((sessions * h)[inside].sum() + total @ covariance @ total)
            car_se[i, w] = np.nan if missing else error
    sigma = np.sqrt(np.nansum(residuals**2, axis=1) / base.df)
    estimates = replace(
        base,
        coefficients=coefficients,
        sigma=sigma,
        ar=ar,
        ar_se=np.where(np.isnan(ar), np.nan, ar_se),
        expected=np.where(np.isnan(ar), np.nan, base.actual - ar) if request.keep_returns else base.expected,
        car=car,
        car_se=car_se,
        estimation_residuals=residuals,
    )
    return replace(_finished(estimates.take(fitted), request), excluded=tuple(sorted(excluded.items())))


def fit_rolling(bars: Bars, where: Placement, request: Request) -> EventEstimates:
    """Fit a market model for every event bar, on the estimation window shifted by its day, without the event window.

    With an estimation window of -250:-11, bar 3 is predicted by the model of -247:-8. s^2 and its degrees of freedom
    are those of the unshifted window. A bar has no AR if its shifted window has too few bars. An estimation bar affects
    the predictions of several event bars, so its weights are summed over the bars of a CAR before they are squared:
    var CAR = s^2 (sum of g + sum of squared weights of estimation bars).
    """
    panel = regressed(request.model, bars)
    base = _market(panel, where, request)
    events = where.take(base.kept)
    offsets = events.win_first - events.day_zero
    days, reach = request.days, request.length + request.days
    ar = np.full(base.ar.shape, np.nan)
    taken = np.zeros((len(base), days, reach))
    sessions = np.ones(base.ar.shape)
    for day in range(days):
        moved = replace(
            events, est_first=events.est_first + offsets + day, est_last=events.est_last + offsets + day
        )  # a window of calendar dates has no day 0: it is shifted from its first bar
        rows, inside = rows_inside(moved.est_first, moved.est_last, request.length, len(panel.returns))
        inside &= (rows < events.win_first[:, None]) | (rows > events.win_last[:, None])
        symbols = events.symbol_index
        y = panel.without_purged(panel.actual(rows, inside, symbols), rows, symbols)
        fit = fit_batch(y, panel.design(rows, symbols), intercept=True, sessions=panel.sessions(rows, symbols))
        at, in_window = rows_inside(events.win_first + day, events.win_last, 1, len(panel.returns))
        prediction, z = predict_batch(fit, panel.design(at, symbols))
        value = panel.actual(at, in_window, symbols)[:, 0] - fit.shift_y - prediction[:, 0]
        enough = (fit.n >= request.minimum) & ~fit.flat_design
        ar[:, day] = np.where(enough, value, np.nan)
        taken[:, day, day : day + request.length] = np.einsum("ke,kel->el", z[:, :, 0], fit.q)
        spans = panel.sessions(at, symbols)
        sessions[:, day] = 1.0 if spans is None else spans[:, 0]
    in_window = ~np.isnan(ar)
    taken = np.where(in_window[:, :, None], taken, 0.0)
    covered = np.where(in_window, sessions, 0.0)
    car, variance, counted = cumulated(ar, np.moveaxis(taken, 2, 0), covered, where.car_columns)
    if base.spans is not None:
        car = np.where(broken_windows(base.spans, in_window, where.car_columns), np.nan, car)
    size = base.sigma[:, None]
    ar_se = size * np.sqrt(sessions + (taken * taken).sum(axis=2))
    estimates = replace(
        base,
        ar=ar,
        ar_se=np.where(in_window, ar_se, np.nan),
        expected=np.where(in_window, base.actual - ar, np.nan) if request.keep_returns else base.expected,
        car=car,
        car_se=np.where(np.isnan(car), np.nan, size * np.sqrt(variance)),
        n_car=counted,
    )
    return replace(_finished(estimates, request), excluded=base.excluded)


def _market(panel: Regressed, where: Placement, request: Request) -> EventEstimates:
    """Return the estimates of the market model with residuals, under the name of the requested model."""
    plain = replace(request, model=model_named("market"), keep_residuals=True)
    return replace(fit_chunk(panel, where, plain), model=request.model.name)


def _finished(estimates: EventEstimates, request: Request) -> EventEstimates:
    """Return ``estimates`` without residuals unless these were requested."""
    return estimates if request.keep_residuals else replace(estimates, estimation_residuals=None)


def _series(panel: Regressed, one: Placement, ends: tuple[Rows, Rows], length: int) -> tuple[Array, Array, Array]:
    """Get returns, benchmark and sessions (``length``,) of one event from the first row of ``ends`` to the last."""
    rows, inside = rows_inside(*ends, length, len(panel.returns))
    spans = panel.sessions(rows, one.symbol_index)
    sessions = np.ones(rows.shape[1]) if spans is None else spans[0]
    return panel.actual(rows, inside, one.symbol_index)[0], panel.design(rows, one.symbol_index)[0, 0], sessions


def _fitted_garch(
    y: Array, x: Array, sessions: Array
) -> tuple[Array, Array, tuple[float, float, float, float, float]] | None:
    """Fit the model to ``y``, ``x``, ``sessions`` (n,) without missing values.

    Returns the coefficients (2,), their covariance (2, 2) and (omega, alpha, beta, last variance, last error), with
    variances as squared fractions; None if the optimiser does not converge.
    """
    root = np.sqrt(sessions)
    fitted = best_garch(PER_CENT * y / root, np.column_stack([1.0 / root, x / root]))
    if fitted is None:
        return None
    values, covariance = fitted.params.to_numpy(), fitted.param_cov.to_numpy()[:2, :2]
    omega, alpha, beta = (float(value) for value in values[2:5])
    last = (float(fitted.conditional_volatility[-1]) ** 2 / PER_CENT**2, float(fitted.resid[-1]) / PER_CENT)
    if not np.isfinite(covariance).all():
        return None
    return values[:2] / PER_CENT, covariance / PER_CENT**2, (omega / PER_CENT**2, alpha, beta, *last)


def _forecast(moving: tuple[float, float, float, float, float], ahead: Rows) -> Array:
    """Forecast the variances (D,) of sessions that lie ``ahead`` (D,), at least 1, of the last one."""
    omega, alpha, beta, variance, error = moving
    first = omega + alpha * error * error + beta * variance
    decay = alpha + beta
    steps = (ahead - 1).astype(np.float64)
    grown = steps if decay == 1 else (1 - decay**steps) / (1 - decay)
    return np.asarray(omega * grown + decay**steps * first)
