"""Dated and sourced corrections of exchange calendars, shipped or a user's own.

A corrections file is a CSV with the columns of ``SCHEMA``. Those in ``data/sessions`` are named after the calendar or
exchange that they correct; a user's file, given by ``$CORRELATOR_SESSIONS`` or ``--sessions``, also has a column
``exchange``.
"""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from correlator.base.files import read_csv
from correlator.base.resources import SESSIONS_VARIABLE, data_path
from correlator.errors import InputError, NotFoundError

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


def user_file() -> Path | None:
    """Return the user's corrections file, or None; raise NotFoundError if the one in the environment does not exist."""
    named = os.environ.get(SESSIONS_VARIABLE, "").strip()
    if not named:
        return None
    path = Path(named)
    if not path.is_file():
        raise NotFoundError(
            f"corrections file {named} does not exist", hint=f"correct ${SESSIONS_VARIABLE} or --sessions"
        )
    return path


def user_file_state() -> tuple[str, int, int] | None:
    """Return name, modification time and size of the user's file, which identify its state; None without a file."""
    path = user_file()
    if path is None:
        return None
    state = path.stat()
    return str(path.resolve()), state.st_mtime_ns, state.st_size


def corrections_of(code: str, calendar: str, user: Path | None) -> pl.DataFrame:
    """Return the corrections of one exchange: its calendar's, its own, then the user's, which take precedence."""
    parts = [pl.DataFrame(schema=SCHEMA)]
    for name in dict.fromkeys((calendar, code)):
        try:
            parts.append(read_corrections(data_path("sessions", f"{name}.csv")))
        except NotFoundError:
            continue
    if user is not None:
        parts.append(_of_user(user, code, calendar))
    return pl.concat(parts)


def _of_user(path: Path, code: str, calendar: str) -> pl.DataFrame:
    columns = read_csv(path, infer_schema=False)
    if "exchange" not in columns.columns:
        raise InputError(f"corrections file {path.name}: column 'exchange' is missing", hint="see docs/market.md")
    meant = columns["exchange"].str.strip_chars().is_in([code, calendar]).fill_null(False)
    return read_corrections(path).filter(meant)


def read_corrections(path: Path) -> pl.DataFrame:
    """Return the rows of a corrections file; raise InputError for a missing column, date, change or source."""
    try:
        rows = read_csv(path, schema_overrides=SCHEMA)
    except InputError as problem:
        raise InputError(f"corrections file {path.name} cannot be read: {problem}", hint="see docs/market.md") from None
    missing = [name for name in SCHEMA if name not in rows.columns]
    if missing:
        raise InputError(
            f"corrections file {path.name}: missing columns {', '.join(missing)}", hint="see docs/market.md"
        )
    rows = rows.select(*SCHEMA)
    wrong = rows.filter(~pl.col("change").is_in(CHANGES) | pl.col("date").is_null() | pl.col("source").is_null())
    if not wrong.is_empty():
        raise InputError(
            f"corrections file {path.name}: row {wrong.row(0)} needs a date, a source and a change",
            hint=f"change is one of {', '.join(CHANGES)}",
        )
    return rows


def with_corrections(sessions: pl.DataFrame, changes: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Apply the corrections to the sessions in order."""
    for row in changes.iter_rows(named=True):
        if row["change"] == "halt":
            continue
        last = row["until"] or (sessions["session"][-1] if row["weekdays"] else row["date"])
        covered = pl.col("session").is_between(row["date"], last)
        if row["weekdays"]:
            covered &= pl.col("session").dt.weekday().is_in([int(digit) for digit in row["weekdays"]])
        if row["change"] == "closed":
            sessions = sessions.filter(~covered)
            continue
        hours = (_at("opens_at", row["opens"], zone), _at("closes_at", row["closes"], zone))
        if row["change"] == "hours":
            sessions = sessions.with_columns(
                pl.when(covered).then(hour).otherwise(pl.col(name)).alias(name)
                for name, hour in zip(("opens_at", "closes_at"), hours, strict=True)
            )
        else:
            days = pl.DataFrame({"session": pl.date_range(row["date"], last, eager=True)}).select("session", *hours)
            sessions = pl.concat([sessions.filter(~covered), days]).sort("session")
    return sessions


def _at(name: str, time: str, zone: str) -> pl.Expr:
    """Return the instant of the local ``time`` on the session's date."""
    hour, minute = (int(part) for part in time.split(":"))
    clock = pl.col("session").cast(pl.Datetime("us")) + pl.duration(hours=hour, minutes=minute)
    return clock.dt.replace_time_zone(zone).dt.convert_time_zone("UTC").alias(name)
