"""The second pass over many events: blocks of residuals are sorted by numpy and summed by ``residual_loops``."""

from __future__ import annotations

import numpy as np

from correlator.eventstudy.panel.frames import Array, Mask
from correlator.eventstudy.request.engines import compiled
from correlator.eventstudy.significance.ranks import no_ranks
from correlator.eventstudy.significance.residual_loops import LARGEST, Keys, Looked, Meeting, add_residuals
from correlator.eventstudy.significance.sums import Known
from correlator.eventstudy.significance.value_loops import Values


def empty_sums(shape: tuple[int, int, int], dates: int, summed: tuple[int, int]) -> Looked:
    """Return sums over no events of ``shape`` (L, D, K) on ``dates`` days; ``summed``: shape of the sums by date."""
    length, days, columns = shape
    totals, n = np.zeros((dates, columns)), np.zeros((dates, columns))
    sums = (np.zeros(columns), np.zeros(columns), np.zeros(length), np.zeros((3, columns)))
    return Looked(*sums, no_ranks(length, days, columns), np.zeros(summed), np.zeros(1), totals, n)


def constants_of(known: Known) -> Array:
    """Return the constants (6, K) of ``add_pseudo``: mean and sd of x / se, n - 1, (n - 1) mean / sd, and two terms of
    the leave-one-out variance.
    """
    rest, mean, sd = known.scaled_n - 1, known.scaled_mean, known.scaled_sd
    left = (sd**2 * rest / (rest - 1), known.scaled_n / rest / (rest - 1))
    return np.stack([mean, sd, rest, rest * (mean / sd), *left])


def look_at_residuals(
    estimation: tuple[Array, Mask, Array], values: Values, constants: Array, *, meeting: Meeting, out: Looked
) -> None:
    """Add some events to ``out``; ``estimation`` as returned by ``StudyArrays.estimation``. Keys are sorted by numpy,
    which uses vector instructions for integers.
    """
    e, used, daily = estimation
    keys = np.empty(e.shape, dtype=np.int32)
    compiled(fill_keys)(e, used, values.sigma, keys)
    keys.sort(axis=1)
    compiled(add_residuals)((e, daily, keys), (values, constants), meeting, out)


def fill_keys(e: Array, used: Mask, sigma: Array, keys: Keys) -> None:
    """Fill ``keys`` (B, L) with integers in the order of ``e`` up to rounding; their lowest bits are the column; the
    largest integer where ``e`` is not ``used``. ``sigma`` (B,) residual sd.

    No residual exceeds the root of the sum of all squares, so that range is divided into the available steps. Half as
    many bits as in a residual are sorted in half the time.
    """
    length, low = e.shape[1], 1
    while low < length:
        low <<= 1
    half = float((1 << 30) // low - 1)
    for p in range(len(e)):
        reach = sigma[p] * np.sqrt(1.0 * length)
        scale = half / reach if 1e-200 < reach < 1e200 else 0.0
        for t in range(length):
            step = min(max(e[p, t] * scale, -half), half)
            keys[p, t] = np.int32(step + half) * low + t if used[p, t] else LARGEST
