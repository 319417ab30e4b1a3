"""Maintenance of lakes: export a store to a lake, merge small files, delete files that are no longer used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any, TypeVar
from urllib.parse import unquote

import duckdb

from correlator.base.progress import tracked
from correlator.errors import InputError, StoreConflictError
from correlator.store import delta
from correlator.store.address import engine_at, is_lake
from correlator.store.db import LEAST_ATTEMPTS, Store
from correlator.store.lake import KEPT, VERSIONS, Lake, Published, in_order, partition_names, stream
from correlator.store.opening import no_store
from correlator.store.statements import execute
from correlator.tables import TABLES, Table

SMALL_FILE = 64 * 2**20
"""Size in bytes below which a file is merged with others."""
KEEP_HOURS = 168
T = TypeVar("T")
Connection = duckdb.DuckDBPyConnection


def export(store: Store, address: str) -> dict[str, int]:
    """Copy the store to a new lake at ``address``, a folder or ``s3://bucket/name``; return the rows of each table.

    The copy is one consistent state of the store, and appears at once. Raises InputError if ``address`` cannot be a new
    lake, StoreError if there is a store already, NotFoundError if there is nothing to copy.
    """
    text = address if is_lake(address) else f"{address.rstrip('/')}/"
    if not is_lake(text):
        raise InputError(f"{address} is not the address of a new lake", hint="name a new or empty folder, or s3://...")
    lake = engine_at(text)
    assert isinstance(lake, Lake)
    with store.reading() as connection:
        rows = {table.name: _count(connection, table) for table in TABLES}
        lake.create({table.name: _rows(connection, table) for table in TABLES if rows[table.name]})
    return rows


def compact_lake(lake: Lake, wait: float) -> tuple[int, int]:
    """Rewrite every folder that has several small files, with rows in order of the key.

    Each folder is committed separately, so that loads can run in between. Returns the bytes of the lake before and
    after.
    """
    before = _bytes(lake, wait)
    for table in tracked(TABLES, "tables written"):
        for folder in _fragmented_folders(lake, table, wait):
            _with_retries(partial(_compact_folder, lake, table, folder, wait))
    return before, _bytes(lake, wait)


def vacuum(store: Store, keep_hours: int = KEEP_HOURS) -> int:
    """Delete the files that no version of the last ``keep_hours`` uses; return their number.

    Readers and writers that started earlier lose their files, so use 0 only if no other process is running. Raises
    InputError if the store is not a lake.
    """
    lake = lake_of(store)
    if keep_hours < 0:
        raise InputError(f"hours to keep must not be negative, got {keep_hours}")

    def settle() -> None:
        """Make the newest version of every table the published one."""
        with lake.alone(store.lock_wait) as (published, _):
            heads = {table.name: lake.head(published, table).version for table in TABLES}
            if heads != dict(published.tables):
                lake.publish(published, heads)

    _with_retries(settle)
    names = (*(table.name for table in TABLES), VERSIONS)
    return sum(delta.vacuum(lake.root.open(name), keep_hours) for name in tracked(names, "tables cleaned"))


def lake_of(store: Store) -> Lake:
    """Return the engine of a lake; raise InputError for a store in one file."""
    if not isinstance(store.engine, Lake):
        raise InputError(
            f"{store.address} is a store in one file, not a lake", hint="give a lake: a folder, or s3://..."
        )
    if not store.exists():
        raise no_store(store.address)
    return store.engine


def _with_retries(work: Callable[[], T]) -> T:
    """Call ``work`` and return its result; retry if another writer commits meanwhile."""
    for _ in range(LEAST_ATTEMPTS):
        try:
            return work()
        except StoreConflictError:
            continue
    return work()


def _fragmented_folders(lake: Lake, table: Table, wait: float) -> list[str]:
    """Return the folders of the table that have several small files."""
    small: dict[str, int] = defaultdict(int)
    with lake.alone(wait) as (published, _):
        for path, size in _sizes(lake, published, table):
            if size < SMALL_FILE:
                small[str(PurePosixPath(path).parent)] += 1
    return sorted(folder for folder, files in small.items() if files > 1)


def _compact_folder(lake: Lake, table: Table, folder: str, wait: float) -> None:
    """Rewrite the rows of one folder."""
    values = _partition_values(folder)
    condition = " AND ".join(f"\"{name}\" = '{value}'" for name, value in values.items())
    order = ", ".join(f'"{name}"' for name in table.key)
    where = f" WHERE {condition}" if condition else ""
    with lake.alone(wait) as (published, connection):
        rows = stream(connection, f"SELECT * FROM {KEPT}{table.name}{where} ORDER BY {order}")
        committed = delta.overwrite(lake.head(published, table), rows, partition_names(table), condition or None)
        lake.publish(published, {table.name: committed.version})


def _partition_values(folder: str) -> Mapping[str, str]:
    """Return the names and values in a path such as ``interval=1d/bucket=0``, escaped for SQL."""
    pairs = (part.partition("=") for part in folder.split("/") if "=" in part)
    return {name: unquote(value).replace("'", "''") for name, _, value in pairs}


def _sizes(lake: Lake, published: Published, table: Table) -> Iterator[tuple[str, int]]:
    """Yield the path and size in bytes of every file of the table."""
    version = published.tables.get(table.name, 0)
    if version:
        files = lake.root.open(table.name, version).table.get_add_actions(flatten=True)
        columns = (files.column(files.schema.names.index(name)).to_pylist() for name in ("path", "size_bytes"))
        yield from zip(*columns, strict=True)


def _bytes(lake: Lake, wait: float) -> int:
    with lake.alone(wait) as (published, _):
        return sum(size for table in TABLES for _, size in _sizes(lake, published, table))


def _count(connection: Connection, table: Table) -> int:
    ((rows,),) = execute(connection, f"SELECT count(*) FROM {table.name}")
    return int(rows)


def _rows(connection: Connection, table: Table) -> Callable[[], Any]:
    return lambda: stream(connection, in_order(table, f"SELECT * FROM {table.name}"))
