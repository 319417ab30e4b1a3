"""A study of a store on a cluster: each task reads the bars of one bucket of symbols, and measures their events."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Unpack

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.buckets import parts_of
from correlator.cluster import Cluster
from correlator.errors import CorrelatorWarning, InputError, warn
from correlator.eventstudy.benchmark import EQUAL_WEIGHTED, benchmark_of_exchange
from correlator.eventstudy.engines import runs_compiled
from correlator.eventstudy.frames import Panel
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.placement import day_labels
from correlator.eventstudy.result import StudyResult
from correlator.eventstudy.spec import DAILY, DROP, SYNTHETIC, StoreKeywords, StudySpec, shows_options
from correlator.eventstudy.spread import (
    Measured,
    Part,
    SpreadResult,
    is_spanned,
    joined_estimates,
    joined_excluded,
    told,
)
from correlator.eventstudy.windows import OffsetWindow
from correlator.research.benchmark import benchmark_of
from correlator.research.flagged_bars import study_findings, warn_of_flagged_bars, with_findings
from correlator.research.panel import daily_labels, exchanges_of, stored_panel
from correlator.research.selection import events_of_nobody
from correlator.research.study import Market, chosen_events, market_events, spec_and_data, symbols_asked, with_data
from correlator.store.address import is_lake
from correlator.store.db import Store
from correlator.tabular import Frame

_MOST_NOTES = 6
_MEASURED = ("event_id", "symbol", "date", "day_zero_reason")
"""Columns of events by which they are placed and named; the others stay with the caller."""


@dataclass(frozen=True)
class Source:
    """One state of a store that every task reads: its address, and of a lake the commit."""

    address: str
    commit: int | None

    @classmethod
    def of(cls, store: Store) -> Source:
        """The store as it is now."""
        address = store.address if "://" in store.address else os.path.abspath(store.address)
        if not is_lake(address):
            return cls(address, None)
        from correlator.store.lake import Lake

        return cls(address, Lake(address).newest)

    def open(self) -> Store:
        """The store in that state; a worker's tasks share it, and what it knows of the lake's files."""
        return _opened(self)


@lru_cache(maxsize=4)
def _opened(source: Source) -> Store:
    store = Store(source.address)
    if source.commit:
        from correlator.store.lake import Lake

        store.engine = Lake(source.address, commit=source.commit)
    return store


@dataclass(frozen=True)
class Task:
    """What a worker needs to measure the ``events`` (of all the ``positions``) of some ``symbols`` (``columns``)."""

    source: Source
    spec: StudySpec
    exchange: str
    labels: pl.Series
    symbols: tuple[str, ...]
    columns: NDArray[np.int64]
    events: pl.DataFrame
    positions: NDArray[np.int64]
    findings: pl.DataFrame | None
    factors: Frame | None
    risk_free: str | Frame | None
    spanned: bool = False


def measured(task: Task) -> Part:
    """Read the bars of the task's symbols and measure its events; runs on a worker."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CorrelatorWarning)
        panel, result = _bars(task), None
        if len(task.events):
            result = study_panel(panel, task.events, task.spec)
            warn_of_flagged_bars(result, {task.exchange: task.findings})
    notes = tuple(str(each.message) for each in caught if issubclass(each.category, CorrelatorWarning))
    return Part(panel, task.columns, task.positions, result, notes)


def _bars(task: Task) -> Panel:
    spec = task.spec
    with task.source.open().studying() as connection:
        panel = stored_panel(connection, task.symbols, task.exchange, spec, labels=task.labels)
    panel = with_data(with_findings(panel, task.findings, spec), spec, task.factors, task.risk_free)
    if task.spanned and panel.spans is None:
        panel = replace(panel, spans=np.ones(panel.returns.shape, dtype=np.int16))
    return panel


class DaskParts:
    """Parts that workers hold (see ``Parts``); a lost one is measured again from its task."""

    def __init__(self, cluster: Cluster, futures: Mapping[int, Any]) -> None:
        self._cluster = cluster
        self._futures = futures

    def each(self, function: Callable[..., Any], arguments: Mapping[int, tuple[Any, ...]]) -> Iterator[Any]:
        """See ``Parts.each``."""
        futures = [self._cluster.submit(function, self._futures[number], *given) for number, given in arguments.items()]
        return self._cluster.results(futures, "parts")

    def everywhere(self, function: Callable[[Part], Any]) -> Iterator[Any]:
        """See ``Parts.everywhere``."""
        return self.each(function, dict.fromkeys(self._futures, ()))


@shows_options(StoreKeywords)
def cluster_study(
    store: Store, cluster: Cluster, symbols: str | Sequence[str] | None = None, **options: Unpack[StoreKeywords]
) -> SpreadResult:
    """``study`` by the workers of ``cluster``, such as ``cluster_at("local")`` gives: the same bytes.

    Arguments, warnings and errors as ``study``, and InputError for what needs all bars at once.

    Examples
    --------
    >>> with cluster_at("local") as cluster:  # doctest: +SKIP
    ...     cluster_study(store, cluster, benchmark="SPX").frame("significance")
    """
    spec, data = spec_and_data(symbols, options)
    result = run_cluster_study(store, spec, cluster, **data)
    if nothing := result.why_nothing():
        warn(f"{nothing} (read result.excluded)")
    return result


