"""Groups of events across parts, and their tests: only sums, and day 0 and number of bars of events, are sent."""

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
"""The columns that events are sorted by; groups are in the order of their first event."""


@dataclass(frozen=True)
class OwnGroup:
    """The observations of a group in one part: ``day_zero`` and ``bars`` used of each, (N,) 32-bit integers."""

    day_zero: Any
    bars: Any


@dataclass(frozen=True)
class Group:
    """A group over all parts.

    ``places``: its index among the groups of each part that has some of it, by number of the part; ``own``: its
    observations there.
    """

    places: Mapping[int, int]
    own: Mapping[int, OwnGroup]

    def __len__(self) -> int:
        return sum(len(each.day_zero) for each in self.own.values())


def groups_over(parts: Parts, numbers: Iterable[int], by: tuple[str, ...]) -> list[tuple[dict[str, Any], Group]]:
    """Return the groups of the events of the parts ``numbers``, in the order in which they first appear."""
    numbers = list(numbers)
    by_part = dict(zip(numbers, parts.each(_groups_of, dict.fromkeys(numbers, ())), strict=True))
    own = {number: groups for number, (groups, _) in by_part.items()}
    if not by:
        return [({}, Group(dict.fromkeys(numbers, 0), {number: groups[0] for number, groups in own.items()}))]
    values = pl.concat([frame.with_columns(part=number) for number, (_, frame) in by_part.items()])
    first = [f"first {name}" for name in _FIRST]
    ordered = values.sort(first, maintain_order=True).group_by(by, maintain_order=True).agg("part", "place")
    groups = []
    for row in ordered.iter_rows(named=True):
        places = dict(sorted(zip(row.pop("part"), row.pop("place"), strict=True)))
        groups.append((row, Group(places, {number: own[number][place] for number, place in places.items()})))
    return groups


def _groups_of(part: Part) -> tuple[list[OwnGroup], pl.DataFrame]:
    """Return the groups of a part, and a row for each: its values, its index, and the sort keys of its first event."""
    known = part.known
    estimates, rows = known.estimates, known.observed_rows()
    own = [OwnGroup(estimates.day_zero[each].astype(np.int32), estimates.n[each].astype(np.int32)) for _, each in rows]
    if not known.spec.by:
        return own, pl.DataFrame()
    keys = group_keys(estimates, known.panel, known.events, known.spec.by)
    keys = keys.with_columns(pl.col(pl.Enum).cast(pl.String))  # parts have different enums
    groups = keys.group_by(known.spec.by, maintain_order=True).agg(pl.col("position").first())
    firsts = known.events[estimates.kept[groups["position"].to_numpy()]].with_columns(pl.col("symbol").cast(pl.String))
    return own, groups.select(
        *known.spec.by,
        pl.int_range(pl.len()).alias("place"),
        *(firsts[name].alias(f"first {name}") for name in _FIRST),
    )


@dataclass(frozen=True)
class EventsInParts:
    """The events of a ``group`` in ``parts`` (see ``Spread``)."""

    parts: Parts
    group: Group

    def over(self, ranges: Ranges, work: Callable[..., T], *arguments: Any) -> Iterator[T]:
        """See ``Spread``."""
        calls = {
            number: (place, ranges, partial(_applied, work, arguments)) for number, place in self.group.places.items()
        }
        return chain.from_iterable(self.parts.each(_over_ranges, calls))

    def with_residuals(self, arrays: StudyArrays, events: Rows) -> StudyArrays:
        """See ``Spread``."""
        calls, start = {}, 0
        for number, own in self.group.own.items():
            end = start + len(own.day_zero)
            inside = events[np.searchsorted(events, start) : np.searchsorted(events, end)]
            if len(inside):
                calls[number] = (self.group.places[number], inside - start)
            start = end
        e, used, daily, present = (np.concatenate(each) for each in zip(*self.parts.each(_residuals_of, calls)))  # noqa: B905
        return replace(arrays, residuals=Shipped(arrays.residuals.shape, events, e, used, daily, present))

    def arrays(
        self, spec: StudySpec, labels: tuple[tuple[str, ...], tuple[str, ...]], *, bars: int, windows: Rows
    ) -> StudyArrays:
        """Return the arrays for ``evidence_of`` with placeholders for the values, which stay in the parts.

        ``labels`` of days and of windows; ``bars`` of an estimation window; ``windows`` as ``StudyResult.car_columns``.
        """
        assert isinstance(spec.estimation, OffsetWindow)
        assert isinstance(spec.window, OffsetWindow)
        days, names = labels
        day_zero, used = (
            np.concatenate([getattr(own, field) for own in self.group.own.values()]).astype(np.int64)
            for field in ("day_zero", "bars")
        )
        count = len(day_zero)
        by_day, by_window = np.broadcast_to(np.nan, (count, len(days))), np.broadcast_to(np.nan, (count, len(names)))
        empty = np.empty((0, 0))
        return StudyArrays(
            ar=by_day,
            ar_se=by_day,
            sigma=by_day[:, 0],
            df=used,
            n=used,
            residuals=Shipped((count, bars), np.empty(0, dtype=np.int64), empty, empty > 0, empty, empty > 0),
            residual_first=day_zero + spec.estimation.first,
            car=by_window,
            car_se=by_window,
            day_labels=list(days),
            window_labels=list(names),
            window_first=windows[:, 0],
            window_last=windows[:, 1],
            event_dates=day_zero + spec.window.first,
        )


def _arrays(part: Part, place: int) -> StudyArrays:
    """Return the arrays of one group of a part."""
    result = part.summed
    _, rows = result.observed_rows()[place]
    arrays = study_arrays(
        result.estimates, result.day_labels, result.window_labels, result.car_columns, bars=result.packed_bars()
    )
    return replace(arrays, chosen=rows)


def _over_ranges(part: Part, place: int, ranges: Ranges, work: Callable[[StudyArrays, Rows], T]) -> list[T]:
    """Return ``work`` of every range of events of a group of the part."""
    arrays = _arrays(part, place)
    with np.errstate(divide="ignore", invalid="ignore"):
        return [work(arrays, rows) for rows in ranges(arrays)]


def _applied(work: Callable[..., T], arguments: tuple[Any, ...], arrays: StudyArrays, rows: Rows) -> T:
    """Call ``work`` with further arguments; unlike a lambda, this can be pickled."""
    return work(arrays, *arguments, rows)


def _residuals_of(part: Part, place: int, positions: Rows) -> tuple[Any, ...]:
    """Return residuals and values of the events at ``positions`` of a group of the part."""
    arrays = _arrays(part, place)
    rows = arrays.events[positions]
    return *arrays.estimation(rows), arrays.present(rows)
