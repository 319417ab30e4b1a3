"""Returns from trade to trade: no move is lost over days without a price (Maynes & Rumsey 1993).

A return spans the sessions since the last one on which both the share and its benchmark have a price, and the benchmark
is measured over the same sessions: a share halted for a week has one return over the week, and no return is lost when
the benchmark is closed on a local holiday. The engine assumes that the variance of a return is proportional to its
sessions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from correlator.errors import warn
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows, Spans

LONGEST_SPAN = int(np.iinfo(np.int16).max)


def bridge_holes(panel: Panel, prices: Array, market: Array | None, kind: str) -> Panel:
    """Return ``panel`` with returns since the last trade after holes in the prices.

    Parameters
    ----------
    panel
        Its ``returns`` are those between neighbouring rows, NaN at holes; its ``factors`` the benchmark only, or None.
    prices
        (T, S) of which the returns are, NaN or not positive where there is no price.
    market
        (T,) prices of the benchmark, NaN where it has none; None for a mean of shares, or without a benchmark.
    kind
        ``log`` or ``simple``.

    Returns
    -------
    Panel
        With ``spans`` and, where there are holes and a benchmark, ``own_benchmark``; the panel itself if no price is
        missing.
    """
    traded = (prices > 0) & np.isfinite(prices)
    if market is not None:
        traded &= ((market > 0) & np.isfinite(market))[:, None]
    if traded.all():
        return panel
    rows, columns, before = holes_in(traded)
    spans: Spans = np.ones(prices.shape, dtype=np.int16)
    if len(rows) == 0:  # histories begin or end inside the panel: a window that reaches beyond has no CAR either
        return replace(panel, spans=spans)
    spans[rows, columns] = np.minimum(rows - before, LONGEST_SPAN)
    returns = np.where(traded, panel.returns, np.nan)
    returns[rows, columns] = _change(prices[rows, columns] / prices[before, columns], kind)
    bridged = replace(panel, returns=returns, spans=spans)
    if panel.factors is None:
        return bridged
    if market is None:
        assert bridged.benchmark is not None
        own = summed_over(bridged.benchmark, spans, kind, len(panel.symbols))
        return replace(bridged, own_benchmark=own)
    own = np.repeat(panel.factors[:, :1], len(panel.symbols), axis=1)
    own[rows, columns] = _change(market[rows] / market[before], kind)
    return replace(bridged, own_benchmark=own)


def summed_over(values: Array, spans: Spans | None, kind: str, symbols: int) -> Array:
    """Return ``values`` (T, 1) or (T, S), returns of single sessions, as (T, S) over ``spans``.

    The result is missing if a value within the span is.
    """
    summed = np.repeat(values, symbols, axis=1) if values.shape[1] == 1 else values.copy()
    if spans is None:
        return summed
    rows, columns = np.nonzero(spans > 1)
    at = np.zeros_like(columns) if values.shape[1] == 1 else columns
    total = RunningSums.of(np.log1p(values) if kind == "simple" else values).between(
        rows + 1 - spans[rows, columns], rows, at
    )
    summed[rows, columns] = np.expm1(total) if kind == "simple" else total
    return summed


def factors_over_spans(factors: Array, spans: Spans, rows: Rows, symbols: Rows) -> Array:
    """Return the factors (K, E, L) at ``rows`` (E, L) of the panel, summed over the sessions of each symbol's returns.

    ``factors`` (T, K); ``spans`` (T, S); ``symbols`` (E,) columns of ``spans``. Missing if one within the span is.
    """
    design = np.ascontiguousarray(np.moveaxis(factors[rows], 2, 0))
    sessions = spans[rows, symbols[:, None]]
    event, bar = np.nonzero(sessions > 1)
    if len(event) and len(design):
        last = rows[event, bar]
        first = last + 1 - sessions[event, bar]
        sums = RunningSums.of(factors)
        design[:, event, bar] = np.stack([sums.between(first, last, k) for k in range(factors.shape[1])])
    return design


@dataclass(frozen=True)
class RunningSums:
    """Sums of the values (T, N) before each row, and how many of them are missing: both (T + 1, N)."""

    values: Array
    missing: Rows

    @classmethod
    def of(cls, values: Array) -> RunningSums:
        unknown = np.isnan(values)
        start = np.zeros((1, values.shape[1]))
        return cls(
            np.concatenate([start, np.cumsum(np.where(unknown, 0.0, values), axis=0)]),
            np.concatenate([start.astype(np.int64), np.cumsum(unknown, axis=0)]),
        )

    def between(self, first: Rows, last: Rows, column: Rows | int) -> Array:
        """Return the sums (N,) from ``first`` to ``last``; NaN if a value is missing in between."""
        total = self.values[last + 1, column] - self.values[first, column]
        return np.where(self.missing[last + 1, column] > self.missing[first, column], np.nan, total)


def holes_in(traded: Mask) -> tuple[Rows, Rows, Rows]:
    """Return rows (N,) and columns (N,) of ``traded`` (T, S) that follow a hole, and the rows (N,) before the hole."""
    total = len(traded)
    at = np.flatnonzero(traded.T)
    gap = at[1:] - at[:-1]
    over = np.flatnonzero(gap > 1)
    column, row = np.divmod(at[1:][over], total)
    inside = row - gap[over] >= 0
    return row[inside], column[inside], (row - gap[over])[inside]


def warn_of_holes(panel: Panel) -> None:
    """Warn of returns that are missing inside a history and cannot be bridged without prices."""
    rows, columns, _ = holes_in(~np.isnan(panel.returns))
    if len(rows):
        first = f"{panel.symbols[int(columns[0])]} before {panel.labels[int(rows[0])]}"
        warn(
            f"returns have {len(rows)} gaps inside their histories, first {first}: moves in these gaps are in no "
            "abnormal return; give prices to include them"
        )


def _change(ratio: Array, kind: str) -> Array:
    return np.asarray(np.log(ratio) if kind == "log" else ratio - 1.0)
