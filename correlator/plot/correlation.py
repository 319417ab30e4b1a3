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
    """What is set against what: ``news`` and ``outcome`` in words, ``unit`` one more of the news."""

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
    """The figure of one symbol and key of ``correlate``'s ``table``, by ``method`` ``lead-lag`` or ``projection``.

    ``measure``, ``against``: what was set against what, as ``correlate`` was asked. Raises InputError for another
    method and for a table of several symbols or keys.
    """
    if method not in ("lead-lag", "projection"):
        raise InputError(f"there is no figure of {method}", hint="draw lead-lag or projection")
    pairs = table.select("symbol", "key").unique()
    if pairs.height != 1:
        raise InputError(f"a figure is of one symbol and key, not {pairs.height}", hint="give one symbol and one --key")
    symbol, key = pairs.row(0)
    of = _news_of(key)
    counted_news = f"{measure} of {of}" if measure in ("stories", "events") else f"{measure} of {of} (mean per session)"
    sides = Sides(f"{counted_news} per session", f"{_OUTCOMES[against]} of {symbol}", _UNITS[measure])
    if method == "projection":
        return impulse_figure(table, sides=sides, title=correlation_title(table, method, sides.unit))
    title = correlation_title(table, method)
    return lead_lag_figure(table.rename({"p_holm": "p_adjusted"}), bands=bands, sides=sides, title=title)


def correlation_title(table: pl.DataFrame, method: str, unit: str = "story") -> str:
    """What one symbol and key of ``correlate``'s ``table`` were found to have to do with each other."""
    symbol, key = table.select("symbol", "key").row(0)
    if method == "projection":
        return f"{symbol} after one more {unit}: {_significant_count(table)}"
    of = _news_of(key)
    return f"{of[0].upper()}{of[1:]} and {symbol}: {_significant_count(table)}"


def _news_of(key: str) -> str:
    return "all news" if key == "all" else f"news of {key}"


def _significant_count(table: pl.DataFrame) -> str:
    """How many lags or horizons are more than chance, all of them allowed for."""
    known = table.drop_nulls("p_holm")
    sure = known.filter(pl.col("p_holm") < SIGNIFICANCE).height
    what = "lags" if "lag" in table.columns else "horizons"
    return (
        f"{sure} of {known.height} {what} more than chance" if sure else f"within chance at all {known.height} {what}"
    )


def lead_lag_figure(
    table: pl.DataFrame, *, bands: str = "hac", title: str = "Who moves first", sides: Sides | None = None
) -> go.Figure:
    """Correlation at every lag; lags above 0 mean that news leads.

    ``table``: lag, correlation, bounds and where known p_adjusted, as ``LeadLag.table``: low and high around the
    correlation, or with ``bootstrap`` null_low and null_high, where unrelated series fall. Lags whose p_adjusted is
    below 0.05 are drawn in red.
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
        for name, label in (("null_low", "where unrelated series fall (95%)"), ("null_high", "")):
            figure.add_scatter(
                x=known["lag"].to_list(),
                y=known[name].to_list(),
                mode="lines",
                line={"color": GREY, "dash": "dash", "width": 1.5},
                name=label,
                showlegend=bool(label),
                hoverinfo="skip",
            )
        words = "dashes: 95% band of unrelated series"
    figure.add_hline(y=0, line={"color": GREY, "width": 1})
    figure.update_xaxes(title_text="returns lead  ←  lag in sessions  →  news leads", zeroline=False)
    labels = sides or Sides()
    figure.update_yaxes(title_text="correlation (no unit)")
    words = f"correlation of {labels.news} with the {labels.outcome}, lag by lag; {words}"
    words += "; red: p below 5% after adjustment for all lags" if VERMILLION in colours else ""
    return dress(figure, title=title, subtitle=words, height=440)


def impulse_figure(
    table: pl.DataFrame, *, title: str = "What a news shock does to returns", sides: Sides | None = None
) -> go.Figure:
    """The cumulated response of returns to one unit of news, by horizon, with its band.

    ``table``: horizon, estimate, low, high (fractions per unit of the shock), as ``local_projection`` makes it.
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
    words = (
        f"cumulated response of the {labels.outcome} to {labels.news}, per one more {labels.unit}; 95% band by horizon"
    )
    return dress(figure, title=title, subtitle=words, height=440)
