"""Load price series from dated strips, for symbols that have no other bars.

A quote gives two closes: the previous close, which is the official one of the session before, and the price on its own
session, the last trade when the page was fetched. If a session has both, the official one is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import duckdb
import polars as pl

from correlator.errors import NotFoundError
from correlator.intake.report import LoadReport
from correlator.news.strips.strip import is_index
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.store.unfinished import Load, begin_load
from correlator.store.writing.bars import write_bars, write_instruments
from correlator.store.writing.loads import Written, write_load
from correlator.tables import BARS

SOURCE = "strip"

_QUOTES = """
    SELECT DISTINCT q.symbol, q.session, q.price, q.previous_close, q.line, q.article_id, q.strip_key, q.voters_exchange
    FROM (
        SELECT quotes.*, (
            SELECT any_value(i.exchange) FROM quotes AS o JOIN instruments AS i ON i.symbol = o.symbol
            WHERE o.article_id = quotes.article_id AND o.strip_key = quotes.strip_key AND o.official_close IS NOT NULL
        ) AS voters_exchange FROM quotes
    ) AS q
    WHERE q.session IS NOT NULL AND q.voters_exchange IS NOT NULL
        AND (len($symbols) = 0 OR q.symbol IN (SELECT unnest($symbols)))
        AND q.symbol NOT IN (SELECT symbol FROM bars WHERE source <> $source)
    ORDER BY q.symbol, q.session, q.article_id, q.strip_key
"""
_SESSIONS = """
    SELECT DISTINCT i.exchange, b.session FROM bars AS b JOIN instruments AS i USING (symbol)
    WHERE b."interval" = '1d' AND b.source <> $source ORDER BY ALL
"""


def add_strip_prices(store: Store, symbols: Sequence[str] = ()) -> LoadReport:
    """Load bars (close only, source ``strip``) of ``symbols``, default all printed ones without other bars.

    A strip has a session only if closes of some symbol that it prints are loaded. Raise NotFoundError if no quote is
    usable.
    """
    loaded_at = datetime.now(UTC)
    with store.reading() as connection:
        quotes = query(connection, _QUOTES, {"symbols": list(symbols), "source": SOURCE})
        sessions = query(connection, _SESSIONS, {"source": SOURCE})
    if quotes.is_empty():
        raise NotFoundError(
            f"no dated strip has quotes of {', '.join(symbols) or 'a symbol'} without other prices",
            hint="load closes of another symbol on the strip, such as an index, to date it: see `list quotes`",
        )
    bars = strip_bars(quotes, sessions)
    instruments = [
        {"symbol": symbol, "exchange": exchange, "kind": "index" if is_index(symbol, line) else "share"}
        for symbol, exchange, line in quotes.unique("symbol", maintain_order=True)
        .select("symbol", "voters_exchange", "line")
        .rows()
    ]

    def write(connection: duckdb.DuckDBPyConnection) -> Written:
        begin_load(connection, Load("prices", SOURCE, None))
        write_instruments(connection, instruments)
        written = write_bars(connection, bars, loaded_at)
        write_load(connection, "prices", SOURCE, None, rows=(written.added, written.known, 0), finished_at=loaded_at)
        return written

    written = store.transact(write)
    note = "last trades when pages were fetched, and official closes of the sessions before"
    return LoadReport("prices", "strips", written.added, written.known, 0, notes=(note,))


def strip_bars(quotes: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Closes of the quotes as bars (``tables.BARS`` without vintage and retrieved_at), one per symbol and session.

    ``quotes``: symbol, session, price, previous_close, voters_exchange; of several prices of a session the last row's
    counts. ``sessions``: exchange, session, the trading days by which a session's predecessor is found.
    """
    before = sessions.sort("exchange", "session").with_columns(
        previous=pl.col("session").shift().over("exchange", order_by="session")
    )
    placed = quotes.join(before, left_on=["voters_exchange", "session"], right_on=["exchange", "session"], how="left")
    official = placed.filter(pl.col("previous").is_not_null()).select(
        "symbol", session="previous", close="previous_close", rank=pl.lit(1)
    )
    printed = placed.select("symbol", "session", close="price", rank=pl.lit(0))
    best = (
        pl.concat([printed, official])
        .sort("rank", maintain_order=True)
        .unique(["symbol", "session"], keep="last", maintain_order=True)
        .sort("symbol", "session")
    )
    made = best.with_columns(
        bar_start=pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        interval=pl.lit("1d"),
        source=pl.lit(SOURCE),
    )
    names = [name for name in BARS.column_names if name not in ("vintage", "retrieved_at")]
    empty = [name for name in names if name not in made.columns]
    return made.with_columns(pl.lit(None, pl.Float64).alias(name) for name in empty).select(
        pl.col(name).cast(kind) for name, kind in BARS.schema(names).items()
    )
