"""Changes of tables, by key, in the connection of any engine: insert, replace, update, delete.

In a DuckDB file a table is a table and the change happens in it. In a lake it is a view of what the lake keeps and of
what this block has staged (``staging.py``): the change is staged, and the engine commits it when the block ends well.
Rows always come from a query, so that values never enter SQL as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from correlator.store.staging import is_staged, stage_deletion, stage_new, stage_rows
from correlator.store.statements import execute
from correlator.tables import Table

Parameters = Mapping[str, object]


def insert_new(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: str, parameters: Parameters | None = None
) -> int:
    """Insert the rows of a query by name, leaving keys that exist; returns how many were new."""
    if is_staged(connection):
        return stage_new(connection, table, rows, parameters)
    conflicts = " ON CONFLICT DO NOTHING" if table.indexed else ""
    return _count(execute(connection, f"INSERT INTO {table.name} BY NAME {rows}{conflicts}", parameters))


def put_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: str, parameters: Parameters | None = None
) -> int:
    """Insert the rows of a query by name, each in the place of one with its key; returns how many there were."""
    if is_staged(connection):
        return stage_rows(connection, table, rows, parameters)
    return _count(execute(connection, f"INSERT OR REPLACE INTO {table.name} BY NAME {rows}", parameters))


def update_rows(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    columns: Sequence[str],
    rows: str,
    *,
    parameters: Parameters | None = None,
) -> int:
    """Set ``columns`` of the rows whose keys the query ``rows`` has, to what it says; returns how many there were."""
    if is_staged(connection):
        replaced = ", ".join(f"changed.{name} AS {name}" for name in columns)
        keys = ", ".join(f'"{name}"' for name in table.key)
        whole = f"SELECT kept.* REPLACE ({replaced}) FROM {table.name} AS kept JOIN ({rows}) AS changed USING ({keys})"
        return stage_rows(connection, table, whole, parameters)
    settings = ", ".join(f"{name} = changed.{name}" for name in columns)
    same = " AND ".join(f'{table.name}."{name}" = changed."{name}"' for name in table.key)
    return _count(
        execute(connection, f"UPDATE {table.name} SET {settings} FROM ({rows}) AS changed WHERE {same}", parameters)
    )


def delete_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, condition: str, parameters: Parameters | None = None
) -> int:
    """Delete the rows for which ``condition`` is true; returns how many there were."""
    if is_staged(connection):
        return stage_deletion(connection, table, condition, parameters)
    return _count(execute(connection, f"DELETE FROM {table.name} WHERE {condition}", parameters))


def _count(rows: list[tuple[int, ...]]) -> int:
    ((count,),) = rows
    return int(count)
