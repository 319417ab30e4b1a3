"""A store in one DuckDB file: created by one rename, opened for one block at a time, migrated after a backup.

Only DuckDB may open the file: closing a second handle of a file releases all locks of this process on it.
"""

from __future__ import annotations

import glob
import importlib
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from correlator.base.database import connect
from correlator.base.files import flush_folder, replacing
from correlator.errors import NotFoundError, StoreError, StoreLockedError
from correlator.store.gate import Gate, Holder, Patience, started_at
from correlator.store.migrations import NEWEST, State, attach_to_read, copy_database, migrate, state_of
from correlator.store.opening import ACCESS, add_views, close_access, database_errors, no_store, prepare
from correlator.store.shape import check_columns, refuse_foreign_objects
from correlator.store.statements import execute

_HOLDER = re.compile(r"held in (?P<program>\S+) \(PID (?P<pid>\d+)\)")
_COPIED = "copied_from"
_LOCKED = ("Could not set lock", "different configuration", "Unique file handle conflict")


_open = threading.local()
_known: dict[str, tuple[int, ...]] = {}
"""Stores that this process has checked or written, with the device, number, size and time of the file at that time."""


def _blocks() -> list[tuple[str, str]]:
    """Return the open blocks of this thread: the store, and whether it is being read or written."""
    if not hasattr(_open, "blocks"):
        _open.blocks = []
    blocks: list[tuple[str, str]] = _open.blocks
    return blocks


class UnreadableStoreError(StoreError):
    """The file cannot be opened as a database: it is damaged, truncated, or of another kind."""


