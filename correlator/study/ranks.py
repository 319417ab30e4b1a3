"""Rank tests across events: Corrado (1989), Corrado & Zivney (1992), generalised ranks (Kolari & Pynnönen 2011)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.study.arrays import Array, Rows, StudyArrays, Targets
from correlator.study.parametric import spread
from correlator.study.rank_kernel import compiled

COMPILE_FROM = 20_000
"""Events from which loading the compiled kernel pays."""

_CHUNK_CELLS = 1 << 20


@dataclass(frozen=True)
class GeneralizedRank:
    """``t`` (K,) GRANK-T with ``df`` (one number, T - 2), ``z`` (K,) GRANK-Z, and ``big_z`` (K,) before the t form."""

    t: Array
    df: int
    z: Array
    big_z: Array


def average_ranks(values: Array) -> Array:
    """(E, T) rank of each value in its row from 1, ties averaged, NaN where missing; the same bits either way."""
    values = np.ascontiguousarray(values, dtype=np.float64)
    if len(values) >= COMPILE_FROM:
        ranks = np.empty_like(values)
        width = values.shape[1]
        room = (np.empty(width, np.int64), np.empty(width, np.int64), np.empty(width + 1, np.int64))
        compiled()(values, ranks, *room)
        return ranks
    step = max(1, _CHUNK_CELLS // max(1, values.shape[1]))
    parts = [_ranks_by_argsort(values[start : start + step]) for start in range(0, len(values), step)]
    return np.concatenate(parts) if parts else values.copy()


def _ranks_by_argsort(values: Array) -> Array:
    order = np.argsort(values, axis=1, kind="stable")
    in_order = np.take_along_axis(values, order, axis=1)
    position = np.broadcast_to(np.arange(1.0, values.shape[1] + 1), values.shape)
    new = np.ones(values.shape, dtype=bool)
    new[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
    if not new.all():
        first = np.maximum.accumulate(np.where(new, position, 0.0), axis=1)
        ends = np.ones(values.shape, dtype=bool)
        ends[:, :-1] = new[:, 1:]
        last = np.minimum.accumulate(np.where(ends, position, np.inf)[:, ::-1], axis=1)[:, ::-1]
        position = (first + last) / 2
    ranks = np.empty_like(values)
    np.put_along_axis(ranks, order, position, axis=1)
    ranks[np.isnan(values)] = np.nan
    return ranks


def corrado(arrays: StudyArrays, targets: Targets) -> tuple[Array, Array]:
    """Corrado's rank statistic and Corrado & Zivney's, each (K,), N(0, 1).

    Ranks K of each event over its L estimation and D event bars, M of them valid. Corrado: daily mean over the events
    present of K - (M + 1)/2; Corrado & Zivney: daily sum of K/(M + 1) - 1/2 over the root of the events present, so
    that short histories and missing days weigh what they should. Each over its root mean square over all L + D days; a
    window is the sum over its m days over sqrt m (Cowan 1992).
    """
    ranks = average_ranks(np.concatenate([arrays.residuals, arrays.ar], axis=1))
    valid = ~np.isnan(ranks)
    own = valid.sum(axis=1, keepdims=True)
    present = valid.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = np.nansum(ranks - (own + 1) / 2, axis=0) / present
        scaled = np.nansum(ranks / (own + 1) - 0.5, axis=0) / np.sqrt(present)
    return _over_days(plain, targets), _over_days(scaled, targets)


def _over_days(series: Array, targets: Targets) -> Array:
    s = np.sqrt(np.nanmean(series**2))
    event = series[len(series) - targets.days :]
    value = targets.cumulated(event) / (s * np.sqrt(targets.bars))
    return np.where(targets.counted > 0, value, np.nan)


def generalized_rank(arrays: StudyArrays, targets: Targets, scaled: Array) -> GeneralizedRank:
    """GRANK-T and GRANK-Z. Kolari & Pynnönen (2011).

    ``scaled`` (E, K) x / se. Each event's standardised residuals and, as one more day, its scaled abnormal return
    divided by its sd over events are ranked together: U = rank / (L + 2) - 1/2 with L its residuals. Z is the mean U of
    the event over sqrt(mean over the T = L + 1 days of (n_t / N) Ubar_t^2); t = Z sqrt((T - 2) / (T - 1 - Z^2)) with
    T - 2; GRANK-Z = sum of U over sqrt(sum of L / (12 (L + 2))).
    """
    z = arrays.residuals / arrays.sigma[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        event = scaled / spread(scaled)
    n = (~np.isnan(z)).sum(axis=1)
    daily = np.zeros((targets.value.shape[1], z.shape[1]))
    position = np.full(event.shape, np.nan)
    step = max(1, _CHUNK_CELLS // max(1, z.shape[1]))
    base_ranks = average_ranks(z)
    for start in range(0, len(z), step):
        part = slice(start, start + step)
        position[part] = _place(base_ranks[part], z[part], event[part], n[part], daily)
    here, valid = ~np.isnan(event), ~np.isnan(z)
    if here.all():
        present = np.broadcast_to(valid.sum(axis=0), daily.shape)
    else:
        present = np.stack([valid[here[:, k]].sum(axis=0) for k in range(len(daily))])
    return _grank(position, daily, present, n)


def _place(base_ranks: Array, z: Array, event: Array, n: Rows, daily: Array) -> Array:
    """Add the chunk's U of each estimation day to ``daily`` (K, L); U (E, K) of the event itself."""
    weight = 1.0 / (n + 2.0)
    centred = np.nan_to_num(base_ranks * weight[:, None] - 0.5)
    shared, u = centred.sum(axis=0), np.full(event.shape, np.nan)
    for k in range(event.shape[1]):
        x = event[:, k : k + 1]
        here = ~np.isnan(x[:, 0])
        above, ties = z > x, z == x
        shift = weight @ above
        tied = bool(ties.any())
        if tied:
            shift = shift + 0.5 * (weight @ ties)
        daily[k] += (shared if here.all() else centred[here].sum(axis=0)) + shift
        below = n - above.sum(axis=1) - (0.5 * ties.sum(axis=1) if tied else 0.0)
        u[here, k] = ((below + 1.0) * weight - 0.5)[here]
    return u


def _grank(u: Array, daily: Array, present: Rows, n: Rows) -> GeneralizedRank:
    """From U of the events (E, K), sums of U by estimation day (K, L) and the events in them (K, L)."""
    here = ~np.isnan(u)
    events = here.sum(axis=0)
    days = int((present > 0).any(axis=0).sum()) + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_u = np.nansum(u, axis=0) / events
        weighted = np.where(present > 0, daily**2 / present, 0.0).sum(axis=1) / events
        big_z = mean_u / np.sqrt((weighted + mean_u**2) / days)
        t = big_z * np.sqrt((days - 2) / (days - 1 - big_z**2))
        each = np.where(here, (n / (12.0 * (n + 2.0)))[:, None], 0.0).sum(axis=0)
        return GeneralizedRank(t=t, df=days - 2, z=np.nansum(u, axis=0) / np.sqrt(each), big_z=big_z)
