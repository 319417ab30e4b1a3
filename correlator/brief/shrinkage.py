"""Estimate the effect of the next event from earlier ones: group means, shrunken towards the level above.

Outcomes are abnormal returns over a window, less the mean of ordinary sessions, in units of the forecast error of the
event to forecast: ``y = (z - mu) e / e0`` with z the outcome in units of its standard error e, mu the mean of ordinary
z, e0 today's standard error. Their variance is ``v / w`` with weights ``w = (e0 / e)^2``: outcomes in calm times weigh
more. Sums and means are weighted, n is the sum of weights.

Three levels are nested: all events, quad class and category (``nested``). The dyad's own deviation, the mean residual
of its events after the category, is added. The unknown variances of effects are averaged over. ``s`` is the spread of
events relative to ordinary sessions; s^2 has as many degrees of freedom as there are dates beyond the categories, plus
``PRIOR_SPREAD`` prior ones at which it is one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from correlator.brief.nested import Tree, averaged, averaged_around_zero

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

CLIP = 6.0
"""Outcomes are clipped at this many standard errors, so that one extreme session does not dominate its category."""
PRIOR_SPREAD = 40.0
"""Weight, in dates, of the prior that events have the spread of ordinary sessions."""


@dataclass(frozen=True)
class Groups:
    """The groups of N events: integer codes (N,) of ``category`` (each in one quad class), ``quad`` and ``dyad`` (-1:
    none).
    """

    category: Rows
    quad: Rows
    dyad: Rows

    def __len__(self) -> int:
        return len(self.category)

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Groups:
        """Return the groups of the events at ``chosen``."""
        return Groups(self.category[chosen], self.quad[chosen], self.dyad[chosen])

    def followed_by(self, others: Groups) -> Groups:
        """Return the groups of these events followed by ``others``."""
        pairs = ((self.category, others.category), (self.quad, others.quad), (self.dyad, others.dyad))
        return Groups(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Shrunken:
    """Shrunken estimates for M events: ``mean`` and ``variance`` of the expected outcome; ``spread``, the events'
    standard deviation over that of ordinary sessions, on ``freedom`` degrees of freedom; the number of earlier events
    ``n``, also of the same category and dyad; ``tau_quad`` and ``tau_category``, standard deviations
    between groups; all (M,).
    """

    mean: Array
    variance: Array
    spread: Array
    freedom: Array
    n: Rows
    n_category: Rows
    n_dyad: Rows
    tau_quad: Array
    tau_category: Array


@dataclass(frozen=True)
class Past:
    """N events in the order in which their outcomes became known: outcomes ``z`` in units of their standard errors
    ``error`` (N,), and ``groups``.
    """

    z: Array
    error: Array
    groups: Groups


@dataclass(frozen=True)
class Today:
    """For M events to forecast: the standard ``error`` of each, the number of past events ``known`` by then, and
    ``mean`` and ``variance`` of ordinary sessions' outcomes; all (M,).
    """

    error: Array
    known: Rows
    mean: Array
    variance: Array


def shrunken(past: Past, to_come: Groups, today: Today) -> Shrunken:
    """Return the shrunken estimates for M events ``to_come`` from the past events known to each, as deviations from the
    ordinary mean in units of its own standard error.
    """
    z, groups = np.clip(past.z, -CLIP, CLIP), past.groups
    size = 1 + int(max(groups.category.max(initial=0), to_come.category.max(initial=0)))
    quads = 1 + int(max(groups.quad.max(initial=0), to_come.quad.max(initial=0)))
    quad_of = np.zeros(size, dtype=np.int64)
    quad_of[groups.category] = groups.quad
    quad_of[to_come.category] = to_come.quad
    member = np.zeros((size, quads))
    member[np.arange(size), quad_of] = 1.0
    count, n_c, s_c, squares = _sums(z, past, today, size)
    dates = count.sum(axis=1)
    freedom = np.clip(dates - (count > 0).sum(axis=1), 0.0, None) + PRIOR_SPREAD
    within = squares - _ratio(s_c**2, n_c).sum(axis=1)
    spread = np.sqrt((_ratio(within, today.variance) + PRIOR_SPREAD) / freedom)
    v = today.variance * spread**2
    averages = averaged(Tree(n_c / v[:, None], _ratio(s_c, n_c), member), to_come.category)
    rows = np.arange(len(to_come))
    n_d, s_d = _of_dyads(z, past, to_come, today, means=averages.means)
    dyad, var_dyad = averaged_around_zero(n_d / v[:, None], _ratio(s_d, n_d), to_come.dyad)
    same_dyad = _seen(past, to_come, today)
    return Shrunken(
        mean=averages.means[rows, to_come.category] + dyad,
        variance=averages.variance + var_dyad,
        spread=spread,
        freedom=freedom,
        n=dates.astype(np.int64),
        n_category=count[rows, to_come.category].astype(np.int64),
        n_dyad=same_dyad,
        tau_quad=averages.tau_quad,
        tau_category=averages.tau_category,
    )


def _sums(z: Array, past: Past, today: Today, size: int) -> tuple[Array, Array, Array, Array]:
    """Return by category (M, size) the number of events, the sum of weights and the weighted sum of outcomes; and the
    weighted sum of squares (M,) over all categories.
    """
    inverse = 1.0 / past.error
    codes, known = past.groups.category, today.known
    count, weight, product, spare = (
        _until(known, values, codes, size) for values in (np.ones(len(z)), inverse**2, z * inverse, inverse)
    )
    scale, mean = today.error[:, None], today.mean[:, None]
    ones = np.zeros(len(z), dtype=np.int64)
    plain, squared = (_until(known, values, ones, 1)[:, 0] for values in (z, z**2))
    total = squared - 2.0 * today.mean * plain + known * today.mean**2
    return count, weight * scale**2, (product - mean * spare) * scale, total


def _until(known: Rows, values: Array, codes: Rows, size: int) -> Array:
    """Return sums (M, size) of ``values`` (N,) by code over the first ``known`` (M,) events, without negative codes."""
    ends, place = np.unique(known, return_inverse=True)
    part = np.searchsorted(ends, np.arange(len(codes)), side="right")
    kept = (codes >= 0) & (part < len(ends))
    sums = np.zeros((len(ends), size))
    np.add.at(sums, (part[kept], codes[kept]), values[kept])
    return np.asarray(np.cumsum(sums, axis=0)[place])


def _ratio(above: Array, below: Array) -> Array:
    above, below = np.broadcast_arrays(above, below)
    ratio: Array = np.zeros(above.shape)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio


def _of_dyads(z: Array, past: Past, to_come: Groups, today: Today, *, means: Array) -> tuple[Array, Array]:
    """Return by dyad (M, D) the sums of weights and of weighted residuals after the categories' ``means`` (M, C)."""
    dyads, size = past.groups.dyad, means.shape[1]
    most = _count(dyads, to_come.dyad)
    inverse, scale = 1.0 / past.error, today.error[:, None]
    product, plain = (_until(today.known, values, dyads, most) for values in (z * inverse, inverse))
    both = np.where(dyads >= 0, dyads * size + past.groups.category, -1)
    weight = _until(today.known, inverse**2, both, most * size).reshape(-1, most, size) * scale[:, :, None] ** 2
    explained = np.einsum("mdc,mc->md", weight, means)
    return weight.sum(axis=2), (product - today.mean[:, None] * plain) * scale - explained


def _count(*dyads: Rows) -> int:
    """Return the number of dyads, which are numbered from 0; at least 1."""
    return 1 + max(0, *(int(each.max(initial=-1)) for each in dyads))


def _seen(past: Past, to_come: Groups, today: Today) -> Rows:
    """Return the number of past events (M,) with the dyad of each event to forecast."""
    most = _count(past.groups.dyad, to_come.dyad)
    count = _until(today.known, np.ones(len(past.z)), past.groups.dyad, most)
    seen = count[np.arange(len(to_come)), np.maximum(to_come.dyad, 0)]
    return np.where(to_come.dyad >= 0, seen, 0).astype(np.int64)
