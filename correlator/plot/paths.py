"""What study figures draw, as frames: cumulated abnormal returns day by day with their bands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from correlator.errors import StudyError
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.result import StudyResult
from correlator.eventstudy.windows import OffsetWindow

BAND = 0.95


def car_path(result: StudyResult) -> pl.DataFrame:
    """The average cumulated abnormal return from the first day of the event window to each day: one row per day.

    Columns: day, n (events), caar, low, high (95 %, fractions; null where there is no band). Of several events the band
    is cross-sectional: Student's t with n - 1 degrees of freedom times sd / sqrt(n) of the cumulated returns. Of one
    event it is that of its CAR with the full covariance of prediction errors. Raises StudyError without events.
    """
    if len(result.estimates) == 0:
        raise StudyError("no event was measured, so there is no path", hint="see the excluded events and their reasons")
    return _one_event(result) if len(result.estimates) == 1 else _cross_section(result)


def car_paths(result: StudyResult) -> pl.DataFrame:
    """Cumulated abnormal returns of every event: event_id, symbol, day (the label), car, one row per event and day.

    A missing bar adds nothing.
    """
    values = result.estimates.ar
    names = result.events[result.estimates.kept].select("event_id", "symbol")
    count, days = values.shape
    return names[np.repeat(np.arange(count), days)].with_columns(
        pl.Series("day", list(result.day_labels) * count, dtype=pl.String),
        pl.Series("car", np.nancumsum(values, axis=1).ravel()),
    )


def _cross_section(result: StudyResult) -> pl.DataFrame:
    from scipy.stats import t

    values = result.estimates.ar
    paths = np.nancumsum(values, axis=1)
    begun = np.cumsum(~np.isnan(values), axis=1) > 0
    n = begun.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(begun, paths, 0.0).sum(axis=0) / n
        sd = np.sqrt((np.where(begun, paths - mean, 0.0) ** 2).sum(axis=0) / (n - 1))
        half = t.ppf(0.5 + BAND / 2, np.maximum(n - 1, 1)) * sd / np.sqrt(n)
    half[n < 2] = np.nan
    return _path(result, n, mean, half)


def _one_event(result: StudyResult) -> pl.DataFrame:
    from scipy.stats import t

    days = result.estimates.ar.shape[1]
    n = np.ones(days, dtype=np.int64)
    window = result.spec.window
    if not isinstance(window, OffsetWindow):
        return _path(result, n, np.nancumsum(result.estimates.ar[0]), np.full(days, np.nan))
    prefixes = tuple(OffsetWindow(window.first, last) for last in range(window.first, window.last + 1))
    alone = study_panel(
        result.panel, result.events[result.estimates.kept], replace(result.spec, windows=prefixes, by=())
    )
    half = t.ppf(0.5 + BAND / 2, alone.estimates.df[0]) * alone.estimates.car_se[0]
    return _path(result, n, alone.estimates.car[0], half)


def _path(result: StudyResult, n: np.ndarray, mean: np.ndarray, half: np.ndarray) -> pl.DataFrame:
    columns = {"n": n, "caar": mean, "low": mean - half, "high": mean + half}
    return pl.DataFrame({"day": result.day_labels, **columns}, nan_to_null=True)
