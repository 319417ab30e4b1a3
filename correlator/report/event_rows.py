"""The table of events in a tear sheet: its columns, its rows, and the menus that filter it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from correlator.eventstudy.panel.frames import as_simple
from correlator.eventstudy.results.result import StudyResult

WINDOWS = 4
_TEXTS = ("symbol", "category", "dyad", "publisher", "headline")


def event_rows(studies: Mapping[str, StudyResult | None]) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """Return the columns (name, label, kind) and the rows of the table of events, most recent day 0 first.

    One row per event and symbol with its CARs (fractions, as simple returns) and the t of the last window; at most four
    windows of each study. With several ``studies``, an event has a row for each study that measured it, named in the
    first column, and nulls in windows that this study does not have.
    """
    known = {name: result for name, result in studies.items() if result is not None}
    measured = {name: result for name, result in known.items() if len(result.estimates)}
    labels = [tuple(result.window_labels[-WINDOWS:]) for result in (measured or known).values()]
    windows = list(dict.fromkeys(label for study_labels in labels for label in study_labels))
    last = {study_labels[-1] for study_labels in labels}
    columns: list[dict[str, Any]] = [
        *([{"name": "study", "label": "Study"}] if len(studies) > 1 else []),
        {"name": "event_id", "label": "Event", "number": True},
        {"name": "day_zero", "label": "Day 0"},
        *({"name": name, "label": name.capitalize(), "wide": name == "headline"} for name in _TEXTS),
        *({"name": f"car {each}", "label": f"CAR {each} %", "number": True, "percent": True} for each in windows),
        {"name": "t", "label": f"t {last.pop()}" if len(last) == 1 else "t, last window", "number": True, "digits": 2},
    ]
    if not measured:
        return columns, []
    frame = pl.concat([_rows(name, result) for name, result in measured.items()], how="diagonal")
    ordered = frame.sort("day_zero", "event_id", "symbol", descending=[True, False, False], maintain_order=True)
    return columns, [list(row) for row in ordered.select(column["name"] for column in columns).iter_rows()]


def _rows(study: str, result: StudyResult) -> pl.DataFrame:
    """Return the rows of one study: its name, the texts of each event, CARs by window, and t."""
    windows = result.window_labels[-WINDOWS:]
    kept = result.measured_events
    car = result.car
    count, width = kept.height, len(result.window_labels)
    cars = as_simple(car["car"].to_numpy(), result.spec.returns).reshape(count, width)[:, -len(windows) :]
    last_t = car["t"].to_numpy().reshape(count, width)[:, -1]
    return kept.select(
        pl.lit(study).alias("study"),
        "event_id",
        pl.Series("day_zero", result.panel.labels.gather(result.estimates.day_zero)).cast(pl.Date).cast(pl.String),
        *(pl.col(name) if name in kept.columns else pl.lit(None, pl.String).alias(name) for name in _TEXTS),
    ).with_columns(
        *(pl.Series(f"car {each}", cars[:, i], nan_to_null=True).round(6) for i, each in enumerate(windows)),
        pl.Series("t", last_t, nan_to_null=True).round(4),
    )


def event_choices(columns: list[dict[str, Any]], events: list[list[Any]]) -> list[dict[str, Any]]:
    """Return the filter menus of the table: study, symbol and category, with their values."""
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
