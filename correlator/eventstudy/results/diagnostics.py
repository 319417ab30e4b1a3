"""Diagnostics of each event's estimate: autocorrelation, ARCH and outliers of residuals, and moves before the event.

=================  =====================================================================================================
ljung_box          Q of Ljung & Box (1978) on five lags; the pairs of a lag are those in which both bars have a
                   residual, and their number replaces n - k (Stoffer & Toloi 1992); chi-square with 5
arch_lm            n R^2 of squared residuals on their five lags (Engle 1982); chi-square with 5
pre_trend          t of the CAR over the bars between the estimation window and day 0, null where there are none
outliers           residuals beyond five robust standard deviations (1.4826 times their median size)
=================  =====================================================================================================
"""

from __future__ import annotations

import numpy as np
import polars as pl

from correlator.eventstudy.estimation.engine import fit_events
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, Placement
from correlator.eventstudy.panel.frames import Array, Panel
from correlator.eventstudy.placing.placement import marked_before
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.results.result_frames import names_of, ratio, two_sided_p

LAGS = 5
FAR = 5.0
"""Robust standard deviations beyond which a residual is an outlier."""

DOUBTFUL = 0.01
"""A p-value of a diagnostic below this is flagged."""

_ROBUST = 1.4826
FLAGS = ("autocorrelated", "arch", "pre-trend", "outliers")


def diagnostics_frame(
    estimates: EventEstimates, panel: Panel, events: pl.DataFrame, spec: StudySpec, *, estimation_bars: int
) -> pl.DataFrame:
    """Return one row per event: event_id, symbol, n (bars used), purged (bars left out by ``purge``), ljung_box,
    p_autocorrelation, arch_lm, p_arch, pre_trend, p_pre_trend, outliers, largest (in robust standard deviations),
    flags.

    Parameters
    ----------
    estimates: with the residuals of their estimation windows.
    panel: the bars that they were estimated on.
    events: the events as given.
    spec: the request of the study.
    estimation_bars: length of the estimation window.

    Notes
    -----
    Neighbouring bars must be sessions of one exchange: with several exchanges, each is diagnosed separately.
    """
    from scipy.special import chdtrc

    residuals = estimates.estimation_residuals
    assert residuals is not None
    ljung_box, lagrange = ljung_box_of(residuals), arch_lm_of(residuals)
    outliers, largest = outliers_of(residuals)
    trend, df = _pre_trend(estimates, panel, spec, estimation_bars)
    columns = {
        "ljung_box": ljung_box,
        "p_autocorrelation": chdtrc(LAGS, ljung_box),
        "arch_lm": lagrange,
        "p_arch": chdtrc(LAGS, lagrange),
        "pre_trend": trend,
        "p_pre_trend": two_sided_p(trend, df),
    }
    with np.errstate(invalid="ignore"):
        doubtful = [values < DOUBTFUL for name, values in columns.items() if name.startswith("p_")]
    marks = np.stack([*doubtful, outliers > 0], axis=1)
    return names_of(estimates, events).with_columns(
        pl.Series("n", estimates.n),
        pl.Series("purged", _purged(estimates, panel, estimation_bars)),
        *(pl.Series(name, values, nan_to_null=True) for name, values in columns.items()),
        pl.Series("outliers", outliers),
        pl.Series("largest", largest, nan_to_null=True),
        pl.Series("flags", [" ".join(np.array(FLAGS)[row]) for row in marks], dtype=pl.String),
    )


def ljung_box_of(residuals: Array) -> Array:
    """Return Q (E,) of ``residuals`` (E, L), NaN where missing; NaN for an event with a lag without pairs."""
    known = ~np.isnan(residuals)
    n = known.sum(axis=1)
    filled = np.where(known, residuals, 0.0)
    filled = np.where(known, filled - filled.sum(axis=1, keepdims=True) / np.maximum(n, 1)[:, None], 0.0)
    squares = (filled * filled).sum(axis=1)
    total = np.zeros(len(residuals))
    for lag in range(1, LAGS + 1):
        pairs = (known[:, lag:] & known[:, :-lag]).sum(axis=1)
        correlation = ratio((filled[:, lag:] * filled[:, :-lag]).sum(axis=1), squares)
        total += ratio(correlation * correlation, pairs.astype(np.float64))
    return np.asarray(n * (n + 2) * total)


def arch_lm_of(residuals: Array) -> Array:
    """Return n R^2 (E,) of squared ``residuals`` (E, L) on a constant and their lags; NaN with too few values."""
    return np.array([_arch_lm(row * row) for row in residuals])


def outliers_of(residuals: Array) -> tuple[np.ndarray, Array]:
    """Return the number of outliers (E,) in ``residuals`` (E, L), and the largest residual in robust standard
    deviations (E,).
    """
    if residuals.size == 0:
        return np.zeros(len(residuals), dtype=np.int64), np.full(len(residuals), np.nan)
    size = np.abs(residuals)
    scaled = ratio(size, _ROBUST * np.nanmedian(size, axis=1, keepdims=True))
    with np.errstate(invalid="ignore"):
        return (scaled > FAR).sum(axis=1), np.nanmax(scaled, axis=1)


def _arch_lm(squares: Array) -> float:
    windows = np.lib.stride_tricks.sliding_window_view(squares, LAGS + 1)
    complete = windows[~np.isnan(windows).any(axis=1)]
    if len(complete) <= LAGS + 1:
        return float("nan")
    outcome = complete[:, -1] - complete[:, -1].mean()
    design = complete[:, :-1] - complete[:, :-1].mean(axis=0)
    coefficients, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    errors = outcome - design @ coefficients
    total = float(outcome @ outcome)
    return len(complete) * (1.0 - float(errors @ errors) / total) if total > 0 else float("nan")


def _pre_trend(
    estimates: EventEstimates, panel: Panel, spec: StudySpec, estimation_bars: int
) -> tuple[Array, np.ndarray]:
    """Return t (E,) of the CAR between estimation window and day 0, and its degrees of freedom (E,)."""
    est_last = estimates.est_first + estimation_bars - 1
    trend, df = np.full(len(estimates), np.nan), np.full(len(estimates), np.nan)
    between = np.flatnonzero(est_last + 1 <= estimates.day_zero - 1)
    if len(between) == 0:
        return trend, df
    zero = estimates.day_zero[between]
    before = fit_events(
        Bars.of(panel),
        Placement.at(
            estimates.symbol_index[between],
            zero,
            (estimates.est_first[between], est_last[between]),
            (est_last[between] + 1, zero - 1),
        ),
        model=spec.model,
        minimum_observations=spec.minimum_observations,
        keep_returns=False,
    )
    places = between[before.kept]
    trend[places], df[places] = ratio(before.car[:, 0], before.car_se[:, 0]), before.df
    return trend, df


def _purged(estimates: EventEstimates, panel: Panel, estimation_bars: int) -> np.ndarray:
    """Return the number of bars (E,) with a return that ``purge`` left out of each estimation window."""
    if panel.purged is None:
        return np.zeros(len(estimates), dtype=np.int64)
    left_out = panel.purged & ~np.isnan(panel.returns)
    before = marked_before(left_out).astype(np.int64)
    first = np.clip(estimates.est_first, 0, len(left_out))
    end = np.clip(estimates.est_first + estimation_bars, 0, len(left_out))
    return np.asarray(before[end, estimates.symbol_index] - before[first, estimates.symbol_index])
