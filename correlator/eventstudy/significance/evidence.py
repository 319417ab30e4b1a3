"""All that the tests across events need of the events, in one way for a few of them and for millions.

Events pass by in blocks: their values, the moments of these, their residuals (see ``sums``). Sums are numpy; where
``engine`` says so, compiled loops take over those that they know, blocks run on all processors, and events come in an
order that keeps the bars and sums of neighbouring dates in the cache.
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
from correlator.eventstudy.engines import runs_compiled
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
from correlator.eventstudy.significance.ranks import Ranked, RankSums, numpy_ranks
from correlator.eventstudy.significance.residual_loops import (
    LONGEST,
    Looked,
    Meeting,
    constants_of,
    look_at_residuals,
    nothing_looked_at,
)
from correlator.eventstudy.significance.signed_ranks import Each, wilcoxon, wilcoxon_of_many
from correlator.eventstudy.significance.sums import SUMS, Block, Known, Sum
from correlator.eventstudy.significance.value_loops import look_at_values, moments_of, shift_of, values_of
from correlator.limits import thread_count

_VALUES, _RESIDUALS = 1_024, 256
"""Events of a block: their values, or their residuals, fit the processor's cache."""
_SPAN = 16 * _VALUES
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
    """What one range of events adds up to in the last pass: ``sums`` by name, the others as ``Looked`` has them."""

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

    def meeting(self, arrays: StudyArrays, rows: Rows) -> Meeting:
        """Where the sums by date of the events ``rows`` are, for residuals that follow one another."""
        date, group = self.date[rows], self.at.group[rows]
        if not len(self.at.dates) or arrays.residual_rows is not None:
            return Meeting(date, np.full(len(rows), -1), date)
        return Meeting(date, group, arrays.residual_first[rows] - self.at.start[group])


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
    known = _first_passes(arrays, fast, each)
    columns, pairs_of_all = known.columns, len(arrays) * (len(arrays) - 1) / 2
    signed = wilcoxon_of_many(arrays, each) if fast else wilcoxon(arrays)
    at = neighbours_of(arrays, columns)
    warn_of_sums(arrays, at)
    date, dates = _dates(arrays)
    around = Around(known, at, date, dates, fast)
    parts = each(partial(_residuals, arrays, around), _ordered(arrays, fast)) if spread is None else spread(around)
    total = reduce(_together, parts)
    pairs = [pair_correlations(arrays, columns, members) for members in at.near]
    correlation = np.sum(pairs, axis=0) / (known.n * (known.n - 1) / 2) if pairs else np.zeros(len(columns.bars))
    if len(at.dates):
        correlation += date_correlations(total.summed, float(total.own[0]), at, columns) / pairs_of_all
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


def _first_passes(arrays: StudyArrays, fast: bool, each: Each) -> Known:
    """The sums of the stages that read values alone."""
    columns, spans = arrays.columns, list(_blocks(arrays.events, _SPAN))
    sums: dict[str, Array] = {}
    if fast:
        shift = shift_of(arrays)
        sums = moments_of(reduce(np.add, each(partial(_first_look, arrays, shift), spans)), shift)
    for stage in ("values", "moments"):
        asked = {name: add for name, add in SUMS[stage].items() if name not in sums}
        if asked:
            known = Known(len(arrays), columns, sums)
            more: dict[str, Array] = reduce(_added, each(partial(_values, asked, arrays, known), spans))
            sums = {**sums, **more}
    return Known(len(arrays), columns, sums)


def _first_look(arrays: StudyArrays, shift: Array, span: Rows) -> Array:
    return np.asarray(sum(look_at_values(arrays, shift, rows) for rows in _blocks(span, _VALUES)))


def _values(asked: Mapping[str, Sum], arrays: StudyArrays, known: Known, span: Rows) -> dict[str, Array]:
    """The sums ``asked`` for, of values alone, over the events of ``span``."""
    sums: dict[str, Array] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for rows in _blocks(span, _VALUES):
            block = Block(arrays, rows, known.columns)
            sums = _added(sums, {name: add(block, known) for name, add in asked.items()})
    return sums


def residual_sums(arrays: StudyArrays, around: Around) -> ResidualSums:
    """What the residuals of one part of the events add up to; ``around`` is of these events."""
    return _residuals(arrays, around, np.concatenate(list(_ordered(replace(arrays, part=None), around.fast))))


