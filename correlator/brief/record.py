"""The record of a brief: forecasts of earlier events, each from what was known before it, and their outcomes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from correlator.brief.predictive import (
    FEWEST_ORDINARY,
    GRID,
    Ordinary,
    Predictive,
    ordinary_of,
    predictive,
    unconditional,
)
from correlator.brief.shrinkage import CLIP, Groups, Past, Shrunken, Today, shrunken
from correlator.research.known import HISTORY

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

FEWEST_DATES = 5
"""Fewest earlier dates of the same category or dyad for an estimate."""
_REFRESH = 0.05
_LEAST_VARIANCE = 1e-6


@dataclass(frozen=True)
class History:
    """The history of one symbol and window: ``z`` (T,), outcomes of all sessions as day 0 in units of their standard
    errors ``error`` (T,); ``closed_at`` (T,), when each became known (microseconds, UTC); ``rows`` (N,), sessions that
    are day 0 of an event, one event each, in order; their ``groups`` and ``known_at`` (microseconds); ``length``, the
    number of sessions of the window.
    """

    z: Array
    error: Array
    closed_at: Rows
    rows: Rows
    groups: Groups
    known_at: Rows
    length: int = 1


@dataclass(frozen=True)
class Forecast:
    """Forecasts of M events: the estimate, ordinary sessions, both distributions, and ``honest`` (M,), whether each has
    enough precedents.
    """

    estimate: Shrunken
    ordinary: Ordinary
    events: Predictive
    sessions: Predictive
    honest: NDArray[np.bool_]

    def take(self, chosen: Rows) -> Forecast:
        """Return the forecasts of the events at ``chosen``."""
        estimate = Shrunken(**{field.name: getattr(self.estimate, field.name)[chosen] for field in fields(Shrunken)})
        ordinary = self.ordinary.take(chosen)
        return Forecast(estimate, ordinary, self.events.take(chosen), self.sessions.take(chosen), self.honest[chosen])


@dataclass(frozen=True)
class Record:
    """Outcomes of M forecasts: ``pit`` and ``ordinary_pit`` (M,), the probability of a lower outcome by the forecast
    and by the ordinary distribution; ``rows`` (M,), their day 0; ``z``, the outcomes; ``forecast``.
    """

    pit: Array
    ordinary_pit: Array
    rows: Rows
    z: Array
    groups: Groups
    forecast: Forecast

    def __len__(self) -> int:
        return len(self.pit)

    def inside(self, level: float) -> int:
        """Return the number of outcomes inside their central interval of ``level``."""
        return int((np.abs(self.pit - 0.5) <= level / 2.0).sum())


def forecast(history: History, to_come: Groups, instants: Rows, errors: Array) -> Forecast:
    """Forecast M events ``to_come`` as of ``instants`` (M,), from the part of ``history`` closed by then, in units of
    their own standard ``errors`` (M,).
    """
    outcome = history.z[history.rows]
    usable = np.flatnonzero(np.isfinite(outcome))
    order = usable[np.argsort(history.closed_at[history.rows[usable]], kind="stable")]
    closed_at = history.closed_at[history.rows[order]]
    ordinary = _ordinary(history, instants)
    known = np.searchsorted(closed_at, instants, side="right")
    past = Past(outcome[order], history.error[history.rows[order]], history.groups.take(order))
    estimate = shrunken(past, to_come, Today(errors, known, ordinary.mean, ordinary.variance))
    honest = (estimate.n_category + estimate.n_dyad >= FEWEST_DATES) & (ordinary.n >= FEWEST_ORDINARY)
    return Forecast(
        estimate,
        ordinary,
        predictive(ordinary, estimate.mean, estimate.variance, spread=estimate.spread, freedom=estimate.freedom),
        unconditional(ordinary),
        honest,
    )


def walk_forward(history: History, last: int | None = None) -> Record:
    """Forecast every event of ``history`` (or the ``last`` ones) as of the instant it was known, with its outcome.

    Events with too few precedents are left out.
    """
    chosen = _newest(history, last)
    rows, groups = history.rows[chosen], history.groups.take(chosen)
    return _with_outcomes(history, chosen, forecast(history, groups, history.known_at[chosen], history.error[rows]))


def forecast_with_record(
    history: History, to_come: Groups, instants: Rows, errors: Array, *, last: int
) -> tuple[Forecast, Record]:
    """Return the ``forecast`` of M events and the record of the ``last`` earlier events, computed together."""
    chosen = _newest(history, last)
    groups = history.groups.take(chosen).followed_by(to_come)
    instants = np.concatenate([history.known_at[chosen], instants])
    made = forecast(history, groups, instants, np.concatenate([history.error[history.rows[chosen]], errors]))
    past = np.arange(len(chosen))
    return made.take(np.arange(len(chosen), len(groups))), _with_outcomes(history, chosen, made.take(past))


def _newest(history: History, last: int | None) -> Rows:
    """Return the ``last`` events in the order in which they became known."""
    return np.argsort(history.known_at, kind="stable")[-last if last else None :]


def _with_outcomes(history: History, chosen: Rows, made: Forecast) -> Record:
    """Return the record of the events ``chosen`` (M,) with the forecasts ``made`` (M) of them."""
    rows = history.rows[chosen]
    z = history.z[rows]
    kept = np.flatnonzero(made.honest & np.isfinite(z))
    rows, z, groups, made = rows[kept], z[kept], history.groups.take(chosen[kept]), made.take(kept)
    return Record(made.events.below(z), made.sessions.below(z), rows, z, groups, made)


def _ordinary(history: History, instants: Rows) -> Ordinary:
    """Return outcomes of sessions without an event that had closed by each of ``instants`` (M,).

    Sessions with events are included if too few are left. Only the newest ``HISTORY`` sessions are used, as in a brief:
    ordinary sessions change over decades, such as when prices went from eighths to cents.
    """
    is_event = np.zeros(len(history.z), dtype=bool)
    is_event[history.rows] = True
    measured = np.isfinite(history.z)
    plain, every = np.flatnonzero(measured & ~is_event), np.flatnonzero(measured)
    closed = [np.searchsorted(history.closed_at[rows], instants, side="right") for rows in (plain, every)]
    few = closed[0] < FEWEST_ORDINARY
    until = _refreshed(np.where(few, closed[1], closed[0]))
    keys, place = np.unique(np.stack([few, until], axis=1), axis=0, return_inverse=True)
    values = [
        ordinary_of(history.z[_newest_rows(every if alone else plain, count)], CLIP, history.length)
        for alone, count in keys
    ]
    return Ordinary(
        np.array([value[0] for value in values]).reshape(len(values), GRID),
        np.array([value[1] for value in values]),
        np.maximum([value[2] for value in values], _LEAST_VARIANCE),
        np.array([value[3] for value in values], dtype=np.int64),
    ).take(place.ravel())


def _newest_rows(rows: Rows, count: int) -> Rows:
    """Return those of the first ``count`` ``rows`` that are among the last ``HISTORY`` sessions up to the last one."""
    known = rows[:count]
    return known[np.searchsorted(known, known[-1] - HISTORY, side="right") :] if count else known


def _refreshed(counts: Rows) -> Rows:
    """Round counts down to the grid on which the ordinary distribution is recomputed, in steps of 5 %."""
    steps = [FEWEST_ORDINARY]
    while steps[-1] <= counts.max(initial=0):
        steps.append(steps[-1] + max(int(min(steps[-1], HISTORY) * _REFRESH), 1))
    grid = np.array([0, *steps])
    return np.where(counts < FEWEST_ORDINARY, counts, grid[np.searchsorted(grid, counts, side="right") - 1])
