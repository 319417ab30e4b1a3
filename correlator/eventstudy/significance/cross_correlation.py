"""The average correlation of the residuals of events, paired by calendar day.

Kolari & Pynnönen (2010) need the mean correlation of the abnormal returns that are averaged. The abnormal returns of
two events in one column can only correlate on calendar days that the column covers for both, so a pair is weighted by
the fraction of days that its two windows have in common: 1 for events of one date, 0 for events further apart than the
length of the window. For events of one date this is the plain average of the paper.

A small group of neighbouring events is paired one by one, over the days that both have and for the columns in which
both have a value. Larger groups are summed by date, with each event standardised over its own days: the same number if
no bar is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.errors import warn
from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.significance.arrays import Columns, StudyArrays
from correlator.eventstudy.significance.signed_ranks import Each

EXACT_CELLS = 500_000_000
"""Up to this number (pairs x days) each pair of neighbours is correlated separately."""


@dataclass(frozen=True)
class Neighbours:
    """Events whose windows can overlap.

    ``near``: positions of the events in each group that is small enough for pairs; of the other groups ``dates`` (G,)
    sorted, ``group`` (E,) the position of each event's date among these, -1 for all other events, and ``start`` (G,)
    the calendar row from which the residuals of a date are summed over ``span`` days.
    """

    near: list[Rows]
    dates: Rows
    group: Rows
    start: Rows
    span: int


def neighbours_of(arrays: StudyArrays, columns: Columns) -> Neighbours:
    """Return the events in groups whose dates lie closer together than the length of the longest window."""
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
    """Warn if many neighbours are correlated by sums of dates and bars are missing, so that the two methods differ."""
    inside = at.group >= 0
    begins, ends = arrays.residual_ends
    short = inside & (arrays.n < ends - begins + 1)
    if short.any():
        warn(
            f"{int(inside.sum()):,} events are too many to be correlated pair by pair, so their mean correlation is "
            f"computed from sums by date; {int(short.sum()):,} of them lack bars, for which it is an approximation"
        )


def pair_correlations(arrays: StudyArrays, columns: Columns, members: Rows) -> Array:
    """Return sums (K,) of correlations over pairs of ``members`` with a value in the column.

    A pair is correlated over the days that both have, and weighted by the fraction of the column's days in common.
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
    """Return sums (K,) of correlations over pairs from sums by date.

    ``summed`` (G, span): standardised residuals summed by event date; ``own``: the products of every event with itself;
    ``each``: ``map``, or that of a pool.
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
    """Add centred residuals ``e`` (B, L), times ``unit`` (B,), to ``summed``; ``where``: row (B,), -1 for none, and
    columns (B, L) of each event.
    """
    row, columns = where
    inside = row >= 0
    span = summed.shape[1]
    at = row[inside, None] * span + np.clip(columns[inside], 0, span - 1)
    np.add.at(summed.reshape(-1), at.ravel(), (e * unit[:, None])[inside].ravel())


def _products(summed: Array, start: Rows, first: Rows, second: Rows) -> float:
    """Return the sum over pairs of dates of the products of their series; ``start``: first calendar row of each."""
    total, span = 0.0, summed.shape[1]
    distance = start[second] - start[first]
    for shift in np.unique(distance[np.abs(distance) < span]):
        a, b = first[distance == shift], second[distance == shift]
        early, late = (a, b) if shift >= 0 else (b, a)
        total += float(np.einsum("ij,ij->", summed[early, abs(shift) :], summed[late, : span - abs(shift)]))
    return total
