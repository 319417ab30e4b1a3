"""What earlier events say of the next one: means of groups, shrunken towards what is above them.

Outcomes are abnormal returns over a window, less what is ordinary, in units of the forecast error of the event to come:
``y = (z - mu) e / e0`` with z the outcome in its own standard error e, mu the mean of ordinary z, e0 today's standard
error. Their variance is ``v / w`` with weights ``w = (e0 / e)^2``: what a share did when it was calm says more. Three
levels are nested, all events, quad class and category, and the dyad's own deviation is added; sums and means are
weighted, n is the sum of weights:

    root      m  = B y,             B = tau_0^2 / (tau_0^2 + v / n)      (Efron & Morris 1973, 1975)
    quad      q  = m + B (yq - m),  B = tau_q^2 / (tau_q^2 + v / nq)
    category  c  = q + B (yc - q),  B = tau_c^2 / (tau_c^2 + v / nc)
    dyad      d  = B mean(y - c),   B = tau_c^2 / (tau_c^2 + v / nd)
    estimate     = c + d

The variances of effects are moment estimates (DerSimonian & Laird 1986): tau_0^2 of the mean of all events, tau_q^2
between quad classes, tau_c^2 between categories of one quad class; dyads are given that of categories, since few have
dates enough to tell. With few dates a moment says little, so each begins at t^2, t = ``PRIOR_EFFECT``, as if
k = ``PRIOR_DATES`` dates had said so:

    tau^2 = max(0, Q - (J - 1) v + k t^2) / (S + k),   S = n - sum nj^2 / n   (the root: Q = n y^2, J - 1 = 1, S = n)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

CLIP = 6.0
"""Outcomes beyond so many standard errors count as that many: one wild session must not speak for its category."""
PRIOR_SPREAD = 40.0
"""Dates that the belief is worth that events spread as ordinary sessions do."""
PRIOR_DATES = 10.0
"""Dates that the belief about effects is worth."""
PRIOR_EFFECT = 0.3
"""Standard deviation of effects that is believed before any event, in standard errors."""


@dataclass(frozen=True)
class Groups:
    """Where each of N events belongs: codes of ``category`` (of one quad class each), ``quad`` and ``dyad`` (-1: none)
    as integers (N,).
    """

    category: Rows
    quad: Rows
    dyad: Rows

    def __len__(self) -> int:
        return len(self.category)

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Groups:
        """The events at ``chosen``."""
        return Groups(self.category[chosen], self.quad[chosen], self.dyad[chosen])


@dataclass(frozen=True)
class Shrunken:
    """For each of M events to come: ``mean`` and ``variance`` of what is expected of it, ``spread``, the events'
    standard deviation over that of ordinary sessions, and the number of earlier events ``n``, of its quad class, its
    category and its dyad; ``tau_quad`` and ``tau_category``, standard deviations between groups; all (M,).
    """

    mean: Array
    variance: Array
    spread: Array
    n: Rows
    n_quad: Rows
    n_category: Rows
    n_dyad: Rows
    tau_quad: Array
    tau_category: Array


@dataclass(frozen=True)
class Past:
    """N events in the order in which their outcomes became known: outcomes ``z`` in their own standard errors ``error``
    (N,), and ``groups``.
    """

    z: Array
    error: Array
    groups: Groups


@dataclass(frozen=True)
class Today:
    """Of M events to come: the standard ``error`` of each, how many past events were ``known`` to it, and ``mean`` and
    ``variance`` of ordinary sessions' outcomes; all (M,).
    """

    error: Array
    known: Rows
    mean: Array
    variance: Array


def shrunken(past: Past, to_come: Groups, today: Today) -> Shrunken:
    """What the past events that each of M events ``to_come`` could know say of it: from the ordinary mean, in units of
    its own standard error.
    """
    z, groups = np.clip(past.z, -CLIP, CLIP), past.groups
    size = 1 + int(max(groups.category.max(initial=-1), to_come.category.max(initial=-1)))
    quads = 1 + int(max(groups.quad.max(initial=-1), to_come.quad.max(initial=-1)))
    quad_of = np.zeros(size, dtype=np.int64)
    quad_of[groups.category] = groups.quad
    quad_of[to_come.category] = to_come.quad
    member = np.zeros((size, quads))
    member[np.arange(size), quad_of] = 1.0
    count, n_c, s_c, squares = _sums(z, past, today, size)
    n_q, s_q = n_c @ member, s_c @ member
    total, summed = n_c.sum(axis=1), s_c.sum(axis=1)
    freedom = count.sum(axis=1) - (count > 0).sum(axis=1)
    spread = _spread(squares - _ratio(s_c**2, n_c).sum(axis=1), freedom, today.variance)
    v = today.variance * spread**2
    mean = _ratio(summed, total)
    tau_0 = _moment(total * mean**2 - v, total)
    b_root = _weight(tau_0, v, total[:, None])[:, 0]
    root, var_root = b_root * mean, tau_0 * (1.0 - b_root)
    tau_q = _between(n_q, _ratio(s_q, n_q), mean[:, None], v, member=np.ones((quads, 1)))
    tau_c = _between(n_c, _ratio(s_c, n_c), _ratio(s_q, n_q) @ member.T, v, member=member)
    b_q = _weight(tau_q, v, n_q)
    quad = root[:, None] + b_q * (_ratio(s_q, n_q) - root[:, None])
    var_quad = tau_q[:, None] * (1.0 - b_q) + (1.0 - b_q) ** 2 * var_root[:, None]
    above = quad @ member.T
    b_c = _weight(tau_c, v, n_c)
    category = above + b_c * (_ratio(s_c, n_c) - above)
    var_category = tau_c[:, None] * (1.0 - b_c) + (1.0 - b_c) ** 2 * (var_quad @ member.T)
    rows = np.arange(len(to_come))
    n_d, dates_d, deviation = _of_dyad(z, past, to_come, today, category=category)
    b_d = np.where(to_come.dyad >= 0, _weight(tau_c, v, n_d[:, None])[:, 0], 0.0)
    var_dyad = np.where(to_come.dyad >= 0, tau_c * (1.0 - b_d), 0.0)
    of_quad = count @ member
    return Shrunken(
        mean=category[rows, to_come.category] + b_d * deviation,
        variance=var_category[rows, to_come.category] + var_dyad,
        spread=spread,
        n=count.sum(axis=1).astype(np.int64),
        n_quad=of_quad[rows, to_come.quad].astype(np.int64),
        n_category=count[rows, to_come.category].astype(np.int64),
        n_dyad=dates_d,
        tau_quad=np.sqrt(tau_q),
        tau_category=np.sqrt(tau_c),
    )


def _sums(z: Array, past: Past, today: Today, size: int) -> tuple[Array, Array, Array, Array]:
    """By category (M, size): how many events, sum of weights, weighted sum of outcomes; and (M,) the weighted sum of
    their squares over all.
    """
    inverse = 1.0 / past.error
    codes, known = past.groups.category, today.known
    count, weight, product, spare = (
        _running(values, codes, size)[known] for values in (np.ones(len(z)), inverse**2, z * inverse, inverse)
    )
    scale, mean = today.error[:, None], today.mean[:, None]
    ones = np.zeros(len(z), dtype=np.int64)
    plain, squared = (_running(values, ones, 1)[known, 0] for values in (z, z**2))
    total = squared - 2.0 * today.mean * plain + known * today.mean**2
    return count, weight * scale**2, (product - mean * spare) * scale, total


def _running(values: Array, codes: Rows, size: int) -> Array:
    """Sums (N + 1, size) of ``values`` by code over the first 0 to N events."""
    sums = np.zeros((len(codes) + 1, size))
    sums[np.arange(1, len(codes) + 1), codes] = values
    np.cumsum(sums, axis=0, out=sums)
    return sums


def _ratio(above: Array, below: Array) -> Array:
    above, below = np.broadcast_arrays(above, below)
    ratio: Array = np.zeros(above.shape)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio


def _spread(squares: Array, freedom: Array, noise: Array) -> Array:
    """The events' standard deviation within categories over that of ordinary sessions, shrunken towards one."""
    freedom = np.clip(freedom, 0.0, None)
    return np.sqrt((_ratio(squares, noise) + PRIOR_SPREAD) / (freedom + PRIOR_SPREAD))


