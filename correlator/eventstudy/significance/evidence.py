"""All that the tests across events need of the events, in one way for a few of them and for millions.

Events pass by in blocks, three times: values, moments, residuals (see ``sums``). Everything is numpy but the ranks,
which a compiled loop takes over where ``engine`` says so; then blocks run on all processors, in an order that keeps the
bars and sums of neighbouring dates in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from correlator.errors import StudyError
from correlator.eventstudy.engines import compiled, runs_compiled
from correlator.eventstudy.significance.arrays import Array, Columns, Rows, StudyArrays
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


class _Residuals(NamedTuple):
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
class _Study:
    """The events, the ``order`` they pass by in, which can meet (``at``), their ``date`` (E,) among all, and whether
    compiled loops run.
    """

    arrays: StudyArrays
    columns: Columns
    order: Rows
    at: Neighbours
    date: Rows
    fast: bool


def evidence_of(arrays: StudyArrays, engine: str = "auto") -> Evidence:
    """The evidence of two and more events; raises StudyError for fewer."""
    if len(arrays) < 2:
        raise StudyError(
            f"{len(arrays)} event has no cross-section, so no statistic across events",
            hint="read ar and car: they carry standard errors, t and p for one event",
        )
    fast = runs_compiled(len(arrays), engine) and arrays.length <= LONGEST
    columns = arrays.columns
    date = np.unique(arrays.event_dates, return_inverse=True)[1]
    order = _order(arrays) if fast else np.arange(len(arrays))
    neighbours = neighbours_of(arrays, columns)
    warn_of_sums(arrays, neighbours)
    study = _Study(arrays, columns, order, neighbours, date, fast)
    threads = thread_count() if len(arrays) >= _WORTH_THREADS else 1
    with ThreadPoolExecutor(threads) as pool, np.errstate(divide="ignore", invalid="ignore"):
        return _passes(study, _spans(len(arrays), threads), pool.map if threads > 1 else map)


def _passes(study: _Study, spans: list[Rows], each: Each) -> Evidence:
    arrays, columns, at = study.arrays, study.columns, study.at
    known = Known(len(arrays), columns, {})
    for stage in ("values", "moments", "deviations"):
        more: dict[str, Array] = reduce(_added, each(partial(_values, stage, study, known), spans))
        known = Known(len(arrays), columns, {**known.sums, **more})
    signed = wilcoxon_of_many(arrays, spans, each) if study.fast else wilcoxon(arrays)
    total = reduce(_together, each(partial(_residuals, study, known), spans))
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


def _values(stage: str, study: _Study, known: Known, span: Rows) -> dict[str, Array]:
    """The sums of a stage that reads values alone, over the events of ``span``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        blocks = (Block(study.arrays, slice(*part), study.columns) for part in _parts(span, _VALUES))
        sums: dict[str, Array] = {}
        for block in blocks:
            sums = _added(sums, {name: add(block, known) for name, add in SUMS[stage].items()})
        return sums


def _residuals(study: _Study, known: Known, span: Rows) -> _Residuals:
    """What the residuals of the events of ``span`` add up to."""
    arrays, columns, at = study.arrays, study.columns, study.at
    size = len(columns.bars)
    dates = int(study.date.max()) + 1
    ranks, add = no_ranks(arrays.length, columns.days, size), compiled_ranks if study.fast else numpy_ranks
    by_date = compiled(add_values) if study.fast else add_values
    by_group = compiled(add_by_date) if study.fast else add_by_date
    summed, own = np.zeros((len(at.dates), at.span)), np.zeros(1)
    dated = DateSums(np.zeros((dates, size)), np.zeros((dates, size)))
    sums: dict[str, Array] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for part in _parts(span, _RESIDUALS):
            rows = study.order[slice(*part)]
            block = Block(arrays, rows, columns)
            sums = _added(sums, {name: make(block, known) for name, make in SUMS["residuals"].items()})
            limits = block.scaled * (block.sigma[:, None] / known.scaled_sd)
            add(Ranked(block.e, block.used, block.daily, limits), ranks)
            by_date(block.x, study.date[rows], dated)
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
    return _Residuals(sums, ranks, summed, own, *dated)


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


def _together(a: _Residuals, b: _Residuals) -> _Residuals:
    arrays = (x + y for x, y in zip(a[2:], b[2:], strict=True))
    return _Residuals(_added(a.sums, b.sums), a.ranks.plus(b.ranks), *arrays)


def _spans(events: int, threads: int) -> list[Rows]:
    """Ranges of as many events each, one per thread."""
    cuts = [events * part // threads for part in range(threads + 1)]
    return [np.array([a, b]) for a, b in pairwise(cuts) if b > a]


def _parts(span: Rows, size: int) -> Iterator[tuple[int, int]]:
    for start in range(int(span[0]), int(span[1]), size):
        yield start, min(start + size, int(span[1]))


def _order(arrays: StudyArrays) -> Rows:
    """By some dates together."""
    return np.asarray(np.argsort(_small(arrays.event_dates // _DATES_TOGETHER), kind="stable"))


def _small(values: Rows) -> NDArray[Any]:
    """``values`` in 16 bits where they fit, which numpy sorts by counting."""
    return values.astype(np.uint16) if values.min() >= 0 and values.max() < 1 << 16 else values
