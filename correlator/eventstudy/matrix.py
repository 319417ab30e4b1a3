"""Studies of frames: frames in, StudyResult out. No store, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
import polars as pl

from correlator.base.tabular import Frame
from correlator.errors import InputError, StudyError, listed, warn
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.measure import study_events
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED, equal_weighted_of_others
from correlator.eventstudy.panel.checks import (
    check_cash,
    check_fractions,
    check_levels,
    valid_returns,
    warn_of_no_levels,
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
from correlator.eventstudy.panel.jumps import warn_of_volume_units, with_jumps
from correlator.eventstudy.panel.lags import warn_of_lags
from correlator.eventstudy.panel.many_exchanges import on_one_exchange, panel_of_exchanges
from correlator.eventstudy.panel.names import on_columns, resolved_columns
from correlator.eventstudy.panel.open_days import on_open_days, without_other_hours
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
from correlator.market.totals import totals_of_others
from correlator.market.vocabulary import is_figure

KINDS = ("returns", "prices", "volumes")


class BesideKeywords(FrameKeywords, total=False):
    """Keywords of ``study_frames`` apart from the bars: data of the models, and how events are measured."""

    factors: Frame | None
    risk_free: str | Frame | None
    risk_free_unit: str | None
    donors: str | Sequence[str] | Frame | None


@dataclass(frozen=True)
class Frames:
    """The data of a study of frames apart from its events, as passed to ``study_frames``."""

    returns: Frame | str | None = None
    prices: Frame | None = None
    volumes: Frame | None = None
    benchmark: str | Frame | None = None
    factors: Frame | None = None
    risk_free: str | Frame | None = None
    returns_kind: str | None = None
    donors: str | Sequence[str] | Frame | None = None
    risk_free_unit: str | None = None

    @property
    def bars(self) -> tuple[str, Frame]:
        """Kind and frame of the bars; raises InputError unless exactly one kind is given."""
        returns = None if isinstance(self.returns, str) else self.returns
        given = [
            (kind, frame)
            for kind, frame in zip(KINDS, (returns, self.prices, self.volumes), strict=True)
            if frame is not None
        ]
        if len(given) != 1:
            raise InputError(
                f"exactly one of returns, prices and volumes is needed, got {len(given) or 'none'}",
                hint="give one of them",
            )
        return given[0]

    @property
    def kind_of_returns(self) -> str:
        """The kind of returns, given or computed; raises InputError if it is given twice and differs."""
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
        ``prices``, the kind of returns to compute: ``log`` (default) or ``simple``.
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
        A column of ``factors`` or of the wide frame, or a frame; subtracted from returns and benchmark.
    risk_free_unit
        Unit of ``risk_free``: ``fraction`` (default) or ``percent`` per bar, ``annual-fraction`` or ``annual-percent``;
        an annual rate counts for the days since the bar before, of 365.
    returns_kind
        The kind of ``returns`` in a frame: ``log`` (default) or ``simple``.
    donors
        For the model ``synthetic``: columns of the wide frame, or a frame with dates and one column of the same kind
        per donor; default: the columns without events.
    **options
        How events are measured, as listed by ``help(study_frames)``: windows are bars from day 0, both ends included.

    Returns
    -------
    StudyResult
        Events that cannot be measured are in its ``excluded``, with the reason.

    Raises
    ------
    InputError, NotFoundError, TimeError, StudyError
        If the study cannot be run; the message names the argument.

    Examples
    --------
    >>> result = study_frames(prices=prices, events=events, benchmark="MKT", window=(-5, 5))  # doctest: +SKIP
    """
    if events is None:
        raise InputError("events are missing", hint="give a frame with columns symbol and date", argument="events")
    rest: dict[str, Any] = {**options}
    extra = {name: rest.pop(name, None) for name in ("factors", "risk_free", "risk_free_unit", "donors")}
    frames = Frames(returns, prices, volumes, benchmark, returns_kind=returns_kind, **extra)
    _ = frames.kind_of_returns  # raises before any event is read
    event_table = read_events(events)
    if event_table.is_empty():
        raise InputError("events have no rows", hint="give one row for each event", argument="events")
    panel, spec = matrix_panel(frames, event_table, **rest)
    result = study_events(panel, event_table, spec)
    warn_of_gaps(result)
    return result


study_matrix = study_frames
"""The former name."""


