"""Placebo dates: ordinary sessions that match the real event dates, and the draws from them.

Events whose tested windows share a bar form a cluster and move together, so their placebos have the same dependence (a
common market day, overlapping bars). A cluster longer than three of these windows, or with fewer than ``least``
candidates, is split at its widest gap: the dependence across the split is lost, but the parts can be matched and moved.
Clusters of one symbol do not overlap in a draw, as they do not overlap in reality. The candidates of a cluster are the
bars at which all its events could have been measured and that match the real first date:

* ``weekday``: same day of the week; on intraday bars also same time of day at the exchange;
* ``volatility``: same regime, the tercile of the benchmark's standard deviation over the 21 bars before the event
  window (before it, so that an effect of the event on volatility is not matched away);
* ``distance``: at least ``distance`` bars from every real event of the same symbol, so that the effect under test is
  not in the placebos. Used only if it removes a tenth of the bars at most: otherwise the few bars left would not
  represent the history, and p-values would be too small. Placebo dates may then be real ones, which costs some power.

If fewer than ``least`` candidates match, ``weekday`` is dropped first, then ``volatility``, then ``distance``; the
criteria that remain are in ``matched`` of the cluster. On a panel of several exchanges a cluster may have events of
any of them; ``moves`` describes how it moves, and bars are sessions of each event's own exchange.
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

from correlator.base.seeds import generator
from correlator.errors import InputError
from correlator.eventstudy.estimation.engine import default_minimum, regressed
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.panel.factors import factors_of
from correlator.eventstudy.panel.frames import Mask, Panel, Rows
from correlator.eventstudy.panel.many_exchanges import parts_of
from correlator.eventstudy.placebo.moves import Moves
from correlator.eventstudy.placebo.regimes import regimes_of, same_regime
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.request.windows import OffsetWindow

CRITERIA = ("weekday", "volatility", "distance")
"""In the order in which they are dropped."""

_LONGEST = 3
"""Maximum span of a cluster, in blocks."""
_ATTEMPTS = 20
_CROWDED = 0.1
"""Maximum share of the bars that may be removed because they are near a real event."""


@dataclass(frozen=True)
class Matching:
    """How placebo dates are matched to the real ones.

    ``criteria`` of ``CRITERIA``; ``distance``: minimum bars from the real events of the symbol, None for the length of
    the event window; ``block``: event dates at most so many bars apart move together, None for those whose longest
    tested windows overlap, 0 for those of the same date only; ``least``: with fewer candidates, a criterion is dropped
    or a cluster of several dates is split.
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
        """Return the maximum distance in bars of event dates that move together: ``block``, or by default one bar less
        than the longest tested window.
        """
        longest = max(len(part) for part in spec.windows if isinstance(part, OffsetWindow))
        return longest - 1 if self.block is None else self.block


@dataclass(frozen=True)
class Cluster:
    """Events that move together.

    ``events``: positions among the kept events; ``symbols``: their columns; ``days``: the rows of their dates, of which
    ``at`` is the first; ``anchor`` rows and ``offset`` sessions of the own exchange: the distance of each date from
    ``at`` (``Moves.offsets``); ``candidates``: rows that could replace ``at``; ``matched``: criteria that they fulfil;
    ``given_up``: requested criteria that they do not fulfil.
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
        """The candidates and the real first bar, all equally likely under the null hypothesis."""
        return np.union1d(self.candidates, [self.at]).astype(np.int64)

    @property
    def span(self) -> int:
        """Bars from the first date to the last."""
        return int(self.days[-1]) - self.at

    def of(self, inside: Mask) -> Cluster:
        """Return the cluster with only the events that are ``inside`` (E,), a mask over the kept events."""
        selected = inside[self.events]
        fields = {name: getattr(self, name)[selected] for name in ("events", "days", "anchor", "offset")}
        return replace(self, **fields)


def placebo_clusters(
    estimates: EventEstimates,
    panel: Panel,
    spec: StudySpec,
    matching: Matching,
    *,
    usable: dict[int, Mask] | None = None,
) -> list[Cluster]:
    """Return the clusters of the kept events, in order of date, with their candidates (empty if there are none).

    ``usable``: the result of ``measurable`` for the symbols of the events, if ``panel`` has no returns. Raises
    StudyError for windows of calendar dates, which cannot be moved.
    """
    estimation, window = spec.offsets()
    if usable is None:
        usable = measurable(panel, spec, np.unique(estimates.symbol_index))
    distance = matching.distance if matching.distance is not None else len(window)
    moves = Moves.of(panel)
    near = _near_real_events(estimates, moves, distance)
    weekday = weekday_codes(panel.local_labels)
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
    waiting = _grouped(days, ends)[::-1]
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
    """Draw the row (C, draws) of each cluster's first bar, uniformly from its places, which include the real one.

    A place at most ``block`` bars from an earlier cluster of the same symbol is redrawn up to ``_ATTEMPTS`` times; in a
    history with too many events, clusters may still overlap.
    """
    rng = generator(seed)
    chosen = np.empty((len(clusters), draws), dtype=np.int32)
    by_symbol: dict[int, list[int]] = {}
    for c, cluster in enumerate(clusters):
        earlier = np.array(
            sorted({other for symbol in cluster.symbols for other in by_symbol.get(symbol, ())}), dtype=np.int64
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
            by_symbol.setdefault(symbol, []).append(c)
    return chosen


def number_of_placements(clusters: Sequence[Cluster]) -> int:
    """Return the number of ways to place ``clusters``, without the real one."""
    return math.prod(len(cluster.places) for cluster in clusters) - 1


def every_placement(clusters: Sequence[Cluster], block: int) -> NDArray[np.int32]:
    """Return the rows (C, P) of each cluster's first bar in every placement but the real one.

    Placements in which clusters of one symbol overlap are left out, unless none would be left.
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
    """Return for each of ``symbols`` a mask of the rows (T,) at which an event could be measured in every window.

    On a panel of several exchanges these rows, and the bars of windows, are sessions of the symbol's own exchange.
    """
    if panel.calendars is not None:
        return _measurable_by_exchange(panel, spec, symbols)
    estimation, window = spec.offsets()
    shared = _benchmark_missing(panel, spec, None)
    parameters = model_named(spec.model).parameters(len(panel.factor_names))
    minimum = spec.minimum_observations
    minimum = max(default_minimum(len(estimation)) if minimum is None else minimum, parameters + 1)
    total = len(panel.labels)
    rows = np.arange(total)
    inside = (rows + window.first >= 0) & (rows + window.last < total)
    masks = {}
    for symbol in symbols.tolist():
        missing = shared if panel.own_benchmark is None else _benchmark_missing(panel, spec, symbol)
        traded = ~(np.isnan(panel.returns[:, symbol]) | missing)
        before = np.concatenate([[0], np.cumsum(traded)])
        clean = before if panel.purged is None else np.concatenate([[0], np.cumsum(traded & ~panel.purged[:, symbol])])
        enough = _bars_in(clean, rows, estimation) >= minimum
        for part in spec.windows:
            if isinstance(part, OffsetWindow):
                enough &= _bars_in(before, rows, part) > 0
        masks[symbol] = inside & enough
    return masks


