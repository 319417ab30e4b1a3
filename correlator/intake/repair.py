"""Complete interrupted loads: join stories, date strips, and remove the mark of the load."""

from __future__ import annotations

import duckdb

from correlator.intake.stories import join_pending_stories
from correlator.intake.strips import date_strips
from correlator.store.changes import delete_rows
from correlator.store.db import Store
from correlator.store.statements import execute, query
from correlator.tables import UNFINISHED

_UNDATED = "SELECT DISTINCT article_id FROM quotes WHERE session IS NULL AND session_reason IS NULL"


def repair(store: Store) -> list[str]:
    """Derive stories and dates of strips from the rows in the store, and keep the rows of interrupted loads.

    Returns what was done, one line each. Raises NotFoundError if there is no store.
    """
    with store.reading() as connection:
        ((articles,),) = execute(connection, "SELECT count(*) FROM articles WHERE story_id IS NULL")
    done = []
    if articles:
        join_pending_stories(store)
        done.append(f"{articles:,} articles joined to their stories")
    return done + store.transact(_ended)


def _ended(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Date the strips that are not dated yet, and remove the marks of interrupted loads."""
    done = []
    undated = query(connection, _UNDATED)["article_id"].to_list()
    marks = execute(connection, "SELECT kind, source, rows_taken FROM unfinished ORDER BY started_at")
    symbols = [str(name) for name in query(connection, "SELECT DISTINCT symbol FROM bars")["symbol"]]
    if undated or any(kind == "prices" for kind, _, _ in marks):
        dated = date_strips(connection, articles=undated, symbols=symbols)
        done.append(f"{dated:,} quotes dated")
    delete_rows(connection, UNFINISHED, "true")
    return done + [
        f"kept {rows:,} rows of {kind} from {source}, of an interrupted load" for kind, source, rows in marks
    ]
