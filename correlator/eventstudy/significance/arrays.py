"""What the tests across events read: one bundle of arrays, and how it comes out of the engine's estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from correlator.errors import StudyError
from correlator.eventstudy.estimation.estimates import EventEstimates

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class StudyArrays:
    """E events, D event days, W windows, L estimation bars at most; returns are fractions, NaN where missing.

    ``ar``, ``ar_se`` (E, D) abnormal returns and their forecast-error sd; ``sigma`` (E,) residual sd with ``df`` (E,)
    = n - k degrees of freedom; ``n`` (E,) estimation bars used; ``residuals`` (E, L) estimation residuals, columns side
    by side as the events' windows are; ``residual_days`` (E, L) calendar row of each residual, -1 where missing;
    ``car``, ``car_se`` (E, W); ``window_first``, ``window_last`` (W,) columns of the event window, ends included;
    ``event_dates`` (E,) calendar row of one fixed column of the event window (day 0, say): two events meet on a
    calendar day where their columns differ by the difference of these.
    """

    ar: Array
    ar_se: Array
    sigma: Array
    df: Rows
    n: Rows
    residuals: Array
    residual_days: Rows
    car: Array
    car_se: Array
    day_labels: list[str]
    window_labels: list[str]
    window_first: Rows
    window_last: Rows
    event_dates: Rows

    def __len__(self) -> int:
        return len(self.ar)


@dataclass(frozen=True)
class Columns:
    """Days and windows side by side as K columns, days first.

    ``bars`` (K,) days in the column, 1 for a day; ``first`` (K,) its first column of the event window; ``days`` number
    of event days D.
    """

    bars: Rows
    first: Rows
    days: int

    def cumulated(self, daily: Array) -> Array:
        """(K,) sums over each column's days of a daily series (D,), missing days left out."""
        running = np.concatenate([[0.0], np.cumsum(np.nan_to_num(daily))])
        total: Array = running[self.first + self.bars] - running[self.first]
        return total


@dataclass(frozen=True)
class Targets(Columns):
    """What every statistic is computed for: ``value``, ``se`` (E, K) AR or CAR and its forecast-error sd."""

    value: Array
    se: Array


def columns_of(days: int, windows: NDArray[Any]) -> Columns:
    """Of ``days`` event days and ``windows`` (W, 2), first and last column of each, ends included."""
    first, last = np.asarray(windows, dtype=np.int64).reshape(-1, 2).T
    return Columns(
        bars=np.concatenate([np.ones(days, dtype=np.int64), last - first + 1]),
        first=np.concatenate([np.arange(days, dtype=np.int64), first]),
        days=days,
    )


def targets_of(arrays: StudyArrays) -> Targets:
    """Days and windows of ``arrays`` as columns."""
    columns = columns_of(arrays.ar.shape[1], np.stack([arrays.window_first, arrays.window_last], axis=1))
    return Targets(
        columns.bars,
        columns.first,
        columns.days,
        value=np.concatenate([arrays.ar, arrays.car], axis=1),
        se=np.concatenate([arrays.ar_se, arrays.car_se], axis=1),
    )


def study_arrays(
    estimates: EventEstimates,
    day_labels: Sequence[str],
    window_labels: Sequence[str],
    car_columns: NDArray[Any],
) -> StudyArrays:
    """The arrays of ``estimates``; ``car_columns`` (W, 2) first and last event column of each window, ends included.

    Raises StudyError where the estimates carry no estimation residuals.
    """
    residuals = estimates.estimation_residuals
    if residuals is None:
        raise StudyError("these estimates carry no residuals, which ranks and correlations need", hint="keep_residuals")
    days = estimates.est_first[:, None] + np.arange(residuals.shape[1])
    columns = np.asarray(car_columns, dtype=np.int64).reshape(-1, 2)
    return StudyArrays(
        ar=estimates.ar,
        ar_se=estimates.ar_se,
        sigma=estimates.sigma,
        df=estimates.df,
        n=estimates.n,
        residuals=residuals,
        residual_days=np.where(np.isnan(residuals), -1, days),
        car=estimates.car,
        car_se=estimates.car_se,
        day_labels=list(day_labels),
        window_labels=list(window_labels),
        window_first=columns[:, 0],
        window_last=columns[:, 1],
        event_dates=estimates.win_first,
    )
