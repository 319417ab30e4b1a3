"""How much events move together: the average correlation of residuals, paired by calendar day.

Kolari & Pynnönen (2010) need the mean correlation of the abnormal returns that are averaged. Two events' abnormal
returns of one column can only correlate where the column covers the same calendar days for both, so a pair counts with
the share of days that its two windows have in common: 1 for events of one date, 0 for events further apart than the
window is long. For events of one date this is the paper's plain average.

Neighbours few enough are paired one by one, over the days both have and for the columns where both have a value. More
are summed by date, each event standardised over its own days: the same number where no bar is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.errors import warn
from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.significance.arrays import Columns, StudyArrays
from correlator.eventstudy.significance.signed_ranks import Each

EXACT_CELLS = 500_000_000
"""Up to this many (pairs x days) each pair of neighbours is correlated by itself."""


@dataclass(frozen=True)
class Neighbours:
    """Events that can meet: ``near``, groups few enough to be paired one by one, as positions; of the others ``dates``
    (G,) sorted, ``group`` (E,) each event's place among these, -1 for all else, and ``start`` (G,) the calendar row
    from which a date's residuals are summed over ``span`` days.
    """

    near: list[Rows]
    dates: Rows
    group: Rows
    start: Rows
    span: int


def neighbours_of(arrays: StudyArrays, columns: Columns) -> Neighbours:
    """Events in groups whose dates lie closer than the longest window."""
    lags = int(columns.bars.max(initial=1))
    tested = arrays.events
    first_date = int(arrays.event_dates[tested].min())
    date = arrays.event_dates[tested] - first_date
    events_on = np.bincount(date)
    days = np.flatnonzero(events_on)
    begins, ends = (rows[tested] for rows in arrays.residual_ends)
    drift = int(np.ptp(begins))
    near, place = [], np.full(len(events_on), -1, dtype=np.int64)
    for together in np.split(days, np.flatnonzero(np.diff(days) >= lags) + 1):
        events = int(events_on[together].sum())
        calendar = min(int(together[-1] - together[0]), drift) + int((ends - begins).max()) + 1
        if events**2 * calendar > EXACT_CELLS:
            place[together] = 0
        elif events > 1:
            near.append(tested[(date >= together[0]) & (date <= together[-1])])
    dates = np.flatnonzero(place == 0)
    place[dates] = np.arange(len(dates))
    inside = place[date] >= 0
    start = np.full(len(dates), np.iinfo(np.int64).max)
    np.minimum.at(start, place[date][inside], begins[inside])
    span = int((ends[inside] - start[place[date][inside]]).max(initial=-1)) + 1
    group = np.full(len(arrays.event_dates), -1)
    group[tested] = place[date]
    return Neighbours(near, dates + first_date, group, start, span)


def warn_of_sums(arrays: StudyArrays, at: Neighbours) -> None:
    """Say where many neighbours are correlated by sums of dates and bars are missing, so that both ways differ."""
    inside = at.group >= 0
    begins, ends = arrays.residual_ends
    short = inside & (arrays.n < ends - begins + 1)
    if short.any():
        warn(
            f"{int(inside.sum()):,} events lie too close to be correlated pair by pair, so their mean correlation is "
            f"of sums by date; {int(short.sum()):,} of them lack bars, for which it is not quite that of pairs"
        )


def pair_correlations(arrays: StudyArrays, columns: Columns, members: Rows) -> Array:
    """(K,) sums over pairs of ``members`` with a value in the column, each correlated over the days both events have
    and counted with the share of the column's days in common.
    """
    residuals, used, _ = arrays.estimation(members)
    rows = arrays.rows_of_residuals(members)
    rows = rows - rows.min()
    who, column = np.nonzero(used)
    x = np.zeros((len(members), int(rows.max()) + 1))
    seen = np.zeros_like(x)
    x[who, rows[who, column]] = residuals[who, column]
    seen[who, rows[who, column]] = 1.0
    both, one, square = seen @ seen.T, x @ seen.T, (x * x) @ seen.T
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = x @ x.T - one * one.T / both
        spread = square - one * one / both
        correlation = cross / np.sqrt(spread * spread.T)
    correlation[(both < 3) | ~np.isfinite(correlation)] = 0.0
    np.fill_diagonal(correlation, 0.0)
    dates = arrays.event_dates[members]
    distance = np.abs(dates[:, None] - dates)
    present = arrays.present(members)
    total = np.empty(len(columns.bars))
    weighed = {int(bars): correlation * np.maximum(0.0, 1.0 - distance / bars) for bars in np.unique(columns.bars)}
    for k, bars in enumerate(columns.bars):
        measured = present[:, k].astype(np.float64)
        total[k] = 0.5 * (measured @ weighed[int(bars)] @ measured)
    return total


def date_correlations(summed: Array, own: float, at: Neighbours, columns: Columns, *, each: Each = map) -> Array:
    """(K,) sums over pairs from ``summed`` (G, span), standardised residuals by event date, and ``own``, the squares of
    every event with itself; ``each``: ``map``, or a pool's.
    """
    lags = int(columns.bars.max(initial=1))

    def of_lag(lag: int) -> float:
        ahead = np.minimum(np.searchsorted(at.dates, at.dates + lag), len(at.dates) - 1)
        both = np.flatnonzero(at.dates[ahead] == at.dates + lag)
        return _products(summed, at.start, both, ahead[both])

    sums = np.array(list(each(of_lag, range(lags))))
    sums[0] = (sums[0] - own) / 2
    shares = np.maximum(0.0, 1.0 - np.arange(lags) / columns.bars[:, None])
    return np.asarray(shares @ sums)


def add_by_date(e: Array, unit: Array, where: tuple[Rows, Rows], summed: Array) -> None:
    """Add residuals ``e`` (B, L) less their means, times ``unit`` (B,), to ``summed``; ``where``: row (B,), -1 for
    none, and columns (B, L) of each event.
    """
    row, columns = where
    inside = row >= 0
    span = summed.shape[1]
    at = row[inside, None] * span + np.clip(columns[inside], 0, span - 1)
    np.add.at(summed.reshape(-1), at.ravel(), (e * unit[:, None])[inside].ravel())


def _products(summed: Array, start: Rows, first: Rows, second: Rows) -> float:
    """Sum over pairs of dates of the products of their series, which start at calendar day ``start`` of their date."""
    total, span = 0.0, summed.shape[1]
    distance = start[second] - start[first]
    for shift in np.unique(distance[np.abs(distance) < span]):
        a, b = first[distance == shift], second[distance == shift]
        early, late = (a, b) if shift >= 0 else (b, a)
        total += float(np.einsum("ij,ij->", summed[early, abs(shift) :], summed[late, : span - abs(shift)]))
    return total
