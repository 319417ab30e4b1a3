"""Bars as the compiled loops read them, from which residuals are computed again rather than kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LONGEST: Final = np.iinfo(np.int16).max // 2 - 1
"""Bars of estimation and event that the compiled loops take: they hold twice the ranks of these in 16 bits."""


@dataclass(frozen=True)
class PackedBars:
    """``returns`` (S, T), each symbol's bars side by side, and ``regressor`` (T,), zeros where the model has none; NaN
    where missing. Every estimation window is ``length`` bars long.
    """

    returns: Array
    regressor: Array
    length: int
