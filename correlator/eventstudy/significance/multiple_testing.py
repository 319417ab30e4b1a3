"""Multiple testing: p-values adjusted for the number of hypotheses tested.

=====================  ==========================================  =====================================================
function               controls                                    source
=====================  ==========================================  =====================================================
holm                   family-wise error, any dependence           Holm (1979), Scand. J. Statist. 6, 65-70
benjamini_hochberg     false-discovery rate, independence or       Benjamini & Hochberg (1995), JRSS B 57, 289-300
                       positive dependence
romano_wolf            family-wise error, with the dependence      Romano & Wolf (2005), Econometrica 73, 1237-1282;
                       that joint null draws show                  p-values as in Romano & Wolf (2016), SPL 113, 38-40
=====================  ==========================================  =====================================================

A p-value that is NaN was not tested: it stays NaN and is not counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from correlator.errors import InputError
from correlator.eventstudy.panel.frames import Array, Rows


def holm(p_values: ArrayLike) -> Array:
    """Return adjusted p-values (H,), step-down: the running maximum of (H - j) p_(j), at most 1."""
    p, order, tested = _sorted(p_values)
    ordered = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1))
    return _placed(ordered, order, tested, len(p))


def benjamini_hochberg(p_values: ArrayLike) -> Array:
    """Return adjusted p-values (H,), step-up: the running minimum from the largest of H p_(j) / j, at most 1."""
    p, order, tested = _sorted(p_values)
    shares = p[order] * len(order) / np.arange(1, len(order) + 1)
    ordered = np.minimum.accumulate(shares[::-1])[::-1]
    return _placed(ordered, order, tested, len(p))


def romano_wolf(observed: ArrayLike, null: ArrayLike) -> Array:
    """Return adjusted p-values (H,) by step-down maxima of joint null draws.

    ``observed`` (H,) statistics, large ones being evidence against the null; ``null`` (B, H) the same statistics in B
    draws in which every null is true, each row drawn jointly. With hypotheses in order of their statistic,
    p_j = (1 + draws whose largest statistic among j and those after it is at least the observed) / (1 + B), made
    monotone. NaN in ``observed`` is not tested. Raises InputError if the shapes do not match.
    """
    t, draws = np.asarray(observed, dtype=np.float64), np.asarray(null, dtype=np.float64)
    if draws.ndim != 2 or draws.shape[1] != len(t) or len(draws) == 0:
        raise InputError(
            f"null draws must have shape (draws, {len(t)}), got {draws.shape}", hint="give one column per hypothesis"
        )
    tested = np.flatnonzero(~np.isnan(t))
    order = tested[np.argsort(-t[tested], kind="stable")]
    largest = np.full(len(draws), -np.inf)
    ordered = np.empty(len(order))
    for place in range(len(order) - 1, -1, -1):
        column = draws[:, order[place]]
        largest = np.fmax(largest, column)
        ordered[place] = (1 + np.count_nonzero(largest >= t[order[place]])) / (1 + len(draws))
    adjusted = np.full(len(t), np.nan)
    adjusted[order] = np.maximum.accumulate(ordered)
    return adjusted


def _sorted(p_values: ArrayLike) -> tuple[Array, Rows, int]:
    p = np.asarray(p_values, dtype=np.float64).ravel()
    known = np.flatnonzero(~np.isnan(p))
    if len(known) and not (p[known].min() >= 0 and p[known].max() <= 1):
        raise InputError("p-values must be between 0 and 1")
    return p, known[np.argsort(p[known], kind="stable")], len(known)


def _placed(ordered: Array, order: Rows, tested: int, size: int) -> Array:
    adjusted = np.full(size, np.nan)
    adjusted[order] = np.minimum(ordered, 1.0) if tested else ordered
    return adjusted
