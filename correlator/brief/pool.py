"""Place earlier events on the sessions of one instrument, and summarise their windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.brief.predictive import LEVELS, Predictive, interval_levels
from correlator.brief.record import History, Record
from correlator.brief.series import Measured
from correlator.brief.shrinkage import Groups
from correlator.research.known import KnownSessions

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

NEVER = np.iinfo(np.int64).max
_ROUNDING = 1e-9
"""Means that differ by less count as equal, in standard errors."""


@dataclass(frozen=True)
class Codes:
    """Integer codes of categories (each in one quad class), quad classes and dyads."""

    categories: dict[tuple[str, str], int]
    quads: dict[str, int]
    dyads: dict[str, int]

    @classmethod
    def of(cls, events: pl.DataFrame) -> Codes:
        """Number all values in ``events`` (quad_class, category, dyad) in alphabetical order."""
        pairs = sorted(set(events.select("quad_class", "category").iter_rows()))
        return cls(
            {pair: number for number, pair in enumerate(pairs)},
            {quad: number for number, quad in enumerate(sorted({quad for quad, _ in pairs}))},
            {dyad: number for number, dyad in enumerate(sorted(events["dyad"].drop_nulls().unique()))},
        )

    def groups(self, events: pl.DataFrame) -> Groups:
        """Return the groups of ``events``."""
        rows = events.select("quad_class", "category", "dyad").rows()
        return Groups(
            np.array([self.categories[quad, category] for quad, category, _ in rows], dtype=np.int64),
            np.array([self.quads[quad] for quad, _, _ in rows], dtype=np.int64),
            np.array([self.dyads.get(dyad, -1) for _, _, dyad in rows], dtype=np.int64),
        )


def on_rows(events: pl.DataFrame, sessions: KnownSessions, *, without: date | None = None) -> pl.DataFrame:
    """Return one event per day 0 among the closed ``sessions``, the first in the given order, with its ``row``.

    ``events`` need day_zero; a repeated story counts once, also on another day 0. ``without``: a day 0 to leave out.
    """
    labels = pl.DataFrame({"day_zero": sessions.labels[: sessions.closed]}).with_row_index("row")
    placed = events.join(labels, on="day_zero", how="inner", maintain_order="left").with_columns(
        pl.col("row").cast(pl.Int64)
    )
    if without is not None:
        placed = placed.filter(pl.col("day_zero") != without)
    story = pl.coalesce("story_id", -pl.col("event_id") - 1).alias("story")
    first_known = (
        placed.with_columns(story)
        .sort("known_at", "event_id")
        .unique(["story", "category"], keep="first", maintain_order=True)
    )
    kept = placed.join(first_known.select("event_id"), on="event_id", how="semi", maintain_order="left")
    return kept.unique("row", keep="first", maintain_order=True)


def history_of(events: pl.DataFrame, numbers: Measured, window: int, *, groups: Groups) -> History:
    """Return the history of one window for ``events`` from ``on_rows`` and their groups."""
    outcomes = numbers.outcomes
    return History(
        outcomes.z[:, 0, window],
        outcomes.scale[:, 0, window],
        closing_times(numbers.closes, int(outcomes.lasts[window])),
        events["row"].to_numpy(),
        groups,
        events["known_at"].to_physical().to_numpy(),
        int(outcomes.lengths[window]),
    )


def closing_times(closes: Rows, last: int) -> Rows:
    """Return when the window of each session as day 0 closes, in units of ``closes``; ``NEVER`` beyond the last."""
    times = np.full(len(closes), NEVER, dtype=np.int64)
    times[: len(closes) - last] = closes[last:]
    return times


def placebo_p(z: Array, rows: Rows) -> float | None:
    """Return the placebo p-value of the mean of ``z`` over ``rows`` by circular shifts.

    It is the share of shifts of all rows by the same number of sessions whose mean is at least as far from zero;
    distances between rows, and so their dependence, are preserved. ``z`` (T,): outcomes of all sessions, skipping those
    without one. None without ``rows``.
    """
    measured = np.flatnonzero(np.isfinite(z))
    places = np.searchsorted(measured, rows[np.isfinite(z[rows])])
    if len(places) == 0 or len(measured) < 2:
        return None
    counts = np.bincount(places, minlength=len(measured)).astype(np.float64)
    # The sums of all shifts are a circular correlation.
    sums = np.fft.irfft(np.conj(np.fft.rfft(counts)) * np.fft.rfft(z[measured]), n=len(measured))
    means = np.abs(sums) / len(places)
    return float((means >= means[0] - _ROUNDING).mean())


def intervals(distributions: Predictive, scales: Array) -> list[tuple[tuple[float, float, float], ...]]:
    """Return (level, low, high) of the central intervals of M distributions, in returns: quantiles times ``scales``
    (M,).
    """
    levels = interval_levels()
    ends = distributions.quantiles(levels) * scales[:, None]
    places = [[int(np.argmin(np.abs(levels - (1.0 + side * level) / 2.0))) for side in (-1, 1)] for level in LEVELS]
    return [
        tuple((level, float(row[low]), float(row[high])) for level, (low, high) in zip(LEVELS, places, strict=True))
        for row in ends
    ]


def coverage_of(records: list[Record]) -> list[tuple[float, int, int, int]]:
    """Return for each level the number of outcomes inside the interval, of briefs and of distinct days 0."""
    briefs = sum(len(record) for record in records)
    dates = len({int(row) for record in records for row in record.rows})
    return [(level, sum(record.inside(level) for record in records), briefs, dates) for level in LEVELS]
