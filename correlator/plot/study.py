"""Figures of a study: averages with bands and placebo fan, one panel per event, heatmap."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from correlator.plot.template import (
    BLUE,
    GREY,
    VERMILLION,
    counted,
    dress,
    empty_figure,
    escaped,
    translucent,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

FAN = (("p0.5", "p99.5"), ("p2.5", "p97.5"), ("p5", "p95"), ("p25", "p75"))
PANELS = 24
DIVERGING = [[0.0, VERMILLION], [0.5, "#F7F7F7"], [1.0, BLUE]]
WRITTEN_WINDOWS = 7
"""Columns of a heatmap whose cells have room for their numbers at 390 px."""
_COLUMNS = 3
_PERCENT = ".1%"

Cells = dict[tuple[str, str], dict[str, Any]]


def car_figure(
    path: pl.DataFrame,
    *,
    fan: pl.DataFrame | None = None,
    title: str = "Cumulative abnormal return",
    subtitle: str = "",
) -> go.Figure:
    """CAR or CAAR by day with its band, over a placebo fan where one is given.

    ``path``: day (label), n, caar, low, high, fractions, as ``car_path`` makes it; ``fan``: day and the percentiles
    p0.5, p2.5, p5, p25, p75, p95, p97.5, p99.5 of placebo CAARs (any pairs of them), as ``PlaceboResult.bands``.
    """
    import plotly.graph_objects as go

    if path.is_empty() or path["caar"].null_count() == path.height:
        return empty_figure(title, "No event was measured: there is no abnormal return to draw.")
    figure = go.Figure()
    if fan is not None:
        _add_fan(figure, fan)
    days = path["day"].to_list()
    if path["low"].null_count() < path.height:
        _add_band(figure, path, translucent(BLUE, 0.22), "95% band")
    figure.add_trace(
        go.Scatter(
            x=days,
            y=path["caar"].to_list(),
            customdata=path["n"].to_list(),
            mode="lines+markers",
            line={"color": BLUE, "width": 2.5},
            marker={"size": 5},
            name="CAAR" if (path["n"].max() or 0) != 1 else "CAR",
            hovertemplate="day %{x}: %{y:.2%}<br>events: %{customdata}<extra></extra>",
        )
    )
    _day_axis(figure, days)
    figure.update_yaxes(title_text="cumulated abnormal return", tickformat=_PERCENT)
    return dress(figure, title=title, subtitle=subtitle, height=460)


def event_panels(paths: pl.DataFrame, *, labels: dict[Any, str] | None = None, limit: int = PANELS) -> go.Figure:
    """One small panel per event with its cumulated abnormal return; the ``limit`` largest ends in size where more.

    ``paths``: event_id, symbol, day, car (fractions), as ``car_paths`` makes it; ``labels``: (event_id, symbol) to the
    words above its panel (a line break stays one), default the symbol and the event's number.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    title = "Events one by one"
    chosen, total = _largest(paths, limit)
    if not chosen:
        return empty_figure(title, "No event was measured: there is nothing to draw.")
    columns = min(_COLUMNS, len(chosen))
    rows = math.ceil(len(chosen) / columns)
    names = labels or {}
    height = 144 * rows if rows > 1 else 260
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        vertical_spacing=48 / height if rows > 1 else 0,
        subplot_titles=[escaped(names.get(key, f"{key[1]} #{key[0]}")).replace("\n", "<br>") for key, _ in chosen],
    )
    for place, (_, own) in enumerate(chosen):
        figure.add_trace(
            go.Scatter(
                x=own["day"].to_list(),
                y=own["car"].to_list(),
                mode="lines" if own.height > 1 else "markers",
                line={"color": BLUE if own["car"][-1] >= 0 else VERMILLION, "width": 1.8},
                showlegend=False,
                hovertemplate="day %{x}: %{y:.2%}<extra></extra>",
            ),
            row=place // columns + 1,
            col=place % columns + 1,
        )
    figure.update_annotations(font_size=10)
    figure.update_yaxes(tickformat=".0%", nticks=4 if rows > 1 else 7, tickfont_size=10, matches="y")
    figure.layout.yaxis.matches = None
    _panel_axes(figure, chosen[0][1]["day"].to_list())
    shown = f"the {len(chosen)} largest of {total} events" if total > len(chosen) else counted(total, "event")
    subtitle = f"cumulated abnormal return by day around day 0; {shown}, blue up, red down"
    dressed = dress(figure, title=title, subtitle=subtitle, height=height + 130)
    return dressed.update_layout(margin_t=dressed.layout.margin.t + 30)


