"""A study in parts, each of the events of some symbols, wherever the parts are: the same bytes as all at once.

A part holds its bars and its ``StudyResult``; only what events say (estimates, rows of outputs) and sums over them
travel. Estimates of an event depend on its own bars alone; sums are made part after part, in an order that
``parts_of`` fixes and the study in one process follows, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.buckets import parts_of
from correlator.eventstudy.estimation.estimates import EventEstimates
from correlator.eventstudy.face import function_of
from correlator.eventstudy.frames import Panel
from correlator.eventstudy.result import StudyResult
from correlator.eventstudy.result_frames import with_group
from correlator.eventstudy.significance.arrays import Shipped, StudyArrays, study_arrays
from correlator.eventstudy.significance.cross_correlation import neighbours_of
from correlator.eventstudy.significance.evidence import Around, Evidence, ResidualSums, evidence_of, residual_sums
from correlator.eventstudy.significance.table import table_of
from correlator.eventstudy.spec import StudySpec

if TYPE_CHECKING:
    from correlator.eventstudy.placebo.inference import PlaceboResult

Rows = NDArray[np.int64]
PER_EVENT = ("ar", "car", "bhar", "models")
"""Outputs that each part makes of its own events."""
OF_ESTIMATES = ("aar", "caar", "significance", "excluded", "wild-cluster")
"""Outputs that estimates, and sums over parts, are enough for."""
_LIGHT = ("expected", "actual")
_PER_SYMBOL = ("limit_locked", "zero_volume", "invalid", "dropped", "purged")


@dataclass(frozen=True)
class Part:
    """Bars of some symbols, whose ``columns`` (S,) of the whole study they are, and the ``result`` of the events at
    ``positions`` (E,) of all, None where it has no event; ``notes`` what its caller should be warned of.
    """

    panel: Panel
    columns: Rows
    positions: Rows
    result: StudyResult | None
    notes: tuple[str, ...] = ()

    @property
    def of_events(self) -> StudyResult:
        """The result of a part that has events."""
        assert self.result is not None
        return self.result


@dataclass(frozen=True)
class Measured:
    """What a part tells of itself: ``estimates`` with places among all events and symbols, ``excluded`` and the
    ``left_out`` places of these; ``bars`` of its estimation windows; the panel's ``factor_names`` and
    ``benchmark_note``; ``notes``; ``car_columns`` as in ``StudyResult``.
    """

    estimates: EventEstimates
    excluded: pl.DataFrame
    left_out: Rows
    bars: int
    factor_names: tuple[str, ...]
    benchmark_note: str
    notes: tuple[str, ...]
    car_columns: Rows


class Parts(Protocol):
    """Parts in the order of ``parts_of``, here or on other machines."""

    def each(self, function: Callable[..., Any], arguments: Mapping[int, tuple[Any, ...]]) -> Iterator[Any]:
        """``function(part, *arguments)`` of the parts whose numbers are given, in order of these."""

    def everywhere(self, function: Callable[[Part], Any]) -> Iterator[Any]:
        """``function(part)`` of every part, in order."""


def told(part: Part) -> Measured:
    """What the study of all events needs of the part at once."""
    result = part.of_events
    own = result.estimates
    kept = part.positions[own.kept]
    empty = {name: getattr(own, name)[:, :0] for name in _LIGHT}
    estimates = replace(own, kept=kept, symbol_index=part.columns[own.symbol_index], **empty)
    left_out = part.positions[np.setdiff1d(np.arange(len(part.positions)), own.kept)]
    words = (result.panel.factor_names, result.panel.benchmark_note, part.notes, result.car_columns)
    return Measured(estimates, result.excluded, left_out, result.estimation_bars, *words)


def is_spanned(part: Part) -> bool:
    """Whether a return of the part is over several sessions."""
    return part.panel.spans is not None


def rows_of(part: Part, output: str) -> tuple[Rows, pl.DataFrame]:
    """The part's rows of an output, and the place of each row's event among all."""
    result = replace(part.of_events)  # a frame that the part's own result kept would stay in its memory
    frame = result.frame(output)
    kept = part.positions[result.estimates.kept]
    return np.repeat(kept, len(frame) // max(len(kept), 1)), frame


def sums_of(part: Part, mine: Rows, around: Around) -> ResidualSums:
    """The sums of the residuals of the part's kept events at ``mine``."""
    return residual_sums(_arrays(part, mine), around)


def residuals_of(part: Part, mine: Rows) -> tuple[Any, ...]:
    """Residuals of the part's kept events at ``mine``, as ``StudyArrays.estimation`` has them."""
    return _arrays(part, mine).estimation(np.arange(len(mine)))


