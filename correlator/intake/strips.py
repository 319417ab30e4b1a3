"""Date stored strips by the closes in the store; repeated when more closes are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb
import polars as pl

from correlator.align.strip_dating import SCHEMA, date_strip
from correlator.errors import InputError
from correlator.news.profiles import load_profile, profile_names
from correlator.sessions.calendars import calendar_reach, sessions_between
from correlator.store.changes import update_rows
from correlator.store.statements import execute, query
from correlator.tables import QUOTES

_STRIPS = """
    SELECT q.article_id, q.strip_key, q.position, q.symbol, q.price, q.change, q.previous_close, q.line,
        any_value(a.published_at)::DATE AS hint, any_value(a.publisher) AS publisher
    FROM quotes AS q LEFT JOIN articles AS a USING (article_id)
    WHERE (q.article_id, q.strip_key) IN (
        SELECT (article_id, strip_key) FROM quotes WHERE article_id IN (SELECT unnest($articles))
        UNION
        SELECT (article_id, strip_key) FROM quotes WHERE symbol IN (SELECT unnest($symbols))
    )
    GROUP BY ALL
"""
_CLOSES = """
    WITH newest AS (
        SELECT symbol, session, close, low, high FROM bars
        WHERE "interval" = '1d' AND close IS NOT NULL AND source <> 'strip'
        QUALIFY row_number() OVER (PARTITION BY symbol, bar_start ORDER BY vintage DESC) = 1
    )
    SELECT name AS symbol, exchange, session,
        any_value(close) AS close, any_value(low) AS low, any_value(high) AS high
    FROM newest JOIN instrument_names USING (symbol) WHERE name IN (SELECT unnest($printed))
    GROUP BY ALL
"""
_TRADED = """
    SELECT i.exchange, b.session, count(DISTINCT b.symbol) AS symbols
    FROM bars AS b JOIN instruments AS i USING (symbol)
    WHERE b."interval" = '1d' AND b.source <> 'strip' AND i.exchange IN (SELECT unnest($exchanges)) GROUP BY ALL
"""
_DATED = ("session", "session_reason", "votes_for", "votes_against", "official_close")


def date_strips(
    connection: duckdb.DuckDBPyConnection, *, symbols: Sequence[str] = (), articles: Sequence[int] = ()
) -> int:
    """Date strips that print one of ``symbols`` or are on one of ``articles``; returns the number of quotes dated."""
    if not execute(connection, "SELECT 1 FROM quotes LIMIT 1"):
        return 0
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
    numbered = quotes.join(strips, on=["article_id", "strip_key"]).with_columns(
        article_id=pl.col("strip").cast(pl.Int64)
    )
    parts = [_dated(connection, part, closes) for part in numbered.partition_by("publisher")]
    dated = pl.concat([pl.DataFrame(schema=SCHEMA), *parts])
    keyed = dated.rename({"article_id": "strip"}).join(strips.cast({"strip": pl.Int64}), on="strip")
    connection.register("dated", keyed)
    rows = ", ".join(("article_id", "strip_key", "position", *_DATED))
    update_rows(connection, QUOTES, _DATED, f"SELECT {rows} FROM dated")
    connection.unregister("dated")
    return keyed["session"].drop_nulls().len()


def _dated(connection: duckdb.DuckDBPyConnection, quotes: pl.DataFrame, closes: pl.DataFrame) -> pl.DataFrame:
    """Date the strips of one publisher by closes of its exchange, else of the exchange of their symbols.

    A page that was not loaded as an article has no publisher.
    """
    publisher = str(quotes["publisher"][0] or "")
    home = load_profile(publisher).exchange if publisher in profile_names() else None
    listed = closes.filter(pl.col("symbol").is_in(quotes["symbol"].unique().to_list()))
    if home:
        listed = listed.filter(pl.col("exchange") == home)
    sessions = _sessions(connection, listed["exchange"].unique().sort().to_list())
    return date_strip(quotes, listed.drop("exchange"), sessions=sessions)


def _sessions(connection: duckdb.DuckDBPyConnection, exchanges: Sequence[str]) -> list[date]:
    """Return the sessions of an exchange: days with a bar in the store, and, if it has only one symbol, calendar days.

    If two symbols have no bar on a session of the calendar, it is probably a holiday that the calendar does not have.
    Returns no sessions for several exchanges, which have none in common.
    """
    if len(exchanges) != 1:
        return []
    traded = query(connection, _TRADED, {"exchanges": list(exchanges)})
    days = traded["session"].sort().to_list()
    if traded["symbols"].max() != 1:
        return days
    first, last = calendar_reach(exchanges[0])
    try:
        calendar = sessions_between(exchanges[0], max(first, days[0]), min(last, days[-1]))["session"]
    except InputError:  # all bars are outside the range of the calendar
        return days
    return sorted({*days, *calendar.to_list()})
