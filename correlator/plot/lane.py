"""The news lane below prices: a row per category, a dot per session and category, headlines on hover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from correlator.events.model import CATEGORIES
from correlator.plot.template import axis_values, category_colour, escaped, wrapped

if TYPE_CHECKING:
    import plotly.graph_objects as go

HOVER_EVENTS = 4
CROWDED = 60
_UNKNOWN = "other"


def lane_categories(events: pl.DataFrame) -> list[str]:
    """Return the categories of ``events``, from the most conflictual (bottom) to the most cooperative (top)."""
    categories = events["category"].fill_null(_UNKNOWN).unique().to_list()
    score = {name: category.goldstein for name, category in CATEGORIES.items()}
    return sorted(categories, key=lambda name: (score.get(name, -100.0), name))


def events_per_session(events: pl.DataFrame) -> pl.DataFrame:
    """Return day_zero, n and colour (of the most common category), in order of session."""
    counted = events.group_by("day_zero", "category").agg(pl.len().alias("n")).sort("n", "category")
    daily = counted.group_by("day_zero").agg(pl.col("n").sum(), pl.col("category").last()).sort("day_zero")
    colours = [category_colour(name) for name in daily["category"]]
    return daily.select("day_zero", "n", pl.Series("colour", colours, dtype=pl.String))


def add_lane(figure: go.Figure, events: pl.DataFrame, categories: list[str], row: int) -> None:
    """Draw the lane in ``row`` of ``figure``; ``events`` as in ``price_figure``."""
    import plotly.graph_objects as go

    dots = _dots(events)
    largest = max(int(dots["n"].max() or 1), 1)  # type: ignore[arg-type]
    smallest = 8.0 if dots["day_zero"].n_unique() <= CROWDED else 5.0
    for category in categories:
        own = dots.filter(pl.col("category") == category)
        figure.add_trace(
            go.Scatter(
                x=axis_values(own["day_zero"]),
                y=[escaped(category)] * own.height,
                mode="markers",
                marker={
                    "size": [_size(n, largest, smallest) for n in own["n"]],
                    "color": category_colour(category),
                    "line": {"color": "white", "width": 0.5},
                },
                text=own["hover"].to_list(),
                hovertemplate="%{text}<extra></extra>",
                name=escaped(category),
                showlegend=False,
            ),
            row=row,
            col=1,
        )
    rows = [escaped(category) for category in categories]
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=rows,
        range=[-0.6, len(categories) - 0.4],
        tickfont={"size": 10},
        tickmode="array",
        tickvals=rows,
        row=row,
        col=1,
    )


def _size(n: int, largest: int, smallest: float) -> float:
    """Return the diameter in pixels; the area grows with the number of events."""
    scale: float = (n / largest) ** 0.5
    return round(smallest * (1.0 + scale), 1) if largest > 1 else smallest + 2.0


def _dots(events: pl.DataFrame) -> pl.DataFrame:
    """Return one row per session and category: day_zero, category, n, hover."""
    texts = pl.Series("text", [_event_text(row) for row in events.iter_rows(named=True)], dtype=pl.String)
    grouped = (
        events.select("day_zero", pl.col("category").fill_null(_UNKNOWN))
        .with_columns(texts)
        .group_by("day_zero", "category", maintain_order=True)
        .agg(pl.len().alias("n"), pl.col("text").head(HOVER_EVENTS))
        .sort("day_zero", "category")
    )
    hover = [_hover(row) for row in grouped.iter_rows(named=True)]
    return grouped.with_columns(pl.Series("hover", hover, dtype=pl.String))


def _hover(row: dict[str, Any]) -> str:
    lines = [f"<b>{escaped(row['category'])}</b>, day 0 {row['day_zero']:%d %b %Y}", *row["text"]]
    if row["n"] > HOVER_EVENTS:
        lines.append(f"and {row['n'] - HOVER_EVENTS} more")
    return "<br>".join(lines)


def _event_text(row: dict[str, Any]) -> str:
    """Return headline, publisher and time, and the reason for day 0, without unknown parts."""
    published = row.get("published_at")
    origin = ", ".join(
        escaped(part)
        for part in (row.get("publisher"), f"{published:%d %b %Y %H:%M} UTC" if published is not None else None)
        if part
    )
    reason = row.get("reason")
    lines = [
        wrapped(str(row.get("headline") or "(no headline)"), lines=3),
        f"<i>{origin}</i>" if origin else "",
        f"reason for day 0: {escaped(str(reason))}" if reason else "",
    ]
    return "<br>".join(line for line in lines if line)
