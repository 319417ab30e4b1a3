"""Returns from trade to trade: over days without a price nothing is lost (Maynes & Rumsey 1993).

A return spans the sessions since the last one on which both the share and its benchmark have a price, and the benchmark
is measured over the same sessions; so a share halted for a week has one return over the week, and a market closed on
a local holiday costs the other none. The variance of a return is in proportion to its sessions, which the engine knows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from correlator.errors import warn
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows, Spans

LONGEST_SPAN = int(np.iinfo(np.int16).max)


def bridge_holes(panel: Panel, prices: Array, market: Array | None, kind: str) -> Panel:
    """``panel`` with returns since the last trade where holes lost them.

    Parameters
    ----------
    panel
        Its ``returns`` are those between neighbouring rows, NaN at holes; its ``factors`` the benchmark alone, or None.
    prices
        (T, S) what the returns come from, NaN or not positive where there is no price.
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
    if len(rows) == 0:  # histories begin or end inside of the panel: a window that ends after one has no CAR either
        return replace(panel, spans=spans)
    spans[rows, columns] = np.minimum(rows - before, LONGEST_SPAN)
    returns = np.where(traded, panel.returns, np.nan)
    returns[rows, columns] = _change(prices[rows, columns] / prices[before, columns], kind)
    bridged = replace(panel, returns=returns, spans=spans)
    if panel.factors is None:
        return bridged
    if market is None:
        return replace(bridged, own_benchmark=over_spans(bridged, kind))
    own = np.repeat(panel.factors[:, :1], len(panel.symbols), axis=1)
    own[rows, columns] = _change(market[rows] / market[before], kind)
    return replace(bridged, own_benchmark=own)


def over_spans(panel: Panel, kind: str = "sum") -> Array:
    """Each symbol's benchmark (T, S) over the sessions of its returns: its own where symbols differ, else the first
    factor. ``log`` returns and factors are summed (``sum``), ``simple`` ones compounded.
    """
    assert panel.benchmark is not None
    return summed_over(panel.benchmark, panel.spans, kind, len(panel.symbols))


def summed_over(values: Array, spans: Spans | None, kind: str, symbols: int) -> Array:
    """``values`` (T, 1) or (T, S), returns of single sessions, as (T, S) over ``spans``; missing ones count for nothing
    but on the last session.
    """
    whole = np.repeat(values, symbols, axis=1) if values.shape[1] == 1 else values.copy()
    if spans is None:
        return whole
    rows, columns = np.nonzero(spans > 1)
    logs = np.log1p(values) if kind == "simple" else values
    running = np.concatenate([np.zeros((1, values.shape[1])), np.nancumsum(logs, axis=0)])
    at = np.zeros_like(columns) if values.shape[1] == 1 else columns
    total = running[rows + 1, at] - running[rows + 1 - spans[rows, columns], at]
    total = np.where(np.isnan(values[rows, at]), np.nan, total)
    whole[rows, columns] = np.expm1(total) if kind == "simple" else total
    return whole


def holes_in(traded: Mask) -> tuple[Rows, Rows, Rows]:
    """Rows (N,) and columns of ``traded`` (T, S) that follow a hole, and the row before the hole."""
    total = len(traded)
    at = np.flatnonzero(traded.T)
    gap = at[1:] - at[:-1]
    over = np.flatnonzero(gap > 1)
    column, row = np.divmod(at[1:][over], total)
    inside = row - gap[over] >= 0
    return row[inside], column[inside], (row - gap[over])[inside]


def warn_of_holes(panel: Panel) -> None:
    """Tell of returns that are missing inside a history and cannot be bridged without prices."""
    rows, columns, _ = holes_in(~np.isnan(panel.returns))
    if len(rows):
        first = f"{panel.symbols[int(columns[0])]} before {panel.labels[int(rows[0])]}"
        warn(
            f"returns are missing inside {len(rows)} places of their histories, first {first}: moves in these gaps "
            "are in no abnormal return; with prices they would be"
        )


def _change(ratio: Array, kind: str) -> Array:
    return np.asarray(np.log(ratio) if kind == "log" else ratio - 1.0)
