"""A study on a matrix that somebody already has: frames in, StudyResult out. No store, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from correlator.errors import InputError, NotFoundError, StudyError
from correlator.eventstudy.estimation.engine import EventEstimates, fit_events
from correlator.eventstudy.estimation.fast import recomputable
from correlator.eventstudy.estimation.kernel import worth_compiling
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.factors import part_risk_free, with_factors
from correlator.eventstudy.frames import (
    LOG_VOLUME,
    Array,
    Frame,
    Mask,
    Panel,
    Wide,
    as_times,
    label_column,
    log_volume_of,
    on_labels,
    read_wide,
    returns_of,
)
from correlator.eventstudy.placement import Rows, car_columns, day_labels, place_events, window_rows
from correlator.eventstudy.result import StudyResult
from correlator.eventstudy.result_frames import group_keys
from correlator.eventstudy.spec import Plan, make_plan
from correlator.eventstudy.windows import Window
from correlator.tabular import to_polars

KINDS = ("returns", "prices", "volumes")


def study_matrix(
    returns: Frame | None = None,
    events: Frame | None = None,
    *,
    prices: Frame | None = None,
    volumes: Frame | None = None,
    benchmark: str | Frame | None = None,
    factors: Frame | None = None,
    risk_free: str | Frame | None = None,
    model: str = "market",
    returns_kind: str = "log",
    estimation: str | Window = "-250:-11",
    window: str | Window = "-10:10",
    windows: str | tuple[Window, ...] | None = None,
    minimum_observations: int | None = None,
    by: str | Sequence[str] | None = None,
    off_session: str = "next",
) -> StudyResult:
    """Measure ``events`` (``symbol``, ``date``, any group columns) on a wide frame of returns, prices or volumes.

    Volumes become abnormal log volume: the same models on ln(volume), mean-adjusted or on the market's log volume.

    ``benchmark``: a column of that frame, or a frame with dates and one column of the same kind; ``factors``: a frame
    with dates and one column per factor, fractions; ``risk_free``: a column of ``factors`` or of the wide frame, or a
    frame, fractions per bar, taken off returns and benchmark; ``returns_kind``: ``log`` or ``simple``, how prices
    become returns and what returns are; windows as ``parse_window`` reads them; ``off_session``: where an event between
    bars goes. Raises InputError, NotFoundError, TimeError or StudyError where it cannot be done as asked; single events
    that cannot be measured are in ``result.excluded``.
    """
    if events is None:
        raise InputError("no events given", hint="give a frame with columns symbol and date")
    panel, plan = matrix_panel(
        returns,
        prices=prices,
        volumes=volumes,
        benchmark=benchmark,
        factors=factors,
        risk_free=risk_free,
        model=model,
        returns_kind=returns_kind,
        estimation=estimation,
        window=window,
        windows=windows,
        minimum_observations=minimum_observations,
        by=by,
        off_session=off_session,
    )
    return study_panel(panel, read_events(events), plan)


def matrix_panel(
    returns: Frame | None = None,
    *,
    prices: Frame | None = None,
    volumes: Frame | None = None,
    benchmark: str | Frame | None = None,
    factors: Frame | None = None,
    risk_free: str | Frame | None = None,
    model: str = "market",
    returns_kind: str = "log",
    by: str | Sequence[str] | None = None,
    **choices: Any,
) -> tuple[Panel, Plan]:
    """Bars and plan of ``study_matrix``, whose arguments these are, the events apart."""
    kind, frame = _the_one_given(returns, prices, volumes)
    plan = make_plan(
        model=model,
        returns_kind=LOG_VOLUME if kind == "volumes" else returns_kind,
        by=by if by is None or isinstance(by, str) else tuple(by),
        benchmark=benchmark if isinstance(benchmark, str) else None,
        **choices,
    )
    return _panel(_measured(frame, kind, plan), kind, plan, benchmark, factors, risk_free), plan


def study_panel(
    panel: Panel, events: pl.DataFrame, plan: Plan, *, keep_residuals: bool | None = None, keep_returns: bool = True
) -> StudyResult:
    """Measure ``events`` (``event_id``, ``symbol``, ``date``, more) on ``panel`` as ``plan`` says.

    The statistics across events need the residuals of the estimation windows: by default they are held for as long as
    they cannot be had from the bars again, by the loops for many events. ``ar`` and ``bhar`` need the returns; the
    other outputs need neither.
    """
    if len(panel.labels) == 0:
        raise InputError("there are no bars to study")
    columns = {name: position for position, name in enumerate(panel.symbols)}
    symbol_index = events["symbol"].replace_strict(columns, default=-1, return_dtype=pl.Int64).to_numpy()
    day_zero = place_events(events["date"], panel.labels, plan.off_session)
    reasons = day_zero.reasons | _undated(events)
    for i in np.flatnonzero(symbol_index < 0):
        symbol = events["symbol"][int(i)]
        reasons[int(i)] = "event has no symbol" if symbol is None else f"no bars for symbol {symbol}"
    placed = np.ones(len(events), dtype=bool)
    placed[list(reasons)] = False
    positions = np.flatnonzero(placed)
    rows = day_zero.rows[positions]
    estimates, columns_of_windows = _estimate(panel, plan, symbol_index[positions], rows, keep_residuals, keep_returns)
    if plan.by:
        group_keys(estimates, panel, events[positions], plan.by)  # an unknown column is told before anything is read
    reasons.update((int(positions[i]), reason) for i, reason in estimates.excluded)
    return StudyResult(
        estimates=replace(estimates, kept=positions[estimates.kept], excluded=()),
        panel=panel,
        events=events,
        plan=plan,
        excluded=_excluded(panel, events, day_zero.rows, reasons),
        day_labels=day_labels(plan.window, panel.labels),
        car_columns=columns_of_windows,
    )


def _undated(events: pl.DataFrame) -> dict[int, str]:
    """Why events have no day 0, by position, where it is known."""
    if "day_zero_reason" not in events.columns:
        return {}
    rows = events.with_row_index("position").filter(pl.col("date").is_null() & pl.col("day_zero_reason").is_not_null())
    return {row["position"]: f"no day 0: {row['day_zero_reason']}" for row in rows.iter_rows(named=True)}


def read_events(frame: Frame, *, first: int = 1) -> pl.DataFrame:
    """Events as ``event_id``, ``symbol``, ``date`` and what else came along; numbers from ``first`` without an id."""
    table = to_polars(frame, "events")
    if "symbol" not in table.columns:
        raise NotFoundError("events have no column 'symbol'", hint=f"they have {', '.join(table.columns)}")
    if "date" not in table.columns:
        table = table.rename({label_column(table.drop("symbol"), "events"): "date"})
    table = table.with_columns(pl.col("symbol").cast(pl.String), as_times(table["date"], "events"))
    if "event_id" not in table.columns:
        table = table.with_columns(pl.int_range(first, first + len(table), dtype=pl.Int64).alias("event_id"))
    return table.select("event_id", "symbol", "date", pl.exclude("event_id", "symbol", "date"))


def _estimate(
    panel: Panel, plan: Plan, symbols: Rows, day_zero: Rows, keep_residuals: bool | None, keep_returns: bool
) -> tuple[EventEstimates, Rows]:
    est_first, est_last = window_rows(plan.estimation, day_zero, panel.labels)
    win_first, win_last = window_rows(plan.window, day_zero, panel.labels)
    _check_apart(plan, (est_first <= win_last) & (est_last >= win_first))
    days = len(day_labels(plan.window, panel.labels))
    columns = car_columns(plan.windows, day_zero, win_first, days, panel.labels)
    if keep_residuals is None:
        length = int((est_last - est_first).max(initial=0)) + 1
        again = recomputable(model_named(plan.model), len(panel.factor_names), length + days)
        keep_residuals = not (again and worth_compiling(len(day_zero)))
    estimates = fit_events(
        panel.returns,
        panel.factors,
        symbols,
        day_zero,
        est_first,
        est_last,
        win_first,
        win_last,
        model=plan.model,
        minimum_observations=plan.minimum_observations,
        car_columns=columns,
        keep_residuals=keep_residuals,
        keep_returns=keep_returns,
    )
    return estimates, columns


def _check_apart(plan: Plan, overlapping: Mask) -> None:
    if len(overlapping) and bool(overlapping.all()):
        raise StudyError(
            f"estimation window {plan.estimation.label} and event window {plan.window.label} share bars",
            hint="end the estimation window before the event window starts",
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


def _the_one_given(returns: Frame | None, prices: Frame | None, volumes: Frame | None) -> tuple[str, Frame]:
    given = [(kind, frame) for kind, frame in zip(KINDS, (returns, prices, volumes), strict=True) if frame is not None]
    if len(given) != 1:
        raise InputError("give either returns or prices or volumes, and one of them only")
    return given[0]


def _panel(
    wide: Wide,
    kind: str,
    plan: Plan,
    benchmark: str | Frame | None,
    factors: Frame | None,
    risk_free: str | Frame | None,
) -> Panel:
    """The panel that the model needs: factors where it takes several or no benchmark is named, else the benchmark."""
    panel = Panel(wide.labels, wide.names, wide.values)
    table, free = part_risk_free(factors, risk_free, panel)
    if table is not None and (benchmark is None or model_named(plan.model).regressors == "all"):
        return with_factors(panel, table, free)
    if benchmark is not None:
        market = _benchmark(benchmark, wide, kind, plan)
        panel = replace(panel, factors=market[:, None], factor_names=(plan.benchmark or "benchmark",))
    return with_factors(panel, None, free)


def _measured(frame: Frame, kind: str, plan: Plan) -> Wide:
    """The frame with returns or log volumes in place of what it holds."""
    wide = read_wide(frame, kind)
    if kind == "volumes":
        return replace(wide, values=log_volume_of(wide.values))
    return replace(wide, values=returns_of(wide.values, plan.returns_kind)) if kind == "prices" else wide


def _benchmark(benchmark: str | Frame, wide: Wide, kind: str, plan: Plan) -> Array:
    if isinstance(benchmark, str):
        return wide.column(benchmark)
    return on_labels(_measured(benchmark, kind, plan), wide.labels, "benchmark")[:, 0]
