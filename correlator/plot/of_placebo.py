"""The figures of a placebo test: the real averages over the fan of placebo ones, and a statistic's null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from correlator.eventstudy.placebo.inference import PlaceboResult
from correlator.eventstudy.result import StudyResult
from correlator.plot.distribution import null_figure
from correlator.plot.of_result import result_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Null:
    """The null distribution of the first group's first window: ``draws`` (B,), the real ``observed``, its p."""

    statistic: str
    draws: pl.Series
    observed: float
    p_value: float


def null_of(test: PlaceboResult) -> Null:
    """What chance alone gives for the first group's first window."""
    statistic = f"{test.statistic} in window {test.spec.windows[0].label}"
    return Null(statistic, pl.Series(test.null[0, :, 0]), float(test.observed[0, 0]), float(test.p_values[0, 0]))


def placebo_null_figure(test: PlaceboResult) -> go.Figure:
    """The null of ``null_of`` as a histogram, the real study marked."""
    null = null_of(test)
    return null_figure(null.draws, null.observed, p_value=null.p_value, statistic=null.statistic)


def placebo_fan_figure(result: StudyResult, test: PlaceboResult) -> go.Figure:
    """The CAAR of ``result`` by day over the fan of its placebo studies; ``test`` is of that study, without groups."""
    return result_figure(result, "car", fan=test.bands)
