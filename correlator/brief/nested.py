"""Estimate means of nested groups with unknown variances of effects, by averaging over their prior.

Categories c are nested in quad classes q, and these in one root m, all with normal effects:

    y_c ~ N(theta_c, 1 / h_c),   theta_c ~ N(q, tau_c^2),   q ~ N(m, tau_q^2),   m ~ N(0, tau_0^2)

Given the three variances, everything is in closed form from the leaves to the root: with P the precision of the level
below and mu its mean, a level of variance t^2 has the precision P / (1 + t^2 P), and the outcomes have the likelihood

    prod (1 + t^2 P)^(-1/2) exp(-1/2 (sum b mu^2 - (sum b mu)^2 / sum b)),   b = P / (1 + t^2 P)

The prior of each standard deviation is half-Cauchy with scale ``SCALE`` (Gelman 2006; Polson & Scott 2012), evaluated
at the midpoints of ``len(GRID)`` equally likely parts. The estimate and its variance are means over all combinations,
weighted by their likelihood: a variance estimated from few dates is not treated as known, so intervals include this
uncertainty, and groups that clearly differ are not forced together by the prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

SCALE = 0.15
"""Prior median of the standard deviation of effects, in standard errors."""
GRID: Array = SCALE * np.tan(np.pi / 2 * (np.arange(5) + 0.5) / 5)
"""Standard deviations of effects on the grid, equally likely a priori."""


@dataclass(frozen=True)
class Tree:
    """For M events to forecast: ``precision`` (M, C) of the categories' means (0 without data), the ``means`` (M, C),
    and the quad class of each category as ``member`` (C, Q) of zeros and ones.
    """

    precision: Array
    means: Array
    member: Array


@dataclass(frozen=True)
class Averaged:
    """Means (M, C) of all categories; ``variance`` (M,) of the mean of each event's category; ``tau_quad`` and
    ``tau_category`` (M,), root mean squares of the standard deviations.
    """

    means: Array
    variance: Array
    tau_quad: Array
    tau_category: Array


def averaged(tree: Tree, category: Rows) -> Averaged:
    """Average over all variances of effects, for the ``category`` (M,) of each event."""
    h, y, member = tree.precision, tree.means, tree.member
    rows, quad = np.arange(len(category)), member[category].argmax(axis=1)
    t2 = GRID**2
    leaf = 1.0 / (1.0 + t2[:, None] * h[:, None, :])  # (M, K, C)
    a = h[:, None, :] * leaf
    p, r, squares = a @ member, (a * y[:, None, :]) @ member, (a * y[:, None, :] ** 2) @ member  # (M, K, Q)
    mu = _ratio(r, p)
    likely_c = 0.5 * np.log(leaf).sum(axis=2) - 0.5 * (squares - r * mu).sum(axis=2)
    branch = 1.0 / (1.0 + t2[:, None] * p[:, :, None, :])  # (M, K, L, Q)
    b = p[:, :, None, :] * branch
    p2, r2 = b.sum(axis=3), (b * mu[:, :, None, :]).sum(axis=3)  # (M, K, L)
    mu2 = _ratio(r2, p2)
    squares2 = (b * mu[:, :, None, :] ** 2).sum(axis=3)
    likely_q = 0.5 * np.log(branch).sum(axis=3) - 0.5 * (squares2 - r2 * mu2)
    root = 1.0 / (1.0 + t2 * p2[..., None])  # (M, K, L, J)
    likely_0 = 0.5 * np.log(root) - 0.5 * mu2[..., None] ** 2 * p2[..., None] * root
    weight = _weights(likely_c[:, :, None, None] + likely_q[..., None] + likely_0)
    m, var_m = t2 * (r2[..., None]) * root, t2 * root
    root_mean = (weight * m).sum(axis=3)  # (M, K, L)
    of_pair = weight.sum(axis=3)
    parts = of_pair[..., None] * t2[:, None] * b * mu[:, :, None, :] + root_mean[..., None] * branch  # (M, K, L, Q)
    quads = parts.sum(axis=2)  # (M, K, Q)
    of_leaf = weight.sum(axis=(2, 3))
    means = (leaf * (quads @ member.T) + of_leaf[..., None] * (1.0 - leaf) * y[:, None, :]).sum(axis=1)
    g = leaf[rows, :, category][:, :, None, None]
    f = branch[rows, :, :, quad][..., None]
    q = (t2[:, None] * b[rows, :, :, quad][..., None] * mu[rows, :, quad][:, :, None, None]) + f * m
    var_q = t2[:, None] * f + f**2 * var_m
    theta = g * q + (1.0 - g) * y[rows, category][:, None, None, None]
    var = t2[:, None, None] * g + g**2 * var_q
    centre = means[rows, category]
    spread = (weight * (var + (theta - centre[:, None, None, None]) ** 2)).sum(axis=(1, 2, 3))
    tau_quad = np.sqrt((of_pair.sum(axis=1) * t2).sum(axis=1))
    return Averaged(means, spread, tau_quad, np.sqrt((of_leaf * t2).sum(axis=1)))


def averaged_around_zero(precision: Array, means: Array, chosen: Rows) -> tuple[Array, Array]:
    """Return mean and variance (M,) of the group ``chosen`` (M,; 0 for -1) among groups (M, D) around zero."""
    t2 = GRID**2
    leaf = 1.0 / (1.0 + t2[:, None] * precision[:, None, :])  # (M, K, D)
    a = precision[:, None, :] * leaf
    weight = _weights(0.5 * np.log(leaf).sum(axis=2) - 0.5 * (a * means[:, None, :] ** 2).sum(axis=2))
    rows, column = np.arange(len(chosen)), np.maximum(chosen, 0)
    effect = t2 * a[rows, :, column] * means[rows, column][:, None]
    centre = (weight * effect).sum(axis=1)
    variance = (weight * (t2 * leaf[rows, :, column] + (effect - centre[:, None]) ** 2)).sum(axis=1)
    return np.where(chosen >= 0, centre, 0.0), np.where(chosen >= 0, variance, 0.0)


def _weights(likelihood: Array) -> Array:
    """Return weights (M, ...) proportional to the exponential of the log likelihood, with sum one per row."""
    axes = tuple(range(1, likelihood.ndim))
    relative = np.exp(likelihood - likelihood.max(axis=axes, keepdims=True))
    return np.asarray(relative / relative.sum(axis=axes, keepdims=True))


def _ratio(above: Array, below: Array) -> Array:
    ratio: Array = np.zeros(above.shape)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
