"""Access to the bars of a study for placebo studies, in this process or in parts elsewhere, with identical results.

Sums over events are computed part by part (``parts_of``) and added in this order, wherever the parts are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from correlator.base.buckets import parts_of
from correlator.base.progress import tracked
from correlator.eventstudy.panel.frames import Calendars, Mask, Panel, Rows
from correlator.eventstudy.parts.parts import Part
from correlator.eventstudy.parts.spread import SpreadResult
from correlator.eventstudy.placebo.dates import measurable
from correlator.eventstudy.placebo.sums import Placings, Sums, sums_of_draws
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.results.exchange_studies import results_of
from correlator.eventstudy.results.result import StudyResult


@dataclass(frozen=True)
class Ground:
    """The bars of the study ``result``, which are in this process."""

    result: StudyResult

    @property
    def part(self) -> Rows:
        """The part (E,) to which each kept event belongs."""
        return np.asarray(parts_of(self.result.panel.symbols)[self.result.estimates.symbol_index])

    def market(self) -> Panel:
        """Return a panel with the benchmark, or all returns if there is none, for volatility regimes."""
        return self.result.panel

    def usable(self) -> dict[int, Mask]:
        """Return the masks of ``measurable`` for the symbols of the kept events, by column."""
        return _usable_columns(self.result, self.result.spec)

    def sums(self, placings: Mapping[int, Placings], groups: int) -> Iterator[Sums]:
        """Yield ``sums_of_draws`` of each part, in their order."""
        for each in tracked(placings.values(), "parts of the placebo", len(placings)):
            yield sums_of_draws(self.result, each, groups)


def total_sums(ground: Ground, placings: Mapping[int, Placings], groups: int) -> Sums:
    """Return the sums of the draws over all parts."""
    return reduce(Sums.plus, ground.sums(placings, groups))


def ground_of(result: StudyResult | SpreadResult) -> Ground:
    """Return the access to the bars of ``result``, wherever these are."""
    if isinstance(result, SpreadResult):
        return SpreadGround(result.light, result)
    return Ground(result) if result.panel.calendars is None else ExchangesGround(result)


@dataclass(frozen=True)
class ExchangesGround(Ground):
    """The bars of a ``result`` of several exchanges; a part is an exchange, on its own sessions."""

    @property
    def part(self) -> Rows:
        return self._calendars.of[self.result.estimates.symbol_index]

    def sums(self, placings: Mapping[int, Placings], groups: int) -> Iterator[Sums]:
        results, of_event = results_of(self.result), self.part
        for number, each in tracked(placings.items(), "exchanges of the placebo", len(placings)):
            own = replace(
                each,
                event=np.searchsorted(np.flatnonzero(of_event == number), each.event),
                dates=np.searchsorted(self._calendars.rows[number], each.dates).astype(np.int32),
            )
            yield sums_of_draws(results[number], own, groups)

    @property
    def _calendars(self) -> Calendars:
        calendars = self.result.panel.calendars
        assert calendars is not None  # checked by ``ground_of``
        return calendars


@dataclass(frozen=True)
class SpreadGround(Ground):
    """The bars of a study in parts, which ``result`` does not include; only masks and sums are sent, never bars."""

    spread: SpreadResult

    def market(self) -> Panel:
        """Return a panel with the benchmark; without one, the mean of all shares needs the bars of all parts."""
        first = int(self.part[0])
        factors = next(iter(self.spread.parts.each(_factors_of, {first: ()})))
        return self.spread.whole.panel if factors is None else replace(self.result.panel, factors=factors)

    def usable(self) -> dict[int, Mask]:
        spec, numbers = self.result.spec, np.unique(self.part).tolist()
        usable: dict[int, Mask] = {}
        for masks in self.spread.parts.each(_usable_of, dict.fromkeys(numbers, (spec,))):
            usable |= masks
        return usable

    def sums(self, placings: Mapping[int, Placings], groups: int) -> Iterator[Sums]:
        spec, of_event = self.result.spec, self.part
        arguments = {}
        for number, each in placings.items():
            own = np.searchsorted(np.flatnonzero(of_event == number), each.event)
            arguments[number] = (replace(each, event=own), groups, spec)
        return self.spread.parts.each(_sums_of, arguments)


def _usable_columns(result: StudyResult, spec: StudySpec) -> dict[int, Mask]:
    """Return the masks of ``measurable`` for the symbols of the kept events, by column."""
    return measurable(result.panel, spec, np.unique(result.estimates.symbol_index))


def _factors_of(part: Part) -> object:
    return part.of_events.panel.factors


def _usable_of(part: Part, spec: StudySpec) -> dict[int, Mask]:
    masks = _usable_columns(part.of_events, spec)
    return {int(part.columns[column]): mask for column, mask in masks.items()}


def _sums_of(part: Part, placings: Placings, groups: int, spec: StudySpec) -> Sums:
    return sums_of_draws(replace(part.of_events, spec=spec), placings, groups)
