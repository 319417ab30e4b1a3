"""Residuals of estimation windows remade from the bars: what a million events need not hold in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from correlator.eventstudy.estimation.estimates import EventEstimates, PackedBars
from correlator.eventstudy.panel.frames import Array, Mask, Rows, Spans
from correlator.eventstudy.request.engines import compiled


@dataclass(frozen=True)
class Refitted:
    """Residuals of ``estimates`` (a constant and at most one regressor) from the ``bars`` that they come from."""

    estimates: EventEstimates
    bars: PackedBars

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.estimates), self.bars.length

    @property
    def _lines(self) -> tuple[Rows, Rows, Rows, Array]:
        """Of each event its symbol, first estimation row, first event row and slope, each (E,)."""
        estimates = self.estimates
        slopes = estimates.coefficients.shape[1] > 1
        slope = estimates.coefficients[:, 1] if slopes else np.zeros(len(estimates))
        return estimates.symbol_index, estimates.est_first, estimates.win_first, slope

    def of(self, rows: Rows) -> tuple[Array, Mask, Array]:
        """Residuals (B, L) of the events ``rows``, 0 where not used, where they are used, and the abnormal returns
        (B, D) by the same arithmetic: equal returns give equal values, as ranks need.
        """
        shape = (len(rows), self.bars.length)
        e, used = np.empty(shape), np.empty(shape, dtype=np.bool_)
        daily = np.empty((len(rows), self.estimates.ar.shape[1]))
        series = (self.bars.returns, self.bars.regressor, self.bars.spans)
        symbols, firsts, windows, slopes = (line[rows] for line in self._lines)
        compiled(fill_residuals)(series, (symbols, firsts, windows, slopes), (e, used), daily)
        return e, used, daily


def with_residuals(estimates: EventEstimates, bars: PackedBars | None) -> EventEstimates:
    """``estimates`` with their residuals, from ``bars`` where they are not held."""
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
    """Fill ``residuals`` (B, L), and where they are used, and ``daily`` (B, D): what returns are above a line through
    the means, over the root of the sessions that each is over.

    ``series``: as ``PackedBars``; ``lines``: of each event symbol, first estimation row, first event row and slope
    (B,). Sums with a condition in them are not run side by side by the
    processor, so what is summed is filled first.
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
        for d in range(days):  # kept before the last step, as residuals are: or else that is done in another order
            day[d] = y[symbol, window + d] - beta * x[window + d]
        for d in range(days):
            day[d] = day[d] - mean
            if len(spans) > 0 and spans[symbol, window + d] > 1:
                day[d] = np.nan
