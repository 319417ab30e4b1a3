"""Forecast each window from precedents, and list the precedents."""

from __future__ import annotations

import numpy as np
import polars as pl

from correlator.brief.model import Coverage, Interval, Outlook, Precedent
from correlator.brief.pool import Codes, coverage_of, history_of, intervals, placebo_p
from correlator.brief.predictive import FEWEST_ORDINARY, Predictive
from correlator.brief.record import FEWEST_DATES, forecast_with_record
from correlator.brief.series import Measured
from correlator.brief.subject import BriefSubject
from correlator.eventstudy.request.windows import OffsetWindow
from correlator.research.known import KnownSessions
from correlator.research.precedents import PRECEDENT

MOST_PRECEDENTS = 40
RECORD_OF = 250
"""Number of newest earlier events in the record of a brief."""


def outlooks_of(
    subject: BriefSubject,
    numbers: Measured,
    sessions: KnownSessions,
    events: pl.DataFrame,
    *,
    row: int,
    windows: tuple[OffsetWindow, ...],
) -> list[Outlook]:
    """Return one outlook per window, for the day 0 at ``row``."""
    event = subject.events[0]
    target = pl.DataFrame({"quad_class": [event["quad"]], "category": [event["category"]], "dyad": [event["dyad"]]})
    target = target.with_columns(pl.col("dyad").cast(pl.String))
    keys = ("quad_class", "category", "dyad")
    if events.is_empty():
        events = target.clear().with_columns(
            row=pl.lit(0, pl.Int64), known_at=pl.lit(None, pl.Datetime("us", "UTC")), similarity=pl.lit(0.0)
        )
    codes = Codes.of(pl.concat([events.select(keys), target]))
    groups, to_come = codes.groups(events), codes.groups(target)
    outcomes = numbers.outcomes
    now = np.array([np.iinfo(np.int64).max - 1])
    scales = outcomes.scale[row, 0]
    walks = [
        forecast_with_record(
            history_of(events, numbers, w, groups=groups), to_come, now, scales[w : w + 1], last=RECORD_OF
        )
        for w in range(len(windows))
    ]
    predicted, ordinary = (
        [tuple(Interval(*each) for each in of_window) for of_window in intervals(Predictive.together(parts), scales)]
        for parts in ([made.events for made, _ in walks], [made.sessions for made, _ in walks])
    )
    alike = events.filter(pl.col("similarity") >= PRECEDENT)["row"].to_numpy()
    outlooks = []
    for w, (window, (forecast, record)) in enumerate(zip(windows, walks, strict=True)):
        z, scale = outcomes.z[:, 0, w], float(scales[w])
        closed = alike[np.isfinite(z[alike])]
        honest = bool(forecast.honest[0]) and len(closed) >= FEWEST_DATES
        realised = outcomes.car[row, 0, w]
        end = row + window.last
        outlooks.append(
            Outlook(
                window.label,
                sessions.labels[end] if end < len(sessions.labels) else None,
                len(closed),
                float(outcomes.car[closed, 0, w].mean()) if len(closed) else None,
                placebo_p(z, closed) if honest else None,
                None,
                float((forecast.ordinary.mean[0] + forecast.estimate.mean[0]) * scale) if honest else None,
                float(np.sqrt(forecast.estimate.variance[0]) * scale) if honest else None,
                predicted[w] if honest else (),
                ordinary[w] if forecast.ordinary.n[0] >= FEWEST_ORDINARY else (),
                float(realised) if np.isfinite(realised) else None,
                tuple(Coverage(*each) for each in coverage_of([record])) if len(record) else (),
            )
        )
    return outlooks


def precedents_of(
    events: pl.DataFrame, numbers: Measured, sessions: KnownSessions, windows: tuple[OffsetWindow, ...]
) -> list[Precedent]:
    """Return the most similar events with their CARs."""
    if events.is_empty():
        return []
    made = []
    longest = max(window.last for window in windows)
    for event in events.filter(pl.col("similarity") >= PRECEDENT).head(MOST_PRECEDENTS).iter_rows(named=True):
        cars = numbers.outcomes.car[event["row"], 0]
        made.append(
            Precedent(
                event["event_id"],
                event["similarity"],
                sessions.labels[event["row"]],
                event["known_at"],
                event["category"],
                event["dyad"],
                event["headline"],
                {w.label: float(car) if np.isfinite(car) else None for w, car in zip(windows, cars, strict=True)},
                bool(numbers.locked[event["row"]]),
                numbers.flagged(event["row"], event["row"] + longest),
            )
        )
    return made
