"""Insert, replace, update and delete rows by key, in the connection of any engine.

In a DuckDB file, changes are made in the table. In a lake, the table is a view of the stored rows and of those that
this block has staged (``staging.py``): changes are staged, and the engine commits them when the block succeeds.
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
    """Insert the rows of a query by column name, skipping existing keys; return the number of new rows."""
    if is_staged(connection):
        return stage_new(connection, table, rows, parameters)
    conflicts = " ON CONFLICT DO NOTHING" if table.indexed else ""
    return _count(execute(connection, f"INSERT INTO {table.name} BY NAME {rows}{conflicts}", parameters))


def put_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: str, parameters: Parameters | None = None
) -> int:
    """Insert the rows of a query by column name, replacing rows with the same key; return the number of rows."""
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
    """Set ``columns`` to the values of the query ``rows``, matching rows by key; return the number of rows."""
    if is_staged(connection):
        replaced = ", ".join(f"changed.{name} AS {name}" for name in columns)
        keys = ", ".join(f'"{name}"' for name in table.key)
        updated = (
            f"SELECT kept.* REPLACE ({replaced}) FROM {table.name} AS kept JOIN ({rows}) AS changed USING ({keys})"
        )
        return stage_rows(connection, table, updated, parameters)
    assignments = ", ".join(f"{name} = changed.{name}" for name in columns)
    same_key = " AND ".join(f'{table.name}."{name}" = changed."{name}"' for name in table.key)
    sql = f"UPDATE {table.name} SET {assignments} FROM ({rows}) AS changed WHERE {same_key}"
    return _count(execute(connection, sql, parameters))


def delete_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, condition: str, parameters: Parameters | None = None
) -> int:
    """Delete the rows for which ``condition`` is true; return their number."""
    if is_staged(connection):
        return stage_deletion(connection, table, condition, parameters)
    return _count(execute(connection, f"DELETE FROM {table.name} WHERE {condition}", parameters))


def _count(rows: list[tuple[int, ...]]) -> int:
    ((count,),) = rows
    return int(count)
