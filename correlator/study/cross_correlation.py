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
    events = len(arrays)
    dates, group = np.unique(arrays.event_dates, return_inverse=True)
    rows = arrays.residual_days - arrays.residual_days[arrays.residual_days >= 0].min(initial=0)
    calendar = int(rows.max(initial=0)) + 1
    lags = int(targets.bars.max(initial=1))
    if len(dates) == 1 and not np.isnan(arrays.residuals).any():
        sums = _by_date(arrays, rows, calendar, group, dates, 1)
    elif events * events * calendar <= EXACT_CELLS:
        sums = _pair_by_pair(arrays, rows, calendar, lags)
    else:
        sums = _by_date(arrays, rows, calendar, group, dates, lags)
    shares = np.maximum(0.0, 1.0 - np.arange(len(sums)) / targets.bars[:, None])
    total: Array = shares @ sums
    return total / (events * (events - 1) / 2)


def _pair_by_pair(arrays: StudyArrays, rows: Rows, calendar: int, lags: int) -> Array:
    """(lags,) sums of pairwise correlations, over the days both have, of pairs that many days apart."""
    present = ~np.isnan(arrays.residuals)
    who, column = np.nonzero(present)
    x = np.zeros((len(arrays), calendar))
    seen = np.zeros((len(arrays), calendar))
    x[who, rows[who, column]] = arrays.residuals[who, column]
    seen[who, rows[who, column]] = 1.0
    both, one, square = seen @ seen.T, x @ seen.T, (x * x) @ seen.T
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = x @ x.T - one * one.T / both
        spread = square - one * one / both
        correlation = cross / np.sqrt(spread * spread.T)
    correlation[(both < 3) | ~np.isfinite(correlation)] = 0.0
    first, second = np.triu_indices(len(arrays), 1)
    apart = np.abs(arrays.event_dates[first] - arrays.event_dates[second])
    near = apart < lags
    sums = np.bincount(apart[near], weights=correlation[first[near], second[near]], minlength=lags)
    return sums.astype(np.float64)


def _by_date(arrays: StudyArrays, rows: Rows, calendar: int, group: Rows, dates: Rows, lags: int) -> Array:
    """As ``_pair_by_pair`` without looking at pairs: products of per-date sums of standardised residuals.

    Exact where no residual is missing; else a missing day counts as a residual at its mean.
    """
    residuals = arrays.residuals
    centred = residuals - np.nanmean(residuals, axis=1, keepdims=True)
    z = np.nan_to_num(centred / np.sqrt(np.nansum(centred * centred, axis=1, keepdims=True)))
    own = np.bincount(group, weights=(z * z).sum(axis=1), minlength=len(dates))
    present = ~np.isnan(residuals)
    where = (group[:, None] * calendar + np.maximum(rows, 0))[present]
    summed = np.bincount(where, weights=z[present], minlength=len(dates) * calendar).reshape(len(dates), calendar)
    sums = np.zeros(lags)
    sums[0] = ((summed * summed).sum() - own.sum()) / 2
    for lag in range(1, lags):
        found = np.searchsorted(dates, dates + lag)
        ahead = np.minimum(found, len(dates) - 1)
        match = dates[ahead] == dates + lag
        sums[lag] = np.einsum("ij,ij->", summed[match], summed[ahead[match]])
    return sums
