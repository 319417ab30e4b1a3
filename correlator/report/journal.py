"""The journal of a report's runs, next to its files: a line of JSON when a run starts, and one when it ends.

Only the journal records the wall-clock time; the files of a report do not, so that they are reproducible.
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
    """What a running report writes to its journal."""

    session: str | None = None
    status: str = "failed"
    message: str = ""


@contextmanager
def journalled(home: Path) -> Iterator[RunNote]:
    """Write the start and the end of the run to the journal of ``home``; an error is recorded and raised again."""
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
    """Return the last runs of the report at ``home``, newest first: report, session, status, started_at, seconds,
    message.

    ``status``: written, unchanged, skipped or failed; ``unfinished`` if a run was killed or is still running.
    """
    runs: dict[str, dict[str, object]] = {}
    path = home / JOURNAL
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue  # incomplete line of a killed run
        runs.setdefault(entry["run"], {"report": home.name, "status": "unfinished"}).update(entry)
    newest = list(runs.values())[::-1][:last]
    return pl.DataFrame([{name: run.get(name) for name in _SCHEMA} for run in newest], schema=_SCHEMA)


def _append(home: Path, entry: dict[str, object]) -> None:
    """Append one line with a single write, so that concurrent runs do not interleave."""
    line = json.dumps(entry, ensure_ascii=False) + "\n"
    handle = os.open(home / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)
