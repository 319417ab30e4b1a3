"""A store in a lake: one Delta table per table, in a folder or an object store, for many writers and machines at once.

A load changes several tables, but a Delta commit covers only one. So the table ``versions`` records which versions of
the tables belong together: its newest commit is the state of the lake. A writer first commits its tables, each on top
of the version in ``versions``, and then ``versions``, which succeeds only if no other writer was first; otherwise
nothing counts, and the work is repeated on the new state. Commits of a killed writer that ``versions`` does not refer
to are undone by the next writer to that table. Readers see the files of one commit of ``versions`` and take no lock.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from correlator.base.database import connect
from correlator.errors import InputError, NotFoundError, StoreError, StoreLockedError
from correlator.store import delta
from correlator.store.gate import Gate, Patience
from correlator.store.migrations import NEWEST
from correlator.store.opening import ACCESS, SPLIT_BARS, add_views, close_access, database_errors, no_store, prepare
from correlator.store.partitions import partitions_of, with_partitions
from correlator.store.staging import add_staging, staged_changes
from correlator.store.statements import execute
from correlator.tables import BARS, TABLES, Table

VERSIONS = "versions"
_SCHEMA, _OLDEST = "schema", "oldest schema"
KEPT = "kept_"
"""Prefix of a table's name: the view of its files that includes the partition columns."""
_MOST_PRUNED = 64
_BATCH = 100_000


@dataclass(frozen=True)
class Published:
    """One commit of the lake: its number, the version of every table, and the oldest schema that has written to it."""

    log: delta.Opened
    tables: Mapping[str, int]
    oldest_schema: int

    @property
    def number(self) -> int:
        return self.log.version


