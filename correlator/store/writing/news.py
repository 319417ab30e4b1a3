"""Write articles, the quotes of their strips, and what could not be read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import duckdb

from correlator.base.addresses import is_address
from correlator.store.changes import insert_new
from correlator.store.repeats import write_repeats
from correlator.store.statements import query
from correlator.store.writing.loads import Written, of_load
from correlator.tables import ARTICLES, NO_ARTICLE, QUOTES, REJECTS

if TYPE_CHECKING:
    import polars as pl


def write_articles(connection: duckdb.DuckDBPyConnection, articles: pl.DataFrame, loaded_at: datetime) -> pl.DataFrame:
    """Insert articles (columns of a reader's batch); return the new rows, with article_id and version.

    An article with the key and content of a stored one is known; with the same key and other content it is the next
    version. New articles have no story yet.
    """
    import polars as pl

    numbered = articles.with_row_index("order").unique(["article_key", "content_hash"], keep="first").sort("order")
    connection.register("fresh_articles", numbered)
    plan = query(
        connection,
        """
        WITH known AS (
            SELECT article_key, any_value(article_id) AS article_id, max(version) AS version
            FROM articles WHERE article_key IN (SELECT article_key FROM fresh_articles) GROUP BY article_key
        ), unseen AS (
            SELECT f.article_key, f.content_hash, f."order", known.article_id, coalesce(known.version, 0) AS base
            FROM fresh_articles AS f LEFT JOIN known USING (article_key)
            WHERE NOT EXISTS (
                SELECT 1 FROM articles a WHERE a.article_key = f.article_key AND a.content_hash = f.content_hash)
        ), numbers AS (
            SELECT article_key, row_number() OVER (ORDER BY min("order"))
                + (SELECT coalesce(max(article_id), 0) FROM (
                    SELECT article_id FROM articles UNION ALL SELECT article_id FROM briefs)) AS fresh_id
            FROM unseen WHERE article_id IS NULL GROUP BY article_key
        )
        SELECT "order", coalesce(unseen.article_id, numbers.fresh_id)::BIGINT AS article_id,
            (base + row_number() OVER (PARTITION BY article_key ORDER BY "order"))::INTEGER AS version
        FROM unseen LEFT JOIN numbers USING (article_key) ORDER BY "order"
        """,
    )
    if plan.height < numbered.height:
        again = "SELECT * FROM articles SEMI JOIN fresh_articles USING (article_key, content_hash)"
        write_repeats(connection, ARTICLES, again)
    connection.unregister("fresh_articles")
    fresh = numbered.with_columns(pl.col("order").cast(pl.Int64)).join(
        plan.with_columns(pl.col("order").cast(pl.Int64)), on="order", how="inner", maintain_order="left"
    )
    rows = fresh.drop("order").with_columns(story_id=pl.lit(None, pl.Int64), loaded_at=pl.lit(loaded_at))
    connection.register("new_articles", rows)
    insert_new(connection, ARTICLES, of_load("SELECT * FROM new_articles"))
    connection.unregister("new_articles")
    return rows


def write_quotes(connection: duckdb.DuckDBPyConnection, quotes: pl.DataFrame) -> Written:
    """Insert strip quotes with their ``article_key``; an article may have several strips, each with its own key.

    Quotes with an empty ``article_key`` come from a rejected page, and have no article.
    """
    import hashlib

    import polars as pl

    if quotes.is_empty():
        return Written(0, 0)
    place = ["article_key", "content_hash", "strip"]
    strips = quotes.group_by(place, maintain_order=True).agg(pl.col("line"))
    digests = [hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest() for lines in strips["line"]]
    keyed = quotes.join(strips.select(*place, strip_key=pl.Series(digests, dtype=pl.String)), on=place)
    connection.register("fresh_quotes", keyed.unique(["article_key", "strip_key", "position"], maintain_order=True))
    rows = f"""
        SELECT fresh.* EXCLUDE (article_key, content_hash, strip), a.article_id
        FROM fresh_quotes AS fresh
        JOIN (SELECT article_key, article_id FROM articles UNION SELECT '', {NO_ARTICLE}) AS a USING (article_key)
    """
    added = insert_new(connection, QUOTES, of_load(rows))
    if added < quotes.height:
        again = f"SELECT * FROM quotes SEMI JOIN ({rows}) USING (article_id, strip_key, position)"
        write_repeats(connection, QUOTES, again)
    connection.unregister("fresh_quotes")
    return Written(added, quotes.height - added)


_SAME_REJECT = (
    "r.source = f.source AND r.reason = f.reason AND r.content = f.content"
    " AND r.source_line = coalesce(f.place, r.source_line)"
)


def write_rejects(connection: duckdb.DuckDBPyConnection, rejects: pl.DataFrame, loaded_at: datetime) -> Written:
    """Insert rows that could not be read, with the reason.

    An item of an address is known wherever in the answer it was: a feed moves its items with every new one.
    """
    if rejects.is_empty():
        return Written(0, 0)
    import polars as pl

    addresses = [source for source in rejects["source"].unique() if is_address(source)]
    place = pl.when(~pl.col("source").is_in(addresses)).then("source_line")
    fresh = rejects.with_columns(place=place, loaded_at=pl.lit(loaded_at))
    connection.register("fresh_rejects", fresh.unique(["source", "reason", "content", "place"], maintain_order=True))
    known = f"SELECT r.* FROM rejects AS r SEMI JOIN fresh_rejects AS f ON {_SAME_REJECT}"
    unknown = f"SELECT f.* EXCLUDE (place) FROM fresh_rejects AS f ANTI JOIN ({known}) AS r ON {_SAME_REJECT}"
    repeated = query(connection, known)
    added = insert_new(connection, REJECTS, of_load(unknown))
    if repeated.height:
        connection.register("repeated_rejects", repeated)
        write_repeats(connection, REJECTS, "SELECT * FROM repeated_rejects")
        connection.unregister("repeated_rejects")
    connection.unregister("fresh_rejects")
    return Written(added, rejects.height - added)
