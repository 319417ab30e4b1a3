"""The two looks of ``sums`` at many events by the compiled loops; residuals are computed again from the bars, or held.

The plain definitions are in ``array_sums``. They stay for few events: loading numba costs half a second, and compiling
these loops where nothing is on disk yet ten, while one study from the command line should answer in one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import pairwise
from operator import add

import numpy as np
from numpy.typing import NDArray

from correlator.errors import StudyError
from correlator.eventstudy.estimation.estimates import EventEstimates
from correlator.eventstudy.estimation.packed import PackedBars
from correlator.eventstudy.significance import (
    cross_correlation,
    nonparametric,
    ranks_kernel,
    residuals_kernel,
    sums_kernel,
)
from correlator.eventstudy.significance.arrays import Array, Columns, Rows
from correlator.eventstudy.significance.cross_correlation import Each
from correlator.eventstudy.significance.nonparametric import Keys
from correlator.eventstudy.significance.ranks_kernel import Room
from correlator.eventstudy.significance.residuals_kernel import Bars, Events
from correlator.eventstudy.significance.sums import FirstLook, SecondLook, Spread
from correlator.eventstudy.significance.sums_memory import Known, Out, empty_block, known_of, nothing
from correlator.limits import thread_count

_BLOCK = 256
"""Events whose residuals are held at a time: a megabyte with their keys, so that they stay in the processor's cache."""


_DATES_TOGETHER = 32
"""Dates whose events are looked at side by side: their bars and sums fit the cache, and enough are alike in number."""

_COLUMNS = 8
"""Columns whose signed ranks are held at a time."""

_WORTH_THREADS = 20_000
"""Events from which threads gain more than starting and waiting for them costs."""


@dataclass(frozen=True)
class EventSums:
    """Both looks; ``correlation``, ``signed_rank``, ``signed_rank_p`` (K,) as ``significance.Evidence`` has them."""

    first: FirstLook
    second: SecondLook
    correlation: Array
    signed_rank: Array
    signed_rank_p: Array


def sums_of(estimates: EventEstimates, columns: Columns, packed: PackedBars | None = None) -> EventSums:
    """Look twice at two and more events, by one thread per processor; ``packed`` where no residuals are held."""
    bars, length = _bars(estimates, packed)
    threads = thread_count() if len(estimates) >= _WORTH_THREADS else 1
    spans = _spans(len(estimates), threads)
    lags = int(columns.bars.max(initial=1))
    with ThreadPoolExecutor(threads) as pool:
        each: Each = pool.map if threads > 1 else map
        looks = each(partial(_first_look, estimates), spans)
        near, dates, group = _by_nearness(estimates, length, lags)
        events, span = _events(estimates, len(dates), group, length)
        first = reduce(add, looks)
        known = known_of(first.scaled)
        look = partial(_second_look, bars, events, length, known, (len(dates), span))
        found = list(each(look, spans))
        ranked = _signed_ranks(estimates, spans, each)
        correlated = _of_pairs(bars, events, estimates, near, length, lags)
        if len(dates):
            summed, own = np.sum([out.by_date for out in found], axis=0), sum(float(out.own[0]) for out in found)
            correlated += cross_correlation.products_by_lag(summed, events.start, dates, own, lags, each)
    return EventSums(
        first=first,
        second=reduce(add, map(_as_second_look, found)),
        correlation=cross_correlation.averaged(correlated, columns, len(estimates)),
        signed_rank=np.array([value for value, _ in ranked]),
        signed_rank_p=np.array([p for _, p in ranked]),
    )


def residuals_of(estimates: EventEstimates, packed: PackedBars) -> Array:
    """(E, L) residuals of the estimation windows, NaN where not used, computed again from the bars."""
    bars, length = _bars(replace(estimates, estimation_residuals=None), packed)
    events, _ = _events(estimates, 0, np.full(len(estimates), -1, dtype=np.int64), length)
    found = np.empty((len(estimates), length))
    residuals_kernel.fill_residuals(bars, events, np.arange(len(estimates)), found)
    return found


