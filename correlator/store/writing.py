"""Write frames to tables: idempotent inserts that return how many rows were new and how many already stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb

from correlator.base.addresses import is_address
from correlator.store.changes import insert_new, put_rows
from correlator.store.identity import EVENT_KEY, GDELT_ID_OF_EVIDENCE, USER_ID_OF_KEY
from correlator.store.repeats import write_repeats
from correlator.store.statements import execute, query
from correlator.tables import (
    ACTIONS,
    ADDRESSES,
    ARTICLES,
    BARS,
    EVENTS,
    INSTRUMENTS,
    LINKS,
    LOADS,
    NO_ARTICLE,
    QUOTES,
    REJECTS,
    Table,
)
from correlator.views import LINK_EVIDENCE

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

ROW_GROUP = 122_880
"""Rows of a DuckDB row group: large loads are split at its multiples."""
EVENTS_MARK = "events"
"""The mark of a watch: the number of the last event that it has considered."""
_PRICES = ("open", "high", "low", "close", "adjusted_close", "volume")


@dataclass(frozen=True)
class Written:
    """Number of rows that an insert added, and that were known already."""

    added: int
    known: int


def write_bars(connection: duckdb.DuckDBPyConnection, bars: pl.DataFrame, retrieved_at: datetime) -> Written:
    """Insert bars (columns of ``tables.BARS`` without vintage and retrieved_at); of duplicate keys, the first.

    A new bar gets vintage 1; a bar that differs from the newest vintage gets the next one; an equal bar is skipped.
    """
    added = write_distinct_bars(connection, first_of_each_bar(bars), retrieved_at)
    return Written(added, bars.height - added)


def write_distinct_bars(connection: duckdb.DuckDBPyConnection, bars: pl.DataFrame, retrieved_at: datetime) -> int:
    """Like ``write_bars``, for bars without duplicate keys; return the number added."""
    if bars.is_empty():
        return 0
    import polars as pl

    series = bars.group_by("symbol").agg(pl.min("bar_start").alias("first"), pl.max("bar_start").alias("last"))
    span = {
        "first_symbol": series["symbol"].min(),
        "last_symbol": series["symbol"].max(),
        "first": series["first"].min(),
        "last": series["last"].max(),
    }
    connection.register("fresh_series", series)
    connection.register("fresh_bars", _in_row_groups(bars))
    ((vintage,),) = execute(connection, f"SELECT max(vintage) FROM ({_IN_SPAN})", span)
    if vintage is None:
        rows, parameters = "SELECT *, 1 AS vintage FROM fresh_bars", {}
    else:
        rows, parameters = _CHANGED_BARS.format(newest=_NEWEST_IN_SPAN if vintage > 1 else _IN_SPAN), span
    dated = _of_load(f"SELECT *, $retrieved_at::TIMESTAMPTZ AS retrieved_at FROM ({rows})")
    added = insert_new(connection, BARS, dated, {"retrieved_at": retrieved_at, **parameters})
    if added < bars.height:
        again = f'SELECT * FROM ({_NEWEST_IN_SPAN}) SEMI JOIN fresh_bars USING (symbol, "interval", bar_start)'
        write_repeats(connection, BARS, again, span, among=_IN_SPAN)
    connection.unregister("fresh_bars")
    connection.unregister("fresh_series")
    return added


def _in_row_groups(bars: pl.DataFrame) -> pa.Table:
    """Return the bars in batches of ``ROW_GROUP``, so that each thread of the database fills complete row groups.

    Other batch sizes leave partial row groups, and merging them at a checkpoint costs more than they saved.
    """
    import pyarrow as pa

    table = bars.rechunk().to_arrow()
    return pa.Table.from_batches(table.to_batches(max_chunksize=ROW_GROUP), table.schema)


_SAME_PRICES = " AND ".join(f"fresh.{name} IS NOT DISTINCT FROM newest.{name}" for name in _PRICES)
# Stored bars that fresh ones may duplicate; the bounds let the database skip row groups.
_IN_SPAN = """
    SELECT bars.* FROM bars
    JOIN fresh_series AS series ON bars.symbol = series.symbol AND bars.bar_start BETWEEN series.first AND series.last
    WHERE bars.symbol BETWEEN $first_symbol AND $last_symbol
        AND bars.bar_start BETWEEN $first::TIMESTAMPTZ AND $last::TIMESTAMPTZ
"""
_NEWEST_IN_SPAN = f"""
    SELECT * FROM ({_IN_SPAN})
    QUALIFY row_number() OVER (PARTITION BY symbol, "interval", bar_start ORDER BY vintage DESC) = 1
"""
_CHANGED_BARS = f"""
    SELECT fresh.*, coalesce(newest.vintage, 0) + 1 AS vintage
    FROM fresh_bars AS fresh
    LEFT JOIN ({{newest}}) AS newest USING (symbol, "interval", bar_start)
    WHERE newest.symbol IS NULL OR NOT ({_SAME_PRICES})
