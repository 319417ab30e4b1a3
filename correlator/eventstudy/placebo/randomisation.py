"""Randomisation p-values, single and for families, and by inverting the test: intervals and tests of equivalence.

The real placement is one of the equally likely ones, so it is counted among them, and p is at least 2/(placements + 1),
however many draws repeat the same ones (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.eventstudy.panel.frames import Array
from correlator.eventstudy.significance.multiple_testing import romano_wolf

LEVEL = 0.95


@dataclass(frozen=True)
class Shift:
    """A statistic after removing an effect common to all events: ``observed`` - effect * ``slope``, each (W,)."""

    observed: Array
    slope: Array


def randomisation_p(observed: Array, null: Array) -> Array:
    """Return two-sided p-values (H,) of ``observed`` (H,) among placements ``null`` (B, H); NaN where observed is.

    Twice the smaller of (1 + placements at least as large) and (1 + placements at most as large), over 1 + B, at most
    1. Values that differ only by rounding are equal, so that placements on the real dates are; NaN are not counted.
    """
    above, below = one_sided_p(observed, null)
    return np.where(np.isnan(observed), np.nan, np.minimum(2 * np.minimum(above, below), 1.0))


def one_sided_p(observed: Array, null: Array) -> tuple[Array, Array]:
    """Return shares (H,) of placements, including the real one, at least and at most as large as ``observed``."""
    placements = 1 + (~np.isnan(null)).sum(axis=0)
    slack = _slack(observed, null)
    above = (1 + (null >= observed - slack).sum(axis=0)) / placements
    below = (1 + (null <= observed + slack).sum(axis=0)) / placements
    return above, below


def family_p(observed: Array, null: Array, p_values: Array) -> Array:
    """Return p-values (H,) adjusted for the family by Romano & Wolf: step-down minima of p over joint draws.

    ``observed`` (H,); ``null`` (B, H) joint draws, in which the real placement is as likely as any other; ``p_values``
    (H,) of each single hypothesis: an adjusted p-value is never smaller.
    """
    pooled = np.vstack([observed, null])
    own = np.stack([_pooled_p(column) for column in pooled.T], axis=1)
    adjusted = romano_wolf(-own[0], -np.nan_to_num(own[1:], nan=1.0))
    return np.where(np.isnan(p_values), np.nan, np.fmax(adjusted, p_values))


def interval(shift: Shift, null: Array) -> tuple[Array, Array]:
    """Return the lowest and highest effect (W,) that the test does not reject; infinite if there are few placements.

    An effect is not rejected if ``observed`` less effect times slope lies between the k-th smallest and the k-th
    largest of ``null`` (B, W), k = (1 - ``LEVEL``)/2 (B + 1).
    """
    low, high = np.full(len(shift.observed), -np.inf), np.full(len(shift.observed), np.inf)
    for w, column in enumerate(null.T):
        values = np.sort(column[~np.isnan(column)])
        k = int(np.floor((1 - LEVEL) / 2 * (len(values) + 1) + 1e-9))
        if np.isnan(shift.observed[w]) or not shift.slope[w] > 0:
            low[w] = high[w] = np.nan
        elif k >= 1:
            low[w] = (shift.observed[w] - values[-k]) / shift.slope[w]
            high[w] = (shift.observed[w] - values[k - 1]) / shift.slope[w]
    return low, high


def equivalence_p(shift: Shift, null: Array, margin: float) -> Array:
    """Return p (W,) of two one-sided tests: small if the effect lies within ``margin`` (a fraction) of zero.

    Schuirmann (1987): the larger of the p-values against an effect of at least ``margin`` and of at most -``margin``.
    """
    _, not_above = one_sided_p(shift.observed - margin * shift.slope, null)
    not_below, _ = one_sided_p(shift.observed + margin * shift.slope, null)
    return np.where(np.isnan(shift.observed), np.nan, np.maximum(not_above, not_below))


def _pooled_p(values: Array) -> Array:
    """Return the two-sided p (N,) of each of ``values`` among all of them, itself included; NaN for NaN."""
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return np.full(len(values), np.nan)
    slack = 1e-12 * max(float(np.ptp(known)), float(np.abs(known).max()))
    above = len(known) - np.searchsorted(known, values - slack, side="left")
    below = np.searchsorted(known, values + slack, side="right")
    p = np.minimum(2.0 * np.minimum(above, below) / len(known), 1.0)
    return np.where(np.isnan(values), np.nan, p)


def _slack(observed: Array, null: Array) -> Array:
    """Return the tolerance (H,) within which values count as equal."""
    filled = np.nan_to_num(null)
    spread = np.ptp(filled, axis=0) if len(filled) else np.zeros(len(observed))
    return np.asarray(1e-12 * np.maximum(np.abs(observed), spread))
