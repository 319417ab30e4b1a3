"""Numbered schema changes. A store remembers how many it has seen; the next one to open it applies the rest.

All of them are one transaction, and a copy of the store as it was is next to it before they begin.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

import duckdb

from correlator.base.files import replacing
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
    """Stores of the first schema have no corporate actions."""
    if not _has_table(connection, "actions"):
        execute(connection, ACTIONS.ddl())


def _bars_without_index(connection: duckdb.DuckDBPyConnection) -> None:
    """The key of bars is upheld by ``write_bars``; its index made loading three times as slow."""
    _drop_index(connection, BARS)


def _create_addresses(connection: duckdb.DuckDBPyConnection) -> None:
    """Stores of the third schema do not remember what they read from the web."""
    if not _has_table(connection, "addresses"):
        execute(connection, ADDRESSES.ddl())


def _events_by_content(connection: duckdb.DuckDBPyConnection) -> None:
    """Events brought from outside were known by file and row: copies of a file counted again. The first copy stays.

    Rows of GDELT are known by their GLOBALEVENTID. Equal rows of a user's one file are one event, too.
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
    """Stores of the fifth schema do not say which load has begun and not ended."""
    if not _has_table(connection, "unfinished"):
        execute(connection, UNFINISHED.ddl())


def _authors_of_articles(connection: duckdb.DuckDBPyConnection) -> None:
    """Stores of the sixth schema do not keep who wrote an article."""
    execute(connection, "ALTER TABLE articles ADD COLUMN IF NOT EXISTS authors VARCHAR")


def _create_outbox(connection: duckdb.DuckDBPyConnection) -> None:
    """Stores of the seventh schema do not know what a watch owes."""
    for table in (BRIEFS, DELIVERIES, MARKS):
        if not _has_table(connection, table.name):
            execute(connection, table.ddl())


def _loads_of_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Stores of the eighth schema do not say which load brought a row, so that none can be undone."""
    for table in (ARTICLES, QUOTES, BARS, ACTIONS, EVENTS, LINKS, REJECTS, UNFINISHED):
        execute(connection, f"ALTER TABLE {table.name} ADD COLUMN IF NOT EXISTS load_id BIGINT")
    execute(connection, "ALTER TABLE loads ADD COLUMN IF NOT EXISTS undone_at TIMESTAMPTZ")


def _create_repeats(connection: duckdb.DuckDBPyConnection) -> None:
    """Stores of the ninth schema do not keep what a load said again."""
    if not _has_table(connection, "repeats"):
        execute(connection, REPEATS.ddl())


def _numbered_without_index(connection: duckdb.DuckDBPyConnection) -> None:
    """Articles and events get their numbers by those who write them; an index was held in memory with every load."""
    for table in (ARTICLES, EVENTS):
        _drop_index(connection, table)


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
)
NEWEST = len(MIGRATIONS)


class State(Enum):
    """What a DuckDB file is to us."""

    UNFINISHED = "no table yet: what an earlier correlator left that was stopped while it made the store"
    FOREIGN = "somebody else's database"
    OLDER = "a store of an earlier correlator"
    CURRENT = "a store of this correlator"
    NEWER = "a store of a later correlator"


def state_of(connection: duckdb.DuckDBPyConnection) -> State:
    """What the open database is."""
    version = schema_version(connection)
    if version == 0:
        tables = execute(connection, "SELECT 1 FROM duckdb_tables() WHERE NOT internal AND NOT temporary LIMIT 1")
        return State.FOREIGN if tables else State.UNFINISHED
    if version == NEWEST:
        return State.CURRENT
    return State.OLDER if version < NEWEST else State.NEWER


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """How many migrations the store has seen; 0 for a file that is not a store of ours."""
    try:
        ((newest,),) = execute(connection, "SELECT coalesce(max(version), 0) FROM schema_version")
    except duckdb.CatalogException:
        return 0
    return int(newest)


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Apply the migrations that the store has not seen, in one transaction; a copy of it as it was is made first.

    ``path``: where the store is; the copy is called ``NAME.schema-N``.
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
    except duckdb.Error:
        execute(connection, "ROLLBACK")
        raise


def copy_database(connection: duckdb.DuckDBPyConnection, target: Path, *, name: str | None = None) -> None:
    """Copy a database of the connection, by default the one it is open on, to the new file ``target``."""
    source = name or execute(connection, "SELECT current_database()")[0][0]
    execute(connection, f"ATTACH {_quoted(str(target.absolute()), QUOTE)} AS copied_to")
    try:
        execute(connection, f"COPY FROM DATABASE {_quoted(str(source), DOUBLE_QUOTE)} TO copied_to")
        execute(connection, "CHECKPOINT copied_to")  # it says what is wrong, as a full disk: DETACH does not
    finally:
        execute(connection, "DETACH copied_to")


def attach_to_read(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Have the DuckDB file ``path`` in the connection as ``name``, read-only."""
    execute(connection, f"ATTACH {_quoted(str(path.absolute()), QUOTE)} AS {name} (READ_ONLY)")


QUOTE, DOUBLE_QUOTE = "'", '"'


def _quoted(text: str, mark: str) -> str:
    return mark + text.replace(mark, 2 * mark) + mark


def _drop_index(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Keep the rows of the table and not the index of its key."""
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
