"""All that the tests across events need of the events, in one way for a few of them and for millions.

Events pass by in blocks, three times: values, moments, residuals (see ``sums``). Everything is numpy but the ranks,
which a compiled loop takes over where ``engine`` says so; then blocks run on all processors, in an order that keeps the
bars and sums of neighbouring dates in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from correlator.errors import StudyError
from correlator.eventstudy.engines import compiled, runs_compiled
from correlator.eventstudy.significance.arrays import Array, Rows, StudyArrays
from correlator.eventstudy.significance.cross_correlation import (
    Neighbours,
    add_by_date,
    add_on_rows,
    date_correlations,
    neighbours_of,
    pair_correlations,
    warn_of_sums,
)
from correlator.eventstudy.significance.ranks import LONGEST, Ranked, RankSums, compiled_ranks, no_ranks, numpy_ranks
from correlator.eventstudy.significance.signed_ranks import Each, wilcoxon, wilcoxon_of_many
from correlator.eventstudy.significance.sums import SUMS, Block, Known
from correlator.limits import thread_count

_VALUES, _RESIDUALS = 2_048, 256
"""Events of a block: their values, or their residuals, fit the processor's cache."""
_SPAN = 8 * _VALUES
"""Events of a range that a thread takes at once."""
_DATES_TOGETHER = 32
"""Dates whose events follow one another: their bars and sums fit the cache."""
_WORTH_THREADS = 20_000


@dataclass(frozen=True)
class Evidence(Known):
    """Sums of every stage, ``ranks``, and each (K,) ``correlation``, the mean over pairs of events with a value of
    their residuals' correlation, ``signed_rank`` and ``signed_rank_p``; ``date_totals``, ``date_n`` (G, K) the values'
    sums and number by event date.
    """

    ranks: RankSums
    correlation: Array
    signed_rank: Array
    signed_rank_p: Array
    date_totals: Array
    date_n: Array


class ResidualSums(NamedTuple):
    """What one range of events adds up to in the last pass; ``summed`` (dates, span) and ``own`` (1,) as
    ``date_correlations`` takes them.
    """

    sums: dict[str, Array]
    ranks: RankSums
    summed: Array
    own: Array
    date_totals: Array
    date_n: Array


@dataclass(frozen=True)
class Around:
    """What the last pass knows of all events: sums so far, which events can meet (``at``), the ``date`` (E,) of each
    among ``dates``, and whether compiled loops run.
    """

    known: Known
    at: Neighbours
    date: Rows
    dates: int
    fast: bool

    def of(self, events: Rows) -> Around:
        """The same for some of the events."""
        return replace(self, at=replace(self.at, near=[], group=self.at.group[events]), date=self.date[events])


Spread = Callable[[Around], Iterable[ResidualSums]]
"""Makes the sums of the last pass part after part, in order: the parts of ``StudyArrays.part``."""


def evidence_of(arrays: StudyArrays, engine: str = "auto", *, spread: Spread | None = None) -> Evidence:
    """The evidence of two and more events; raises StudyError for fewer.

    Sums are made in ranges of events whose borders no number of threads or machines moves. ``spread`` makes those of
    the last pass elsewhere, from ``residual_sums`` of each part; ``arrays`` then need the residuals of few events.
    """
    if len(arrays) < 2:
        raise StudyError(
            f"{len(arrays)} event has no cross-section, so no statistic across events",
            hint="read ar and car: they carry standard errors, t and p for one event",
        )
    fast = runs_compiled(len(arrays), engine) and arrays.length <= LONGEST
    threads = thread_count() if len(arrays) >= _WORTH_THREADS else 1
    with ThreadPoolExecutor(threads) as pool, np.errstate(divide="ignore", invalid="ignore"):
        return _passes(arrays, fast, pool.map if threads > 1 else map, spread)


def _passes(arrays: StudyArrays, fast: bool, each: Each, spread: Spread | None) -> Evidence:
    columns, spans = arrays.columns, _spans(len(arrays))
    known = Known(len(arrays), columns, {})
    for stage in ("values", "moments", "deviations"):
        more: dict[str, Array] = reduce(_added, each(partial(_values, stage, arrays, known), spans))
        known = Known(len(arrays), columns, {**known.sums, **more})
    signed = wilcoxon_of_many(arrays, spans, each) if fast else wilcoxon(arrays)
    at = neighbours_of(arrays, columns)
    warn_of_sums(arrays, at)
    days, date = np.unique(arrays.event_dates, return_inverse=True)
    around = Around(known, at, date, len(days), fast)
    parts = each(partial(_residuals, arrays, around), _ordered(arrays, fast)) if spread is None else spread(around)
    total = reduce(_together, parts)
    pairs = [pair_correlations(arrays, columns, members) for members in at.near]
    correlation = np.sum(pairs, axis=0) / (known.n * (known.n - 1) / 2) if pairs else np.zeros(len(columns.bars))
    if len(at.dates):
        correlation += date_correlations(total.summed, float(total.own[0]), at, columns) / (
            len(arrays) * (len(arrays) - 1) / 2
        )
    return Evidence(
        events=len(arrays),
        columns=columns,
        sums={**known.sums, **total.sums},
        ranks=total.ranks,
        correlation=correlation,
        signed_rank=signed[0],
        signed_rank_p=signed[1],
        date_totals=total.date_totals,
        date_n=total.date_n,
    )


