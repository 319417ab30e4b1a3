"""Sums over the events of a study in every placebo draw; each placement is estimated once, then looked up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.estimation.engine import fit_events
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, Placement
from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.placebo.dates import Cluster
from correlator.eventstudy.results.result import StudyResult

_PLACEMENTS = 200_000
"""Placements estimated at a time, which need about 100 MB."""


@dataclass(frozen=True)
class Sums:
    """Sums over the events of G groups in B draws.

    ``total`` (G, B, C) of CAR, SCAR, SCAR squared (W each) and AR (D); ``number`` (G,) of events; ``missing`` (G, B, C)
    number of events without a value.
    """

    total: Array
    number: Rows
    missing: NDArray[np.int32]
    windows: int

    def add(self, group: int, values: Array) -> None:
        """Add the ``values`` (B, C) of one event."""
        missing = np.isnan(values)
        if missing.any():
            self.missing[group] += missing
            values = np.where(missing, 0.0, values)
        self.total[group] += values
        self.number[group] += 1

    def plus(self, other: Sums) -> Sums:
        """Return the sums over the events of both."""
        return Sums(self.total + other.total, self.number + other.number, self.missing + other.missing, self.windows)

    def count(self, part: str) -> Array:
        """Return the number of values (G, B, columns) of ``part``: ``car``, ``scar``, ``square`` or ``ar``."""
        where = self._columns(part)
        return (self.number[:, None, None] - self.missing[:, :, where]).astype(np.float64)

    def mean(self, part: str) -> Array:
        """Return the means over events (G, B, columns) of ``part``, NaN where no event has a value."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.total[:, :, self._columns(part)] / self.count(part))

    def statistic(self, name: str) -> Array:
        """Return (G, B, W) means for ``caar`` and ``scar``, and the t of ``scar`` for ``bmp`` (NaN for one event)."""
        if name == "caar":
            return self.mean("car")
        mean = self.mean("scar")
        if name == "scar":
            return mean
        n = self.count("scar")
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = (self.total[:, :, self._columns("square")] - n * mean * mean) / (n - 1)
            return np.asarray(np.where(n > 1, mean * np.sqrt(n / variance), np.nan))

    def _columns(self, part: str) -> slice:
        w = self.windows
        return {"car": slice(0, w), "scar": slice(w, 2 * w), "square": slice(2 * w, 3 * w), "ar": slice(3 * w, None)}[
            part
        ]


def real_sums(estimates: EventEstimates, kept: Rows, group_of: Rows, groups: int) -> Sums:
    """Return the sums of the real study as one draw; ``kept`` positions of events, ``group_of`` (E,)."""
    values = _values(estimates)
    sums = _empty(groups, 1, values.shape[1], estimates.car.shape[1])
    for event in kept.tolist():
        sums.add(int(group_of[event]), values[event][None, :])
    return sums


@dataclass(frozen=True)
class Placings:
    """The dates that B draws give to N events of some symbols.

    ``event`` (N,): position among the kept events; ``group`` (N,); ``cluster`` (N,): row of ``dates`` (C, B), the first
    bars of its cluster (with several exchanges, of its events of the same exchange); ``offset`` (N,) from these.
    """

    event: Rows
    group: Rows
    cluster: Rows
    offset: Rows
    dates: NDArray[np.int32]


def placings_of(
    part: Rows, clusters: Sequence[Cluster], dates: NDArray[np.int32], group_of: Rows
) -> dict[int, Placings]:
    """Return the placings of each part; ``part``, ``group_of`` (E,), ``dates`` (C, B) rows of each cluster's first bar.

    All events of a part must be of one exchange.
    """
    event = np.concatenate([cluster.events for cluster in clusters])
    offset = np.concatenate([cluster.offset for cluster in clusters])
    anchor = np.concatenate([cluster.anchor for cluster in clusters]).astype(np.int32)
    cluster_of = np.repeat(np.arange(len(clusters)), [len(cluster.events) for cluster in clusters])
    by_part = {}
    for number in np.unique(part[event]).tolist():
        inside = part[event] == number
        used, first, row = np.unique(cluster_of[inside], return_index=True, return_inverse=True)
        part_dates = dates[used] + anchor[inside][first][:, None]
        by_part[number] = Placings(event[inside], group_of[event[inside]], row, offset[inside], part_dates)
    return by_part


