"""Columns of a wide table that are the sum or the mean of the other columns, and so no shares of the market."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_FEWEST_ROWS, _MOST_ROWS = 20, 500
_MOST_DECIMALS = 8
_EXACT = 1e-9
"""Relative error of sums of numbers that are not rounded."""
_COARSE = 0.1
"""Rounding beyond this share of a column's standard deviation hides whether it is a total."""


def totals_of_others(values: Array) -> list[int]:
    """Return the columns of ``values`` (T, S) that are a fixed multiple of the sum of the other columns.

    That is so for their sum and their mean, also if a table has both. Only rows without a missing value count, at least
    20 and the first 500; columns may be rounded. Of two columns none is a total: either would be a sum of the other.

    Examples
    --------
    >>> shares = np.random.default_rng(1).uniform(50, 60, (30, 4)).round(2)
    >>> totals_of_others(np.column_stack([shares, shares.sum(axis=1), shares.mean(axis=1).round(2)]))
    [4, 5]
    >>> totals_of_others(shares), totals_of_others((shares[:, :3] % 0.03).round(2))
    ([], [])
    """
    known = values[np.flatnonzero(np.isfinite(values).all(axis=1))[:_MOST_ROWS]]
    if len(known) < _FEWEST_ROWS or known.shape[1] < 3:
        return []
    total, units = known.sum(axis=1), np.array([_half_unit(each) for each in known.T])
    found = []
    for column, own in enumerate(known.T):
        others = total - own
        size = float(others @ others)
        multiple = float(own @ others) / size if size else 0.0
        rounding = units[column] + abs(multiple) * (units.sum() - units[column])
        slack = _EXACT * float(np.abs(own).max()) + rounding
        if slack <= _COARSE * float(own.std()) and np.abs(own - multiple * others).max() <= slack:
            found.append(column)
    return found if len(found) <= known.shape[1] - 2 else []  # else all columns are multiples of one


def _half_unit(values: Array) -> float:
    """Return half a unit of the last decimal of ``values``; 0 if they are not rounded."""
    for decimals in range(_MOST_DECIMALS + 1):
        if np.abs(values - values.round(decimals)).max() <= _EXACT:
            return 0.51 * 10.0**-decimals
    return 0.0
