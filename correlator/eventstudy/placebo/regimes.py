"""Volatility regimes: how volatile the benchmark of each exchange was before a day 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from correlator.eventstudy.panel.benchmark import equal_weighted
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows
from correlator.eventstudy.panel.many_exchanges import parts_of
from correlator.eventstudy.placebo.moves import Moves, read_later

REGIMES = 3
REGIME_BARS = 21


def volatility_regimes(panel: Panel, earliest: int, window_first: int) -> Rows:
    """Return the regime (T,) of every bar as a day 0: 0 (calm) to 2 (turbulent), -1 without sufficient history.

    Terciles of the standard deviation of the benchmark (without one, of the mean over symbols) over the ``REGIME_BARS``
    bars before the event window. Bars closer to the start than -``earliest`` are left out of the terciles, since no
    event can be measured there. ``window_first``: first day of the event window.
    """
    series = equal_weighted(panel.returns) if panel.factors is None else panel.factors[:, 0]
    deviation = _rolling_deviation(series, REGIME_BARS)
    regime = np.full(len(series), -1, dtype=np.int64)
    last = np.arange(len(series)) + window_first - 1
    known = (last >= 0) & (last < len(series)) & (np.arange(len(series)) >= -earliest)
    values = np.full(len(series), np.nan)
    values[known] = deviation[last[known]]
    finite = np.isfinite(values)
    if finite.any():
        edges = np.quantile(values[finite], np.arange(1, REGIMES) / REGIMES)
        regime[finite] = np.searchsorted(edges, values[finite], side="right")
    return regime


def _rolling_deviation(series: Array, bars: int) -> Array:
    """Return the standard deviation (T,) of the last ``bars`` bars, NaN if more than half of them are missing."""
    valid = np.isfinite(series)
    filled = np.where(valid, series, 0.0)
    filled = np.where(valid, filled - (filled.sum() / max(int(valid.sum()), 1)), 0.0)
    sums = [np.concatenate([[0.0], np.cumsum(part)]) for part in (valid.astype(np.float64), filled, filled * filled)]
    starts = np.maximum(np.arange(len(series)) - bars + 1, 0)
    n, total, squares = (part[1:] - part[starts] for part in sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(squares - total * total / n, 0.0) / (n - 1)
    return np.where((n >= bars / 2) & (n >= 2), np.sqrt(variance), np.nan)


def regimes_of(panel: Panel, earliest: int, window_first: int) -> list[Rows]:
    """Return ``volatility_regimes`` of each exchange on the rows of the panel, -1 where it is closed."""
    if panel.calendars is None:
        return [volatility_regimes(panel, earliest, window_first)]
    regimes = []
    for rows, part in zip(panel.calendars.rows, parts_of(panel), strict=True):
        own = np.full(len(panel.labels), -1, dtype=np.int64)
        own[rows] = volatility_regimes(_with_own_market(part), earliest, window_first)
        regimes.append(own)
    return regimes


def _with_own_market(part: Panel) -> Panel:
    """Replace the first factor of one exchange's panel, a mean over exchanges, by the benchmark of the exchange."""
    if part.factors is None or part.own_benchmark is None:
        return part
    return replace(part, factors=np.column_stack([equal_weighted(part.own_benchmark), part.factors[:, 1:]]))


def same_regime(regimes: list[Rows], moves: Moves, at: int, places: tuple[Rows, Rows, Rows]) -> Mask:
    """Return a mask of rows (T,) at which every exchange of a cluster is in the regime of its first real date."""
    if moves.calendars is None:
        return np.asarray(regimes[0] == regimes[0][at])
    same = np.ones(moves.total, dtype=bool)
    symbols, anchors, _ = places
    for symbol, anchor in set(zip(symbols.tolist(), anchors.tolist(), strict=True)):
        own = regimes[int(moves.calendars.of[symbol])]
        same &= read_later(own == own[at + anchor], anchor)
    return same
