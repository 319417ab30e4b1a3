"""A study of a store on a cluster: each task reads the bars of one bucket of symbols and measures their events."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Unpack

import duckdb
import numpy as np
import polars as pl

from correlator.base.buckets import columns_of_parts, parts_of
from correlator.cluster import Cluster
from correlator.errors import CorrelatorWarning, InputError, warn
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED
from correlator.eventstudy.panel.frames import Panel, Rows
from correlator.eventstudy.parts.parts import Outline, Part, is_spanned, outlined
from correlator.eventstudy.parts.spread import AllEvents, SpreadResult
from correlator.eventstudy.request.engines import runs_compiled
from correlator.eventstudy.request.spec import DAILY, DROP, KEEP, SYNTHETIC, StoreKeywords, StudySpec, shows_options
from correlator.eventstudy.request.windows import OffsetWindow
from correlator.eventstudy.results.result_frames import refuse_unknown_groups
from correlator.research.benchmark import benchmark_of
from correlator.research.cluster_source import Source
from correlator.research.flagged_bars import study_findings, warn_of_flagged_bars, with_findings
from correlator.research.panel import daily_labels, exchanges_of, stored_panel
from correlator.research.selection import (
    EVENT_COLUMNS,
    EVENT_ORDER,
    PLACED_COLUMNS,
    TELLING_COLUMNS,
    events_concerning,
    events_of_unknown_symbols,
)
from correlator.research.study import (
    NO_DATA,
    Data,
    Market,
    chosen_events,
    market_events,
    parted_events,
    refuse_no_events,
    requested_symbols,
    spec_and_data,
    with_data,
)
from correlator.sessions.calendars import REASONS
from correlator.store.db import Store
from correlator.store.statements import query

_MOST_NOTES = 6
_PLACED = ("date", "day_zero_reason")
"""Columns of events that are dropped once these are measured."""
MOST_SELECTED = 500_000
"""Events selected at a time, for which a worker needs 200 bytes each."""
MOST_PLACED = 50_000
"""Events placed on sessions at a time, which temporarily takes a kilobyte each."""
_MIN_SELECTIONS = 2
"""Minimum number of selection tasks, one for each of two workers."""
MOST_HELD = 1_500_000
"""Events whose estimates workers keep, half a kilobyte each; beyond that estimates are recomputed for every pass."""


@dataclass(frozen=True)
class Task:
    """What a worker needs to measure the events of some ``symbols``; ``columns``: their positions among all symbols."""

    source: Source
    spec: StudySpec
    exchange: str
    labels: pl.Series
    symbols: tuple[str, ...]
    columns: Rows
    findings: pl.DataFrame | None = None
    data: Data = NO_DATA
    spanned: bool = False
    keeps_estimates: bool = True


@dataclass(frozen=True)
class Chosen:
    """The ``events`` of a task to measure, and the number of ``repeated`` and ``domestic`` ones, which are left out."""

    events: pl.DataFrame
    repeated: int
    domestic: int


@dataclass(frozen=True)
class Census:
    """The number of events that a task has to measure, that of ``domestic`` ones, and the ``symbols`` of the former."""

    events: int
    domestic: int
    symbols: frozenset[str]


def chosen(tasks: Mapping[int, Task]) -> dict[int, Chosen]:
    """Select the events of the symbols of some tasks; runs on a worker."""
    task = next(iter(tasks.values()))
    spec = task.spec
    refuse_unknown_groups(spec.by, [*EVENT_COLUMNS, *PLACED_COLUMNS, "year"])
    part = {symbol: number for number, each in tasks.items() for symbol in each.symbols}
    grouping = [name for name in spec.by if name in EVENT_COLUMNS]
    columns = list(dict.fromkeys([*TELLING_COLUMNS, *grouping]))
    with task.source.connected() as connection:
        concerning = events_concerning(connection, list(part), task.exchange, spec, columns=columns)
    pieces: dict[int, list[Chosen]] = {number: [] for number in tasks}
    for some in concerning.by_symbols(list(part), MOST_PLACED):
        events = some.placed(task.exchange, spec.date_only)
        of_part = pl.col("symbol").replace_strict(part, return_dtype=pl.Int64).alias("part")
        for (number,), rows in events.with_columns(of_part).partition_by("part", as_dict=True).items():
            pieces[number].append(_parted(rows, tasks[number]))
    return {number: _together(some, tasks[number]) for number, some in pieces.items()}


def _parted(events: pl.DataFrame, task: Task) -> Chosen:
    """Return the events of a task to measure, in a compact form."""
    measured, repeated, domestic = parted_events(events, task.spec)
    return Chosen(measured.select(_compact_columns(task)), len(repeated), len(domestic))


def _compact_columns(task: Task) -> list[pl.Expr]:
    """Return the columns that order, place, identify and group events; text with few distinct values as an enum."""
    enums = {"symbol": sorted(task.symbols), "day_zero_reason": REASONS}
    names = dict.fromkeys([*EVENT_ORDER, *_PLACED, *task.spec.by])
    names.pop("year", None)
    return [pl.col(name).cast(pl.Enum(enums[name])) if name in enums else pl.col(name) for name in names]


def _together(pieces: Sequence[Chosen], task: Task) -> Chosen:
    """Concatenate pieces of a task's events, in the order of events."""
    if not pieces:
        return Chosen(pl.DataFrame(schema={"symbol": pl.String}), 0, 0)
    events = pl.concat([each.events for each in pieces])
    if len(pieces) > 1:
        events = events.sort(EVENT_ORDER)
    if not task.spec.by:
        events = events.drop("known_at")
    return Chosen(events, sum(each.repeated for each in pieces), sum(each.domestic for each in pieces))