def panel_of(part: Part) -> tuple[Rows, Panel]:
    """The part's bars, and which columns of all they are."""
    return part.columns, part.panel if part.result is None else part.result.panel


def _arrays(part: Part, mine: Rows) -> StudyArrays:
    result = part.of_events
    estimates = result.estimates.take(mine)
    return study_arrays(
        estimates, result.day_labels, result.window_labels, result.car_columns, bars=result.packed_bars()
    )


@dataclass(frozen=True)
class SpreadResult:
    """A ``StudyResult`` whose bars and residuals are in ``parts``: outputs are made there, or of sums over parts.

    ``light``: the estimates of all events on a panel with labels and symbols and no bars; ``engine``: by which the
    parts were measured; ``bars``: of an estimation window. What needs bars of all symbols at once is asked of
    ``whole``, as is every attribute of a ``StudyResult`` that is not here.
    """

    light: StudyResult
    parts: Parts
    engine: str
    bars: int

    @cached_property
    def whole(self) -> StudyResult:
        """The result with the bars of all parts in this process: as it would have been without parts."""
        panel = joined_panel(self.light.panel, list(self.parts.everywhere(panel_of)))
        returns = {name: self._of_parts(partial(_returns_of, name=name)) for name in _LIGHT if self._numbers}
        spec = replace(self.light.spec, engine=self.engine)
        return replace(self.light, estimates=replace(self.estimates, **returns), panel=panel, spec=spec)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.whole, name)

    @property
    def estimates(self) -> EventEstimates:
        """As ``StudyResult.estimates``, without ``expected`` and ``actual``."""
        return self.light.estimates

    @property
    def spec(self) -> StudySpec:
        """What was asked."""
        return self.light.spec

    @property
    def excluded(self) -> pl.DataFrame:
        """As ``StudyResult.excluded``."""
        return self.light.excluded

    @property
    def benchmark_note(self) -> str:
        """As ``StudyResult.benchmark_note``."""
        return self.light.benchmark_note

    @property
    def made(self) -> dict[str, Any]:
        """As ``StudyResult.made``."""
        return self.light.made

    def why_nothing(self) -> str:
        """As ``StudyResult.why_nothing``."""
        return self.light.why_nothing()

    def placebo(self, *, draws: int = 10_000, seed: int = 0, **options: Any) -> PlaceboResult:
        """As ``StudyResult.placebo``: placements are estimated where the bars are."""
        return cast("PlaceboResult", function_of("placebo")(self, draws=draws, seed=seed, **options))

    def frame(self, name: str) -> pl.DataFrame:
        """The frame called ``name``; raises NotFoundError naming the frames there are."""
        if name in PER_EVENT:
            return self._rows(name)
        if name == "significance" and self.estimates.estimation_residuals is None:
            return self._significance()
        return (self.light if name in OF_ESTIMATES else self.whole).frame(name)

    def _significance(self) -> pl.DataFrame:
        """As ``StudyResult.significance``: sums are made where the residuals are."""
        light, estimates = self.light, self.estimates
        empty = Shipped((len(estimates), self.bars), np.empty(0, dtype=np.int64), *(np.empty((0, 0)),) * 3)  # type: ignore[arg-type]
        bare = replace(estimates, estimation_residuals=np.empty((0, self.bars)))
        arrays = study_arrays(bare, light.day_labels, light.window_labels, light.car_columns)
        part = parts_of(light.panel.symbols)[estimates.symbol_index]
        arrays, labels = replace(arrays, residuals=empty, part=part), [*light.day_labels, *light.window_labels]
        frames = []
        for values, chosen in light.groups_to_compare():
            evidence = self._evidence(replace(arrays, chosen=chosen))
            frames.append(with_group(table_of(evidence, labels), values))
        return pl.concat(frames)

    def _evidence(self, arrays: StudyArrays) -> Evidence:
        """The evidence of the chosen events of ``arrays``."""
        places = self._places(arrays.events)
        near = neighbours_of(arrays, arrays.columns).near
        if near:
            arrays = replace(arrays, residuals=self._shipped(arrays, np.sort(np.concatenate(near)), places))
        return evidence_of(arrays, self.engine, spread=partial(self._sums, places))

    def _places(self, events: Rows) -> dict[int, tuple[Rows, Rows]]:
        """Of each part: those of the ``events`` that are its own, and their places among its kept ones."""
        part = parts_of(self.light.panel.symbols)[self.estimates.symbol_index]
        places = {}
        for number in np.unique(part[events]).tolist():
            inside = np.flatnonzero(part == number)
            at = events[part[events] == number]
            places[number] = (at, np.searchsorted(inside, at))
        return places

    def _sums(self, places: dict[int, tuple[Rows, Rows]], around: Around) -> Iterable[ResidualSums]:
        return self.parts.each(sums_of, {number: (mine, around.of(at)) for number, (at, mine) in places.items()})

    def _shipped(self, arrays: StudyArrays, chosen: Rows, places: dict[int, tuple[Rows, Rows]]) -> Shipped:
        """The residuals of the events ``chosen``, sorted, from where they are."""
        asked = {
            number: (at[inside], mine[inside])
            for number, (at, mine) in places.items()
            if (inside := np.isin(at, chosen)).any()
        }
        parts = list(self.parts.each(residuals_of, {number: (mine,) for number, (_, mine) in asked.items()}))
        events = np.concatenate([at for at, _ in asked.values()])
        order = np.argsort(events)
        e, used, daily = (np.concatenate([each[k] for each in parts])[order] for k in range(3))
        return Shipped((len(arrays), self.bars), events[order], e, used, daily)

    def of_each(self, function: Callable[[Part], Any]) -> Iterator[Any]:
        """``function`` of every part that has a measured event, in order, where it is."""
        return self.parts.each(function, dict.fromkeys(self._numbers, ()))

    def _of_parts(self, function: Callable[[Part], tuple[Rows, Any]]) -> Any:
        """Arrays of the kept events from all parts, in the order of the events."""
        parts = list(self.parts.each(function, dict.fromkeys(self._numbers, ())))
        order = np.argsort(np.concatenate([kept for kept, _ in parts]), kind="stable")
        return np.concatenate([values for _, values in parts])[order]

    def _rows(self, output: str) -> pl.DataFrame:
        """Rows of an output from all parts, in the order of the events."""
        if not self._numbers:
            return self.whole.frame(output)
        frames = list(self.parts.each(rows_of, dict.fromkeys(self._numbers, (output,))))
        parts: list[pl.DataFrame] = [rows for _, rows in frames]
        frame = pl.concat(parts)
        order = np.argsort(np.concatenate([kept for kept, _ in frames]), kind="stable")
        return frame.select(pl.all().gather(order))

    @property
    def _numbers(self) -> list[int]:
        """The parts that have a kept event."""
        numbers: list[int] = np.unique(parts_of(self.light.panel.symbols)[self.estimates.symbol_index]).tolist()
        return numbers


