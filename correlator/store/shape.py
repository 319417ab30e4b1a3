"""Refuse a DuckDB file that does not have the tables of a store, or has objects that change what our SQL does.

Anybody can make a DuckDB file. A view called ``bars`` could read other files, a macro called ``max`` would replace the
built-in function, and a trigger would write rows of its own. The catalog is read by qualified names and compared here,
since functions and operators may be replaced as well.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from correlator.errors import StoreError
from correlator.store.statements import execute
from correlator.tables import TABLES

SCHEMA_VERSION = "schema_version"
_COLUMNS = {
    **{table.name: {column.name: column.type for column in table.columns} for table in TABLES},
    SCHEMA_VERSION: {"version": "INTEGER"},
}
_FUNCTIONS = "SELECT function_name, internal FROM system.main.duckdb_functions()"
_SHORT = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
_HINT = "another program changed it or made it: restore a backup, or load the data into a new store"


def refuse_foreign_objects(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raise StoreError if the file has a view instead of a table, a macro named like a function, or a trigger."""
    views = execute(connection, "SELECT view_name FROM system.main.duckdb_views() WHERE NOT internal AND NOT temporary")
    names = [(str(name).lower(), built_in) for name, built_in in execute(connection, _FUNCTIONS)]
    built_in = {name for name, is_built_in in names if is_built_in}
    triggers = execute(connection, "SELECT trigger_name FROM system.main.duckdb_triggers()")
    foreign = [
        *(f"the view {name}" for (name,) in views if str(name).lower() in _COLUMNS),
        *(
            f"a macro named like the function {name}"
            for name, is_built_in in names
            if not is_built_in and name in built_in
        ),
        *(f"the trigger {name}" for (name,) in triggers),
    ]
    if foreign:
        raise StoreError(f"{path} contains {foreign[0]}, which no store of correlator has", hint=_HINT)


def check_columns(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raise StoreError if a table of the newest schema lacks a column, or has one of another type."""
    rows = execute(
        connection, "SELECT table_name, column_name, data_type FROM system.main.duckdb_columns() WHERE NOT internal"
    )
    found = {(table, column): _SHORT.get(kind, kind) for table, column, kind in rows}
    for table, columns in _COLUMNS.items():
        for column, kind in columns.items():
            if found.get((table, column)) != kind:
                raise StoreError(f"table {table} of store {path} has no column {column} of type {kind}", hint=_HINT)