def one_of(of: Mapping[int, Chosen], number: int) -> Chosen:
    """Return the selection of one task."""
    return of[number]


def counted(of: Chosen) -> Census:
    """Return what the caller must know about the events before they are measured."""
    return Census(len(of.events), of.domestic, frozenset(of.events["symbol"].unique()))


def measured(task: Task, of: Chosen) -> Part:
    """Read the bars of the task's symbols and measure its events; runs on a worker."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CorrelatorWarning)
        panel, result = _bars(task), None
        if len(of.events):
            events = of.events.with_columns(pl.col("symbol", "day_zero_reason").cast(pl.String))
            result = study_panel(panel, events, task.spec, keep_returns=task.keeps_estimates)
            warn_of_flagged_bars(result, {task.exchange: task.findings})
            result = replace(result, events=events.drop(set(_PLACED) - set(task.spec.by)))
    notes = tuple(str(each.message) for each in caught if issubclass(each.category, CorrelatorWarning))
    part = Part(panel, task.columns, result, left_out=of.repeated + of.domestic, notes=notes)
    return part if task.keeps_estimates else part.without_estimates()


def _bars(task: Task) -> Panel:
    spec = task.spec
    with task.source.connected() as connection:
        flags = spec.flagged != KEEP
        panel = stored_panel(connection, task.symbols, task.exchange, spec, flags=flags, labels=task.labels)
    panel = with_data(with_findings(panel, task.findings, spec), spec, task.data)
    if task.spanned and panel.spans is None:
        panel = replace(panel, spans=np.ones(panel.returns.shape, dtype=np.int16))
    return panel


class DaskParts:
    """Parts kept by workers (see ``Parts``); a lost part is measured again from its task."""

    def __init__(self, cluster: Cluster, futures: Mapping[int, Any]) -> None:
        self._cluster = cluster
        self._futures = futures

    def each(self, function: Callable[..., Any], arguments: Mapping[int, tuple[Any, ...]]) -> Iterator[Any]:
        """See ``Parts.each``."""
        futures = [self._cluster.submit(function, self._futures[number], *extra) for number, extra in arguments.items()]
        return self._cluster.results(futures, "parts")

    def everywhere(self, function: Callable[[Part], Any]) -> Iterator[Any]:
        """See ``Parts.everywhere``."""
        return self.each(function, dict.fromkeys(self._futures, ()))


@shows_options(StoreKeywords)
def cluster_study(
    store: Store, cluster: Cluster, symbols: str | Sequence[str] | None = None, **options: Unpack[StoreKeywords]
) -> SpreadResult:
    """Run ``study`` on the workers of ``cluster``, such as ``cluster_at("local")``; the result is the same to the byte.

    Arguments, warnings and errors as for ``study``, and InputError for options that need all bars at once.

    Examples
    --------
    >>> with cluster_at("local") as cluster:  # doctest: +SKIP
    ...     cluster_study(store, cluster, benchmark="SPX").frame("significance")
    """
    spec, data = spec_and_data(symbols, options)
    result = run_cluster_study(store, spec, cluster, data)
    if reason := result.why_nothing():
        warn(f"{reason} (read result.excluded)")
    return result


def run_cluster_study(store: Store, spec: StudySpec, cluster: Cluster, data: Data = NO_DATA) -> SpreadResult:
    """Run the study of ``run_study`` on ``cluster``, with the same result, without all bars in one process.

    Raises as ``run_study`` does, and InputError for options that need all bars at once.
    """
    _refuse_unsupported(spec)
    source = Source.of(store)
    pinned = source.open()
    with pinned.studying() as connection:
        unmatched = events_of_unknown_symbols(connection, spec)
        market = _light_market(connection, spec)
        stored = int(query(connection, "SELECT count(*) AS n FROM events").item())
    named, symbols, labels = market.spec, market.panel.symbols, market.panel.labels
    base = Task(source, named, market.exchange, labels, (), np.empty(0, dtype=np.int64), data=data)
    tasks = _tasks(base, symbols)
    selected = _selected(cluster, tasks, stored)
    censuses = list(cluster.results([cluster.submit(counted, each) for each in selected.values()], "parts selected"))
    events = sum(each.events for each in censuses)
    refuse_no_events(events, sum(each.domestic for each in censuses), spec)
    studied = frozenset[str]().union(*(each.symbols for each in censuses))
    findings = study_findings(pinned, [symbol for symbol in symbols if symbol in studied], named)
    light = market.panel if spec.flagged == DROP else with_findings(market.panel, findings, named)
    engine = "compiled" if runs_compiled(events, spec.engine) else "numpy"
    known = {"spec": replace(named, engine=engine), "findings": findings, "keeps_estimates": events <= MOST_HELD}
    futures = _measured_alike(cluster, {number: replace(task, **known) for number, task in tasks.items()}, selected)
    results = cluster.results([cluster.submit(outlined, each) for each in futures.values()], "estimates")
    outlines = {number: each for number, each in zip(futures, results, strict=True) if each is not None}
    _warn_once(list(outlines.values()))
    first = next(iter(outlines.values()))
    return SpreadResult(
        panel=replace(light, factor_names=first.factor_names, benchmark_note=first.benchmark_note),
        spec=replace(spec, benchmark=named.benchmark),
        parts=DaskParts(cluster, futures),
        engine=engine,
        outlines=outlines,
        left_out=len(unmatched),
        read_events=partial(_all_events, pinned, market, unmatched),
    )


def _all_events(store: Store, market: Market, unmatched: pl.DataFrame) -> AllEvents:
    """Return the events of all parts, selected in this process."""
    with store.studying() as connection:
        events, repeated, domestic = chosen_events(market_events(connection, market), market.spec)
    symbols = market.panel.symbols
    part = dict(zip(symbols, parts_of(symbols).tolist(), strict=True))
    of_event = events["symbol"].replace_strict(part, return_dtype=pl.Int64).to_numpy()
    return AllEvents(events, of_event, (repeated, domestic, unmatched))


def _refuse_unsupported(spec: StudySpec) -> None:
    """Raise InputError for options that cannot be computed from a part of the symbols."""
    for what, is_used in (
        (f"bars of {spec.interval}", spec.interval != DAILY),
        ("synthetic controls", spec.model == SYNTHETIC),
        ("windows of dates", not all(isinstance(each, OffsetWindow) for each in (spec.estimation, spec.window))),
    ):
        if is_used:
            raise InputError(f"{what} are not supported on a cluster", hint="leave the cluster out")


def _light_market(connection: duckdb.DuckDBPyConnection, spec: StudySpec) -> Market:
    """Return the market of the symbols without its bars."""
    by_exchange = exchanges_of(connection, requested_symbols(connection, spec))
    if len(by_exchange) > 1:
        raise InputError(
            f"symbols trade on several exchanges ({', '.join(by_exchange)})",
            hint="study one exchange at a time on a cluster",
        )
    ((exchange, names),) = by_exchange.items()
    chosen = benchmark_of(connection, names, exchange, spec)
    if chosen == EQUAL_WEIGHTED:
        raise InputError(
            "an equal-weighted benchmark is not supported on a cluster: every task would have to read all bars",
            hint="name a symbol",
            argument="benchmark",
        )
    labels = daily_labels(connection, [*names, *([chosen] if chosen else [])], exchange, spec.as_of)
    return Market(exchange, replace(spec, benchmark=chosen), bare_panel(labels, names))


def bare_panel(labels: pl.Series, symbols: Sequence[str]) -> Panel:
    """Return a panel without bars."""
    return Panel(labels, tuple(symbols), np.broadcast_to(np.nan, (len(labels), len(symbols))))


def _tasks(base: Task, symbols: tuple[str, ...]) -> dict[int, Task]:
    """Return a task for every bucket that has a symbol, by its number."""
    return {
        number: replace(base, symbols=tuple(symbols[column] for column in own.tolist()), columns=own)
        for number, own in columns_of_parts(symbols).items()
    }


def _selected(cluster: Cluster, tasks: dict[int, Task], stored: int) -> dict[int, Any]:
    """Return futures of the events to measure, by part.

    Every selection reads all ``stored`` events, so each covers as many parts as memory allows.
    """
    selections = min(len(tasks), max(_MIN_SELECTIONS, -(-stored // MOST_SELECTED)))
    futures: dict[int, Any] = {}
    for numbers in np.array_split(list(tasks), selections):
        selection = cluster.submit(chosen, {int(number): tasks[number] for number in numbers})
        futures |= {int(number): cluster.submit(one_of, selection, int(number)) for number in numbers}
    return dict(sorted(futures.items()))


def _measured_alike(cluster: Cluster, tasks: dict[int, Task], selected: Mapping[int, Any]) -> dict[int, Any]:
    """Return futures of all parts.

    If the bars of one part have holes, the others are measured as if theirs had, so that all run the same loops.
    """
    futures = {number: cluster.submit(measured, task, selected[number]) for number, task in tasks.items()}
    checks = [cluster.submit(is_spanned, each) for each in futures.values()]
    spanned = dict(zip(futures, cluster.results(checks, "parts measured"), strict=True))
    if any(spanned.values()):
        for number, has_holes in spanned.items():
            if not has_holes:
                futures[number] = cluster.submit(measured, replace(tasks[number], spanned=True), selected[number])
    return futures


def _warn_once(parts: list[Outline]) -> None:
    """Repeat the warnings of the parts, each once."""
    notes = Counter(note for part in parts for note in part.notes)
    for note in list(notes)[:_MOST_NOTES]:
        warn(note)
    if len(notes) > _MOST_NOTES:
        warn(f"{len(notes) - _MOST_NOTES} more warnings from parts of this study")
