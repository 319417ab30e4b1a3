"""A study in parts, each with the events of some symbols, with results identical to a study in one process.

Only results of events (estimates, rows of outputs), on request, and sums over them are transferred. Estimates of an
event depend only on its own bars; sums are computed part by part, in the order of ``parts_of``, as in one process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from correlator.eventstudy.estimation.estimates import EventEstimates, in_order
from correlator.eventstudy.panel.frames import Panel, Rows
from correlator.eventstudy.panel.many_exchanges import Place, bars_of_all, scattered
from correlator.eventstudy.parts.parts import (
    LIGHT,
    Outline,
    Part,
    Parts,
    estimates_of_part,
    panel_of,
    returns_of,
    rows_of,
)
from correlator.eventstudy.parts.spread_groups import EventsInParts, groups_over
from correlator.eventstudy.placing.placement import day_labels
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.results.face import function_of
from correlator.eventstudy.results.groups import too_few, with_two
from correlator.eventstudy.results.made import benchmark_note, how_made
from correlator.eventstudy.results.result import StudyResult
from correlator.eventstudy.results.result_frames import with_group
from correlator.eventstudy.significance.evidence import evidence_of
from correlator.eventstudy.significance.table import table_of

if TYPE_CHECKING:
    from correlator.eventstudy.placebo.outcome import PlaceboResult

PER_EVENT = ("ar", "car", "bhar", "models")
"""Outputs that each part computes for its own events."""
OF_ESTIMATES = ("aar", "caar", "excluded", "wild-cluster")
"""Outputs that need only estimates."""


@dataclass(frozen=True)
class AllEvents:
    """The ``events`` of all parts, as in a study in one process, the ``part`` (E,) of each, and those ``left_out``."""

    events: pl.DataFrame
    part: Rows
    left_out: tuple[pl.DataFrame, ...]

    def positions(self, number: int) -> Rows:
        """Return the positions of the events of a part among all events."""
        return np.flatnonzero(self.part == number)


@dataclass(frozen=True)
class SpreadResult:
    """A ``StudyResult`` whose events, bars and residuals are in ``parts``.

    Outputs are computed in the parts, or from sums over parts. ``panel``: labels and symbols without bars; ``spec``:
    the request; ``engine``: the engine that measured the parts; ``outlines``: summaries of the parts that have events;
    ``left_out``: number of events that are in no part; ``read_events``: called on first use of all events. Outputs that
    need the bars of all symbols use ``whole``, and so does every attribute of ``StudyResult`` not defined here.
    """

    panel: Panel
    spec: StudySpec
    parts: Parts
    engine: str
    outlines: Mapping[int, Outline]
    left_out: int
    read_events: Callable[[], AllEvents]

    @cached_property
    def all_events(self) -> AllEvents:
        """The events of all parts."""
        return self.read_events()

    @cached_property
    def light(self) -> StudyResult:
        """The estimates of all events on a panel without bars."""
        all_events = self.all_events
        parts = list(
            self.parts.each(estimates_of_part, {number: (all_events.positions(number),) for number in self.outlines})
        )
        order = np.argsort(np.concatenate([part.left_out for part in parts]), kind="stable")
        excluded = pl.concat([part.excluded for part in parts]).select(pl.all().gather(order))
        others = [frame.cast({"session": excluded["session"].dtype}) for frame in all_events.left_out]
        return StudyResult(
            estimates=in_order([part.estimates for part in parts]),
            panel=self.panel,
            events=all_events.events,
            spec=self.spec,
            excluded=pl.concat([excluded, *others], how="vertical_relaxed"),
            day_labels=self.day_labels,
            car_columns=self._any.car_columns,
        )

    @cached_property
    def whole(self) -> StudyResult:
        """The result with the bars of all parts in this process, as it would be without parts."""
        panel = joined_panel(self.panel, list(self.parts.everywhere(panel_of)))
        returns = {name: self._of_parts(partial(returns_of, name=name)) for name in LIGHT if self._numbers}
        spec = replace(self.spec, engine=self.engine)
        return replace(self.light, estimates=replace(self.estimates, **returns), panel=panel, spec=spec)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.whole, name)

    @property
    def day_labels(self) -> tuple[str, ...]:
        """As ``StudyResult.day_labels``."""
        return day_labels(self.spec.window, self.panel.local_labels)

    @property
    def estimates(self) -> EventEstimates:
        """As ``StudyResult.estimates``, without ``expected`` and ``actual``."""
        return self.light.estimates

    @property
    def excluded(self) -> pl.DataFrame:
        """As ``StudyResult.excluded``."""
        return self.light.excluded

    @property
    def benchmark_note(self) -> str:
        """As ``StudyResult.benchmark_note``."""
        return benchmark_note(self.panel, self.spec)

    @property
    def measured(self) -> int:
        """The number of measured events."""
        return sum(each.measured for each in self.outlines.values())

    @property
    def made(self) -> dict[str, Any]:
        """As ``StudyResult.made``."""
        excluded = sum(each.excluded for each in self.outlines.values()) + self.left_out
        return {**how_made(self.panel, self.spec), "events_measured": self.measured, "events_excluded": excluded}

    def why_nothing(self) -> str:
        """As ``StudyResult.why_nothing``."""
        return "" if self.measured else self.light.why_nothing()

    def placebo(self, *, draws: int = 10_000, seed: int = 0, **options: Any) -> PlaceboResult:
        """As ``StudyResult.placebo``; placements are estimated where the bars are."""
        return cast("PlaceboResult", function_of("placebo")(self, draws=draws, seed=seed, **options))

    def frame(self, name: str) -> pl.DataFrame:
        """Return the output called ``name``; raises NotFoundError if there is none."""
        if name in PER_EVENT:
            return self._rows(name)
        if name == "significance":
            return self._significance()
        return (self.light if name in OF_ESTIMATES else self.whole).frame(name)

    def _significance(self) -> pl.DataFrame:
        """As ``StudyResult.significance``; sums are computed where the events are."""
        spec, numbers = self.spec, self._numbers
        groups = groups_over(self.parts, numbers, spec.by) if numbers else []
        windows = tuple(window.label for window in spec.windows)
        frames = []
        for values, group in with_two(groups, len, "event") or too_few(self, self.measured):
            elsewhere = EventsInParts(self.parts, group)
            arrays = elsewhere.arrays(
                spec, (self.day_labels, windows), bars=self._any.bars, windows=self._any.car_columns
            )
            evidence = evidence_of(arrays, self.engine, spread=elsewhere)
            frames.append(with_group(table_of(evidence, [*self.day_labels, *windows]), values))
        return pl.concat(frames, how="vertical_relaxed")

    def of_each(self, function: Callable[[Part], Any]) -> Iterator[Any]:
        """Yield ``function`` of every part that has a measured event, in order; it is called where the part is."""
        return self.parts.each(function, dict.fromkeys(self._numbers, ()))

    def _of_parts(self, function: Callable[[Part], tuple[Rows, Any]]) -> Any:
        """Return arrays of the kept events from all parts, in the order of the events."""
        values, order = self._in_order(list(self.of_each(function)))
        return np.concatenate(values)[order]

    def _rows(self, output: str) -> pl.DataFrame:
        """Return the rows of an output from all parts, in the order of the events."""
        if not self._numbers:
            return self.whole.frame(output)
        frames, order = self._in_order(list(self.of_each(partial(rows_of, output=output))))
        return cast(pl.DataFrame, pl.concat(frames)).select(pl.all().gather(order))

    def _in_order(self, parts: list[tuple[Rows, Any]]) -> tuple[list[Any], Rows]:
        """Return the values from ``parts`` (those with measured events), and the order of the events in them."""
        positions = [self.all_events.positions(number) for number in self._numbers]
        kept = [places[own] for places, (own, _) in zip(positions, parts, strict=True)]
        return [values for _, values in parts], np.argsort(np.concatenate(kept), kind="stable")

    @property
    def _numbers(self) -> list[int]:
        """The numbers of the parts that have a measured event."""
        return [number for number, each in self.outlines.items() if each.measured]

    @property
    def _any(self) -> Outline:
        """The summary of some part, if possible of one with a measured event."""
        return self.outlines[(self._numbers or list(self.outlines))[0]]


def joined_panel(light: Panel, parts: Sequence[tuple[Rows, Panel]]) -> Panel:
    """Return a panel with the bars of all parts, on the labels and symbols of ``light``."""
    shape = (len(light.labels), len(light.symbols))
    places: list[Place] = [(panel, slice(None), columns) for columns, panel in parts]
    differs = any(panel.own_benchmark is not None for _, panel in parts)
    return replace(
        parts[0][1],
        **bars_of_all(places, shape),
        symbols=light.symbols,
        own_benchmark=scattered(places, shape, attrgetter("benchmark"), np.float64(np.nan)) if differs else None,
        findings=light.findings,
        benchmark_note=light.benchmark_note,
    )
