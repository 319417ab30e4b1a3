"""What loads said again: rows that a load would have brought if no earlier one had.

Undoing the load that brought a row leaves it where another said it, too. What a load says again mostly stands in one
piece (a file that has grown by some rows), so it is kept as runs of rows, not row by row.
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
    """How the rows of a table follow each other: those of equal ``series`` by the whole number ``place``."""

    table: Table
    series: tuple[str, ...]
    place: str

    @property
    def columns(self) -> str:
        """Series and place of a row, in SQL."""
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
# A poll of an address says again what the poll before it said: only what another source brought is kept.
_RUNS = """
    WITH said AS (
        SELECT DISTINCT {columns} FROM ({said}) WHERE load_id NOT IN (
            SELECT load_id FROM loads WHERE source = getvariable('load_address'))
    ), bounds AS (
        SELECT series, min(place) AS first_place, max(place) AS last_place, count(*) AS places FROM said GROUP BY series
    ), near AS (
        SELECT DISTINCT stored.series, stored.place FROM (SELECT {columns} FROM ({among})) AS stored
        JOIN bounds ON stored.series = bounds.series AND stored.place BETWEEN first_place AND last_place
    ), whole AS (
        SELECT series FROM near GROUP BY series
        HAVING count(*) = (SELECT places FROM bounds WHERE bounds.series = near.series)
    ), numbered AS (
        SELECT near.series, near.place, said.place IS NOT NULL AS again,
            row_number() OVER (PARTITION BY near.series ORDER BY near.place) AS number
        FROM (SELECT * FROM near ANTI JOIN whole USING (series)) AS near LEFT JOIN said USING (series, place)
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
    said: str,
    parameters: Parameters | None = None,
    *,
    among: str | None = None,
) -> None:
    """Note that the load which writes in this connection said rows again that are in ``table``.

    ``said``: a query of these rows, with all columns of the table; ``among``: a query of all rows that may stand
    between them, by default the table.
    """
    columns = _ORDERS[table.name].columns
    stored = among or f"SELECT * FROM {table.name}"
    runs = _RUNS.format(columns=columns, said=said, among=stored, table=table.name)
    insert_new(connection, REPEATS, runs, parameters)


_SAID_OF_BOTH = """
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
        FROM near JOIN said_of_both USING (series, place)
    )
    SELECT load_id, '{table}' AS of_table, series, min(place) AS first_place, max(place) AS last_place
    FROM pieces GROUP BY load_id, series, piece
"""


@contextmanager
def merging_runs(connection: duckdb.DuckDBPyConnection, table: Table, keep: str, other: str) -> Iterator[None]:
    """While the rows of ``other`` become those of ``keep``, within: what loads said again of either they say of one.

    A load that brought a row of ``other`` says the one of ``keep`` that stays in its place.
    """
    columns, both = _ORDERS[table.name].columns, {"keep": keep, "other": other}
    said = query(connection, _SAID_OF_BOTH.format(columns=columns, table=table.name), both)
    yield
    for symbol in both.values():
        of_symbol = "of_table = $table AND starts_with(series, $symbol || chr(31))"
        delete_rows(connection, REPEATS, of_symbol, {"table": table.name, "symbol": symbol})
    connection.register("said_of_both", said)
    insert_new(connection, REPEATS, _RUNS_OF_ONE.format(columns=columns, table=table.name), {"keep": keep})
    connection.unregister("said_of_both")


def rows_said_again(connection: duckdb.DuckDBPyConnection, table: Table, load_id: int) -> int:
    """How many of the rows that a load brought another load said later, too."""
    ((count,),) = execute(connection, f"SELECT count(*) FROM ({_heirs(table)})", {"load": load_id})
    return int(count)


def hand_over(connection: duckdb.DuckDBPyConnection, load_id: int) -> dict[str, int]:
    """Give the rows of a load that others said later to the first of these; returns how many, by table.

    What the load itself said again is forgotten: it is about to be undone.
    """
    own = {"load": load_id}
    moved = {  # articles last: what belongs to them is known by their load
        order.table.name: update_rows(connection, order.table, ("load_id",), _heirs(order.table), parameters=own)
        for order in _ORDERS.values()
    }
    delete_rows(connection, REPEATS, "load_id = $load", own)
    return {name: count for name, count in moved.items() if count}


def _heirs(table: Table) -> str:
    """A query of the rows of the load $load that others said later: their key and the first of these loads."""
    order = _ORDERS[table.name]
    keys = ", ".join(f't."{name}"' for name in table.key)
    same = " AND ".join(f'later."{name}" = t."{name}"' for name in table.key if name != "vintage")
    newest = (
        f" AND NOT EXISTS (SELECT 1 FROM {table.name} AS later WHERE {same}"
        " AND later.vintage > t.vintage AND later.load_id <= r.load_id)"
        if order.has_vintages
        else ""
    )
    brought = f"(SELECT *, {order.columns} FROM {table.name} WHERE load_id = $load) AS t"
    queries = [
        f"SELECT {keys}, r.load_id FROM {brought} JOIN repeats AS r ON r.of_table = '{table.name}'"
        f" AND r.series = t.series AND t.place BETWEEN r.first_place AND r.last_place AND r.load_id > t.load_id{newest}"
    ]
    if table in _OF_ARTICLES:
        queries.append(f"SELECT {keys}, a.load_id FROM {brought} JOIN ({_heirs(ARTICLES)}) AS a USING (article_id)")
    names = ", ".join(f'"{name}"' for name in table.key)
    return f"SELECT {names}, min(load_id) AS load_id FROM ({' UNION ALL '.join(queries)}) GROUP BY {names}"
