"""What a terminal shows of each table: its columns in order of importance, and which of them are fractions.

A table without an entry keeps its own column order. Files and pipes always get every column.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """``columns``: names to show, skipping those that the frame lacks; ``fractions``: columns shown in per cent."""

    columns: tuple[str, ...]
    fractions: frozenset[str] = frozenset()


RETURNS = frozenset(
    {"ar", "car", "aar", "caar", "bhar", "return", "expected", "se", "sd", "low", "high", "effect", "alpha"}
    | {"smallest_effect"}
)
"""Columns with returns or standard errors of returns, as fractions."""

PROBABILITIES = frozenset({"p_value", "p_holm", "p_bh", "p_romano_wolf", "p_placebo"})
"""Columns with probabilities: three decimals."""

RATIOS = frozenset({"t", "z"})
"""Columns with a value over its standard error: two decimals."""

LOOKS: dict[str, Look] = {
    "unexplained": Look(
        ("symbol", "session", "ar", "z", "nearest_sessions", "nearest_category", "nearest_headline"), RETURNS
    ),
    "articles": Look(("article_id", "published_at", "publisher", "headline")),
    "quotes": Look(("article_id", "symbol", "price", "change", "change_pct", "session")),
    "events": Look(("event_id", "day_zero", "exchange", "category", "source", "target", "goldstein", "headline")),
    "stories": Look(("story_id", "first_published_at", "articles", "publishers", "headline")),
    "links": Look(("article_id", "symbol", "kind", "evidence")),
    "instruments": Look(("symbol", "exchange", "currency", "country", "kind", "benchmark", "name")),
    "bars": Look(("symbol", "interval", "bars", "first_session", "last_session", "vintages")),
    "rejects": Look(("loaded_at", "source", "source_line", "reason")),
    "loads": Look(
        ("load_id", "finished_at", "kind", "source", "rows_added", "rows_known", "rows_rejected", "undone_at")
    ),
    "ar": Look(("symbol", "session", "day", "ar", "se", "t", "p_value", "flags", "event_id"), RETURNS),
    "car": Look(("symbol", "window", "car", "se", "t", "p_value", "flags", "findings", "event_id"), RETURNS),
    "aar": Look(("day", "n", "aar", "sd", "caar", "positive"), RETURNS | {"positive"}),
    "caar": Look(("window", "n", "caar", "sd", "positive"), RETURNS | {"positive"}),
    "bhar": Look(("symbol", "window", "bhar", "n", "event_id"), RETURNS),
    "summary": Look(
        ("window", "events", "dates", "caar", "se", "low", "high", "p_value", "p_placebo", "smallest_effect", "test"),
        RETURNS,
    ),
    "recode": Look(("article_id", "change", "before", "after", "headline")),
    "calendar-time": Look((), RETURNS | {"se_white"}),
    "diagnostics": Look(
        ("symbol", "n", "purged", "p_autocorrelation", "p_arch", "pre_trend", "outliers", "flags", "event_id")
    ),
    "donors": Look(("symbol", "donor", "weight", "event_id"), frozenset({"weight"})),
    "in-space": Look(
        ("symbol", "window", "car", "pre_rmse", "ratio", "p_value", "placebos", "event_id"), RETURNS | {"pre_rmse"}
    ),
    "in-space-average": Look((), RETURNS),
}
