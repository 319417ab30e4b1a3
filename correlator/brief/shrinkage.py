"""What earlier events say of the next one: means of groups, shrunken towards what is above them.

Outcomes are standardised, abnormal returns over a window in units of their own standard error, and taken from ``mu``,
the mean of ordinary sessions. Three levels are nested, all events, quad class and category, and the dyad's own
deviation is added:

    root      m  = B y,             B = tau_0^2 / (tau_0^2 + v / n)      (Efron & Morris 1973, 1975)
    quad      q  = m + B (yq - m),  B = tau_q^2 / (tau_q^2 + v / nq)
    category  c  = q + B (yc - q),  B = tau_c^2 / (tau_c^2 + v / nc)
    dyad      d  = B mean(z - c),   B = tau_c^2 / (tau_c^2 + v / nd)
    estimate     = c + d

The variances of effects are moment estimates (DerSimonian & Laird 1986): tau_0^2 of the mean of all events, tau_q^2
between quad classes, tau_c^2 between categories of one quad class; dyads are given that of categories, since few have
dates enough to tell. With few dates a moment says little, so each begins at ``PRIOR_EFFECT``^2 as if ``PRIOR_DATES``
dates had said so:

    tau^2 = max(0, Q - (J - 1) v + k t^2) / (S + k),   S = n - sum nj^2 / n   (the root: Q = n y^2, J - 1 = 1, S = n)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

CLIP = 4.0
"""Outcomes beyond so many standard errors count as that many: one wild session must not speak for its category."""
PRIOR_DATES = 40.0
"""Dates that what was believed before any event is worth: of effects, and that events spread as ordinary sessions."""
PRIOR_EFFECT = 0.2
"""Standard deviation of effects that is believed before any event, in standard errors: a fifth of a session's."""


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
class Noise:
    """Ordinary sessions' outcomes as they were known to each of M events: ``mean`` and ``variance`` (M,)."""

    mean: Array
    variance: Array


def shrunken(z: Array, past: Groups, to_come: Groups, known: Rows, noise: Noise) -> Shrunken:
    """What the first ``known`` (M,) of N past events say of each of M events ``to_come``, from the ordinary mean.

    ``z`` (N,): standardised outcomes in the order in which they became known.
    """
    clipped = np.clip(z, -CLIP, CLIP)
    size = 1 + int(max(past.category.max(initial=-1), to_come.category.max(initial=-1)))
    quads = 1 + int(max(past.quad.max(initial=-1), to_come.quad.max(initial=-1)))
    quad_of = np.zeros(size, dtype=np.int64)
    quad_of[past.category] = past.quad
    quad_of[to_come.category] = to_come.quad
    n_c, s_c, ss_c = (_running(weights, past.category, size)[known] for weights in (None, clipped, clipped**2))
    member = np.zeros((size, quads))
    member[np.arange(size), quad_of] = 1.0
    n_q, s_q = n_c @ member, s_c @ member
    total, summed = n_c.sum(axis=1), s_c.sum(axis=1)
    groups = (n_c > 0).sum(axis=1)
    spread = _spread((ss_c - _ratio(s_c**2, n_c)).sum(axis=1), total - groups, noise.variance)
    v = noise.variance * spread**2
    centre = noise.mean[:, None]
    s_c, s_q = s_c - n_c * centre, s_q - n_q * centre
    mean = _ratio(summed - total * noise.mean, total)
    tau_0 = _moment(total * mean**2 - v, total)
    b_root = _weight(tau_0, v, total[:, None])[:, 0]
    root, var_root = b_root * mean, tau_0 * (1.0 - b_root)
    tau_q = _between(n_q, _ratio(s_q, n_q), mean[:, None], v, np.ones((quads, 1)))
    tau_c = _between(n_c, _ratio(s_c, n_c), _ratio(s_q, n_q) @ member.T, v, member)
    b_q = _weight(tau_q, v, n_q)
    quad = root[:, None] + b_q * (_ratio(s_q, n_q) - root[:, None])
    var_quad = tau_q[:, None] * (1.0 - b_q) + (1.0 - b_q) ** 2 * var_root[:, None]
    above = quad @ member.T
    b_c = _weight(tau_c, v, n_c)
    category = above + b_c * (_ratio(s_c, n_c) - above)
    var_category = tau_c[:, None] * (1.0 - b_c) + (1.0 - b_c) ** 2 * (var_quad @ member.T)
    rows = np.arange(len(to_come))
    n_d, deviation = _of_dyad(clipped, past, to_come, known, category + centre)
    b_d = np.where(to_come.dyad >= 0, _weight(tau_c, v, n_d[:, None])[:, 0], 0.0)
    var_dyad = np.where(to_come.dyad >= 0, tau_c * (1.0 - b_d), 0.0)
    return Shrunken(
        mean=category[rows, to_come.category] + b_d * deviation,
        variance=var_category[rows, to_come.category] + var_dyad,
        spread=spread,
        n=total.astype(np.int64),
        n_quad=n_q[rows, to_come.quad].astype(np.int64),
        n_category=n_c[rows, to_come.category].astype(np.int64),
        n_dyad=n_d.astype(np.int64),
        tau_quad=np.sqrt(tau_q),
        tau_category=np.sqrt(tau_c),
    )


def _running(weights: Array | None, codes: Rows, size: int) -> Array:
    """Sums (N + 1, size) of ``weights`` (or counts) by code over the first 0 to N events."""
    sums = np.zeros((len(codes) + 1, size))
    sums[np.arange(1, len(codes) + 1), codes] = 1.0 if weights is None else weights
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
    return np.sqrt((_ratio(squares, noise) + PRIOR_DATES) / (freedom + PRIOR_DATES))


def _between(n: Array, means: Array, parents: Array, v: Array, member: Array) -> Array:
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


def _of_dyad(z: Array, past: Groups, to_come: Groups, known: Rows, category: Array) -> tuple[Array, Array]:
    """How many past events (M,) are of the same dyad, and their mean deviation from what their categories say."""
    n, deviation = np.zeros(len(to_come)), np.zeros(len(to_come))
    for dyad in np.unique(to_come.dyad[to_come.dyad >= 0]):
        places = np.flatnonzero(past.dyad == dyad)
        for row in np.flatnonzero(to_come.dyad == dyad):
            seen = places[: np.searchsorted(places, known[row])]
            n[row] = len(seen)
            if len(seen):
                deviation[row] = (z[seen] - category[row, past.category[seen]]).mean()
    return n, deviation
