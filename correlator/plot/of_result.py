"""The figures of a study's result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from correlator.eventstudy.paths import car_path, censored
from correlator.eventstudy.placebo.outcome import PlaceboResult
from correlator.eventstudy.results.finding import daily, main_window, measure_of, unit_of
from correlator.eventstudy.results.result import StudyResult, check_result
from correlator.plot.distribution import null_figure
from correlator.plot.study import bars_figure, car_figure, groups_figure
from correlator.plot.template import counted, empty_figure
from correlator.plot.words import study_subtitle, study_title

if TYPE_CHECKING:
    import plotly.graph_objects as go

_CUMULATED = ("car", "caar", "aar", "low", "high")
_PERCENTILE = re.compile(r"^p\d")


@dataclass(frozen=True)
class Null:
    """The placebo distribution of the main window: ``draws`` (B,), the ``observed`` value, its p-value and number of
    ``events``, of the first group; ``group``: its name if there are several.
    """

    statistic: str
    draws: pl.Series
    observed: float
    p_value: float
    events: int
    group: str


def result_figure(
    result: StudyResult, kind: str = "car", *, fan: pl.DataFrame | None = None, draws: int = 2_000, seed: int = 0
) -> go.Figure:
    """Return a figure of ``result``.

    Parameters
    ----------
    result
        A study.
    kind
        ``car``, ``events``, ``heatmap``, ``distribution`` (of the last window), ``fan`` or ``null``.
    fan
        Placebo percentiles to draw ``car`` over, such as ``PlaceboResult.bands``.
    draws, seed
        Number and random seed of the placebo studies of ``fan`` and ``null``.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    NotFoundError
        For another kind.
    InputError
        For a kind that needs a store, such as ``price``.

    Examples
    --------
    >>> result_figure(result, "fan", draws=500).show()  # doctest: +SKIP
    """
    from correlator.plot.figures import OfResult, figure_named

    check_result(result)
    if fan is not None:
        return averages_figure(result, fan)
    return figure_named(kind).draw(OfResult(result, draws=draws, seed=seed))


def averages_figure(
    result: StudyResult, fan: pl.DataFrame | None = None, *, p_placebo: float | None = None
) -> go.Figure:
    """Return the average by day with its band, with a line per group if the study has groups, or over the ``fan`` of
    placebo studies (without groups).
    """
    below = study_subtitle(result)
    if p_placebo is not None:
        below += f"; placebo p\u00a0{p_placebo:.3f}"
    if fan is None and result.spec.by and len(result.estimates):
        return groups_figure(group_paths(result), **_words(result, below))
    simple = None if fan is None else as_per_cent(fan, result)
    return car_figure(path_of(result), fan=simple, **_words(result, below))


def _words(result: StudyResult, subtitle: str) -> dict[str, str]:
    """Return title, subtitle and axis labels of a figure by day."""
    return {
        "title": study_title(result),
        "subtitle": subtitle,
        "unit": unit_of(result),
        "measure": measure_of(result),
    }


def ungrouped(result: StudyResult) -> StudyResult:
    """Return the study without groups, over all its events, for a placebo fan."""
    return replace(result, spec=replace(result.spec, by=()))


def observed(result: StudyResult) -> StudyResult:
    """Return the study with only the first event of each share and day 0, since the others have the same returns."""
    return replace(result, estimates=result.estimates.observations())


def unit_of_events(result: StudyResult) -> str:
    """Return what to call the events of ``observed``: observations if one of them stands for several events."""
    counts = result.estimates.represented
    return "event" if counts is None or int(counts.max(initial=1)) == 1 else "observation"


def group_name(values: Mapping[str, object]) -> str:
    """Return the name of a group from its columns and values: ``CONSULT``, ``no category``."""
    return ", ".join(f"no {column}" if value is None else str(value) for column, value in values.items())


def group_paths(result: StudyResult) -> dict[str, pl.DataFrame]:
    """Return ``path_of`` every group by its name, the largest group first."""
    parts = sorted(result.groups(), key=lambda each: -len(each[1]))
    without_groups = replace(result.spec, by=())
    return {group_name(values): path_of(replace(result, estimates=part, spec=without_groups)) for values, part in parts}


def daily_figure(result: StudyResult) -> go.Figure:
    """Return the abnormal return of each day, or its average over events, with the band of the recommended test."""
    if not len(result.estimates):
        return empty_figure(study_title(result), "No event was measured, so there is no abnormal return to draw.")
    table = as_per_cent(daily(result), result)
    marks = flagged_days(result)
    return bars_figure(table, marks=marks, **_words(result, study_subtitle(result)))


def flagged_days(result: StudyResult) -> pl.DataFrame:
    """Return the days of the event window with censored bars: day (label), flags, n (events), in order."""
    rows = [
        (result.day_labels[day], name, int(mask[:, day].sum()))
        for name, mask in censored(result).items()
        for day in np.flatnonzero(mask.any(axis=0)).tolist()
    ]
    frame = pl.DataFrame(rows, schema={"day": pl.String, "flags": pl.String, "n": pl.Int64}, orient="row")
    return frame.group_by("day", maintain_order=True).agg(pl.col("flags").str.join(", "), pl.col("n").max())


def flagged_bars(result: StudyResult) -> pl.DataFrame:
    """Return the censored bars of the event windows: event_id, symbol, day (label)."""
    keys = result.measured_events.select("event_id", "symbol").rows()
    rows = {
        (*keys[event], result.day_labels[day])
        for mask in censored(result).values()
        for event, day in np.argwhere(mask).tolist()
    }
    schema = pl.Schema({**result.events.select("event_id", "symbol").schema, "day": pl.String()})
    return pl.DataFrame(sorted(rows), schema=schema, orient="row")


def placebo_p(test: PlaceboResult) -> float | None:
    """Return the placebo p-value of the main window; None if it is unknown or there are groups."""
    p = float(test.p_values[0, main_window(test.spec)])
    return None if test.groups.height > 1 or np.isnan(p) else p


def null_of(test: PlaceboResult) -> Null:
    """Return the placebo distribution of the main window, for the first group."""
    column = main_window(test.spec)
    statistic = f"{test.statistic} in window {test.spec.windows[column].label}"
    group = group_name(test.groups.row(0, named=True)) if test.groups.height else ""
    numbers = (float(test.observed[0, column]), float(test.p_values[0, column]), int(test.events[0, column]))
    return Null(statistic, pl.Series(test.null[0, :, column]), *numbers, group)


def placebo_null_figure(test: PlaceboResult) -> go.Figure:
    """Return the placebo distribution of ``null_of`` as a histogram with the observed value."""
    null = null_of(test)
    spec = test.spec
    whom = ", ".join(spec.symbols) if 0 < len(spec.symbols) <= 3 else f"{len(spec.symbols) or 'All'} shares"
    return null_figure(
        null.draws,
        null.observed,
        p_value=null.p_value,
        statistic=null.statistic,
        whom=f"{whom}, {null.group}" if null.group else whom,
        about=f"events: {spec.events or 'all'}, {counted(null.events, 'observation')}; {spec.model} model",
    )


def path_of(result: StudyResult) -> pl.DataFrame:
    """Return ``car_path``, or an empty frame with its columns if no event was measured."""
    if len(result.estimates):
        return as_per_cent(car_path(result), result)
    numbers = dict.fromkeys(("caar", "low", "high"), pl.Float64())
    return pl.DataFrame(schema={"day": pl.String(), "n": pl.Int64(), **numbers})


def as_per_cent(frame: pl.DataFrame, result: StudyResult) -> pl.DataFrame:
    """Return the frame with cumulative log returns converted to simple ones, exp(x) - 1, to be shown in per cent."""
    numbers = [name for name in frame.columns if name in _CUMULATED or _PERCENTILE.match(name)]
    kind = result.spec.returns
    if kind == "simple":
        return frame
    return frame.with_columns(pl.col(numbers).exp() - 1.0)


def marks_of(result: StudyResult) -> pl.DataFrame:
    """Return the cells of a heatmap: category, window, caar (as a simple return), p_value of the recommended test."""
    if not len(result.estimates):
        return pl.DataFrame(
            schema={"category": pl.String, "window": pl.String, "caar": pl.Float64, "p_value": pl.Float64}
        )
    known = categories_of(result).unique(subset="event_id", keep="first", maintain_order=True)
    events = result.events.drop("category", strict=False).join(known, on="event_id", how="left", maintain_order="left")
    named = replace(result, events=events.with_columns(pl.col("category").fill_null("other")))
    tests = named.recommended_by(("category",)).select("category", "window", "caar", "p_value")
    return as_per_cent(tests, result)


def categories_of(result: StudyResult) -> pl.DataFrame:
    """Return event_id and category of the events; ``all events`` if they have no categories."""
    if "category" in result.events.columns:
        return result.events.select("event_id", "category")
    return result.events.select("event_id", category=pl.lit("all events"))
