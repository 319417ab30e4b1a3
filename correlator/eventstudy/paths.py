"""The data of study figures, as frames: cumulated abnormal returns day by day with their bands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from correlator.errors import StudyError
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.flagged import censoring
from correlator.eventstudy.panel.frames import Mask
from correlator.eventstudy.request.windows import OffsetWindow
from correlator.eventstudy.results.recommended import recommended_path
from correlator.eventstudy.results.result import StudyResult
from correlator.eventstudy.results.result_frames import event_rows, per_window

BAND = 0.95


def car_path(result: StudyResult, *, simultaneous: bool = False) -> pl.DataFrame:
    """Return the average cumulated abnormal return from the first day of the event window to each day: one row per day.

    Columns: day, n (events), caar, low, high (95 %, fractions; null where there is no band). With several events the
    band is that of the recommended test of each day's window (see ``results.recommended``), so it excludes zero exactly
    where a report says "more than chance"; with ``simultaneous`` it covers the whole path at once (sup-t). With one
    event it is that of its CAR with the full covariance of prediction errors. Raises StudyError without events.
    """
    if len(result.estimates) == 0:
        raise StudyError("no event was measured, so there is no path", hint="read the reasons in the output excluded")
    return _one_event(result) if len(result.estimates.observations()) == 1 else _many_events(result, simultaneous)


def car_paths(result: StudyResult) -> pl.DataFrame:
    """Return cumulated abnormal returns, one row per event and day: event_id, symbol, day (the label), car.

    A missing bar counts as zero; a return that began before the event window is not part of it.
    """
    rows = per_window(result.estimates, result.events, result.day_labels).rename({"window": "day"})
    return rows.with_columns(pl.Series("car", np.nancumsum(result.estimates.path_ar, axis=1).ravel()))


def censored(result: StudyResult) -> dict[str, Mask]:
    """Return the masks (E, D) of limit-locked bars and bars without volume in the event windows, by name.

    Their abnormal returns are not evidence. Names without such a bar are left out.
    """
    at = event_rows(result.estimates, result.panel), result.estimates.symbol_index[:, None]
    marks = {name: mask[at] for name, mask in censoring(result.panel)}
    return {name: cells for name, cells in marks.items() if cells.any()}


def _many_events(result: StudyResult, simultaneous: bool) -> pl.DataFrame:
    tested = recommended_path(result.estimates, result.panel, result.estimation_bars)
    low, high = tested.simultaneous_bounds(BAND) if simultaneous else tested.bounds(BAND)
    return _path(result, tested.n, tested.average, (low, high))


def _one_event(result: StudyResult) -> pl.DataFrame:
    from scipy.stats import t

    days = result.estimates.ar.shape[1]
    n = np.ones(days, dtype=np.int64)
    window = result.spec.window
    if not isinstance(window, OffsetWindow):
        return _path(result, n, np.nancumsum(result.estimates.path_ar[0]), (np.full(days, np.nan),) * 2)
    prefixes = tuple(OffsetWindow(window.first, last) for last in range(window.first, window.last + 1))
    alone = study_panel(result.panel, result.measured_events, replace(result.spec, windows=prefixes, by=()))
    half = t.ppf(0.5 + BAND / 2, alone.estimates.df[0]) * alone.estimates.car_se[0]
    car = alone.estimates.car[0]
    return _path(result, n, car, (car - half, car + half))


def _path(result: StudyResult, n: np.ndarray, mean: np.ndarray, band: tuple[np.ndarray, np.ndarray]) -> pl.DataFrame:
    columns = {"n": n, "caar": mean, "low": band[0], "high": band[1]}
    return pl.DataFrame({"day": result.day_labels, **columns}, nan_to_null=True)
