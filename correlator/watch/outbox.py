"""The outbox of a watch: rows of the table ``briefs``, written before a delivery and marked after it.

New events are found by their increasing number: the mark moves in the transaction that writes the briefs due for them,
so that each event is processed once, whatever stops the process. One brief is due per story; further articles on it, or
rewordings, cause none. An edit of the briefed article that changes its coding causes a correction, which names the
brief that it corrects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb
import polars as pl

from correlator.brief.subject import coded_version, main_act
from correlator.events.selection.select import fields_of, select_events
from correlator.research.selection import with_concerned
from correlator.store.changes import insert_new, put_rows, update_rows
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.store.writing.events import EVENTS_MARK, highest_event
from correlator.tables import BRIEFS, DELIVERIES, MARKS
from correlator.views import coded_version as coded_row
from correlator.watch.age import Polls, Skipped, skipped_of, with_kinds
from correlator.watch.spec import WatchSpec

CORRECTION = "correction"
WAITING = "waiting for "
"""Prefix of a sink's name for the number of briefs not yet delivered to it."""

_NEW_EVENTS = f"""
    SELECT e.*, a.story_id, a.publisher, a.headline, a.version, a.loaded_at AS read_at, a.source AS feed
    FROM events AS e JOIN articles AS a ON {coded_row("e")}
    WHERE e.event_id > $mark AND a.source IN (SELECT unnest($feeds)) ORDER BY e.known_at, e.event_id
"""
_BRIEFED = """
    SELECT DISTINCT a.story_id FROM briefs AS b JOIN articles AS a ON a.article_id = b.article_id AND a.version = 1
    WHERE a.story_id IN (SELECT unnest($stories))
"""
_OWE = """
    SELECT (SELECT coalesce(max(brief_number), 0) FROM briefs) + row_number() OVER (ORDER BY "order") AS brief_number,
        kind, article_id, version, corrects, $due::TIMESTAMPTZ AS due_at, category, source_country, target_country
    FROM owed
"""
_EDITED = """
    WITH last AS (
        SELECT *, row_number() OVER (PARTITION BY article_id ORDER BY brief_number DESC) AS place FROM briefs
    )
    SELECT l.brief_number, l.article_id, a.version, a.headline, a.body, a.dateline, a.published_at,
        a.publisher, a.agency, l.category, l.source_country, l.target_country,
        a.published_precision <> 'day' AND a.published_at < (
            SELECT min(s.published_at) - INTERVAL 1 MINUTE FROM articles AS s
            WHERE s.article_id = l.article_id AND s.version <= l.version AND s.published_precision <> 'day') AS is_older
    FROM last AS l JOIN articles AS a USING (article_id)
    WHERE l.place = 1 AND a.version > l.version
    QUALIFY row_number() OVER (PARTITION BY a.article_id ORDER BY a.version DESC) = 1
    ORDER BY l.brief_number
"""
_SAID = ("category", "source_country", "target_country")


@dataclass(frozen=True)
class Due:
    """A brief to make: the article's version, since when it is due, and the brief that it corrects."""

    brief_number: int
    kind: str
    article_id: int
    version: int
    corrects: str | None
    due_at: datetime


@dataclass(frozen=True)
class ReadyBrief:
    """A brief ready for delivery: its number, ``brief_id`` and JSON on one line."""

    brief_number: int
    brief_id: str
    content: str


@dataclass(frozen=True)
class Pending:
    """The next work, a batch of each kind: whether events or edits are new (``fresh``), briefs to make (``due``), and
    briefs to deliver by sink (``waiting``); and the stories that were just ``skipped``.
    """

    fresh: bool
    due: list[Due]
    waiting: dict[str, list[ReadyBrief]]
    skipped: Sequence[Skipped] = ()