def matrix_panel(
    frames: Frames, listed: pl.DataFrame | None, **options: Unpack[FrameKeywords]
) -> tuple[Panel, StudySpec]:
    """Return the panel and spec of ``study_frames``, from its arguments.

    ``listed``: the events, with symbol and, if shares trade on several, exchange.
    """
    kind, frame = frames.bars
    benchmark, risk_free = frames.benchmark, frames.risk_free
    benchmark_name = benchmark if isinstance(benchmark, str) else None
    donor_names, donor_frame = columns_or_frame(frames.donors)
    refuse_foreign(options, FRAMES)
    spec = study_spec(returns=frames.kind_of_returns, benchmark=benchmark_name, donors=donor_names, **options)
    if donor_frame is not None and spec.model != SYNTHETIC:
        raise InputError(
            "donors are used by the model synthetic only", hint=f"choose the model {SYNTHETIC}", argument="donors"
        )
    if spec.model == SYNTHETIC:
        refuse_beside_donors(kind, frames.factors, risk_free)
    if kind == "volumes":
        if frames.kind_of_returns != RETURNS_KINDS[0]:
            raise InputError("returns has no effect in a study of volumes", hint="leave it out", argument="returns")
        spec = replace(spec, returns=LOG_VOLUME)
    source = _Source(kind, simple=kind == "returns" and (spec.returns == "simple" or frames.returns_kind is None))
    spec, exchange_by_share = part_exchanges(spec)
    wide = read_wide(frame, kind, zone_of(spec))
    if spec.stamped is not None and wide.labels.dtype == pl.Date:
        raise InputError("stamped has no effect for daily bars", hint="leave it out", argument="stamped")
    spec = on_columns(spec, wide.names)
    if isinstance(risk_free, str) and frames.factors is None:
        risk_free = resolved_columns([risk_free], wide.names).get(risk_free, risk_free)

    def make_panel(part: Wide, spec: StudySpec) -> Panel:
        market = benchmark if benchmark_name is None else spec.benchmark
        panel = _panel(part, source, spec, replace(frames, benchmark=market, risk_free=risk_free))
        if kind == "volumes":
            warn_of_volume_units(panel, spec)
            return panel
        warn_of_lags(panel)
        return with_jumps(panel, spec)

    named_events = None if listed is None else name_as(listed, wide.names)
    exchanges = exchanges_of(wide.names, named_events, exchange_by_share)
    if len(set(exchanges.values())) == 1:
        spec, exchanges = replace(spec, exchange=next(iter(exchanges.values()))), {}
    if not exchanges:
        spec = on_one_exchange(spec)
        studied = [] if named_events is None else named_events["symbol"].unique().drop_nulls().sort().to_list()
        wide = without_other_hours(on_open_days(wide, kind, spec.exchange, studied), spec)
        return _with_donors(make_panel(wide, spec), wide, source, spec, donor_frame=donor_frame), spec
    if spec.model == SYNTHETIC:
        raise StudyError("the model synthetic does not support several exchanges", hint="study one exchange at a time")
    extra = [risk_free] if isinstance(risk_free, str) and risk_free in wide.names else []
    return panel_of_exchanges(wide, exchanges, spec, make_panel, extra=extra), spec


@dataclass(frozen=True)
class _Source:
    """``kind`` of the data: returns, prices or volumes; ``simple``: whether its returns are, or may be, simple ones;
    ``what``: its name in messages if it is not the wide frame itself.
    """

    kind: str
    simple: bool
    what: str = ""


def _panel(wide: Wide, source: _Source, spec: StudySpec, frames: Frames) -> Panel:
    """Return the panel that the model needs: with factors if it uses several, else with the benchmark.

    ``frames`` has benchmark, factors and risk-free returns as passed to ``study_frames``.
    """
    benchmark, factors, risk_free = frames.benchmark, frames.factors, frames.risk_free
    returns, invalid = _valid(_measured(wide, source, spec), source, source.kind)
    zone = None if wide.labels.dtype == pl.Date else zone_of(spec)
    panel = Panel(wide.labels, wide.names, returns, invalid=invalid, zone=zone)
    of_prices = source.kind == "prices"
    table, free = part_risk_free(factors, risk_free, panel, frames.risk_free_unit, of_prices=of_prices)
    if of_prices and isinstance(risk_free, str) and risk_free in wide.names and factors is None:
        check_cash(wide.column(risk_free), risk_free)
    model = model_named(spec.model)
    table = used_factors(table, model.regressors == "all", panel, risk_free=risk_free, benchmark=benchmark)
    if table is not None:
        own = _over_holes(panel, wide, None, source.kind, spec=spec)
        return with_factors(own, table, free, of_prices=of_prices)
    market = None
    if isinstance(benchmark, str) and benchmark == EQUAL_WEIGHTED and benchmark not in wide.names:
        panel = _on_mean(panel, wide)
    elif benchmark is not None:
        market = _benchmark(benchmark, wide, spec)
        market_source = source if isinstance(benchmark, str) else replace(source, what="the benchmark")
        panel = _on_benchmark(panel, _measured(market, market_source, spec), market_source, spec)
    used = market if model.needs_benchmark else None
    return with_factors(_over_holes(panel, wide, used, source.kind, spec=spec), None, free)


