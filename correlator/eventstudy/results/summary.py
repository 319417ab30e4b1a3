"""The summary of a study as one table, the same in a terminal, a notebook, a tear sheet and a CSV."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

import polars as pl

from correlator.eventstudy.request.spec import RETURNS_KINDS
from correlator.eventstudy.results.finding import smallest_effect, verdict

if TYPE_CHECKING:
    from correlator.eventstudy.results.result import StudyResult

FRACTIONS = ("caar", "se", "low", "high", "smallest_effect", "positive")
"""Columns that hold fractions, shown in per cent."""
_SHOWN = {
    "window": "window",
    "events": "events",
    "n": "observations",
    "dates": "dates",
    "caar": "CAAR",
    "se": "error",
    "low": "95 % low",
    "high": "95 % high",
    "p_value": "p",
    "p_placebo": "placebo p",
    "smallest_effect": "smallest effect",
    "verdict": "verdict",
}


def summary_frame(result: StudyResult, placebo: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return ``result.recommended`` with the smallest detectable effect, and p-values of a ``placebo`` table if given.

    One row per window (and group): (group columns), window, n (events), dates, caar, se, df, t, p_value, low, high
    (95 %), positive, test, smallest_effect (detected with a power of 80 %, see ``finding.smallest_effect``), and with
    ``placebo`` p_placebo. Returns are fractions of the study's kind.
    """
    frame = result.recommended
    if frame.is_empty():
        return frame.with_columns(smallest_effect=pl.lit(None, pl.Float64))
    effects = smallest_effect(frame["se"].to_numpy(), frame["df"].cast(pl.Float64).to_numpy())
    frame = frame.with_columns(pl.Series("smallest_effect", effects, nan_to_null=True))
    if placebo is None:
        return frame
    keys = [*result.spec.by, "window"]
    p_values = placebo.select(*keys, p_placebo="p_value")
    return frame.join(p_values, on=keys, how="left", nulls_equal=True, maintain_order="left")


def summary_cells(frame: pl.DataFrame, by: tuple[str, ...], returns: str) -> tuple[list[str], list[list[str]]]:
    """Return headings and formatted cells of a summary: per cent with two digits, p with three, and the verdict."""
    unit = "%" if returns == "simple" else "log pts" if returns in RETURNS_KINDS else "log vol"
    shown = frame.with_columns(pl.Series("verdict", [verdict(p) for p in frame["p_value"]], dtype=pl.String))
    names = [*by, *(name for name in _SHOWN if name in shown.columns)]
    headings = [_SHOWN.get(name, name) + (f", {unit}" if name in FRACTIONS else "") for name in names]
    rows = [[_cell(name, value) for name, value in zip(names, row, strict=True)] for row in shown.select(names).rows()]
    return headings, rows


def summary_html(result: StudyResult) -> str:
    """Return the summary as an HTML table, with a collapsed table of every test across events if there are several."""
    headings, rows = summary_cells(summary_frame(result), result.spec.by, result.spec.returns)
    parts = [_table(headings, rows)]
    if 2 <= len(result.estimates) <= _MOST_TESTED and not result.spec.by:
        windows = pl.col("window_or_day").is_in(result.window_labels)
        tests = result.significance.filter(windows).select("window_or_day", "statistic", "value", "p_value", "n")
        cells = [[_cell(name, value) for name, value in row.items()] for row in tests.iter_rows(named=True)]
        shown = _table(["window", "statistic", "value", "p", "events"], cells)
        parts.append(f"<details><summary>every test across events</summary>{shown}</details>")
    return "".join(parts)


_MOST_TESTED = 2_000


def _cell(name: str, value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        if name in FRACTIONS:
            return f"{100 * value:+.2f}" if name in ("caar", "low", "high") else f"{100 * value:.2f}"
        return "<0.001" if name.startswith("p") and value < 0.0005 else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(headings: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{html.escape(each)}</th>" for each in headings)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
