"""Stories of stored articles: what new articles tell again joins the story that was there."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import polars as pl

from correlator.news.stories import WINDOW, cluster_stories
from correlator.store.statements import execute, query

_NEIGHBOURS = """
    WITH span AS (
        SELECT min(published_at) - $window AS first, max(published_at) + $window AS last
        FROM articles WHERE article_id IN (SELECT unnest($articles))
    )
    SELECT article_id, story_id, headline, published_at FROM articles, span
    WHERE version = 1 AND published_at BETWEEN span.first AND span.last ORDER BY article_id
"""
_UPDATE = "UPDATE articles SET story_id = m.joined FROM moved AS m WHERE articles.story_id = m.story_id"


def join_stories(connection: duckdb.DuckDBPyConnection, articles: Sequence[int]) -> int:
    """Give the articles, and what they bind together, one story number each; returns how many stories were joined.

    A story carries the number of its first article in the store; tellings further apart than the clustering window are
    no neighbours.
    """
    near = query(connection, _NEIGHBOURS, {"articles": list(articles), "window": WINDOW})
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
