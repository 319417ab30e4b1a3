"""Compute the sums over events that the tests across events need, for a few events or for millions.

Events are processed in blocks: their values, the moments of these, their residuals (see ``sums``). Sums are in numpy;
if ``engine`` says so, compiled loops replace those that they implement, blocks run on all processors, and events are
ordered so that the bars and sums of neighbouring dates stay in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from correlator.base.limits import thread_count
from correlator.errors import StudyError
from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.request.engines import runs_compiled
from correlator.eventstudy.significance.arrays import StudyArrays
from correlator.eventstudy.significance.cross_correlation import (
    Neighbours,
    add_by_date,
    date_correlations,
    neighbours_of,
    pair_correlations,
    warn_of_sums,
)
from correlator.eventstudy.significance.ranks import Ranked, RankSums, numpy_ranks
from correlator.eventstudy.significance.residual_look import constants_of, empty_sums, look_at_residuals
from correlator.eventstudy.significance.residual_loops import LONGEST, Looked, Meeting
from correlator.eventstudy.significance.signed_ranks import Each, keys_of, wilcoxon
from correlator.eventstudy.significance.sums import SUMS, Block, Known, Sum
from correlator.eventstudy.significance.value_loops import look_at_values, moments_of, shift_of, values_of

T = TypeVar("T")

_VALUES, _RESIDUALS = 1_024, 256
"""Events in a block of values, and of residuals: these fit the processor's cache."""
_SPAN = 16 * _VALUES
"""Events in a range that a thread processes at once."""
_DATES_TOGETHER = 64
"""Dates whose events are processed together: their bars and sums fit the cache."""
_WORTH_THREADS = 20_000


@dataclass(frozen=True)
class Evidence(Known):
    """Sums of every stage and ``ranks``; ``correlation`` (K,): mean correlation of residuals over pairs of events with
    a value; ``signed_rank``, ``signed_rank_p`` (K,); ``date_totals``, ``date_n`` (G, K): sum and number of values by
    event date.
    """

    ranks: RankSums
    correlation: Array
    signed_rank: Array
    signed_rank_p: Array
    date_totals: Array
    date_n: Array


class ResidualSums(NamedTuple):
    """The sums over one range of events in the last pass: ``sums`` by name, the others as in ``Looked``."""

    sums: dict[str, Array]
    ranks: RankSums
    summed: Array
    own: Array
    date_totals: Array
    date_n: Array


@dataclass(frozen=True)
class Around:
    """The context of the last pass: ``known`` sums so far, ``at`` the events that can overlap, ``fast`` whether
    compiled loops run. For every calendar row from ``first`` on: ``date``, its position among the event dates, and
    ``group``, its position among those of ``at``, -1 for none.
    """

    known: Known
    at: Neighbours
    first: int
    date: Rows
    group: Rows
    fast: bool

    @property
    def dates(self) -> int:
        """Number of event dates."""
        return int(self.date[-1]) + 1

    def groups(self, arrays: StudyArrays, rows: Rows) -> Rows:
        """Return ``group`` (B,) of the events ``rows``."""
        return self.group[arrays.event_dates[rows] - self.first]

    def meeting(self, arrays: StudyArrays, rows: Rows) -> Meeting:
        """Return where the sums by date of the events ``rows`` are, for residuals on consecutive rows."""
        date, group = self.date[arrays.event_dates[rows] - self.first], self.groups(arrays, rows)
        if not len(self.at.dates) or arrays.residual_rows is not None:
            return Meeting(date, np.full(len(rows), -1), date)
        return Meeting(date, group, arrays.residual_first[rows] - self.at.start[group])


Ranges = Callable[[StudyArrays], Iterable[Rows]]
"""Splits events into ranges, none of which crosses the border of a part."""


class Spread(Protocol):
    """Where the data of the events are, part by part; the caller's ``arrays`` may have only their dates."""

    def over(self, ranges: Ranges, work: Callable[..., T], *arguments: Any) -> Iterable[T]:
        """Return ``work(arrays, *arguments, rows)`` for every range, in order."""

    def with_residuals(self, arrays: StudyArrays, events: Rows) -> StudyArrays:
        """Return ``arrays`` with the residuals of the sorted ``events``."""