class Lake:
    """The engine of a store at ``address``, a folder or ``s3://bucket/name`` (see ``Engine``)."""

    def __init__(
        self, address: str, settings: Mapping[str, str | bool] | None = None, *, commit: int | None = None
    ) -> None:
        """``settings``: DuckDB settings of read connections; ``commit``: commit to read, default the newest."""
        self.commit = commit
        self.root = delta.DeltaRoot(address)
        self.address = address
        self._settings = dict(settings or {})
        self._gate = Gate(Path(self.root.address)) if self.root.is_local else None

    def exists(self) -> bool:
        """Whether the lake has a commit."""
        return self.newest > 0

    @contextmanager
    def reading(self, wait: float) -> Iterator[duckdb.DuckDBPyConnection]:  # noqa: ARG002 (readers never wait)
        """See ``Engine.reading``."""
        with database_errors(self.address), self._connected(self._settings) as connection:
            published = self.published(connection, self.commit)
            for table in TABLES:
                self._show(connection, table, published, table.name)
            add_views(connection)
            self._show(connection, BARS, published, SPLIT_BARS)
            yield connection

    @property
    def newest(self) -> int:
        """The number of the newest commit; 0 if there is none."""
        return self.root.open(VERSIONS).version if self.root.has(VERSIONS) else 0

    @contextmanager
    def writing(self, wait: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """See ``Engine.writing``; raises StoreConflictError if another machine committed meanwhile."""
        with self._alone(Patience(wait)), database_errors(self.address), self._connected({}) as connection:
            published = self.published(connection) if self.exists() else self._created()
            for table in TABLES:
                self._show(connection, table, published, f"{KEPT}{table.name}")
                add_staging(connection, table)
            add_views(connection)
            yield connection
            self._commit_staged(published, connection)

    def publish(self, published: Published, commits: Mapping[str, int]) -> None:
        """Commit new versions of tables on top of ``published``; StoreConflictError if others were first."""
        rows = _version_rows({**published.tables, **commits}, published.oldest_schema)
        delta.overwrite(published.log, rows, [])

    def published(self, connection: duckdb.DuckDBPyConnection, number: int | None = None) -> Published:
        """Return a commit of the lake, by default the newest.

        Raises NotFoundError if there is none, StoreError for a newer schema.
        """
        try:
            log = self.root.open(VERSIONS, number)
        except NotFoundError:
            raise no_store(self.address) from None
        if log.version == 0:  # created, but nothing committed yet
            raise no_store(self.address)
        files = self.root.files(VERSIONS, log.version)
        try:
            rows = execute(connection, "SELECT name, version FROM read_parquet($files)", {"files": list(files)})
            tables = {str(name): int(version) for name, version in rows}
            schema, oldest = tables.pop(_SCHEMA), tables.pop(_OLDEST)
        except (duckdb.BinderException, KeyError, TypeError, ValueError):
            raise StoreError(
                f"{self.address} has a table {VERSIONS} but is not a lake of correlator", hint="give another --store"
            ) from None
        if schema > NEWEST:
            raise StoreError(
                f"store {self.address} was written by a newer version of correlator", hint="upgrade correlator"
            )
        return Published(log, tables, oldest)

    def head(self, published: Published, table: Table) -> delta.Opened:
        """Return the table at the version in ``published``, ready for a commit; later commits are undone."""
        if table.name not in published.tables:
            self._create(table)
        return delta.restored(self.root.open(table.name), published.tables.get(table.name, 0))

    def create(self, rows: Mapping[str, Callable[[], Any]]) -> None:
        """Create the lake from one Arrow stream per table, opened one by one; readers see all tables at once.

        Raises StoreError if there is a store already.
        """
        if self.exists():
            raise StoreError(f"a store already exists at {self.address}", hint="name a new folder")
        published = self._created()
        commits = {
            table.name: delta.append(self.head(published, table), rows[table.name](), partition_names(table)).version
            for table in TABLES
            if table.name in rows
        }
        self.publish(published, commits)

    @contextmanager
    def alone(self, wait: float) -> Iterator[tuple[Published, duckdb.DuckDBPyConnection]]:
        """Open the lake for maintenance, without other writers of this machine; yields its commit and a connection."""
        with self._alone(Patience(wait)), database_errors(self.address), self._connected({}) as connection:
            published = self.published(connection)
            for table in TABLES:
                self._show(connection, table, published, f"{KEPT}{table.name}")
            yield published, connection

    def _commit_staged(self, published: Published, connection: duckdb.DuckDBPyConnection) -> None:
        commits = {}
        for table in TABLES:
            changes = staged_changes(connection, table)
            if not changes:
                continue
            head = self.head(published, table)
            committed = (
                delta.merge(head, _merged_rows(connection, table), table.key, _pruned(connection, table))
                if changes.replaced
                else delta.append(head, _new_rows(connection, table), partition_names(table))
            )
            commits[table.name] = committed.version
        if commits:
            self.publish(published, commits)

    def _created(self) -> Published:
        """Create a lake without rows and return it; another writer may create it at the same time."""
        self._make_folder()
        for table in TABLES:
            self._create(table)
        self.root.create(VERSIONS, delta.arrow_schema({"name": "VARCHAR", "version": "BIGINT"}), [])
        return Published(self.root.open(VERSIONS, 0), {table.name: 0 for table in TABLES}, NEWEST)

    def _make_folder(self) -> None:
        if not self.root.is_local:
            return
        folder = Path(self.root.address)
        if not folder.parent.is_dir():
            raise NotFoundError(f"folder {folder.parent} does not exist", hint="create it, or give another --store")
        try:
            folder.mkdir(exist_ok=True)
        except OSError as problem:
            raise InputError(
                f"folder {folder} cannot be created: {problem.strerror}", hint="name another folder"
            ) from None

    def _create(self, table: Table) -> None:
        columns = {column.name: column.type for column in table.columns}
        columns |= {part.name: "VARCHAR" for part in partitions_of(table)}
        self.root.create(table.name, delta.arrow_schema(columns), partition_names(table))

    def _show(self, connection: duckdb.DuckDBPyConnection, table: Table, published: Published, name: str) -> None:
        """Create the view ``name`` of the table's files; unless it has the table's name, with the partition columns."""
        files = self.root.files(table.name, published.tables[table.name]) if published.tables.get(table.name) else ()
        columns = {column.name: column.type for column in table.columns}
        columns |= {part.name: "VARCHAR" for part in partitions_of(table)}
        shown = table.stored_names if name == table.name else columns
        names = ", ".join(f'"{column}"' for column in shown)
        if not files:
            empty = ", ".join(f'NULL::{columns[column]} AS "{column}"' for column in shown)
            execute(connection, f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {empty} WHERE false")
            return
        variable = f"files_of_{table.name}"
        execute(connection, f"SET VARIABLE {variable} = $files", {"files": list(files)})
        by_name = published.oldest_schema < NEWEST
        source = (
            f"read_parquet(getvariable('{variable}'), hive_partitioning = {bool(partitions_of(table))},"
            f" hive_types_autocast = false, union_by_name = {by_name})"
        )
        execute(connection, f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {names} FROM {source}")

    @contextmanager
    def _connected(self, settings: Mapping[str, str | bool]) -> Iterator[duckdb.DuckDBPyConnection]:
        chosen = {"temp_directory": _spill_folder(), **settings}
        is_open = chosen.pop(ACCESS, False) is True
        connection = connect(":memory:", read_only=False, **chosen)
        try:
            prepare(connection)
            self.root.reach(connection)
            if not is_open:
                execute(connection, "SET allowed_directories = $folders", {"folders": self.root.directories()})
                close_access(connection)
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _alone(self, patience: Patience) -> Iterator[None]:
        """Let the writers of one folder take turns, which avoids repeated work; correctness does not depend on it."""
        if self._gate is None or not Path(self.root.address).parent.is_dir():
            yield
            return
        with self._gate.closed(patience) as ours:
            if not ours:
                raise StoreLockedError(
                    f"store {self.address} is locked by {self._gate.holder() or 'another process'};"
                    f" waited {patience.seconds:g} s",
                    hint="wait longer with --wait SECONDS or CORRELATOR_LOCK_WAIT",
                )
            yield


def partition_names(table: Table) -> list[str]:
    """Return the partition columns of the table in a lake."""
    return [part.name for part in partitions_of(table)]


def in_order(table: Table, rows: str) -> str:
    """Return the query with its partition columns, in the order of rows in files: by partition, then by key."""
    order = ", ".join(f'"{name}"' for name in (*partition_names(table), *table.key))
    return f"{with_partitions(table, rows)} ORDER BY {order}"


def stream(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """Return the rows of a query as an Arrow stream; the connection cannot be used otherwise until it is exhausted."""
    return connection.sql(sql).to_arrow_reader(_BATCH)


def _new_rows(connection: duckdb.DuckDBPyConnection, table: Table) -> Any:
    return connection.sql(in_order(table, f"SELECT * FROM staged_{table.name}")).to_arrow_table()


def _merged_rows(connection: duckdb.DuckDBPyConnection, table: Table) -> Any:
    """Return the staged rows, and the keys of deleted rows."""
    keys = ", ".join(f'"{name}"' for name in table.key)
    rows = (
        f"SELECT *, false AS gone FROM staged_{table.name} UNION ALL BY NAME"
        f" SELECT {keys}, true AS gone FROM replaced_{table.name} ANTI JOIN staged_{table.name} USING ({keys})"
    )
    return connection.sql(with_partitions(table, rows)).to_arrow_table()


def _pruned(connection: duckdb.DuckDBPyConnection, table: Table) -> str | None:
    """Return a condition on the first partition column that skips most files; None if it would not help."""
    parts = partition_names(table)
    if not parts:
        return None
    keys = ", ".join(f'"{name}"' for name in table.key)
    sql = f'SELECT DISTINCT "{parts[0]}" FROM kept_{table.name} SEMI JOIN replaced_{table.name} USING ({keys})'
    values = [str(value) for (value,) in execute(connection, sql)]
    if len(values) > _MOST_PRUNED or any("'" in value for value in values):
        return None
    return f'kept."{parts[0]}" IN (' + ", ".join(f"'{value}'" for value in sorted(values)) + ")"


def _version_rows(tables: Mapping[str, int], oldest: int) -> pa.Table:
    rows: Iterable[tuple[str, int]] = (*sorted(tables.items()), (_SCHEMA, NEWEST), (_OLDEST, oldest))
    names, versions = zip(*rows, strict=True)
    return pa.table({"name": pa.array(names, pa.string()), "version": pa.array(versions, pa.int64())})


def _spill_folder() -> str:
    return os.path.join(tempfile.gettempdir(), f"correlator-{os.getuid() if hasattr(os, 'getuid') else 0}")
