"""Placement of events on bars: which row is day 0, and which rows each window covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import StudyError, TimeError
from correlator.eventstudy.panel.frames import Mask, Panel, Rows
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.request.windows import DateWindow, OffsetWindow, Window

_LONGEST_CLOSURE = 14
"""Days; no exchange closes longer for holidays."""
_BARS_APART = 2


@dataclass(frozen=True)
class DayZero:
    """Row of day 0 per event (E,), -1 if there is none, and the reasons for that by position."""

    rows: Rows
    reasons: dict[int, str]


def place_events(times: pl.Series, labels: pl.Series, off_session: str, on_sessions: Mask | None = None) -> DayZero:
    """Return day 0 of events at ``times`` (E,) among the bars at ``labels`` (T,), both dates or both instants.

    An event between two bars is placed on the ``next`` or the ``previous`` one, or left out (``exclude``); it is also
    left out if that bar is further away than any holidays last, as in a hole in the data. On a panel of dates an
    instant counts by its date; on a panel of instants a date counts from its midnight. ``on_sessions`` (E,) marks
    events that a calendar has placed, which have a bar at their time or none. Raises TimeError if only ``times`` or
    only ``labels`` have a time zone.
    """
    fixed = np.zeros(len(times), dtype=bool) if on_sessions is None else on_sessions
    day_numbers = _numbers(_as_labels(times, labels))
    bars = _numbers(labels)
    total = len(bars)
    after = _not_before(bars, day_numbers)
    exact = (after < total) & (bars[np.minimum(after, total - 1)] == day_numbers)
    rows = after if off_session == "next" else np.searchsorted(bars, day_numbers, side="right") - 1
    rows = np.where(exact, after, rows)
    distance = np.abs(bars[np.clip(rows, 0, total - 1)] - day_numbers) // _day_of(labels)
    furthest = max(_LONGEST_CLOSURE, _BARS_APART * int(np.median(np.diff(bars))) // _day_of(labels) if total > 1 else 0)
    reasons: dict[int, str] = {}
    unknown = times.is_null().to_numpy()
    for i in np.flatnonzero(unknown | (day_numbers < bars[0]) | (day_numbers > bars[-1]) | ~exact):
        if unknown[i]:
            reasons[int(i)] = "event has no date"
        elif day_numbers[i] < bars[0]:
            reasons[int(i)] = "event is before the first bar"
        elif day_numbers[i] > bars[-1] and (off_session != "previous" or fixed[i]):
            reasons[int(i)] = "event is after the last bar"
        elif fixed[i] and not exact[i]:
            reasons[int(i)] = "no bar on the session of its day 0"
        elif off_session == "exclude":
            reasons[int(i)] = "no bar at the event's date"
        elif distance[i] > furthest:
            reasons[int(i)] = f"no bar near the event's date: the {off_session} one is {distance[i]} days away"
    rows = rows.astype(np.int64)
    rows[list(reasons)] = -1
    return DayZero(rows, reasons)


def window_rows(window: Window, day_zero: Rows, labels: pl.Series) -> tuple[Rows, Rows]:
    """Return first and last row (E,) of ``window`` for every event, inclusive; raises StudyError for an empty one.

    ``labels`` (T,): dates, or instants in the time of the exchange, whose days are those of a window of dates.
    """
    if isinstance(window, OffsetWindow):
        return day_zero + window.first, day_zero + window.last
    days = labels.dt.date() if isinstance(labels.dtype, pl.Datetime) else labels
    first = int(days.search_sorted(window.first, side="left"))
    last = int(days.search_sorted(window.last, side="right")) - 1
    if last < first:
        raise StudyError(f"no bar between {window.first} and {window.last}", hint=f"bars: {days[0]} to {days[-1]}")
    return np.full_like(day_zero, first), np.full_like(day_zero, last)


def without_session(panel: Panel, spec: StudySpec) -> str:
    """Return the message for a window of dates in which the panel has no row; empty if there is none."""
    for window in (spec.estimation, spec.window, *spec.windows):
        if isinstance(window, DateWindow) and not panel.labels.is_between(window.first, window.last).any():
            return f"no session between {window.first} and {window.last}"
    return ""


def windows_over(panel: Panel, symbols: Rows, first: Rows, last: Rows) -> Rows:
    """Return how many windows hold each bar (T, S), of events (E,) from row ``first`` to ``last``, inclusive.

    Rows may lie outside the panel; ``symbols`` are columns, -1 for none.
    """
    total = len(panel.labels)
    steps = np.zeros((total + 1, len(panel.symbols)), dtype=np.int64)
    known = (symbols >= 0) & (last >= 0) & (first < total)
    np.add.at(steps, (np.maximum(first[known], 0), symbols[known]), 1)
    np.add.at(steps, (np.minimum(last[known] + 1, total), symbols[known]), -1)
    return np.asarray(steps[:-1].cumsum(axis=0))


def holds_any(mask: Mask, symbols: Rows, first: Rows, last: Rows) -> Mask:
    """Return which windows (E,), defined as in ``windows_over``, hold a bar that is marked in ``mask`` (T, S)."""
    total, before = len(mask), marked_before(mask)
    start, end = np.clip(first, 0, total), np.clip(last + 1, 0, total)
    return np.asarray((before[np.maximum(end, start), symbols] > before[start, symbols]) & (symbols >= 0))


def reach_of_events(panel: Panel, symbols: Rows, first: Rows, last: Rows) -> Mask:
    """Return the bars (T, S) whose return covers a session of any window of their symbol (``windows_over``).

    Clean estimation windows leave these out. The windows of an event do not overlap, so its own event window takes
    nothing from its own estimation window.
    """
    inside = windows_over(panel, symbols, first, last) > 0
    if panel.spans is None:
        return inside
    before = marked_before(inside)
    start = np.maximum(np.arange(1, len(inside) + 1)[:, None] - panel.spans, 0)
    return np.asarray(before[1:] > np.take_along_axis(before, start, axis=0))


def marked_before(mask: Mask) -> NDArray[np.int32]:
    """Return how many bars before each row (T + 1, S) are marked in ``mask`` (T, S); the last row counts all."""
    before = np.zeros((len(mask) + 1, mask.shape[1]), dtype=np.int32)
    np.cumsum(mask, axis=0, out=before[1:])
    return before


def own_window_rows(panel: Panel, window: Window, symbols: Rows, day_zero: Rows) -> tuple[Rows, Rows]:
    """Return ``window_rows`` of events (E,) on ``symbols``, counted in the sessions of each symbol's exchange."""
    if panel.calendars is None or not isinstance(window, OffsetWindow):
        return window_rows(window, day_zero, panel.local_labels)
    rows = panel.own_rows(symbols, day_zero, np.array([window.first, window.last]))
    return rows[:, 0], rows[:, 1]


