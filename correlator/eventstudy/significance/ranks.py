"""Rank tests across events: Corrado (1989), Corrado & Zivney (1992), generalised ranks (Kolari & Pynnönen 2011)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.eventstudy.significance.arrays import Array, Columns
from correlator.eventstudy.significance.sums import FirstLook, SecondLook


@dataclass(frozen=True)
class GeneralizedRank:
    """``t`` (K,) GRANK-T with ``df`` (one number, T - 2), ``z`` (K,) GRANK-Z, and ``big_z`` (K,) before the t form."""

    t: Array
    df: int
    z: Array
    big_z: Array


def average_ranks(values: Array) -> Array:
    """(E, T) rank of each value in its row from 1, ties averaged, NaN where missing."""
    values = np.asarray(values, dtype=np.float64)
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


def corrado(first: FirstLook, second: SecondLook, columns: Columns) -> tuple[Array, Array]:
    """Corrado's rank statistic and Corrado & Zivney's, each (K,), N(0, 1).

    Ranks K of each event over its L estimation and D event bars, M of them valid. Corrado: daily mean over the events
    present of K - (M + 1)/2; Corrado & Zivney: daily sum of K/(M + 1) - 1/2 over the root of the events present, so
    that short histories and missing days weigh what they should. Each over its root mean square over all L + D days; a
    window is the sum over its m days over sqrt m (Cowan 1992).
    """
    plain, scaled = second.corrado / second.ranked, second.zivney / np.sqrt(second.ranked)
    return _over_days(plain, first, columns), _over_days(scaled, first, columns)


def _over_days(series: Array, first: FirstLook, columns: Columns) -> Array:
    there = series[~np.isnan(series)]
    s = np.sqrt((there @ there) / len(there)) if len(there) else np.nan
    event = series[len(series) - columns.days :]
    value = columns.cumulated(event) / (s * np.sqrt(columns.bars))
    return np.where(first.value.n > 0, value, np.nan)


def generalized_rank(second: SecondLook) -> GeneralizedRank:
    """GRANK-T and GRANK-Z. Kolari & Pynnönen (2011).

    Each event's standardised residuals and, as one more day, its scaled abnormal return divided by its sd over events
    are ranked together: U = rank / (L + 2) - 1/2 with L its residuals. Z is the mean U of the event over sqrt(mean over
    the T = L + 1 days of (n_t / N) Ubar_t^2); t = Z sqrt((T - 2) / (T - 1 - Z^2)) with T - 2; GRANK-Z = sum of U over
    sqrt(sum of L / (12 (L + 2))).
    """
    events, present = second.u_count, second.present
    days = int((present > 0).any(axis=0).sum()) + 1
    mean_u = second.u / events
    weighted = np.where(present > 0, second.daily**2 / present, 0.0).sum(axis=1) / events
    big_z = mean_u / np.sqrt((weighted + mean_u**2) / days)
    t = big_z * np.sqrt((days - 2) / (days - 1 - big_z**2))
    return GeneralizedRank(t=t, df=days - 2, z=second.u / np.sqrt(second.u_weight), big_z=big_z)
