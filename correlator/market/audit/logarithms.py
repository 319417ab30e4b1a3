"""Whether figures are logarithms of prices: proved where their exponentials are whole cents, and they are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEWEST = 20
"""Different figures that must all agree: by chance one in 500 does."""
_HIGHEST, _NEAR = 20.0, 1e-3
_STEPS = (1e2, 1e4)


def are_logarithms(values: NDArray[np.float64]) -> bool:
    """Whether the finite ``values`` (N,) are natural or decimal logarithms of prices in whole cents, or hundredths of
    these.

    >>> are_logarithms(np.log(np.arange(40.0, 60.0, 0.25))), are_logarithms(np.arange(2.0, 6.0, 0.05))
    (True, False)
    """
    known = np.unique(values[np.isfinite(values)])
    if len(known) < _FEWEST or known[-1] > _HIGHEST or _are_whole(known):
        return False
    return any(_are_whole(base**known) for base in (np.e, 10.0))


def _are_whole(figures: NDArray[np.float64]) -> bool:
    """Whether all are whole numbers of one of the steps of prices."""
    return any(bool((np.abs(figures * step - np.round(figures * step)) < _NEAR).all()) for step in _STEPS)
