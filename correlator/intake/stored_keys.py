"""Articles that the store has under a key of before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from correlator.intake.instruments import names_in
from correlator.news.batch import key_without_symbols
from correlator.store.statements import query

if TYPE_CHECKING:
    from correlator.news.batch import Batch

_ARTICLE = ["article_key", "content_hash"]
_STORED = """
    SELECT c.article_key, c.content_hash, min(c.stored_key) AS stored_key FROM candidates AS c
    JOIN articles AS a ON a.article_key = c.stored_key AND a.content_hash = c.content_hash
        AND (c.is_own OR a.source = c.source)
    WHERE NOT EXISTS (
        SELECT 1 FROM symbols_of_candidates AS s WHERE s.article_key = c.article_key AND NOT EXISTS (
            SELECT 1 FROM links AS l WHERE l.article_id = a.article_id AND l.symbol = s.symbol AND l.kind = 'named'))
    GROUP BY ALL
"""
_UNRECOGNISED = "generic"
"""The publisher of all feeds that were not recognised, before they had the name that they state."""


def with_stored_keys(connection: duckdb.DuckDBPyConnection, batch: Batch) -> Batch:
    """Return the batch with the keys under which the store has its articles.

    The key of an article without an address had no symbols before, and no publisher if it came by an unrecognised feed.
    Such an article is the same one if its content is, and it is linked to the symbols.
    """
    candidates = _candidates(batch.articles)
    if candidates.is_empty():
        return batch
    names = names_in(connection)
    own = {symbol: names.own(symbol) for symbol in batch.named["symbol"].unique()}
    connection.register("candidates", candidates)
    connection.register("symbols_of_candidates", batch.named.with_columns(pl.col("symbol").replace(own)))
    stored = query(connection, _STORED)
    connection.unregister("symbols_of_candidates")
    connection.unregister("candidates")
    if stored.is_empty():
        return batch

    def renamed(frame: pl.DataFrame) -> pl.DataFrame:
        joined = frame.join(stored, on=_ARTICLE, how="left", maintain_order="left")
        return joined.with_columns(article_key=pl.coalesce("stored_key", "article_key")).drop("stored_key")

    return replace(batch, articles=renamed(batch.articles), quotes=renamed(batch.quotes), named=renamed(batch.named))


def _candidates(articles: pl.DataFrame) -> pl.DataFrame:
    """Return the articles without an address of their own, with each ``stored_key`` that they may have had, and whether
    it is that of their own publisher (``is_own``).
    """
    rows = articles.filter(pl.col("url").is_null() | pl.col("url").is_duplicated()).select(
        *_ARTICLE, "source", "publisher", "headline", "published_at"
    )
    earlier = [
        (key, content, source, stored, is_own)
        for key, content, source, publisher, headline, published in rows.iter_rows()
        for name, is_own in ((publisher, True), (_UNRECOGNISED, False))
        if (stored := key_without_symbols(name, headline, published)) != key
    ]
    schema = articles.schema
    columns = {name: schema[name] for name in (*_ARTICLE, "source")} | {
        "stored_key": pl.String(),
        "is_own": pl.Boolean(),
    }
    return pl.DataFrame(earlier, schema=columns, orient="row")
