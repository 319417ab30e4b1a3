"""How much events move together: the average correlation of residuals, paired by calendar day.

Kolari & Pynnönen (2010) need the mean correlation of the abnormal returns that are averaged. Two events' abnormal
returns of one column can only correlate where the column covers the same calendar days for both, so a pair counts with
the share of days that its two windows have in common: 1 for events of one date, 0 for events further apart than the
window is long. For events of one date this is the paper's plain average.
"""

from __future__ import annotations

import numpy as np

from correlator.study.arrays import Array, Rows, StudyArrays, Targets

EXACT_CELLS = 500_000_000
"""Up to this many (pairs x days) each pair is correlated over the days both have; above, see ``_by_date``."""


def mean_correlations(arrays: StudyArrays, targets: Targets) -> Array:
    """(K,) average over all pairs of events of their residuals' correlation times the share of days in common."""
    events, lags = len(arrays), int(targets.bars.max(initial=1))
    sums = np.zeros(lags)
    for members in _neighbours(arrays.event_dates, lags):
        residuals, rows, dates = arrays.residuals, arrays.residual_days, arrays.event_dates
        if len(members) < events:
            residuals, rows, dates = residuals[members], rows[members], dates[members]
        sums += _sums_by_lag(residuals, rows, dates, lags)
    shares = np.maximum(0.0, 1.0 - np.arange(lags) / targets.bars[:, None])
    total: Array = shares @ sums
    return total / (events * (events - 1) / 2)


def _neighbours(dates: Rows, lags: int) -> list[Rows]:
    """Positions of events in groups of two and more; events of different groups are at least ``lags`` days apart."""
    order = np.argsort(dates, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(dates[order]) >= lags) + 1)
    return [group for group in groups if len(group) > 1]


def _sums_by_lag(residuals: Array, residual_days: Rows, event_dates: Rows, lags: int) -> Array:
    """(lags,) sums of the correlations of pairs of events 0, 1, ... days apart."""
    seen = residual_days >= 0
    rows = residual_days - residual_days[seen].min(initial=np.iinfo(np.int64).max)
    calendar = int(rows.max(initial=0)) + 1
    same_date = bool((event_dates == event_dates[0]).all())
    if same_date and not np.isnan(residuals).any():
        return _by_date(residuals, rows, calendar, event_dates, lags)
    if len(residuals) ** 2 * calendar <= EXACT_CELLS:
        return _pair_by_pair(residuals, rows, calendar, event_dates, lags)
    return _by_date(residuals, rows, calendar, event_dates, lags)


def _pair_by_pair(residuals: Array, rows: Rows, calendar: int, event_dates: Rows, lags: int) -> Array:
    """Each pair correlated over the days that both events have."""
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


def _by_date(residuals: Array, rows: Rows, calendar: int, event_dates: Rows, lags: int) -> Array:
    """As ``_pair_by_pair`` without looking at pairs: products of per-date sums of standardised residuals.

    Exact where the events share their estimation days and none is missing; else each event is standardised over its own
    days and a day that it lacks counts as a residual at its mean.
    """
    dates, group = np.unique(event_dates, return_inverse=True)
    centred = residuals - np.nanmean(residuals, axis=1, keepdims=True)
    z = np.nan_to_num(centred / np.sqrt(np.nansum(centred * centred, axis=1, keepdims=True)))
    present = ~np.isnan(residuals)
    where = (group[:, None] * calendar + np.maximum(rows, 0))[present]
    summed = np.bincount(where, weights=z[present], minlength=len(dates) * calendar).reshape(len(dates), calendar)
    sums = np.zeros(lags)
    sums[0] = ((summed * summed).sum() - (z * z).sum()) / 2
    for lag in range(1, lags):
        ahead = np.minimum(np.searchsorted(dates, dates + lag), len(dates) - 1)
        match = dates[ahead] == dates + lag
        sums[lag] = np.einsum("ij,ij->", summed[match], summed[ahead[match]])
    return sums
