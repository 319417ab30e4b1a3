"""A store in one DuckDB file: made whole by one rename, opened for one block at a time, migrated with a backup kept.

The file is never opened by anything but DuckDB: closing a second handle of a file gives up this process's locks on it.
"""

from __future__ import annotations

import glob
import importlib
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from correlator.base.database import connect
from correlator.base.files import flush_folder, replacing
from correlator.errors import NotFoundError, StoreError, StoreLockedError
from correlator.store.gate import Gate, Holder, Patience, started_at
from correlator.store.migrations import NEWEST, State, attach_to_read, copy_database, migrate, state_of
from correlator.store.opening import add_views, no_store, prepare, told
from correlator.store.statements import execute

_HOLDER = re.compile(r"held in (?P<program>\S+) \(PID (?P<pid>\d+)\)")
_COPIED = "copied_from"
_LOCKED = ("Could not set lock", "different configuration", "Unique file handle conflict")


_open = threading.local()


def _blocks() -> list[tuple[str, str]]:
    """Blocks of this thread that are open: the store and whether it is read or written."""
    if not hasattr(_open, "blocks"):
        _open.blocks = []
    blocks: list[tuple[str, str]] = _open.blocks
    return blocks


class UnreadableStoreError(StoreError):
    """The file cannot be opened as a database: damaged, cut off, or something else altogether."""


