"""Studies of several exchanges: each is measured separately, and their estimates are merged on common rows.

Windows of offsets are on different rows for every event; windows of dates are on the same rows, and an event has no
values on days on which its exchange is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import StudyError
from correlator.eventstudy.estimation.estimates import EventEstimates, in_order
from correlator.eventstudy.panel.frames import Calendars, Mask, Panel, Rows
from correlator.eventstudy.panel.many_exchanges import parts_of
from correlator.eventstudy.placing.placement import car_columns, day_labels, window_rows, without_session
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.request.windows import DateWindow
from correlator.eventstudy.results.result import StudyResult


def study_of_parts(
    panel: Panel, events: pl.DataFrame, spec: StudySpec, measure: Callable[[Panel, pl.DataFrame], StudyResult]
) -> StudyResult:
    """Return the study of a panel of several exchanges: each measured by ``measure``, the results merged.

    Events get the column ``exchange``; those of an exchange that has no session in a window of dates are excluded.
    Raises StudyError if no exchange has one, and for windows of dates mixed with offsets.
    """
    calendars = panel.calendars
    assert calendars is not None  # the caller's branch
    dated = _dated(panel, spec)
    codes = dict(zip(panel.symbols, (calendars.exchanges[k] for k in calendars.of), strict=True))
    events = events.with_columns(
        events["symbol"].replace_strict(codes, default=None, return_dtype=pl.String).alias("exchange")
    )
    results, measured, excluded = {}, [], []
    for k, part in enumerate(parts_of(panel)):
        on_exchange = events["exchange"] == calendars.exchanges[k]
        # Events without bars are excluded once, with the first exchange.
        chosen = on_exchange.fill_null(k == 0).to_numpy()
        own = events.filter(pl.Series(chosen))
        if no_session := without_session(part, spec):
            reason = pl.lit(f"{no_session} on {calendars.exchanges[k]}").alias("reason")
            sessions = pl.lit(None, panel.labels.dtype).alias("session")
            excluded.append(own.select("event_id", "symbol", sessions, reason))
            continue
        results[k] = measure(part, own)
        excluded.append(results[k].excluded)
        measured.append((k, np.flatnonzero(chosen), results[k].estimates))
    if not results:
        raise StudyError(
            "no exchange has a session in each window", hint=f"bars: {panel.labels[0]} to {panel.labels[-1]}"
        )
    first = next(iter(results.values()))
    columns, labels = first.car_columns, first.day_labels
    if "event" in dated:
        start, days = dated["event"]
        columns = car_columns(spec.windows, np.zeros(1, np.int64), np.array([start]), days, labels=panel.local_labels)
        labels = day_labels(spec.window, panel.local_labels)
    return StudyResult(
        estimates=merged(calendars, measured, dated),
        panel=replace(panel, purged=_purged(calendars, results, panel)),
        events=events,
        spec=spec,
        excluded=pl.concat(excluded, how="vertical_relaxed"),
        day_labels=labels,
        car_columns=columns,
    )


def _dated(panel: Panel, spec: StudySpec) -> dict[str, tuple[int, int]]:
    """Return first row and number of rows of the windows ``estimation`` and ``event`` that are windows of dates."""
    if len({isinstance(part, DateWindow) for part in (spec.window, *spec.windows)}) > 1:
        raise StudyError(
            "with several exchanges windows must be all offsets from day 0, or all dates",
            hint="give window and windows in one form",
        )
    dated = {}
    for name, window in (("estimation", spec.estimation), ("event", spec.window)):
        if isinstance(window, DateWindow):
            (first,), (last,) = window_rows(window, np.zeros(1, np.int64), panel.local_labels)
            dated[name] = int(first), int(last - first) + 1
    return dated


def results_of(result: StudyResult) -> list[StudyResult]:
    """Return the result of each exchange on its own sessions: the inverse of ``merged``."""
    calendars, estimates = result.panel.calendars, result.estimates
    assert calendars is not None  # the caller's branch
    results = []
    for k, part in enumerate(parts_of(result.panel)):
        columns = np.flatnonzero(calendars.of == k)
        own = estimates.take(calendars.of[estimates.symbol_index] == k)
        day_zero = np.searchsorted(calendars.rows[k], own.day_zero)
        moved = replace(
            own,
            symbol_index=np.searchsorted(columns, own.symbol_index),
            day_zero=day_zero,
            win_first=day_zero + own.win_first - own.day_zero,
            est_first=day_zero + own.est_first - own.day_zero,
        )
        results.append(replace(result, panel=part, estimates=moved))
    return results


def by_exchange(result: StudyResult, frame_of: Callable[[StudyResult], pl.DataFrame]) -> pl.DataFrame:
    """Return a frame with a row per measured event, computed for each exchange separately, in the order of the events.

    Raises StudyError for windows of dates, whose columns are no longer the sessions of one exchange.
    """
    if result.estimates.dated:
        raise StudyError(
            "this output does not support windows of dates with several exchanges",
            hint="give windows as offsets, or study one exchange at a time",
        )
    results = results_of(result)
    parts = [own for own in results if len(own.estimates)] or results[:1]
    order = np.argsort(np.concatenate([own.estimates.kept for own in parts]), kind="stable")
    return pl.concat([frame_of(own) for own in parts]).select(pl.all().gather(order))


def _purged(calendars: Calendars, results: Mapping[int, StudyResult], panel: Panel) -> Mask | None:
    """Return the mask (T, S) of bars that no estimation of their exchange uses."""
    if all(result.panel.purged is None for result in results.values()):
        return None
    purged = np.zeros(panel.returns.shape, dtype=bool)
    for k, result in results.items():
        purged[np.ix_(calendars.rows[k], np.flatnonzero(calendars.of == k))] = result.panel.purged
    return purged


def merged(
    calendars: Calendars,
    measured: Sequence[tuple[int, Rows, EventEstimates]],
    dated: Mapping[str, tuple[int, int]] | None = None,
) -> EventEstimates:
    """Return the estimates of all exchanges on the rows of the whole panel, in the order of the events.

    ``measured``: for each exchange its number, the positions of its events among all events, and its estimates;
    ``dated``: first row and number of rows of windows of dates.
    """
    measured = [each for each in measured if len(each[2])] or measured[:1]
    moved = []
    for k, positions, own in measured:
        rows, columns = calendars.rows[k], np.flatnonzero(calendars.of == k)
        moved.append(_by_date(_on_rows(own, rows, columns, positions), own, rows, dated or {}))
    if any(each.spans is not None for each in moved):
        moved = [e if e.spans is not None else replace(e, spans=np.ones_like(e.ar, dtype=np.int16)) for e in moved]
    return in_order(moved)


def _on_rows(estimates: EventEstimates, rows: Rows, columns: Rows, positions: Rows) -> EventEstimates:
    """Return estimates of one exchange, of the events at ``positions``, on rows and columns of the whole panel.

    Windows keep their number of sessions from day 0; ``Panel.own_rows`` finds their rows.
    """
    day_zero = rows[estimates.day_zero]
    return replace(
        estimates,
        kept=positions[estimates.kept],
        symbol_index=columns[estimates.symbol_index],
        day_zero=day_zero,
        win_first=day_zero + estimates.win_first - estimates.day_zero,
        est_first=day_zero + estimates.est_first - estimates.day_zero,
        excluded=(),
    )


def _by_date(
    moved: EventEstimates, own: EventEstimates, rows: Rows, dated: Mapping[str, tuple[int, int]]
) -> EventEstimates:
    """Return estimates with a column for every row of their windows of dates, NaN where their exchange is closed.

    ``own``: the same estimates on the exchange's own ``rows``.
    """
    values: dict[str, Any] = {}
    if "event" in dated:
        first, days = dated["event"]
        at = _columns_of(own.win_first, own.ar.shape[1], rows, first)
        for name in ("ar", "ar_se", "expected", "actual"):
            values[name] = _wider(getattr(own, name), at, days, np.nan)
        if own.spans is not None:
            # A return that began before the window must still do so after columns are added.
            began_before = own.spans > np.arange(own.ar.shape[1]) + 1
            values["spans"] = _wider(np.where(began_before, days + 1, own.spans).astype(np.int16), at, days, 1)
        values["win_first"] = np.full_like(moved.win_first, first)
    if "estimation" in dated:
        first, bars = dated["estimation"]
        if own.estimation_residuals is not None:
            at = _columns_of(own.est_first, own.estimation_residuals.shape[1], rows, first)
            values["estimation_residuals"] = _wider(own.estimation_residuals, at, bars, np.nan)
        values["est_first"] = np.full_like(moved.est_first, first)
    return replace(moved, dated=frozenset(dated), **values)


def _columns_of(first: Rows, count: int, rows: Rows, start: int) -> Rows:
    """Return the columns, counted from row ``start``, of the ``count`` sessions of a window shared by all events."""
    return rows[int(first[0]) + np.arange(count)] - start if len(first) else np.zeros(0, dtype=np.int64)


def _wider(values: NDArray[Any], at: Rows, count: int, fill: float) -> NDArray[Any]:
    """Return ``values`` (E, C) at the columns ``at`` (C,) of ``count``, with ``fill`` elsewhere."""
    wider = np.full((len(values), count), fill, dtype=values.dtype)
    if len(values):
        wider[:, at] = values
    return wider
