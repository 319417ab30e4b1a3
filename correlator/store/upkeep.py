"""Back up, restore and compact a store. Each result appears complete, by one rename."""

from __future__ import annotations

import os
from pathlib import Path

from correlator.base.files import flush_folder, replacing
from correlator.errors import InputError, NotFoundError
from correlator.store.db import Store
from correlator.store.duckdb_file import DuckDBFile
from correlator.store.opening import no_store


def backup(store: Store, target: str | Path) -> Path:
    """Copy the store to the new file ``target``; readers are not blocked meanwhile, writers wait.

    Raises InputError if ``target`` exists, NotFoundError if there is no store, StoreError if it is damaged.
    """
    path = Path(target)
    if path.exists():
        raise InputError(f"{path} already exists", hint="name a new file")
    with replacing(path, over_database=True) as temporary:
        _file_engine(store).copy_to(temporary, store.lock_wait)
    return path


def restore(store: Store, source: str | Path) -> Path | None:
    """Replace the store with a copy of the backup ``source``; return the new path of the old store, if there was one.

    Raises NotFoundError or StoreError if ``source`` is not a backup, StoreLockedError while others use the store.
    """
    backed_up, engine = Store(source, lock_wait=store.lock_wait), _file_engine(store)
    if backed_up.exists() and store.path.exists() and os.path.samefile(source, store.path):
        raise InputError(f"{source} is the store itself", hint="name a backup")
    if not store.path.parent.is_dir():
        raise NotFoundError(f"folder {store.path.parent} does not exist", hint="create it, or give another --store")
    with engine.emptied(store.lock_wait, damaged=True), replacing(store.path, over_database=True) as temporary:
        _file_engine(backed_up).copy_to(temporary, store.lock_wait)
        return _set_aside(engine.path)


def compact(store: Store) -> tuple[int, int]:
    """Rewrite the store without unused space, or a lake with fewer files; return its size in bytes before and after.

    Raises NotFoundError if there is no store, StoreLockedError while others use it.
    """
    if not store.exists():
        raise no_store(store.address)
    if not isinstance(store.engine, DuckDBFile):
        from correlator.store.lake_upkeep import compact_lake, lake_of

        return compact_lake(lake_of(store), store.lock_wait)
    engine = store.engine
    before = store.path.stat().st_size
    engine.compact(store.lock_wait)
    return before, store.path.stat().st_size


def _set_aside(path: Path) -> Path | None:
    """Link the store to a second name and move its write-ahead log there, so that the next rename keeps both."""
    if not path.exists():
        return None
    aside = path.with_name(f"{path.name}.replaced")
    aside.unlink(missing_ok=True)
    os.link(path, aside)
    journal = path.with_name(path.name + ".wal")
    if journal.exists():
        journal.rename(aside.with_name(aside.name + ".wal"))
    flush_folder(path.parent)
    return aside


def _file_engine(store: Store) -> DuckDBFile:
    if not isinstance(store.engine, DuckDBFile):
        raise InputError(
            f"{store.address} is a lake, not a store in one file",
            hint="copy a lake with `correlator store export`",
        )
    return store.engine
