"""The engine's inner loop for many events of a model with a constant and at most one regressor.

Plain Python over arrays: runs as it stands (a few events, and how the tests check it) and compiled by numba, which
keeps what it compiled on disk. Events come sorted by symbol; for each symbol the bars that have both return and
regressor are packed side by side once, so the estimation window of every event is one contiguous run without holes.

Sums are taken around a shift close to the window's mean and corrected for the rest (Chan, Golub & LeVeque 1983). The
shift comes from running sums, whose error is harmless for a shift; where it is not close (a bad tick of any size
earlier in the history), the window's own means replace it. Where the fit is so good that Syy - Sxy^2/Sxx would cancel,
the residuals are squared one by one. So nothing outside a window can cost digits inside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

READY, FLAT_RETURN, FLAT_DESIGN = 0, 1, 2
_DEGENERATE = 64 * np.finfo(np.float64).eps
_NOT_CLOSE = 0.01
_CANCELS = 1e-3


def count_bars(
    y: Array, x: Array, part: Rows, symbol: Rows, first: Rows, last: Rows, win: Rows, days: int, n: Rows, m: Rows
) -> None:
    """Fill ``n`` and ``m`` (E,): usable bars of the estimation and of the event window. Arguments as ``estimate``."""
    total = y.shape[1]
    before = np.zeros(total + 1, dtype=np.int64)
    current = -1
    for i in range(part[0], part[1]):
        if symbol[i] != current:
            current = symbol[i]
            for t in range(total):
                before[t + 1] = before[t] + (1 if y[current, t] - x[t] == y[current, t] - x[t] else 0)
        n[i] = before[min(last[i], total - 1) + 1] - before[max(first[i], 0)]
        m[i] = before[win[i] + days] - before[win[i]]


def estimate(
    y: Array,
    x: Array,
    part: Rows,
    target: Rows,
    symbol: Rows,
    first: Rows,
    last: Rows,
    win: Rows,
    columns: Rows,
    slope: bool,
    days: int,
    out: Array,
    whole: Rows,
    residuals: Array,
    status: NDArray[np.int8],
) -> None:
    """Estimate the events from ``part[0]`` to before ``part[1]``, sorted by symbol, and fill rows ``target``.

    ``y`` (S, T) returns and ``x`` (T,) regressor, NaN where missing (without ``slope`` x is zeros); ``symbol``,
    ``first``, ``last``, ``win`` (E,) column, estimation rows (ends included), first event row; ``columns`` (W, 2).
    One row of ``out`` holds one event, so that it is written in one place: k coefficients, sigma, AR and their errors
    (``days`` each), CAR, their errors and bars counted (W each); the last are integers, in ``whole``, the same memory.
    """
    total = y.shape[1]
    windows = columns.shape[0]
    xs, ys = np.zeros(total), np.zeros(total)
    sum_xs, sum_ys = np.zeros(total + 1), np.zeros(total + 1)
    before = np.zeros(total + 1, dtype=np.int64)
    k = 2 if slope else 1
    at_car = k + 1 + 2 * days
    at_count = at_car + 2 * windows
    current = -1
    for p in range(part[0], part[1]):
        i = target[p]
        if symbol[p] != current:
            current = symbol[p]
            place = 0
            run_x, run_y = 0.0, 0.0
            for t in range(total):
                before[t] = place
                there = y[current, t] - x[t] == y[current, t] - x[t]
                xs[place], ys[place] = x[t], y[current, t]
                run_x += x[t] if there else 0.0
                run_y += y[current, t] if there else 0.0
                place += 1 if there else 0
                sum_xs[place], sum_ys[place] = run_x, run_y
            before[total] = place
        a, b = before[max(first[p], 0)], before[min(last[p], total - 1) + 1]
        n = b - a
        px, py = xs[a:b], ys[a:b]
        centre_x, centre_y = (sum_xs[b] - sum_xs[a]) / n, (sum_ys[b] - sum_ys[a]) / n
        for attempt in range(2):
            sx, sy, sxx, sxy, syy = 0.0, 0.0, 0.0, 0.0, 0.0
            for j in range(n):
                dx, dy = px[j] - centre_x, py[j] - centre_y
                sx += dx
                sy += dy
                sxx += dx * dx
                sxy += dx * dy
                syy += dy * dy
            if sx * sx <= _NOT_CLOSE * n * sxx and sy * sy <= _NOT_CLOSE * n * syy:
                break
            if attempt == 0:
                total_x, total_y = 0.0, 0.0
                for j in range(n):
                    total_x += px[j]
                    total_y += py[j]
                centre_x, centre_y = total_x / n, total_y / n
        off_x, off_y = sx / n, sy / n
        sxx -= sx * off_x
        sxy -= sx * off_y
        syy -= sy * off_y
        if syy <= _DEGENERATE * _DEGENERATE * (syy + n * centre_y * centre_y):
            status[i] = FLAT_RETURN
            continue
        beta, inverse = 0.0, 0.0
        if slope:
            if sxx <= _DEGENERATE * _DEGENERATE * (sxx + n * centre_x * centre_x):
                status[i] = FLAT_DESIGN
                continue
            beta, inverse = sxy / sxx, 1.0 / sxx
        ssr = syy - beta * sxy
        if ssr < _CANCELS * syy:
            ssr = 0.0
            for j in range(n):
                e = (py[j] - centre_y - off_y) - beta * (px[j] - centre_x - off_x)
                ssr += e * e
        s = np.sqrt(ssr / (n - k))
        row = out[i]
        row[k] = s
        row[0] = (centre_y + off_y) - beta * (centre_x + off_x)
        if slope:
            row[1] = beta
        wx, wy = x[win[p] : win[p] + days], y[current, win[p] : win[p] + days]
        ar_row, se_row = row[k + 1 : k + 1 + days], row[k + 1 + days : at_car]
        share = 1.0 + 1.0 / n
        for d in range(days):
            dx = wx[d] - centre_x - off_x
            e = (wy[d] - centre_y - off_y) - beta * dx
            ar_row[d] = e
            se_row[d] = s * np.sqrt(share + dx * dx * inverse) + 0.0 * e
        for w in range(windows):
            m, sum_e, sum_x = 0, 0.0, 0.0
            values, regressor = ar_row[columns[w, 0] : columns[w, 1] + 1], wx[columns[w, 0] : columns[w, 1] + 1]
            for d in range(len(values)):
                there = values[d] == values[d]
                m += 1 if there else 0
                sum_e += values[d] if there else 0.0
                sum_x += regressor[d] - centre_x - off_x if there else 0.0
            whole[i, at_count + w] = m
            if m > 0:
                row[at_car + w] = sum_e
                row[at_car + windows + w] = s * np.sqrt(m + m * m / n + sum_x * sum_x * inverse)
            else:
                row[at_car + w] = np.nan
                row[at_car + windows + w] = np.nan
        if residuals.shape[1] > 0:
            for d in range(residuals.shape[1]):
                t = first[p] + d
                if t < 0 or t >= total or t > last[p]:
                    residuals[i, d] = np.nan
                else:
                    residuals[i, d] = (y[current, t] - centre_y - off_y) - beta * (x[t] - centre_x - off_x)


def unpacked(out: Array, whole: Rows, k: int, days: int, windows: int) -> dict[str, Any]:
    """The parts of ``out`` by the names that EventEstimates gives them; views, not copies."""
    ends = np.cumsum([k, 1, days, days, windows, windows])
    names = ("coefficients", "sigma", "ar", "ar_se", "car", "car_se")
    parts = {
        name: out[:, end - width : end] for name, end, width in zip(names, ends, np.diff(ends, prepend=0), strict=True)
    }
    return {**parts, "sigma": parts["sigma"][:, 0], "n_car": whole[:, ends[-1] :]}


@cache
def compiled() -> tuple[Callable[..., None], Callable[..., None]]:
    """``count_bars`` and ``estimate`` compiled; sums may be reordered, NaN stays NaN."""
    from numba import njit

    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
    reorder = {"reassoc", "contract", "arcp", "nsz"}
    return njit(**options)(count_bars), njit(**options, fastmath=reorder)(estimate)


def worth_compiling(events: int) -> bool:
    """Whether the loop pays for loading numba (half a second, nothing when it is there already), where installed."""
    if "numba" in sys.modules:
        return events >= 2_000
    return events >= 100_000 and installed()


def installed() -> bool:
    """Whether numba is there to compile the loops."""
    return "numba" in sys.modules or find_spec("numba") is not None


def sorted_by_symbol(symbol: Rows, symbols: int) -> Rows:
    """Positions of the events in order of symbol; a radix sort where there are fewer than 65,536 symbols."""
    small = symbol.astype(np.uint16) if symbols < 1 << 16 else symbol
    return np.argsort(small, kind="stable")


def in_threads(work: Callable[[Rows], None], symbol: Rows, threads: int) -> None:
    """Run ``work`` on ranges of the sorted events that share no ``symbol``, one thread each."""
    at = np.searchsorted(symbol, symbol[[len(symbol) * part // threads for part in range(1, threads)]])
    cuts = [0, *at.tolist(), len(symbol)]
    parts = [np.array([a, b]) for a, b in pairwise(cuts) if b > a]
    if len(parts) == 1:
        work(parts[0])
        return
    with ThreadPoolExecutor(max(len(parts), 1)) as pool:
        for _ in pool.map(work, parts):
            pass
