"""Rows that a load repeated: those it would have added if an earlier load had not.

If the load that added a row is undone, the row stays as long as another load repeated it. Repeated rows are mostly
contiguous (a file that has grown by some rows), so they are recorded as runs, not one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from correlator.store.changes import Parameters, delete_rows, insert_new, update_rows
from correlator.store.statements import execute, query
from correlator.tables import ACTIONS, ARTICLES, BARS, EVENTS, LINKS, QUOTES, REJECTS, REPEATS, Table


@dataclass(frozen=True)
class _Order:
    """The order of a table's rows: within a ``series``, by the integer ``place``."""

    table: Table
    series: tuple[str, ...]
    place: str

    @property
    def columns(self) -> str:
        """SQL of the columns series and place."""
        series = f"concat_ws(chr(31), {', '.join(self.series)})" if self.series else "''"
        return f"{series} AS series, ({self.place})::BIGINT AS place"

    @property
    def has_vintages(self) -> bool:
        return "vintage" in self.table.key


_ORDERS = {
    order.table.name: order
    for order in (
        _Order(QUOTES, ("article_id", "strip_key"), "position"),
        _Order(BARS, ("symbol", '"interval"'), "epoch_us(bar_start)"),
        _Order(ACTIONS, ("symbol", "kind"), "session - DATE '1970-01-01'"),
        _Order(EVENTS, (), "event_id"),
        _Order(LINKS, ("symbol", "kind"), "article_id"),
        _Order(REJECTS, ("source", "reason"), "source_line"),
        _Order(ARTICLES, ("version",), "article_id"),
    )
}
_OF_ARTICLES = (QUOTES, EVENTS, LINKS)
"""Tables whose rows stay as long as their article does."""
# Polls of one address repeat each other's rows; only repetitions of rows from another source are recorded.
_RUNS = """
    WITH repeated AS (
        SELECT DISTINCT {columns} FROM ({repeated}) WHERE load_id NOT IN (
            SELECT load_id FROM loads WHERE source = getvariable('load_address'))
    ), bounds AS (
        SELECT series, min(place) AS first_place, max(place) AS last_place, count(*) AS places
        FROM repeated GROUP BY series
    ), near AS (
        SELECT DISTINCT stored.series, stored.place FROM (SELECT {columns} FROM ({among})) AS stored
        JOIN bounds ON stored.series = bounds.series AND stored.place BETWEEN first_place AND last_place
    ), whole AS (
        SELECT series FROM near GROUP BY series
        HAVING count(*) = (SELECT places FROM bounds WHERE bounds.series = near.series)
    ), numbered AS (
        SELECT near.series, near.place, repeated.place IS NOT NULL AS again,
            row_number() OVER (PARTITION BY near.series ORDER BY near.place) AS number
        FROM (SELECT * FROM near ANTI JOIN whole USING (series)) AS near LEFT JOIN repeated USING (series, place)
    ), pieces AS (
        SELECT series, place, number - row_number() OVER (PARTITION BY series ORDER BY place) AS piece
        FROM numbered WHERE again
    ), runs AS (
        SELECT series, first_place, last_place FROM bounds SEMI JOIN whole USING (series)
        UNION ALL SELECT series, min(place), max(place) FROM pieces GROUP BY series, piece
    )
    SELECT getvariable('load_id')::BIGINT AS load_id, '{table}' AS of_table, series, first_place, last_place
    FROM runs WHERE getvariable('load_id') IS NOT NULL
"""


def write_repeats(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    repeated: str,
    parameters: Parameters | None = None,
    *,
    among: str | None = None,
) -> None:
    """Record that the current load of this connection repeated rows that are already in ``table``.

    ``repeated``: query of these rows, with all columns of the table; ``among``: query of all rows that may lie between
    them, by default the table.
    """
    columns = _ORDERS[table.name].columns
    stored = among or f"SELECT * FROM {table.name}"
    runs = _RUNS.format(columns=columns, repeated=repeated, among=stored, table=table.name)
    insert_new(connection, REPEATS, runs, parameters)


