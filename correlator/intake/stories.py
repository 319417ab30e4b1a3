"""Stories of stored articles: what new articles tell again joins the story that was there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import polars as pl

from correlator.news.stories import WINDOW, cluster_stories
from correlator.store.statements import execute, query

SLICE_ROWS = 100_000

_NEIGHBOURS = """
    SELECT article_id, story_id, headline, published_at FROM articles
    WHERE version = 1 AND published_at BETWEEN $first - $window AND $last + $window ORDER BY article_id
"""
_OWN_STORY = """
    UPDATE articles SET story_id = known.story_id
    FROM (
        SELECT article_id, coalesce(any_value(story_id), article_id) AS story_id FROM articles GROUP BY article_id
    ) AS known
    WHERE articles.article_id = known.article_id AND articles.story_id IS NULL
"""
_UPDATE = "UPDATE articles SET story_id = m.joined FROM moved AS m WHERE articles.story_id = m.story_id"


def join_stories(connection: duckdb.DuckDBPyConnection) -> int:
    """Give every article without a story its own, and bind together what tells the same; returns the stories joined.

    A story carries the number of its first article in the store; tellings further apart than the clustering window are
    no neighbours. New articles are taken in order of time, so many at once, which bounds memory.
    """
    pending = query(
        connection,
        "SELECT published_at FROM articles WHERE story_id IS NULL AND published_at IS NOT NULL ORDER BY published_at",
    )["published_at"]
    execute(connection, _OWN_STORY)
    return sum(_join_between(connection, first, last) for first, last in _spans(pending))


def _spans(times: pl.Series) -> Iterator[tuple[datetime, datetime]]:
    """First and last time of every ``SLICE_ROWS`` of the times (sorted)."""
    for part in times.to_frame().iter_slices(SLICE_ROWS):
        yield part.item(0, 0), part.item(-1, 0)


def _join_between(connection: duckdb.DuckDBPyConnection, first: datetime, last: datetime) -> int:
    near = query(connection, _NEIGHBOURS, {"first": first, "last": last, "window": WINDOW})
    if near.height < 2:
        return 0
    clusters = near.with_columns(cluster=cluster_stories(near))
    moved = _merged(clusters.select("story_id", "cluster").unique())
    if moved.is_empty():
        return 0
    connection.register("moved", moved)
    execute(connection, _UPDATE)
    connection.unregister("moved")
    return moved.height


def _merged(ties: pl.DataFrame) -> pl.DataFrame:
    """Old story -> smallest story it is tied to, through clusters in common: story_id, joined (changed ones only)."""
    joined = ties.with_columns(joined=pl.col("story_id"))
    while True:
        spread = joined.with_columns(joined=pl.col("joined").min().over("cluster"))
        spread = spread.with_columns(joined=pl.col("joined").min().over("story_id"))
        if spread.equals(joined):
            return spread.filter(pl.col("joined") != pl.col("story_id")).select("story_id", "joined").unique()
        joined = spread
