"""Load events coded elsewhere into the table of coded events."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.files import is_file
from correlator.base.tabular import csv_of, to_polars
from correlator.errors import NotFoundError
from correlator.intake.parts import Connection, Tally, load_parts
from correlator.intake.report import LoadReport, sha256_of, source_name, started
from correlator.store.db import Store
from correlator.store.unfinished import Load
from correlator.store.writing.events import write_outside_events
from correlator.store.writing.news import write_rejects

_Part = tuple[pl.DataFrame, pl.DataFrame]
UNKNOWN_ACTORS = "with an actor that is not a country or organisation we know"


def add_events(store: Store, source: str | Path | Any, *, advance: Callable[[int], None] | None = None) -> LoadReport:
    """Load events coded elsewhere: a GDELT 2.0 file, or a CSV or frame with date, category, actors or symbol.

    An event is identified by its content (in GDELT by GLOBALEVENTID), not by file and row, so a file that has grown, or
    is compressed or ordered differently, only adds new events. A row with the id of a different event is a reject.
    ``advance`` is called with the number of rows of each batch. Raises NotFoundError if the file does not exist, and
    InputError if it lacks the required columns.
    """
    from correlator.events.files.coded_file import WrittenDays, read_coded_lines, read_event_file
    from correlator.news.batch import read_ahead

    name = source_name(source)
    path = Path(source) if isinstance(source, str | Path) else Path(name)
    if isinstance(source, str | Path):
        if not is_file(path):
            raise NotFoundError(f"{source} does not exist", hint="give a GDELT file or a CSV of events")
        sha256, batches = sha256_of(path) or "", read_event_file(path)
    else:
        frame = to_polars(source, "events")
        text = csv_of(frame)
        days = WrittenDays(lambda: frame, name)
        sha256, batches = (
            hashlib.sha256(text.encode()).hexdigest(),
            read_coded_lines(io.StringIO(text), path, days=days),
        )

    def write(connection: Connection, part: _Part) -> Tally:
        return _write(connection, part, name)

    load = Load("events", name, sha256)
    total = load_parts(store, load, started(read_ahead(batches), name), write, advance=advance)
    return LoadReport("events", name, total.added, total.known, total.rejected, total.details)


def _write(connection: Connection, part: _Part, source: str) -> Tally:
    """Write a batch of events, and as rejects those whose id belongs to a different event."""
    from correlator.news.batch import REJECT_SCHEMA, reject

    events, rejects = part
    written, contradicting = write_outside_events(connection, events)
    reason = "id {!r} is already the id of an event that says something else"
    conflicts = [
        reject(source, line, reason.format(user_id), user_id)
        for line, user_id in contradicting.select("source_line", "user_id").rows()
    ]
    rejects = pl.concat([rejects, pl.DataFrame(conflicts, schema=REJECT_SCHEMA)])
    write_rejects(connection, rejects, datetime.now(UTC))
    return Tally(written.added, written.known, rejects.height, Counter({UNKNOWN_ACTORS: _unknown_actors(events)}))


def _unknown_actors(events: pl.DataFrame) -> int:
    """Return the number of a user's events with an actor that is not a known country or organisation."""
    from correlator.events.vocabulary.actors import country_codes

    known = pl.Series(sorted(country_codes()))
    unknown = [~pl.col(f"{side}_country").is_in(known.implode()).fill_null(value=True) for side in ("source", "target")]
    return events.filter(pl.any_horizontal(unknown) & (pl.col("coder") == "user")).height
