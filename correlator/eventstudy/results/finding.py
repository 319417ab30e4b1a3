"""The finding of a study, shared by titles, sentences, tables and bands: the average of one window and its verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from correlator.errors import InputError
from correlator.eventstudy.panel.frames import Array, as_simple
from correlator.eventstudy.request.spec import DAILY, RETURNS_KINDS, StudySpec
from correlator.eventstudy.request.windows import OffsetWindow, Window

if TYPE_CHECKING:
    from correlator.eventstudy.results.result import StudyResult

SIGNIFICANCE = 0.05
POWER = 0.8


@dataclass(frozen=True)
class Finding:
    """The average of ``window`` over ``n`` events on ``dates`` sessions of day 0, with its 95 % interval and p-value by
    the recommended test; returns are simple fractions, for display in per cent; NaN where there is none.
    """

    window: Window
    n: int
    dates: int
    average: float
    low: float
    high: float
    p_value: float
    volume: bool = False
    unit: str = "session"

    @property
    def verdict(self) -> str:
        return verdict(self.p_value)

    @property
    def sentence(self) -> str:
        """Size, length and verdict, such as ``-1.80 % over 5 sessions, within chance``; no line break before ``%``."""
        prefix = "volume " if self.volume else ""
        return f"{prefix}{100 * self.average:+.2f}\u00a0% {over(self.window, self.unit)}, {self.verdict}"


def verdict(p_value: float | None) -> str:
    """Return the verdict of a p-value in words: the one rule for titles, marks and sentences."""
    if p_value is None or np.isnan(p_value):
        return "no test"
    return "more than chance" if p_value < SIGNIFICANCE else "within chance"


def over(window: Window, unit: str = "session") -> str:
    """Return the length of a window in words."""
    if not isinstance(window, OffsetWindow):
        return f"on {window.first}" if window.first == window.last else f"from {window.first} to {window.last}"
    if (window.first, window.last) == (0, 0):
        return "on day 0" if unit == "session" else f"in the {unit} of the news"
    interval, _, noun = unit.rpartition(" ")
    return f"over {len(window)} {noun}{'s' if len(window) > 1 else ''}{f' of {interval}' if interval else ''}"


def unit_of(result: StudyResult) -> str:
    """Return what the windows of a study count: sessions, or intraday bars."""
    if result.panel.labels.dtype == pl.Date:
        return "session"
    return f"{result.spec.interval} bar" if result.spec.interval != DAILY else "bar"


def refuse_within_days(result: StudyResult, what: str) -> None:
    """Raise InputError for a study of intraday bars, if ``what`` is known by day only."""
    if result.panel.labels.dtype != pl.Date:
        hint = "study daily bars"
        raise InputError(f"{what} need daily bars, the study has {unit_of(result)}s", hint=hint, argument="result")


def measure_of(result: StudyResult) -> str:
    """Return what is abnormal in a study, in a word: ``return`` or ``volume``."""
    return "return" if result.spec.returns in RETURNS_KINDS else "volume"


def main_window(spec: StudySpec) -> int:
    """Return the position of the window shown in titles: the whole event window if it is one of them, else the last."""
    windows = spec.windows
    return windows.index(spec.window) if spec.window in windows else len(windows) - 1


def finding_of(result: StudyResult) -> Finding | None:
    """Return the finding of the study in its main window, over all events of all groups; None without any event."""
    if not len(result.estimates):
        return None
    place = main_window(result.spec)
    row = result.recommended_by(()).row(place, named=True)
    if row["caar"] is None:
        return None
    kind = result.spec.returns
    average, low, high = (
        float(as_simple(np.nan if row[name] is None else row[name], kind)) for name in ("caar", "low", "high")
    )
    p_value = np.nan if row["p_value"] is None else row["p_value"]
    window = result.spec.windows[place]
    numbers = (row["events"], row["dates"], average, low, high, p_value)
    return Finding(window, *numbers, volume=measure_of(result) == "volume", unit=unit_of(result))


def average_of(result: StudyResult) -> float | None:
    """Return the average of ``finding_of``; None without one."""
    finding = finding_of(result)
    return None if finding is None else finding.average


def smallest_effect(se: Array, df: Array) -> Array:
    """Return the smallest average that a two-sided 5 % test detects with a power of 80 %: (t(0.975) + t(0.8)) se.

    ``se``: standard errors; ``df``: degrees of freedom. The module ``power`` estimates the same by planting effects,
    without assuming a distribution.

    >>> smallest_effect(np.array([0.01]), np.array([1e9])).round(4).tolist()
    [0.028]
    """
    from scipy.special import stdtrit

    known = np.where(df > 0, df, np.nan)
    with np.errstate(invalid="ignore"):
        return np.asarray((stdtrit(known, 1 - SIGNIFICANCE / 2) + stdtrit(known, POWER)) * se)


def daily(result: StudyResult) -> pl.DataFrame:
    """Return the average abnormal return of each day of the event window by the recommended test of that day.

    One row per day: day, n, aar, low, high (95 %), p_value.
    """
    from correlator.eventstudy.results.recommended import recommended

    estimates = result.estimates
    days = estimates.ar.shape[1]
    columns = np.stack([np.arange(days), np.arange(days)], axis=1)
    by_day = replace(estimates, car=estimates.day_ar, car_se=estimates.ar_se, n_car=(~np.isnan(estimates.day_ar)) * 1)
    tests = recommended(by_day, result.panel, columns, result.estimation_bars)
    low, high = tests.bounds()
    values = {"n": tests.n, "aar": tests.average, "low": low, "high": high, "p_value": tests.p_value}
    return pl.DataFrame({"day": result.day_labels, **values}, nan_to_null=True)
