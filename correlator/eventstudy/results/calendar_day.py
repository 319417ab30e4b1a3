"""The calendar-day t of an average: every day is one observation, however many windows and shares meet on it.

A CAAR is a sum over calendar days of weighted errors. An abnormal return is the error of its day less what the
estimated line takes over from the errors of its estimation days, so with X_i the design of event i's estimation
window and X*_i the sum of its rows over the window

    CAAR = sum over days s of u_s,   u_s = 1/N sum over i of (AR_is, s in i's window)
                                         - 1/N sum over i of (X*_i' (X_i'X_i)^-1 x_s e_is, s in i's estimation window)

and its variance, whatever binds the errors of one day and however their size changes from day to day, is sum u_s^2:
White's (1980) estimator with days as clusters (Liang & Zeger 1986; Jaffe 1974 and Mandelker 1974 have the same idea
as a portfolio). The effect is zero under the null, so it is not taken off before squaring; with G days in effect

    t = CAAR / se,   se^2 = (sum u_s^2 - CAAR^2 / G) G / (G - 1),   Student's t with G - 1 degrees of freedom

which is the plain t where each of G events has a day of its own. G = (sum q_s)^2 / sum q_s^2 (Satterthwaite 1946),
q_s the variance of u_s were all errors independent. Assumed: errors of different days are uncorrelated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from correlator.eventstudy.estimation.engine import regressed
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, Regressed
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.estimation.synthetic import designs_of
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows
from correlator.eventstudy.results.result_frames import estimation_rows, event_rows

_EVENTS_AT_A_TIME = 4_000


@dataclass(frozen=True)
class DayError:
    """Of W windows: ``average`` (CAAR), its error ``se``, ``days`` in effect G, so that t has G - 1 degrees of freedom;
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
    and ``bars_estimation`` (E, L) sessions that each return spans, whose variance grows with them.
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
"""Days in effect that an error needs: of fewer an interval is more than 100 errors wide, and of one there is none."""


def calendar_day_error(estimates: EventEstimates, panel: Panel, columns: Rows, estimation_bars: int) -> DayError:
    """The average CAR of each window with its calendar-day error.

    Parameters
    ----------
    estimates: of E events; their CAR are averaged where they have a value.
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
    """Mean covariance over the mean variance of the events' residuals, 0 where it is negative.

    Only events of one date pair up: windows of different dates are taken to share no bar. What Kolari & Pynnonen (2010)
    have as the mean correlation of scaled returns is this ratio for returns that are not scaled. Of several exchanges
    a pair's covariance is that of the days on which both have a session.
    """
    dates, group = np.unique(estimates.day_zero, return_inverse=True)
    first, width = _span(estimates, panel, estimation_bars)
    summed, squared, counted = (np.zeros((len(dates), width)) for _ in range(3))
    for symbol in np.unique(estimates.symbol_index).tolist():
        mine = np.flatnonzero(estimates.symbol_index == symbol)
        start = 0
        for part in _parts(estimates, panel, symbol, estimation_bars):
            filled = np.nan_to_num(part.residuals) / np.sqrt(part.bars_estimation)
            dated = group[mine[start : start + len(filled)]]
            # Residuals pair by date: of one exchange those are the columns.
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
    """First row from day 0, and how many, that the estimation windows of one date lie on: on several calendars these
    are more than one window has bars.
    """
    if panel.calendars is None or not len(estimates):
        return 0, bars
    from_zero = estimation_rows(estimates, panel, bars) - estimates.day_zero[:, None]
    return int(from_zero.min()), int(from_zero.max() - from_zero.min()) + 1


def _add_window(part: _Part, inside: slice, measured: Mask, days: Array, *, expected: Array) -> None:
    """Add each event's contribution to the days (T,), and to what a unit error of its size would contribute."""
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
    """(X'WX)^-1 X* (E, k); by least squares in the pseudo-inverse's sense where a design is thin."""
    cross = np.einsum("elk,el,elj->ekj", design, weight, design)
    return np.asarray(np.einsum("ekj,ej->ek", np.linalg.pinv(cross, hermitian=True), sums))


def _parts(estimates: EventEstimates, panel: Panel, symbol: int, bars: int) -> Iterator[_Part]:
    """The events of ``symbol``, some at a time, with their designs and residuals computed from the bars."""
    mine = np.flatnonzero(estimates.symbol_index == symbol)
    for chosen, read, coefficients in _series(estimates, panel, symbol, (mine, bars)):
        outcome = read.returns[:, 0] if read.benchmark is None else read.returns[:, 0] - read.benchmark
        intercept = model_named(estimates.model).intercept
        design = np.concatenate([np.ones((len(outcome), int(intercept))), read.regressors], axis=1)
        spanned = np.ones(len(outcome)) if read.spans is None else read.spans[:, 0].astype(np.float64)
        own = estimates.take(chosen)
        window, estimation = event_rows(own, panel), estimation_rows(own, panel, bars)
        inside = (estimation >= 0) & (estimation < len(outcome))
        estimation = np.clip(estimation, 0, len(outcome) - 1)
        if read.purged is not None:
            inside &= ~read.purged[estimation, 0]
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
    """The events ``events[0]`` of ``symbol``, some at a time, with the series of one column that they are estimated on
    and their coefficients; a synthetic control has a series of its own.
    """
    mine, estimation_bars = events
    bars = Bars.of(panel, np.array([symbol]))
    if estimates.synthetic is not None:
        for event, series, coefficients in designs_of(estimates, Bars.of(panel), mine, estimation_bars):
            yield np.array([event]), series, coefficients[None, :]
        return
    read = regressed(model_named(estimates.model), replace(bars, factors=panel.factors_of(symbol), own=None))
    for start in range(0, len(mine), _EVENTS_AT_A_TIME):
        chosen = mine[start : start + _EVENTS_AT_A_TIME]
        yield chosen, read, estimates.coefficients[chosen]