def _between(n: Array, means: Array, parents: Array, v: Array, *, member: Array) -> Array:
    """Variance (M,) between groups (M, G) under the same parent (G, P)."""
    seen = n > 0
    excess = (n * (means - parents) ** 2).sum(axis=1)
    per_parent = seen.astype(float) @ member
    freedom = np.clip(per_parent - 1.0, 0.0, None).sum(axis=1)
    of_parent = n @ member
    scale = (of_parent - _ratio(n**2 @ member, of_parent)).sum(axis=1)
    return _moment(excess - freedom * v, scale)


def _moment(excess: Array, scale: Array) -> Array:
    """The variance (M,) of effects, by moments and by what was believed before."""
    prior = PRIOR_DATES * PRIOR_EFFECT**2
    return np.asarray(np.clip(excess + prior, 0.0, None) / (scale + PRIOR_DATES))


def _weight(tau: Array, v: Array, n: Array) -> Array:
    """The weight (M, G) of a group's own mean."""
    between = tau[:, None] * n
    return _ratio(between, between + v[:, None])


def _of_dyad(z: Array, past: Past, to_come: Groups, today: Today, *, category: Array) -> tuple[Array, Rows, Array]:
    """Past events (M,) of the same dyad, as weights and as numbers, and their mean deviation from what their categories
    say.
    """
    weight, dates, deviation = np.zeros(len(to_come)), np.zeros(len(to_come), dtype=np.int64), np.zeros(len(to_come))
    for dyad in np.unique(to_come.dyad[to_come.dyad >= 0]):
        places = np.flatnonzero(past.groups.dyad == dyad)
        for row in np.flatnonzero(to_come.dyad == dyad):
            seen = places[: np.searchsorted(places, today.known[row])]
            dates[row] = len(seen)
            if len(seen):
                ratio = past.error[seen] / today.error[row]
                off = (z[seen] - today.mean[row]) * ratio - category[row, past.groups.category[seen]]
                weight[row] = (ratio**-2).sum()
                deviation[row] = (off * ratio**-2).sum() / weight[row]
    return weight, dates, deviation