@dataclass(frozen=True)
class Here:
    """A ``Spread`` with all events in ``arrays``."""

    arrays: StudyArrays
    each: Each

    def over(self, ranges: Ranges, work: Callable[..., T], *arguments: Any) -> Iterable[T]:
        """See ``Spread``."""
        return self.each(partial(work, self.arrays, *arguments), ranges(self.arrays))

    def with_residuals(self, arrays: StudyArrays, events: Rows) -> StudyArrays:  # noqa: ARG002 (they are there)
        """See ``Spread``."""
        return arrays


def evidence_of(arrays: StudyArrays, engine: str = "auto", *, spread: Spread | None = None) -> Evidence:
    """Return the evidence of two or more events; raises StudyError for fewer.

    Sums are computed in ranges of events that do not depend on the number of threads or machines. ``spread``: where the
    events are, if not in ``arrays``, which then have only their parts, dates and numbers of residuals.
    """
    if len(arrays) < 2:
        raise StudyError(
            f"{len(arrays)} event has no cross-section, so there is no statistic across events",
            hint="read ar and car: they have standard errors, t and p for one event",
        )
    fast = runs_compiled(len(arrays), engine) and arrays.length <= LONGEST
    threads = thread_count() if len(arrays) >= _WORTH_THREADS else 1
    with ThreadPoolExecutor(threads) as pool, np.errstate(divide="ignore", invalid="ignore"):
        each, arrays = pool.map if threads > 1 else map, arrays.by_part()
        return _passes(arrays, fast, each, spread or Here(arrays, each))


def _passes(arrays: StudyArrays, fast: bool, each: Each, spread: Spread) -> Evidence:
    known = _first_passes(arrays, fast, spread)
    columns, pairs_of_all = known.columns, len(arrays) * (len(arrays) - 1) / 2
    signed = wilcoxon(arrays, lambda some: spread.over(_in_rows, keys_of, some, fast), fast, each)
    at = neighbours_of(arrays, columns)
    warn_of_sums(arrays, at)
    if at.near:
        arrays = spread.with_residuals(arrays, np.sort(np.concatenate(at.near)))
    around = _around(arrays, known, at, fast)
    total = reduce(_together, spread.over(StudyArrays.parts if fast else _spans, _residuals, around))
    pairs = [pair_correlations(arrays, columns, members) for members in at.near]
    correlation = np.sum(pairs, axis=0) / (known.n * (known.n - 1) / 2) if pairs else np.zeros(len(columns.bars))
    if len(at.dates):
        correlation += date_correlations(total.summed, float(total.own[0]), at, columns, each=each) / pairs_of_all
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


def _first_passes(arrays: StudyArrays, fast: bool, spread: Spread) -> Known:
    """Return the sums of the stages that use only values."""
    columns = arrays.columns
    sums: dict[str, Array] = {}
    if fast:
        shift = next(iter(spread.over(_head, _shift)))
        sums = moments_of(reduce(np.add, spread.over(_spans, _first_look, shift)), shift)
    for stage in ("values", "moments"):
        asked = {name: add for name, add in SUMS[stage].items() if name not in sums}
        if asked:
            known = Known(len(arrays), columns, sums)
            more: dict[str, Array] = reduce(_added, spread.over(_spans, _values, asked, known))
            sums = {**sums, **more}
    return Known(len(arrays), columns, sums)


def _shift(arrays: StudyArrays, rows: Rows) -> Array:
    return shift_of(replace(arrays, chosen=rows))


def _head(arrays: StudyArrays) -> list[Rows]:
    return arrays.parts()[:1]


def _spans(arrays: StudyArrays) -> list[Rows]:
    return [span for part in arrays.parts() for span in _blocks(part, _SPAN)]


def _in_rows(arrays: StudyArrays) -> Iterator[Rows]:
    """Return ranges of the events in memory order, for data that are sorted later."""
    tested = np.zeros(len(arrays.ar), dtype=np.bool_)
    tested[arrays.events] = True
    return _blocks(np.flatnonzero(tested), _SPAN)


def _first_look(arrays: StudyArrays, shift: Array, span: Rows) -> Array:
    return np.asarray(sum(look_at_values(arrays, shift, rows) for rows in _blocks(span, _VALUES)))


