"""Detect logarithms of prices: their exponentials are whole cents, but they themselves are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEWEST = 20
"""Minimum of distinct figures, which must all agree; by chance one in 500 does."""
_HIGHEST, _NEAR = 20.0, 1e-3
_STEPS = (1e2, 1e4)
_MOST_PLACES, _UNLIKELY = 8, -20.0
"""Decimal logarithm of the highest probability of agreement by chance that still counts as proof."""


def are_logarithms(values: NDArray[np.float64]) -> bool:
    """Whether the finite ``values`` (N,) are natural or decimal logarithms of prices in whole cents, or in 1/100 cents.

    >>> are_logarithms(np.log(np.arange(40.0, 60.0, 0.25))), are_logarithms(np.arange(2.0, 6.0, 0.05))
    (True, False)
    """
    known = np.unique(values[np.isfinite(values)])
    if len(known) < _FEWEST or known[-1] > _HIGHEST or _are_whole(known, np.zeros_like(known)):
        return False
    rounded = _rounding(known)
    errors = np.maximum(rounded, np.spacing(known))
    return any(_are_whole(base**known, base**known * np.log(base) * errors) for base in (np.e, 10.0))


def _rounding(figures: NDArray[np.float64]) -> float:
    """Return the rounding error of figures with a fixed number of decimals: 0.0000005 for six."""
    for places in range(_MOST_PLACES + 1):
        scaled = figures * 10.0**places
        if bool((np.abs(scaled - np.round(scaled)) < _NEAR).all()):
            return 0.5 / 10.0**places
    return 0.0


def _are_whole(figures: NDArray[np.float64], off: NDArray[np.float64]) -> bool:
    """Whether all figures are whole multiples of one of the price steps, each within its tolerance ``off``."""
    for step in _STEPS:
        bounds = np.maximum(_NEAR, off * step)
        by_chance = float(np.log10(np.minimum(2 * bounds, 1.0)).sum())
        if by_chance < _UNLIKELY and bool((np.abs(figures * step - np.round(figures * step)) < bounds).all()):
            return True
    return False