def sums_of_draws(result: StudyResult, placings: Placings, groups: int) -> Sums:
    """Return the sums of every draw over the events of ``placings``, which are kept events of ``result``."""
    windows, days = len(result.spec.windows), result.estimates.ar.shape[1]
    sums = _empty(groups, placings.dates.shape[1], 3 * windows + days, windows)
    missing = np.isnan(_values(result.estimates))
    members = _members(result.estimates.symbol_index[placings.event])
    by_column = {column: _rows_of(placings, places) for column, places in members.items()}
    for column, lookup, table in _tables(result, by_column):
        for n in members[column].tolist():
            event = placings.event[n]
            values = table[lookup[placings.dates[placings.cluster[n]] + placings.offset[n]]]
            if missing[event].any():  # draws have no value either where the real event has none
                values[:, missing[event]] = np.nan
            sums.add(int(placings.group[n]), values)
    return sums


def _empty(groups: int, draws: int, columns: int, windows: int) -> Sums:
    shape = (groups, draws, columns)
    return Sums(np.zeros(shape), np.zeros(groups, dtype=np.int64), np.zeros(shape, dtype=np.int32), windows)


def _values(estimates: EventEstimates) -> Array:
    """Return (E, C) CAR, CAR over its standard error, the square of this, and the AR of the path."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scar = estimates.car / estimates.car_se
    return np.concatenate([estimates.car, scar, scar * scar, estimates.path_ar], axis=1)


def _members(symbol: Rows) -> dict[int, Rows]:
    """Return the positions of each symbol in ``symbol`` (N,), in order of first appearance."""
    order = np.argsort(symbol, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(symbol[order])) + 1)
    return {int(symbol[places[0]]): places for places in sorted(groups, key=lambda places: int(places[0]))}


def _rows_of(placings: Placings, places: Rows) -> Rows:
    """Return the rows at which some draw measures one of the events at ``places``."""
    marks = np.zeros(int(placings.dates.max()) + int(placings.offset.max()) + 1, dtype=bool)
    for n in places.tolist():
        marks[placings.dates[placings.cluster[n]] + placings.offset[n]] = True
    return np.flatnonzero(marks)


def _tables(result: StudyResult, by_symbol: dict[int, Rows]) -> Iterator[tuple[int, Rows, NDArray[Any]]]:
    """Yield (symbol, index (T,) of each row in the table, table (rows, C)); symbols are estimated in batches."""
    total = len(result.panel.labels)
    for symbols in _batches(by_symbol):
        rows = np.concatenate([by_symbol[symbol] for symbol in symbols])
        column = np.repeat(np.arange(len(symbols)), [len(by_symbol[symbol]) for symbol in symbols])
        values = _estimated(result, symbols, column, rows)
        start = 0
        for symbol in symbols:
            count = len(by_symbol[symbol])
            lookup = np.full(total, -1, dtype=np.int64)
            lookup[by_symbol[symbol]] = np.arange(count)
            yield symbol, lookup, values[start : start + count]
            start += count


def _batches(by_symbol: dict[int, Rows]) -> Iterator[list[int]]:
    """Yield groups of symbols with at most ``_PLACEMENTS`` rows, unless one symbol has more."""
    batch: list[int] = []
    size = 0
    for symbol, rows in by_symbol.items():
        if batch and size + len(rows) > _PLACEMENTS:
            yield batch
            batch, size = [], 0
        batch.append(symbol)
        size += len(rows)
    yield batch


def measured_at(result: StudyResult, bars: Bars, columns: Rows, day_zero: Rows) -> EventEstimates:
    """Estimate events in ``columns`` of ``bars`` at rows ``day_zero``, each (E,), with the settings of ``result``."""
    spec = result.spec
    estimation, window = spec.offsets()
    where = Placement.at(
        columns,
        day_zero,
        (day_zero + estimation.first, day_zero + estimation.last),
        (day_zero + window.first, day_zero + window.last),
        car_columns=result.car_columns,
    )
    return fit_events(
        bars,
        where,
        model=spec.model,
        minimum_observations=spec.minimum_observations,
        keep_returns=False,
        engine=spec.engine,
    )


def _estimated(result: StudyResult, symbols: list[int], column: Rows, rows: Rows) -> Array:
    """Return ``_values`` (rows, C) of placements, NaN for those that cannot be estimated (no variance)."""
    estimates = measured_at(result, Bars.of(result.panel, np.array(symbols)), column, rows)
    values = _values(estimates)
    if len(estimates) == len(rows):
        return values
    filled = np.full((len(rows), values.shape[1]), np.nan)
    filled[estimates.kept] = values
    return filled
