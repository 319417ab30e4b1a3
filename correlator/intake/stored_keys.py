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
    SELECT DISTINCT c.article_key, c.content_hash, c.stored_key FROM candidates AS c
    JOIN articles AS a ON a.article_key = c.stored_key AND a.content_hash = c.content_hash
    WHERE NOT EXISTS (
        SELECT 1 FROM symbols_of_candidates AS s WHERE s.article_key = c.article_key AND NOT EXISTS (
            SELECT 1 FROM links AS l WHERE l.article_id = a.article_id AND l.symbol = s.symbol AND l.kind = 'named'))
"""


def with_stored_keys(connection: duckdb.DuckDBPyConnection, batch: Batch) -> Batch:
    """Return the batch with the keys under which the store has its articles.

    Before symbols were part of the identity of articles without an address, these had a key without them. Such an
    article is the same one if its content is, and it is linked to the symbols.
    """
    articles = batch.articles.join(batch.named, on=_ARTICLE, how="semi", maintain_order="left")
    articles = articles.filter(pl.col("url").is_null() | pl.col("url").is_duplicated())
    if articles.is_empty():
        return batch
    rows = articles.select("publisher", "headline", "published_at").iter_rows()
    keys = pl.Series("stored_key", [key_without_symbols(*row) for row in rows], dtype=pl.String)
    names = names_in(connection)
    own = {symbol: names.own(symbol) for symbol in batch.named["symbol"].unique()}
    connection.register("candidates", articles.select(*_ARTICLE, keys))
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