"""


def first_of_each_bar(bars: pl.DataFrame) -> pl.DataFrame:
    """Return the bars without repetitions of a symbol, interval and start; sorted bars need only one pass."""
    import polars as pl

    key = ["symbol", "interval", "bar_start"]
    same_series = (pl.col("symbol") == pl.col("symbol").shift()) & (pl.col("interval") == pl.col("interval").shift())
    later = pl.col("bar_start") > pl.col("bar_start").shift()
    in_order = (pl.col("symbol") > pl.col("symbol").shift()) | (same_series & later)
    if bars.height < 2 or bars.select(in_order.tail(bars.height - 1).all()).item():
        return bars
    return bars.unique(key, keep="first", maintain_order=True)


def write_actions(connection: duckdb.DuckDBPyConnection, actions: pl.DataFrame, retrieved_at: datetime) -> Written:
    """Insert corporate actions (``tables.ACTIONS`` without vintage and retrieved_at), with vintages like bars."""
    if actions.is_empty():
        return Written(0, 0)
    connection.register("fresh_actions", actions)
    changed = """
        SELECT fresh.*, coalesce(newest.vintage, 0) + 1 AS vintage, $retrieved_at::TIMESTAMPTZ AS retrieved_at
        FROM fresh_actions AS fresh
        LEFT JOIN (
            SELECT * FROM actions
            QUALIFY row_number() OVER (PARTITION BY symbol, session, kind ORDER BY vintage DESC) = 1
        ) AS newest USING (symbol, session, kind)
        WHERE newest.symbol IS NULL OR fresh.value IS DISTINCT FROM newest.value
    """
    added = insert_new(connection, ACTIONS, _of_load(changed), {"retrieved_at": retrieved_at})
    if added < actions.height:
        write_repeats(
            connection, ACTIONS, "SELECT * FROM actions SEMI JOIN fresh_actions USING (symbol, session, kind)"
        )
    connection.unregister("fresh_actions")
    return Written(added, actions.height - added)


def write_instruments(connection: duckdb.DuckDBPyConnection, instruments: Sequence[Mapping[str, str | None]]) -> None:
    """Insert instruments (columns of ``tables.INSTRUMENTS``), or update existing ones with the non-null values."""
    if not instruments:
        return
    import polars as pl

    names = INSTRUMENTS.column_names
    rows = pl.DataFrame([{name: each.get(name) for name in names} for each in instruments], schema=INSTRUMENTS.schema())
    connection.register("fresh_instruments", rows.unique("symbol", keep="first", maintain_order=True))
    filled = ", ".join(f"coalesce(fresh.{name}, known.{name}) AS {name}" for name in names if name != "symbol")
    put_rows(
        connection,
        INSTRUMENTS,
        f"SELECT fresh.symbol, {filled} FROM fresh_instruments AS fresh LEFT JOIN instruments AS known USING (symbol)",
    )
    connection.unregister("fresh_instruments")


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
    insert_new(connection, ARTICLES, _of_load("SELECT * FROM new_articles"))
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
    added = insert_new(connection, QUOTES, _of_load(rows))
    if added < quotes.height:
        again = f"SELECT * FROM quotes SEMI JOIN ({rows}) USING (article_id, strip_key, position)"
        write_repeats(connection, QUOTES, again)
    connection.unregister("fresh_quotes")
    return Written(added, quotes.height - added)


def write_events(connection: duckdb.DuckDBPyConnection, events: pl.DataFrame) -> Written:
    """Insert events (columns of ``tables.EVENTS`` without event_id) with a new key, numbered in order."""
    if events.is_empty():
        return Written(0, 0)
    import polars as pl

    distinct = events.unique("event_key", maintain_order=True)
    connection.register("fresh_events", distinct.select("event_key"))
    known = query(connection, "SELECT event_key FROM fresh_events SEMI JOIN events USING (event_key)")
    highest = highest_event(connection)
    if known.height:
        write_repeats(connection, EVENTS, "SELECT * FROM events SEMI JOIN fresh_events USING (event_key)")
    connection.unregister("fresh_events")
    fresh = distinct.join(known, on="event_key", how="anti", maintain_order="left").with_row_index(
        "event_id", highest + 1
    )
    connection.register("new_events", fresh.with_columns(pl.col("event_id").cast(pl.Int64)))
    added = insert_new(connection, EVENTS, _of_load("SELECT * FROM new_events"))
    connection.unregister("new_events")
    return Written(added, events.height - added)


def highest_event(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the highest event number that was used, also by an event that is gone but that a watch has considered."""
    numbers = "SELECT event_id FROM events UNION ALL SELECT place FROM marks WHERE name = $mark"
    highest: int = query(
        connection, f"SELECT coalesce(max(event_id), 0) AS highest FROM ({numbers})", {"mark": EVENTS_MARK}
    ).item()
    return highest


