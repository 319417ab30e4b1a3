"""Distributions: the CARs of a study's events, and a statistic over placebo draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from correlator.eventstudy.results.finding import verdict
from correlator.plot.template import (
    BLUE,
    GREY,
    PERCENT_TICKS,
    VERMILLION,
    counted,
    dress,
    empty_figure,
    escaped,
    per_cent,
    translucent,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

FEW = 8
_RUG = 2_000


def distribution_figure(
    car: pl.DataFrame,
    window: str,
    *,
    mean: float | None = None,
    names: Mapping[Any, str] | None = None,
    unit: str = "event",
    measure: str = "return",
    title: str | None = None,
    subtitle: str = "",
) -> go.Figure:
    """Return a figure of the events' CARs in one window: a histogram above a tick per event, with zero and the mean.

    ``car``: event_id, symbol, window, car (fractions); ``mean``: the average in tables, if it is not that of these
    values (returns averaged as logarithms); ``names``: labels of ticks by (event_id, symbol); ``unit`` and ``measure``:
    names of one value and of what is abnormal. The figure names the lowest and the highest event. Fewer than eight
    events are shown as dots without a histogram.
    """
    heading = title or f"CAR in window {window}"
    known = car.filter(pl.col("window") == window).drop_nulls("car").filter(pl.col("car").is_not_nan())
    values = known["car"]
    if values.is_empty():
        return empty_figure(heading, f"No event has a CAR in window {window}.")
    keys = known.select("event_id", "symbol").rows()
    labels = [(names or {}).get(key, f"{key[1]} #{key[0]}") for key in keys]
    mean = float(values.mean()) if mean is None else mean  # type: ignore[arg-type]
    if values.len() < FEW:
        figure = _dots(values.to_list(), labels, unit)
    else:
        figure = _histogram(values.to_numpy(), mean, f"{unit}s", BLUE)
        if values.len() <= _RUG:
            _add_rug(figure, values.to_list(), labels, unit)
    _mark(figure, mean, f"mean {per_cent(mean)}")
    figure.update_xaxes(
        title_text=escaped(f"cumulative abnormal {measure} in window {window}"), tickformat=PERCENT_TICKS
    )
    words = f"{counted(values.len(), unit)}, mean {per_cent(mean)}"
    if values.len() > 1:
        words += f"; lowest {_extreme(values, labels, lowest=True)}; highest {_extreme(values, labels, lowest=False)}"
    return dress(figure, title=heading, subtitle=f"{subtitle}; {words}" if subtitle else words, height=420)


def _extreme(values: pl.Series, labels: list[str], *, lowest: bool) -> str:
    """Return the name and the CAR of the lowest or highest event."""
    at = values.arg_min() if lowest else values.arg_max()
    return f"{labels[int(at or 0)]} {per_cent(values[int(at or 0)])}".replace("\n", " ")


def null_figure(
    draws: pl.Series,
    observed: float,
    *,
    p_value: float | None = None,
    statistic: str = "",
    whom: str = "",
    about: str = "",
) -> go.Figure:
    """Return a histogram of a statistic over placebo draws, with the observed value.

    ``draws``: (B,) the statistic in every placebo draw; ``observed``: its observed value, on the same scale;
    ``statistic``: its name; ``whom``, ``about``: symbols and description of the study. The title has the placebo
    p-value.
    """
    values = draws.drop_nulls().drop_nans()
    if values.is_empty():
        return empty_figure("Placebo distribution", "There are no placebo draws.")
    title = "Placebo distribution"
    if p_value is not None:
        title = f"{whom or 'The study'} against ordinary sessions: {verdict(p_value)}, placebo p\u00a0{p_value:.3f}"
    figure = _histogram(values.to_numpy(), observed, "draws", GREY)
    _mark(figure, observed, f"observed {observed:.3g}")
    figure.update_xaxes(title_text=escaped(f"{statistic or 'statistic'} on ordinary sessions"))
    words = f"{statistic}; " if statistic else ""
    words += f"{counted(values.len(), 'placebo study').replace('studys', 'studies')}; observed {observed:.3g}"
    return dress(figure, title=title, subtitle=f"{words}; {about}" if about else words, height=420)


def counted_bins(
    values: np.ndarray[Any, Any], mark: float, *, most: int = 60
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return edges (K + 1,) of at most about ``most`` bins that cover ``values``, ``mark`` and zero, and counts (K,).

    Zero is one of the edges.
    """
    low, high = min(values.min(), mark, 0.0), max(values.max(), mark, 0.0)
    bins = min(most, max(10, round(2 * len(values) ** (1 / 3))))
    width = (high - low) / bins or 0.01
    edges = width * np.arange(np.floor(low / width), np.ceil(high / width) + 1)
    counts, edges = np.histogram(values, bins=edges)
    return edges, counts


def _histogram(values: np.ndarray[Any, Any], mark: float, unit: str, colour: str) -> go.Figure:
    """Return bars of counts computed here, so that the figure contains bins instead of values."""
    import plotly.graph_objects as go

    edges, counts = counted_bins(values, mark)
    width = edges[1] - edges[0]
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + width / 2).tolist(),
            y=counts.tolist(),
            width=[0.96 * width] * len(counts),
            marker={"color": translucent(colour, 0.6), "line": {"width": 0}},
            showlegend=False,
            hovertemplate="around %{x}: %{y} " + unit + "<extra></extra>",
        )
    )
    figure.update_yaxes(title_text=unit, rangemode="tozero", dtick=1 if counts.max() < FEW else None)
    figure.update_xaxes(range=_padded(edges[0], edges[-1]))
    return figure


def _add_rug(figure: go.Figure, values: list[float], labels: list[str], unit: str) -> None:
    """Draw a tick per ``unit`` below zero counts."""
    top = max(figure.data[0].y)
    figure.add_scatter(
        x=values,
        y=[-0.05 * top] * len(values),
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 9, "color": BLUE, "line": {"width": 1}},
        name=f"one {unit}",
        text=[escaped(label).replace("\n", "<br>") for label in labels],
        hovertemplate="%{text}<br>%{x:.2%}<extra></extra>",
    )
    figure.update_yaxes(range=[-0.11 * top, 1.08 * top])


def _dots(values: list[float], labels: list[str], unit: str) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Scatter(
            x=values,
            y=[0.0] * len(values),
            mode="markers",
            marker={"size": 14, "color": translucent(BLUE, 0.6), "line": {"color": BLUE, "width": 1}},
            name=f"one {unit}",
            text=[escaped(label).replace("\n", "<br>") for label in labels],
            hovertemplate="%{text}<br>%{x:.2%}<extra></extra>",
        )
    )
    figure.update_yaxes(visible=False)
    figure.update_xaxes(range=_padded(min([*values, 0.0]), max([*values, 0.0])))
    return figure


def _padded(low: float, high: float) -> list[float]:
    margin = 0.06 * (high - low) or 0.01
    return [float(low - margin), float(high + margin)]


def _mark(figure: go.Figure, position: float, name: str) -> None:
    """Draw lines at zero and at ``position``, named in the legend so that labels cannot collide."""
    for at, colour, dash, words in ((0.0, GREY, "dot", "zero"), (position, VERMILLION, "solid", name)):
        figure.add_vline(x=at, line={"color": colour, "width": 1 if at == 0.0 else 2, "dash": dash})
        figure.add_scatter(x=[None], y=[None], mode="lines", line={"color": colour, "dash": dash}, name=words)
