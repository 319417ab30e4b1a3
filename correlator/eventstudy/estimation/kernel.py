"""The inner loop of the engine for many events of a model with a constant and at most one regressor.

Plain Python over arrays, which runs uncompiled (as in the tests) or compiled (``engines``). Events are sorted by
symbol; for each symbol the bars that have both return and regressor are packed once into contiguous memory, so the
estimation window of every event is one contiguous slice without missing values.

Sums are taken around a shift close to the mean of the window and corrected for the rest (Chan, Golub & LeVeque 1983).
The shift comes from running sums, whose rounding error does not matter for a shift; where it is not close (after a bad
tick of any size earlier in the history), the means of the window replace it. Where the fit is so good that
Syy - Sxy^2/Sxx would lose digits, the squared residuals are summed instead. So no value outside a window reduces the
precision inside it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from correlator.base.limits import thread_count
from correlator.eventstudy.estimation.estimates import (
    FLAT_DESIGN_REASON,
    FLAT_RETURN_REASON,
    NO_BAR_REASON,
    EventEstimates,
    PackedBars,
    Placement,
    Regressed,
    Request,
    too_few,
)
from correlator.eventstudy.panel.frames import Array, Rows, Spans
from correlator.eventstudy.request.engines import compiled

READY, FLAT_RETURN, FLAT_DESIGN = 0, 1, 2
_DEGENERATE = 64 * np.finfo(np.float64).eps
_NOT_CLOSE = 0.01
_CANCELS = 1e-3


class Series(NamedTuple):
    """``y`` (S, T) returns and ``x``, (1, T) or (S, T), regressor, NaN where missing; zeros if ``slope`` is False;
    ``spans`` (S, T), or (0, 0), sessions that returns cover.
    """

    y: Array
    x: Array
    spans: Spans
    slope: bool


class Spots(NamedTuple):
    """Positions of events sorted by ``symbol`` (column): ``first`` and ``last`` row of estimation, ``win`` first row of
    the event window and ``target`` output row; each (E,).
    """

    symbol: Rows
    first: Rows
    last: Rows
    win: Rows
    target: Rows


class Filled(NamedTuple):
    """Output arrays, with one row per event so that writes are contiguous.

    ``out``: k coefficients, sigma, AR and their errors (``days`` each), CAR, their errors and numbers of bars (W each),
    the last as integers in ``whole``, a view of the same memory; ``columns`` (W, 2) of the CAR windows; ``residuals``
    (E, L), or (E, 0); ``status`` (E,).
    """

    out: Array
    whole: Rows
    columns: Rows
    days: int
    residuals: Array
    status: NDArray[np.int8]


def count_bars(series: Series, spots: Spots, part: Rows, counts: Rows) -> None:
    """Fill ``counts`` (2, E) with the usable bars of estimation window and event window.

    ``part``: first event, event to stop before, and bars of the event window.
    """
    y, xs, _, _ = series
    x = xs[0]
    total, days = y.shape[1], part[2]
    before = np.zeros(total + 1, dtype=np.int64)
    current = -1
    for i in range(part[0], part[1]):
        if spots.symbol[i] != current:
            current = spots.symbol[i]
            x = xs[current if len(xs) > 1 else 0]
            for t in range(total):
                before[t + 1] = before[t] + (1 if y[current, t] - x[t] == y[current, t] - x[t] else 0)
        counts[0, i] = before[min(spots.last[i], total - 1) + 1] - before[max(spots.first[i], 0)]
        counts[1, i] = before[spots.win[i] + days] - before[spots.win[i]]


def estimate(series: Series, spots: Spots, part: Rows, filled: Filled) -> None:
    """Estimate the events from ``part[0]`` up to but excluding ``part[1]``, and fill their rows of ``filled``."""
    y, all_x, spans, slope = series
    x = all_x[0]
    symbol, first, last, win, target = spots
    out, whole, columns, days, residuals, status = filled
    total = y.shape[1]
    windows = columns.shape[0]
    xs, ys, ws = np.zeros(total), np.zeros(total), np.ones(total)
    sum_xs, sum_ys = np.zeros(total + 1), np.zeros(total + 1)
    before = np.zeros(total + 1, dtype=np.int64)
    k = 2 if slope else 1
    at_car = k + 1 + 2 * days
    at_count = at_car + 2 * windows
    known, sessions, errors, moves = np.empty(days), np.ones(days), np.empty(days), np.empty(days)
    weighted, current = len(spans) > 0, -1
    for p in range(part[0], part[1]):
        i = target[p]
        if symbol[p] != current:
            current = symbol[p]
            x = all_x[current if len(all_x) > 1 else 0]
            place = 0
            run_x, run_y = 0.0, 0.0
            for t in range(total):
                before[t] = place
                both = y[current, t] - x[t] == y[current, t] - x[t]
                xs[place], ys[place] = x[t], y[current, t]
                if weighted:
                    ws[place] = 1.0 / spans[current, t]
                run_x += x[t] if both else 0.0
                run_y += y[current, t] if both else 0.0
                place += 1 if both else 0
                sum_xs[place], sum_ys[place] = run_x, run_y
            before[total] = place
        a, b = before[max(first[p], 0)], before[min(last[p], total - 1) + 1]
        n = b - a
        px, py, pw = xs[a:b], ys[a:b], ws[a:b]
        centre_x, centre_y = (sum_xs[b] - sum_xs[a]) / n, (sum_ys[b] - sum_ys[a]) / n
        for attempt in range(2):
            sw, sx, sy, sxx, sxy, syy = 1.0 * n, 0.0, 0.0, 0.0, 0.0, 0.0
            if weighted:
                sw = 0.0
                for j in range(n):
                    dx, dy = px[j] - centre_x, py[j] - centre_y
                    wx, wy = pw[j] * dx, pw[j] * dy
                    sw += pw[j]
                    sx += wx
                    sy += wy
                    sxx += wx * dx
                    sxy += wx * dy
                    syy += wy * dy
            else:
                for j in range(n):
                    dx, dy = px[j] - centre_x, py[j] - centre_y
                    sx += dx
                    sy += dy
                    sxx += dx * dx
                    sxy += dx * dy
                    syy += dy * dy
            if sx * sx <= _NOT_CLOSE * sw * sxx and sy * sy <= _NOT_CLOSE * sw * syy:
                break
            if attempt == 0:
                total_x, total_y = 0.0, 0.0
                for j in range(n):
                    total_x += px[j]
                    total_y += py[j]
                centre_x, centre_y = total_x / n, total_y / n
        off_x, off_y = sx / sw, sy / sw
        sxx -= sx * off_x
        sxy -= sx * off_y
        syy -= sy * off_y
        if syy <= _DEGENERATE * _DEGENERATE * (syy + sw * centre_y * centre_y):
            status[i] = FLAT_RETURN
            continue
        beta, inverse = 0.0, 0.0
        if slope:
            if sxx <= _DEGENERATE * _DEGENERATE * (sxx + sw * centre_x * centre_x):
                status[i] = FLAT_DESIGN
                continue
            beta, inverse = sxy / sxx, 1.0 / sxx
        ssr = syy - beta * sxy
        if ssr < _CANCELS * syy:
            ssr = 0.0
            for j in range(n):
                e = (py[j] - centre_y - off_y) - beta * (px[j] - centre_x - off_x)
                ssr += pw[j] * e * e
        s = np.sqrt(ssr / (n - k))
        row = out[i]
        row[k] = s
        row[0] = (centre_y + off_y) - beta * (centre_x + off_x)
        if slope:
            row[1] = beta
        in_x, in_y = x[win[p] : win[p] + days], y[current, win[p] : win[p] + days]
        ar_row, se_row = row[k + 1 : k + 1 + days], row[k + 1 + days : at_car]
        if weighted:
            for d in range(days):
                sessions[d] = spans[current, win[p] + d]
        for d in range(days):
            dx = in_x[d] - centre_x - off_x
            e = (in_y[d] - centre_y - off_y) - beta * dx
            ar_row[d] = e
            se_row[d] = s * np.sqrt(sessions[d] + 1.0 / sw + dx * dx * inverse) + 0.0 * e
            known[d] = 1.0 if e == e else 0.0
            errors[d], moves[d] = (e, dx) if e == e else (0.0, 0.0)
        for w in range(windows):
            first_day, last_day = columns[w, 0], columns[w, 1]
            m, covered, sum_e, sum_x = 0.0, 0.0, 0.0, 0.0
            for d in range(first_day, last_day + 1):
                m += known[d]
                covered += known[d] * sessions[d]
                sum_e += errors[d]
                sum_x += moves[d]
            broken = weighted and known[last_day] == 0.0
            if weighted:
                for d in range(first_day, last_day + 1):
                    broken = broken or known[d] * sessions[d] > d - first_day + 1
            whole[i, at_count + w] = int(m)
            if m > 0 and not broken:
                row[at_car + w] = sum_e
                row[at_car + windows + w] = s * np.sqrt(covered + m * m / sw + sum_x * sum_x * inverse)
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
                    if weighted:
                        residuals[i, d] /= np.sqrt(1.0 * spans[current, t])


def unpacked(filled: Filled, k: int) -> dict[str, Any]:
    """Return views of ``filled`` by the names of their fields in EventEstimates."""
    out, whole, columns, days, _, _ = filled
    windows = len(columns)
    ends = np.cumsum([k, 1, days, days, windows, windows])
    names = ("coefficients", "sigma", "ar", "ar_se", "car", "car_se")
    parts = {
        name: out[:, end - width : end] for name, end, width in zip(names, ends, np.diff(ends, prepend=0), strict=True)
    }
    return {**parts, "sigma": parts["sigma"][:, 0], "n_car": whole[:, ends[-1] :]}


def sorted_by_symbol(symbol: Rows, symbols: int) -> Rows:
    """Return the positions of events sorted by symbol, with a radix sort if there are fewer than 65,536 symbols."""
    small = symbol.astype(np.uint16) if symbols < 1 << 16 else symbol
    return np.argsort(small, kind="stable")


def in_threads(work: Callable[[Rows], None], symbol: Rows, days: int) -> None:
    """Run ``work`` on ranges of events sorted by ``symbol``, one thread each; no symbol is in two ranges.

    ``work`` is given an array: first event, event to stop before, and ``days`` of the event window.
    """
    threads = thread_count()
    at = np.searchsorted(symbol, symbol[[len(symbol) * part // threads for part in range(1, threads)]])
    cuts = [0, *at.tolist(), len(symbol)]
    parts = [np.array([a, b, days]) for a, b in pairwise(cuts) if b > a]
    with ThreadPoolExecutor(max(len(parts), 1)) as pool:
        for _ in (pool.map if len(parts) > 1 else map)(work, parts):
            pass


def fit_compiled(panel: Regressed, where: Placement, ready: Rows, request: Request) -> EventEstimates:
    """Estimate the events at positions ``ready``, whose windows lie inside the panel, in one thread per processor."""
    slope, packed = panel.regressors.shape[1] == 1, PackedBars.of(panel, request.length)
    series = Series(packed.returns, packed.regressor, packed.spans, slope)
    order = ready[sorted_by_symbol(where.symbol_index[ready], len(series.y))]
    spots, order, counted, excluded = _enough_bars(series, where, order, request)
    kept, target, part = _rows_out(where, order)
    n = np.empty(len(kept), dtype=np.int64)
    n[target] = counted
    size, k, windows = len(kept), 1 + int(slope), len(part.car_columns)
    out = np.empty((size, k + 1 + 2 * request.days + 3 * windows))
    residuals = np.empty((size, request.length if request.keep_residuals else 0))
    whole, status = out.view(np.int64), np.zeros(size, dtype=np.int8)
    filled = Filled(out, whole, where.car_columns, request.days, residuals, status)
    spots = spots._replace(target=target)
    in_threads(lambda span: compiled(estimate)(series, spots, span, filled), spots.symbol, request.days)
    symbols = part.symbol_index[:, None]
    actual = panel.returns[_days(part, request), symbols] if request.keep_returns else np.empty((size, 0))
    fitted = unpacked(filled, k)
    estimates = EventEstimates(
        **fitted,
        n=n,
        df=n - k,
        expected=actual - fitted["ar"] if request.keep_returns else actual,
        actual=actual,
        estimation_residuals=residuals if request.keep_residuals else None,
        kept=kept,
        symbol_index=part.symbol_index,
        day_zero=part.day_zero,
        est_first=part.est_first,
        win_first=part.win_first,
        excluded=tuple(excluded.items()),
        model=request.model.name,
        spans=None if panel.spans is None else panel.spans[_days(part, request), symbols],
    )
    return _without_flat(estimates, status, excluded)


def _spots(where: Placement, order: Rows) -> Spots:
    """Return the positions of the events at ``order``; the arrays are read in parallel threads."""
    places = (where.symbol_index, where.est_first, where.est_last, where.win_first)
    with ThreadPoolExecutor(thread_count()) as pool:
        return Spots._make([*pool.map(lambda values: values[order], places), order])


def _rows_out(where: Placement, order: Rows) -> tuple[Rows, Rows, Placement]:
    """Return the event of each output row, the output row of each event of ``order``, and the rows' placement."""
    if len(order) == len(where.day_zero):
        return np.arange(len(order)), order, where
    row = np.full(len(where.day_zero), -1)
    row[order] = 0
    kept = np.flatnonzero(row == 0)
    row[kept] = np.arange(len(kept))
    return kept, row[order], where.take(kept)


