"""Events that somebody else coded, into the table that our coder fills."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.tabular import csv_of, to_polars
from correlator.errors import NotFoundError
from correlator.intake.parts import Connection, Tally, load_parts
from correlator.intake.report import LoadReport, sha256_of, source_name, started
from correlator.store.db import Store
from correlator.store.unfinished import Load
from correlator.store.writing import write_outside_events, write_rejects

_Part = tuple[pl.DataFrame, pl.DataFrame]
UNKNOWN_ACTORS = "with an actor that is not a country or organisation we know"


def add_events(store: Store, source: str | Path | Any, *, advance: Callable[[int], None] | None = None) -> LoadReport:
    """Load events that somebody else coded: a GDELT 2.0 file, or a CSV or frame with date, category, actors or symbol.

    An event is known by what it says (GDELT's by GLOBALEVENTID), not by file and row: a file that has grown, or is
    packed or ordered otherwise, adds what is new. A row whose id is another event's is a reject. ``advance`` is told
    the number of rows of each batch. Raises NotFoundError for a file that does not exist, InputError for one without
    the columns needed.
    """
    from correlator.events.files.coded_file import WrittenDays, read_coded_lines, read_event_file
    from correlator.news.batch import read_ahead

    name = source_name(source)
    path = Path(source) if isinstance(source, str | Path) else Path(name)
    if isinstance(source, str | Path):
        if not path.is_file():
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
    from correlator.news.batch import REJECT_SCHEMA, reject

    events, rejects = part
    written, contradicting = write_outside_events(connection, events)
    reason = "id {!r} is already the id of an event that says something else"
    others = [
        reject(source, line, reason.format(user_id), user_id)
        for line, user_id in contradicting.select("source_line", "user_id").rows()
    ]
    refused = pl.concat([rejects, pl.DataFrame(others, schema=REJECT_SCHEMA)])
    write_rejects(connection, refused, datetime.now(UTC))
    return Tally(written.added, written.known, refused.height, Counter({UNKNOWN_ACTORS: _strangers(events)}))


def _strangers(events: pl.DataFrame) -> int:
    """How many of a user's events have an actor that is not a country or organisation we know."""
    from correlator.events.vocabulary.actors import country_codes

    known = pl.Series(sorted(country_codes()))
    strange = [~pl.col(f"{side}_country").is_in(known.implode()).fill_null(value=True) for side in ("source", "target")]
    return events.filter(pl.any_horizontal(strange) & (pl.col("coder") == "user")).height
