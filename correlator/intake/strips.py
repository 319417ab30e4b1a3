"""The sessions of stored strips: dated by the closes that the store has, and again when it has more."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import polars as pl

from correlator.align.strip_dating import date_strip
from correlator.store.statements import execute, query

_STRIPS = """
    SELECT q.article_id, q.strip_key, q.position, q.symbol, q.price, q.change, q.previous_close,
        any_value(a.published_at)::DATE AS hint
    FROM quotes AS q JOIN articles AS a USING (article_id)
    WHERE (q.article_id, q.strip_key) IN (
        SELECT (article_id, strip_key) FROM quotes WHERE article_id IN (SELECT unnest($articles))
        UNION
        SELECT (article_id, strip_key) FROM quotes WHERE symbol IN (SELECT unnest($symbols))
    )
    GROUP BY ALL
"""
_CLOSES = """
    WITH names AS (
        SELECT symbol, symbol AS printed FROM instruments
        UNION SELECT symbol, unnest(string_split(aliases, '|')) FROM instruments
    ), newest AS (
        SELECT symbol, session, close FROM bars WHERE "interval" = '1d' AND close IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY symbol, bar_start ORDER BY vintage DESC) = 1
    )
    SELECT printed AS symbol, session, any_value(close) AS close
    FROM newest JOIN names USING (symbol) WHERE printed IN (SELECT unnest($printed))
    GROUP BY ALL
"""
_UPDATE = """
    UPDATE quotes SET session = d.session, session_reason = d.session_reason, votes_for = d.votes_for,
        votes_against = d.votes_against, official_close = d.official_close
    FROM dated AS d
    WHERE quotes.article_id = d.article_id AND quotes.strip_key = d.strip_key AND quotes.position = d.position
"""


def date_strips(
    connection: duckdb.DuckDBPyConnection, *, symbols: Sequence[str] = (), articles: Sequence[int] = ()
) -> int:
    """Date every strip that prints one of ``symbols`` or stands on one of ``articles``; returns the quotes dated."""
    names = query(
        connection,
        """
        SELECT DISTINCT unnest([symbol] || string_split(coalesce(aliases, ''), '|')) AS printed
        FROM instruments WHERE symbol IN (SELECT unnest($symbols))
        """,
        {"symbols": list(symbols)},
    )
    quotes = query(connection, _STRIPS, {"articles": list(articles), "symbols": names["printed"].to_list()})
    if quotes.is_empty():
        return 0
    closes = query(connection, _CLOSES, {"printed": quotes["symbol"].unique().to_list()})
    strips = quotes.select("article_id", "strip_key").unique(maintain_order=True).with_row_index("strip")
    numbered = quotes.join(strips, on=["article_id", "strip_key"])
    dated = date_strip(numbered.with_columns(article_id=pl.col("strip").cast(pl.Int64)), closes)
    keyed = dated.rename({"article_id": "strip"}).join(strips.cast({"strip": pl.Int64}), on="strip")
    connection.register("dated", keyed)
    execute(connection, _UPDATE)
    connection.unregister("dated")
    return keyed["session"].drop_nulls().len()
