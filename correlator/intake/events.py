"""Events that somebody else coded, into the table that our coder fills."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from correlator.errors import NotFoundError
from correlator.intake.report import LoadReport, sha256_of, started
from correlator.store.db import Store
from correlator.store.writing import write_events, write_load, write_rejects


def add_events(store: Store, source: str | Path) -> LoadReport:
    """Load events that somebody else coded: a GDELT 2.0 file, or a CSV with date, category and actors or symbol."""
    from correlator.events.coded_file import read_event_file

    path = Path(source)
    if not path.is_file():
        raise NotFoundError(f"{source} does not exist", hint="give a GDELT file or a CSV of events")
    sha256 = sha256_of(path) or ""
    added = known = rejected = first = 0
    for events, rejects in started(read_event_file(path)):
        keys = pl.int_range(first + 1, first + events.height + 1, eager=True).cast(pl.String)
        first += events.height
        loaded_at = datetime.now(UTC)
        with store.transaction() as connection:
            written = write_events(connection, events.with_columns((sha256[:16] + ":" + keys).alias("event_key")))
            lost = write_rejects(connection, rejects, loaded_at).added
            write_load(connection, "events", str(path), sha256, (written.added, written.known, lost), datetime.now(UTC))
        added, known, rejected = added + written.added, known + written.known, rejected + lost
    return LoadReport("events", str(path), added, known, rejected)