def car_columns(windows: tuple[Window, ...], day_zero: Rows, win_first: Rows, days: int, *, labels: pl.Series) -> Rows:
    """Return first and last column (W, 2) of each window inside an event window of ``days`` bars.

    Raises StudyError if a window lies outside the event window or at a different place for different events.
    """
    columns = np.zeros((len(windows), 2), dtype=np.int64)
    if len(day_zero):  # the extreme events are enough, for windows of either kind
        ahead = day_zero - win_first
        extremes = [ahead.argmin(), ahead.argmax(), win_first.argmin(), win_first.argmax()]
        day_zero, win_first = day_zero[extremes], win_first[extremes]
    for w, window in enumerate(windows):
        first, last = (rows - win_first for rows in window_rows(window, day_zero, labels))
        if len(first) == 0:
            continue
        if first.min() != first.max() or last.min() != last.max():
            raise StudyError(
                f"window {window.label} falls on different bars of the event window for different events",
                hint="give both windows as offsets, or both as dates",
            )
        if first[0] < 0 or last[0] >= days:
            raise StudyError(f"window {window.label} lies outside the event window", hint="widen the event window")
        columns[w] = first[0], last[0]
    return columns


def day_labels(window: Window, labels: pl.Series) -> tuple[str, ...]:
    """Return the name of each column of the event window: the offset from day 0, or the session."""
    if isinstance(window, DateWindow):
        first, last = window_rows(window, np.zeros(1, dtype=np.int64), labels)
        return tuple(str(label) for label in labels[int(first[0]) : int(last[0]) + 1])
    return tuple(str(day) for day in range(window.first, window.last + 1))


def _as_labels(times: pl.Series, labels: pl.Series) -> pl.Series:
    if labels.dtype == pl.Date:
        return times.dt.date() if isinstance(times.dtype, pl.Datetime) else times
    zone = getattr(labels.dtype, "time_zone", None)
    if times.dtype == pl.Date:
        return times.cast(pl.Datetime("us")).dt.replace_time_zone(zone)
    if (getattr(times.dtype, "time_zone", None) is None) != (zone is None):
        raise TimeError(
            "only one of bars and events has a time zone", hint="give both in UTC, or both without a time zone"
        )
    return times.dt.convert_time_zone(zone) if zone else times


def _not_before(bars: Rows, day_numbers: Rows) -> Rows:
    """Return the row of the first of ``bars`` (T,) that is not before each of ``day_numbers`` (E,), T if all are.

    Many dates are looked up in a table of every day, which is faster than searching.
    """
    if len(bars) == 0 or bars[-1] - bars[0] >= len(day_numbers):
        return np.searchsorted(bars, day_numbers, side="left")
    rows = np.searchsorted(bars, np.arange(bars[0], bars[-1] + 2), side="left")
    return np.asarray(rows[np.clip(day_numbers, bars[0], bars[-1] + 1) - bars[0]])


def _day_of(labels: pl.Series) -> int:
    """Return the length of a day in the units of ``_numbers``."""
    return 1 if labels.dtype == pl.Date else 86_400_000_000


def _numbers(times: pl.Series) -> Rows:
    """Return dates as days and instants as microseconds; nulls as the smallest number."""
    if isinstance(times.dtype, pl.Datetime):
        times = times.dt.cast_time_unit("us")
    return times.to_physical().cast(pl.Int64).fill_null(np.iinfo(np.int64).min).to_numpy()
