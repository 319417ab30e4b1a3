"""How much events move together: the average correlation of residuals, paired by calendar day.

Kolari & Pynnönen (2010) need the mean correlation of the abnormal returns that are averaged. Two events' abnormal
returns of one column can only correlate where the column covers the same calendar days for both, so a pair counts with
the share of days that its two windows have in common: 1 for events of one date, 0 for events further apart than the
window is long. For events of one date this is the paper's plain average.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.significance.arrays import Array, Columns, Rows, StudyArrays, Targets

EXACT_CELLS = 500_000_000
"""Up to this many (pairs x days) each pair is correlated over the days both have; above, see ``_by_date``."""

_CHUNK_CELLS = 1 << 18

Each = Callable[..., Iterable[Any]]
"""``map``, or a pool's."""


def mean_correlations(arrays: StudyArrays, targets: Targets) -> Array:
    """(K,) average over all pairs of events of their residuals' correlation times the share of days in common."""
    events, lags = len(arrays), int(targets.bars.max(initial=1))
    sums = np.zeros(lags)
    for members in neighbours(arrays.event_dates, lags):
        residuals, rows, dates = arrays.residuals, arrays.residual_days, arrays.event_dates
        if len(members) < events:
            residuals, rows, dates = residuals[members], rows[members], dates[members]
        sums += _sums_by_lag(residuals, rows, dates, lags)
    return averaged(sums, targets, events)


def averaged(sums: Array, columns: Columns, events: int) -> Array:
    """(K,) average over pairs of ``events`` from the sums of correlations by lag (lags,)."""
    shares = np.maximum(0.0, 1.0 - np.arange(len(sums)) / columns.bars[:, None])
    total: Array = shares @ sums
    return total / (events * (events - 1) / 2)


def neighbours(dates: Rows, lags: int) -> list[Rows]:
    """Positions of events in groups of two and more; events of different groups are at least ``lags`` days apart."""
    order = np.argsort(dates, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(dates[order]) >= lags) + 1)
    return [group for group in groups if len(group) > 1]


def few_enough(events: int, calendar: int) -> bool:
    """Whether each pair of ``events`` is correlated over the days both have, among ``calendar`` days."""
    return events**2 * calendar <= EXACT_CELLS


def _sums_by_lag(residuals: Array, residual_days: Rows, event_dates: Rows, lags: int) -> Array:
    """(lags,) sums of the correlations of pairs of events 0, 1, ... days apart."""
    starts = _first_days(residual_days)
    calendar = int(residual_days.max(initial=0) - starts.min()) + 1
    same_date = bool((event_dates == event_dates[0]).all())
    if same_date and not np.isnan(residuals).any():
        return _by_date(residuals, residual_days, starts, event_dates, lags)
    if few_enough(len(residuals), calendar):
        return pair_by_pair(residuals, residual_days - starts.min(), calendar, event_dates, lags)
    return _by_date(residuals, residual_days, starts, event_dates, lags)


def pair_by_pair(residuals: Array, rows: Rows, calendar: int, event_dates: Rows, lags: int) -> Array:
    """(lags,) sums over pairs, each correlated over the days both events have; ``rows`` (E, L) below ``calendar``."""
    who, column = np.nonzero(~np.isnan(residuals))
    x = np.zeros((len(residuals), calendar))
    seen = np.zeros((len(residuals), calendar))
    x[who, rows[who, column]] = residuals[who, column]
    seen[who, rows[who, column]] = 1.0
    both, one, square = seen @ seen.T, x @ seen.T, (x * x) @ seen.T
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = x @ x.T - one * one.T / both
        spread = square - one * one / both
        correlation = cross / np.sqrt(spread * spread.T)
    correlation[(both < 3) | ~np.isfinite(correlation)] = 0.0
    first, second = np.triu_indices(len(residuals), 1)
    apart = np.abs(event_dates[first] - event_dates[second])
    near = apart < lags
    sums = np.bincount(apart[near], weights=correlation[first[near], second[near]], minlength=lags)
    return sums.astype(np.float64)


def _by_date(residuals: Array, rows: Rows, starts: Rows, event_dates: Rows, lags: int) -> Array:
    """As ``pair_by_pair`` without looking at pairs: products of per-date sums of standardised residuals.

    Exact where the events share their estimation days and none is missing; else each event is standardised over its own
    days and a day that it lacks counts as a residual at its mean.
    """
    dates, group = np.unique(event_dates, return_inverse=True)
    origin = np.full(len(dates), np.iinfo(np.int64).max)
    np.minimum.at(origin, group, starts)
    span = int((rows.max(axis=1) - origin[group]).max()) + 1
    order = np.argsort(group, kind="stable")
    summed, own = np.zeros((len(dates), span)), 0.0
    step = max(1, _CHUNK_CELLS // max(1, residuals.shape[1]))
    for start in range(0, len(order), step):
        part = order[start : start + step]
        z, present = _standardised(residuals[part])
        first, last = int(group[part[0]]), int(group[part[-1]])
        where = ((group[part] - first) * span - origin[group[part]])[:, None] + rows[part]
        size = (last - first + 1) * span
        added = np.bincount(np.where(present, where, 0).ravel(), weights=z.ravel(), minlength=size)
        summed[first : last + 1] += added.reshape(-1, span)
        own += float(np.einsum("ij,ij->", z, z))
    return products_by_lag(summed, origin, dates, own, lags)


def products_by_lag(summed: Array, origin: Rows, dates: Rows, own: float, lags: int, each: Each = map) -> Array:
    """(lags,) sums over pairs of events from ``summed`` (dates, span), standardised residuals by event date.

    ``dates`` sorted, ``origin`` (dates,) the calendar row of column 0, ``own`` the squares of every event with itself.
    """

    def at(lag: int) -> float:
        ahead = np.minimum(np.searchsorted(dates, dates + lag), len(dates) - 1)
        here = np.flatnonzero(dates[ahead] == dates + lag)
        return _products(summed, origin, here, ahead[here])

    same_date = (float(np.einsum("ij,ij->", summed, summed)) - own) / 2
    return np.array([same_date, *each(at, range(1, lags))])


def _first_days(residual_days: Rows) -> Rows:
    """(E,) calendar row of each event's first residual."""
    first = (residual_days >= 0).argmax(axis=1)
    found: Rows = residual_days[np.arange(len(residual_days)), first]
    return found


def _products(summed: Array, origin: Rows, first: Rows, second: Rows) -> float:
    """Sum over pairs of dates of the products of their series, which start at calendar day ``origin`` of their date."""
    total, span = 0.0, summed.shape[1]
    apart = origin[second] - origin[first]
    for shift in np.unique(apart[np.abs(apart) < span]):
        a, b = first[apart == shift], second[apart == shift]
        early, late = (a, b) if shift >= 0 else (b, a)
        total += float(np.einsum("ij,ij->", summed[early, abs(shift) :], summed[late, : span - abs(shift)]))
    return total


def _standardised(residuals: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Residuals less their event's mean, over the root of their sum of squares, 0 where missing; which are there."""
    present = ~np.isnan(residuals)
    filled = np.where(present, residuals, 0.0)
    centred = np.where(present, filled - (filled.sum(axis=1) / present.sum(axis=1))[:, None], 0.0)
    norm = np.sqrt(np.einsum("ij,ij->i", centred, centred))
    return centred / np.where(norm > 0, norm, 1.0)[:, None], present
