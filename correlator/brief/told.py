"""The earliest telling of a story that the store has."""

from __future__ import annotations

from datetime import datetime

import duckdb

from correlator.brief.model import Telling
from correlator.store.statements import query

_EARLIEST = """
    SELECT article_id, publisher, published_at, published_precision FROM articles
    WHERE story_id = $story AND (version = 1 OR loaded_at <= $at::TIMESTAMPTZ)
        AND published_at + CASE WHEN published_precision = 'day' THEN INTERVAL 1 DAY ELSE INTERVAL 0 DAY END
            <= $known::TIMESTAMPTZ - INTERVAL 1 MINUTE
    ORDER BY published_at, article_id LIMIT 1
"""


def told_before(
    connection: duckdb.DuckDBPyConnection, story_id: int | None, known_at: datetime, at: datetime
) -> Telling | None:
    """Return the earliest telling of a story that was public a minute or more before ``known_at``, or None.

    A telling with only a date counts as public once that date is over.
    """
    rows = query(connection, _EARLIEST, {"story": story_id, "known": known_at, "at": at})
    return None if rows.is_empty() else Telling(*rows.row(0))
