"""Numbered schema changes. A store remembers how many it has seen; opening it to write applies the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from correlator.errors import StoreError
from correlator.store.statements import execute
from correlator.tables import ACTIONS, ADDRESSES, BARS, TABLES


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        execute(connection, table.ddl())


def _create_actions(connection: duckdb.DuckDBPyConnection) -> None:
    """Stores of the first schema have no corporate actions."""
    if not execute(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'actions'"):
        execute(connection, ACTIONS.ddl())


def _bars_without_index(connection: duckdb.DuckDBPyConnection) -> None:
    """The key of bars is upheld by ``write_bars``; its index made loading three times as slow."""
    if execute(
        connection, "SELECT 1 FROM duckdb_constraints() WHERE table_name = 'bars' AND constraint_type = 'PRIMARY KEY'"
    ):
        execute(connection, "ALTER TABLE bars RENAME TO bars_indexed")
        execute(connection, BARS.ddl())
        execute(connection, "INSERT INTO bars BY NAME SELECT * FROM bars_indexed")
        execute(connection, "DROP TABLE bars_indexed")


def _create_addresses(connection: duckdb.DuckDBPyConnection) -> None:
    """Stores of the third schema do not remember what they read from the web."""
    if not execute(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'addresses'"):
        execute(connection, ADDRESSES.ddl())


MIGRATIONS: tuple[Callable[[duckdb.DuckDBPyConnection], None], ...] = (
    _create_tables,
    _create_actions,
    _bars_without_index,
    _create_addresses,
)


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """How many migrations the store has seen; 0 for a file that is no store of ours."""
    if not execute(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'schema_version'"):
        return 0
    ((newest,),) = execute(connection, "SELECT coalesce(max(version), 0) FROM schema_version")
    return int(newest)


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Apply the migrations that the store has not seen; raises StoreError for a store of a newer correlator."""
    version = schema_version(connection)
    if version > len(MIGRATIONS):
        raise StoreError(
            f"store {path} has schema {version}, this correlator knows {len(MIGRATIONS)}", hint="upgrade correlator"
        )
    if version == 0:
        execute(connection, "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
    for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
        step(connection)
        execute(connection, "INSERT INTO schema_version VALUES ($number)", {"number": number})