def heatmap_figure(
    car: pl.DataFrame,
    categories: pl.DataFrame,
    *,
    marks: pl.DataFrame | None = None,
    title: str = "CAR by category and window",
) -> go.Figure:
    """Mean CAR by category and window, with the number of events in every cell; of many windows colours alone.

    ``car``: event_id, symbol, window, car (fractions); ``categories``: event_id, category, one row an event; ``marks``:
    category, window, caar (fractions, what a cell then shows), p_value of the recommended test: cells with p below 5 %
    get a star.
    """
    import plotly.graph_objects as go

    windows, order, found = heatmap_cells(car, categories, marks)
    if not order:
        return empty_figure(title, "No event was measured: there is no cell to fill.")
    grid = [[found.get((name, window)) for window in windows] for name in order]
    largest = max(abs(cell["car"]) for cell in found.values()) or 0.01
    starred = starred_cells(marks)
    written = len(windows) <= WRITTEN_WINDOWS
    figure = go.Figure(
        go.Heatmap(
            x=windows,
            y=[escaped(str(name)) for name in order],
            z=[[cell["car"] if cell else None for cell in line] for line in grid],
            text=[[_cell_text(cell, starred) for cell in line] for line in grid],
            texttemplate="%{text}" if written else "",
            textfont={"size": 10},
            showscale=not written,
            colorscale=DIVERGING,
            zmin=-largest,
            zmax=largest,
            xgap=2,
            ygap=2,
            colorbar={"tickformat": _PERCENT, "thickness": 10, "len": 0.9, "outlinewidth": 0, "tickfont": {"size": 10}},
            customdata=[[cell["n"] if cell else 0 for cell in line] for line in grid],
            hovertemplate="%{y}, window %{x}: %{z:.2%}<br>events: %{customdata}<extra></extra>",
        )
    )
    figure.update_xaxes(
        type="category",
        title_text="window, sessions from day 0",
        showgrid=False,
        tickangle=0 if written else -90,
        tickfont_size=10,
    )
    figure.update_yaxes(type="category", showgrid=False, tickfont_size=10)
    events = car.drop_nulls("car").select(pl.struct("event_id", "symbol").n_unique()).item()
    subtitle = f"mean over {counted(events, 'event')}, blue up, red down"
    subtitle += "; below each mean its number of events" if written else ""
    if marks is not None:
        subtitle += f"; * more than chance at the 5 % level, {len(starred)} of {len(found)} cells"
    return dress(figure, title=title, subtitle=subtitle, height=150 + 36 * max(len(order), 2))


def _cell_text(cell: dict[str, Any] | None, starred: set[tuple[str, str]]) -> str:
    """Mean, star and number of events of a cell; empty where there is none."""
    if cell is None:
        return ""
    star = " *" if (cell["category"], cell["window"]) in starred else ""
    return f"{cell['car']:+.1%}{star}<br>{cell['n']:,}"


def _add_fan(figure: go.Figure, fan: pl.DataFrame) -> None:
    """Nested bands of the placebo, the widest first, named once."""
    bands = [(low, high) for low, high in FAN if {low, high} <= set(fan.columns)]
    shares = ", ".join(f"{float(high[1:]) - float(low[1:]):g}" for low, high in bands)
    for low, high in bands:
        _add_band(figure, fan.select("day", low=low, high=high), translucent(GREY, 0.18), f"placebo {shares}%")
    figure.update_traces(showlegend=False)
    figure.update_traces(selector=-1, showlegend=True)


