"""Flagged bars of a study of the store: findings of the price audit, as marks in the panel and as warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from correlator.errors import counted, warn
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED, benchmarks_by_exchange
from correlator.eventstudy.panel.flagged import censoring, findings_on, without_flagged
from correlator.eventstudy.panel.frames import Mask, Panel
from correlator.eventstudy.placing.placement import own_window_rows, windows_over
from correlator.eventstudy.request.spec import DAILY, DROP, KEEP, StudySpec
from correlator.eventstudy.results.result import StudyResult
from correlator.intake.checks import audit_stored
from correlator.market.audit.findings import is_of_series
from correlator.research.benchmark import without_adjusted_away
from correlator.store.db import Store

# An audit takes some microseconds per bar; studies of more bars than this skip it with a warning.
MOST_BARS = 150_000
_MOST_LINES = 6
# Bars off the calendar are not studied: the panel leaves them out with a warning. Volumes are not studied either.
_NOT_USED = ("phantom", "weekend", "holiday", "volume-unit")
# Missing bars and differences to an earlier download do not affect the bars that are used.
_NO_BARS = ("hole", "short-history", "no-exchange", "vintages-differ")


def study_findings(store: Store, symbols: Sequence[str], spec: StudySpec) -> pl.DataFrame | None:
    """Return findings above low severity on the daily bars of ``symbols`` and their benchmark.

    None for intraday bars, which are not audited. Jumps of plain closes are ignored where adjusted ones are used.
    """
    if spec.interval != DAILY:
        return None
    named = [spec.benchmark] if spec.benchmark not in (None, EQUAL_WEIGHTED) else []
    names = list(dict.fromkeys([*symbols, *(name for name in named if name is not None)]))
    if spec.flagged != DROP and _bars(store, names) > MOST_BARS:
        warn(
            f"the bars of {len(names):,} symbols were not audited, as there are too many; run `correlator check prices`"
        )
        return None
    findings = audit_stored(store, names, as_of=spec.as_of)
    if spec.price == "adjusted":
        with store.reading() as connection:
            findings = without_adjusted_away(connection, findings, names, spec.as_of)
    return findings.filter(pl.col("severity") != "low", ~pl.col("check").is_in(_NOT_USED))


def with_findings(panel: Panel, findings: pl.DataFrame | None, spec: StudySpec) -> Panel:
    """Return the panel with its flagged bars marked, unmarked, or left out, as ``spec`` says.

    A finding of high severity about a whole series flags all of its bars from the named one on.
    """
    if spec.flagged == KEEP:
        return replace(panel, limit_locked=None, zero_volume=None)
    if findings is not None and findings.height:
        of_series = is_of_series()
        marked = findings.filter(~pl.col("check").is_in(_NO_BARS), ~of_series | (pl.col("severity") == "high"))
        until = pl.when(of_series).then(pl.lit(panel.labels[-1])).cast(pl.Date)
        rows = marked.with_columns(until=until)
        if rows.height:
            panel = replace(panel, findings=findings_on(rows, panel.labels, panel.symbols, spec.benchmark))
    return without_flagged(panel) if spec.flagged == DROP else panel


def warn_of_flagged_bars(result: StudyResult, findings: Mapping[str, pl.DataFrame | None]) -> None:
    """Warn if bars of the estimation and event windows have ``findings`` (by exchange), or are censored.

    One line per symbol and kind of finding, at most six.
    """
    if result.panel.dropped is not None:
        count, flagged = int(result.panel.dropped.sum()), "flagged bars and the returns after them"
        warn(f"{count:,} returns of this study were dropped: {flagged} (see output excluded for events)")
    if not len(result.estimates):
        return
    labels, bars = result.panel.labels, _used_bars(result)
    lines = [line for each in findings.values() if each is not None for line in _lines(_within(each, labels, bars))]
    for line in lines[:_MOST_LINES]:
        warn(line)
    if len(lines) > _MOST_LINES:
        warn(f"{len(lines) - _MOST_LINES} more kinds of findings on bars of this study: run `correlator check prices`")
    censored = _censored(result)
    if censored:
        warn(f"{censored}, whose abnormal returns are censored (see column flags of the output ar)")


def _bars(store: Store, symbols: list[str]) -> int:
    rows = store.frame(
        "SELECT count(*) AS n FROM bars WHERE \"interval\" = '1d' AND symbol IN (SELECT unnest($symbols))",
        {"symbols": symbols},
    )
    return int(rows["n"][0])


def _used_bars(result: StudyResult) -> dict[str, Mask]:
    """Return which sessions (T,) the windows of every measured symbol use; of a benchmark, those of all symbols."""
    panel, symbols = result.panel, result.estimates.symbol_index
    windows = (result.spec.estimation, result.spec.window)
    bounds = [own_window_rows(panel, window, symbols, result.estimates.day_zero) for window in windows]
    used = np.any([windows_over(panel, symbols, *rows) > 0 for rows in bounds], axis=0)
    bars = {panel.symbols[column]: used[:, column] for column in np.unique(symbols).tolist()}
    several = benchmarks_by_exchange(result.spec.benchmark)
    for benchmark in several.values() if several else [result.spec.benchmark]:
        if benchmark is not None and benchmark != EQUAL_WEIGHTED:
            bars[benchmark] = used.any(axis=1)
    return bars


def _within(findings: pl.DataFrame, labels: pl.Series, bars: dict[str, Mask]) -> pl.DataFrame:
    """Return the findings about used bars, or about a whole series."""
    used = pl.concat(
        pl.DataFrame({"session": labels.filter(pl.Series(rows))}).select(
            "session", symbol=pl.lit(symbol), used=pl.lit(value=True)
        )
        for symbol, rows in bars.items()
    )
    known = findings.filter(pl.col("symbol").is_in(list(bars)))
    joined = known.join(used, on=["symbol", "session"], how="left", maintain_order="left")
    return joined.filter(is_of_series() | pl.col("used")).drop("used")


def _lines(findings: pl.DataFrame) -> Iterator[str]:
    groups = findings.group_by("symbol", "check", "severity", maintain_order=True).agg(
        pl.len().alias("n"), pl.col("evidence").first(), pl.col("session").first()
    )
    for symbol, check, severity, n, evidence, session in groups.iter_rows():
        more = f" (and {n - 1} more)" if n > 1 else ""
        yield f"{symbol} {session}: {check} ({severity}): {evidence}{more}"


def _censored(result: StudyResult) -> str:
    """Return how many bars of the event windows are limit-locked or without volume, in words; empty if none are."""
    panel, symbols = result.panel, result.estimates.symbol_index
    used = windows_over(panel, symbols, *own_window_rows(panel, result.spec.window, symbols, result.estimates.day_zero))
    counts = [(name, int(mask[used > 0].sum())) for name, mask in censoring(panel)]
    parts = [counted(count, f"{name} bar") for name, count in counts if count]
    return f"event windows contain {' and '.join(parts)}" if parts else ""
