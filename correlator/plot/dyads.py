"""Figures of dyads: over time, and as a network of countries."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from correlator.plot.template import (
    BLUE,
    GREY,
    QUAD_COLOURS,
    VERMILLION,
    counted,
    dress,
    empty_figure,
    escaped,
    translucent,
    wrapped,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

TOP = 12
NODES = 16
EDGES = 40


def dyad_timeline(events: pl.DataFrame, *, top: int = TOP, title: str | None = None, about: str = "") -> go.Figure:
    """Return a figure with one row per dyad and one dot per day and quad class, for the ``top`` busiest dyads.

    ``events``: dyad, known_at (UTC) or day_zero, quad_class, and optionally headline. Colours are quad classes.
    """
    time = "known_at" if "known_at" in events.columns else "day_zero"
    known = events.drop_nulls(["dyad", time]).with_columns(day=pl.col(time).cast(pl.Date))
    if known.is_empty():
        return empty_figure(title or "Dyads over time", "No event has two countries and a time.")
    import plotly.graph_objects as go

    busiest = known["dyad"].value_counts().sort("count", "dyad", descending=[True, False]).head(top)["dyad"].to_list()
    shown = known.filter(pl.col("dyad").is_in(busiest))
    headline = pl.col("headline") if "headline" in shown.columns else pl.lit(None, pl.String)
    dots = (
        shown.group_by("dyad", "day", "quad_class")
        .agg(pl.len().alias("n"), headline.drop_nulls().first().alias("headline"))
        .sort("day", "dyad", "quad_class")
    )
    largest = int(dots["n"].max())  # type: ignore[arg-type]
    figure = go.Figure()
    for quad, colour in QUAD_COLOURS.items():
        own = dots.filter(pl.col("quad_class") == quad)
        if own.is_empty():
            continue
        figure.add_scatter(
            x=own["day"].to_list(),
            y=[escaped(dyad) for dyad in own["dyad"]],
            mode="markers",
            marker={
                "color": translucent(colour, 0.75),
                "size": [round(6 + 10 * math.sqrt(n / largest), 1) for n in own["n"]],
                "line": {"width": 0},
            },
            customdata=[[n, wrapped(text or "", lines=2)] for n, text in own.select("n", "headline").rows()],
            name=quad.replace("-", " "),
            showlegend=True,
            hovertemplate="%{y}, %{x|%d %b %Y}: %{customdata[0]}<br>%{customdata[1]}<extra></extra>",
        )
    rows = [escaped(dyad) for dyad in busiest[::-1]]
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=rows, range=[-0.6, len(rows) - 0.4])
    days = dots["day"].to_list()
    margin = max(timedelta(days=3), 0.04 * (days[-1] - days[0]))
    figure.update_xaxes(range=[days[0] - margin, days[-1] + margin], tickformat="%d %b\n%Y", nticks=6)
    subtitle = f"{counted(known.height, 'event')} of {counted(known['dyad'].n_unique(), 'dyad')}"
    subtitle = f"{about}; {subtitle}" if about else subtitle
    if known["dyad"].n_unique() > top:
        subtitle += f"; the {top} busiest are shown"
    return dress(
        figure, title=title or _busiest_dyad(known, busiest[0]), subtitle=subtitle, height=190 + 26 * len(busiest)
    )


def _busiest_dyad(known: pl.DataFrame, dyad: str) -> str:
    """Return a title with the busiest dyad, its share of the events, and how many of them are conflict."""
    own = known.filter(pl.col("dyad") == dyad)
    conflict = own.filter(pl.col("quad_class").str.contains("conflict")).height
    share = "all" if conflict == own.height else f"{conflict / own.height:.0%} of them" if conflict else "none of them"
    share = ("" if conflict else "no ") if own.height == 1 else f"{share} "
    return f"{dyad}: {own.height:,} of {counted(known.height, 'event')}, {share}conflict"


def dyad_network(events: pl.DataFrame, *, nodes: int = NODES, title: str | None = None, about: str = "") -> go.Figure:
    """Return a figure of countries on a circle, a line per dyad: width by events, colour by mean Goldstein score.

    ``events``: dyad, goldstein (-10 to 10). Shows the ``nodes`` busiest countries and at most ``EDGES`` dyads between
    them.
    """
    known = events.drop_nulls("dyad")
    if known.is_empty():
        return empty_figure(title or "Network of countries", "No event has two countries.")
    import plotly.graph_objects as go

    edges = (
        known.group_by("dyad")
        .agg(pl.len().alias("n"), pl.col("goldstein").mean())
        .with_columns(pl.col("dyad").str.split("-").alias("ends"))
        .filter(pl.col("ends").list.len() == 2)
        .sort("n", "dyad")
    )
    weight = edges.explode("ends").group_by("ends").agg(pl.col("n").sum()).sort("n", "ends", descending=[True, False])
    chosen = weight.head(nodes)
    names = sorted(chosen["ends"].to_list())
    positions = {
        name: (math.sin(2 * math.pi * i / len(names)), math.cos(2 * math.pi * i / len(names)))
        for i, name in enumerate(names)
    }
    between = edges.filter(pl.col("ends").list.eval(pl.element().is_in(names)).list.all())
    largest = int(edges["n"].max() or 1)  # type: ignore[arg-type]
    figure = go.Figure()
    for row in between.tail(EDGES).iter_rows(named=True):
        first, second = row["ends"]
        score = row["goldstein"]
        colour = GREY if score is None or score == 0 else BLUE if score > 0 else VERMILLION
        figure.add_scatter(
            x=[positions[first][0], positions[second][0]],
            y=[positions[first][1], positions[second][1]],
            mode="lines",
            line={
                "width": round(1 + 7 * math.sqrt(row["n"] / largest), 1),
                "color": translucent(colour, 0.25 + 0.5 * min(abs(score or 0.0) / 10, 1)),
            },
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatter(
            x=[(positions[first][0] + positions[second][0]) / 2],
            y=[(positions[first][1] + positions[second][1]) / 2],
            mode="markers",
            marker={"size": 12, "color": "rgba(0,0,0,0)"},
            hovertemplate=f"{escaped(row['dyad'])}: {counted(row['n'], 'event')}, "
            f"mean Goldstein {'unknown' if score is None else format(score, '+.1f')}<extra></extra>",
            showlegend=False,
        )
    _add_countries(figure, positions, dict(chosen.iter_rows()))
    figure.update_xaxes(visible=False, range=[-1.35, 1.35])
    figure.update_yaxes(visible=False, range=[-1.25, 1.25], scaleanchor="x")
    prefix = f"{about}; " if about else ""
    subtitle = f"{prefix}{counted(known.height, 'event')}; width: events, blue cooperative, orange conflictual"
    if weight.height > nodes or between.height > EDGES:
        subtitle += f"; the busiest {min(nodes, weight.height)} of {weight.height} countries and "
        subtitle += f"{min(EDGES, between.height)} of {edges.height} dyads"
    name, n = chosen.row(0)
    heading = title or f"{name} is in {n:,} of {counted(known.height, 'event')}"
    return dress(figure, title=heading, subtitle=subtitle, height=470).update_layout(margin={"l": 14, "b": 14})


def _add_countries(figure: go.Figure, positions: dict[str, tuple[float, float]], weight: dict[str, int]) -> None:
    """Draw a dot per country, with its code outside the circle."""
    figure.add_scatter(
        x=[x for x, _ in positions.values()],
        y=[y for _, y in positions.values()],
        mode="markers",
        marker={"size": 10, "color": GREY},
        hovertext=[f"{escaped(name)}: {counted(weight[name], 'event')}" for name in positions],
        hoverinfo="text",
        showlegend=False,
    )
    for name, (x, y) in positions.items():
        figure.add_annotation(x=1.2 * x, y=1.12 * y, text=escaped(name), showarrow=False, font={"size": 11})
