"""Write events and the links of articles to instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from correlator.store.changes import insert_new
from correlator.store.identity import EVENT_KEY, GDELT_ID_OF_EVIDENCE, USER_ID_OF_KEY
from correlator.store.repeats import write_repeats
from correlator.store.statements import query
from correlator.store.writing.loads import Written, of_load
from correlator.tables import EVENTS, LINKS
from correlator.views import LINK_EVIDENCE

if TYPE_CHECKING:
    import polars as pl

EVENTS_MARK = "events"
"""The mark of a watch: the number of the last event that it has considered."""


def write_events(connection: duckdb.DuckDBPyConnection, events: pl.DataFrame) -> Written:
    """Insert events (columns of ``tables.EVENTS`` without event_id) with a new key, numbered in order."""
    if events.is_empty():
        return Written(0, 0)
    import polars as pl

    distinct = events.unique("event_key", maintain_order=True)
    connection.register("fresh_events", distinct.select("event_key"))
    known = query(connection, "SELECT event_key FROM fresh_events SEMI JOIN events USING (event_key)")
    highest = highest_event(connection)
    if known.height:
        write_repeats(connection, EVENTS, "SELECT * FROM events SEMI JOIN fresh_events USING (event_key)")
    connection.unregister("fresh_events")
    fresh = distinct.join(known, on="event_key", how="anti", maintain_order="left").with_row_index(
        "event_id", highest + 1
    )
    connection.register("new_events", fresh.with_columns(pl.col("event_id").cast(pl.Int64)))
    added = insert_new(connection, EVENTS, of_load("SELECT * FROM new_events"))
    connection.unregister("new_events")
    return Written(added, events.height - added)


def highest_event(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the highest event number that was used, also by an event that is gone but that a watch has considered."""
    numbers = "SELECT event_id FROM events UNION ALL SELECT place FROM marks WHERE name = $mark"
    highest: int = query(
        connection, f"SELECT coalesce(max(event_id), 0) AS highest FROM ({numbers})", {"mark": EVENTS_MARK}
    ).item()
    return highest


def write_outside_events(connection: duckdb.DuckDBPyConnection, events: pl.DataFrame) -> tuple[Written, pl.DataFrame]:
    """Insert events coded elsewhere whose content is new (``identity.EVENT_KEY``).

    ``events``: columns of ``tables.EVENTS`` without event_id and event_key, plus user_id (text, empty if the user gave
    none) and source_line. Returns the counts, and the rows that were skipped because another event has their id:
    source_line, user_id.
    """
    import polars as pl

    connection.register("outside_events", events.with_row_index("order"))
    keyed = query(
        connection,
        f"""
        WITH keyed AS (
            SELECT *, {EVENT_KEY} AS event_key
            FROM (SELECT *, {GDELT_ID_OF_EVIDENCE} AS gdelt_id FROM outside_events)
        ), ids AS (
            SELECT user_id, event_key, -1 AS "order" FROM (
                SELECT {USER_ID_OF_KEY} AS user_id, event_key FROM events WHERE coder = 'user'
            ) WHERE user_id IN (SELECT user_id FROM outside_events WHERE user_id <> '')
            UNION ALL SELECT user_id, event_key, "order" FROM keyed WHERE user_id <> ''
        ), first AS (SELECT user_id, arg_min(event_key, "order") AS first_key FROM ids GROUP BY user_id)
        SELECT keyed.*, coalesce(first.first_key <> keyed.event_key, false) AS other
        FROM keyed LEFT JOIN first USING (user_id) ORDER BY keyed."order"
        """,
    )
    connection.unregister("outside_events")
    contradicting = keyed.filter("other").select("source_line", "user_id")
    names = [name for name in EVENTS.column_names if name != "event_id"]
    return write_events(connection, keyed.filter(~pl.col("other")).select(names)), contradicting


def write_links(connection: duckdb.DuckDBPyConnection, links: pl.DataFrame) -> Written:
    """Insert links between articles and instruments, with the ``version`` of the article that each was found in.

    A link that several versions have is that of the first; one that only a later version has says so. Links belong to
    the load of their column ``load_id``, without it to the current one.
    """
    owned = "load_id" in links.columns
    connection.register("links_of_versions", links.with_row_index("order"))
    names = ", ".join(LINKS.stored_names if owned else LINKS.column_names).replace(
        "evidence", f"{LINK_EVIDENCE} AS evidence"
    )
    rows = query(connection, f'SELECT {names} FROM links_of_versions ORDER BY version, "order"')
    connection.unregister("links_of_versions")
    if rows.is_empty():
        return Written(0, 0)
    connection.register("fresh_links", rows.unique(list(LINKS.key), keep="first", maintain_order=True))
    fresh = "SELECT * FROM fresh_links"
    added = insert_new(connection, LINKS, fresh if owned else of_load(fresh))
    if added < rows.height:
        key = ", ".join(f'"{name}"' for name in LINKS.key)
        write_repeats(connection, LINKS, f"SELECT * FROM links SEMI JOIN fresh_links USING ({key})")
    connection.unregister("fresh_links")
    return Written(added, rows.height - added)
