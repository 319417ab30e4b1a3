"""Dated and sourced corrections of exchange calendars, shipped or a user's own.

A corrections file is a CSV with the columns of ``SCHEMA``. Those in ``data/sessions`` are named after the calendar or
exchange that they correct; a user's file, given by ``$CORRELATOR_SESSIONS`` or ``--sessions``, also has a column
``exchange``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.files import read_csv
from correlator.base.resources import SESSIONS_VARIABLE, data_path
from correlator.errors import NotFoundError, counted, listed, warn
from correlator.sessions.user_files import (
    WEEKDAYS,
    at_local,
    file_in_environment,
    hours_faults,
    own_table,
    refuse_faults,
    refuse_skipped_hours,
    texts_of,
)

CHANGES = ("closed", "open", "hours", "halt")
SCHEMA = {
    "date": pl.Date(),
    "until": pl.Date(),
    "weekdays": pl.String(),
    "change": pl.String(),
    "opens": pl.String(),
    "closes": pl.String(),
    "source": pl.String(),
    "note": pl.String(),
}
_COLUMNS = ("exchange", *SCHEMA)
_NEEDED = ("date", "change", "source")
_WHAT = "corrections file"


def corrections_file() -> Path | None:
    """Return the user's corrections file, or None; raise NotFoundError if the one in the environment does not exist."""
    return file_in_environment(SESSIONS_VARIABLE, _WHAT)


def shipped_corrections(code: str, calendar: str) -> pl.DataFrame:
    """Return the corrections that the package ships for one exchange: its calendar's, then its own."""
    parts = [pl.DataFrame(schema=SCHEMA)]
    for name in dict.fromkeys((calendar, code)):
        try:
            parts.append(read_corrections(data_path("sessions", f"{name}.csv")))
        except NotFoundError:
            continue
    return pl.concat(parts)


def read_corrections(path: Path) -> pl.DataFrame:
    """Return the rows of a corrections file in the columns of ``SCHEMA``.

    Columns that only some changes need (until, weekdays, opens, closes, note) may be missing. Raises InputError for a
    file without the other columns, and for the first row that is not a correction, with what is wrong in it.
    """
    rows = read_csv(path, infer_schema=False)
    return _checked(texts_of(rows, f"{_WHAT} {path.name}", _COLUMNS, _NEEDED), path.name)


def read_user_corrections(path: Path) -> pl.DataFrame:
    """Return the rows of a user's corrections file: its column ``exchange``, then as ``read_corrections``."""
    texts = texts_of(own_table(path, _WHAT), f"{_WHAT} {path.name}", _COLUMNS, ("exchange", *_NEEDED))
    return texts.select(pl.col("exchange").fill_null("")).hstack(_checked(texts, path.name))


def _checked(texts: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the rows with their types. Raises InputError for the first that is not a correction."""
    texts = texts.with_columns(pl.col("change").str.to_lowercase())
    day, until = (pl.col(column).str.to_date("%Y-%m-%d", strict=False) for column in ("date", "until"))
    change = pl.col("change")
    faults = {
        "has no date such as 2025-06-06": day.is_null(),
        "has an until that is not a date such as 2025-06-06": until.is_null() & pl.col("until").is_not_null(),
        "ends before it begins": until < day,
        f"needs a change: {', '.join(CHANGES)}": ~change.is_in(CHANGES).fill_null(False),
        "has weekdays that are not digits from 1 (Monday) to 7": ~pl.col("weekdays").str.contains(WEEKDAYS),
        **hours_faults(change.is_in(["open", "hours"])),
        "needs a source": pl.col("source").is_null(),
    }
    refuse_faults(texts, faults, f"{_WHAT} {name}")
    return texts.with_columns(day, until).select(*SCHEMA)


def with_corrections(sessions: pl.DataFrame, changes: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Apply the corrections to the sessions in order. Raises InputError for an hour that the clock skips."""
    for row in changes.iter_rows(named=True):
        sessions = _corrected(sessions, row, zone)
    refuse_skipped_hours(sessions, zone)
    return sessions


def with_own_corrections(sessions: pl.DataFrame, changes: pl.DataFrame, zone: str, file: str) -> pl.DataFrame:
    """Apply a user's corrections, from ``file``, as ``with_corrections`` does; warn of those without effect."""
    idle = []
    for row in changes.iter_rows(named=True):
        corrected = _corrected(sessions, row, zone)
        if row["change"] != "halt" and corrected.equals(sessions):
            idle.append(f"{row['change']} on {row['date']}")
        sessions = corrected
    refuse_skipped_hours(sessions, zone)
    if idle:
        rows = f"{counted(len(idle), 'row')} of the corrections file {file}"
        warn(f"{rows} without effect, since the calendar says the same without: {listed(idle, 3)}")
    return sessions


def _corrected(sessions: pl.DataFrame, row: dict[str, Any], zone: str) -> pl.DataFrame:
    """Apply one correction to the sessions."""
    if row["change"] == "halt":
        return sessions
    last = row["until"] or (sessions["session"][-1] if row["weekdays"] and len(sessions) else row["date"])
    covered = pl.col("session").is_between(row["date"], last)
    if row["weekdays"]:
        covered &= pl.col("session").dt.weekday().is_in([int(digit) for digit in row["weekdays"]])
    if row["change"] == "closed":
        return sessions.filter(~covered)
    hours = [at_local(f"{name}_at", row[name], zone) for name in ("opens", "closes")]
    if row["change"] == "hours":
        return sessions.with_columns(
            pl.when(covered).then(hour).otherwise(pl.col(name)).alias(name)
            for name, hour in zip(("opens_at", "closes_at"), hours, strict=True)
        )
    days = pl.DataFrame({"session": pl.date_range(row["date"], last, eager=True)}).filter(covered)
    return pl.concat([sessions.filter(~covered), days.select("session", *hours)]).sort("session")
