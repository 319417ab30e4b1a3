"""The figures of a study's result, each by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from correlator.eventstudy.paths import car_path
from correlator.eventstudy.placebo.inference import PlaceboResult
from correlator.eventstudy.result import StudyResult
from correlator.plot.distribution import null_figure
from correlator.plot.study import car_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

_CUMULATED = ("car", "caar", "low", "high")
_PERCENTILE = re.compile(r"^p\d")


@dataclass(frozen=True)
class Null:
    """The null distribution of the first group's first window: ``draws`` (B,), the real ``observed``, its p."""

    statistic: str
    draws: pl.Series
    observed: float
    p_value: float


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

    if fan is not None:
        return averages_figure(result, fan)
    return figure_named(kind).draw(OfResult(result, draws=draws, seed=seed))


def averages_figure(result: StudyResult, fan: pl.DataFrame | None = None) -> go.Figure:
    """The average by day with its band, over the ``fan`` of placebo studies (of that study, without groups)."""
    title = "Cumulated abnormal return" if len(result.estimates) == 1 else "Average cumulated abnormal return"
    simple = None if fan is None else as_per_cent(fan, result)
    return car_figure(path_of(result), fan=simple, title=title, subtitle=described(result))


def null_of(test: PlaceboResult) -> Null:
    """What chance alone gives for the first group's first window."""
    statistic = f"{test.statistic} in window {test.spec.windows[0].label}"
    return Null(statistic, pl.Series(test.null[0, :, 0]), float(test.observed[0, 0]), float(test.p_values[0, 0]))


def placebo_null_figure(test: PlaceboResult) -> go.Figure:
    """The null of ``null_of`` as a histogram, the real study marked."""
    null = null_of(test)
    return null_figure(null.draws, null.observed, p_value=null.p_value, statistic=null.statistic)


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
    found = named.recommended_by(("category",)).select("category", "window", "caar", "p_value")
    return as_per_cent(found, result)


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