def _values(arrays: StudyArrays, asked: Mapping[str, Sum], known: Known, span: Rows) -> dict[str, Array]:
    """Return the sums ``asked`` for, which use only values, over the events of ``span``."""
    sums: dict[str, Array] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for rows in _blocks(span, _VALUES):
            block = Block(arrays, rows, known.columns)
            sums = _added(sums, {name: add(block, known) for name, add in asked.items()})
    return sums


def _residuals(arrays: StudyArrays, around: Around, order: Rows) -> ResidualSums:
    """Return the sums over the residuals of the events, processed in this ``order``."""
    known, at = around.known, around.at
    out = empty_sums(
        (arrays.length, known.columns.days, len(known.columns.bars)), around.dates, (len(at.dates), at.span)
    )
    looked = set(Looked._fields) if around.fast else set()
    asked = {name: make for name, make in SUMS["residuals"].items() if name not in looked}
    more: dict[str, Array] = {}
    order = _ordered(arrays, order) if around.fast else order
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
                _add_by_date(block, around, out)
            more = _added(more, {name: make(block, known) for name, make in asked.items()})
    sums = {name: getattr(out, name) for name in SUMS["residuals"] if name in looked}
    return ResidualSums({**sums, **more}, out.ranks, out.summed, out.own, out.date_totals, out.date_n)


def _plain_look(block: Block, known: Known, meeting: Meeting, out: Looked) -> None:
    """Add to ``out`` ranks and values by date."""
    limits = block.scaled * (block.sigma[:, None] / known.scaled_sd)
    numpy_ranks(Ranked(block.e, block.used, block.daily, limits), out.ranks)
    np.add.at(out.date_totals, meeting.date, np.where(block.present, block.x, 0.0))
    np.add.at(out.date_n, meeting.date, block.present.astype(np.float64))


def _add_by_date(block: Block, around: Around, out: Looked) -> None:
    """Add residuals to the sums of their dates."""
    group = around.groups(block.arrays, block.rows)
    unit = np.where(block.squares > 0, 1.0 / np.sqrt(block.squares), 0.0)
    columns = block.arrays.rows_of_residuals(block.rows) - around.at.start[group][:, None]
    add_by_date(block.centred, unit, (group, columns), out.summed)
    out.own[:] += np.where(group >= 0, block.squares * unit**2, 0.0).sum()


def _added(sums: dict[str, Array], more: dict[str, Array]) -> dict[str, Array]:
    return {name: sums[name] + value if sums else value for name, value in more.items()}


def _together(a: ResidualSums, b: ResidualSums) -> ResidualSums:
    """Return the sums of both, reusing the memory of ``a``."""
    for x, y in zip(a[2:], b[2:], strict=True):
        x += y
    return a._replace(sums=_added(a.sums, b.sums), ranks=a.ranks.plus(b.ranks))


def _blocks(events: Rows, size: int) -> Iterator[Rows]:
    """Yield ``events`` in blocks of ``size``; the last may be shorter."""
    for start in range(0, len(events), size):
        yield events[start : start + size]


def _around(arrays: StudyArrays, known: Known, at: Neighbours, fast: bool) -> Around:
    """Return the context of the last pass, small enough to be sent to every part."""
    dates = arrays.event_dates[arrays.events]
    first = int(dates.min())
    date: Rows = np.cumsum(np.bincount(dates - first) > 0) - 1
    group = np.full(len(date), -1, dtype=np.int64)
    group[at.dates - first] = np.arange(len(at.dates))
    return Around(known, replace(at, near=[], group=group[:0]), first, date, group, fast)


def _ordered(arrays: StudyArrays, part: Rows) -> Rows:
    """Return the events of a part in the order for compiled loops: by blocks of dates, then by number of residuals."""
    for values in (arrays.n, arrays.event_dates // _DATES_TOGETHER):
        part = part[np.argsort(_small(values[part]), kind="stable")]
    return part


def _small(values: Rows) -> NDArray[Any]:
    """Return ``values`` in 16 bits if they fit, which numpy sorts by counting."""
    return values.astype(np.uint16) if values.min() >= 0 and values.max() < 1 << 16 else values
