"""Numbered schema migrations. A store records how many were applied; opening it applies the rest.

They run in one transaction, after a copy of the store has been saved next to it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

import duckdb

from correlator.base.files import replacing
from correlator.errors import StoreError
from correlator.store.identity import EVENT_KEY, GDELT_ID_OF_EVIDENCE
from correlator.store.statements import execute
from correlator.tables import (
    ACTIONS,
    ADDRESSES,
    ARTICLES,
    BARS,
    BRIEFS,
    DELIVERIES,
    EVENTS,
    LINKS,
    MARKS,
    QUOTES,
    REJECTS,
    REPEATS,
    TABLES,
    UNFINISHED,
    Table,
)


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        execute(connection, table.ddl())


def _create_actions(connection: duckdb.DuckDBPyConnection) -> None:
    """Add corporate actions (missing in schema 1)."""
    if not _has_table(connection, "actions"):
        execute(connection, ACTIONS.ddl())


def _bars_without_index(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the index of bars: ``write_bars`` keeps keys unique, and the index made loading three times as slow."""
    _drop_index(connection, BARS)


def _create_addresses(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the validators of web addresses (missing up to schema 3)."""
    if not _has_table(connection, "addresses"):
        execute(connection, ADDRESSES.ddl())


def _events_by_content(connection: duckdb.DuckDBPyConnection) -> None:
    """Identify events coded elsewhere by content instead of file and row, which counted copies of a file again.

    Of several copies the first is kept. GDELT rows are identified by their GLOBALEVENTID. Equal rows of one user file
    are one event as well.
    """
    execute(
        connection,
        f"""
        CREATE TEMP TABLE identified AS
        SELECT event_id, {EVENT_KEY} AS new_key
        FROM (SELECT *, '' AS user_id, coalesce({GDELT_ID_OF_EVIDENCE}, '') AS gdelt_id FROM events)
        WHERE article_id IS NULL
        """,
    )
    execute(
        connection,
        """
        DELETE FROM events WHERE event_id IN (
            SELECT event_id FROM identified QUALIFY row_number() OVER (PARTITION BY new_key ORDER BY event_id) > 1)
        """,
    )
    execute(
        connection,
        "UPDATE events SET event_key = i.new_key FROM identified AS i WHERE events.event_id = i.event_id",
    )
    execute(connection, "DROP TABLE identified")


def _create_unfinished(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the marks of unfinished loads (missing up to schema 5)."""
    if not _has_table(connection, "unfinished"):
        execute(connection, UNFINISHED.ddl())


def _authors_of_articles(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the authors of articles (missing up to schema 6)."""
    execute(connection, "ALTER TABLE articles ADD COLUMN IF NOT EXISTS authors VARCHAR")


def _create_outbox(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the outbox of the watch (missing up to schema 7)."""
    for table in (BRIEFS, DELIVERIES, MARKS):
        if not _has_table(connection, table.name):
            execute(connection, table.ddl())


def _loads_of_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the number of the load to every row, so that loads can be undone (missing up to schema 8)."""
    for table in (ARTICLES, QUOTES, BARS, ACTIONS, EVENTS, LINKS, REJECTS, UNFINISHED):
        execute(connection, f"ALTER TABLE {table.name} ADD COLUMN IF NOT EXISTS load_id BIGINT")
    execute(connection, "ALTER TABLE loads ADD COLUMN IF NOT EXISTS undone_at TIMESTAMPTZ")


def _create_repeats(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the rows that loads repeated (missing up to schema 9)."""
    if not _has_table(connection, "repeats"):
        execute(connection, REPEATS.ddl())


def _numbered_without_index(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the indexes of articles and events: writers keep ids unique, and every load held an index in memory."""
    for table in (ARTICLES, EVENTS):
        _drop_index(connection, table)


def _rejects_by_content(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the index of rejects, which had one row per line and reason, whatever the line contained."""
    _drop_index(connection, REJECTS)


MIGRATIONS: tuple[Callable[[duckdb.DuckDBPyConnection], None], ...] = (
    _create_tables,
    _create_actions,
    _bars_without_index,
    _create_addresses,
    _events_by_content,
    _create_unfinished,
    _authors_of_articles,
    _create_outbox,
    _loads_of_rows,
    _create_repeats,
    _numbered_without_index,
    _rejects_by_content,
)
NEWEST = len(MIGRATIONS)


class State(Enum):
    """What kind of database a DuckDB file is."""

    UNFINISHED = "no tables yet: left by an older version that was interrupted while creating the store"
    FOREIGN = "another application's database"
    OLDER = "a store of an older version"
    CURRENT = "a store of this version"
    NEWER = "a store of a newer version"


def state_of(connection: duckdb.DuckDBPyConnection) -> State:
    """Return the state of the open database."""
    version = schema_version(connection)
    if version <= 0:
        tables = execute(connection, "SELECT 1 FROM duckdb_tables() WHERE NOT internal AND NOT temporary LIMIT 1")
        return State.FOREIGN if tables else State.UNFINISHED
    if version == NEWEST:
        return State.CURRENT
    return State.OLDER if version < NEWEST else State.NEWER


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number of migrations that were applied; 0 if the file is not a correlator store."""
    try:
        ((newest,),) = execute(connection, "SELECT coalesce(max(version), 0) FROM schema_version")
    except (duckdb.CatalogException, duckdb.BinderException):  # no such table, or one of another program
        return 0
    return int(newest)


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Apply the pending migrations in one transaction, after copying the store.

    ``path``: path of the store; the copy is called ``NAME.schema-N``.
    """
    version = schema_version(connection)
    if version == NEWEST:
        return
    if version:
        with replacing(path.with_name(f"{path.name}.schema-{version}"), over_database=True) as copy:
            copy_database(connection, copy)
    execute(connection, "BEGIN")
    try:
        if version == 0:
            execute(connection, "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
        for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
            step(connection)
            execute(connection, "INSERT INTO schema_version VALUES ($number)", {"number": number})
        execute(connection, "COMMIT")
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        execute(connection, "ROLLBACK")
        raise StoreError(
            f"store {path} does not have the tables of its version, {version}", hint="restore a backup"
        ) from error
    except duckdb.Error:
        execute(connection, "ROLLBACK")
        raise


def copy_database(connection: duckdb.DuckDBPyConnection, target: Path, *, name: str | None = None) -> None:
    """Copy a database of the connection, by default its current one, to the new file ``target``."""
    source = name or execute(connection, "SELECT current_database()")[0][0]
    execute(connection, f"ATTACH {_quoted(str(target.absolute()), QUOTE)} AS copied_to")
    try:
        execute(connection, f"COPY FROM DATABASE {_quoted(str(source), DOUBLE_QUOTE)} TO copied_to")
        execute(connection, "CHECKPOINT copied_to")  # reports errors such as a full disk; DETACH does not
    finally:
        execute(connection, "DETACH copied_to")


def attach_to_read(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Attach the DuckDB file ``path`` to the connection as ``name``, read-only."""
    execute(connection, f"ATTACH {_quoted(str(path.absolute()), QUOTE)} AS {name} (READ_ONLY)")


QUOTE, DOUBLE_QUOTE = "'", '"'


def _quoted(text: str, quote: str) -> str:
    return quote + text.replace(quote, 2 * quote) + quote


def _drop_index(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Drop the index of the table's key and keep its rows."""
    if execute(
        connection,
        "SELECT 1 FROM duckdb_constraints() WHERE table_name = $name AND constraint_type = 'PRIMARY KEY'",
        {"name": table.name},
    ):
        execute(connection, f"ALTER TABLE {table.name} RENAME TO {table.name}_indexed")
        execute(connection, table.ddl())
        execute(connection, f"INSERT INTO {table.name} BY NAME SELECT * FROM {table.name}_indexed")
        execute(connection, f"DROP TABLE {table.name}_indexed")


def _has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    return bool(execute(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = $name", {"name": name}))
