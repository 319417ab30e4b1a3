"""Whether figures are logarithms of prices: proved where their exponentials are whole cents, and they are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEWEST = 20
"""Different figures that must all agree: by chance one in 500 does."""
_HIGHEST, _NEAR = 20.0, 1e-3
_STEPS = (1e2, 1e4)
_MOST_PLACES, _UNLIKELY = 8, -20.0
"""Decimal logarithm of how likely figures may be whole by chance and still tell that they are logarithms."""


def are_logarithms(values: NDArray[np.float64]) -> bool:
    """Whether the finite ``values`` (N,) are natural or decimal logarithms of prices in whole cents, or hundredths of
    these.

    >>> are_logarithms(np.log(np.arange(40.0, 60.0, 0.25))), are_logarithms(np.arange(2.0, 6.0, 0.05))
    (True, False)
    """
    known = np.unique(values[np.isfinite(values)])
    if len(known) < _FEWEST or known[-1] > _HIGHEST or _are_whole(known, np.zeros_like(known)):
        return False
    rounded = _rounding(known)
    return any(_are_whole(base**known, base**known * np.log(base) * rounded) for base in (np.e, 10.0))


def _rounding(figures: NDArray[np.float64]) -> float:
    """By how much figures may be off that are written to some places: 0.0000005 where all have six."""
    for places in range(_MOST_PLACES + 1):
        scaled = figures * 10.0**places
        if bool((np.abs(scaled - np.round(scaled)) < _NEAR).all()):
            return 0.5 / 10.0**places
    return 0.0


def _are_whole(figures: NDArray[np.float64], off: NDArray[np.float64]) -> bool:
    """Whether all are whole numbers of one of the steps of prices, each by as much as it may be ``off``."""
    for step in _STEPS:
        bounds = np.maximum(_NEAR, off * step)
        by_chance = float(np.log10(np.minimum(2 * bounds, 1.0)).sum())
        if by_chance < _UNLIKELY and bool((np.abs(figures * step - np.round(figures * step)) < bounds).all()):
            return True
    return False