def _enough_bars(
    series: Series, where: Placement, order: Rows, request: Request
) -> tuple[Spots, Rows, Rows, dict[int, str]]:
    """Select the events of ``order`` (sorted by symbol) that have enough bars.

    Returns their places, their positions, the bars of each estimation window, and the reasons of the others.
    """
    spots, counts = _spots(where, order), np.zeros((2, len(order)), dtype=np.int64)
    in_threads(lambda span: compiled(count_bars)(series, spots, span, counts), spots.symbol, request.days)
    n, short, empty = counts[0], counts[0] < request.minimum, counts[1] == 0
    excluded = {int(order[i]): too_few(int(n[i]), request.minimum) for i in np.flatnonzero(short)}
    excluded.update((int(order[i]), NO_BAR_REASON) for i in np.flatnonzero(empty & ~short))
    if not excluded:
        return spots, order, n, excluded
    good = ~(short | empty)
    return Spots(*(each[good] for each in spots)), order[good], n[good], excluded


def _days(where: Placement, request: Request) -> Rows:
    """Return the rows (E, D) of the event windows."""
    return where.win_first[:, None] + np.arange(request.days)


def _without_flat(estimates: EventEstimates, status: NDArray[np.int8], excluded: dict[int, str]) -> EventEstimates:
    """Return ``estimates`` without events of which return or design does not vary; these are excluded."""
    if not status.any():
        return estimates
    names = {FLAT_RETURN: FLAT_RETURN_REASON, FLAT_DESIGN: FLAT_DESIGN_REASON}
    excluded.update((int(estimates.kept[i]), names[int(status[i])]) for i in np.flatnonzero(status))
    return estimates.take(status == READY).excluding(excluded)
