"""The figures of a study's result, each by its name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from correlator.errors import NotFoundError
from correlator.eventstudy.result import StudyResult
from correlator.plot.distribution import distribution_figure
from correlator.plot.paths import car_path, car_paths
from correlator.plot.study import car_figure, event_panels, heatmap_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

_CUMULATED = ("car", "caar", "low", "high")
_PERCENTILE = re.compile(r"^p\d")
RESULT_FIGURES = ("car", "events", "heatmap", "distribution")


def result_figure(result: StudyResult, kind: str, *, fan: pl.DataFrame | None = None) -> go.Figure:
    """A figure of ``result``: ``car``, ``events``, ``heatmap`` or ``distribution`` (of the last window).

    ``fan``: placebo percentiles for ``car``, as ``PlaceboResult.bands``. Raises NotFoundError for another kind.
    """
    if kind not in RESULT_FIGURES:
        raise NotFoundError(f"there is no figure {kind!r}", hint=f"figures are {', '.join(RESULT_FIGURES)}")
    if kind == "car":
        title = "Cumulated abnormal return" if len(result.estimates) == 1 else "Average cumulated abnormal return"
        simple = None if fan is None else as_per_cent(fan, result)
        return car_figure(path_of(result), fan=simple, title=title, subtitle=described(result))
    if kind == "events":
        return event_panels(as_per_cent(car_paths(result), result), labels=event_labels(result))
    if kind == "heatmap":
        return heatmap_figure(as_per_cent(result.car, result), categories_of(result), marks=marks_of(result))
    return distribution_figure(as_per_cent(result.car, result), result.window_labels[-1])


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
    """Cells of a heatmap that are more than chance: category, window, p_value of the recommended test in each cell."""
    if not len(result.estimates):
        return pl.DataFrame(schema={"category": pl.String, "window": pl.String, "p_value": pl.Float64})
    known = categories_of(result).unique(subset="event_id", keep="first", maintain_order=True)
    events = result.events.drop("category", strict=False).join(known, on="event_id", how="left", maintain_order="left")
    named = replace(result, events=events.with_columns(pl.col("category").fill_null("other")))
    return named.recommended_by(("category",)).select("category", "window", "p_value")


def described(result: StudyResult) -> str:
    """What was studied, in a line: events, symbols, benchmark, model, returns and windows."""
    spec = result.spec
    kept = result.events[result.estimates.kept]
    symbols = kept["symbol"].unique(maintain_order=True).to_list()
    whom = ", ".join(symbols) if len(symbols) <= 3 else f"{len(symbols)} symbols"
    on = f" on {spec.benchmark}" if spec.benchmark else ""
    number = len(result.estimates)
    return (
        f"{number:,} event{'' if number == 1 else 's'}, {whom}{on}; {spec.model} model, {spec.returns} returns, "
        f"estimation {spec.estimation.label}"
    )


def event_labels(result: StudyResult) -> dict[Any, str]:
    """The words above an event's panel: symbol and, on a line of its own, the session of day 0."""
    estimates = result.estimates
    sessions = result.panel.labels.gather(estimates.day_zero)
    kept = result.events[estimates.kept].select("event_id", "symbol").iter_rows()
    return {
        (number, symbol): f"{symbol}\n{session:%d %b %Y}"
        for (number, symbol), session in zip(kept, sessions, strict=True)
    }


def categories_of(result: StudyResult) -> pl.DataFrame:
    """event_id and category of the events; ``all events`` where they carry none."""
    if "category" in result.events.columns:
        return result.events.select("event_id", "category")
    return result.events.select("event_id", category=pl.lit("all events"))