@dataclass(frozen=True)
class Outbox:
    """The tables ``briefs``, ``deliveries`` and ``marks`` of a store, for these ``sinks``, ``batch`` rows at a time.

    Each step is one transaction of the store and returns the next work.
    """

    store: Store
    sinks: tuple[str, ...]
    batch: int

    def look(self) -> Pending:
        """Return the next work."""
        with self.store.reading() as connection:
            return self._pending(connection)

    def owe(self, spec: WatchSpec, polls: Polls) -> Pending:
        """Write the briefs due for events and edits that are new since the last call."""

        def write(connection: duckdb.DuckDBPyConnection) -> Pending:
            skipped = _owe(connection, spec, polls)
            return replace(self._pending(connection), skipped=skipped)

        return self.store.transact(write)

    def keep(self, made: Sequence[ReadyBrief]) -> Pending:
        """Store the content of briefs, so that a repeated delivery is identical."""

        def write(connection: duckdb.DuckDBPyConnection) -> Pending:
            _keep(connection, made)
            return self._pending(connection)

        return self.store.transact(write)

    def delivered(self, had: Mapping[str, Sequence[int]], now: datetime) -> Pending:
        """Mark briefs as delivered, by sink."""

        def write(connection: duckdb.DuckDBPyConnection) -> Pending:
            _delivered(connection, had, now)
            return self._pending(connection)

        return self.store.transact(write)

    def _pending(self, connection: duckdb.DuckDBPyConnection) -> Pending:
        mark = _marks(connection).get(EVENTS_MARK, 0)
        fresh = highest_event(connection) > mark or not query(connection, _EDITED).is_empty()
        return Pending(
            fresh,
            _due(connection, self.batch),
            {sink: _waiting(connection, sink, self.batch) for sink in self.sinks},
        )


def begin(store: Store, sinks: Sequence[str]) -> None:
    """Record where this watch begins.

    Events already in the store are not news, and briefs made before a sink was added are not due to it.
    """

    def write(connection: duckdb.DuckDBPyConnection) -> None:
        marks = _marks(connection)
        if EVENTS_MARK not in marks:
            _set_mark(connection, EVENTS_MARK, highest_event(connection))
        for sink in sinks:
            if f"sink:{sink}" not in marks:
                newest = query(connection, "SELECT coalesce(max(brief_number), 0) AS newest FROM briefs").item()
                _set_mark(connection, f"sink:{sink}", newest)

    store.transact(write)


def _owe(connection: duckdb.DuckDBPyConnection, spec: WatchSpec, polls: Polls) -> list[Skipped]:
    mark = _marks(connection).get(EVENTS_MARK, 0)
    fresh = query(connection, _NEW_EVENTS, {"mark": mark, "feeds": [feed.name for feed in spec.feeds]})
    news, skipped = _news(connection, fresh, spec, polls)
    owed = pl.concat([news, _corrections(connection, spec.coder)]).with_row_index("order")
    if owed.height:
        connection.register("owed", owed)
        insert_new(connection, BRIEFS, _OWE, {"due": polls.now})
        _keep_versions(connection)
        connection.unregister("owed")
    _set_mark(connection, EVENTS_MARK, highest_event(connection))
    return skipped


def _due(connection: duckdb.DuckDBPyConnection, most: int) -> list[Due]:
    rows = query(
        connection,
        """
        SELECT b.brief_number, b.kind, b.article_id, b.version, c.brief_id AS corrects, b.due_at
        FROM briefs AS b LEFT JOIN briefs AS c ON c.brief_number = b.corrects
        WHERE b.content IS NULL ORDER BY b.brief_number LIMIT $most
        """,
        {"most": most},
    )
    return [Due(*row) for row in rows.iter_rows()]


def _keep(connection: duckdb.DuckDBPyConnection, made: Sequence[ReadyBrief]) -> None:
    rows = pl.DataFrame(
        [(each.brief_number, each.brief_id, each.content) for each in made],
        schema={"brief_number": pl.Int64, "brief_id": pl.String, "content": pl.String},
        orient="row",
    )
    connection.register("made", rows)
    unmade = "SELECT m.* FROM made AS m JOIN briefs AS b USING (brief_number) WHERE b.content IS NULL"
    update_rows(connection, BRIEFS, ("brief_id", "content"), unmade)
    connection.unregister("made")


def _waiting(connection: duckdb.DuckDBPyConnection, sink: str, most: int) -> list[ReadyBrief]:
    rows = query(
        connection,
        """
        SELECT brief_number, brief_id, content FROM briefs AS b
        WHERE content IS NOT NULL AND brief_number > coalesce((SELECT place FROM marks WHERE name = $mark), 0)
            AND NOT EXISTS (
                SELECT 1 FROM deliveries AS d WHERE d.brief_number = b.brief_number AND d.sink = $sink)
        ORDER BY brief_number LIMIT $most
        """,
        {"sink": sink, "mark": f"sink:{sink}", "most": most},
    )
    return [ReadyBrief(*row) for row in rows.iter_rows()]


