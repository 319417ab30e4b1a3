"""The table of events of a tear sheet: columns, rows, and the menus that filter it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from correlator.eventstudy.results.result import StudyResult

WINDOWS = 4
_WORDS = ("symbol", "category", "dyad", "publisher", "headline")


def event_rows(studies: Mapping[str, StudyResult | None]) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """Columns (name, label, kind) of the table of events and its rows, most recent day 0 first.

    One row per event and symbol with its CARs (fractions) and the t of the last window; at most four windows of each
    study. Of several ``studies`` an event has a row in each that measured it, which the first column names; null
    stands in windows that a study does not have.
    """
    known = {name: result for name, result in studies.items() if result is not None}
    measured = {name: result for name, result in known.items() if len(result.estimates)}
    labels = [tuple(result.window_labels[-WINDOWS:]) for result in (measured or known).values()]
    windows = list(dict.fromkeys(label for own in labels for label in own))
    last = {own[-1] for own in labels}
    columns: list[dict[str, Any]] = [
        *([{"name": "study", "label": "Study"}] if len(studies) > 1 else []),
        {"name": "event_id", "label": "Event", "number": True},
        {"name": "day_zero", "label": "Day 0"},
        *({"name": name, "label": name.capitalize(), "wide": name == "headline"} for name in _WORDS),
        *({"name": f"car {each}", "label": f"CAR {each} %", "number": True, "percent": True} for each in windows),
        {"name": "t", "label": f"t {last.pop()}" if len(last) == 1 else "t, last window", "number": True, "digits": 2},
    ]
    if not measured:
        return columns, []
    frame = pl.concat([_rows(name, result) for name, result in measured.items()], how="diagonal")
    ordered = frame.sort("day_zero", "event_id", "symbol", descending=[True, False, False], maintain_order=True)
    return columns, [list(row) for row in ordered.select(column["name"] for column in columns).iter_rows()]


def _rows(study: str, result: StudyResult) -> pl.DataFrame:
    """The events of one study: its name, words of each event, CARs by window, t."""
    windows = result.window_labels[-WINDOWS:]
    kept = result.measured_events
    car = result.car
    count, width = kept.height, len(result.window_labels)
    cars = car["car"].to_numpy().reshape(count, width)[:, -len(windows) :]
    last_t = car["t"].to_numpy().reshape(count, width)[:, -1]
    return kept.select(
        pl.lit(study).alias("study"),
        "event_id",
        pl.Series("day_zero", result.panel.labels.gather(result.estimates.day_zero)).cast(pl.Date).cast(pl.String),
        *(pl.col(name) if name in kept.columns else pl.lit(None, pl.String).alias(name) for name in _WORDS),
    ).with_columns(
        *(pl.Series(f"car {each}", cars[:, i], nan_to_null=True).round(6) for i, each in enumerate(windows)),
        pl.Series("t", last_t, nan_to_null=True).round(4),
    )


def event_choices(columns: list[dict[str, Any]], events: list[list[Any]]) -> list[dict[str, Any]]:
    """The menus above the table: study, symbol and category, with what there is to choose."""
    names = [column["name"] for column in columns]
    return [
        {
            "id": f"filter-{name}",
            "label": name.capitalize(),
            "column": names.index(name),
            "options": sorted({row[names.index(name)] for row in events} - {None}),
        }
        for name in ("study", "symbol", "category")
        if name in names
    ]
