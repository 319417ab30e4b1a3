"""Placebo dates: ordinary sessions that could have stood in for the real ones, and which of them each draw takes.

Events whose tested windows share a bar are a cluster and move together, so that what binds them (a common market day, a
common stretch of bars) binds their placebos too. A cluster longer than three of these windows, or with fewer than
``least`` places to move to, is split at its widest gap: what binds neighbours across the cut is lost, but dates keep
apart enough to be matched and to move freely. Clusters of one symbol are kept from meeting in a draw, as they do not
meet in reality. A cluster's candidates are the bars at which every one of its events could have been measured and that
match the real first date:

* ``weekday``: same day of the week; on intraday bars also same time of day;
* ``volatility``: same regime, the tercile of the benchmark's standard deviation over the 21 bars before the event
  window (before it, so that what the event does to volatility is not matched away);
* ``distance``: at least ``distance`` bars from every real event of the same symbol, so that the effect looked for is
  not in the placebos. Only where that takes away a tenth of the bars at most: else what is left would be a small sample
  set against the rest of itself, and p-values too small. Placebo dates may then be real ones, which costs some power.

Where fewer than ``least`` candidates match, ``weekday`` is given up first, then ``volatility``, then ``distance``; how
far each cluster went is in its ``matched``. On the panel of several exchanges a cluster may hold events of all of them;
``moves`` says how it moves, and bars are counted in the sessions of each one's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import InputError
from correlator.eventstudy.estimation.engine import default_minimum, regressed
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.panel.frames import Mask, Panel, Rows
from correlator.eventstudy.panel.many_exchanges import parts_of
from correlator.eventstudy.placebo.moves import Moves
from correlator.eventstudy.placebo.regimes import regimes_of, same_regime
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.request.windows import OffsetWindow

CRITERIA = ("weekday", "volatility", "distance")
"""In the order in which they are given up."""

_LONGEST = 3
"""Span of a cluster in blocks at most."""
_ATTEMPTS = 20
_CROWDED = 0.1
"""Share of the bars that may be taken away for being near a real event."""


@dataclass(frozen=True)
class Matching:
    """How placebo dates are matched: ``criteria`` of ``CRITERIA``; ``distance`` bars from the symbol's real events,
    None for the length of the event window; ``block``: event dates at most so many bars apart move together, None for
    those whose longest tested windows overlap, 0 for those of one date only; ``least``: candidates below which a
    criterion is given up, or a cluster of several dates split.
    """

    criteria: tuple[str, ...] = CRITERIA
    distance: int | None = None
    block: int | None = None
    least: int = 50

    def __post_init__(self) -> None:
        if unknown := set(self.criteria) - set(CRITERIA):
            raise InputError(
                f"{', '.join(sorted(unknown))} cannot be matched", hint=f"choose from {', '.join(CRITERIA)}"
            )
        if (self.block or 0) < 0 or (self.distance or 0) < 0 or self.least < 1:
            raise InputError("block and distance must be at least 0, and least at least 1")
        if self.distance is not None and "distance" not in self.criteria:
            hint = "match distance, too, or leave it out"
            raise InputError("distance is given but not matched", hint=hint, argument="distance")

    def block_of(self, spec: StudySpec) -> int:
        """Bars that two event dates are apart at most to move together: ``block``, or where the longest tested windows
        around them share a bar.
        """
        longest = max(len(part) for part in spec.windows if isinstance(part, OffsetWindow))
        return longest - 1 if self.block is None else self.block


@dataclass(frozen=True)
class Cluster:
    """Events that move together: positions among the kept ones, columns of their ``symbols``, the rows ``days`` of
    their dates, of which the first is ``at``; where these lie from it, ``anchor`` rows and ``offset`` sessions of the
    own exchange (``Moves.offsets``); ``candidates`` rows that could be ``at``; ``matched`` criteria that they fulfil;
    ``given_up`` criteria asked for that they do not.
    """

    events: Rows
    symbols: frozenset[int]
    days: Rows
    anchor: Rows
    offset: Rows
    at: int
    candidates: Rows
    matched: tuple[str, ...]
    given_up: tuple[str, ...] = ()

    @property
    def places(self) -> Rows:
        """The candidates and the real first bar: had the news not come, each was as likely as any other."""
        return np.union1d(self.candidates, [self.at]).astype(np.int64)

    @property
    def span(self) -> int:
        """Bars from its first date to its last."""
        return int(self.days[-1]) - self.at

    def of(self, inside: Mask) -> Cluster:
        """The events of it that are ``inside`` (E,), a mask over the kept events."""
        mine = inside[self.events]
        each = {name: getattr(self, name)[mine] for name in ("events", "days", "anchor", "offset")}
        return replace(self, **each)


def placebo_clusters(
    estimates: EventEstimates,
    panel: Panel,
    spec: StudySpec,
    matching: Matching,
    *,
    usable: dict[int, Mask] | None = None,
) -> list[Cluster]:
    """The clusters of the kept events with their candidates, in order of date; no candidate leaves an empty array.

    ``usable``: what ``measurable`` says of the events' symbols, where the panel has no returns. Raises StudyError for
    windows of calendar dates, which cannot be moved.
    """
    estimation, window = spec.offsets()
    if usable is None:
        usable = measurable(panel, spec, np.unique(estimates.symbol_index))
    distance = matching.distance if matching.distance is not None else len(window)
    moves = Moves.of(panel)
    near = _near_real_events(estimates, moves, distance)
    weekday = weekday_codes(panel.labels)
    regimes = regimes_of(panel, min(estimation.first, window.first), window.first)
    days = estimates.day_zero

    def cluster_of(events: Rows) -> Cluster:
        at, symbols = int(days[events[0]]), estimates.symbol_index[events]
        places = (symbols, *moves.offsets(symbols, days[events]))
        possible, away = _at_every_event(usable, near, moves, places)
        volatility = same_regime(regimes, moves, at, places)
        masks = {"volatility": volatility, "weekday": weekday == weekday[at], "distance": away}
        candidates, matched = _matched(possible, masks, matching)
        given_up = tuple(name for name in matching.criteria if name not in matched)
        return Cluster(
            events=events,
            symbols=frozenset(symbols.tolist()),
            days=days[events],
            anchor=places[1],
            offset=places[2],
            at=at,
            candidates=candidates,
            matched=matched,
            given_up=given_up,
        )

    by_cluster = []
    block = matching.block_of(spec)
    ends = panel.own_rows(estimates.symbol_index, days, np.array([block]))[:, 0]
    waiting = _together(days, ends)[::-1]
    while waiting:
        events = waiting.pop()
        cluster = cluster_of(events)
        if cluster.span == 0 or (cluster.span <= _LONGEST * block and len(cluster.candidates) >= matching.least):
            by_cluster.append(cluster)
        else:
            cut = _widest_gap(days[events])
            waiting += [events[cut:], events[:cut]]
    return by_cluster


def draw_dates(clusters: Sequence[Cluster], draws: int, seed: int, block: int) -> NDArray[np.int32]:
    """Rows (C, draws) that each draw gives to each cluster's first bar, uniform over its places, the real one included.

    A place at most ``block`` bars from an earlier cluster of the same symbol is drawn again, ``_ATTEMPTS`` times at
    most: in a history too crowded for that they meet after all.
    """
    rng = np.random.default_rng(seed)
    chosen = np.empty((len(clusters), draws), dtype=np.int32)
    held: dict[int, list[int]] = {}
    for c, cluster in enumerate(clusters):
        earlier = np.array(
            sorted({other for symbol in cluster.symbols for other in held.get(symbol, ())}), dtype=np.int64
        )
        after = np.array([clusters[other].span + block for other in earlier], dtype=np.int32)
        before = cluster.span + block
        places = cluster.places
        waiting = np.arange(draws)
        for _ in range(_ATTEMPTS):
            row = places[rng.integers(len(places), size=len(waiting))].astype(np.int32)
            chosen[c, waiting] = row
            if not len(earlier):
                break
            ahead = row - chosen[earlier[:, None], waiting]
            waiting = waiting[((ahead <= after[:, None]) & (-ahead <= before)).any(axis=0)]
            if len(waiting) == 0:
                break
        for symbol in cluster.symbols:
            held.setdefault(symbol, []).append(c)
    return chosen


def number_of_placements(clusters: Sequence[Cluster]) -> int:
    """In how many ways ``clusters`` can be placed, the real one apart."""
    return math.prod(len(cluster.places) for cluster in clusters) - 1


def every_placement(clusters: Sequence[Cluster], block: int) -> NDArray[np.int32]:
    """Rows (C, P) of each cluster's first bar in every placement but the real one.

    Placements in which clusters of one symbol meet are left out unless the real ones do, or none would be left.
    """
    grid = np.meshgrid(*(cluster.places for cluster in clusters), indexing="ij")
    rows = np.stack([axis.ravel() for axis in grid]).astype(np.int32)
    rows = rows[:, (rows != np.array([[cluster.at] for cluster in clusters])).any(axis=0)]
    disjoint = np.ones(rows.shape[1], dtype=bool)
    for (i, first), (j, second) in combinations(enumerate(clusters), 2):
        if first.symbols & second.symbols:
            ahead = rows[j] - rows[i]
            disjoint &= (ahead > first.span + block) | (-ahead > second.span + block)
    return rows[:, disjoint] if disjoint.any() else rows


def measurable(panel: Panel, spec: StudySpec, symbols: Rows) -> dict[int, Mask]:
    """For every one of ``symbols``: the rows (T,) at which the engine could measure an event, a bar in every window.

    Of several exchanges these are sessions of the symbol's own, whose windows count no others.
    """
    if panel.calendars is not None:
        return _measurable_on_own(panel, spec, symbols)
    estimation, window = spec.offsets()
    shared = _benchmark_missing(panel, spec, None)
    parameters = model_named(spec.model).parameters(len(panel.factor_names))
    given = spec.minimum_observations
    minimum = max(default_minimum(len(estimation)) if given is None else given, parameters + 1)
    total = len(panel.labels)
    rows = np.arange(total)
    inside = (rows + window.first >= 0) & (rows + window.last < total)
    by_symbol = {}
    for symbol in symbols.tolist():
        missing = shared if panel.own_benchmark is None else _benchmark_missing(panel, spec, symbol)
        traded = ~(np.isnan(panel.returns[:, symbol]) | missing)
        before = np.concatenate([[0], np.cumsum(traded)])
        clean = before if panel.purged is None else np.concatenate([[0], np.cumsum(traded & ~panel.purged[:, symbol])])
        enough = _bars_between(clean, rows, estimation) >= minimum
        for part in spec.windows:
            if isinstance(part, OffsetWindow):
                enough &= _bars_between(before, rows, part) > 0
        by_symbol[symbol] = inside & enough
    return by_symbol


def _measurable_on_own(panel: Panel, spec: StudySpec, symbols: Rows) -> dict[int, Mask]:
    calendars, moves = panel.calendars, Moves.of(panel)
    assert calendars is not None  # the caller's branch
    by_symbol = {}
    for k, part in enumerate(parts_of(panel)):
        columns = np.flatnonzero(calendars.of == k)
        own = np.flatnonzero(np.isin(columns, symbols))
        for column, mask in measurable(part, spec, own).items():
            symbol = int(columns[column])
            by_symbol[symbol] = moves.spread(symbol, mask)
    return by_symbol


def _benchmark_missing(panel: Panel, spec: StudySpec, symbol: int | None) -> Mask:
    """Bars (T,) on which benchmark or factors of ``symbol`` (None: those of all) are missing."""
    factors = panel.factors if symbol is None else panel.factors_of(symbol)
    bars = regressed(model_named(spec.model), Bars(panel.returns, factors, donors=panel.donors))
    series = [bars.regressors] if bars.benchmark is None else [bars.regressors, bars.benchmark[:, None]]
    return np.asarray(np.isnan(np.column_stack(series)).any(axis=1), dtype=bool)


def weekday_codes(labels: pl.Series) -> Rows:
    """A number (T,) equal where two bars share weekday and, for instants, time of day."""
    code = labels.dt.weekday().cast(pl.Int64).to_numpy()
    if isinstance(labels.dtype, pl.Datetime):
        minute = labels.dt.hour().cast(pl.Int64).to_numpy() * 60 + labels.dt.minute().cast(pl.Int64).to_numpy()
        code = code * 1440 + minute
    return np.asarray(code, dtype=np.int64)


def _bars_between(before: NDArray[Any], rows: Rows, window: OffsetWindow) -> Rows:
    total = len(before) - 1
    first, last = np.clip(rows + window.first, 0, total), np.clip(rows + window.last + 1, 0, total)
    return np.asarray(before[last] - before[first], dtype=np.int64)


def _together(day_zero: Rows, ends: Rows) -> list[Rows]:
    """Positions of events whose dates lie within the ``ends`` (E,) of an earlier one, in order of date."""
    order = np.argsort(day_zero, kind="stable")
    if len(order) == 0:
        return []
    reach = np.maximum.accumulate(ends[order])
    cuts = np.flatnonzero(day_zero[order][1:] > reach[:-1]) + 1
    return np.split(order, cuts)


def _widest_gap(days: Rows) -> int:
    """Where to split ascending ``days`` (E,): at the widest gap, of several the one nearest to the middle."""
    gaps = np.diff(days)
    widest = np.flatnonzero(gaps == gaps.max())
    middle = (days[0] + days[-1]) / 2
    return int(widest[np.argmin(np.abs((days[widest] + days[widest + 1]) / 2 - middle))]) + 1


def _near_real_events(estimates: EventEstimates, moves: Moves, distance: int) -> dict[int, Mask]:
    """For every symbol the rows (T,) closer than ``distance`` sessions to one of its real events."""
    near = {}
    for symbol in np.unique(estimates.symbol_index).tolist():
        days, total = moves.sessions(symbol, np.unique(estimates.day_zero[estimates.symbol_index == symbol]))
        marks = np.zeros(total + 1, dtype=np.int64)
        np.add.at(marks, np.maximum(days - distance + 1, 0), 1)
        np.add.at(marks, np.minimum(days + distance, total), -1)
        near[symbol] = moves.spread(symbol, np.cumsum(marks[:-1]) > 0)
    return near


def _at_every_event(
    usable: dict[int, Mask], near: dict[int, Mask], moves: Moves, places: tuple[Rows, Rows, Rows]
) -> tuple[Mask, Mask]:
    """Rows (T,) at which all events of a cluster can be measured, and those at which none is near a real event.

    ``places``: symbol, anchor and offset (E,) of its events.
    """
    possible, away = np.ones(moves.total, dtype=bool), np.ones(moves.total, dtype=bool)
    for symbol, anchor, offset in set(zip(*(each.tolist() for each in places), strict=True)):
        possible &= moves.holds(usable[symbol], symbol, anchor, offset)
        away &= moves.holds(~near[symbol], symbol, anchor, offset)
    return possible, away


def _matched(possible: Mask, masks: dict[str, Mask], matching: Matching) -> tuple[Rows, tuple[str, ...]]:
    chosen = [name for name in CRITERIA if name in matching.criteria]
    if "distance" in chosen and (possible & ~masks["distance"]).sum() > _CROWDED * possible.sum():
        chosen.remove("distance")
    while True:
        fulfils = possible.copy()
        for name in chosen:
            fulfils &= masks[name]
        rows = np.flatnonzero(fulfils)
        if len(rows) >= matching.least or not chosen:
            return rows, tuple(chosen)
        chosen = chosen[1:]
