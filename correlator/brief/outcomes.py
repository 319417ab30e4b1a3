"""Standardised outcomes of every session as day 0, measured without knowledge of later sessions.

For each session and window of m sessions: the CAR by the market model (the mean model without a benchmark), its error
from the residual standard deviation s of the n bars of the estimation window, and the volatility regime f from the bars
in between. The error assumes an average market return in the window, so it is known before day 0, and a brief can
forecast the outcome divided by it.

    z = CAR / (e f),   e = s sqrt(m + m^2 / n),   f^2 = 1/2 + 1/2 g,   g = mean of (AR / se)^2, 20 sessions before day 0
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.estimation.engine import fit_events
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, Placement
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.request.windows import OffsetWindow

Array = NDArray[np.float64]

ESTIMATION = OffsetWindow(-145, -21)
REGIME = 20
MINIMUM = 60
"""Fewest bars of an estimation window: low, since history is often short and the error grows accordingly."""
_FEWEST_REGIME = 10
_REGIME_LIMITS = (0.2, 16.0)


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of T sessions as day 0, S symbols and W windows: ``car`` and ``z`` (T, S, W), NaN if a window had not
    closed or could not be measured; ``sigma`` and ``regime`` (T, S), residual standard deviation and the factor f;
    ``scale`` (T, S, W), the unit of z, known before day 0; ``lasts`` (W,), last session of each window relative to day
    0; ``lengths`` (W,), its number of sessions.
    """

    car: Array
    z: Array
    sigma: Array
    regime: Array
    scale: Array
    lasts: NDArray[np.int64]
    lengths: NDArray[np.int64]


def outcomes_of(panel: Panel, windows: tuple[OffsetWindow, ...], closed: int) -> Outcomes:
    """Return the outcomes of every session of ``panel``, of which the first ``closed`` had closed.

    The panel must extend beyond ``closed`` by the longest window, so that future sessions have a scale; these rows have
    no returns.
    """
    sessions, symbols = panel.returns.shape
    longest = max(window.last for window in windows)
    rows = np.arange(REGIME, max(sessions - longest, REGIME))
    row, column = (grid.ravel() for grid in np.meshgrid(rows, np.arange(symbols), indexing="ij"))
    columns = [[window.first + REGIME, window.last + REGIME] for window in windows]
    where = Placement.at(
        column, row, (row + ESTIMATION.first, row + ESTIMATION.last), (row - REGIME, row + longest), car_columns=columns
    )
    reach = row + ESTIMATION.last - np.maximum(row + ESTIMATION.first, 0) + 1
    where = where.take(reach >= MINIMUM)
    model = "mean" if panel.factors is None else "market"
    fit = fit_events(
        Bars.of(panel), where, model=model, minimum_observations=MINIMUM, keep_returns=False, engine="numpy"
    )
    at = (fit.day_zero, fit.symbol_index)
    regime = _regime(fit.ar[:, :REGIME] / fit.ar_se[:, :REGIME])
    lasts = np.array([window.last for window in windows], dtype=np.int64)
    lengths = np.array([len(window) for window in windows], dtype=np.int64)
    complete = (fit.day_zero[:, None] + lasts < closed) & np.isfinite(fit.car) & (_covered(fit, columns) == lengths)
    scale = fit.sigma[:, None] * np.sqrt(lengths + lengths**2 / fit.n[:, None]) * regime[:, None]
    car = np.where(complete, fit.car, np.nan)

    def spread(values: Array) -> Array:
        wide = np.full((sessions, symbols, *values.shape[1:]), np.nan)
        wide[at] = values
        return wide

    return Outcomes(spread(car), spread(car / scale), spread(fit.sigma), spread(regime), spread(scale), lasts, lengths)


def _covered(fit: EventEstimates, columns: list[list[int]]) -> NDArray[np.int64]:
    """Return how many sessions (E, W) of each window its abnormal returns cover; a partial sum is not its CAR."""
    spans = np.isfinite(fit.ar) * (np.ones(1, dtype=np.int64) if fit.spans is None else fit.spans)
    return np.stack([spans[:, first : last + 1].sum(axis=1) for first, last in columns], axis=1)


def _regime(ratios: Array) -> Array:
    """Return the factor f (E,) from standardised abnormal returns (E, REGIME); 1 if too few are known."""
    known = np.isfinite(ratios)
    n = known.sum(axis=1)
    squares = (np.where(known, ratios, 0.0) ** 2).sum(axis=1) / np.maximum(n, 1)
    squares = np.clip(squares, *_REGIME_LIMITS)
    return np.where(n >= _FEWEST_REGIME, np.sqrt(0.5 + 0.5 * squares), 1.0)
