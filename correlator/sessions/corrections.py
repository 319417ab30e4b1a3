"""Dated and sourced corrections of exchange calendars, shipped or a user's own.

A corrections file is a CSV with the columns of ``SCHEMA``. Those in ``data/sessions`` are named after the calendar or
exchange that they correct; a user's file, given by ``$CORRELATOR_SESSIONS`` or ``--sessions``, also has a column
``exchange``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
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
_COLUMNS = ("exchange", *SCHEMA)
_NEEDED = ("date", "change", "source")
_CLOCK = "^([01][0-9]|2[0-3]|[0-9]):[0-5][0-9]$"
_HINT = "see docs/market.md"
_SHOWN = 80


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


def corrections_of(code: str, calendar: str, user: pl.DataFrame | None) -> pl.DataFrame:
    """Return the corrections of one exchange: its calendar's, its own, then the user's, which take precedence.

    ``user``: rows of ``read_user_corrections``, of any exchange.
    """
    parts = [pl.DataFrame(schema=SCHEMA)]
    for name in dict.fromkeys((calendar, code)):
        try:
            parts.append(read_corrections(data_path("sessions", f"{name}.csv")))
        except NotFoundError:
            continue
    if user is not None:
        parts.append(user.filter(pl.col("exchange").is_in([code, calendar])).select(*SCHEMA))
    return pl.concat(parts)


def read_corrections(path: Path) -> pl.DataFrame:
    """Return the rows of a corrections file in the columns of ``SCHEMA``.

    Columns that only some changes need (until, weekdays, opens, closes, note) may be missing. Raises InputError for a
    file without the other columns, and for the first row that is not a correction, with what is wrong in it.
    """
    return _checked(_texts(path, _NEEDED), path.name)


def read_user_corrections(path: Path) -> pl.DataFrame:
    """Return the rows of a user's corrections file: its column ``exchange``, then as ``read_corrections``."""
    texts = _texts(path, ("exchange", *_NEEDED))
    return texts.select(pl.col("exchange").fill_null("")).hstack(_checked(texts, path.name))


def _texts(path: Path, needed: Sequence[str]) -> pl.DataFrame:
    """Return the known columns of the file as text without spaces around it; empty cells are null."""
    try:
        rows = read_csv(path, infer_schema=False)
    except InputError as problem:
        raise InputError(f"corrections file {path.name} cannot be read: {problem}", hint=_HINT) from None
    rows = rows.rename({name: name.strip().lower() for name in rows.columns if name.strip().lower() in _COLUMNS})
    missing = [name for name in needed if name not in rows.columns]
    if missing:
        raise InputError(f"corrections file {path.name}: missing columns {', '.join(missing)}", hint=_HINT)
    cells = (
        pl.col(name).str.strip_chars().replace("", None)
        if name in rows.columns
        else pl.lit(None, pl.String).alias(name)
        for name in _COLUMNS
    )
    return rows.select(*cells)


def _checked(texts: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the rows with their types. Raises InputError for the first that is not a correction."""
    rows = texts.with_columns(pl.col("change").str.to_lowercase()).select(
        pl.col(column).str.to_date("%Y-%m-%d", strict=False) if kind == pl.Date else pl.col(column)
        for column, kind in SCHEMA.items()
    )
    day, until, change = pl.col("date"), pl.col("until"), pl.col("change")
    has_hours = change.is_in(["open", "hours"])
    clocks = [pl.col(column).str.contains(_CLOCK).fill_null(False) for column in ("opens", "closes")]
    minutes = [pl.col(column).str.to_time("%H:%M", strict=False) for column in ("opens", "closes")]
    faults = {
        "has no date such as 2025-06-06": day.is_null(),
        "has an until that is not a date such as 2025-06-06": until.is_null() & pl.Series(texts["until"].is_not_null()),
        "ends before it begins": (until < day).fill_null(False),
        f"needs a change: {', '.join(CHANGES)}": ~change.is_in(CHANGES).fill_null(False),
        "has weekdays that are not digits from 1 (Monday) to 7": ~pl.col("weekdays").str.contains("^[1-7]+$"),
        "needs opens and closes as local times such as 09:30": has_hours & ~(clocks[0] & clocks[1]),
        "closes before it opens": has_hours & (minutes[1] <= minutes[0]).fill_null(False),
        "needs a source": pl.col("source").is_null(),
    }
    for fault, is_wrong in faults.items():
        wrong = rows.select(is_wrong.fill_null(False).arg_true())
        if len(wrong):
            row = wrong.item(0, 0)
            shown = ",".join(text or "" for text in texts.row(row))
            raise InputError(f"corrections file {name}: row {row + 1} ({shown[:_SHOWN]}) {fault}", hint=_HINT)
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
            days = pl.DataFrame({"session": pl.date_range(row["date"], last, eager=True)}).filter(covered)
            sessions = pl.concat([sessions.filter(~covered), days.select("session", *hours)]).sort("session")
    return sessions


def _at(name: str, time: str, zone: str) -> pl.Expr:
    """Return the instant of the local ``time`` on the session's date."""
    hour, minute = (int(part) for part in time.split(":"))
    clock = pl.col("session").cast(pl.Datetime("us")) + pl.duration(hours=hour, minutes=minute)
    return clock.dt.replace_time_zone(zone).dt.convert_time_zone("UTC").alias(name)
