"""Stories of stored articles: join new articles with the existing stories that they repeat."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import duckdb
import polars as pl

from correlator.news.stories.joining import WINDOW, cluster_stories
from correlator.store.changes import update_rows
from correlator.store.db import Store
from correlator.store.statements import execute, query
from correlator.tables import ARTICLES

SLICE_ROWS = 25_000
ATTEMPTS = 3
_Span = tuple[datetime, datetime]

_PENDING = """
    SELECT min(published_at) AS first, max(published_at) AS last FROM (
        SELECT published_at FROM articles WHERE story_id IS NULL AND published_at IS NOT NULL
        ORDER BY published_at LIMIT $rows)
"""
# Later articles without a story are left out; they are compared in their own slice.
_NEIGHBOURS = """
    SELECT article_id, coalesce(story_id, article_id) AS story_id, headline, published_at, story_id IS NULL AS fresh
    FROM articles
    WHERE version = 1 AND published_at BETWEEN $first - $window AND $last + $window
        AND (story_id IS NOT NULL OR published_at <= $last)
    ORDER BY article_id
"""
_OWN_STORY = """
    WITH waiting AS (
        SELECT article_id, version FROM articles
        WHERE story_id IS NULL AND ($first::TIMESTAMPTZ IS NULL OR published_at BETWEEN $first AND $last)
    ), known AS (
        SELECT article_id, any_value(story_id) AS story_id FROM articles
        WHERE story_id IS NOT NULL AND article_id IN (SELECT article_id FROM waiting) GROUP BY article_id
    )
    SELECT article_id, version, coalesce(known.story_id, article_id) AS story_id
    FROM waiting LEFT JOIN known USING (article_id)
"""
_JOINED = """
    SELECT a.article_id, a.version, m.joined AS story_id FROM articles AS a JOIN moved AS m ON a.story_id = m.story_id
"""


def join_stories(connection: duckdb.DuckDBPyConnection) -> int:
    """Give every article without a story one, and join stories with the same content; returns the number joined.

    The number of a story is that of its first article in the store. Only articles within the clustering window of each
    other are compared. New articles are processed in order of time, in slices, which bounds memory.
    """
    joined = 0
    while span := _pending(connection):
        joined += _write(connection, span, _moved(_near(connection, span)))
    _own_stories(connection, None)
    return joined


def join_pending_stories(store: Store) -> int:
    """As ``join_stories``, for many articles: stories are compared without locking the store.

    A slice is written only if no story has changed in the meantime; otherwise it is compared again, in the last attempt
    with the store locked. If interrupted, it can be run again.
    """
    joined = 0
    for _ in range(ATTEMPTS - 1):
        while True:
            with store.reading() as connection:
                before, span = _fingerprint(connection), _pending(connection)
                near = _near(connection, span) if span else None
            if span is None or near is None:
                break
            written = store.transact(partial(_written_if_same, before, span, _moved(near)))
            if written is None:
                break
            joined += written
    return joined + store.transact(join_stories)


def _written_if_same(
    before: tuple[Any, ...], span: _Span, moved: pl.DataFrame, connection: duckdb.DuckDBPyConnection
) -> int | None:
    """Write and return the number of stories joined, or return None if a story has changed since ``before``."""
    return _write(connection, span, moved) if _fingerprint(connection) == before else None


def _pending(connection: duckdb.DuckDBPyConnection) -> _Span | None:
    """Return the first and last time of the earliest ``SLICE_ROWS`` articles without a story, or None."""
    ((first, last),) = query(connection, _PENDING, {"rows": SLICE_ROWS}).rows()
    return None if first is None else (first, last)


def _near(connection: duckdb.DuckDBPyConnection, span: _Span) -> pl.DataFrame:
    """Return the articles of ``span`` without a story and those within the clustering window that have one."""
    return query(connection, _NEIGHBOURS, {"first": span[0], "last": span[1], "window": WINDOW})


def _moved(near: pl.DataFrame) -> pl.DataFrame:
    """Return the stories to join to another: story_id, joined. Articles that have a story are not compared again."""
    clusters = near.with_columns(cluster=cluster_stories(near, fresh=near["fresh"]))
    return _merged(clusters.select("story_id", "cluster").unique())


def _write(connection: duckdb.DuckDBPyConnection, span: _Span, moved: pl.DataFrame) -> int:
    """Give the articles of ``span`` their own stories, and join those of ``moved``; returns the number joined."""
    _own_stories(connection, span)
    if moved.height:
        connection.register("moved", moved)
        update_rows(connection, ARTICLES, ("story_id",), _JOINED)
        connection.unregister("moved")
    return moved.height


def _own_stories(connection: duckdb.DuckDBPyConnection, span: _Span | None) -> None:
    """Give articles without a story (in ``span``, or all) that of another version, else a new one."""
    first, last = span or (None, None)
    update_rows(connection, ARTICLES, ("story_id",), _OWN_STORY, parameters={"first": first, "last": last})


def _fingerprint(connection: duckdb.DuckDBPyConnection) -> tuple[Any, ...]:
    """Return values that change when an article is added or a story changes."""
    (row,) = execute(connection, "SELECT count(*), count(story_id), sum(story_id), sum(hash(story_id)) FROM articles")
    return row


def _merged(ties: pl.DataFrame) -> pl.DataFrame:
    """Return the smallest story that each is connected to through common clusters: story_id, joined (changed only)."""
    joined = ties.with_columns(joined=pl.col("story_id"))
    while True:
        spread = joined.with_columns(joined=pl.col("joined").min().over("cluster"))
        spread = spread.with_columns(joined=pl.col("joined").min().over("story_id"))
        if spread.equals(joined):
            return spread.filter(pl.col("joined") != pl.col("story_id")).select("story_id", "joined").unique()
        joined = spread
