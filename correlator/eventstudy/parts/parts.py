"""Parts of a study, each with the events of some symbols, and functions that are applied to a part where it is.

A part has its bars and events, and their estimates if all fit into memory. Otherwise estimates are recomputed when
needed, which takes about a microsecond per event and gives identical results.
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
"""Fields of estimates that are not sent with them."""

_KNOWN = ("kept", "symbol_index", "day_zero", "n")
"""Fields that are kept if estimates are recomputed: the events, and the number of bars of each."""


@dataclass(frozen=True)
class Part:
    """The bars and events of some symbols.

    ``columns`` (S,) of the whole study; ``result`` of the events, None if there are none; ``keeps_estimates``: whether
    it has all of them; ``left_out``: number of events that were not to be measured; ``notes``: warnings for the caller.
    """

    panel: Panel
    columns: Rows
    result: StudyResult | None
    keeps_estimates: bool = True
    left_out: int = 0
    notes: tuple[str, ...] = ()

    @property
    def of_events(self) -> StudyResult:
        """The complete result of a part that has events."""
        assert self.result is not None
        return self.result if self.keeps_estimates else _measured_again(self.result, keep_returns=True)

    @property
    def summed(self) -> StudyResult:
        """The result for sums over events; ``expected`` and ``actual`` may be empty."""
        assert self.result is not None
        return self.result if self.keeps_estimates else _measured_again(self.result, keep_returns=False)

    @property
    def known(self) -> StudyResult:
        """The result with only symbols, day 0 and number of bars of its estimates."""
        assert self.result is not None
        return self.result if self.keeps_estimates else replace(self.result, estimates=_wide(self.result.estimates))

    def without_estimates(self) -> Part:
        """Return the part without its estimates, which are recomputed when needed."""
        if self.result is None or not self.keeps_estimates:
            return self
        names = self.result.events.select(pl.exclude("symbol"), pl.col("symbol").cast(pl.Enum(self.panel.symbols)))
        result = replace(self.result, estimates=_stripped(self.result.estimates), events=names)
        return replace(self, result=result, keeps_estimates=False)


def _stripped(estimates: EventEstimates) -> EventEstimates:
    """Return ``estimates`` with only the fields that ``_measured_again`` needs, as 32-bit integers."""
    arrays = {name: getattr(estimates, name) for name in EventEstimates.__dataclass_fields__}
    # copies, since an empty view would keep the whole array in memory
    empty = {name: values[:0].copy() for name, values in arrays.items() if isinstance(values, np.ndarray)}
    known = {name: arrays[name].astype(np.int32) for name in _KNOWN}
    return replace(estimates, **{**empty, **known, "estimation_residuals": None, "spans": None})


def _wide(stripped: EventEstimates) -> EventEstimates:
    """Return the estimates of ``_stripped`` with 64-bit integers."""
    return replace(stripped, **{name: getattr(stripped, name).astype(np.int64) for name in _KNOWN})


def _measured_again(result: StudyResult, *, keep_returns: bool) -> StudyResult:
    """Recompute the estimates that ``without_estimates`` removed."""
    known = _wide(result.estimates)
    where = placement_of(result.panel, result.spec, known.symbol_index, known.day_zero)
    estimates = replace(
        estimates_at(result.panel, result.spec, where, keep_returns=keep_returns), kept=known.kept, excluded=()
    )
    return replace(result, estimates=estimates, events=result.events.with_columns(pl.col("symbol").cast(pl.String)))


@dataclass(frozen=True)
class Outline:
    """A summary of a part, available at once.

    Numbers of events ``measured`` and ``excluded``; ``bars`` of its estimation windows; ``factor_names`` and
    ``benchmark_note`` of the panel; ``notes``; ``car_columns`` as in ``StudyResult``.
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
    """The estimates of a part, with positions among all events and symbols.

    ``excluded``: its excluded events; ``left_out``: their positions.
    """

    estimates: EventEstimates
    excluded: pl.DataFrame
    left_out: Rows


class Parts(Protocol):
    """Parts in the order of ``parts_of``, in this process or on other machines."""

    def each(self, function: Callable[..., Any], arguments: Mapping[int, tuple[Any, ...]]) -> Iterator[Any]:
        """Yield ``function(part, *arguments)`` for the parts with the numbers in ``arguments``, in this order."""

    def everywhere(self, function: Callable[[Part], Any]) -> Iterator[Any]:
        """Yield ``function(part)`` for every part, in order."""


def outlined(part: Part) -> Outline | None:
    """Return the summary of a part, or None if it has no events."""
    if part.result is None:
        return None
    known = part.known
    return Outline(
        measured=len(known.estimates),
        excluded=known.excluded.height + part.left_out,
        bars=known.estimation_bars,
        factor_names=known.panel.factor_names,
        benchmark_note=known.panel.benchmark_note,
        notes=part.notes,
        car_columns=known.car_columns,
    )


def estimates_of_part(part: Part, positions: Rows) -> Measured:
    """Return the estimates of a part; ``positions`` of its events among all events."""
    result = part.of_events
    own = result.estimates
    empty = {name: getattr(own, name)[:, :0] for name in LIGHT}
    estimates = replace(own, kept=positions[own.kept], symbol_index=part.columns[own.symbol_index], **empty)
    return Measured(estimates, result.excluded, positions[np.setdiff1d(np.arange(len(positions)), own.kept)])


def is_spanned(part: Part) -> bool:
    """Whether returns of the part may cover several sessions."""
    return part.panel.spans is not None


def rows_of(part: Part, output: str) -> tuple[Rows, pl.DataFrame]:
    """Return the position of each row's event within the part, and the rows of an output."""
    result = replace(part.of_events)  # a copy, so that the frame is not cached in the result of the part
    frame = result.frame(output)
    kept = result.estimates.kept
    return np.repeat(kept, len(frame) // max(len(kept), 1)), frame


def returns_of(part: Part, name: str) -> tuple[Rows, Any]:
    """Return the positions of the kept events within the part, and their ``expected`` or ``actual`` returns."""
    estimates = part.of_events.estimates
    return estimates.kept, getattr(estimates, name)


def panel_of(part: Part) -> tuple[Rows, Panel]:
    """Return the columns of the part in the whole study, and its bars."""
    return part.columns, part.panel if part.result is None else part.result.panel