def _returns_of(part: Part, name: str) -> tuple[Rows, Any]:
    estimates = part.of_events.estimates
    return part.positions[estimates.kept], getattr(estimates, name)


def joined_estimates(parts: Sequence[Measured]) -> EventEstimates:
    """The estimates of all parts in the order of the events."""
    order = np.argsort(np.concatenate([part.estimates.kept for part in parts]), kind="stable")
    first = parts[0].estimates
    joined: dict[str, Any] = {}
    for name in EventEstimates.__dataclass_fields__:
        values = [getattr(part.estimates, name) for part in parts]
        if isinstance(getattr(first, name), np.ndarray):
            joined[name] = np.concatenate(values)[order]
    return replace(first, excluded=(), **joined)


def joined_excluded(parts: Sequence[Measured]) -> pl.DataFrame:
    """The excluded events of all parts in the order of the events."""
    order = np.argsort(np.concatenate([part.left_out for part in parts]), kind="stable")
    return pl.concat([part.excluded for part in parts]).select(pl.all().gather(order))


def joined_panel(light: Panel, parts: Sequence[tuple[Rows, Panel]]) -> Panel:
    """The bars of all parts, on the labels and symbols of ``light``."""
    shape = (len(light.labels), len(light.symbols))
    panels = [panel for _, panel in parts]

    def scattered(values: Callable[[Panel], Any], kind: Any) -> Any:
        out = np.empty(shape, dtype=kind)
        for columns, panel in parts:
            out[:, columns] = values(panel)
        return out

    def mask(name: str) -> Any:
        return scattered(lambda panel: _or(getattr(panel, name), False), np.bool_)

    masks = {name: mask(name) for name in _PER_SYMBOL if any(getattr(panel, name) is not None for panel in panels)}
    own = spans = None
    if any(panel.own_benchmark is not None for panel in panels):
        own = scattered(lambda panel: _or(panel.own_benchmark, panel.factors[:, :1]), np.float64)  # type: ignore[index]
    if any(panel.spans is not None for panel in panels):
        spans = scattered(lambda panel: _or(panel.spans, 1), np.int16)
    return replace(
        panels[0],
        symbols=light.symbols,
        returns=scattered(lambda panel: panel.returns, np.float64),
        own_benchmark=own,
        spans=spans,
        findings=light.findings,
        benchmark_note=light.benchmark_note,
        **masks,
    )


def _or(values: Any, otherwise: Any) -> Any:
    return otherwise if values is None else values
