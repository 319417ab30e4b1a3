"""Measure events on a panel: place them, estimate them, and exclude the others with a reason."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from correlator.errors import InputError, StudyError
from correlator.eventstudy.estimation.engine import fit_events, needed_bars
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, Placement
from correlator.eventstudy.estimation.missing_series import with_series_at_fault
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.panel.donors import touched_donors, without_studied
from correlator.eventstudy.panel.frames import Panel, Rows
from correlator.eventstudy.panel.many_exchanges import placed_on_parts
from correlator.eventstudy.placing.events import EventsRead, name_as, place_events_on, without_repeats
from correlator.eventstudy.placing.flagged_windows import dropped_reasons
from correlator.eventstudy.placing.placement import (
    car_columns,
    day_labels,
    holds_any,
    place_events,
    reach_of_events,
    window_rows,
)
from correlator.eventstudy.request.engines import runs_compiled
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.results.exchange_studies import study_of_parts
from correlator.eventstudy.results.result import StudyResult
from correlator.eventstudy.results.result_frames import group_keys

_ROUNDING = 1e-12
"""Largest difference between returns of one series priced in two units, such as pence and pounds."""
_SCREENED = 64
"""Step between the bars that are compared first where returns are compared with a benchmark."""


def study_events(
    panel: Panel,
    events: pl.DataFrame,
    spec: StudySpec,
    *,
    seen: EventsRead | None = None,
    keep_residuals: bool | None = None,
    keep_returns: bool = True,
) -> StudyResult:
    """Run ``study_panel`` on events as read by ``read_events``: match symbols, place events and drop duplicates.

    ``seen``: the events of earlier chunks, whose duplicates are dropped too.
    """
    named = name_as(events, panel.symbols)
    if panel.calendars is None:
        placed = place_events_on(named, panel.labels, spec)
    else:
        placed = placed_on_parts(named, panel, spec, place_events_on)
    distinct, duplicates = without_repeats(placed, seen or EventsRead())
    result = study_panel(panel, distinct, spec, keep_residuals=keep_residuals, keep_returns=keep_returns)
    if duplicates.is_empty():
        return result
    excluded = result.excluded
    return replace(result, excluded=pl.concat([excluded, duplicates.cast(excluded.schema)]))


def study_panel(
    panel: Panel,
    events: pl.DataFrame,
    spec: StudySpec,
    *,
    keep_residuals: bool | None = None,
    keep_returns: bool = True,
) -> StudyResult:
    """Measure ``events`` (``event_id``, ``symbol``, ``date``, more) on ``panel`` as ``spec`` says.

    Statistics across events need the residuals of the estimation windows: by default they are kept unless the loops for
    many events can recompute them from the bars. ``ar`` and ``bhar`` need the returns; other outputs need neither.
    """
    if len(panel.labels) == 0:
        raise InputError("there are no bars to study")
    if panel.calendars is not None:
        measure = partial(study_panel, spec=spec, keep_residuals=keep_residuals is not False, keep_returns=keep_returns)
        return study_of_parts(panel, events, spec, measure)
    columns = {name: position for position, name in enumerate(panel.symbols)}
    symbol_index = events["symbol"].replace_strict(columns, default=-1, return_dtype=pl.Int64).to_numpy()
    # An event that a calendar has placed is on its session or on none, and is not moved.
    fixed = events["day_zero_reason"].is_not_null().to_numpy() if "day_zero_reason" in events.columns else None
    day_zero = place_events(events["date"], panel.labels, spec.off_session, fixed)
    reasons = day_zero.reasons | _undated(events)
    for i in np.flatnonzero(symbol_index < 0):
        symbol = events["symbol"][int(i)]
        reasons[int(i)] = "event has no symbol" if symbol is None else f"no bars for symbol {symbol}"
    benchmarks = _own_benchmark(panel, spec, symbol_index)
    for i in np.flatnonzero(np.isin(symbol_index, benchmarks)):
        reasons[int(i)] = f"{events['symbol'][int(i)]} is the benchmark itself"
    reasons |= _invalid(panel, spec, symbol_index, day_zero.rows)
    reasons |= dropped_reasons(panel, spec.window, symbol_index, day_zero.rows)
    if spec.purge:
        reach = window_rows(spec.window, day_zero.rows, panel.local_labels)
        on_bars = np.where(day_zero.rows >= 0, symbol_index, -1)
        panel = replace(panel, purged=reach_of_events(panel, on_bars, *reach))
    panel = without_studied(panel, symbol_index[day_zero.rows >= 0])
    placed = np.ones(len(events), dtype=bool)
    placed[list(reasons)] = False
    positions = np.flatnonzero(placed)
    rows = day_zero.rows[positions]
    where = placement_of(panel, spec, symbol_index[positions], rows)
    if panel.donors is not None:
        where = replace(where, touched=touched_donors(panel.donors, events[positions]))
    estimates = estimates_at(panel, spec, where, keep_residuals, keep_returns=keep_returns)
    if spec.by:
        group_keys(estimates, panel, events[positions], spec.by)  # raises for an unknown column, before any output
    model = model_named(spec.model)
    minimum = needed_bars(where, spec.minimum_observations, model.parameters(len(panel.factor_names)))
    excluded = with_series_at_fault(panel, model, where, estimates.excluded, minimum=minimum)
    reasons.update((int(positions[i]), reason) for i, reason in excluded)
    return StudyResult(
        estimates=replace(estimates, kept=positions[estimates.kept], excluded=()),
        panel=panel,
        events=events,
        spec=spec,
        excluded=_excluded(panel, events, day_zero.rows, reasons),
        day_labels=day_labels(spec.window, panel.local_labels),
        car_columns=where.car_columns,
    )


def _own_benchmark(panel: Panel, spec: StudySpec, symbols: Rows) -> list[int]:
    """Return the columns of the events' symbols whose returns equal their benchmark, in whatever unit it is priced."""
    benchmark = panel.benchmark
    if benchmark is None or not model_named(spec.model).needs_benchmark:
        return []
    columns = np.flatnonzero(np.bincount(symbols[symbols >= 0]))
    for rows in (slice(None, None, _SCREENED), slice(None)):  # a few bars rule out most columns
        returns = panel.returns[rows, columns]
        market = benchmark[rows] if benchmark.shape[1] == 1 else benchmark[rows, columns]
        same = np.abs(returns - market) <= _ROUNDING
        columns = columns[(same | (np.isnan(returns) & np.isnan(market))).all(axis=0)]
    return [column for column in columns.tolist() if not np.isnan(panel.returns[:, column]).all()]