def _delivered(connection: duckdb.DuckDBPyConnection, had: Mapping[str, Sequence[int]], now: datetime) -> None:
    frame = pl.DataFrame(
        [(number, sink, now) for sink, numbers in had.items() for number in numbers],
        schema={"brief_number": pl.Int64, "sink": pl.String, "delivered_at": pl.Datetime("us", "UTC")},
        orient="row",
    )
    connection.register("had", frame)
    insert_new(connection, DELIVERIES, "SELECT * FROM had ANTI JOIN deliveries USING (brief_number, sink)")
    connection.unregister("had")


def counts(store: Store, sinks: Sequence[str]) -> dict[str, int]:
    """Return the numbers of briefs owed, made, and waiting by sink."""
    with store.reading() as connection:
        owed, made = query(connection, "SELECT count(*) AS owed, count(content) AS made FROM briefs").row(0)
        waiting = {f"{WAITING}{sink}": len(_waiting(connection, sink, 1_000_000)) for sink in sinks}
    return {"owed": owed - made, "made": made, **waiting}


def _news(
    connection: duckdb.DuckDBPyConnection, fresh: pl.DataFrame, spec: WatchSpec, polls: Polls
) -> tuple[pl.DataFrame, list[Skipped]]:
    """Return one row per selected story without a brief, for its first article; and the stories without a row."""
    if fresh.is_empty():
        return pl.DataFrame(schema=_OWED), []
    events = with_concerned(connection, fresh, fields_of(spec.events)) if spec.events else fresh
    chosen = select_events(events, spec.events, publishers=())  # a publisher may have no events yet
    known = query(connection, _BRIEFED, {"stories": chosen["story_id"].unique().to_list()})["story_id"]
    retold = pl.col("story_id").is_in(known.implode())
    told = with_kinds(connection, chosen.remove(retold), spec, polls)
    due = told.drop_nulls("kind")
    first = due.unique("story_id", keep="first", maintain_order=True)
    rows = [
        (row["kind"], row["article_id"], 1, None, *(row[name] for name in _SAID)) for row in first.iter_rows(named=True)
    ]
    skipped = skipped_of(told.join(due, on="story_id", how="anti"), chosen.filter(retold))
    return pl.DataFrame(rows, schema=_OWED, orient="row"), skipped


def _corrections(connection: duckdb.DuckDBPyConnection, coder: str) -> pl.DataFrame:
    """Return one row per briefed article whose newest version codes differently, or states an earlier publication;
    mark the others as seen.
    """
    rows = []
    for row in query(connection, _EDITED).iter_rows(named=True):
        coded = main_act(coded_version(row, coder))
        if row["is_older"] or coded != tuple(row[name] for name in _SAID):
            rows.append((CORRECTION, row["article_id"], row["version"], row["brief_number"], *coded))
        else:
            seen = "SELECT $number::BIGINT AS brief_number, $version::INTEGER AS version"
            values = {"version": row["version"], "number": row["brief_number"]}
            update_rows(connection, BRIEFS, ("version",), seen, parameters=values)
    return pl.DataFrame(rows, schema=_OWED, orient="row")


def _keep_versions(connection: duckdb.DuckDBPyConnection) -> None:
    """Set the version of a story's brief to the newest one in the store."""
    update_rows(
        connection,
        BRIEFS,
        ("version",),
        """
        SELECT b.brief_number, newest.version FROM briefs AS b
        JOIN (SELECT article_id, max(version) AS version FROM articles GROUP BY article_id) AS newest USING (article_id)
        WHERE b.content IS NULL AND b.kind <> 'correction' AND b.version < newest.version
        """,
    )


_OWED = {
    "kind": pl.String(),
    "article_id": pl.Int64(),
    "version": pl.Int32(),
    "corrects": pl.Int64(),
    "category": pl.String(),
    "source_country": pl.String(),
    "target_country": pl.String(),
}


def _marks(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(query(connection, "SELECT name, place FROM marks").iter_rows())


def _set_mark(connection: duckdb.DuckDBPyConnection, name: str, place: int) -> None:
    put_rows(connection, MARKS, "SELECT $name AS name, $place::BIGINT AS place", {"name": name, "place": place})
