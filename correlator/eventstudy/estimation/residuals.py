"""Recompute the residuals of estimation windows from the bars, so that a million events need not keep them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from correlator.eventstudy.estimation.estimates import EventEstimates, PackedBars
from correlator.eventstudy.panel.frames import Array, Mask, Rows, Spans
from correlator.eventstudy.request.engines import compiled


@dataclass(frozen=True)
class Refitted:
    """Residuals of ``estimates`` (a constant and at most one regressor), computed on demand from their ``bars``."""

    estimates: EventEstimates
    bars: PackedBars

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (E, L) of all residuals."""
        return len(self.estimates), self.bars.length

    @property
    def _lines(self) -> tuple[Rows, Rows, Rows, Array]:
        """Symbol, first estimation row, first row of the event window and slope of each event, each (E,)."""
        estimates = self.estimates
        slopes = estimates.coefficients.shape[1] > 1
        slope = estimates.coefficients[:, 1] if slopes else np.zeros(len(estimates))
        return estimates.symbol_index, estimates.est_first, estimates.win_first, slope

    def of(self, rows: Rows) -> tuple[Array, Mask, Array]:
        """Return residuals (B, L) of the events ``rows``, 0 where not used, the mask of those used, and AR (B, D).

        AR use the same arithmetic, so that equal returns give equal values, as ranks need.
        """
        shape = (len(rows), self.bars.length)
        e, used = np.empty(shape), np.empty(shape, dtype=np.bool_)
        daily = np.empty((len(rows), self.estimates.ar.shape[1]))
        series = (self.bars.returns, self.bars.regressor, self.bars.spans)
        symbols, firsts, windows, slopes = (line[rows] for line in self._lines)
        compiled(fill_residuals)(series, (symbols, firsts, windows, slopes), (e, used), daily)
        return e, used, daily


def with_residuals(estimates: EventEstimates, bars: PackedBars | None) -> EventEstimates:
    """Return ``estimates`` with residuals, computed from ``bars`` unless these are None."""
    if bars is None:
        return estimates
    e, used, _ = Refitted(estimates, bars).of(np.arange(len(estimates)))
    return replace(estimates, estimation_residuals=np.where(used, e, np.nan))


def fill_residuals(
    series: tuple[Array, Array, Spans],
    lines: tuple[Rows, Rows, Rows, Array],
    residuals: tuple[Array, Mask],
    daily: Array,
) -> None:
    """Fill ``residuals`` (B, L), their mask of used bars, and the abnormal returns ``daily`` (B, D).

    A residual is the return less a line through the means, divided by the square root of the sessions that the return
    covers. ``series``: as in ``PackedBars``; ``lines``: symbol, first estimation row, first row of the event window and
    slope of each event (B,). The compiler does not vectorise sums with a condition, so the terms are stored first.
    """
    y, xs, spans = series
    symbols, firsts, windows, slopes = lines
    e, used = residuals
    total, length, days = y.shape[1], e.shape[1], daily.shape[1]
    above, root = np.empty(length), np.empty(length)
    for p in range(len(e)):
        symbol, first, window, beta = symbols[p], firsts[p], windows[p], slopes[p]
        x = xs[symbol if len(xs) > 1 else 0]
        t0, t1 = max(0, -first), min(length, total - first)
        returns, regressor = y[symbol, first + t0 : first + t1], x[first + t0 : first + t1]
        row, mask, day = e[p, t0:t1], used[p, t0:t1], daily[p]
        e[p, :t0] = 0.0
        e[p, t1:] = 0.0
        used[p, :t0] = False
        used[p, t1:] = False
        mean, weight = 0.0, 0.0
        for j in range(t1 - t0):
            above[j] = returns[j] - beta * regressor[j]
        for j in range(t1 - t0):
            mask[j] = above[j] == above[j]
        if len(spans) > 0:
            for j in range(t1 - t0):
                root[j] = 1.0 / np.sqrt(1.0 * spans[symbol, first + t0 + j])
            for j in range(t1 - t0):
                row[j] = above[j] * root[j] if mask[j] else 0.0
            for j in range(t1 - t0):
                mean += row[j] * root[j]
                weight += root[j] * root[j] if mask[j] else 0.0
            mean /= weight
            for j in range(t1 - t0):
                row[j] = row[j] - mean * root[j] if mask[j] else 0.0
        else:
            for j in range(t1 - t0):
                row[j] = above[j] if mask[j] else 0.0
            for j in range(t1 - t0):
                mean += row[j]
            for j in range(t1 - t0):
                weight += 1.0 if mask[j] else 0.0
            mean /= weight
            for j in range(t1 - t0):
                row[j] = above[j] - mean if mask[j] else 0.0
        for d in range(days):  # stored before subtracting the mean, as residuals are, so that rounding is the same
            day[d] = y[symbol, window + d] - beta * x[window + d]
        for d in range(days):
            day[d] = day[d] - mean
            if len(spans) > 0 and spans[symbol, window + d] > 1:
                day[d] = np.nan
