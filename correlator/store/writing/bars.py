"""Write bars, corporate actions and instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb

from correlator.store.changes import insert_new, put_rows
from correlator.store.repeats import write_repeats
from correlator.store.statements import execute
from correlator.store.writing.loads import Written, of_load
from correlator.tables import ACTIONS, BARS, INSTRUMENTS

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

ROW_GROUP = 122_880
"""Rows of a DuckDB row group: large loads are split at its multiples."""
_PRICES = ("open", "high", "low", "close", "adjusted_close", "volume")


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
    dated = of_load(f"SELECT *, $retrieved_at::TIMESTAMPTZ AS retrieved_at FROM ({rows})")
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
    added = insert_new(connection, ACTIONS, of_load(changed), {"retrieved_at": retrieved_at})
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