def _invalid(panel: Panel, spec: StudySpec, symbols: Rows, day_zero: Rows) -> dict[int, str]:
    """Return the reason, by position, for events with invalid returns in their windows."""
    if panel.invalid is None:
        return {}
    affected = np.zeros(len(symbols), dtype=bool)
    for window in (spec.estimation, spec.window):
        affected |= holds_any(panel.invalid, symbols, *window_rows(window, day_zero, panel.local_labels))
    affected &= day_zero >= 0
    return dict.fromkeys(np.flatnonzero(affected).tolist(), "a return in its windows is infinite, or -100 % or less")


def _undated(events: pl.DataFrame) -> dict[int, str]:
    """Return the known reasons, by position, why events have no day 0."""
    if "day_zero_reason" not in events.columns:
        return {}
    rows = events.with_row_index("position").filter(pl.col("date").is_null() & pl.col("day_zero_reason").is_not_null())
    return {row["position"]: f"no day 0: {row['day_zero_reason']}" for row in rows.iter_rows(named=True)}


def placement_of(panel: Panel, spec: StudySpec, symbols: Rows, day_zero: Rows) -> Placement:
    """Return the placement of the windows of events with day 0 at the rows ``day_zero`` (E,)."""
    est_first, est_last = window_rows(spec.estimation, day_zero, panel.local_labels)
    win_first, win_last = window_rows(spec.window, day_zero, panel.local_labels)
    overlapping = (est_first <= win_last) & (est_last >= win_first)
    if len(overlapping) and bool(overlapping.all()):
        raise StudyError(
            f"estimation window {spec.estimation.label} and event window {spec.window.label} overlap",
            hint="end the estimation window before the event window starts",
        )
    days = len(day_labels(spec.window, panel.local_labels))
    columns = car_columns(spec.windows, day_zero, win_first, days, labels=panel.local_labels)
    return Placement(symbols, day_zero, est_first, est_last, win_first, win_last, columns)


def estimates_at(
    panel: Panel,
    spec: StudySpec,
    where: Placement,
    keep_residuals: bool | None = None,
    *,
    keep_returns: bool = True,
) -> EventEstimates:
    """Return the estimates of events placed at ``where`` on ``panel``; options as in ``study_panel``."""
    if keep_residuals is None:
        can_recompute = model_named(spec.model).is_a_line(len(panel.factor_names)) and panel.purged is None
        keep_residuals = not (can_recompute and runs_compiled(len(where.day_zero), spec.engine))
    return fit_events(
        Bars.of(panel),
        where,
        engine=spec.engine,
        model=spec.model,
        minimum_observations=spec.minimum_observations,
        keep_residuals=keep_residuals,
        keep_returns=keep_returns,
    )


def _excluded(panel: Panel, events: pl.DataFrame, day_zero: Rows, reasons: dict[int, str]) -> pl.DataFrame:
    positions = sorted(reasons)
    rows = pl.Series("row", day_zero[positions], dtype=pl.Int64)
    sessions = panel.labels.gather(rows.replace(-1, None))
    return (
        events[positions]
        .select("event_id", "symbol")
        .with_columns(sessions.alias("session"), pl.Series("reason", [reasons[i] for i in positions], dtype=pl.String))
    )
