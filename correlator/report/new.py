"""What is new since the last run of a report: events, revised bars, and findings whose verdict changed."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from correlator.base.inert import safe_text
from correlator.eventstudy.results.finding import verdict
from correlator.eventstudy.results.result import StudyResult
from correlator.report.as_of import Inputs, Moment, moment_of
from correlator.report.publish import labels_of
from correlator.report.tables import csv_bytes
from correlator.store.db import Store
from correlator.store.statements import query

_REVISED = """
    SELECT symbol, session, vintage, close FROM bars WHERE vintage > 1 AND retrieved_at > $since AND retrieved_at <=
    $now ORDER BY session DESC, symbol
"""
_MOST_BARS = 50


@dataclass(frozen=True)
class LastRun:
    """The time of the report (``now``), that of the previous run (``since``), and its folder, if it exists."""

    now: Moment
    since: Moment
    folder: Path | None
    study: str = ""

    def of(self, study: str) -> LastRun:
        """Return the last run of a further study of the report."""
        return replace(self, study=study)

    def summary(self) -> list[dict[str, str]]:
        """Return the rows of the summary written by that run; none if there is no summary."""
        name = f"{self.study}-summary.csv" if self.study else "summary.csv"
        file = None if self.folder is None else self.folder / name
        if file is None or not file.is_file():
            return []
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return list(csv.DictReader(lines))


def last_run(home: Path | None, now: Moment) -> LastRun:
    """Return the newest run before the session of ``now``, or without one the previous session."""
    labels = [] if home is None else labels_of(home)
    before = next((label for label in labels if label < now.session.isoformat()), None)
    if home is None or before is None:
        return LastRun(now, moment_of(now.exchange, now.session - timedelta(days=1)), None)
    return LastRun(now, moment_of(now.exchange, date.fromisoformat(before)), home / before)


def whats_new(result: StudyResult | None, inputs: Inputs, sliced: Store, before: LastRun) -> pl.DataFrame:
    """Return what is new as a table of kind (finding, event, bar), symbol, session and what, findings first."""
    rows: list[tuple[str, str | None, date | None, str]] = []
    if result is not None and len(result.estimates):
        rows += [("finding", None, None, words) for words in _findings(result, before.summary())]
    if result is not None:
        rows += _events(result, before)
    of_report = set(inputs.bars["symbol"])
    with sliced.reading() as connection:
        revised = query(connection, _REVISED, {"since": before.since.as_of, "now": before.now.as_of})
    kept = revised.filter(pl.col("symbol").is_in(list(of_report)))
    for symbol, session, vintage, close in kept.head(_MOST_BARS).iter_rows():
        rows.append(("bar", symbol, session, f"revised: close {close:,.6g}, vintage {vintage}"))
    if kept.height > _MOST_BARS:
        rows.append(("bar", None, None, f"and {kept.height - _MOST_BARS:,} more revised bars"))
    schema = {"kind": pl.String, "symbol": pl.String, "session": pl.Date, "what": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _findings(result: StudyResult, earlier: list[dict[str, str]]) -> list[str]:
    """Return descriptions of the windows (and groups) whose verdict differs from that in the earlier summary."""
    keys, summary = (*result.spec.by, "window"), result.summary()
    written = [safe_text(key) for key in keys]
    known = {tuple(row.get(key) for key in written): row.get("p_value") for row in earlier}
    words = []
    for row, as_written in zip(summary.iter_rows(named=True), _written(summary), strict=True):
        before, now = known.get(tuple(as_written[key] for key in written)), row["p_value"]
        if not before or now is None:
            continue
        then = float(before)
        if verdict(then) != verdict(now):
            names = ", ".join(str(row[key]) for key in keys)
            words.append(f"{names}: {verdict(now)} (p {now:.3f}), before {verdict(then)} (p {then:.3f})")
    return words


def _written(frame: pl.DataFrame) -> list[dict[str, str]]:
    """Return the rows of ``frame`` as they are read from its CSV file."""
    return list(csv.DictReader(io.StringIO(csv_bytes(frame).decode(), newline="")))


def _events(result: StudyResult, before: LastRun) -> list[tuple[str, str | None, date | None, str]]:
    """Return the events that were not public at the time of the previous run, newest first.

    They need not be measured yet: the event window of most ends later.
    """
    since, known = before.since, pl.col("known_at")
    date_only = pl.col("known_precision").eq_missing("day") & (known > since.date_over)
    fresh = result.events.filter((known > since.as_of) | date_only).with_columns(day_zero=pl.col("date").cast(pl.Date))
    ordered = fresh.sort("known_at", "event_id", "symbol", descending=[True, False, False])
    columns = [name for name in ("category", "headline") if name in ordered.columns]
    return [
        ("event", row["symbol"], row["day_zero"], ": ".join(str(row[name]) for name in columns if row[name]))
        for row in ordered.iter_rows(named=True)
    ]
