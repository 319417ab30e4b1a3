"""Parts of a study, each of the events of some symbols, and what is asked of one where it is.

A part holds its bars and what its events are; their estimates where all fit memory, else these are made again, which
costs a microsecond an event and gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import polars as pl

from correlator.eventstudy.estimation.estimates import EventEstimates
from correlator.eventstudy.measure import estimates_at, placement_of
from correlator.eventstudy.panel.frames import Panel, Rows
from correlator.eventstudy.results.result import StudyResult

LIGHT = ("expected", "actual")
"""Of estimates what does not travel with them."""

_KNOWN = ("kept", "symbol_index", "day_zero", "n")
"""Of estimates that are made again: which events they are of, and how many bars each has."""


@dataclass(frozen=True)
class Part:
    """Bars of some symbols, whose ``columns`` (S,) of the whole study they are, and the ``result`` of their events,
    None without one; ``held``: with all of its estimates. ``left_out``: how many events were not to be measured;
    ``notes`` what its caller should be warned of.
    """

    panel: Panel
    columns: Rows
    result: StudyResult | None
    held: bool = True
    left_out: int = 0
    notes: tuple[str, ...] = ()

    @property
    def of_events(self) -> StudyResult:
        """The result of a part that has events."""
        assert self.result is not None
        return self.result if self.held else _measured_again(self.result, keep_returns=True)

    @property
    def summed(self) -> StudyResult:
        """``of_events``, of whose estimates sums are made: their returns may be missing."""
        assert self.result is not None
        return self.result if self.held else _measured_again(self.result, keep_returns=False)

    @property
    def known(self) -> StudyResult:
        """``of_events``, of whose estimates symbols, day 0 and number of bars are needed alone."""
        assert self.result is not None
        return self.result if self.held else replace(self.result, estimates=_wide(self.result.estimates))

    def without_estimates(self) -> Part:
        """The part with estimates that are made again when they are asked for."""
        if self.result is None or not self.held:
            return self
        names = self.result.events.select(pl.exclude("symbol"), pl.col("symbol").cast(pl.Enum(self.panel.symbols)))
        result = replace(self.result, estimates=_stripped(self.result.estimates), events=names)
        return replace(self, result=result, held=False)


def _stripped(estimates: EventEstimates) -> EventEstimates:
    """What ``_measured_again`` needs of ``estimates``, in half the bits."""
    arrays = {name: getattr(estimates, name) for name in EventEstimates.__dataclass_fields__}
    # copies, as a view of nothing keeps all that it is a view of
    empty = {name: values[:0].copy() for name, values in arrays.items() if isinstance(values, np.ndarray)}
    known = {name: arrays[name].astype(np.int32) for name in _KNOWN}
    return replace(estimates, **{**empty, **known, "estimation_residuals": None, "spans": None})


def _wide(stripped: EventEstimates) -> EventEstimates:
    return replace(stripped, **{name: getattr(stripped, name).astype(np.int64) for name in _KNOWN})


def _measured_again(result: StudyResult, *, keep_returns: bool) -> StudyResult:
    known = _wide(result.estimates)
    where = placement_of(result.panel, result.spec, known.symbol_index, known.day_zero)
    estimates = replace(
        estimates_at(result.panel, result.spec, where, keep_returns=keep_returns), kept=known.kept, excluded=()
    )
    return replace(result, estimates=estimates, events=result.events.with_columns(pl.col("symbol").cast(pl.String)))


@dataclass(frozen=True)
class Outline:
    """What a part says of itself at once: events ``measured`` and ``excluded``, ``bars`` of its estimation windows; the
    panel's ``factor_names`` and ``benchmark_note``; ``notes``; ``car_columns`` as in ``StudyResult``.
    """

    measured: int
    excluded: int
    bars: int
    factor_names: tuple[str, ...]
    benchmark_note: str
    notes: tuple[str, ...]
    car_columns: Rows


@dataclass(frozen=True)
class Measured:
    """``estimates`` of a part with places among all events and symbols, ``excluded`` and the ``left_out`` places of
    these.
    """

    estimates: EventEstimates
    excluded: pl.DataFrame
    left_out: Rows


class Parts(Protocol):
    """Parts in the order of ``parts_of``, here or on other machines."""

    def each(self, function: Callable[..., Any], arguments: Mapping[int, tuple[Any, ...]]) -> Iterator[Any]:
        """``function(part, *arguments)`` of the parts whose numbers are given, in order of these."""

    def everywhere(self, function: Callable[[Part], Any]) -> Iterator[Any]:
        """``function(part)`` of every part, in order."""


def outlined(part: Part) -> Outline | None:
    """What a part that has events says of itself."""
    if part.result is None:
        return None
    known = part.known
    words = (known.panel.factor_names, known.panel.benchmark_note, part.notes, known.car_columns)
    return Outline(len(known.estimates), known.excluded.height + part.left_out, known.estimation_bars, *words)


def told(part: Part, positions: Rows) -> Measured:
    """The estimates of a part whose events are at ``positions`` among all."""
    result = part.of_events
    own = result.estimates
    empty = {name: getattr(own, name)[:, :0] for name in LIGHT}
    estimates = replace(own, kept=positions[own.kept], symbol_index=part.columns[own.symbol_index], **empty)
    return Measured(estimates, result.excluded, positions[np.setdiff1d(np.arange(len(positions)), own.kept)])


def is_spanned(part: Part) -> bool:
    """Whether a return of the part is over several sessions."""
    return part.panel.spans is not None


def rows_of(part: Part, output: str) -> tuple[Rows, pl.DataFrame]:
    """The part's rows of an output, and the place of each row's event among its own."""
    result = replace(part.of_events)  # a frame that the part's own result kept would stay in its memory
    frame = result.frame(output)
    kept = result.estimates.kept
    return np.repeat(kept, len(frame) // max(len(kept), 1)), frame


def returns_of(part: Part, name: str) -> tuple[Rows, Any]:
    """``expected`` or ``actual`` of the kept events, and their places among the part's own."""
    estimates = part.of_events.estimates
    return estimates.kept, getattr(estimates, name)


def panel_of(part: Part) -> tuple[Rows, Panel]:
    """The part's bars, and which columns of all they are."""
    return part.columns, part.panel if part.result is None else part.result.panel
