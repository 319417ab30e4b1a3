"""The heatmap of a study: mean CAR by category and window, with a star if it is more than chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from correlator.eventstudy.results.finding import SIGNIFICANCE
from correlator.plot.template import PERCENT_TICKS, VERMILLION, counted, dress, empty_figure, escaped

if TYPE_CHECKING:
    import plotly.graph_objects as go

DIVERGING = [[0.0, VERMILLION], [0.5, "#F7F7F7"], [1.0, "#2585C4"]]
"""Red over white to blue, all bright enough for black text (contrast of at least 4.5 to 1)."""
WRITTEN_WINDOWS = 7
"""Maximum number of columns whose cells have room for numbers at 390 px."""

Cells = dict[tuple[str, str], dict[str, Any]]


def heatmap_figure(
    car: pl.DataFrame,
    categories: pl.DataFrame,
    *,
    marks: pl.DataFrame | None = None,
    unit: str = "session",
    title: str = "CAR by category and window",
    subtitle: str = "",
) -> go.Figure:
    """Return a heatmap of the mean CAR by category and window, with the number of events; many windows have no text.

    ``car``: event_id, symbol, window, car (fractions); ``categories``: event_id, category, one row per event;
    ``marks``: category, window, caar (fractions, shown in the cell) and p_value of the recommended test; cells with p
    below 5 % get a star; ``unit``: what windows count.
    """
    import plotly.graph_objects as go

    windows, order, cells = heatmap_cells(car, categories, marks)
    if not order:
        return empty_figure(title, "No event was measured, so there is no cell to fill.")
    grid = [[cells.get((name, window)) for window in windows] for name in order]
    largest = max(abs(cell["car"]) for cell in cells.values()) or 0.01
    headlines = headlines_of(car, categories)
    starred = starred_cells(marks)
    written = len(windows) <= WRITTEN_WINDOWS
    figure = go.Figure(
        go.Heatmap(
            x=windows,
            y=[f"{escaped(str(name))}<br>{counted(headlines.get(name, 0), 'headline')}" for name in order],
            z=[[cell["car"] if cell else None for cell in line] for line in grid],
            text=[[_cell_text(cell, starred) for cell in line] for line in grid],
            texttemplate="%{text}" if written else "",
            textfont={"size": 10, "color": "black"},
            showscale=not written,
            colorscale=DIVERGING,
            zmin=-largest,
            zmax=largest,
            xgap=2,
            ygap=2,
            colorbar={
                "tickformat": PERCENT_TICKS,
                "thickness": 10,
                "len": 0.9,
                "outlinewidth": 0,
                "tickfont": {"size": 10},
            },
            customdata=[[cell["n"] if cell else 0 for cell in line] for line in grid],
            hovertemplate="%{y}, window %{x}: %{z:.2%}<br>events: %{customdata}<extra></extra>",
        )
    )
    figure.update_xaxes(
        type="category",
        title_text=f"window, {unit}s from day 0",
        showgrid=False,
        tickangle=0 if written else -90,
        tickfont_size=10,
    )
    figure.update_yaxes(type="category", showgrid=False, tickfont_size=10)
    events = car.drop_nulls("car").select(pl.struct("event_id", "symbol").n_unique()).item()
    words = f"mean over {counted(events, 'event')}, blue up, orange down"
    words += "; below each mean its number of events" if written else ""
    if marks is not None:
        words += f"; *\u00a0more than chance at the {SIGNIFICANCE:.0%} level, {len(starred)} of {len(cells)} cells"
    below = f"{subtitle}; {words}" if subtitle else words
    return dress(figure, title=title, subtitle=below, height=170 + 40 * max(len(order), 2))


def _cell_text(cell: dict[str, Any] | None, starred: set[tuple[str, str]]) -> str:
    """Return the mean, star and number of events of a cell as text; empty if there is no cell."""
    if cell is None:
        return ""
    star = " *" if (cell["category"], cell["window"]) in starred else ""
    return f"{cell['car']:+z.2%}{star}<br>{cell['n']:,}"


def heatmap_cells(
    car: pl.DataFrame, categories: pl.DataFrame, marks: pl.DataFrame | None = None
) -> tuple[list[str], list[str], Cells]:
    """Return windows in order, categories from rarest to most common, and cells with car (mean) and n.

    ``car``: event_id, symbol, window, car (fractions); ``categories``: event_id, category, one row per event. Cells are
    keyed by (category, window).
    """
    known = categories.select("event_id", "category").unique(subset="event_id", keep="first", maintain_order=True)
    rows = (
        car.drop_nulls("car").join(known, on="event_id", how="left").with_columns(pl.col("category").fill_null("other"))
    )
    cells = rows.group_by("category", "window").agg(pl.col("car").mean(), pl.len().alias("n"))
    order = cells.group_by("category").agg(pl.col("n").max()).sort("n", "category")["category"].to_list()
    by_place = {(row["category"], row["window"]): row for row in cells.iter_rows(named=True)}
    if marks is not None:
        for category, window, caar in marks.drop_nulls("caar").select("category", "window", "caar").iter_rows():
            if (category, window) in by_place:
                by_place[category, window]["car"] = caar
    return car["window"].unique(maintain_order=True).to_list(), order, by_place


def headlines_of(car: pl.DataFrame, categories: pl.DataFrame) -> dict[str, int]:
    """Return the number of headlines by category; an event that concerns several symbols counts once."""
    known = categories.select("event_id", "category").unique(subset="event_id", keep="first", maintain_order=True)
    events = car.drop_nulls("car").select("event_id").unique().join(known, on="event_id", how="left")
    counts = events.with_columns(pl.col("category").fill_null("other")).group_by("category").len()
    return dict(counts.iter_rows())


def starred_cells(marks: pl.DataFrame | None) -> set[tuple[str, str]]:
    """Return the cells (category, window) of ``marks`` (category, window, p_value) that are more than chance."""
    if marks is None:
        return set()
    return set(marks.filter(pl.col("p_value") < SIGNIFICANCE).select("category", "window").rows())
