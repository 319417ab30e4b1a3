"""Warnings about the bars that a study used: what the audit of prices finds in its windows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import numpy as np
import polars as pl

from correlator.errors import warn
from correlator.eventstudy.benchmark import EQUAL_WEIGHTED
from correlator.eventstudy.placement import window_rows
from correlator.eventstudy.result import StudyResult
from correlator.intake.checks import audit_stored
from correlator.market.findings import OF_SERIES
from correlator.store.db import Store

# An audit costs some microseconds a bar: studies of more bars than this are told to have it done by itself.
MOST_BARS = 150_000
_MOST_LINES = 6
# Bars off the calendar are in no study: the panel leaves them out and says so.
_NOT_USED = ("phantom", "weekend", "holiday")
_ADJUSTED_AWAY = ("split-like", "level-break", "beyond-limit")


def warn_of_flagged_bars(store: Store, result: StudyResult, price: str, as_of: datetime | None) -> None:
    """Warn where bars of the estimation and event windows have findings of high or medium severity, or are censored.

    ``price``: as in ``study``; jumps of raw closes do not concern a study of adjusted ones. One line per symbol and
    kind of finding, six at most. Bars within a session are not audited, only their censored ones are counted.
    """
    if not len(result.estimates):
        return
    if result.panel.labels.dtype == pl.Date:
        _warn_of_findings(store, result, price, as_of)
    censored = _censored(result)
    if censored:
        warn(f"{censored}: their abnormal returns are censored (column flags of the output ar)")


def _warn_of_findings(store: Store, result: StudyResult, price: str, as_of: datetime | None) -> None:
    spans = _spans(result)
    if len(spans) * len(result.panel.labels) > MOST_BARS:
        warn(f"the bars of {len(spans):,} symbols were not checked in passing; `correlator check prices` does it")
        return
    found = audit_stored(store, list(spans), as_of=as_of)
    adjusted = _adjusted(store, list(spans)) if price == "adjusted" else []
    lines = list(_lines(_within(found, spans, adjusted)))
    for line in lines[:_MOST_LINES]:
        warn(line)
    if len(lines) > _MOST_LINES:
        warn(f"{len(lines) - _MOST_LINES} more kinds of finding on bars of this study: `correlator check prices`")


def _spans(result: StudyResult) -> dict[str, tuple[date, date]]:
    """First and last session used of every measured symbol and of the benchmark."""
    labels, day_zero = result.panel.labels, result.estimates.day_zero
    bounds = [window_rows(window, day_zero, labels) for window in (result.spec.estimation, result.spec.window)]
    first = np.clip(np.minimum(*(rows[0] for rows in bounds)), 0, len(labels) - 1)
    last = np.clip(np.maximum(*(rows[1] for rows in bounds)), 0, len(labels) - 1)
    spans = {}
    for column in np.unique(result.estimates.symbol_index):
        own = result.estimates.symbol_index == column
        spans[result.panel.symbols[int(column)]] = (labels[int(first[own].min())], labels[int(last[own].max())])
    benchmark = result.spec.benchmark
    if benchmark is not None and benchmark != EQUAL_WEIGHTED:
        spans[benchmark] = (labels[int(first.min())], labels[int(last.max())])
    return spans


def _adjusted(store: Store, symbols: list[str]) -> list[str]:
    """Those of the symbols that have adjusted closes."""
    rows = store.frame(
        "SELECT DISTINCT symbol FROM bars WHERE adjusted_close IS NOT NULL AND symbol IN (SELECT unnest($symbols))",
        {"symbols": symbols},
    )
    return [str(symbol) for symbol in rows["symbol"]]


def _within(found: pl.DataFrame, spans: dict[str, tuple[date, date]], adjusted: list[str]) -> pl.DataFrame:
    """Findings above low about bars within the spans, or about a series as a whole."""
    first, last = (
        pl.col("symbol").replace_strict({symbol: span[k] for symbol, span in spans.items()}, return_dtype=pl.Date)
        for k in (0, 1)
    )
    of_series = pl.col("check").is_in(OF_SERIES) | pl.col("check").str.starts_with("shifted")
    adjusted_away = pl.col("symbol").is_in(adjusted) & pl.col("check").is_in(_ADJUSTED_AWAY)
    return found.filter(
        (pl.col("severity") != "low"),
        ~pl.col("check").is_in(_NOT_USED) & ~adjusted_away,
        of_series | pl.col("session").is_between(first, last),
    )


def _lines(found: pl.DataFrame) -> Iterator[str]:
    groups = found.group_by("symbol", "check", "severity", maintain_order=True).agg(
        pl.len().alias("n"), pl.col("evidence").first(), pl.col("session").first()
    )
    for symbol, check, severity, n, evidence, session in groups.iter_rows():
        more = f" (and {n - 1} more)" if n > 1 else ""
        yield f"{symbol} {session}: {check} ({severity}): {evidence}{more}"


def _censored(result: StudyResult) -> str:
    """How many bars of the event windows are limit-locked or without volume, in words; empty for none."""
    panel = result.panel
    first, last = window_rows(result.spec.window, result.estimates.day_zero, panel.labels)
    rows = first[:, None] + np.arange(int((last - first).max()) + 1)
    inside = (rows >= 0) & (rows < len(panel.labels))
    used = np.zeros((len(panel.labels), len(panel.symbols)), dtype=bool)
    used[rows[inside], np.broadcast_to(result.estimates.symbol_index[:, None], rows.shape)[inside]] = True
    masks = (("limit-locked", panel.limit_locked), ("zero-volume", panel.zero_volume))
    counts = [(name, int((used & mask).sum())) for name, mask in masks if mask is not None]
    parts = [f"{count:,} {name}" for name, count in counts if count]
    return f"event windows hold {' and '.join(parts)} bars" if parts else ""