def _residuals(arrays: StudyArrays, around: Around, order: Rows) -> ResidualSums:
    """What the residuals of the events of ``order`` add up to, which pass by in this order."""
    known, at = around.known, around.at
    out = nothing_looked_at(
        (arrays.length, known.columns.days, len(known.columns.bars)), around.dates, (len(at.dates), at.span)
    )
    looked = set(Looked._fields) if around.fast else set()
    asked = {name: make for name, make in SUMS["residuals"].items() if name not in looked}
    sums = {name: getattr(out, name) for name in SUMS["residuals"] if name in looked}
    more: dict[str, Array] = {}
    constants, all_meet = constants_of(known), around.meeting(arrays, order)
    with np.errstate(divide="ignore", invalid="ignore"):
        for start in range(0, len(order), _RESIDUALS):
            part = slice(start, start + _RESIDUALS)
            block, meeting = Block(arrays, order[part], known.columns), Meeting(*(each[part] for each in all_meet))
            if around.fast:
                look_at_residuals(block.estimation, values_of(arrays, block.rows), constants, meeting=meeting, out=out)
            else:
                _plain_look(block, known, meeting, out)
            if len(at.dates) and not (around.fast and arrays.residual_rows is None):
                _add_by_date(block, at, out)
            more = _added(more, {name: make(block, known) for name, make in asked.items()})
    return ResidualSums({**sums, **more}, out.ranks, out.summed, out.own, out.date_totals, out.date_n)


def _plain_look(block: Block, known: Known, meeting: Meeting, out: Looked) -> None:
    """Add to ``out`` ranks and values by date."""
    limits = block.scaled * (block.sigma[:, None] / known.scaled_sd)
    numpy_ranks(Ranked(block.e, block.used, block.daily, limits), out.ranks)
    np.add.at(out.date_totals, meeting.date, np.where(block.present, block.x, 0.0))
    np.add.at(out.date_n, meeting.date, block.present.astype(np.float64))


def _add_by_date(block: Block, at: Neighbours, out: Looked) -> None:
    """Add residuals to the sums of their dates."""
    arrays, rows, group = block.arrays, block.rows, at.group[block.rows]
    unit = np.where(block.squares > 0, 1.0 / np.sqrt(block.squares), 0.0)
    if arrays.residual_rows is None:
        where = np.stack([group, arrays.residual_first[rows] - at.start[group]], axis=1)
        add_by_date(block.centred, unit, where, out.summed)
    else:
        add_on_rows(block.centred, unit, (group, arrays.residual_rows[rows] - at.start[group][:, None]), out.summed)
    out.own[:] += np.where(group >= 0, block.squares * unit**2, 0.0).sum()


def _added(sums: dict[str, Array], more: dict[str, Array]) -> dict[str, Array]:
    return {name: sums[name] + value if sums else value for name, value in more.items()}


def _together(a: ResidualSums, b: ResidualSums) -> ResidualSums:
    arrays = (x + y for x, y in zip(a[2:], b[2:], strict=True))
    return ResidualSums(_added(a.sums, b.sums), a.ranks.plus(b.ranks), *arrays)


def _blocks(events: Rows, size: int) -> Iterator[Rows]:
    """``events`` in pieces of ``size``, the last one shorter."""
    for start in range(0, len(events), size):
        yield events[start : start + size]


def _dates(arrays: StudyArrays) -> tuple[Rows, int]:
    """Place (E,) of each event's date among the dates that there are, and their number."""
    date = arrays.event_dates - arrays.event_dates.min()
    place = np.cumsum(np.bincount(date[arrays.events], minlength=int(date.max()) + 1) > 0) - 1
    return place[date], int(place[-1]) + 1


def _ordered(arrays: StudyArrays, fast: bool) -> Iterable[Rows]:
    """The events of each part in the order of the last pass; compiled loops take some dates together, and of these
    events with as many residuals.
    """
    order = arrays.events
    if not fast:
        return _blocks(order, _SPAN)
    keys = [arrays.n, arrays.event_dates // _DATES_TOGETHER]
    for values in keys if arrays.part is None else [*keys, arrays.part]:
        order = order[np.argsort(_small(values)[order], kind="stable")]
    if arrays.part is None:
        return [order]
    return np.split(order, np.flatnonzero(np.diff(arrays.part[order])) + 1)


def _small(values: Rows) -> NDArray[Any]:
    """``values`` in 16 bits where they fit, which numpy sorts by counting."""
    return values.astype(np.uint16) if values.min() >= 0 and values.max() < 1 << 16 else values
