"""Groups of events in parts, and the tests across them: sums travel, and of an event its day 0 and number of bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import polars as pl

from correlator.eventstudy.panel.frames import Rows
from correlator.eventstudy.parts.parts import Part, Parts
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.request.windows import OffsetWindow
from correlator.eventstudy.results.result_frames import group_keys
from correlator.eventstudy.significance.arrays import Shipped, StudyArrays, study_arrays
from correlator.eventstudy.significance.evidence import Ranges

T = TypeVar("T")
_FIRST = ("known_at", "event_id", "symbol")
"""The order of events, by which groups come as they first appear."""


@dataclass(frozen=True)
class OwnGroup:
    """The observations of a group in one part: of each its ``day_zero`` and ``bars`` used, (N,) in 32 bits."""

    day_zero: Any
    bars: Any


@dataclass(frozen=True)
class Group:
    """A group over all parts: of each part that has some of it, by number, which of the part's groups it is, and its
    observations there.
    """

    places: Mapping[int, int]
    own: Mapping[int, OwnGroup]

    def __len__(self) -> int:
        return sum(len(each.day_zero) for each in self.own.values())


def groups_over(parts: Parts, numbers: Iterable[int], by: tuple[str, ...]) -> list[tuple[dict[str, Any], Group]]:
    """The groups of the events of the parts ``numbers``, in the order in which they first appear."""
    asked = list(numbers)
    of_parts = dict(zip(asked, parts.each(_groups_of, dict.fromkeys(asked, ())), strict=True))
    own = {number: groups for number, (groups, _) in of_parts.items()}
    if not by:
        return [({}, Group(dict.fromkeys(asked, 0), {number: groups[0] for number, groups in own.items()}))]
    named = pl.concat([frame.with_columns(part=number) for number, (_, frame) in of_parts.items()])
    first = [f"first {name}" for name in _FIRST]
    ordered = named.sort(first, maintain_order=True).group_by(by, maintain_order=True).agg("part", "place")
    groups = []
    for row in ordered.iter_rows(named=True):
        places = dict(sorted(zip(row.pop("part"), row.pop("place"), strict=True)))
        groups.append((row, Group(places, {number: own[number][place] for number, place in places.items()})))
    return groups


def _groups_of(part: Part) -> tuple[list[OwnGroup], pl.DataFrame]:
    """The part's groups, and a row for each: its values, its place, and what its first event is sorted by."""
    known = part.known
    estimates, rows = known.estimates, known.observed_rows()
    own = [OwnGroup(estimates.day_zero[each].astype(np.int32), estimates.n[each].astype(np.int32)) for _, each in rows]
    if not known.spec.by:
        return own, pl.DataFrame()
    keys = group_keys(estimates, known.panel, known.events, known.spec.by)
    keys = keys.with_columns(pl.col(pl.Enum).cast(pl.String))  # other parts have other ones
    named = keys.group_by(known.spec.by, maintain_order=True).agg(pl.col("position").first())
    firsts = known.events[estimates.kept[named["position"].to_numpy()]].with_columns(pl.col("symbol").cast(pl.String))
    return own, named.select(
        *known.spec.by,
        pl.int_range(pl.len()).alias("place"),
        *(firsts[name].alias(f"first {name}") for name in _FIRST),
    )


@dataclass(frozen=True)
class Elsewhere:
    """The events of a ``group`` in ``parts`` (see ``Spread``)."""

    parts: Parts
    group: Group

    def over(self, ranges: Ranges, work: Callable[..., T], *arguments: Any) -> Iterator[T]:
        """See ``Spread``."""
        asked = {
            number: (place, ranges, partial(_applied, work, arguments)) for number, place in self.group.places.items()
        }
        return chain.from_iterable(self.parts.each(_made, asked))

    def with_residuals(self, arrays: StudyArrays, events: Rows) -> StudyArrays:
        """See ``Spread``."""
        asked, start = {}, 0
        for number, own in self.group.own.items():
            end = start + len(own.day_zero)
            inside = events[np.searchsorted(events, start) : np.searchsorted(events, end)]
            if len(inside):
                asked[number] = (self.group.places[number], inside - start)
            start = end
        e, used, daily, present = (np.concatenate(each) for each in zip(*self.parts.each(_residuals_of, asked)))  # noqa: B905
        return replace(arrays, residuals=Shipped(arrays.residuals.shape, events, e, used, daily, present))

    def arrays(
        self, spec: StudySpec, labels: tuple[tuple[str, ...], tuple[str, ...]], *, bars: int, windows: Rows
    ) -> StudyArrays:
        """What ``evidence_of`` needs of the events that are elsewhere; ``labels`` of days and of windows, ``bars`` of
        an estimation window, ``windows`` as ``StudyResult.car_columns``.
        """
        assert isinstance(spec.estimation, OffsetWindow)
        assert isinstance(spec.window, OffsetWindow)
        days, names = labels
        day_zero, used = (
            np.concatenate([getattr(own, field) for own in self.group.own.values()]).astype(np.int64)
            for field in ("day_zero", "bars")
        )
        count = len(day_zero)
        nothing, none = np.broadcast_to(np.nan, (count, len(days))), np.broadcast_to(np.nan, (count, len(names)))
        void = np.empty((0, 0))
        return StudyArrays(
            ar=nothing,
            ar_se=nothing,
            sigma=nothing[:, 0],
            df=used,
            n=used,
            residuals=Shipped((count, bars), np.empty(0, dtype=np.int64), void, void > 0, void, void > 0),
            residual_first=day_zero + spec.estimation.first,
            car=none,
            car_se=none,
            day_labels=list(days),
            window_labels=list(names),
            window_first=windows[:, 0],
            window_last=windows[:, 1],
            event_dates=day_zero + spec.window.first,
        )


def _arrays(part: Part, place: int) -> StudyArrays:
    """The arrays of one of the part's groups."""
    result = part.summed
    _, rows = result.observed_rows()[place]
    arrays = study_arrays(
        result.estimates, result.day_labels, result.window_labels, result.car_columns, bars=result.packed_bars()
    )
    return replace(arrays, chosen=rows)


def _made(part: Part, place: int, ranges: Ranges, work: Callable[[StudyArrays, Rows], T]) -> list[T]:
    arrays = _arrays(part, place)
    with np.errstate(divide="ignore", invalid="ignore"):
        return [work(arrays, rows) for rows in ranges(arrays)]


def _applied(work: Callable[..., T], arguments: tuple[Any, ...], arrays: StudyArrays, rows: Rows) -> T:
    return work(arrays, *arguments, rows)


def _residuals_of(part: Part, place: int, mine: Rows) -> tuple[Any, ...]:
    """Residuals and values of the events ``mine`` of the part's group."""
    arrays = _arrays(part, place)
    rows = arrays.events[mine]
    return *arrays.estimation(rows), arrays.present(rows)
