"""Is an event's estimate sound? Autocorrelation, ARCH and outliers of its residuals, and what moved before the event.

=================  =====================================================================================================
ljung_box          Q of Ljung & Box (1978) on five lags; a lag's pairs are those of bars that both have a residual, and
                   their number stands where n - k stands without holes (Stoffer & Toloi 1992); chi-square with 5
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
    """One row per event: event_id, symbol, n (bars used), purged (bars left out by ``purge``), ljung_box,
    p_autocorrelation, arch_lm, p_arch, pre_trend, p_pre_trend, outliers, largest (in robust standard deviations),
    flags.

    Parameters
    ----------
    estimates: with the residuals of their estimation windows.
    panel: the bars that they were estimated on.
    events: the events as given.
    spec: what was asked.
    estimation_bars: length of the estimation window.

    Notes
    -----
    Bars that follow one another are sessions of one exchange: of several, each is looked at by itself.
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
    """Q (E,) of ``residuals`` (E, L), NaN where missing; NaN for an event with a lag that no pair has."""
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
    """n R^2 (E,) of the squares of ``residuals`` (E, L) on a constant and their lags; NaN where too few have all."""
    return np.array([_arch_lm(row * row) for row in residuals])


def outliers_of(residuals: Array) -> tuple[np.ndarray, Array]:
    """How many of ``residuals`` (E, L) are outliers (E,), and the largest in robust standard deviations (E,)."""
    if residuals.size == 0:
        return np.zeros(len(residuals), dtype=np.int64), np.full(len(residuals), np.nan)
    size = np.abs(residuals)
    scaled = ratio(size, _ROBUST * np.nanmedian(size, axis=1, keepdims=True))
    with np.errstate(invalid="ignore"):
        return (scaled > FAR).sum(axis=1), np.nanmax(scaled, axis=1)


def _arch_lm(squares: Array) -> float:
    windows = np.lib.stride_tricks.sliding_window_view(squares, LAGS + 1)
    whole = windows[~np.isnan(windows).any(axis=1)]
    if len(whole) <= LAGS + 1:
        return float("nan")
    outcome = whole[:, -1] - whole[:, -1].mean()
    design = whole[:, :-1] - whole[:, :-1].mean(axis=0)
    coefficients, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    missed = outcome - design @ coefficients
    spread = float(outcome @ outcome)
    return len(whole) * (1.0 - float(missed @ missed) / spread) if spread > 0 else float("nan")


def _pre_trend(
    estimates: EventEstimates, panel: Panel, spec: StudySpec, estimation_bars: int
) -> tuple[Array, np.ndarray]:
    """t (E,) of the CAR between estimation window and day 0, and its degrees of freedom."""
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
    """Bars (E,) of each estimation window that ``purge`` left out and that have a return."""
    if panel.purged is None:
        return np.zeros(len(estimates), dtype=np.int64)
    out = panel.purged & ~np.isnan(panel.returns)
    before = marked_before(out).astype(np.int64)
    first = np.clip(estimates.est_first, 0, len(out))
    end = np.clip(estimates.est_first + estimation_bars, 0, len(out))
    return np.asarray(before[end, estimates.symbol_index] - before[first, estimates.symbol_index])