def run_cluster_study(
    store: Store,
    spec: StudySpec,
    cluster: Cluster,
    *,
    factors: Frame | None = None,
    risk_free: str | Frame | None = None,
) -> SpreadResult:
    """The study that ``run_study`` makes, by ``cluster``: the same bytes, its bars in no process at once.

    Raises as ``run_study`` does, and InputError for what needs all bars at once.
    """
    _refuse_whole(spec)
    source = Source.of(store)
    pinned = source.open()
    with pinned.studying() as connection:
        nobody = events_of_nobody(connection, selection=spec.events, links=spec.links, as_of=spec.as_of)
        market = _light_market(connection, spec)
        events, repeated, domestic = chosen_events(market_events(connection, market), spec)
    named, symbols = market.spec, market.panel.symbols
    studied = set(events["symbol"].unique())
    findings = study_findings(pinned, [symbol for symbol in symbols if symbol in studied], named)
    light = market.panel if spec.flagged == DROP else with_findings(market.panel, findings, named)
    engine = "compiled" if runs_compiled(len(events), spec.engine) else "numpy"
    base = Task(
        source=source,
        spec=replace(named, engine=engine, by=()),
        exchange=market.exchange,
        labels=light.labels,
        symbols=(),
        columns=np.empty(0, dtype=np.int64),
        events=events.clear(),
        positions=np.empty(0, dtype=np.int64),
        findings=findings,
        factors=factors,
        risk_free=risk_free,
    )
    tasks = _tasks(base, symbols, events.select([name for name in _MEASURED if name in events.columns]))
    futures, parts = _measured_alike(cluster, tasks)
    _retell(parts)
    excluded = joined_excluded(parts)
    others = [frame.cast({"session": excluded["session"].dtype}) for frame in (repeated, domestic, nobody)]
    told_of_all = StudyResult(
        estimates=joined_estimates(parts),
        panel=replace(light, factor_names=parts[0].factor_names, benchmark_note=parts[0].benchmark_note),
        events=events,
        spec=replace(spec, benchmark=named.benchmark),
        excluded=pl.concat([excluded, *others], how="vertical_relaxed"),
        day_labels=day_labels(spec.window, light.labels),
        car_columns=parts[0].car_columns,
    )
    return SpreadResult(told_of_all, DaskParts(cluster, futures), engine, parts[0].bars)


def _refuse_whole(spec: StudySpec) -> None:
    """Raise InputError for what a part of the symbols cannot be measured by."""
    why = ""
    if spec.interval != DAILY:
        why = f"bars of {spec.interval}"
    elif spec.model == SYNTHETIC:
        why = "synthetic controls"
    elif not all(isinstance(each, OffsetWindow) for each in (spec.estimation, spec.window)):
        why = "windows of dates"
    if why:
        raise InputError(f"{why} are not studied on a cluster", hint="leave the cluster out")


def _light_market(connection: duckdb.DuckDBPyConnection, spec: StudySpec) -> Market:
    """The market of the symbols without its bars."""
    by_exchange = exchanges_of(connection, symbols_asked(connection, spec.symbols))
    if len(by_exchange) > 1:
        raise InputError(
            f"symbols trade on several exchanges ({', '.join(by_exchange)})",
            hint="on a cluster study one exchange at a time",
        )
    ((exchange, names),) = by_exchange.items()
    chosen = benchmark_of(connection, names, benchmark_of_exchange(spec.benchmark, exchange), spec.model)
    if chosen == EQUAL_WEIGHTED:
        raise InputError(
            "a mean of all shares is not a benchmark on a cluster: every task would read all bars",
            hint="name a symbol",
            argument="benchmark",
        )
    labels = daily_labels(connection, [*names, *([chosen] if chosen else [])], exchange, spec.as_of)
    nothing = np.broadcast_to(np.nan, (len(labels), len(names)))
    return Market(exchange, replace(spec, benchmark=chosen), Panel(labels, tuple(names), nothing))


def _tasks(base: Task, symbols: tuple[str, ...], events: pl.DataFrame) -> dict[int, Task]:
    """A task for every bucket that has a symbol, by its number."""
    part = parts_of(symbols)
    places = {symbol: column for column, symbol in enumerate(symbols)}
    columns = events["symbol"].replace_strict(places, default=-1, return_dtype=pl.Int64).to_numpy()
    of_event = np.where(columns >= 0, part[columns], int(part[0]))
    tasks = {}
    for number in np.unique(part).tolist():
        own, mine = np.flatnonzero(part == number), np.flatnonzero(of_event == number)
        names = tuple(symbols[column] for column in own.tolist())
        tasks[number] = replace(base, symbols=names, columns=own, events=events[mine], positions=mine)
    return tasks


def _measured_alike(cluster: Cluster, tasks: dict[int, Task]) -> tuple[dict[int, Any], list[Measured]]:
    """Futures of all parts, and what those with events tell.

    Where bars of one part have holes, those of the others are measured as if they might: loops take the same steps.
    """
    futures = {number: cluster.submit(measured, task) for number, task in tasks.items()}
    spanned = dict(
        zip(
            futures,
            cluster.results([cluster.submit(is_spanned, each) for each in futures.values()], "parts measured"),
            strict=True,
        )
    )
    if any(spanned.values()):
        for number, has in spanned.items():
            if not has:
                futures[number] = cluster.submit(measured, replace(tasks[number], spanned=True))
    asked = [cluster.submit(told, futures[number]) for number, task in tasks.items() if len(task.events)]
    return futures, list(cluster.results(asked, "estimates"))


def _retell(parts: list[Measured]) -> None:
    """Warn of what the parts warned of, each once."""
    notes = Counter(note for part in parts for note in part.notes)
    for note in list(notes)[:_MOST_NOTES]:
        warn(note)
    if len(notes) > _MOST_NOTES:
        warn(f"{len(notes) - _MOST_NOTES} more warnings of parts of this study")
