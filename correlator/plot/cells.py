"""The cells of a heatmap: mean CAR by category and window."""

from __future__ import annotations

from typing import Any

import polars as pl

Cells = dict[tuple[str, str], dict[str, Any]]


def heatmap_cells(car: pl.DataFrame, categories: pl.DataFrame) -> tuple[list[str], list[str], Cells]:
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
    return car["window"].unique(maintain_order=True).to_list(), order, found


def starred_cells(marks: pl.DataFrame | None) -> set[tuple[str, str]]:
    """The cells (category, window) of ``marks`` (category, window, p_value) that are more than chance at 5 %."""
    return set() if marks is None else set(marks.filter(pl.col("p_value") < 0.05).select("category", "window").rows())
