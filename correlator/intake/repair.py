"""What a stopped load left half done, done: stories joined, strips dated, its mark taken away."""

from __future__ import annotations

from correlator.intake.stories import join_pending_stories
from correlator.intake.strips import date_strips
from correlator.store.db import Store
from correlator.store.statements import execute, query

_UNDATED = "SELECT DISTINCT article_id FROM quotes WHERE session IS NULL AND session_reason IS NULL"


def repair(store: Store) -> list[str]:
    """Derive what follows from the rows that are in the store, and keep those of loads that have not ended.

    Returns what was done, one line each. Raises NotFoundError where there is no store.
    """
    with store.reading() as connection:
        ((articles,),) = execute(connection, "SELECT count(*) FROM articles WHERE story_id IS NULL")
    done = []
    if articles:
        join_pending_stories(store)
        done.append(f"{articles:,} articles joined to their stories")
    with store.transaction() as connection:
        undated = query(connection, _UNDATED)["article_id"].to_list()
        marks = execute(connection, "SELECT kind, source, rows_taken FROM unfinished ORDER BY started_at")
        symbols = [str(name) for name in query(connection, "SELECT DISTINCT symbol FROM bars")["symbol"]]
        if undated or any(kind == "prices" for kind, _, _ in marks):
            dated = date_strips(connection, articles=undated, symbols=symbols)
            done.append(f"{dated:,} quotes dated")
        execute(connection, "DELETE FROM unfinished")
        done += [
            f"kept {rows:,} rows of {kind} from {source}, a load that had not ended" for kind, source, rows in marks
        ]
    return done