def _measurable_by_exchange(panel: Panel, spec: StudySpec, symbols: Rows) -> dict[int, Mask]:
    """Return the masks of ``measurable`` for a panel of several exchanges."""
    calendars, moves = panel.calendars, Moves.of(panel)
    assert calendars is not None  # checked by ``measurable``
    masks = {}
    for k, part in enumerate(parts_of(panel)):
        columns = np.flatnonzero(calendars.of == k)
        own = np.flatnonzero(np.isin(columns, symbols))
        for column, mask in measurable(part, spec, own).items():
            symbol = int(columns[column])
            masks[symbol] = moves.spread(symbol, mask)
    return masks


def _benchmark_missing(panel: Panel, spec: StudySpec, symbol: int | None) -> Mask:
    """Return a mask (T,) of bars on which benchmark or factors of ``symbol`` (None: of the panel) are missing."""
    factors = panel.factors if symbol is None else factors_of(panel, symbol)
    bars = regressed(model_named(spec.model), Bars(panel.returns, factors, donors=panel.donors))
    series = [bars.regressors] if bars.benchmark is None else [bars.regressors, bars.benchmark[:, None]]
    return np.asarray(np.isnan(np.column_stack(series)).any(axis=1), dtype=bool)


def weekday_codes(labels: pl.Series) -> Rows:
    """Return an integer (T,) per bar that identifies its weekday and, for instants, its time of day."""
    code = labels.dt.weekday().cast(pl.Int64).to_numpy()
    if isinstance(labels.dtype, pl.Datetime):
        minute = labels.dt.hour().cast(pl.Int64).to_numpy() * 60 + labels.dt.minute().cast(pl.Int64).to_numpy()
        code = code * 1440 + minute
    return np.asarray(code, dtype=np.int64)


def _bars_in(before: NDArray[Any], rows: Rows, window: OffsetWindow) -> Rows:
    """Return the number of bars in ``window`` around each of ``rows``; ``before`` (T + 1,) bars before each row."""
    total = len(before) - 1
    first, last = np.clip(rows + window.first, 0, total), np.clip(rows + window.last + 1, 0, total)
    return np.asarray(before[last] - before[first], dtype=np.int64)


def _grouped(day_zero: Rows, ends: Rows) -> list[Rows]:
    """Group positions of events, in order of date; a date not after the ``ends`` (E,) of an earlier one joins it."""
    order = np.argsort(day_zero, kind="stable")
    if len(order) == 0:
        return []
    reach = np.maximum.accumulate(ends[order])
    cuts = np.flatnonzero(day_zero[order][1:] > reach[:-1]) + 1
    return np.split(order, cuts)


def _widest_gap(days: Rows) -> int:
    """Return the position at which to split ascending ``days`` (E,): the widest gap, with ties the most central."""
    gaps = np.diff(days)
    widest = np.flatnonzero(gaps == gaps.max())
    middle = (days[0] + days[-1]) / 2
    return int(widest[np.argmin(np.abs((days[widest] + days[widest + 1]) / 2 - middle))]) + 1


def _near_real_events(estimates: EventEstimates, moves: Moves, distance: int) -> dict[int, Mask]:
    """Return for each symbol a mask (T,) of rows closer than ``distance`` sessions to one of its real events."""
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
    """Return masks of rows (T,) at which all events of a cluster can be measured, and none is near a real event.

    ``places``: symbol, anchor and offset (E,) of its events.
    """
    possible, away = np.ones(moves.total, dtype=bool), np.ones(moves.total, dtype=bool)
    for symbol, anchor, offset in set(zip(*(each.tolist() for each in places), strict=True)):
        possible &= moves.holds(usable[symbol], symbol, anchor, offset)
        away &= moves.holds(~near[symbol], symbol, anchor, offset)
    return possible, away


def _matched(possible: Mask, masks: dict[str, Mask], matching: Matching) -> tuple[Rows, tuple[str, ...]]:
    """Return the ``possible`` rows that match, and the criteria left after dropping those that leave too few rows."""
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
