"""How a study's numbers are spread: CARs over events, and a statistic over placebo draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from correlator.plot.template import BLUE, GREY, VERMILLION, counted, dress, empty_figure, translucent

if TYPE_CHECKING:
    import plotly.graph_objects as go

FEW = 8
_RUG = 2_000


def distribution_figure(car: pl.DataFrame, window: str, *, title: str | None = None) -> go.Figure:
    """The events' CARs in one window: a histogram over a tick per event, zero and the mean marked.

    ``car``: event_id, symbol, window, car (fractions). Fewer than eight events are dots without a histogram.
    """
    heading = title or f"CAR in window {window}"
    values = car.filter(pl.col("window") == window)["car"].drop_nulls().drop_nans()
    if values.is_empty():
        return empty_figure(heading, f"No event has a CAR in window {window}.")
    mean = float(values.mean())  # type: ignore[arg-type]
    if values.len() < FEW:
        figure = _dots(values.to_list())
    else:
        figure = _histogram(values.to_numpy(), mean, "events", BLUE)
        if values.len() <= _RUG:
            _add_rug(figure, values.to_list())
    _mark(figure, mean, f"mean {mean:+.2%}")
    figure.update_xaxes(title_text="cumulated abnormal return", tickformat=".1%")
    return dress(figure, title=heading, subtitle=f"{counted(values.len(), 'event')}, mean {mean:+.2%}", height=400)


def null_figure(draws: pl.Series, observed: float, *, p_value: float | None = None, statistic: str = "") -> go.Figure:
    """A statistic in every placebo draw, and the real one.

    ``draws``: (B,) of the statistic under the placebo; ``observed``: the real one, on the same scale;
    ``statistic``: what it is called.
    """
    title = "What chance alone gives"
    values = draws.drop_nulls().drop_nans()
    if values.is_empty():
        return empty_figure(title, "There are no placebo draws.")
    figure = _histogram(values.to_numpy(), observed, "draws", GREY)
    _mark(figure, observed, f"observed {observed:.3g}")
    figure.update_xaxes(title_text="statistic under the placebo")
    named = f"{statistic}; " if statistic else ""
    subtitle = f"{named}{counted(values.len(), 'draw')}; observed {observed:.3g}"
    if p_value is not None:
        subtitle += f", two-sided p = {p_value:.3g}"
    return dress(figure, title=title, subtitle=subtitle, height=400)


def counted_bins(
    values: np.ndarray[Any, Any], mark: float, *, most: int = 60
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Edges (K + 1,) of at most about ``most`` bins that hold ``values``, ``mark`` and zero, and counts (K,).

    Zero is an edge.
    """
    low, high = min(values.min(), mark, 0.0), max(values.max(), mark, 0.0)
    bins = min(most, max(10, round(2 * len(values) ** (1 / 3))))
    width = (high - low) / bins or 0.01
    edges = width * np.arange(np.floor(low / width), np.ceil(high / width) + 1)
    counts, edges = np.histogram(values, bins=edges)
    return edges, counts


def _histogram(values: np.ndarray[Any, Any], mark: float, unit: str, colour: str) -> go.Figure:
    """Bars counted here, so that the figure holds bins and not values."""
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


def _add_rug(figure: go.Figure, values: list[float]) -> None:
    """A tick per event under the axis of the counts."""
    top = max(figure.data[0].y)
    figure.add_scatter(
        x=values,
        y=[-0.05 * top] * len(values),
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 9, "color": BLUE, "line": {"width": 1}},
        name="one event",
        hovertemplate="%{x:.2%}<extra></extra>",
    )
    figure.update_yaxes(range=[-0.11 * top, 1.08 * top])


def _dots(values: list[float]) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Scatter(
            x=values,
            y=[0.0] * len(values),
            mode="markers",
            marker={"size": 14, "color": translucent(BLUE, 0.6), "line": {"color": BLUE, "width": 1}},
            name="one event",
            hovertemplate="%{x:.2%}<extra></extra>",
        )
    )
    figure.update_yaxes(visible=False)
    figure.update_xaxes(range=_padded(min([*values, 0.0]), max([*values, 0.0])))
    return figure


def _padded(low: float, high: float) -> list[float]:
    margin = 0.06 * (high - low) or 0.01
    return [float(low - margin), float(high + margin)]


def _mark(figure: go.Figure, position: float, name: str) -> None:
    """Lines at zero and at ``position``, named in the legend so that no label can collide."""
    for at, colour, dash, words in ((0.0, GREY, "dot", "zero"), (position, VERMILLION, "solid", name)):
        figure.add_vline(x=at, line={"color": colour, "width": 1 if at == 0.0 else 2, "dash": dash})
        figure.add_scatter(x=[None], y=[None], mode="lines", line={"color": colour, "dash": dash}, name=words)