def write_outside_events(connection: duckdb.DuckDBPyConnection, events: pl.DataFrame) -> tuple[Written, pl.DataFrame]:
    """Insert events coded elsewhere whose content is new (``identity.EVENT_KEY``).

    ``events``: columns of ``tables.EVENTS`` without event_id and event_key, plus user_id (text, empty if the user gave
    none) and source_line. Returns the counts, and the rows that were skipped because another event has their id:
    source_line, user_id.
    """
    import polars as pl

    connection.register("outside_events", events.with_row_index("order"))
    keyed = query(
        connection,
        f"""
        WITH keyed AS (
            SELECT *, {EVENT_KEY} AS event_key
            FROM (SELECT *, {GDELT_ID_OF_EVIDENCE} AS gdelt_id FROM outside_events)
        ), ids AS (
            SELECT user_id, event_key, -1 AS "order" FROM (
                SELECT {USER_ID_OF_KEY} AS user_id, event_key FROM events WHERE coder = 'user'
            ) WHERE user_id IN (SELECT user_id FROM outside_events WHERE user_id <> '')
            UNION ALL SELECT user_id, event_key, "order" FROM keyed WHERE user_id <> ''
        ), first AS (SELECT user_id, arg_min(event_key, "order") AS first_key FROM ids GROUP BY user_id)
        SELECT keyed.*, coalesce(first.first_key <> keyed.event_key, false) AS other
        FROM keyed LEFT JOIN first USING (user_id) ORDER BY keyed."order"
        """,
    )
    connection.unregister("outside_events")
    contradicting = keyed.filter("other").select("source_line", "user_id")
    names = [name for name in EVENTS.column_names if name != "event_id"]
    return write_events(connection, keyed.filter(~pl.col("other")).select(names)), contradicting


def write_links(connection: duckdb.DuckDBPyConnection, links: pl.DataFrame) -> Written:
    """Insert links between articles and instruments, with the ``version`` of the article that each was found in.

    A link that several versions have is that of the first; one that only a later version has says so.
    """
    connection.register("links_of_versions", links.with_row_index("order"))
    names = ", ".join(LINKS.column_names).replace("evidence", f"{LINK_EVIDENCE} AS evidence")
    rows = query(connection, f'SELECT {names} FROM links_of_versions ORDER BY version, "order"')
    connection.unregister("links_of_versions")
    return _write_plain(connection, LINKS, rows)


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
    added = insert_new(connection, REJECTS, _of_load(unknown))
    if repeated.height:
        connection.register("repeated_rejects", repeated)
        write_repeats(connection, REJECTS, "SELECT * FROM repeated_rejects")
        connection.unregister("repeated_rejects")
    connection.unregister("fresh_rejects")
    return Written(added, rejects.height - added)


def _of_load(rows: str) -> str:
    """Return the query with a column for the number of the current load (see ``unfinished.begin_load``)."""
    return f"SELECT *, getvariable('load_id')::BIGINT AS load_id FROM ({rows})"


def write_load(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    source: str,
    sha256: str | None,
    *,
    rows: tuple[int, int, int],
    finished_at: datetime,
) -> None:
    """Insert a row into the journal of loads; ``rows``: number added, known and rejected."""
    insert_new(
        connection,
        LOADS,
        "SELECT coalesce(getvariable('load_id'), coalesce(max(load_id), 0) + 1)::BIGINT AS load_id,"
        " $kind AS kind, $source AS source, $sha256 AS sha256,"
        " $added AS rows_added, $known AS rows_known, $rejected AS rows_rejected,"
        " $finished_at::TIMESTAMPTZ AS finished_at FROM loads",
        {
            "kind": kind,
            "source": source,
            "sha256": sha256,
            "added": rows[0],
            "known": rows[1],
            "rejected": rows[2],
            "finished_at": finished_at,
        },
    )


def write_address(
    connection: duckdb.DuckDBPyConnection,
    address: str,
    etag: str | None,
    last_modified: str | None,
    *,
    fetched_at: datetime,
) -> None:
    """Store the validators of an address, replacing earlier ones."""
    put_rows(
        connection,
        ADDRESSES,
        "SELECT $address AS address, $etag AS etag, $modified AS last_modified, $fetched_at::TIMESTAMPTZ AS fetched_at",
        {"address": address, "etag": etag, "modified": last_modified, "fetched_at": fetched_at},
    )


def _write_plain(connection: duckdb.DuckDBPyConnection, table: Table, rows: pl.DataFrame) -> Written:
    if rows.is_empty():
        return Written(0, 0)
    connection.register("fresh_rows", rows.unique(list(table.key), keep="first", maintain_order=True))
    added = insert_new(connection, table, _of_load("SELECT * FROM fresh_rows"))
    if added < rows.height:
        names = ", ".join(f'"{name}"' for name in table.key)
        write_repeats(connection, table, f"SELECT * FROM {table.name} SEMI JOIN fresh_rows USING ({names})")
    connection.unregister("fresh_rows")
    return Written(added, rows.height - added)
