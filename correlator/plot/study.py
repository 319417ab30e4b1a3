"""Figures of a study: averages with band and placebo fan, lines by group, bars by day, one panel per event."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from correlator.eventstudy.results.finding import SIGNIFICANCE
from correlator.plot.template import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALETTE,
    PERCENT_TICKS,
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
GROUPS = 8
_MOST_BANDS = 3
_COLUMNS = 3
_TITLE_CHARACTERS = 60
"""Total number of characters of the titles of panels side by side at 390 px."""


def car_figure(
    path: pl.DataFrame,
    *,
    fan: pl.DataFrame | None = None,
    title: str = "Cumulative abnormal return",
    subtitle: str = "",
    unit: str = "session",
    measure: str = "return",
) -> go.Figure:
    """Return a figure of CAR or CAAR by day with its band, over a placebo fan if one is given.

    ``path``: day (label), n, caar, low, high, fractions, as from ``car_path``; ``fan``: day and the percentiles p0.5,
    p2.5, p5, p25, p75, p95, p97.5, p99.5 of placebo CAARs (any pairs of them), as in ``PlaceboResult.bands``; ``unit``:
    what days count; ``measure``: what is abnormal, ``return`` or ``volume``.
    """
    import plotly.graph_objects as go

    if path.is_empty() or path["caar"].null_count() == path.height:
        return empty_figure(title, "No event was measured, so there is no abnormal return to draw.")
    figure = go.Figure()
    if fan is not None:
        _add_fan(figure, fan)
    days = path["day"].to_list()
    if path["low"].null_count() < path.height:
        _add_band(figure, path, translucent(BLUE, 0.22), "95% band")
    _add_path(figure, path, BLUE, "CAAR" if (path["n"].max() or 0) != 1 else "CAR")
    _day_axis(figure, days, unit)
    figure.update_yaxes(title_text=f"cumulative abnormal {measure}", tickformat=PERCENT_TICKS)
    return dress(figure, title=title, subtitle=subtitle, height=460)


def groups_figure(
    paths: Mapping[str, pl.DataFrame],
    *,
    title: str,
    subtitle: str = "",
    unit: str = "session",
    measure: str = "return",
) -> go.Figure:
    """Return a figure with a line per group: ``paths`` by the group's name, each as for ``car_figure``.

    Draws the first ``GROUPS`` groups, and bands for up to three; the subtitle says how many groups there are.
    """
    import plotly.graph_objects as go

    drawn = dict(list(paths.items())[:GROUPS])
    figure = go.Figure()
    for (name, path), colour in zip(drawn.items(), PALETTE, strict=False):
        n = int(path["n"].max() or 0)  # type: ignore[arg-type]
        if path["low"].null_count() < path.height and len(drawn) <= _MOST_BANDS:
            _add_band(figure, path, translucent(colour, 0.15), f"{escaped(name)} 95% band")
            figure.data[-1].showlegend = False
        _add_path(figure, path, colour, f"{escaped(name)} ({n:,})")
    _day_axis(figure, next(iter(drawn.values()))["day"].to_list(), unit)
    figure.update_yaxes(title_text=f"cumulative abnormal {measure}", tickformat=PERCENT_TICKS)
    more = f"; {len(drawn)} of {len(paths)} groups" if len(paths) > len(drawn) else ""
    dressed = dress(figure, title=title, subtitle=f"{subtitle}{more}; number of events in brackets", height=480)
    return dressed.update_layout(margin_b=60 + 12 * len(drawn))


def bars_figure(
    days: pl.DataFrame,
    *,
    marks: pl.DataFrame | None = None,
    title: str = "Abnormal return by day",
    subtitle: str = "",
    unit: str = "session",
    measure: str = "return",
) -> go.Figure:
    """Return a figure with a bar per day and 95 % whiskers, in full colour if the day alone is more than chance.

    ``days``: day (label), n, aar, low, high (fractions), p_value; ``marks``: day, flags, n of censored bars.
    """
    import plotly.graph_objects as go

    known = days.drop_nulls("aar")
    significant = [p is not None and p < SIGNIFICANCE for p in known["p_value"]]
    signs = [BLUE if value >= 0 else VERMILLION for value in known["aar"]]
    axis = _numbers(known["day"].to_list())
    whiskers = {
        "type": "data",
        "symmetric": False,
        "array": (known["high"] - known["aar"]).to_list(),
        "arrayminus": (known["aar"] - known["low"]).to_list(),
        "color": GREY,
        "thickness": 1.2,
        "width": 3,
    }
    figure = go.Figure(
        go.Bar(
            x=axis,
            y=known["aar"].to_list(),
            error_y=whiskers,
            marker={
                "color": [translucent(c, 0.9 if s else 0.45) for c, s in zip(signs, significant, strict=True)],
                "line": {"color": signs, "width": 1},
            },
            customdata=known.select("n", "p_value").rows(),
            hovertemplate="day %{x}: %{y:.2%}<br>events: %{customdata[0]}, p %{customdata[1]:.3f}<extra></extra>",
            showlegend=False,
        )
    )
    if marks is not None and marks.height:
        _add_flags(figure, marks, known)
    _day_axis(figure, known["day"].to_list(), unit)
    figure.update_yaxes(title_text=f"abnormal {measure}", tickformat=PERCENT_TICKS)
    counts = f"{sum(significant)} of {len(significant)}"
    words = f"full colour: the {unit} alone is more than chance at {SIGNIFICANCE:.0%} ({counts})"
    return dress(figure, title=title, subtitle=f"{subtitle}; {words}" if subtitle else words, height=440)


def event_panels(
    paths: pl.DataFrame,
    *,
    labels: dict[Any, str] | None = None,
    flagged: pl.DataFrame | None = None,
    limit: int = PANELS,
    unit: str = "event",
    measure: str = "return",
    title: str = "Events one by one",
    subtitle: str = "",
) -> go.Figure:
    """Return a figure with one small panel per event and its cumulative abnormal return, for at most ``limit`` events.

    ``paths``: event_id, symbol, day, car (fractions), as from ``car_paths``; ``labels``: the title of each panel by
    (event_id, symbol), by default the symbol and the event's number; ``flagged``: event_id, symbol, day of censored
    bars, which get a cross; ``unit``: name of a panel's observation. Of more events, those with the largest absolute
    final CAR are shown.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    chosen, total = _largest(paths, limit)
    if not chosen:
        return empty_figure(title, "No event was measured, so there is nothing to draw.")
    columns = min(_COLUMNS, len(chosen))
    rows = math.ceil(len(chosen) / columns)
    names = labels or {}
    height = 150 * rows if rows > 1 else 260
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        vertical_spacing=52 / height if rows > 1 else 0,
        subplot_titles=[_panel_title(names.get(key, f"{key[1]} #{key[0]}"), columns) for key, _ in chosen],
    )
    crossed = set() if flagged is None else set(flagged.select("event_id", "symbol", "day").iter_rows())
    for place, (key, own) in enumerate(chosen):
        where = {"row": place // columns + 1, "col": place % columns + 1}
        figure.add_trace(
            go.Scatter(
                x=own["day"].to_list(),
                y=own["car"].to_list(),
                mode="lines" if own.height > 1 else "markers",
                line={"color": BLUE if own["car"][-1] >= 0 else VERMILLION, "width": 1.8},
                showlegend=False,
                hovertemplate="day %{x}: %{y:.2%}<extra></extra>",
            ),
            **where,
        )
        crosses = own.filter([(*key, day) in crossed for day in own["day"]])
        if crosses.height:
            figure.add_trace(
                go.Scatter(
                    x=crosses["day"].to_list(),
                    y=crosses["car"].to_list(),
                    mode="markers",
                    marker={"symbol": "x", "size": 7, "color": ORANGE},
                    showlegend=False,
                    hovertemplate="day %{x}: at the limit or without volume<extra></extra>",
                ),
                **where,
            )
    figure.update_annotations(font_size=10)
    figure.update_yaxes(tickformat=PERCENT_TICKS, nticks=4 if rows > 1 else 7, tickfont_size=10, matches="y")
    figure.layout.yaxis.matches = None
    _panel_axes(figure, chosen[0][1]["day"].to_list(), columns)
    for place in range(len(chosen) - columns, len(chosen)):  # panels with nothing below them
        figure.update_xaxes(showticklabels=True, row=place // columns + 1, col=place % columns + 1)
    shown = f"the {len(chosen)} largest of {counted(total, unit)}" if total > len(chosen) else counted(total, unit)
    words = f"cumulative abnormal {measure} around day 0, {shown}, blue up, orange down"
    words += "; cross: at the price limit or without volume" if crossed else ""
    below = f"{subtitle}; {words}" if subtitle else words
    return dress(figure, title=title, subtitle=below, height=height + 142, above=46)


def _panel_title(text: str, columns: int) -> str:
    """Return the title of a panel in lines that fit a column on a phone: the first line, and at most two more."""
    first, _, rest = text.partition("\n")
    width = _TITLE_CHARACTERS // columns
    below = textwrap.wrap(rest, width, max_lines=2, placeholder=" …", break_long_words=False)
    return "<br>".join(escaped(line) for line in (first, *below))


def _add_path(figure: go.Figure, path: pl.DataFrame, colour: str, name: str) -> None:
    figure.add_scatter(
        x=_numbers(path["day"].to_list()),
        y=path["caar"].to_list(),
        customdata=path["n"].to_list(),
        mode="lines+markers",
        line={"color": colour, "width": 2.5},
        marker={"size": 5},
        name=name,
        hovertemplate="day %{x}: %{y:.2%}<br>events: %{customdata}<extra></extra>",
    )


def _add_flags(figure: go.Figure, marks: pl.DataFrame, known: pl.DataFrame) -> None:
    """Draw a cross at every day with censored bars."""
    placed = known.select("day", "aar").join(marks, on="day", how="inner", maintain_order="left")
    figure.add_scatter(
        x=_numbers(placed["day"].to_list()),
        y=placed["aar"].to_list(),
        mode="markers",
        marker={"symbol": "x", "size": 9, "color": ORANGE, "line": {"color": INK, "width": 1}},
        customdata=placed.select("flags", "n").rows(),
        name="bars at the price limit or without volume",
        hovertemplate="day %{x}: %{customdata[0]} in events: %{customdata[1]}<extra></extra>",
    )


def _numbers(days: list[str]) -> list[Any]:
    """Return offsets from day 0 as numbers, dates unchanged."""
    return [int(day) for day in days] if all(day.lstrip("-+").isdigit() for day in days) else days


def _add_fan(figure: go.Figure, fan: pl.DataFrame) -> None:
    """Draw nested bands of the placebo studies, widest first, with one legend entry."""
    bands = [(low, high) for low, high in FAN if {low, high} <= set(fan.columns)]
    shares = ", ".join(f"{float(high[1:]) - float(low[1:]):g}" for low, high in bands)
    for low, high in bands:
        _add_band(figure, fan.select("day", low=low, high=high), translucent(GREY, 0.18), f"placebo {shares}%")
    figure.update_traces(showlegend=False)
    figure.update_traces(selector=-1, showlegend=True)


def _add_band(figure: go.Figure, band: pl.DataFrame, fill: str, name: str) -> None:
    import plotly.graph_objects as go

    known = band.drop_nulls(["low", "high"])
    days = _numbers(known["day"].to_list())
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


def _day_axis(figure: go.Figure, days: list[str], unit: str) -> None:
    """Set the axis: offsets from day 0 on a linear axis with day 0 marked, dates as categories."""
    figure.update_xaxes(title_text=f"{unit}s from day 0")
    if all(day.lstrip("-+").isdigit() for day in days):
        figure.update_xaxes(type="linear", zeroline=False)
        figure.add_vline(x=0, line={"color": GREY, "width": 1, "dash": "dot"})
    else:
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=days, title_text=unit)
    figure.add_hline(y=0, line={"color": GREY, "width": 1})


def _panel_axes(figure: go.Figure, days: list[str], columns: int) -> None:
    """Set few ticks, none at the ends, so that labels of neighbouring panels do not touch; a single panel has the usual
    ones.
    """
    if columns == 1 and days[0].lstrip("-+").isdigit():
        figure.update_xaxes(type="linear", tickfont_size=10, zeroline=True)
    elif all(day.lstrip("-+").isdigit() for day in days):
        ends = (int(int(days[0]) / 2), int(int(days[-1]) / 2))
        ticks = sorted({ends[0], ends[1], 0} if ends[0] <= 0 <= ends[1] else set(ends))
        figure.update_xaxes(type="linear", tickmode="array", tickvals=ticks, tickfont_size=10, zeroline=True)
    else:
        figure.update_xaxes(type="category", nticks=3, tickfont_size=9)


def _largest(paths: pl.DataFrame, limit: int) -> tuple[list[tuple[tuple[Any, ...], pl.DataFrame]], int]:
    """Return the events with the largest absolute final CAR, in their own order, and the number of all events."""
    events = list(paths.group_by("event_id", "symbol", maintain_order=True))
    if len(events) <= limit:
        return events, len(events)
    ranked = sorted(range(len(events)), key=lambda i: -abs(events[i][1]["car"][-1]))[:limit]
    return [events[i] for i in sorted(ranked)], len(events)
