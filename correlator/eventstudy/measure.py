"""A study on a matrix that somebody already has: frames in, StudyResult out. No store, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Unpack

import numpy as np
import polars as pl

from correlator.errors import InputError, StudyError, warn
from correlator.eventstudy.benchmark import EQUAL_WEIGHTED, equal_weighted, equal_weighted_of_others
from correlator.eventstudy.checks import (
    check_fractions,
    invalid_returns,
    warn_of_invalid,
    warn_of_no_prices,
    without_invalid,
)
from correlator.eventstudy.donors import (
    columns_or_frame,
    donors_of,
    refuse_beside_donors,
    touched_donors,
    without_studied,
)
from correlator.eventstudy.engines import runs_compiled
from correlator.eventstudy.estimation.engine import fit_events
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, Placement
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.events import (
    Seen,
    exchanges_of,
    name_as,
    part_exchanges,
    place_events_on,
    read_events,
    without_repeats,
    zone_of,
)
from correlator.eventstudy.factors import part_risk_free, used_factors, with_factors
from correlator.eventstudy.flagged import dropped_reasons
from correlator.eventstudy.frames import (
    Array,
    Mask,
    Panel,
    Wide,
    log_volume_of,
    on_labels,
    read_wide,
    returns_of,
)
from correlator.eventstudy.jumps import with_jumps
from correlator.eventstudy.many_exchanges import panel_of_exchanges, placed_on_parts, study_of_parts
from correlator.eventstudy.placement import Rows, car_columns, day_labels, place_events, window_rows
from correlator.eventstudy.purge import reach_of_events
from correlator.eventstudy.result import StudyResult
from correlator.eventstudy.result_frames import group_keys
from correlator.eventstudy.spec import (
    HOLES,
    LOG_VOLUME,
    RETURNS_KINDS,
    SYNTHETIC,
    FrameKeywords,
    StudySpec,
    shows_options,
    study_spec,
)
from correlator.eventstudy.trade_to_trade import bridge_holes, warn_of_holes
from correlator.tabular import Frame

KINDS = ("returns", "prices", "volumes")


class BesideKeywords(FrameKeywords, total=False):
    """Keywords of ``study_frames`` beside the bars: what its models read, and how events are measured."""

    factors: Frame | None
    risk_free: str | Frame | None
    donors: str | Sequence[str] | Frame | None


@dataclass(frozen=True)
class Frames:
    """What a study of frames reads beside its events, as ``study_frames`` takes it."""

    returns: Frame | str | None = None
    prices: Frame | None = None
    volumes: Frame | None = None
    benchmark: str | Frame | None = None
    factors: Frame | None = None
    risk_free: str | Frame | None = None
    returns_kind: str | None = None
    donors: str | Sequence[str] | Frame | None = None

    @property
    def bars(self) -> tuple[str, Frame]:
        """Kind and frame of the bars; raises InputError where not exactly one kind is given."""
        returns = None if isinstance(self.returns, str) else self.returns
        given = [
            (kind, frame)
            for kind, frame in zip(KINDS, (returns, self.prices, self.volumes), strict=True)
            if frame is not None
        ]
        if len(given) != 1:
            raise InputError("give either returns or prices or volumes, and one of them only")
        return given[0]

    @property
    def kind_of_returns(self) -> str:
        """What the returns are, or become; raises InputError where that is said twice and differs."""
        if isinstance(self.returns, str):
            if self.returns_kind not in (None, self.returns):
                raise InputError(
                    f"returns {self.returns!r} and returns_kind {self.returns_kind!r} differ", hint="give one of them"
                )
            return self.returns
        return self.returns_kind or RETURNS_KINDS[0]


@shows_options(BesideKeywords)
def study_frames(
    returns: Frame | str | None = None,
    events: Frame | None = None,
    *,
    prices: Frame | None = None,
    volumes: Frame | None = None,
    benchmark: str | Frame | None = None,
    returns_kind: str | None = None,
    **options: Unpack[BesideKeywords],
) -> StudyResult:
    """Measure ``events`` (``symbol``, ``date``, any group columns) on a wide frame of returns, prices or volumes.

    Parameters
    ----------
    returns
        A wide frame of returns, fractions: a column of dates or instants, one row per bar, one column per symbol. With
        ``prices``, how these become returns: ``log`` (default) or ``simple``.
    events
        One row per event: ``symbol``, ``date``, and columns to group by.
    prices, volumes
        Wide frames instead of ``returns``. Volumes become abnormal log volume: the same models on ln(volume).
    benchmark
        A column of the wide frame, a frame with dates and one column of the same kind, or ``equal-weighted``: the mean
        of the other columns.
    factors
        A frame with dates and one column per factor, fractions.
    risk_free
        A column of ``factors`` or of the wide frame, or a frame, fractions per bar, taken off returns and benchmark.
    returns_kind
        What a frame of ``returns`` holds: ``log`` (default) or ``simple``.
    donors
        For the model ``synthetic``: columns of the wide frame, or a frame with dates and one column of the same kind
        per donor; default the columns that have no event.
    **options
        How events are measured, as ``help(study_frames)`` lists: windows are bars from day 0, both ends included.

    Returns
    -------
    StudyResult
        Events that cannot be measured are in its ``excluded``, with the reason.

    Raises
    ------
    InputError, NotFoundError, TimeError, StudyError
        Where it cannot be done as asked; the message names the argument.

    Examples
    --------
    >>> result = study_frames(prices=prices, events=events, benchmark="MKT", window=(-5, 5))  # doctest: +SKIP
    """
    if events is None:
        raise InputError("events are not given", hint="give a frame with columns symbol and date", argument="events")
    rest: dict[str, Any] = {**options}
    beside = {name: rest.pop(name, None) for name in ("factors", "risk_free", "donors")}
    frames = Frames(returns, prices, volumes, benchmark, returns_kind=returns_kind, **beside)
    _ = frames.kind_of_returns  # told before any event is read
    given = read_events(events)
    panel, spec = matrix_panel(frames, given, **rest)
    result = study_events(panel, given, spec)
    if nothing := result.why_nothing():
        warn(f"{nothing} (read result.excluded)")
    return result


study_matrix = study_frames
"""The former name."""


def matrix_panel(
    frames: Frames, listed: pl.DataFrame | None, **options: Unpack[FrameKeywords]
) -> tuple[Panel, StudySpec]:
    """Bars and spec of ``study_frames``, whose arguments these are, the events apart.

    ``listed``: symbol and, where shares trade on several, exchange of the events.
    """
    kind, frame = frames.bars
    benchmark, risk_free = frames.benchmark, frames.risk_free
    named = benchmark if isinstance(benchmark, str) else None
    chosen, handed = columns_or_frame(frames.donors)
    spec = study_spec(returns=frames.kind_of_returns, benchmark=named, donors=chosen, **options)
    if handed is not None and spec.model != SYNTHETIC:
        raise InputError("this model does not use donors", hint=f"choose the model {SYNTHETIC}", argument="donors")
    if spec.model == SYNTHETIC:
        refuse_beside_donors(kind, frames.factors, risk_free)
    if kind == "volumes":
        spec = replace(spec, returns=LOG_VOLUME)
    source = _Source(kind, simple=kind == "returns" and (spec.returns == "simple" or frames.returns_kind is None))
    spec, asked = part_exchanges(spec)
    wide = read_wide(frame, kind, zone_of(spec))

    def made(part: Wide, spec: StudySpec) -> Panel:
        market = benchmark if named is None else spec.benchmark
        panel = _panel(part, source, spec, (market, frames.factors, risk_free))
        return panel if kind == "volumes" else with_jumps(panel, spec)

    exchanges = exchanges_of(wide.names, None if listed is None else name_as(listed, wide.names), asked)
    if len(set(exchanges.values())) == 1:
        spec, exchanges = replace(spec, exchange=next(iter(exchanges.values()))), {}
    if not exchanges:
        return _with_donors(made(wide, spec), wide, source, spec, handed=handed), spec
    if spec.model == SYNTHETIC:
        raise StudyError("synthetic controls are of one exchange", hint="study one exchange at a time")
    beside = [risk_free] if isinstance(risk_free, str) and risk_free in wide.names else []
    return panel_of_exchanges(wide, exchanges, spec, made, beside=beside), spec


def study_events(
    panel: Panel,
    events: pl.DataFrame,
    spec: StudySpec,
    *,
    seen: Seen | None = None,
    keep_residuals: bool | None = None,
    keep_returns: bool = True,
) -> StudyResult:
    """``study_panel`` of events as a caller wrote them (``read_events``): named, placed and without repeats.

    ``seen``: the events of earlier chunks, of which a repeat is a repeat as well.
    """
    named = name_as(events, panel.symbols)
    if panel.calendars is None:
        placed = place_events_on(named, panel.labels, spec)
    else:
        placed = placed_on_parts(named, panel, spec, place_events_on)
    once, repeats = without_repeats(placed, seen or Seen())
    result = study_panel(panel, once, spec, keep_residuals=keep_residuals, keep_returns=keep_returns)
    if repeats.is_empty():
        return result
    excluded = result.excluded
    return replace(result, excluded=pl.concat([excluded, repeats.cast(excluded.schema)]))


@dataclass(frozen=True)
class _Source:
    """What was handed over: returns, prices or volumes; ``simple``: whether its returns are, or may be, simple ones;
    ``what``: its name where it is not the wide frame itself.
    """

    kind: str
    simple: bool
    what: str = ""


def study_panel(
    panel: Panel,
    events: pl.DataFrame,
    spec: StudySpec,
    *,
    keep_residuals: bool | None = None,
    keep_returns: bool = True,
) -> StudyResult:
    """Measure ``events`` (``event_id``, ``symbol``, ``date``, more) on ``panel`` as ``spec`` says.

    The statistics across events need the residuals of the estimation windows: by default they are held for as long as
    they cannot be had from the bars again, by the loops for many events. ``ar`` and ``bhar`` need the returns; the
    other outputs need neither.
    """
    if len(panel.labels) == 0:
        raise InputError("there are no bars to study")
    if panel.calendars is not None:
        keep = partial(study_panel, spec=spec, keep_residuals=keep_residuals is not False, keep_returns=keep_returns)
        return study_of_parts(panel, events, spec, keep)
    columns = {name: position for position, name in enumerate(panel.symbols)}
    symbol_index = events["symbol"].replace_strict(columns, default=-1, return_dtype=pl.Int64).to_numpy()
    day_zero = place_events(events["date"], panel.labels, spec.off_session, _on_sessions(events))
    reasons = day_zero.reasons | _undated(events)
    for i in np.flatnonzero(symbol_index < 0):
        symbol = events["symbol"][int(i)]
        reasons[int(i)] = "event has no symbol" if symbol is None else f"no bars for symbol {symbol}"
    own = _own_benchmark(panel, spec, symbol_index)
    for i in np.flatnonzero(np.isin(symbol_index, own)):
        reasons[int(i)] = f"{events['symbol'][int(i)]} is the benchmark itself"
    reasons |= _invalid(panel, spec, symbol_index, day_zero.rows)
    reasons |= dropped_reasons(panel, spec.window, symbol_index, day_zero.rows)
    if spec.purge:
        reach = window_rows(spec.window, day_zero.rows, panel.labels)
        on_bars = np.where(day_zero.rows >= 0, symbol_index, -1)
        panel = replace(panel, purged=reach_of_events(panel, on_bars, *reach))
    panel = without_studied(panel, symbol_index[day_zero.rows >= 0])
    placed = np.ones(len(events), dtype=bool)
    placed[list(reasons)] = False
    positions = np.flatnonzero(placed)
    rows = day_zero.rows[positions]
    where = _placement(panel, spec, symbol_index[positions], rows)
    if panel.donors is not None:
        where = replace(where, touched=touched_donors(panel.donors, events[positions]))
    estimates = _estimate(panel, spec, where, keep_residuals, keep_returns=keep_returns)
    columns_of_windows = where.car_columns
    if spec.by:
        group_keys(estimates, panel, events[positions], spec.by)  # an unknown column is told before anything is read
    reasons.update((int(positions[i]), reason) for i, reason in estimates.excluded)
    return StudyResult(
        estimates=replace(estimates, kept=positions[estimates.kept], excluded=()),
        panel=panel,
        events=events,
        spec=spec,
        excluded=_excluded(panel, events, day_zero.rows, reasons),
        day_labels=day_labels(spec.window, panel.labels),
        car_columns=columns_of_windows,
    )


def _on_sessions(events: pl.DataFrame) -> Mask | None:
    """Which events (E,) a calendar has placed: these have their session or none, and are not moved."""
    if "day_zero_reason" not in events.columns:
        return None
    return events["day_zero_reason"].is_not_null().to_numpy()


def _own_benchmark(panel: Panel, spec: StudySpec, symbols: Rows) -> list[int]:
    """Columns of the events' symbols whose returns are the benchmark's own: there is nothing to explain."""
    if panel.factors is None or not model_named(spec.model).needs_benchmark:
        return []
    market = panel.factors[:, 0] if panel.own_benchmark is None else None
    found = []
    for column in np.unique(symbols[symbols >= 0]).tolist():
        own = market if market is not None else panel.factors_of(column)[:, 0]  # type: ignore[index]  # has factors
        if np.array_equal(panel.returns[:, column], own, equal_nan=True):
            found.append(column)
    return found


def _invalid(panel: Panel, spec: StudySpec, symbols: Rows, day_zero: Rows) -> dict[int, str]:
    """Why events have figures in their windows that are not returns, by position."""
    if panel.invalid is None:
        return {}
    total = len(panel.labels)
    before = np.concatenate([np.zeros((1, panel.invalid.shape[1]), dtype=np.int64), panel.invalid.cumsum(axis=0)])
    touched = np.zeros(len(symbols), dtype=bool)
    for window in (spec.estimation, spec.window):
        first, last = window_rows(window, day_zero, panel.labels)
        start, end = np.clip(first, 0, total), np.clip(last + 1, 0, total)
        touched |= before[np.maximum(end, start), symbols] > before[start, symbols]
    touched &= (day_zero >= 0) & (symbols >= 0)
    return dict.fromkeys(np.flatnonzero(touched).tolist(), "a return in its windows is infinite, or -100 % or less")


def _undated(events: pl.DataFrame) -> dict[int, str]:
    """Why events have no day 0, by position, where it is known."""
    if "day_zero_reason" not in events.columns:
        return {}
    rows = events.with_row_index("position").filter(pl.col("date").is_null() & pl.col("day_zero_reason").is_not_null())
    return {row["position"]: f"no day 0: {row['day_zero_reason']}" for row in rows.iter_rows(named=True)}


def _placement(panel: Panel, spec: StudySpec, symbols: Rows, day_zero: Rows) -> Placement:
    """Where the windows of events at the rows ``day_zero`` (E,) lie."""
    est_first, est_last = window_rows(spec.estimation, day_zero, panel.labels)
    win_first, win_last = window_rows(spec.window, day_zero, panel.labels)
    _check_apart(spec, (est_first <= win_last) & (est_last >= win_first))
    days = len(day_labels(spec.window, panel.labels))
    columns = car_columns(spec.windows, day_zero, win_first, days, labels=panel.labels)
    return Placement(symbols, day_zero, est_first, est_last, win_first, win_last, columns)


def _estimate(
    panel: Panel, spec: StudySpec, where: Placement, keep_residuals: bool | None, *, keep_returns: bool
) -> EventEstimates:
    if keep_residuals is None:
        again = model_named(spec.model).is_a_line(len(panel.factor_names)) and panel.purged is None
        keep_residuals = not (again and runs_compiled(len(where.day_zero), spec.engine))
    return fit_events(
        Bars.of(panel),
        where,
        engine=spec.engine,
        model=spec.model,
        minimum_observations=spec.minimum_observations,
        keep_residuals=keep_residuals,
        keep_returns=keep_returns,
    )


def _check_apart(spec: StudySpec, overlapping: Mask) -> None:
    if len(overlapping) and bool(overlapping.all()):
        raise StudyError(
            f"estimation window {spec.estimation.label} and event window {spec.window.label} share bars",
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


def _panel(
    wide: Wide, source: _Source, spec: StudySpec, beside: tuple[str | Frame | None, Frame | None, str | Frame | None]
) -> Panel:
    """The panel that the model needs: factors where it takes several, else the benchmark.

    ``beside``: benchmark, factors and risk-free returns as ``study_frames`` takes them.
    """
    benchmark, factors, risk_free = beside
    panel = Panel(wide.labels, wide.names, _measured(wide, source, spec).values)
    if source.kind != "volumes":
        panel = _checked(panel, source)
    table, free = part_risk_free(factors, risk_free, panel)
    model = model_named(spec.model)
    table = used_factors(table, model.regressors == "all", risk_free, panel)
    if table is not None:
        return with_factors(_over_holes(panel, wide, None, source.kind, spec=spec), table, free)
    market = None
    if isinstance(benchmark, str) and benchmark == EQUAL_WEIGHTED and benchmark not in wide.names:
        panel = _on_mean(panel)
    elif benchmark is not None:
        market = _benchmark(benchmark, wide, spec)
        told = source if isinstance(benchmark, str) else replace(source, what="the benchmark")
        panel = _on_benchmark(panel, _measured(market, told, spec).values[:, 0], told, spec)
    used = market if model.needs_benchmark or model.regressors != "none" else None
    return with_factors(_over_holes(panel, wide, used, source.kind, spec=spec), None, free)


def _with_donors(panel: Panel, wide: Wide, source: _Source, spec: StudySpec, *, handed: Frame | None) -> Panel:
    """The panel with the donors that the model takes: columns of ``wide``, or those of a frame of their own."""
    if spec.model != SYNTHETIC:
        return panel
    beside, returns = wide, panel.returns
    if handed is not None:
        given = read_wide(handed, "the donors", zone_of(spec))
        beside = Wide(wide.labels, given.names, on_labels(given, wide.labels, "the donors"))
        told = replace(source, what="the donors")
        returns = _measured(beside, told, spec).values
        invalid = invalid_returns(returns, simple=source.simple)
        warn_of_invalid(returns, invalid, panel.labels, beside.names, what="the donors")
        returns = without_invalid(returns, invalid)
    bridged = source.kind == "prices" and spec.holes == HOLES[0]
    levels = (wide.values, beside.values) if bridged else None
    others = [name for name in beside.names if name != spec.benchmark or handed is not None]
    chosen = spec.donors or others  # an index that was named as the benchmark may hold the share
    return donors_of(panel, (beside.names, returns), levels, chosen, simple=spec.returns == "simple")


def _on_benchmark(panel: Panel, market: Array, source: _Source, spec: StudySpec) -> Panel:
    """The panel with returns (T,) of the benchmark; figures of it that are not returns mark every share."""
    invalid = invalid_returns(market, simple=source.simple) & (source.kind != "volumes")
    if source.what:  # a column of the wide frame has been told of there
        warn_of_invalid(market[:, None], invalid[:, None], panel.labels, (source.what,), what=source.what)
    returns = without_invalid(market, invalid)[:, None]
    panel = replace(panel, factors=returns, factor_names=(spec.benchmark or "benchmark",))
    if not invalid.any():
        return panel
    both = invalid[:, None] if panel.invalid is None else panel.invalid | invalid[:, None]
    return replace(panel, invalid=np.broadcast_to(both, panel.returns.shape))


def _over_holes(panel: Panel, wide: Wide, market: Wide | None, kind: str, *, spec: StudySpec) -> Panel:
    """The panel with returns over holes where prices were given; where returns were, their holes are told."""
    if kind == "prices" and spec.holes == "trade-to-trade":
        return bridge_holes(panel, wide.values, None if market is None else market.values[:, 0], spec.returns)
    if kind == "returns":
        warn_of_holes(panel)
    return panel


def _on_mean(panel: Panel) -> Panel:
    """The panel with the mean of its other symbols as the benchmark of each."""
    own, others = equal_weighted_of_others(panel.returns, np.arange(len(panel.symbols)))
    fewest = min(others.tolist(), default=0)
    if fewest == 0:
        raise InputError(f"{EQUAL_WEIGHTED} needs a second column", hint="name a benchmark, or give more columns")
    return replace(
        panel,
        factors=equal_weighted(panel.returns)[:, None],
        factor_names=(EQUAL_WEIGHTED,),
        own_benchmark=own,
        benchmark_note=f"equal-weighted mean of {fewest} other column{'' if fewest == 1 else 's'}",
    )


def _checked(panel: Panel, source: _Source) -> Panel:
    """The panel with figures that are not returns marked, and missing."""
    invalid = invalid_returns(panel.returns, simple=source.simple)
    warn_of_invalid(panel.returns, invalid, panel.labels, panel.symbols, what=source.kind)
    if not invalid.any():
        return panel
    return replace(panel, returns=without_invalid(panel.returns, invalid), invalid=invalid)


def _measured(wide: Wide, source: _Source, spec: StudySpec) -> Wide:
    """Returns or log volumes in place of what is held."""
    what = source.what or source.kind
    if source.kind == "volumes":
        return replace(wide, values=log_volume_of(wide.values))
    if source.kind == "prices":
        warn_of_no_prices(wide, what)
        return replace(wide, values=returns_of(wide.values, spec.returns))
    check_fractions(wide, what, source.kind)
    return wide


def _benchmark(benchmark: str | Frame, wide: Wide, spec: StudySpec) -> Wide:
    """The benchmark as one column of the same kind on the same labels."""
    if isinstance(benchmark, str):
        return replace(wide, names=(benchmark,), values=wide.column(benchmark)[:, None])
    given = read_wide(benchmark, "the benchmark", zone_of(spec))
    return Wide(wide.labels, ("benchmark",), on_labels(given, wide.labels, "the benchmark")[:, :1])
