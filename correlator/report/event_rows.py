"""The table of events of a tear sheet: columns, rows, and the menus that filter it."""

from __future__ import annotations

from typing import Any

import polars as pl

from correlator.eventstudy.result import StudyResult

WINDOWS = 4
_WORDS = ("symbol", "category", "dyad", "publisher", "headline")


def event_rows(result: StudyResult | None) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """Columns (name, label, kind) of the table of events and its rows, most recent day 0 first.

    One row per event and symbol with its CARs (fractions) and the t of the last window; at most four windows.
    """
    windows = list(result.window_labels[-WINDOWS:]) if result is not None else []
    columns: list[dict[str, Any]] = [
        {"name": "event_id", "label": "Event", "number": True},
        {"name": "day_zero", "label": "Day 0"},
        *({"name": name, "label": name.capitalize(), "wide": name == "headline"} for name in _WORDS),
        *({"name": f"car {each}", "label": f"CAR {each} %", "number": True, "percent": True} for each in windows),
        {"name": "t", "label": f"t {windows[-1]}" if windows else "t", "number": True, "digits": 2},
    ]
    if result is None or len(result.estimates) == 0:
        return columns, []
    kept = result.events[result.estimates.kept]
    car = result.car
    count, width = kept.height, len(result.window_labels)
    cars = car["car"].to_numpy().reshape(count, width)[:, -len(windows) :]
    last_t = car["t"].to_numpy().reshape(count, width)[:, -1]
    frame = kept.select(
        "event_id",
        pl.Series("day_zero", result.panel.labels.gather(result.estimates.day_zero)).cast(pl.Date).cast(pl.String),
        *(pl.col(name) if name in kept.columns else pl.lit(None, pl.String).alias(name) for name in _WORDS),
    ).with_columns(
        *(pl.Series(f"car {each}", cars[:, i], nan_to_null=True).round(6) for i, each in enumerate(windows)),
        pl.Series("t", last_t, nan_to_null=True).round(4),
    )
    ordered = frame.sort("day_zero", "event_id", "symbol", descending=[True, False, False])
    return columns, [list(row) for row in ordered.iter_rows()]


def event_choices(columns: list[dict[str, Any]], events: list[list[Any]]) -> list[dict[str, Any]]:
    """The menus above the table: symbol and category, with what there is to choose."""
    names = [column["name"] for column in columns]
    return [
        {
            "id": f"filter-{name}",
            "label": name.capitalize(),
            "column": names.index(name),
            "options": sorted({row[names.index(name)] for row in events} - {None}),
        }
        for name in ("symbol", "category")
    ]