class DuckDBFile:
    """The engine of a store in the file ``path`` (see ``Engine``)."""

    def __init__(self, path: Path, settings: Mapping[str, str | bool] | None = None) -> None:
        """``path``: a symbolic link is resolved; ``settings``: DuckDB settings of read connections."""
        self.path = Path(os.path.realpath(path)) if path.is_symlink() else path
        self._settings = dict(settings or {})
        self._gate = Gate(self.path)
        self._last_lock = ""
        self._key = str(self.path.absolute())

    def exists(self) -> bool:
        """Whether the file exists and is not empty; an interrupted first load may leave an empty one."""
        try:
            return self.path.stat().st_size > 0
        except OSError:
            return False

    @contextmanager
    def reading(self, wait: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """See ``Engine.reading``; a store of an older version is migrated first."""
        self._refuse_inside("write")
        patience = Patience(wait)
        connection = self._open_to_read(patience)
        try:
            if state_of(connection) is State.OLDER:
                connection.close()
                self._migrate(patience)
                connection = self._open_to_read(patience)
            with database_errors(self.path), self._inside("read"):
                if self._settings.get(ACCESS) is not True:
                    close_access(connection)
                add_views(connection)
                yield connection
        finally:
            connection.close()

    @contextmanager
    def writing(self, wait: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """See ``Engine.writing``."""
        if not self.path.parent.is_dir():
            raise NotFoundError(f"folder {self.path.parent} does not exist", hint="create it, or give another --store")
        self._refuse_inside("write", "read")
        importlib.import_module("pyarrow")  # needed to write frames; imported before the lock is taken
        patience = Patience(wait)
        with self._gate.closed(patience) as ours:
            if not ours:
                raise self._locked(patience, self._gate.holder())
            opened = self._existing(patience) if self.exists() else self._fresh()
            with database_errors(self.path), opened as connection, self._inside("write"):
                yield connection
            self._remember()

    @contextmanager
    def _inside(self, what: str) -> Iterator[None]:
        """Record that this thread has an open block."""
        blocks = _blocks()
        blocks.append((self._key, what))
        try:
            yield
        finally:
            blocks.remove((self._key, what))

    def _refuse_inside(self, *kinds: str) -> None:
        """Raise StoreError if this thread would wait for one of its own blocks."""
        if any((self._key, what) in _blocks() for what in kinds):
            raise StoreError(
                f"store {self.path} is already open in an enclosing block of this thread",
                hint="end the first block before opening another",
            )

    @contextmanager
    def emptied(self, wait: float, *, damaged: bool = False) -> Iterator[None]:
        """Lock out all other processes for the block; the file is closed, and its write-ahead log merged into it.

        ``damaged``: whether to accept a file that cannot be opened, because it will be replaced.
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
        """Copy the store to the new file ``target``; readers are not blocked meanwhile, writers wait."""
        with self.reading(wait):  # reports problems of the store, and migrates an older one
            pass
        patience = Patience(wait)
        with database_errors(self.path), connect() as memory:
            while not self._attached(memory, patience):
                if not patience.pause():
                    raise self._locked(patience, self._foreign_holder())
            copy_database(memory, target, name=_COPIED)

    def compact(self, wait: float) -> None:
        """Rewrite the store to reclaim the space of deleted rows."""
        with self.writing(wait):  # migrates an older store
            pass
        with self.emptied(wait), replacing(self.path, over_database=True) as temporary:
            self._copy_database(temporary)

    def _copy_database(self, target: Path) -> None:
        with database_errors(self.path), connect() as memory:
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
            close_access(connection)
            add_views(connection)
            identity = self._identity()
            execute(connection, "BEGIN")
            yield connection
            self._require_identity(identity)
            execute(connection, "COMMIT")
            self._require_identity(identity)
        finally:
            connection.close()  # an uncommitted transaction is rolled back

    @contextmanager
    def _fresh(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Create a store under a temporary name and rename it when the first transaction has succeeded."""
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
            self._publish(temporary)
        finally:
            for part in (temporary, temporary.with_name(temporary.name + ".wal")):
                part.unlink(missing_ok=True)

    def _publish(self, temporary: Path) -> None:
        """Rename the new store to its final name; raise StoreError if another process has taken the name."""
        orphan = self.path.with_name(self.path.name + ".wal")
        if orphan.exists():  # the write-ahead log of a deleted store, which no other store can use
            orphan.rename(orphan.with_name(orphan.name + ".orphan"))
        if self.exists():
            raise StoreError(
                f"store {self.path} was created by another process meanwhile", hint="run the command again"
            )
        temporary.replace(self.path)
        flush_folder(self.path.parent)

    def open_to_write(self, patience: Patience) -> duckdb.DuckDBPyConnection:
        """Open the file for writing, while this process keeps the gate closed; raises StoreError for a foreign file."""
        identity = self._identity()
        while (connection := self._try_connect(read_only=False)) is None:
            if not patience.pause():
                raise self._locked(patience, self._foreign_holder())
        try:
            self._require_identity(identity)
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
        state = self._checked_state(connection)
        if state is State.FOREIGN:
            raise StoreError(f"{self.path} is a DuckDB file but not a correlator store", hint="give another --store")
        if state is State.NEWER:
            raise StoreError(
                f"store {self.path} was written by a newer version of correlator", hint="upgrade correlator"
            )
        return state

    def _checked_state(self, connection: duckdb.DuckDBPyConnection) -> State:
        """Return the state of the file; raise StoreError for foreign objects and columns, unless the file is known."""
        contents = self._contents()
        if _known.get(self._key) == contents:
            return state_of(connection)
        refuse_foreign_objects(connection, self.path)
        state = state_of(connection)
        if state is State.CURRENT:
            check_columns(connection, self.path)
            _known[self._key] = contents
        return state

    def _remember(self) -> None:
        """Record that the file, which was just closed after writing, needs no check."""
        with suppress(OSError):
            _known[self._key] = self._contents()

    def _contents(self) -> tuple[int, ...]:
        status = self.path.stat()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def _migrate(self, patience: Patience) -> None:
        if not os.access(self.path, os.W_OK) or not os.access(self.path.parent, os.W_OK):
            raise StoreError(
                f"store {self.path} was written by an older version of correlator (schema before {NEWEST}), and "
                "cannot be migrated without write permission",
                hint="make the file and its folder writable",
            )
        with self._gate.closed(patience) as ours:
            if not ours:
                raise self._locked(patience, self._gate.holder())
            with database_errors(self.path), self._existing(patience):
                pass

    def _try_connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection | None:
        """Return a connection, or None while another process has locked the file; ``_last_lock`` then names it."""
        try:
            settings = self._settings if read_only else {}
            connection = connect(self.path.absolute(), read_only=read_only, **settings)
        except duckdb.Error as error:
            if _is_lock(error):
                self._last_lock = str(error)
                return None
            if not self.exists():  # deleted meanwhile
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

    def _require_identity(self, identity: tuple[int, int]) -> None:
        """Raise StoreError if the path now names another file."""
        try:
            same = self._identity() == identity
        except OSError:
            same = False
        if not same:
            raise StoreError(
                f"store {self.path} was replaced or deleted while it was being written",
                hint="load the data again; nothing was saved",
            )

    def _foreign_holder(self) -> Holder | None:
        match = _HOLDER.search(self._last_lock)
        if match is None:
            return Holder(os.getpid(), "", None)
        return Holder(int(match["pid"]), Path(match["program"]).name, started_at(int(match["pid"])))

    def _locked(self, patience: Patience, holder: Holder | None) -> StoreLockedError:
        return StoreLockedError(
            f"store {self.path} is locked by {holder or 'another process'}; waited {patience.seconds:g} s",
            hint="wait longer with --wait SECONDS or CORRELATOR_LOCK_WAIT",
        )


def _is_lock(error: duckdb.Error) -> bool:
    return any(sign in str(error) for sign in _LOCKED)


_UNREADABLE = {
    "not a valid DuckDB": "it is not a DuckDB database",
    "sqlite": "it is not a DuckDB database",
    "read enough bytes": "the file is truncated",
    "checksum": "the file is damaged",
    "replaying WAL": "the write-ahead log next to it is damaged, or belongs to another store",
    "Permission denied": "permission denied",
    "No space left": "the disk is full",
}


def _why_unreadable(error: Exception) -> str:
    reasons = (reason for sign, reason in _UNREADABLE.items() if sign in str(error))
    return next(reasons, "the file is damaged, or of another kind")
