"""The uncommitted changes of a block that writes to a lake, kept in its connection and visible to its SQL.

For every table ``T`` the connection has ``kept_T`` (a view of the lake's files), ``staged_T`` (rows that are new or
replace a kept one) and ``replaced_T`` (keys of kept rows that are replaced or deleted). ``T`` itself is a view of all
three, so that a block reads what it has written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from weakref import WeakSet

import duckdb

from correlator.store.statements import execute
from correlator.tables import Table

_staged: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()
"""Connections in which changes are staged; asking the database instead would take 10 % of the time of a small load."""


def is_staged(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether changes are staged in this connection."""
    return connection in _staged


def add_staging(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Prepare staging of the table's changes; the view ``kept_T`` must exist."""
    _staged.add(connection)
    staged = replace(table, name=f"staged_{table.name}")
    keys = replace(
        table,
        name=f"replaced_{table.name}",
        columns=tuple(column for column in table.columns if column.name in table.key),
        indexed=True,
    )
    for each in (staged, keys):
        execute(connection, each.ddl().replace("CREATE TABLE", "CREATE TEMP TABLE", 1))
    _show(connection, table, replaced=False)


def stage_new(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: str, parameters: Mapping[str, object] | None
) -> int:
    """Stage the rows of a query whose keys do not exist; for a table without index the caller has made sure of that."""
    staged = f"staged_{table.name}"
    if not table.indexed:
        return _changed(connection, f"INSERT INTO {staged} BY NAME {rows}", parameters)
    unknown = f"SELECT given.* FROM ({rows}) AS given ANTI JOIN {table.name} USING ({_names(table)})"
    return _changed(connection, f"INSERT INTO {staged} BY NAME {unknown} ON CONFLICT DO NOTHING", parameters)


def stage_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: str, parameters: Mapping[str, object] | None
) -> int:
    """Stage the rows of a query, replacing rows with the same key."""
    execute(connection, f"CREATE OR REPLACE TEMP TABLE changed_rows AS {rows}", parameters)
    _replace_kept(connection, table, f"SELECT {_names(table)} FROM changed_rows")
    if table.indexed:
        count = _changed(
            connection, f"INSERT OR REPLACE INTO staged_{table.name} BY NAME SELECT * FROM changed_rows", None
        )
    else:
        _drop_staged(connection, table, "changed_rows")
        count = _changed(connection, f"INSERT INTO staged_{table.name} BY NAME SELECT * FROM changed_rows", None)
    execute(connection, "DROP TABLE changed_rows")
    return count


def stage_deletion(
    connection: duckdb.DuckDBPyConnection, table: Table, condition: str, parameters: Mapping[str, object] | None
) -> int:
    """Stage the deletion of the rows for which ``condition`` is true."""
    execute(
        connection,
        f"CREATE OR REPLACE TEMP TABLE gone_rows AS SELECT {_names(table)} FROM {table.name} WHERE {condition}",
        parameters,
    )
    _replace_kept(connection, table, "SELECT * FROM gone_rows")
    _drop_staged(connection, table, "gone_rows")
    ((count,),) = execute(connection, "SELECT count(*) FROM gone_rows")
    execute(connection, "DROP TABLE gone_rows")
    return int(count)


@dataclass(frozen=True)
class Staged:
    """Number of changes to a table in a block: staged rows, and kept rows that are replaced or deleted."""

    rows: int
    replaced: int

    def __bool__(self) -> bool:
        return bool(self.rows or self.replaced)


def staged_changes(connection: duckdb.DuckDBPyConnection, table: Table) -> Staged:
    """Return the number of changes to the table in this block."""
    ((rows, replaced),) = execute(
        connection,
        f"SELECT (SELECT count(*) FROM staged_{table.name}), (SELECT count(*) FROM replaced_{table.name})",
    )
    return Staged(int(rows), int(replaced))


def _replace_kept(connection: duckdb.DuckDBPyConnection, table: Table, keys: str) -> None:
    """Hide the kept rows with one of the ``keys``."""
    count = _changed(
        connection,
        f"INSERT INTO replaced_{table.name} BY NAME SELECT DISTINCT {_names(table)} FROM kept_{table.name}"
        f" SEMI JOIN ({keys}) AS given USING ({_names(table)}) ON CONFLICT DO NOTHING",
        None,
    )
    if count:
        _show(connection, table, replaced=True)


def _drop_staged(connection: duckdb.DuckDBPyConnection, table: Table, keys: str) -> None:
    same_key = " AND ".join(f'staged_{table.name}."{name}" = {keys}."{name}"' for name in table.key)
    execute(connection, f"DELETE FROM staged_{table.name} USING {keys} WHERE {same_key}")


def _show(connection: duckdb.DuckDBPyConnection, table: Table, *, replaced: bool) -> None:
    """Create the view with the table's name; without replaced rows it needs no join."""
    names = ", ".join(f'"{name}"' for name in table.stored_names)
    hidden = f" ANTI JOIN replaced_{table.name} USING ({_names(table)})" if replaced else ""
    execute(
        connection,
        f"CREATE OR REPLACE TEMP VIEW {table.name} AS SELECT {names} FROM kept_{table.name}{hidden}"
        f" UNION ALL SELECT {names} FROM staged_{table.name}",
    )


def _names(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in table.key)


def _changed(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object] | None) -> int:
    ((count,),) = execute(connection, sql, parameters)
    return int(count)
