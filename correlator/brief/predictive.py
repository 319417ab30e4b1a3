"""The predictive distribution of the next outcome.

    Z = mu + theta + s R (U - mu) + N(0, V),   R = sqrt(k / chi2(k))

with theta and V the shrunken estimate and its variance, U an outcome of an ordinary session (its empirical distribution
with mean mu, which keeps fat tails), and s the spread of events relative to ordinary sessions, estimated on k degrees
of freedom: for normal U, s R U would be Student's t. R is near one and approximated by a normal distribution with its
mean and variance, which widens the tails but hardly the centre. Without any precedent theta = V = 0 and s R = 1, which
leaves the ordinary session.

The distribution from n ordinary outcomes is that of the next one, not of the sample: it falls between two neighbours,
or beyond either end, with probability 1 / (n + 1) under any law (Hyndman & Fan 1996, type 6). Windows of m sessions
overlap, so the effective number n / m is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GRID = 199
"""Quantiles that represent an ordinary distribution."""
FEWEST_ORDINARY = 60
"""Fewest ordinary sessions for a forecast."""
LEVELS = (0.5, 0.8, 0.95)
"""Levels of central intervals."""
_SMOOTHING = 0.05
"""Standard deviation of the smoothing kernel, in standard errors."""
_STEPS = 60


@dataclass(frozen=True)
class Ordinary:
    """Outcomes of ordinary sessions for M events: ``quantiles`` (M, GRID), ``mean`` and ``variance`` after clipping at
    ``shrinkage.CLIP``, and their number ``n``, each (M,).
    """

    quantiles: Array
    mean: Array
    variance: Array
    n: NDArray[np.int64]

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Ordinary:
        """Return the rows of the events at ``chosen``."""
        return Ordinary(self.quantiles[chosen], self.mean[chosen], self.variance[chosen], self.n[chosen])


@dataclass(frozen=True)
class Predictive:
    """M distributions: ``atoms`` and the standard deviation of the normal ``kernel`` around each, both (M, GRID)."""

    atoms: Array
    kernel: Array

    def take(self, chosen: NDArray[np.int64]) -> Predictive:
        """Return the distributions at ``chosen``."""
        return Predictive(self.atoms[chosen], self.kernel[chosen])

    @classmethod
    def together(cls, parts: Sequence[Predictive]) -> Predictive:
        """Return the distributions of all ``parts``, in order."""
        return cls(np.concatenate([part.atoms for part in parts]), np.concatenate([part.kernel for part in parts]))

    def below(self, values: Array) -> Array:
        """Return the probability (M,) of an outcome below ``values`` (M,): the probability integral transform."""
        return self._shares(values[:, None])[:, 0]

    def _shares(self, values: Array) -> Array:
        """Return the probability (M, L) of an outcome below each of ``values`` (M, L)."""
        distance = (values[:, :, None] - self.atoms[:, None, :]) / self.kernel[:, None, :]
        return np.asarray(normal_share(distance).mean(axis=2))

    def quantiles(self, levels: Array) -> Array:
        """Return the quantiles (M, L) at ``levels`` (L,)."""
        reach = 8.0 * self.kernel.max(axis=1, keepdims=True)
        low = np.repeat(self.atoms.min(axis=1, keepdims=True) - reach, len(levels), axis=1)
        high = np.repeat(self.atoms.max(axis=1, keepdims=True) + reach, len(levels), axis=1)
        for _ in range(_STEPS):
            middle = (low + high) / 2.0
            under = self._shares(middle) < levels
            low, high = np.where(under, middle, low), np.where(under, high, middle)
            if (high - low).max(initial=0.0) < 1e-9:
                break
        return np.asarray((low + high) / 2.0)


def normal_share(x: Array) -> Array:
    """Return the standard normal distribution function at ``x``, to 1e-7 (Abramowitz & Stegun 1964, 7.1.26).

    scipy is more precise but takes a third of a second to import, too long for a brief that takes about one second.
    """
    z = np.abs(x) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * z)
    tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    upper = 0.5 * tail * np.exp(-(z**2))
    return np.asarray(np.where(x < 0.0, upper, 1.0 - upper))


def ordinary_of(z: Array, clip: float, length: int = 1) -> tuple[Array, float, float, int]:
    """Return quantiles (GRID,), mean and variance after clipping, and number of the ordinary sessions' outcomes ``z``,
    each over a window of ``length`` sessions.
    """
    kept = z[np.isfinite(z)]
    if len(kept) < 2:
        return np.zeros(GRID), 0.0, 1.0, len(kept)
    clipped = np.clip(kept, -clip, clip)
    independent = max(len(kept) / length, 2.0)
    levels = 0.5 + ((np.arange(GRID) + 0.5) / GRID - 0.5) * (independent + 1.0) / (independent - 1.0)
    return (
        np.quantile(kept, np.clip(levels, 0.0, 1.0)),
        float(clipped.mean()),
        float(clipped.var(ddof=1)),
        len(kept),
    )


def predictive(ordinary: Ordinary, mean: Array, variance: Array, *, spread: Array, freedom: Array) -> Predictive:
    """Return the distributions of M events with shrunken estimates ``mean`` (M,) and ``variance``.

    Their spread is ``spread`` times that of ordinary sessions, estimated on ``freedom`` degrees of freedom.
    """
    deviation = spread[:, None] * (ordinary.quantiles - ordinary.mean[:, None])
    centre, uncertainty = _scale_moments(freedom)
    atoms = (ordinary.mean + mean)[:, None] + centre[:, None] * deviation
    return Predictive(atoms, np.sqrt((variance + _SMOOTHING**2)[:, None] + uncertainty[:, None] * deviation**2))


def _scale_moments(k: Array) -> tuple[Array, Array]:
    """Return mean (to 1e-6 from k = 40 on) and variance of sqrt(k / chi2(k)), each (M,)."""
    centre = 1.0 + 3.0 / (4.0 * k) + 25.0 / (32.0 * k**2) + 105.0 / (128.0 * k**3)
    return centre, np.asarray(1.0 / (1.0 - 2.0 / k) - centre**2)


def unconditional(ordinary: Ordinary) -> Predictive:
    """Return the distributions of ordinary sessions."""
    zero = np.zeros(len(ordinary.mean))
    return predictive(ordinary, zero, zero, spread=zero + 1.0, freedom=zero + np.inf)


def interval_levels(levels: tuple[float, ...] = LEVELS) -> Array:
    """Return the levels of the ends of central intervals and of the median, in order."""
    tails = sorted((1.0 - level) / 2.0 for level in levels)
    return np.array([*tails, 0.5, *(1.0 - tail for tail in reversed(tails))])