def _add_band(figure: go.Figure, band: pl.DataFrame, fill: str, name: str) -> None:
    import plotly.graph_objects as go

    known = band.drop_nulls(["low", "high"])
    days = known["day"].to_list()
    figure.add_trace(
        go.Scatter(
            x=[*days, *reversed(days)],
            y=[*known["high"], *reversed(known["low"].to_list())],
            fill="toself",
            fillcolor=fill,
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            name=name,
        )
    )


def _day_axis(figure: go.Figure, days: list[str]) -> None:
    """Offsets from day 0 on a linear axis with day 0 marked; dates as categories."""
    figure.update_xaxes(title_text="session from day 0")
    if all(day.lstrip("-+").isdigit() for day in days):
        figure.update_xaxes(type="linear", zeroline=False)
        figure.add_vline(x=0, line={"color": GREY, "width": 1, "dash": "dot"})
    else:
        figure.update_xaxes(type="category", title_text="session")
    figure.add_hline(y=0, line={"color": GREY, "width": 1})


def _panel_axes(figure: go.Figure, days: list[str]) -> None:
    """Few ticks, none at an end, so that those of neighbouring panels keep apart."""
    if all(day.lstrip("-+").isdigit() for day in days):
        ends = (int(int(days[0]) / 2), int(int(days[-1]) / 2))
        ticks = sorted({ends[0], ends[1], 0} if ends[0] <= 0 <= ends[1] else set(ends))
        figure.update_xaxes(type="linear", tickmode="array", tickvals=ticks, tickfont_size=10, zeroline=True)
    else:
        figure.update_xaxes(type="category", nticks=3, tickfont_size=9)


def _largest(paths: pl.DataFrame, limit: int) -> tuple[list[tuple[tuple[Any, ...], pl.DataFrame]], int]:
    """The events with the largest absolute end, in their own order, and how many events there are."""
    parts = paths.group_by("event_id", "symbol", maintain_order=True)
    events = [(key, own) for key, own in parts]
    if len(events) <= limit:
        return events, len(events)
    ranked = sorted(range(len(events)), key=lambda i: -abs(events[i][1]["car"][-1]))[:limit]
    return [events[i] for i in sorted(ranked)], len(events)


def heatmap_cells(
    car: pl.DataFrame, categories: pl.DataFrame, marks: pl.DataFrame | None = None
) -> tuple[list[str], list[str], Cells]:
    """Windows in their order, categories from the rarest to the commonest, and (category, window) to car (mean) and n.

    ``car``: event_id, symbol, window, car (fractions); ``categories``: event_id, category, one row an event.
    """
    known = categories.select("event_id", "category").unique(subset="event_id", keep="first", maintain_order=True)
    rows = (
        car.drop_nulls("car").join(known, on="event_id", how="left").with_columns(pl.col("category").fill_null("other"))
    )
    cells = rows.group_by("category", "window").agg(pl.col("car").mean(), pl.len().alias("n"))
    order = cells.group_by("category").agg(pl.col("n").max()).sort("n", "category")["category"].to_list()
    found = {(row["category"], row["window"]): row for row in cells.iter_rows(named=True)}
    if marks is not None:
        for category, window, caar in marks.drop_nulls("caar").select("category", "window", "caar").iter_rows():
            if (category, window) in found:
                found[category, window]["car"] = caar
    return car["window"].unique(maintain_order=True).to_list(), order, found


def starred_cells(marks: pl.DataFrame | None) -> set[tuple[str, str]]:
    """The cells (category, window) of ``marks`` (category, window, p_value) that are more than chance at 5 %."""
    return set() if marks is None else set(marks.filter(pl.col("p_value") < 0.05).select("category", "window").rows())
