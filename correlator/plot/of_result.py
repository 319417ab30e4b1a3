"""The figures of a study's result, each by its name."""

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
    """The null distribution of the window that titles tell: ``draws`` (B,), the real ``observed``, its p, of ``events``
    of the first group, which ``group`` names where there are several.
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
    """A figure of ``result``, which is all that it needs.

    Parameters
    ----------
    result
        A study.
    kind
        ``car``, ``events``, ``heatmap``, ``distribution`` (of the last window), ``fan`` or ``null``.
    fan
        Placebo percentiles that ``car`` is drawn over, as ``PlaceboResult.bands``.
    draws, seed
        Of the placebo studies that ``fan`` and ``null`` are made of.

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
    """The average by day with its band, a line per group where the study has groups, over the ``fan`` of placebo
    studies (of that study, without groups).
    """
    below = study_subtitle(result)
    if p_placebo is not None:
        below += f"; placebo p\u00a0{p_placebo:.3f}"
    if fan is None and result.spec.by and len(result.estimates):
        return groups_figure(group_paths(result), **_words(result, below))
    simple = None if fan is None else as_per_cent(fan, result)
    return car_figure(path_of(result), fan=simple, **_words(result, below))


def _words(result: StudyResult, subtitle: str) -> dict[str, str]:
    """Title and words of axes of a figure by day."""
    return {
        "title": study_title(result),
        "subtitle": subtitle,
        "unit": unit_of(result),
        "measure": measure_of(result),
    }


def ungrouped(result: StudyResult) -> StudyResult:
    """The same study over all its events, whatever its groups: what a placebo fan is drawn of."""
    return replace(result, spec=replace(result.spec, by=()))


def observed(result: StudyResult) -> StudyResult:
    """The study with the first event of each share and day 0 alone: others have the same returns, and are one
    observation with it.
    """
    return replace(result, estimates=result.estimates.observations())


def unit_of_events(result: StudyResult) -> str:
    """What the events of ``observed`` are: observations where one of them stands for several events."""
    counts = result.estimates.stands_for
    return "event" if counts is None or int(counts.max(initial=1)) == 1 else "observation"


def group_name(values: Mapping[str, object]) -> str:
    """What a group is called, by its column and value: ``CONSULT``, ``no category``."""
    return ", ".join(f"no {column}" if value is None else str(value) for column, value in values.items())


def group_paths(result: StudyResult) -> dict[str, pl.DataFrame]:
    """``path_of`` the events of every group, the largest group first, by what the group is called."""
    parts = sorted(result.groups(), key=lambda each: -len(each[1]))
    alone = replace(result.spec, by=())
    return {group_name(values): path_of(replace(result, estimates=part, spec=alone)) for values, part in parts}


def daily_figure(result: StudyResult) -> go.Figure:
    """The abnormal return of each day, or its average over events, with the band of each day's recommended test."""
    if not len(result.estimates):
        return empty_figure(study_title(result), "No event was measured: there is no abnormal return to draw.")
    table = as_per_cent(daily(result), result)
    marks = flagged_days(result)
    return bars_figure(table, marks=marks, **_words(result, study_subtitle(result)))


def flagged_days(result: StudyResult) -> pl.DataFrame:
    """Days of the event window on which bars are not evidence: day (label), flags, n (events), first day first."""
    rows = [
        (result.day_labels[day], name, int(mask[:, day].sum()))
        for name, mask in censored(result).items()
        for day in np.flatnonzero(mask.any(axis=0)).tolist()
    ]
    frame = pl.DataFrame(rows, schema={"day": pl.String, "flags": pl.String, "n": pl.Int64}, orient="row")
    return frame.group_by("day", maintain_order=True).agg(pl.col("flags").str.join(", "), pl.col("n").max())


def flagged_bars(result: StudyResult) -> pl.DataFrame:
    """Bars of the event windows that are not evidence: event_id, symbol, day (label)."""
    keys = result.measured_events.select("event_id", "symbol").rows()
    rows = {
        (*keys[event], result.day_labels[day])
        for mask in censored(result).values()
        for event, day in np.argwhere(mask).tolist()
    }
    schema = pl.Schema({**result.events.select("event_id", "symbol").schema, "day": pl.String()})
    return pl.DataFrame(sorted(rows), schema=schema, orient="row")


def placebo_p(test: PlaceboResult) -> float | None:
    """The placebo p of the window that titles tell, without groups; None if it is not known."""
    p = float(test.p_values[0, main_window(test.spec)])
    return None if test.groups.height > 1 or np.isnan(p) else p


def null_of(test: PlaceboResult) -> Null:
    """What chance alone gives in the window that titles tell, for the first group."""
    place = main_window(test.spec)
    statistic = f"{test.statistic} in window {test.spec.windows[place].label}"
    group = group_name(test.groups.row(0, named=True)) if test.groups.height else ""
    numbers = (float(test.observed[0, place]), float(test.p_values[0, place]), int(test.events[0, place]))
    return Null(statistic, pl.Series(test.null[0, :, place]), *numbers, group)


def placebo_null_figure(test: PlaceboResult) -> go.Figure:
    """The null of ``null_of`` as a histogram, the real study marked."""
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
    """``car_path``, or its columns without a row where no event was measured."""
    if len(result.estimates):
        return as_per_cent(car_path(result), result)
    numbers = dict.fromkeys(("caar", "low", "high"), pl.Float64())
    return pl.DataFrame(schema={"day": pl.String(), "n": pl.Int64(), **numbers})


def as_per_cent(frame: pl.DataFrame, result: StudyResult) -> pl.DataFrame:
    """Cumulated returns of a frame as the simple ones that a per cent sign stands for: exp(x) - 1 of logarithms."""
    numbers = [name for name in frame.columns if name in _CUMULATED or _PERCENTILE.match(name)]
    kind = result.spec.returns
    if kind == "simple":
        return frame
    return frame.with_columns(pl.col(numbers).exp() - 1.0)


def marks_of(result: StudyResult) -> pl.DataFrame:
    """What the cells of a heatmap show: category, window, caar (as a simple return), p_value of the recommended
    test."""
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
    """event_id and category of the events; ``all events`` where they carry none."""
    if "category" in result.events.columns:
        return result.events.select("event_id", "category")
    return result.events.select("event_id", category=pl.lit("all events"))