def _values(stage: str, arrays: StudyArrays, known: Known, span: Rows) -> dict[str, Array]:
    """The sums of a stage that reads values alone, over the events of ``span``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        blocks = (Block(arrays, slice(*part), known.columns) for part in _parts(span, _VALUES))
        sums: dict[str, Array] = {}
        for block in blocks:
            sums = _added(sums, {name: add(block, known) for name, add in SUMS[stage].items()})
        return sums


def residual_sums(arrays: StudyArrays, around: Around) -> ResidualSums:
    """What the residuals of one part of the events add up to; ``around`` is of these events."""
    return _residuals(arrays, around, np.concatenate(_ordered(replace(arrays, part=None), around.fast)))


def _residuals(arrays: StudyArrays, around: Around, order: Rows) -> ResidualSums:
    """What the residuals of the events of ``order`` add up to, which pass by in this order."""
    columns, at, known = arrays.columns, around.at, around.known
    size = len(columns.bars)
    ranks, add = no_ranks(arrays.length, columns.days, size), compiled_ranks if around.fast else numpy_ranks
    by_date = compiled(add_values) if around.fast else add_values
    by_group = compiled(add_by_date) if around.fast else add_by_date
    summed, own = np.zeros((len(at.dates), at.span)), np.zeros(1)
    dated = DateSums(np.zeros((around.dates, size)), np.zeros((around.dates, size)))
    sums: dict[str, Array] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for part in _parts(np.array([0, len(order)]), _RESIDUALS):
            rows = order[slice(*part)]
            block = Block(arrays, rows, columns)
            sums = _added(sums, {name: make(block, known) for name, make in SUMS["residuals"].items()})
            limits = block.scaled * (block.sigma[:, None] / known.scaled_sd)
            add(Ranked(block.e, block.used, block.daily, limits), ranks)
            by_date(block.x, around.date[rows], dated)
            if len(at.dates):
                unit = np.where(block.squares > 0, 1.0 / np.sqrt(block.squares), 0.0)
                group = at.group[rows]
                if arrays.residual_rows is None:
                    where = np.stack([group, arrays.residual_first[rows] - at.start[group]], axis=1)
                    by_group(block.centred, unit, where, summed)
                else:
                    from_start = arrays.residual_rows[rows] - at.start[group][:, None]
                    add_on_rows(block.centred, unit, (group, from_start), summed)
                own += np.where(group >= 0, block.squares * unit**2, 0.0).sum()
    return ResidualSums(sums, ranks, summed, own, *dated)


class DateSums(NamedTuple):
    """(G, K) by event date: the sum of values, and how many."""

    totals: Array
    n: Array


def add_values(x: Array, date: Rows, into: DateSums) -> None:
    """Add the known values of ``x`` (B, K) to the rows that ``date`` (B,) names."""
    for p in range(len(x)):
        for k in range(x.shape[1]):
            known = x[p, k] == x[p, k]
            into.totals[date[p], k] += x[p, k] if known else 0.0
            into.n[date[p], k] += 1.0 if known else 0.0


def _added(sums: Mapping[str, Array], more: Mapping[str, Array]) -> dict[str, Array]:
    return {name: sums[name] + value if sums else value for name, value in more.items()}


def _together(a: ResidualSums, b: ResidualSums) -> ResidualSums:
    arrays = (x + y for x, y in zip(a[2:], b[2:], strict=True))
    return ResidualSums(_added(a.sums, b.sums), a.ranks.plus(b.ranks), *arrays)


def _spans(events: int) -> list[Rows]:
    """Ranges of events for the passes over values."""
    return [np.array([a, min(a + _SPAN, events)]) for a in range(0, events, _SPAN)]


def _ordered(arrays: StudyArrays, fast: bool) -> list[Rows]:
    """The events of each part in the order of the last pass; compiled loops take some dates together."""
    if not fast:
        return [np.arange(*span) for span in _spans(len(arrays))]
    order = _order(arrays)
    if arrays.part is None:
        return [order]
    part = arrays.part[order]
    by_part = order[np.argsort(part, kind="stable")]
    borders = np.flatnonzero(np.diff(np.sort(part))) + 1
    return np.split(by_part, borders)


def _parts(span: Rows, size: int) -> Iterator[tuple[int, int]]:
    for start in range(int(span[0]), int(span[1]), size):
        yield start, min(start + size, int(span[1]))


def _order(arrays: StudyArrays) -> Rows:
    """By some dates together."""
    return np.asarray(np.argsort(_small(arrays.event_dates // _DATES_TOGETHER), kind="stable"))


def _small(values: Rows) -> NDArray[Any]:
    """``values`` in 16 bits where they fit, which numpy sorts by counting."""
    return values.astype(np.uint16) if values.min() >= 0 and values.max() < 1 << 16 else values
