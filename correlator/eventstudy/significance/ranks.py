"""Ranks of abnormal returns among residuals: the sums of the rank tests, in numpy.

Each event's residuals e are ranked together with its D abnormal returns (Corrado 1989) and, separately, together with
its scaled return in each of K columns, as one more day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from correlator.eventstudy.panel.frames import Array, Mask


class Ranked(NamedTuple):
    """Some events: residuals ``e`` (B, L) where ``used`` (B, L); abnormal returns ``daily`` (B, D) and ``limits``
    (B, K), their scaled values divided by the sd over events, on the residuals' scale; NaN where missing.
    """

    e: Array
    used: Mask
    daily: Array
    limits: Array


class DaySums(NamedTuple):
    """By estimation and event day (L + D,): sums over events of K/(M + 1) - 1/2, K the rank among the event's M
    residuals and days, and how many.
    """

    uniform: Array
    ranked: Array


class RankSums(NamedTuple):
    """``days`` and ``adjusted`` sums of ranks by day, of abnormal returns as they are and divided by the sd over events
    of their scaled values; ``plain`` (L + D,) of K - (M + 1)/2 of the former; ``daily``, ``present`` (K, L): by
    estimation day of U = rank / (n + 2) - 1/2 over events with a value in the column, and how many; ``u``, ``u_n``,
    ``u_weight`` (K,): of U of the event, how many, and of n / (12 (n + 2)).
    """

    days: DaySums
    adjusted: DaySums
    plain: Array
    daily: Array
    present: Array
    u: Array
    u_n: Array
    u_weight: Array

    def plus(self, other: RankSums) -> RankSums:
        """Return the sums of both."""
        days, adjusted = (
            DaySums(*(a + b for a, b in zip(one, two, strict=True)))
            for one, two in ((self.days, other.days), (self.adjusted, other.adjusted))
        )
        return RankSums(days, adjusted, *(a + b for a, b in zip(self[2:], other[2:], strict=True)))


def no_ranks(length: int, days: int, columns: int) -> RankSums:
    """Return sums over no events."""
    by_day, adjusted = (DaySums(np.zeros(length + days), np.zeros(length + days)) for _ in range(2))
    cells = [np.zeros((columns, length)) for _ in range(2)]
    return RankSums(by_day, adjusted, np.zeros(length + days), *cells, *(np.zeros(columns) for _ in range(3)))


def average_ranks(values: Array) -> Array:
    """Return the rank (E, T) of each value in its row from 1, ties averaged, NaN where missing."""
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


def numpy_ranks(events: Ranked, out: RankSums) -> None:
    """Add the ranks of some events to ``out``."""
    used, limits = events.used, events.limits
    e = np.where(used, events.e, np.nan)
    out.plain[:] += numpy_days(e, events.daily, out.days)
    numpy_days(e, limits[:, : events.daily.shape[1]], out.adjusted)
    n = used.sum(axis=1).astype(np.float64)
    weight, known = 1.0 / (n + 2.0), (~np.isnan(limits)).astype(np.float64)
    base = np.where(used, average_ranks(e) * weight[:, None] - 0.5, 0.0)
    out.daily[:] += known.T @ base
    out.present[:] += known.T @ used
    out.u_n[:] += known.sum(axis=0)
    out.u_weight[:] += (n / 12.0 * weight) @ known
    for k in range(limits.shape[1]):
        limit = limits[:, k : k + 1]
        share = (e > limit) + 0.5 * (e == limit)
        out.daily[k] += weight @ share
        above = n + 1.0 - share.sum(axis=1)
        out.u[k] += np.where(known[:, k] > 0, above * weight - 0.5, 0.0).sum()


def numpy_days(e: Array, daily: Array, into: DaySums) -> Array:
    """Rank residuals and days together, add the ranks K to ``into``, and return the sum (L + D,) of K - (M + 1)/2."""
    ranks = average_ranks(np.concatenate([e, daily], axis=1))
    known = ~np.isnan(ranks)
    ranks, own = np.where(known, ranks, 0.0), known.sum(axis=1)
    into.ranked[:] += known.sum(axis=0)
    into.uniform[:] += (1.0 / (own + 1)) @ ranks - 0.5 * known.sum(axis=0)
    return np.asarray(ranks.sum(axis=0) - ((own + 1) / 2) @ known)
