"""Figures of news intensity against returns: lead-lag correlations and impulse responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from correlator.errors import InputError
from correlator.eventstudy.results.finding import SIGNIFICANCE
from correlator.plot.template import BLUE, GREY, PERCENT_TICKS, VERMILLION, dress, empty_figure, escaped, translucent

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Sides:
    """The names of the compared series, ``news`` and ``outcome``, and of one ``unit`` of news."""

    news: str = "news"
    outcome: str = "return"
    unit: str = "unit of news"


_UNITS = {
    "stories": "story",
    "events": "event",
    "goldstein": "point of the Goldstein score",
    "conflict": "share of conflict from 0 to 1",
    "novelty": "share of new stories from 0 to 1",
}
_OUTCOMES = {"returns": "return", "absolute": "absolute return", "volume": "log volume"}


def correlation_figure(
    table: pl.DataFrame, method: str, *, bands: str = "hac", measure: str = "stories", against: str = "returns"
) -> go.Figure:
    """Return the figure of ``correlate``'s ``table`` for one symbol and key, by ``method`` lead-lag or projection.

    ``measure``, ``against``: the options given to ``correlate``. Raises InputError for another method and for a table
    of several symbols or keys.
    """
    if method not in ("lead-lag", "projection"):
        raise InputError(f"method {method} has no figure", hint="plot lead-lag or projection")
    pairs = table.select("symbol", "key").unique()
    if pairs.height != 1:
        raise InputError(
            f"a figure shows one symbol and key, got {pairs.height} pairs", hint="give one symbol and one --key"
        )
    symbol, key = pairs.row(0)
    news = _news_of(key)
    counted_news = f"{measure} of {news}"
    if measure not in ("stories", "events"):
        counted_news += " (mean per session)"
    sides = Sides(f"{counted_news} per session", f"{_OUTCOMES[against]} of {symbol}", _UNITS[measure])
    if method == "projection":
        return impulse_figure(table, sides=sides, title=correlation_title(table, method, sides.unit))
    title = correlation_title(table, method)
    return lead_lag_figure(table.rename({"p_holm": "p_adjusted"}), bands=bands, sides=sides, title=title)


def correlation_title(table: pl.DataFrame, method: str, unit: str = "story") -> str:
    """Return a title with the finding of ``correlate``'s ``table`` for one symbol and key."""
    symbol, key = table.select("symbol", "key").row(0)
    if method == "projection":
        return f"{symbol} after one more {unit}: {_significant_count(table)}"
    news = _news_of(key)
    return f"{news[0].upper()}{news[1:]} and {symbol}: {_significant_count(table)}"


def _news_of(key: str) -> str:
    return "all news" if key == "all" else f"news of {key}"


def _significant_count(table: pl.DataFrame) -> str:
    """Return how many lags or horizons are more than chance, after adjustment for all of them."""
    known = table.drop_nulls("p_holm")
    significant = known.filter(pl.col("p_holm") < SIGNIFICANCE).height
    what = "lags" if "lag" in table.columns else "horizons"
    if not significant:
        return f"within chance at all {known.height} {what}"
    return f"{significant} of {known.height} {what} more than chance"


def lead_lag_figure(
    table: pl.DataFrame, *, bands: str = "hac", title: str = "Who moves first", sides: Sides | None = None
) -> go.Figure:
    """Return a figure of the correlation at every lag; lags above 0 mean that news leads.

    ``table``: lag, correlation, bounds and optionally p_adjusted, like ``LeadLag.table``: low and high around the
    correlation or, with ``bootstrap``, null_low and null_high, the range of unrelated series. Lags with p_adjusted
    below 0.05 are orange.
    """
    import plotly.graph_objects as go

    known = table.drop_nulls("correlation")
    if known.is_empty():
        return empty_figure(title, "No lag has a correlation: the series share too few bars.")
    adjusted = known["p_adjusted"].to_list() if "p_adjusted" in known.columns else [None] * known.height
    colours = [VERMILLION if p is not None and p < SIGNIFICANCE else BLUE for p in adjusted]
    bars = go.Bar(
        x=known["lag"].to_list(),
        y=known["correlation"].to_list(),
        marker={"color": [translucent(colour, 0.75) for colour in colours]},
        width=[0.6] * known.height,
        customdata=adjusted,
        hovertemplate="lag %{x}: %{y:.3f}<br>adjusted p %{customdata:.3g}<extra></extra>",
        showlegend=False,
    )
    figure = go.Figure(bars)
    if bands == "hac":
        figure.update_traces(
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (known["high"] - known["correlation"]).to_list(),
                "arrayminus": (known["correlation"] - known["low"]).to_list(),
                "color": GREY,
                "thickness": 1.2,
                "width": 3,
            }
        )
        words = "whiskers: 95% band"
    else:
        for name, label in (("null_low", "range of unrelated series (95%)"), ("null_high", "")):
            figure.add_scatter(
                x=known["lag"].to_list(),
                y=known[name].to_list(),
                mode="lines",
                line={"color": GREY, "dash": "dash", "width": 1.5},
                name=label,
                showlegend=bool(label),
                hoverinfo="skip",
            )
        words = "dashed: 95% range of unrelated series"
    figure.add_hline(y=0, line={"color": GREY, "width": 1})
    figure.update_xaxes(title_text="returns lead  ←  lag in sessions  →  news leads", zeroline=False)
    labels = sides or Sides()
    figure.update_yaxes(title_text="correlation (no unit)")
    words = f"correlation of {labels.news} with the {labels.outcome}, lag by lag; {words}"
    words += "; orange: p below 5% after adjustment for all lags" if VERMILLION in colours else ""
    return dress(figure, title=title, subtitle=words, height=440)


def impulse_figure(
    table: pl.DataFrame, *, title: str = "Response of returns to news", sides: Sides | None = None
) -> go.Figure:
    """Return a figure of the cumulative response of returns to one unit of news, by horizon, with its band.

    ``table``: horizon, estimate, low, high (fractions per unit of news), as from ``local_projection``.
    """
    import plotly.graph_objects as go

    known = table.drop_nulls("estimate")
    if known.is_empty():
        return empty_figure(title, "No horizon has a response: there are too few bars.")
    horizons = known["horizon"].to_list()
    band = known.drop_nulls(["low", "high"])
    edge = band["horizon"].to_list()
    figure = go.Figure()
    figure.add_scatter(
        x=[*edge, *reversed(edge)],
        y=[*band["high"], *reversed(band["low"].to_list())],
        fill="toself",
        fillcolor=translucent(BLUE, 0.22),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        name="95% band",
    )
    figure.add_scatter(
        x=horizons,
        y=known["estimate"].to_list(),
        mode="lines+markers",
        line={"color": BLUE, "width": 2.5},
        name="response",
        hovertemplate="after %{x} sessions: %{y:.3%}<extra></extra>",
    )
    figure.add_hline(y=0, line={"color": GREY, "width": 1})
    figure.update_xaxes(title_text="sessions after the news", zeroline=False)
    labels = sides or Sides()
    volume = "volume" in labels.outcome
    figure.update_yaxes(
        title_text=escaped(f"{'log points' if volume else '%'} per {labels.unit}"), tickformat=PERCENT_TICKS
    )
    response = f"cumulative response of the {labels.outcome} to {labels.news}"
    words = f"{response}, per additional {labels.unit}; 95% band by horizon"
    return dress(figure, title=title, subtitle=words, height=440)
