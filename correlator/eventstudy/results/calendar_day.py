"""The calendar-day t of an average: every day is one observation, however many windows and shares include it.

A CAAR is a sum over calendar days of weighted errors. An abnormal return is the error of its day less the part of the
errors of its estimation days that enters through the estimated line, so with X_i the design of event i's estimation
window and X*_i the sum of its rows over the window

    CAAR = sum over days s of u_s,   u_s = 1/N sum over i of (AR_is, s in i's window)
                                         - 1/N sum over i of (X*_i' (X_i'X_i)^-1 x_s e_is, s in i's estimation window)

and its variance is sum u_s^2, however the errors of one day are correlated and however their variance changes from day
to day: White's (1980) estimator with days as clusters (Liang & Zeger 1986; Jaffe 1974 and Mandelker 1974 have the same
idea as a portfolio). The effect is zero under the null, so it is not subtracted before squaring; with G effective days

    t = CAAR / se,   se^2 = (sum u_s^2 - CAAR^2 / G) G / (G - 1),   Student's t with G - 1 degrees of freedom

which is the ordinary t if each of G events has a day of its own. G = (sum q_s)^2 / sum q_s^2 (Satterthwaite 1946), q_s
the variance of u_s if all errors were independent. Assumption: errors of different days are uncorrelated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from correlator.eventstudy.estimation.engine import regressed
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, Regressed
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.estimation.synthetic import designs_of
from correlator.eventstudy.panel.factors import factors_of
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows
from correlator.eventstudy.results.result_frames import estimation_rows, event_rows

_EVENTS_AT_A_TIME = 4_000


@dataclass(frozen=True)
class DayError:
    """For W windows: ``average`` (CAAR), its error ``se``, effective ``days`` G (t has G - 1 degrees of freedom), and
    ``covariance`` (W, W) of the averages.
    """

    average: Array
    se: Array
    days: Array
    covariance: Array


@dataclass(frozen=True)
class _Part:
    """Some events of one symbol: ``window`` (E, D) and ``estimation`` (E, L) rows, ``x`` design of each (E, D or L, k),
    ``residuals`` (E, L) and ``sigma`` (E,); ``ar`` (E, D); ``measured`` (E, W) windows that have a CAR; ``bars`` (E, D)
    and ``bars_estimation`` (E, L) sessions that each return spans, to which its variance is proportional.
    """

    window: Rows
    estimation: Rows
    x_window: Array
    x_estimation: Array
    residuals: Array
    ar: Array
    sigma: Array
    measured: Mask
    bars: Array
    bars_estimation: Array


_FEWEST_DAYS = 1.5
"""Fewest effective days for an error: with fewer an interval would be more than 100 errors wide."""


def calendar_day_error(estimates: EventEstimates, panel: Panel, columns: Rows, estimation_bars: int) -> DayError:
    """Return the average CAR of each window with its calendar-day error.

    Parameters
    ----------
    estimates: of E events; their CARs are averaged where they have a value.
    panel: the bars that they were estimated on.
    columns: (W, 2) first and last column of each window inside the event window, ends included.
    estimation_bars: length L of the estimation window.
    """
    windows, total = len(columns), len(panel.labels)
    counted = (~np.isnan(estimates.car)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        average = np.nansum(estimates.car, axis=0) / counted
    days, expected = np.zeros((windows, total)), np.zeros((windows, total))
    for symbol in np.unique(estimates.symbol_index).tolist():
        own = np.zeros((windows, total))
        for part in _parts(estimates, panel, symbol, estimation_bars):
            for w, (first, last) in enumerate(columns):
                _add_window(part, slice(first, last + 1), part.measured[:, w], days[w], expected=own[w])
        expected += own * own
    with np.errstate(divide="ignore", invalid="ignore"):
        days /= counted[:, None]
        in_effect = expected.sum(axis=1) ** 2 / (expected**2).sum(axis=1)
        squares = (days * days).sum(axis=1)
        variance = (squares - average**2 / in_effect) * in_effect / (in_effect - 1)
    known = (in_effect >= _FEWEST_DAYS) & (variance > 0)
    se = np.where(known, np.sqrt(np.maximum(variance, 0.0)), np.nan)
    return DayError(average, se, in_effect, days @ days.T)


def common_share(estimates: EventEstimates, panel: Panel, estimation_bars: int) -> float:
    """Return the mean covariance over the mean variance of the events' residuals, 0 if it is negative.

    Only events of the same date are paired: windows of different dates are assumed to share no bar. This ratio is the
    counterpart, for unscaled returns, of the mean correlation of scaled returns in Kolari & Pynnonen (2010). With
    several exchanges the covariance of a pair is over the days on which both have a session.
    """
    dates, group = np.unique(estimates.day_zero, return_inverse=True)
    first, width = _span(estimates, panel, estimation_bars)
    summed, squared, counted = (np.zeros((len(dates), width)) for _ in range(3))
    for symbol in np.unique(estimates.symbol_index).tolist():
        positions = np.flatnonzero(estimates.symbol_index == symbol)
        start = 0
        for part in _parts(estimates, panel, symbol, estimation_bars):
            filled = np.nan_to_num(part.residuals) / np.sqrt(part.bars_estimation)
            dated = group[positions[start : start + len(filled)]]
            # Residuals are paired by date; with one exchange, the columns are the dates.
            at = np.arange(filled.shape[1])[None]
            if panel.calendars is not None:
                at = np.clip(part.estimation - dates[dated, None] - first, 0, width - 1)
            for total, values in ((summed, filled), (squared, filled**2), (counted, ~np.isnan(part.residuals))):
                np.add.at(total, (dated[:, None], at), values)
            start += len(filled)
    events, own = len(estimates), float(squared.sum())
    if events < 2 or own == 0:
        return 0.0
    shared = summed**2 - squared
    if panel.calendars is None:
        return max(float(shared.sum()) / (events - 1) / own, 0.0)
    size = np.bincount(group).astype(np.float64)
    cells = (counted * (counted - 1)).sum(axis=1)
    paired = np.where(cells > 0, shared.sum(axis=1) / np.maximum(cells, 1), 0.0) * size * (size - 1)
    return max(float(paired.sum()) / events / (events - 1) * float(counted.sum()) / own, 0.0)


def _span(estimates: EventEstimates, panel: Panel, bars: int) -> tuple[int, int]:
    """Return the first row from day 0, and the number of rows, of the estimation windows of one date.

    On several calendars there are more such rows than bars in one window.
    """
    if panel.calendars is None or not len(estimates):
        return 0, bars
    from_zero = estimation_rows(estimates, panel, bars) - estimates.day_zero[:, None]
    return int(from_zero.min()), int(from_zero.max() - from_zero.min()) + 1


def _add_window(part: _Part, inside: slice, measured: Mask, days: Array, *, expected: Array) -> None:
    """Add each event's contribution to ``days`` (T,), and that expected from its standard deviation to ``expected``."""
    ar = np.where(measured[:, None], part.ar[:, inside], np.nan)
    finite = ~np.isnan(ar)
    size = part.sigma[:, None]
    np.add.at(days, part.window[:, inside][finite], ar[finite])
    np.add.at(expected, part.window[:, inside][finite], (size * np.sqrt(part.bars[:, inside]))[finite])
    if not part.x_window.shape[2]:
        return
    sums = np.where(finite[:, :, None], part.x_window[:, inside], 0.0).sum(axis=1)
    weight = 1.0 / part.bars_estimation
    taken = np.einsum("ek,elk->el", _solved(part.x_estimation, weight, sums), part.x_estimation) * weight
    known = ~np.isnan(part.residuals)
    np.add.at(days, part.estimation[known], -(taken * part.residuals)[known])
    np.add.at(expected, part.estimation[known], -(taken * size * np.sqrt(part.bars_estimation))[known])


