"""Read tables into frames for listings, alignment and studies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb

from correlator.errors import NotFoundError
from correlator.market.names.symbols import split_place
from correlator.store.statements import query

if TYPE_CHECKING:
    import polars as pl


def read_bars(
    connection: duckdb.DuckDBPyConnection,
    symbols: Sequence[str],
    *,
    interval: str = "1d",
    as_of: datetime | None = None,
) -> pl.DataFrame:
    """Return the bars of the symbols, sorted by symbol and time, each in its newest vintage known at ``as_of``.

    Columns of ``tables.BARS``. Raises NotFoundError for symbols without bars, suggesting the most similar symbol.
    """
    bars = query(
        connection,
        """
        SELECT * FROM bars_known($as_of, $symbols) WHERE "interval" = $interval ORDER BY symbol, bar_start
        """,
        {"symbols": list(symbols), "interval": interval, "as_of": as_of},
    )
    missing = sorted(set(symbols) - set(bars["symbol"].unique()))
    if missing:
        raise _no_bars(connection, missing, interval, as_of)
    return bars


def symbols_with_bars(connection: duckdb.DuckDBPyConnection, interval: str, as_of: datetime | None) -> set[str]:
    """Return the symbols with bars of ``interval`` that were known at ``as_of``."""
    rows = query(
        connection,
        """
        SELECT DISTINCT symbol FROM bars WHERE "interval" = $interval
            AND ($as_of::TIMESTAMPTZ IS NULL OR retrieved_at <= $as_of)
        """,
        {"interval": interval, "as_of": as_of},
    )
    return {str(symbol) for symbol in rows["symbol"]}


def read_instrument(connection: duckdb.DuckDBPyConnection, symbol: str) -> dict[str, str | None]:
    """Return one instrument as a dict of column to value; raise NotFoundError, suggesting the most similar symbol."""
    return read_instrument_rows(connection, [symbol])[symbol]


def read_instrument_rows(
    connection: duckdb.DuckDBPyConnection, symbols: Iterable[str]
) -> dict[str, dict[str, str | None]]:
    """Return each instrument as ``read_instrument`` does, by symbol in the order of ``symbols``, with one query."""
    names = list(dict.fromkeys(symbols))
    rows = query(
        connection, "SELECT * FROM instruments WHERE symbol IN (SELECT unnest($symbols::VARCHAR[]))", {"symbols": names}
    )
    known = {str(row["symbol"]): row for row in rows.iter_rows(named=True)}
    for symbol in names:
        if symbol not in known:
            raise NotFoundError(f"symbol {symbol!r} is not in the store", hint=_suggestion(connection, symbol))
    return {symbol: known[symbol] for symbol in names}


def read_exchanges(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the exchanges of all instruments in alphabetical order."""
    rows = query(connection, "SELECT DISTINCT exchange FROM instruments ORDER BY exchange")
    return [str(name) for name in rows["exchange"]]


def read_known_articles(connection: duckdb.DuckDBPyConnection, articles: pl.DataFrame) -> pl.DataFrame:
    """Return the stored versions of the articles with the keys of ``articles``: article_key, content_hash."""
    connection.register("requested_articles", articles.select("article_key").unique())
    known = query(
        connection, "SELECT article_key, content_hash FROM articles SEMI JOIN requested_articles USING (article_key)"
    )
    connection.unregister("requested_articles")
    return known


def read_validators(connection: duckdb.DuckDBPyConnection, address: str) -> tuple[str | None, str | None]:
    """Return the ETag and Last-Modified of the last response of an address, each None if it had none."""
    rows = query(connection, "SELECT etag, last_modified FROM addresses WHERE address = $address", {"address": address})
    return (None, None) if rows.is_empty() else rows.row(0)


def _no_bars(
    connection: duckdb.DuckDBPyConnection, missing: Sequence[str], interval: str, as_of: datetime | None
) -> NotFoundError:
    """Return the error for symbols without bars; its hint has other intervals, or the most similar symbol."""
    missing_bars = f"{interval} bars of {', '.join(missing)}"
    bars = {"symbol": missing[0], "interval": interval}
    if as_of is not None:
        first = query(
            connection,
            'SELECT min(retrieved_at) FROM bars WHERE symbol = $symbol AND "interval" = $interval',
            bars,
        ).item()
        if first is not None:
            message = (
                f"no {missing_bars} were known at {as_of:%Y-%m-%dT%H:%M}Z: the first were loaded at "
                f"{first:%Y-%m-%dT%H:%M}Z"
            )
            return NotFoundError(message, hint="give a later as_of, or leave it out")
    others = query(
        connection,
        'SELECT DISTINCT "interval" FROM bars WHERE symbol = $symbol AND "interval" <> $interval ORDER BY ALL',
        bars,
    )["interval"].to_list()
    hint = f"stored intervals: {', '.join(others)}" if others else _suggestion(connection, missing[0])
    return NotFoundError(f"the store has no {missing_bars}", hint=hint)


def _suggestion(connection: duckdb.DuckDBPyConnection, symbol: str) -> str:
    """Return a hint with the most similar stored symbol, or how to add prices."""
    import difflib

    known = [str(name) for name in query(connection, "SELECT DISTINCT symbol FROM bars ORDER BY symbol")["symbol"]]
    bare = split_place(symbol)[0]
    close = [name for name in known if split_place(name)[0] == bare]  # LAMP US Equity
    close = close or difflib.get_close_matches(symbol.upper(), known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]}?"
    return "add prices with `correlator add prices FILE --symbol ... --exchange ...`"
