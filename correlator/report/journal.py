"""What runs of a report came to: one line of JSON when a run starts and one when it ends, next to the report's files.

This is the only place with the time of the clock; the files of a report have none, so that they can be the same twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from correlator.errors import CorrelatorError

JOURNAL = "journal.jsonl"
_SCHEMA = {
    "report": pl.String(),
    "session": pl.String(),
    "status": pl.String(),
    "started_at": pl.String(),
    "seconds": pl.Float64(),
    "message": pl.String(),
}


@dataclass
class RunNote:
    """What the running report tells its journal."""

    session: str | None = None
    status: str = "failed"
    message: str = ""


@contextmanager
def journalled(home: Path) -> Iterator[RunNote]:
    """Write the run's start and its end into the journal of ``home``; an error is noted and goes on."""
    started = datetime.now(UTC)
    run = f"{started:%Y%m%dT%H%M%S.%f}-{os.getpid()}"
    _append(home, {"run": run, "started_at": started.isoformat(timespec="seconds")})
    note = RunNote()
    try:
        yield note
    except CorrelatorError as error:
        note.status, note.message = "failed", str(error)
        raise
    finally:
        seconds = round((datetime.now(UTC) - started).total_seconds(), 3)
        end = {"session": note.session, "status": note.status, "message": note.message, "seconds": seconds}
        _append(home, {"run": run, **end})


def read_journal(home: Path, last: int = 10) -> pl.DataFrame:
    """The last runs of the report at ``home``, newest first: report, session, status, started_at, seconds, message.

    ``status``: written, unchanged, skipped or failed; ``unfinished`` where a run was killed or is still going.
    """
    runs: dict[str, dict[str, object]] = {}
    path = home / JOURNAL
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue  # the line that a killed run could not end
        runs.setdefault(entry["run"], {"report": home.name, "status": "unfinished"}).update(entry)
    newest = list(runs.values())[::-1][:last]
    return pl.DataFrame([{name: run.get(name) for name in _SCHEMA} for run in newest], schema=_SCHEMA)


def _append(home: Path, entry: dict[str, object]) -> None:
    """One write of one line, so that runs at the same time do not mix."""
    line = json.dumps(entry, ensure_ascii=False) + "\n"
    handle = os.open(home / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)
