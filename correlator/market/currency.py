"""Returns in one currency, from arrays on one calendar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from correlator.errors import InputError
from correlator.market.returns import KINDS

Array = NDArray[np.float64]


def convert_returns(returns: Array, fx_returns: Array, kind: str = "log") -> Array:
    """Local returns (T, S) in another currency, given the returns (T,) or (T, S) of what one local unit is worth in it.

    Log returns add, simple ones compound: (1 + r)(1 + f) - 1. Missing on either side stays missing. All are fractions
    of the same ``kind`` and sessions. Raises InputError for an unknown kind or shapes that do not fit.
    """
    if kind not in KINDS:
        raise InputError(f"returns {kind!r} are not known", hint=f"choose {' or '.join(KINDS)}")
    rates = fx_returns[:, None] if fx_returns.ndim == 1 else fx_returns
    if len(rates) != len(returns) or rates.shape[1] not in (1, returns.shape[1]):
        raise InputError(
            f"returns of shape {returns.shape} and currency returns of shape {fx_returns.shape} do not fit",
            hint="both need the same sessions, and one currency or one per symbol",
        )
    converted: Array = returns + rates if kind == "log" else (1.0 + returns) * (1.0 + rates) - 1.0
    return converted