class DuckDBFile:
    """The engine of a store in the file ``path`` (see ``Engine``)."""

    def __init__(self, path: Path, settings: Mapping[str, str | bool] | None = None) -> None:
        """``settings``: of DuckDB, for every connection that reads; of a link, the file that it names."""
        self.path = Path(os.path.realpath(path)) if path.is_symlink() else path
        self._settings = dict(settings or {})
        self._gate = Gate(self.path)
        self._last_lock = ""
        self._key = str(self.path.absolute())

    def exists(self) -> bool:
        """Whether the file is there and not empty; an empty one is what a first load left that was stopped."""
        try:
            return self.path.stat().st_size > 0
        except OSError:
            return False

    @contextmanager
    def reading(self, wait: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """See ``Engine.reading``; a store of an earlier correlator is migrated first."""
        self._refuse_inside("write")
        patience = Patience(wait)
        connection = self._open_to_read(patience)
        try:
            if state_of(connection) is State.OLDER:
                connection.close()
                self._migrate(patience)
                connection = self._open_to_read(patience)
            with told(self.path), self._inside("read"):
                add_views(connection)
                yield connection
        finally:
            connection.close()

    @contextmanager
    def writing(self, wait: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """See ``Engine.writing``."""
        if not self.path.parent.is_dir():
            raise NotFoundError(f"folder {self.path.parent} does not exist", hint="make it, or give another --store")
        self._refuse_inside("write", "read")
        importlib.import_module("pyarrow")  # frames pass through it: nobody waits while it is loaded
        patience = Patience(wait)
        with self._gate.closed(patience) as ours:
            if not ours:
                raise self._locked(patience, self._gate.holder())
            opened = self._existing(patience) if self.exists() else self._fresh()
            with told(self.path), opened as connection, self._inside("write"):
                yield connection

    @contextmanager
    def _inside(self, what: str) -> Iterator[None]:
        """Remember for this thread that a block is open."""
        blocks = _blocks()
        blocks.append((self._key, what))
        try:
            yield
        finally:
            blocks.remove((self._key, what))

    def _refuse_inside(self, *kinds: str) -> None:
        """Raises StoreError where this thread would wait for a block of its own."""
        if any((self._key, what) in _blocks() for what in kinds):
            raise StoreError(
                f"a block of store {self.path} was opened inside another one that is still open",
                hint="end the first block before",
            )

    @contextmanager
    def emptied(self, wait: float, *, damaged: bool = False) -> Iterator[None]:
        """Keep everybody out for the block, after those inside have left; the file is closed and its journal in it.

        ``damaged``: whether a file that cannot be opened is let pass, to be replaced.
        """
        patience = Patience(wait)
        with self._gate.closed(patience) as ours:
            if not ours:
                raise self._locked(patience, self._gate.holder())
            if self.exists():
                try:
                    self.open_to_write(patience).close()
                except UnreadableStoreError:
                    if not damaged:
                        raise
            yield

    def copy_to(self, target: Path, wait: float) -> None:
        """Copy the store as it is to the new file ``target``; others read meanwhile, writers wait."""
        with self.reading(wait):  # whatever is wrong with the store is said here, and an earlier one migrated
            pass
        patience = Patience(wait)
        with told(self.path), connect() as memory:
            while not self._attached(memory, patience):
                if not patience.pause():
                    raise self._locked(patience, self._foreign_holder())
            copy_database(memory, target, name=_COPIED)

    def compact(self, wait: float) -> None:
        """Rewrite the store without the space of deleted rows."""
        with self.writing(wait):  # an earlier one is migrated
            pass
        with self.emptied(wait), replacing(self.path, over_database=True) as temporary:
            self._copy_alone(temporary)

    def _copy_alone(self, target: Path) -> None:
        with told(self.path), connect() as memory:
            attach_to_read(memory, self.path, _COPIED)
            copy_database(memory, target, name=_COPIED)

    def _attached(self, memory: duckdb.DuckDBPyConnection, patience: Patience) -> bool:
        if not self._gate.passed(patience):
            raise self._locked(patience, self._gate.holder())
        try:
            attach_to_read(memory, self.path, _COPIED)
        except duckdb.Error as error:
            if not _is_lock(error):
                raise
            self._last_lock = str(error)
            return False
        return True

    @contextmanager
    def _existing(self, patience: Patience) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self.open_to_write(patience)
        try:
            migrate(connection, self.path)
            add_views(connection)
            same_file = self._identity()
            execute(connection, "BEGIN")
            yield connection
            self._still(same_file)
            execute(connection, "COMMIT")
            self._still(same_file)
        finally:
            connection.close()  # an uncommitted transaction is rolled back

    @contextmanager
    def _fresh(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A new store, written under another name and renamed when the first transaction has ended well."""
        for leftover in self.path.parent.glob(f".{glob.escape(self.path.name)}.*.new*"):
            leftover.unlink()
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        try:
            connection = connect(temporary.absolute())
            try:
                prepare(connection)
                migrate(connection, self.path)
                add_views(connection)
                execute(connection, "BEGIN")
                yield connection
                execute(connection, "COMMIT")
                execute(connection, "CHECKPOINT")
            finally:
                connection.close()
            self._appear(temporary)
        finally:
            for part in (temporary, temporary.with_name(temporary.name + ".wal")):
                part.unlink(missing_ok=True)

    def _appear(self, temporary: Path) -> None:
        """The new store gets its name, unless somebody else has taken it meanwhile."""
        orphan = self.path.with_name(self.path.name + ".wal")
        if orphan.exists():  # the journal of a store that was deleted: no other store can use it
            orphan.rename(orphan.with_name(orphan.name + ".orphan"))
        if self.exists():
            raise StoreError(f"store {self.path} was made by another process meanwhile", hint="run the command again")
        temporary.replace(self.path)
        flush_folder(self.path.parent)

    def open_to_write(self, patience: Patience) -> duckdb.DuckDBPyConnection:
        """The file opened to write, the gate being closed by us; refuses what is not a store of ours."""
        same_file = self._identity()
        while (connection := self._try_connect(read_only=False)) is None:
            if not patience.pause():
                raise self._locked(patience, self._foreign_holder())
        try:
            self._still(same_file)
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_to_read(self, patience: Patience) -> duckdb.DuckDBPyConnection:
        connection = None
        while connection is None:
            if not self.exists():
                raise no_store(self.path)
            if not self._gate.passed(patience):
                raise self._locked(patience, self._gate.holder())
            connection = self._try_connect(read_only=True)
            if connection is None and not patience.pause():
                raise self._locked(patience, self._foreign_holder())
        try:
            if self._check(connection) is State.UNFINISHED:
                raise no_store(self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: duckdb.DuckDBPyConnection) -> State:
        state = state_of(connection)
        if state is State.FOREIGN:
            raise StoreError(f"{self.path} is a DuckDB file but no correlator store", hint="give another --store")
        if state is State.NEWER:
            raise StoreError(f"store {self.path} is of a newer correlator", hint="upgrade correlator")
        return state

    def _migrate(self, patience: Patience) -> None:
        if not os.access(self.path, os.W_OK) or not os.access(self.path.parent, os.W_OK):
            raise StoreError(
                f"store {self.path} is of an earlier correlator (schema before {NEWEST}) and may not be written",
                hint="load something into it, or give leave to write, to bring it up to date",
            )
        with self._gate.closed(patience) as ours:
            if not ours:
                raise self._locked(patience, self._gate.holder())
            with told(self.path), self._existing(patience):
                pass

    def _try_connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection | None:
        """A connection, or None while somebody else holds the file; the holder is in ``_last_lock``."""
        try:
            settings = self._settings if read_only else {}
            connection = connect(self.path.absolute(), read_only=read_only, **settings)
        except duckdb.Error as error:
            if _is_lock(error):
                self._last_lock = str(error)
                return None
            if not self.exists():  # deleted while we came
                raise no_store(self.path) from error
            raise UnreadableStoreError(
                f"cannot open store {self.path}: {_why_unreadable(error)}",
                hint="give another --store, or restore a backup",
            ) from error
        prepare(connection)
        return connection

    def _identity(self) -> tuple[int, int]:
        status = self.path.stat()
        return status.st_dev, status.st_ino

    def _still(self, identity: tuple[int, int]) -> None:
        """Raises StoreError where the file under our name is another one by now."""
        try:
            same = self._identity() == identity
        except OSError:
            same = False
        if not same:
            raise StoreError(
                f"store {self.path} was replaced or deleted while it was written",
                hint="load it again: nothing was kept",
            )

    def _foreign_holder(self) -> Holder | None:
        match = _HOLDER.search(self._last_lock)
        if match is None:
            return Holder(os.getpid(), "", None)
        return Holder(int(match["pid"]), Path(match["program"]).name, started_at(int(match["pid"])))

    def _locked(self, patience: Patience, holder: Holder | None) -> StoreLockedError:
        return StoreLockedError(
            f"store {self.path} is held by {holder or 'another process'}; waited {patience.seconds:g} s",
            hint="wait longer with --wait SECONDS or CORRELATOR_LOCK_WAIT",
        )


def _is_lock(error: duckdb.Error) -> bool:
    return any(sign in str(error) for sign in _LOCKED)


_UNREADABLE = {
    "not a valid DuckDB": "it is not a DuckDB database",
    "sqlite": "it is not a DuckDB database",
    "read enough bytes": "the file is cut off",
    "checksum": "the file is damaged",
    "replaying WAL": "the journal next to it is damaged, or another store's",
    "Permission denied": "permission denied",
    "No space left": "the disk is full",
}


def _why_unreadable(error: Exception) -> str:
    known = (why for sign, why in _UNREADABLE.items() if sign in str(error))
    return next(known, "the file is damaged, or of another kind")
