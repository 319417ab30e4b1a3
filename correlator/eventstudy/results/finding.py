"""What a study found, as one value that titles, words, tables and bands share: the average of one window and its
verdict.
"""

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
    """The average of ``window`` over ``n`` events on ``dates`` sessions of day 0, with its 95 % interval and p of the
    recommended test; returns are simple fractions, what a per cent sign stands for; NaN where there is none.
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
        """Size, length and verdict: ``-1.80 % over 5 sessions, within chance``; number and sign stay on one
        line."""
        what = "volume " if self.volume else ""
        return f"{what}{100 * self.average:+.2f}\u00a0% {over(self.window, self.unit)}, {self.verdict}"


def verdict(p_value: float | None) -> str:
    """What a p-value says, in words: the one rule of titles, marks and sentences."""
    if p_value is None or np.isnan(p_value):
        return "no test"
    return "more than chance" if p_value < SIGNIFICANCE else "within chance"


def over(window: Window, unit: str = "session") -> str:
    """How long a window is, in words."""
    if not isinstance(window, OffsetWindow):
        return f"on {window.first}" if window.first == window.last else f"from {window.first} to {window.last}"
    if (window.first, window.last) == (0, 0):
        return "on day 0" if unit == "session" else f"in the {unit} of the news"
    interval, _, noun = unit.rpartition(" ")
    return f"over {len(window)} {noun}{'s' if len(window) > 1 else ''}{f' of {interval}' if interval else ''}"


def unit_of(result: StudyResult) -> str:
    """What the windows of a study count: sessions, or bars within one."""
    within = result.panel.labels.dtype != pl.Date
    return f"{result.spec.interval} bar" if within and result.spec.interval != DAILY else "bar" if within else "session"


def refuse_within_days(result: StudyResult, what: str) -> None:
    """Raise InputError for a study of bars within days, where ``what`` is known of days."""
    if result.panel.labels.dtype != pl.Date:
        hint = "study daily bars"
        raise InputError(f"{what} are of daily bars, the study is of {unit_of(result)}s", hint=hint, argument="result")


def measure_of(result: StudyResult) -> str:
    """What is abnormal in a study, in a word: ``return`` or ``volume``."""
    return "return" if result.spec.returns in RETURNS_KINDS else "volume"


def main_window(spec: StudySpec) -> int:
    """The window that titles tell: the whole event window where it is one of them, else the last."""
    windows = spec.windows
    return windows.index(spec.window) if spec.window in windows else len(windows) - 1


def finding_of(result: StudyResult) -> Finding | None:
    """What the study found in its main window, over all events whatever the groups; None without a measured event."""
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
    """The average of ``finding_of``; None without one."""
    finding = finding_of(result)
    return None if finding is None else finding.average


def smallest_effect(se: Array, df: Array) -> Array:
    """The average that a two-sided test of 5 % with errors ``se`` and ``df`` degrees of freedom finds in four studies
    of five: (t(0.975) + t(0.8)) se. ``power`` finds the same by planting effects, without a law.

    >>> smallest_effect(np.array([0.01]), np.array([1e9])).round(4).tolist()
    [0.028]
    """
    from scipy.special import stdtrit

    known = np.where(df > 0, df, np.nan)
    with np.errstate(invalid="ignore"):
        return np.asarray((stdtrit(known, 1 - SIGNIFICANCE / 2) + stdtrit(known, POWER)) * se)


def daily(result: StudyResult) -> pl.DataFrame:
    """The average abnormal return of each day of the event window by the recommended test of that day alone: day, n,
    aar, low, high (95 %), p_value; one row per day.
    """
    from correlator.eventstudy.results.recommended import recommended

    estimates = result.estimates
    days = estimates.ar.shape[1]
    columns = np.stack([np.arange(days), np.arange(days)], axis=1)
    alone = replace(estimates, car=estimates.day_ar, car_se=estimates.ar_se, n_car=(~np.isnan(estimates.day_ar)) * 1)
    tests = recommended(alone, result.panel, columns, result.estimation_bars)
    low, high = tests.bounds()
    values = {"n": tests.n, "aar": tests.average, "low": low, "high": high, "p_value": tests.p_value}
    return pl.DataFrame({"day": result.day_labels, **values}, nan_to_null=True)