_REPEATED_OF_BOTH = """
    SELECT DISTINCT r.load_id, $keep || substr(t.series, length(t.symbol) + 1) AS series, t.place
    FROM (SELECT *, {columns} FROM {table} WHERE symbol IN ($keep, $other)) AS t
    JOIN repeats AS r ON r.of_table = '{table}' AND r.series = t.series
        AND t.place BETWEEN r.first_place AND r.last_place
    UNION
    SELECT DISTINCT o.load_id, $keep || substr(o.series, length(o.symbol) + 1) AS series, o.place
    FROM (SELECT *, {columns} FROM {table} WHERE symbol = $other AND load_id IS NOT NULL) AS o
"""
_RUNS_OF_ONE = """
    WITH near AS (
        SELECT series, place, row_number() OVER (PARTITION BY series ORDER BY place) AS number
        FROM (SELECT DISTINCT {columns} FROM {table} WHERE symbol = $keep)
    ), pieces AS (
        SELECT load_id, series, place, number - row_number() OVER (PARTITION BY load_id, series ORDER BY place) AS piece
        FROM near JOIN repeated_of_both USING (series, place)
    )
    SELECT load_id, '{table}' AS of_table, series, min(place) AS first_place, max(place) AS last_place
    FROM pieces GROUP BY load_id, series, piece
"""


@contextmanager
def merging_runs(connection: duckdb.DuckDBPyConnection, table: Table, keep: str, other: str) -> Iterator[None]:
    """Merge the repetitions of symbols ``keep`` and ``other`` around the block that merges their rows.

    A load that added a row of ``other`` counts as repeating the row of ``keep`` that takes its place.
    """
    columns, both = _ORDERS[table.name].columns, {"keep": keep, "other": other}
    repeated = query(connection, _REPEATED_OF_BOTH.format(columns=columns, table=table.name), both)
    yield
    for symbol in both.values():
        of_symbol = "of_table = $table AND starts_with(series, $symbol || chr(31))"
        delete_rows(connection, REPEATS, of_symbol, {"table": table.name, "symbol": symbol})
    connection.register("repeated_of_both", repeated)
    insert_new(connection, REPEATS, _RUNS_OF_ONE.format(columns=columns, table=table.name), {"keep": keep})
    connection.unregister("repeated_of_both")


def repeated_rows(connection: duckdb.DuckDBPyConnection, table: Table, load_id: int) -> int:
    """Return the number of rows added by a load that a later load repeated."""
    ((count,),) = execute(connection, f"SELECT count(*) FROM ({_heirs(table)})", {"load": load_id})
    return int(count)


def hand_over(connection: duckdb.DuckDBPyConnection, load_id: int) -> dict[str, int]:
    """Reassign the rows of a load that later loads repeated to the first of these; return their number by table.

    The load's own repetitions are deleted, since it is about to be undone.
    """
    parameters = {"load": load_id}
    moved = {  # articles last: the rows that belong to them are found by the load of the article
        order.table.name: update_rows(connection, order.table, ("load_id",), _heirs(order.table), parameters=parameters)
        for order in _ORDERS.values()
    }
    delete_rows(connection, REPEATS, "load_id = $load", parameters)
    return {name: count for name, count in moved.items() if count}


def _heirs(table: Table) -> str:
    """Return a query of the rows of load $load that later loads repeated: their key, and the first of these loads."""
    order = _ORDERS[table.name]
    keys = ", ".join(f't."{name}"' for name in table.key)
    same_key = " AND ".join(f'later."{name}" = t."{name}"' for name in table.key if name != "vintage")
    newest = (
        f" AND NOT EXISTS (SELECT 1 FROM {table.name} AS later WHERE {same_key}"
        " AND later.vintage > t.vintage AND later.load_id <= r.load_id)"
        if order.has_vintages
        else ""
    )
    added = f"(SELECT *, {order.columns} FROM {table.name} WHERE load_id = $load) AS t"
    queries = [
        f"SELECT {keys}, r.load_id FROM {added} JOIN repeats AS r ON r.of_table = '{table.name}'"
        f" AND r.series = t.series AND t.place BETWEEN r.first_place AND r.last_place AND r.load_id > t.load_id{newest}"
    ]
    if table in _OF_ARTICLES:
        queries.append(f"SELECT {keys}, a.load_id FROM {added} JOIN ({_heirs(ARTICLES)}) AS a USING (article_id)")
    names = ", ".join(f'"{name}"' for name in table.key)
    return f"SELECT {names}, min(load_id) AS load_id FROM ({' UNION ALL '.join(queries)}) GROUP BY {names}"
