"""Rank tests across events: Corrado (1989), Corrado & Zivney (1992), generalised ranks (Kolari & Pynnönen 2011)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.study.arrays import Array, StudyArrays, Targets
from correlator.study.parametric import spread
from correlator.study.rank_kernel import compiled, count_above, rank_rows

COMPILE_FROM = 20_000
"""Events from which loading the compiled kernel pays."""

_CHUNK_CELLS = 1 << 18


@dataclass(frozen=True)
class GeneralizedRank:
    """``t`` (K,) GRANK-T with ``df`` (one number, T - 2), ``z`` (K,) GRANK-Z, and ``big_z`` (K,) before the t form."""

    t: Array
    df: int
    z: Array
    big_z: Array


def average_ranks(values: Array) -> Array:
    """(E, T) rank of each value in its row from 1, ties averaged, NaN where missing."""
    values = np.ascontiguousarray(values, dtype=np.float64)
    parts = [_ranks(values[part], len(values)) for part in _chunks(*values.shape)]
    return np.concatenate(parts) if parts else values.copy()


def _chunks(events: int, width: int) -> list[slice]:
    step = max(1, _CHUNK_CELLS // max(1, width))
    return [slice(start, start + step) for start in range(0, events, step)]


def _ranks(values: Array, events: int) -> Array:
    """Ranks of a chunk out of ``events`` events: compiled where many, the same numbers either way."""
    if events < COMPILE_FROM:
        return _ranks_by_argsort(values)
    ranks, width = np.empty_like(values), values.shape[1]
    compiled(rank_rows)(
        values, ranks, np.empty(width, np.int64), np.empty(width, np.int64), np.empty(width + 1, np.int64)
    )
    return ranks


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
    width = arrays.residuals.shape[1] + arrays.ar.shape[1]
    plain, scaled, present = np.zeros(width), np.zeros(width), np.zeros(width)
    for part in _chunks(len(arrays), width):
        ranks = _ranks(np.concatenate([arrays.residuals[part], arrays.ar[part]], axis=1), len(arrays))
        valid = (~np.isnan(ranks)).astype(np.float64)
        ranks = np.where(valid > 0, ranks, 0.0)
        own, here = valid.sum(axis=1), valid.sum(axis=0)
        plain += ranks.sum(axis=0) - ((own + 1) / 2) @ valid
        scaled += (1.0 / (own + 1)) @ ranks - 0.5 * here
        present += here
    with np.errstate(divide="ignore", invalid="ignore"):
        return _over_days(plain / present, targets), _over_days(scaled / np.sqrt(present), targets)


def _over_days(series: Array, targets: Targets) -> Array:
    s = np.sqrt(np.nanmean(series**2))
    event = series[len(series) - targets.days :]
    value = targets.cumulated(event) / (s * np.sqrt(targets.bars))
    return np.where(targets.counted > 0, value, np.nan)


def generalized_rank(arrays: StudyArrays, scaled: Array) -> GeneralizedRank:
    """GRANK-T and GRANK-Z. Kolari & Pynnönen (2011).

    ``scaled`` (E, K) x / se. Each event's standardised residuals and, as one more day, its scaled abnormal return
    divided by its sd over events are ranked together: U = rank / (L + 2) - 1/2 with L its residuals. Z is the mean U of
    the event over sqrt(mean over the T = L + 1 days of (n_t / N) Ubar_t^2); t = Z sqrt((T - 2) / (T - 1 - Z^2)) with
    T - 2; GRANK-Z = sum of U over sqrt(sum of L / (12 (L + 2))).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        event = scaled / spread(scaled)
    columns, length = event.shape[1], arrays.residuals.shape[1]
    daily, present = np.zeros((columns, length)), np.zeros((columns, length))
    u, n = np.empty(event.shape), np.empty(len(event))
    for part in _chunks(len(arrays), length):
        z = arrays.residuals[part] / arrays.sigma[part, None]
        base = _ranks(z, len(arrays))
        valid = (~np.isnan(z)).astype(np.float64)
        n[part] = valid.sum(axis=1)
        weight = 1.0 / (n[part] + 2.0)
        base = np.where(valid > 0, base * weight[:, None] - 0.5, 0.0)
        here = (~np.isnan(event[part])).astype(np.float64)
        daily += here.T @ base
        present += here.T @ valid
        above = _count_above(z, event[part], weight, daily, len(arrays))
        u[part] = (n[part, None] - above + 1.0) * weight[:, None] - 0.5
    return _grank(u, daily, present, n)


def _count_above(z: Array, event: Array, weight: Array, daily: Array, events: int) -> Array:
    """``rank_kernel.count_above`` of a chunk out of ``events`` events: compiled where many."""
    above = np.empty(event.shape)
    if events >= COMPILE_FROM:
        compiled(count_above)(z, np.ascontiguousarray(event), weight, daily, above)
        return above
    for k in range(event.shape[1]):
        x = event[:, k : k + 1]
        share = (z > x) + 0.5 * (z == x)
        daily[k] += weight @ share
        above[:, k] = np.where(np.isnan(x[:, 0]), np.nan, share.sum(axis=1))
    return above


def _grank(u: Array, daily: Array, present: Array, n: Array) -> GeneralizedRank:
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
