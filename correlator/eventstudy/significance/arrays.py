"""The data of the tests across events: one bundle of arrays, built from the engine's estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from correlator.errors import StudyError
from correlator.eventstudy.estimation.estimates import EventEstimates, PackedBars
from correlator.eventstudy.estimation.residuals import Refitted
from correlator.eventstudy.panel.frames import Array, Mask, Rows


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
        """Return sums (..., K) of a daily series (..., D) over the days of each column, without missing days."""
        running = np.cumsum(np.nan_to_num(daily), axis=-1)
        running = np.concatenate([np.zeros((*daily.shape[:-1], 1)), running], axis=-1)
        return np.asarray(running[..., self.first + self.bars] - running[..., self.first])


@dataclass(frozen=True)
class Shipped:
    """Residuals that were computed in another process, of the sorted ``events`` (N,) among E.

    ``shape`` (E, L) of all; ``e``, ``used`` (N, L) and ``daily`` (N, D) as returned by ``Refitted.of``; ``present``
    (N, K) as ``StudyArrays.present``.
    """

    shape: tuple[int, int]
    events: Rows
    e: Array
    used: Mask
    daily: Array
    present: Mask

    def of(self, rows: Rows) -> tuple[Array, Mask, Array]:
        """Return e, used and daily of the events ``rows``, all of which must be in ``events``."""
        at = np.searchsorted(self.events, rows)
        return self.e[at], self.used[at], self.daily[at]


@dataclass(frozen=True)
class StudyArrays:
    """E events, D event days, W windows, L estimation bars at most; returns are fractions, NaN where missing.

    ``ar``, ``ar_se`` (E, D) abnormal returns and their forecast-error sd; ``sigma`` (E,) residual sd with ``df`` (E,)
    = n - k degrees of freedom; ``n`` (E,) estimation bars used; ``residuals`` (E, L) estimation residuals by position
    in the window, or an object that recomputes them; ``residual_first`` (E,) calendar row of column 0; ``car``,
    ``car_se`` (E, W); ``window_first``, ``window_last`` (W,) columns of the event window, ends included;
    ``event_dates`` (E,) calendar row of one fixed column of the event window (such as day 0): columns of two events are
    the same calendar day if they differ by the difference of these; ``n_car`` (E, W) bars that the event has in each
    window, None to count them in ``ar``; ``residual_rows`` (E, L) calendar row of every residual, with several
    exchanges, on which they are not consecutive; ``part`` (E,) the part in which an event is summed, None if there is
    only one; ``chosen`` (N,) the rows of the events that are tested, None for all.
    """

    ar: Array
    ar_se: Array
    sigma: Array
    df: Rows
    n: Rows
    residuals: Array | Refitted | Shipped
    residual_first: Rows
    car: Array
    car_se: Array
    day_labels: list[str]
    window_labels: list[str]
    window_first: Rows
    window_last: Rows
    event_dates: Rows
    n_car: Rows | None = None
    residual_rows: Rows | None = None
    part: Rows | None = None
    chosen: Rows | None = None

    def __len__(self) -> int:
        return len(self.ar) if self.chosen is None else len(self.chosen)

    @property
    def events(self) -> Rows:
        """Rows (N,) of the events that are tested."""
        return np.arange(len(self.ar)) if self.chosen is None else self.chosen

    @property
    def residual_ends(self) -> tuple[Rows, Rows]:
        """First and last calendar row (E,) of each event's residuals."""
        if self.residual_rows is None:
            return self.residual_first, self.residual_first + self.length - 1
        return self.residual_rows.min(axis=1), self.residual_rows.max(axis=1)

    def rows_of_residuals(self, rows: Rows) -> Rows:
        """Return the calendar rows (B, L) of the residuals of the events at ``rows``."""
        if self.residual_rows is None:
            return self.residual_first[rows][:, None] + np.arange(self.length)
        return self.residual_rows[rows]

    @property
    def length(self) -> int:
        """Bars of an estimation window, L."""
        return int(self.residuals.shape[1])

    @property
    def columns(self) -> Columns:
        """The days and windows as columns."""
        days, spans = self.ar.shape[1], self.window_last - self.window_first + 1
        return Columns(
            bars=np.concatenate([np.ones(days, dtype=np.int64), spans]),
            first=np.concatenate([np.arange(days, dtype=np.int64), self.window_first]),
            days=days,
        )

    @property
    def window_bars(self) -> Rows:
        """Number of bars (E, W) that the event has in each window."""
        if self.n_car is not None:
            return self.n_car
        known = (~np.isnan(self.ar)).astype(np.float64)
        return self.columns.cumulated(known)[:, self.columns.days :].astype(np.int64)

    def by_part(self) -> StudyArrays:
        """Return the arrays with the events sorted by part: the order of every sum over events."""
        if self.part is None:
            return self
        return replace(self, chosen=self.events[np.argsort(self.part[self.events].astype(np.uint16), kind="stable")])

    def parts(self) -> list[Rows]:
        """Return the events of each non-empty part; requires the order of ``by_part``."""
        if self.part is None or not len(self):
            return [self.events]
        return np.split(self.events, np.flatnonzero(np.diff(self.part[self.events])) + 1)

    def present(self, rows: Rows) -> Mask:
        """Return where (B, K) the events at ``rows`` have an AR, and a CAR."""
        if isinstance(self.residuals, Shipped):
            return self.residuals.present[np.searchsorted(self.residuals.events, rows)]
        return np.asarray(~np.isnan(np.concatenate([self.ar[rows], self.car[rows]], axis=1)))

    def estimation(self, rows: Rows) -> tuple[Array, Mask, Array]:
        """Return residuals (B, L) of the events at ``rows``, 0 where not used, the mask (B, L) of used ones, and the
        abnormal returns (B, D) that are ranked with them.
        """
        if not isinstance(self.residuals, np.ndarray):
            return self.residuals.of(rows)
        used = ~np.isnan(self.residuals[rows])
        return np.where(used, self.residuals[rows], 0.0), used, self.ar[rows]


def study_arrays(
    estimates: EventEstimates,
    day_labels: Sequence[str],
    window_labels: Sequence[str],
    car_columns: NDArray[Any],
    *,
    bars: PackedBars | None = None,
    residual_rows: Rows | None = None,
) -> StudyArrays:
    """Return the arrays of ``estimates``; ``car_columns`` (W, 2): first and last column of each window, ends included.

    Residuals that the estimates did not keep are recomputed from ``bars``, the bars of the estimates. Raises StudyError
    if there are neither.
    """
    residuals: Array | Refitted | None = estimates.estimation_residuals
    if residuals is None and bars is not None:
        residuals = Refitted(estimates, bars)
    if residuals is None:
        raise StudyError(
            "the estimates have no residuals, which ranks and correlations need",
            hint="run the study with keep_residuals=True",
        )
    columns = np.asarray(car_columns, dtype=np.int64).reshape(-1, 2)
    return StudyArrays(
        ar=estimates.day_ar,
        ar_se=estimates.day_se,
        sigma=estimates.sigma,
        df=estimates.df,
        n=estimates.n,
        residuals=residuals,
        residual_first=estimates.est_first,
        car=estimates.car,
        car_se=estimates.car_se,
        day_labels=list(day_labels),
        window_labels=list(window_labels),
        window_first=columns[:, 0],
        window_last=columns[:, 1],
        event_dates=estimates.win_first,
        n_car=estimates.n_car,
        residual_rows=residual_rows,
    )