def _bars(estimates: EventEstimates, packed: PackedBars | None) -> tuple[Bars, int]:
    """What the loops read residuals from, and the bars of an estimation window."""
    residuals = estimates.estimation_residuals
    if residuals is not None:
        return Bars(np.empty((0, 0)), np.empty(0), np.ascontiguousarray(residuals)), residuals.shape[1]
    if packed is None:
        raise StudyError("these estimates carry no residuals, which ranks and correlations need", hint="keep_residuals")
    return Bars(packed.returns, packed.regressor, np.empty((0, 0))), packed.length


def _spans(events: int, threads: int) -> list[Rows]:
    """Ranges of as many events each, one per thread."""
    cuts = [events * part // threads for part in range(threads + 1)]
    return [np.array([a, b]) for a, b in pairwise(cuts) if b > a]


def _first_look(estimates: EventEstimates, part: Rows) -> FirstLook:
    """Sums around a first value of each column, which lies close to its mean."""
    head = slice(int(part[0]), min(int(part[0]) + 1000, int(part[1])))
    x = np.concatenate([estimates.ar[head], estimates.car[head]], axis=1)
    scaled = x / np.concatenate([estimates.ar_se[head], estimates.car_se[head]], axis=1)
    shift, out = np.stack([_first_there(x), _first_there(scaled)]), np.zeros((11, x.shape[1]))
    sums_kernel.first_look(
        *(estimates.ar, estimates.ar_se, estimates.car, estimates.car_se, estimates.sigma, estimates.df),
        *(part, shift, out),
    )
    n, s1, s2, s3, positive, n_scaled, t1, t2, patell, forecast, forecasts = out
    with np.errstate(divide="ignore", invalid="ignore"):
        off = s1 / n
        return FirstLook(
            events=int(part[1] - part[0]),
            value=_spread(n, s1, s2, shift[0]),
            cubes=np.where(n > 0, s3 - 3 * off * s2 + 2 * n * off**3, 0.0),
            positive=positive,
            scaled=_spread(n_scaled, t1, t2, shift[1]),
            patell=patell,
            forecast=forecast,
            forecasts=forecasts,
        )


def _first_there(x: Array) -> Array:
    """(K,) the first value of each column of ``x`` (E, K) that is not NaN, 0 where all are."""
    there = np.isfinite(x)
    return np.where(there.any(axis=0), x[there.argmax(axis=0), np.arange(x.shape[1])], 0.0)


def _spread(n: Array, total: Array, squares: Array, shift: Array) -> Spread:
    """From sums around ``shift``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        off = total / n
        return Spread(n, shift + off, np.where(n > 0, np.maximum(squares - total * off, 0.0), 0.0))


def _signed_ranks(estimates: EventEstimates, spans: list[Rows], each: Each) -> list[tuple[float, float]]:
    """Of the days, then of the windows; a few columns at a time, as all would be half as large as the estimates."""
    keys: Keys = np.empty((_COLUMNS, len(estimates)), dtype=np.uint64)
    rooms = [ranks_kernel.room_for(len(estimates)) for _ in spans]
    found = []
    for x in (estimates.ar, estimates.car):
        for first in range(0, x.shape[1], _COLUMNS):
            fill = partial(ranks_kernel.rank_keys, x.view(np.uint64), first)
            list(each(partial(fill, keys=keys), spans))
            shares = np.array_split(keys[: x.shape[1] - first], len(spans))
            found += [pair for pairs in each(_signed_ranks_of, shares, rooms) for pair in pairs]
    return found


def _signed_ranks_of(keys: NDArray[np.uint64], room: Room) -> list[tuple[float, float]]:
    """Of columns (C, E) of keys, one after the other."""
    return [nonparametric.signed_rank(ranks_kernel.in_order(each, room), ranks_kernel.rank_sums) for each in keys]


def _by_nearness(estimates: EventEstimates, length: int, lags: int) -> tuple[list[Rows], Rows, Rows]:
    """Groups of neighbours few enough to look at pairs; of the others their dates, sorted, and (E,) each event's place
    among these, -1 for all else.
    """
    first_date = int(estimates.win_first.min())
    date = estimates.win_first - first_date
    events_on = np.bincount(date)
    days = np.flatnonzero(events_on)
    drift = int(estimates.est_first.max() - estimates.est_first.min())
    near, place = [], np.full(len(events_on), -1, dtype=np.int64)
    for together in np.split(days, np.flatnonzero(np.diff(days) >= lags) + 1):
        events = int(events_on[together].sum())
        calendar = min(int(together[-1] - together[0]), drift) + length
        if not cross_correlation.few_enough(events, calendar):
            place[together] = 0
        elif events > 1:
            near.append(np.flatnonzero((date >= together[0]) & (date <= together[-1])))
    dates = np.flatnonzero(place == 0)
    place[dates] = np.arange(len(dates))
    return near, dates + first_date, place[date]


def _events(estimates: EventEstimates, dates: int, group: Rows, length: int) -> tuple[Events, int]:
    """The events as the loops read them, and how many calendar days one date's estimation windows reach over.

    They come by dates, whose bars and sums stay in the cache meanwhile, and within some dates by number of residuals.
    """
    start = np.full(dates, np.iinfo(np.int64).max)
    np.minimum.at(start, group[group >= 0], estimates.est_first[group >= 0])
    reach = estimates.est_first[group >= 0] - start[group[group >= 0]]
    slopes = estimates.coefficients.shape[1] > 1
    beta = estimates.coefficients[:, 1] if slopes else np.zeros(len(estimates))
    events = Events(
        order=_in_order(estimates.win_first // _DATES_TOGETHER, _in_order(estimates.n)),
        place=np.stack([estimates.symbol_index, estimates.est_first, estimates.win_first, group], axis=1),
        line=np.stack([beta, estimates.sigma], axis=1),
        ar=estimates.ar,
        ar_se=estimates.ar_se,
        car=estimates.car,
        car_se=estimates.car_se,
        start=start,
    )
    return events, length + int(reach.max(initial=0))


def _in_order(values: Rows, before: Rows | None = None) -> Rows:
    """Positions in order of ``values``, which are not negative; those with the same one stay as ``before`` has them."""
    small = values.astype(np.uint16) if values.max(initial=0) < 1 << 16 else values
    if before is None:
        return np.argsort(small, kind="stable")
    return np.asarray(before[np.argsort(small[before], kind="stable")])


def _second_look(bars: Bars, events: Events, length: int, known: Known, by_date: tuple[int, int], part: Rows) -> Out:
    days, columns = events.ar.shape[1], len(known.sd)
    out = nothing(length, days, columns, by_date)
    block = empty_block(_BLOCK, length, days, columns)
    for start in range(int(part[0]), int(part[1]), _BLOCK):
        rows = events.order[start : min(start + _BLOCK, int(part[1]))]
        sums_kernel.fill_block(bars, events, rows, block)
        block.keys[: len(rows)].sort(axis=1)
        sums_kernel.second_look(block, len(rows), known, out)
    sums_kernel.weigh(block.tally, out)
    return out


def _as_second_look(out: Out) -> SecondLook:
    n, total, squares = out.pseudo
    return SecondLook(
        variance=out.variance,
        positive=out.positive,
        residual=out.residual,
        residuals=out.residuals,
        corrado=out.corrado,
        zivney=out.zivney,
        ranked=np.concatenate([out.residuals, out.ranked[len(out.residuals) :]]),
        daily=out.daily + out.base - out.absent,
        present=out.residuals - out.missing,
        u=out.u,
        u_count=out.u_count,
        u_weight=out.u_weight,
        pseudo=_spread(n, total, squares, np.zeros_like(n)),
    )


def _of_pairs(bars: Bars, events: Events, estimates: EventEstimates, near: list[Rows], length: int, lags: int) -> Array:
    """(lags,) sums of correlations over pairs within the groups ``near``."""
    sums = np.zeros(lags)
    for members in near:
        residuals = np.empty((len(members), length))
        residuals_kernel.fill_residuals(bars, events, members, residuals)
        residuals_kernel.add_pairs(residuals, estimates.est_first[members], estimates.win_first[members], sums)
    return sums
