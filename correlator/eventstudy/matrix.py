"""A study on a matrix that somebody already has: frames in, StudyResult out. No store, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
import polars as pl

from correlator.base.tabular import Frame
from correlator.errors import InputError, StudyError
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.measure import study_events
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED, equal_weighted_of_others
from correlator.eventstudy.panel.checks import (
    check_cash,
    check_fractions,
    check_levels,
    valid_returns,
    warn_of_no_prices,
)
from correlator.eventstudy.panel.donors import columns_or_frame, donors_of, refuse_beside_donors
from correlator.eventstudy.panel.factors import part_risk_free, used_factors, with_factors
from correlator.eventstudy.panel.frames import (
    Array,
    Mask,
    Panel,
    Wide,
    log_volume_of,
    on_labels,
    only_column,
    read_wide,
    returns_of,
)
from correlator.eventstudy.panel.jumps import with_jumps
from correlator.eventstudy.panel.lags import warn_of_lags
from correlator.eventstudy.panel.many_exchanges import on_one_exchange, panel_of_exchanges
from correlator.eventstudy.panel.names import columns_meant, on_columns
from correlator.eventstudy.panel.open_days import on_open_days
from correlator.eventstudy.panel.trade_to_trade import bridge_holes, warn_of_holes
from correlator.eventstudy.placing.event_table import read_events
from correlator.eventstudy.placing.events import exchanges_of, name_as, part_exchanges, zone_of
from correlator.eventstudy.request.spec import (
    FRAMES,
    HOLES,
    LOG_VOLUME,
    RETURNS_KINDS,
    SYNTHETIC,
    FrameKeywords,
    StudySpec,
    refuse_foreign,
    shows_options,
    study_spec,
)
from correlator.eventstudy.results.groups import warn_of_gaps
from correlator.eventstudy.results.result import StudyResult

KINDS = ("returns", "prices", "volumes")


class BesideKeywords(FrameKeywords, total=False):
    """Keywords of ``study_frames`` besides the bars: what its models read, and how events are measured."""

    factors: Frame | None
    risk_free: str | Frame | None
    donors: str | Sequence[str] | Frame | None


@dataclass(frozen=True)
class Frames:
    """What a study of frames reads besides its events, as ``study_frames`` takes it."""

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
    extra = {name: rest.pop(name, None) for name in ("factors", "risk_free", "donors")}
    frames = Frames(returns, prices, volumes, benchmark, returns_kind=returns_kind, **extra)
    _ = frames.kind_of_returns  # told before any event is read
    given = read_events(events)
    if given.is_empty():
        raise InputError("events hold no row", hint="give one row for each event", argument="events")
    panel, spec = matrix_panel(frames, given, **rest)
    result = study_events(panel, given, spec)
    warn_of_gaps(result)
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
    refuse_foreign(options, FRAMES)
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
    if spec.stamped is not None and wide.labels.dtype == pl.Date:
        raise InputError("stamped has no meaning for bars of days", hint="leave it out", argument="stamped")
    spec = on_columns(spec, wide.names)
    if isinstance(risk_free, str) and frames.factors is None:
        risk_free = columns_meant([risk_free], wide.names).get(risk_free, risk_free)

    def made(part: Wide, spec: StudySpec) -> Panel:
        market = benchmark if named is None else spec.benchmark
        panel = _panel(part, source, spec, (market, frames.factors, risk_free))
        if kind == "volumes":
            return panel
        warn_of_lags(panel)
        return with_jumps(panel, spec)

    named_events = None if listed is None else name_as(listed, wide.names)
    exchanges = exchanges_of(wide.names, named_events, asked)
    if len(set(exchanges.values())) == 1:
        spec, exchanges = replace(spec, exchange=next(iter(exchanges.values()))), {}
    if not exchanges:
        spec = on_one_exchange(spec)
        studied = [] if named_events is None else named_events["symbol"].unique().drop_nulls().sort().to_list()
        wide = on_open_days(wide, kind, spec.exchange, studied)
        return _with_donors(made(wide, spec), wide, source, spec, handed=handed), spec
    if spec.model == SYNTHETIC:
        raise StudyError("synthetic controls are of one exchange", hint="study one exchange at a time")
    extra = [risk_free] if isinstance(risk_free, str) and risk_free in wide.names else []
    return panel_of_exchanges(wide, exchanges, spec, made, extra=extra), spec


@dataclass(frozen=True)
class _Source:
    """What was handed over: returns, prices or volumes; ``simple``: whether its returns are, or may be, simple ones;
    ``what``: its name where it is not the wide frame itself.
    """

    kind: str
    simple: bool
    what: str = ""


def _panel(
    wide: Wide, source: _Source, spec: StudySpec, extra: tuple[str | Frame | None, Frame | None, str | Frame | None]
) -> Panel:
    """The panel that the model needs: factors where it takes several, else the benchmark.

    ``extra``: benchmark, factors and risk-free returns as ``study_frames`` takes them.
    """
    benchmark, factors, risk_free = extra
    returns, invalid = _valid(_measured(wide, source, spec), source, source.kind)
    panel = Panel(wide.labels, wide.names, returns, invalid=invalid)
    table, free = part_risk_free(factors, risk_free, panel)
    if source.kind == "prices" and isinstance(risk_free, str) and risk_free in wide.names and factors is None:
        check_cash(wide.column(risk_free), risk_free)
    model = model_named(spec.model)
    table = used_factors(table, model.regressors == "all", panel, risk_free=risk_free, benchmark=benchmark)
    if table is not None:
        return with_factors(_over_holes(panel, wide, None, source.kind, spec=spec), table, free)
    market = None
    if isinstance(benchmark, str) and benchmark == EQUAL_WEIGHTED and benchmark not in wide.names:
        panel = _on_mean(panel)
    elif benchmark is not None:
        market = _benchmark(benchmark, wide, spec)
        named = source if isinstance(benchmark, str) else replace(source, what="the benchmark")
        panel = _on_benchmark(panel, _measured(market, named, spec), named, spec)
    used = market if model.needs_benchmark or model.regressors != "none" else None
    return with_factors(_over_holes(panel, wide, used, source.kind, spec=spec), None, free)


def _with_donors(panel: Panel, wide: Wide, source: _Source, spec: StudySpec, *, handed: Frame | None) -> Panel:
    """The panel with the donors that the model takes: columns of ``wide``, or those of a frame of their own."""
    if spec.model != SYNTHETIC:
        return panel
    candidates, returns = wide, panel.returns
    if handed is not None:
        given = read_wide(handed, "the donors", zone_of(spec))
        candidates = Wide(wide.labels, given.names, on_labels(given, wide.labels, "the donors"))
        named = replace(source, what="the donors")
        returns, _ = valid_returns(_measured(candidates, named, spec), simple=source.simple, what="the donors")
    bridged = source.kind == "prices" and spec.holes == HOLES[0]
    levels = (wide.values, candidates.values) if bridged else None
    others = [name for name in candidates.names if name != spec.benchmark or handed is not None]
    chosen = spec.donors or others  # an index that was named as the benchmark may hold the share
    return donors_of(panel, (candidates.names, returns), levels, chosen, simple=spec.returns == "simple")


def _on_benchmark(panel: Panel, market: Wide, source: _Source, spec: StudySpec) -> Panel:
    """The panel with returns of the benchmark; figures of it that are not returns mark every share."""
    # A column of the wide frame has been told of there.
    returns, invalid = _valid(replace(market, names=(source.what,)), source, source.what)
    panel = replace(panel, factors=returns, factor_names=(spec.benchmark or "benchmark",))
    if invalid is None:
        return panel
    both = invalid if panel.invalid is None else panel.invalid | invalid
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
    means = equal_weighted_of_others(panel.returns, np.arange(len(panel.symbols)))
    fewest = min(means.others.tolist(), default=0)
    if fewest == 0:
        raise InputError(f"{EQUAL_WEIGHTED} needs a second column", hint="name a benchmark, or give more columns")
    return means.on(panel, f"equal-weighted mean of {fewest} other column{'' if fewest == 1 else 's'}")


def _valid(wide: Wide, source: _Source, what: str) -> tuple[Array, Mask | None]:
    """``valid_returns``; log volumes are not doubted."""
    return (wide.values, None) if source.kind == "volumes" else valid_returns(wide, simple=source.simple, what=what)


def _measured(wide: Wide, source: _Source, spec: StudySpec) -> Wide:
    """Returns or log volumes in place of what is held."""
    what = source.what or source.kind
    if source.kind == "volumes":
        return replace(wide, values=log_volume_of(wide.values))
    if source.kind == "prices":
        check_levels(wide, what)
        warn_of_no_prices(wide, what)
        return replace(wide, values=returns_of(wide.values, spec.returns))
    check_fractions(wide, what, source.kind)
    return wide


def _benchmark(benchmark: str | Frame, wide: Wide, spec: StudySpec) -> Wide:
    """The benchmark as one column of the same kind on the same labels."""
    if isinstance(benchmark, str):
        return replace(wide, names=(benchmark,), values=wide.column(benchmark)[:, None])
    given = read_wide(benchmark, "the benchmark", zone_of(spec))
    values = on_labels(given, wide.labels, "the benchmark")
    return Wide(wide.labels, ("benchmark",), only_column(given, values, "benchmark")[:, None])