def _solved(design: Array, weight: Array, sums: Array) -> Array:
    """Return (X'WX)^-1 X* (E, k), with the pseudo-inverse for designs of deficient rank."""
    cross = np.einsum("elk,el,elj->ekj", design, weight, design)
    return np.asarray(np.einsum("ekj,ej->ek", np.linalg.pinv(cross, hermitian=True), sums))


def _parts(estimates: EventEstimates, panel: Panel, symbol: int, bars: int) -> Iterator[_Part]:
    """Yield the events of ``symbol``, some at a time, with their designs and residuals computed from the bars."""
    positions = np.flatnonzero(estimates.symbol_index == symbol)
    for chosen, series, coefficients in _series(estimates, panel, symbol, (positions, bars)):
        outcome = series.returns[:, 0] if series.benchmark is None else series.returns[:, 0] - series.benchmark
        intercept = model_named(estimates.model).intercept
        design = np.concatenate([np.ones((len(outcome), int(intercept))), series.regressors], axis=1)
        spanned = np.ones(len(outcome)) if series.spans is None else series.spans[:, 0].astype(np.float64)
        events = estimates.take(chosen)
        window, estimation = event_rows(events, panel), estimation_rows(events, panel, bars)
        inside = (estimation >= 0) & (estimation < len(outcome))
        estimation = np.clip(estimation, 0, len(outcome) - 1)
        if series.purged is not None:
            inside &= ~series.purged[estimation, 0]
        x = design[estimation]
        fitted = np.einsum("ek,elk->el", coefficients[:, : x.shape[2]], x)
        residuals = np.where(inside, outcome[estimation] - fitted, np.nan)
        x = np.where(np.isnan(residuals)[:, :, None], 0.0, x)
        yield _Part(
            window=window,
            estimation=estimation,
            x_window=design[window],
            x_estimation=x,
            residuals=residuals,
            ar=estimates.ar[chosen],
            sigma=estimates.sigma[chosen],
            measured=~np.isnan(estimates.car[chosen]),
            bars=spanned[window],
            bars_estimation=spanned[estimation],
        )


def _series(
    estimates: EventEstimates, panel: Panel, symbol: int, events: tuple[Rows, int]
) -> Iterator[tuple[Rows, Regressed, Array]]:
    """Yield events of ``symbol``, some at a time, with the one-column series of their estimation and coefficients.

    ``events``: positions of the events, and the length of the estimation window. A synthetic control has a separate
    series for each event.
    """
    positions, estimation_bars = events
    bars = Bars.of(panel, np.array([symbol]))
    if estimates.synthetic is not None:
        for event, series, coefficients in designs_of(estimates, Bars.of(panel), positions, estimation_bars):
            yield np.array([event]), series, coefficients[None, :]
        return
    series = regressed(model_named(estimates.model), replace(bars, factors=factors_of(panel, symbol), own=None))
    for start in range(0, len(positions), _EVENTS_AT_A_TIME):
        chosen = positions[start : start + _EVENTS_AT_A_TIME]
        yield chosen, series, estimates.coefficients[chosen]
