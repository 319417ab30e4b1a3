"""Events that somebody else coded, into the table that our coder fills."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from correlator.errors import NotFoundError
from correlator.intake.report import LoadReport, sha256_of, source_name, started
from correlator.store.db import Store
from correlator.store.writing import write_events, write_load, write_rejects
from correlator.tabular import to_polars


def add_events(store: Store, source: str | Path | Any, *, advance: Callable[[int], None] | None = None) -> LoadReport:
    """Load events that somebody else coded: a GDELT 2.0 file, or a CSV or frame with date, category, actors or symbol.

    ``advance`` is told the number of rows of each batch, which is one transaction. Raises NotFoundError for a file that
    does not exist, InputError for one without the columns needed.
    """
    from correlator.events.coded_file import read_coded_lines, read_event_file
    from correlator.news.batch import read_ahead

    path = Path(source_name(source))
    if isinstance(source, str | Path):
        if not path.is_file():
            raise NotFoundError(f"{source} does not exist", hint="give a GDELT file or a CSV of events")
        sha256, batches = sha256_of(path) or "", read_event_file(path)
    else:
        text = to_polars(source, "events").write_csv()
        sha256, batches = hashlib.sha256(text.encode()).hexdigest(), read_coded_lines(io.StringIO(text), path)
    added = known = rejected = first = 0
    for events, rejects in started(read_ahead(batches)):
        keys = pl.int_range(first + 1, first + events.height + 1, eager=True).cast(pl.String)
        first += events.height
        loaded_at = datetime.now(UTC)
        with store.transaction() as connection:
            written = write_events(connection, events.with_columns((sha256[:16] + ":" + keys).alias("event_key")))
            lost = write_rejects(connection, rejects, loaded_at).added
            write_load(connection, "events", str(path), sha256, (written.added, written.known, lost), datetime.now(UTC))
        added, known, rejected = added + written.added, known + written.known, rejected + lost
        if advance is not None:
            advance(events.height + rejects.height)
    return LoadReport("events", str(path), added, known, rejected)