def _with_donors(panel: Panel, wide: Wide, source: _Source, spec: StudySpec, *, donor_frame: Frame | None) -> Panel:
    """Return the panel with the donors of the model: columns of ``wide``, or of a separate frame."""
    if spec.model != SYNTHETIC:
        return panel
    candidates, returns = wide, panel.returns
    if donor_frame is not None:
        donors = read_wide(donor_frame, "the donors", zone_of(spec))
        candidates = Wide(wide.labels, donors.names, on_labels(donors, wide.labels, "the donors"))
        donor_source = replace(source, what="the donors")
        returns, _ = valid_returns(_measured(candidates, donor_source, spec), simple=source.simple, what="the donors")
    bridged = source.kind == "prices" and spec.holes == HOLES[0]
    levels = (wide.values, candidates.values) if bridged else None
    chosen = spec.donors or (candidates.names if donor_frame is not None else _default_donors(candidates, spec))
    return donors_of(panel, (candidates.names, returns), levels, chosen, simple=spec.returns == "simple")


def _default_donors(wide: Wide, spec: StudySpec) -> list[str]:
    """Return the columns except the benchmark and totals, which may contain the share."""
    return [name for name in _without_totals(wide, "the choice of donors") if name != spec.benchmark]


def _on_benchmark(panel: Panel, market: Wide, source: _Source, spec: StudySpec) -> Panel:
    """Return the panel with returns of the benchmark; its invalid returns are marked for every share."""
    # Invalid values in a column of the wide frame were reported with the frame.
    returns, invalid = _valid(replace(market, names=(source.what,)), source, source.what)
    panel = replace(panel, factors=returns, factor_names=(spec.benchmark or "benchmark",))
    if invalid is None:
        return panel
    either = invalid if panel.invalid is None else panel.invalid | invalid
    return replace(panel, invalid=np.broadcast_to(either, panel.returns.shape))


def _over_holes(panel: Panel, wide: Wide, market: Wide | None, kind: str, *, spec: StudySpec) -> Panel:
    """Return the panel with returns over holes if prices are given; warn of holes if returns are given."""
    if kind == "prices" and spec.holes == "trade-to-trade":
        return bridge_holes(panel, wide.values, None if market is None else market.values[:, 0], spec.returns)
    if kind == "returns":
        warn_of_holes(panel)
    return panel


def _on_mean(panel: Panel, wide: Wide) -> Panel:
    """Return the panel with the mean of the other symbols as the benchmark of each, without totals."""
    is_share = np.isin(panel.symbols, _without_totals(wide, "the equal-weighted mean"))
    own = np.where(is_share, np.cumsum(is_share) - 1, -1)
    means = equal_weighted_of_others(panel.returns[:, is_share], own)
    fewest = min(means.others[is_share].tolist(), default=0)
    if fewest == 0:
        raise InputError(
            f"benchmark {EQUAL_WEIGHTED} needs at least two columns", hint="name a benchmark, or give more columns"
        )
    shares = [name for name, counts in zip(panel.symbols, is_share, strict=True) if counts]
    if figures := [repr(name) for name in shares if is_figure(name) and not name.isupper()]:
        warn(f"the equal-weighted mean contains {listed(figures)}, called like figures: leave out what is not a share")
    return means.on(panel, f"equal-weighted mean of {fewest} other column{'' if fewest == 1 else 's'}")


def _without_totals(wide: Wide, what: str) -> list[str]:
    """Return the columns that are no sum or mean of the others; warn that ``what`` leaves these out."""
    totals = [wide.names[column] for column in totals_of_others(wide.values)]
    if totals:
        warn(f"{what} leaves out {listed(map(repr, totals))}, which is a sum or mean of the other columns")
    return [name for name in wide.names if name not in totals]


def _valid(wide: Wide, source: _Source, what: str) -> tuple[Array, Mask | None]:
    """Return ``valid_returns``; log volumes are all valid."""
    return (wide.values, None) if source.kind == "volumes" else valid_returns(wide, simple=source.simple, what=what)


def _measured(wide: Wide, source: _Source, spec: StudySpec) -> Wide:
    """Return ``wide`` with returns or log volumes as values."""
    what = source.what or source.kind
    if source.kind == "volumes":
        warn_of_no_levels(wide, what)
        return replace(wide, values=log_volume_of(wide.values))
    if source.kind == "prices":
        check_levels(wide, what)
        warn_of_no_levels(wide, what)
        return replace(wide, values=returns_of(wide.values, spec.returns))
    check_fractions(wide, what, source.kind)
    return wide


def _benchmark(benchmark: str | Frame, wide: Wide, spec: StudySpec) -> Wide:
    """Return the benchmark as one column of the same kind on the same labels."""
    if isinstance(benchmark, str):
        return replace(wide, names=(benchmark,), values=wide.column(benchmark)[:, None])
    market = read_wide(benchmark, "the benchmark", zone_of(spec))
    values = on_labels(market, wide.labels, "the benchmark")
    return Wide(wide.labels, ("benchmark",), only_column(market, values, "benchmark")[:, None])
