"""The first pass over many events: sums of their values and moments, in loops that also run as plain Python.

The numpy code of ``sums`` defines the sums, and a test compares these loops with it. Moments are summed around a number
close to the mean, so that one pass is enough.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.request.engines import compiled, inlined
from correlator.eventstudy.significance.arrays import StudyArrays

_SUMS: Final = ("n", "total", "positive", "scaled_n", "scaled_total", "patell", "forecast", "forecasts", "bars")
_MOMENTS: Final = ("squares", "cubes", "scaled_squares")
_HEAD = 1_000
"""Number of events whose mean the moments are summed around."""


class Values(NamedTuple):
    """The values of some events: ``x``, ``se`` and ``bars`` (B, K) as in ``Block``, and ``sigma``, ``df`` (B,)."""

    x: Array
    se: Array
    bars: Array
    sigma: Array
    df: Array


def values_of(arrays: StudyArrays, rows: Rows) -> Values:
    """Return the values of the events ``rows`` (B,)."""
    size = arrays.ar.shape[1] + arrays.car.shape[1]
    x, se, bars = (np.empty((len(rows), size)) for _ in range(3))
    values = Values(x, se, bars, np.empty(len(rows)), np.empty(len(rows)))
    pairs = (arrays.ar, arrays.ar_se, arrays.car, arrays.car_se)
    compiled(fill_values)(pairs, (arrays.sigma, arrays.df, arrays.window_bars), rows, values)
    return values


def fill_values(pairs: tuple[Array, ...], own: tuple[Array, Rows, Rows], rows: Rows, values: Values) -> None:
    """Fill ``values`` of the events ``rows`` from ``pairs``, AR and CAR with errors, and ``own``, sigma, df and bars.

    One array after the other, so that the processor fetches the rows of many events at once.
    """
    ar, ar_se, car, car_se = pairs
    own_sigma, own_df, window_bars = own
    x, se, bars, sigma, df = values
    days = ar.shape[1]
    copy_rows(ar, rows, x, 0)
    copy_rows(ar_se, rows, se, 0)
    copy_rows(car, rows, x, days)
    copy_rows(car_se, rows, se, days)
    copy_rows(window_bars, rows, bars, days)
    for p in range(len(rows)):
        sigma[p], df[p] = own_sigma[rows[p]], own_df[rows[p]]
    for p in range(len(rows)):
        bars[p, :days] = 1.0
        for k in range(x.shape[1]):
            bars[p, k] = bars[p, k] if x[p, k] == x[p, k] else 0.0


@inlined
def copy_rows(table: NDArray[Any], rows: Rows, into: Array, first: int) -> None:
    """Copy ``rows`` of ``table`` to the columns of ``into`` from ``first`` on."""
    for p in range(len(rows)):
        i = rows[p]
        for c in range(table.shape[1]):
            into[p, first + c] = table[i, c]


def shift_of(arrays: StudyArrays) -> Array:
    """Return a number (2, K) close to the mean of x, and of x / se: the mean over the first events, or 0."""
    head = values_of(arrays, arrays.events[:_HEAD])
    both = np.stack([head.x, head.x / head.se])
    known = np.isfinite(both)
    return np.asarray(np.where(known, both, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1))


def look_at_values(arrays: StudyArrays, shift: Array, rows: Rows) -> Array:
    """Return the sums (12, K) over the events ``rows`` for ``moments_of``."""
    out = np.zeros((len(_SUMS) + len(_MOMENTS), shift.shape[1]))
    compiled(add_values)(values_of(arrays, rows), shift, out)
    return out


def moments_of(out: Array, shift: Array) -> dict[str, Array]:
    """Return the sums of the stages ``values`` and ``moments`` from those around ``shift`` over all events."""
    sums = dict(zip((*_SUMS, *_MOMENTS), out, strict=True))
    n, total, squares = sums["n"], sums["total"], sums["squares"]
    off = np.where(n > 0, total / n, 0.0)
    scaled_n, scaled_total = sums["scaled_n"], sums["scaled_total"]
    return {
        **sums,
        "total": total + n * shift[0],
        "squares": np.maximum(squares - total * off, 0.0),
        "cubes": sums["cubes"] - 3 * off * squares + 2 * total * off * off,
        "scaled_total": scaled_total + scaled_n * shift[1],
        "scaled_squares": np.maximum(
            sums["scaled_squares"] - np.where(scaled_n > 0, scaled_total * scaled_total / scaled_n, 0.0), 0.0
        ),
    }


def add_values(values: Values, shift: Array, out: Array) -> None:
    """Add to ``out`` the sums named by ``_SUMS`` and ``_MOMENTS``; totals and moments of x less ``shift[0]``, and of
    x / se less ``shift[1]``.
    """
    for p in range(len(values.x)):
        x, se, bars = values.x[p], values.se[p], values.bars[p]
        inverse, df = 1.0 / values.sigma[p], values.df[p]
        patell = df / (df - 2.0) if df > 2 else np.nan
        for k in range(len(x)):
            v, scaled, error = x[k], x[k] / se[k], se[k] * inverse
            known, scalable, has_error = v == v, scaled == scaled, error == error
            c, s = v - shift[0, k] if known else 0.0, scaled - shift[1, k] if scalable else 0.0
            out[0, k] += 1.0 if known else 0.0
            out[1, k] += c
            out[2, k] += 1.0 if v > 0 else 0.0
            out[3, k] += 1.0 if scalable else 0.0
            out[4, k] += s
            out[5, k] += patell if scalable else 0.0
            out[6, k] += error * error if has_error else 0.0
            out[7, k] += 1.0 if has_error else 0.0
            out[8, k] += bars[k]
            out[9, k] += c * c
            out[10, k] += c * c * c
            out[11, k] += s * s
