"""The DuckDB file: one connection per transaction, waiting politely for other processes.

DuckDB locks its file. A connection therefore lives for one ``with`` block and never between two notebook cells, and a
process that meets the lock waits with backoff up to a limit and then names who holds it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from correlator.errors import InputError, NotFoundError, StoreError, StoreLockedError
from correlator.store.migrations import migrate, schema_version
from correlator.store.statements import execute, query

if TYPE_CHECKING:
    import polars as pl

STORE_VARIABLE = "CORRELATOR_STORE"
LOCK_WAIT_VARIABLE = "CORRELATOR_LOCK_WAIT"
DEFAULT_LOCK_WAIT = 10.0
_HOLDER = re.compile(r"held in (?P<program>\S+) \(PID (?P<pid>\d+)\)")


def default_store_path() -> Path:
    """Where the store is when nobody says: ``$CORRELATOR_STORE``, else ``correlator.duckdb`` in this folder."""
    return Path(os.environ.get(STORE_VARIABLE, "correlator.duckdb"))


class Store:
    """A store in one DuckDB file. Holds a path, never an open connection."""

    def __init__(self, path: str | Path | None = None, *, lock_wait: float | None = None) -> None:
        """``lock_wait``: seconds to wait for another process (default ``$CORRELATOR_LOCK_WAIT`` or 10)."""
        self.path = Path(path) if path is not None else default_store_path()
        patience = os.environ.get(LOCK_WAIT_VARIABLE, DEFAULT_LOCK_WAIT) if lock_wait is None else lock_wait
        self.lock_wait = float(patience)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-write connection inside one transaction: all of it is committed, or none.

        Creates the file and brings its schema up to date. Raises StoreLockedError when another process holds it.
        """
        if not self.path.parent.is_dir():
            raise NotFoundError(f"folder {self.path.parent} does not exist", hint="make it, or give another --store")
        connection = self._connect(read_only=False)
        try:
            execute(connection, "BEGIN")
            migrate(connection, self.path)
            yield connection
            execute(connection, "COMMIT")
        finally:
            connection.close()  # an uncommitted transaction is rolled back

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection; raises NotFoundError when there is no store yet."""
        if not self.path.exists():
            raise NotFoundError(f"there is no store at {self.path}", hint="load something with `correlator add` first")
        connection = self._connect(read_only=True)
        try:
            if schema_version(connection) == 0:
                raise StoreError(f"{self.path} is a DuckDB file but no correlator store", hint="give another --store")
            yield connection
        finally:
            connection.close()

    def frame(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """The rows of a query as a polars frame, instants in UTC. Parameters are named ``$name`` in the text."""
        with self.reading() as connection:
            return query(connection, sql, parameters)

    def sql(self, text: str) -> pl.DataFrame:
        """A user's own read-only SQL, as a frame; raises InputError with the database's first line when it fails."""
        try:
            return self.frame(text)
        except duckdb.Error as error:
            lines = str(error).splitlines()
            candidates = next((line for line in lines if line.startswith(("Candidate", "Did you mean"))), None)
            raise InputError(f"SQL failed: {lines[0]}", hint=candidates) from error

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        from tenacity import RetryError, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

        patiently = Retrying(
            retry=retry_if_exception(_is_lock),
            stop=stop_after_delay(self.lock_wait),
            wait=wait_random_exponential(multiplier=0.02, max=0.5),
        )
        try:
            connection = patiently(duckdb.connect, str(self.path), read_only=read_only)
        except RetryError as error:
            cause = error.last_attempt.exception()
            match = _HOLDER.search(str(cause))
            holder = f"process {match['pid']} ({Path(match['program']).name})" if match else "another process"
            raise StoreLockedError(
                f"store {self.path} is held by {holder}; waited {self.lock_wait:g} s",
                hint="close that process, or raise CORRELATOR_LOCK_WAIT",
            ) from cause
        except duckdb.Error as error:
            raise StoreError(f"cannot open store {self.path}: {str(error).splitlines()[0]}") from error
        execute(connection, "SET TimeZone = 'UTC'")
        return connection


def _is_lock(error: BaseException) -> bool:
    return isinstance(error, duckdb.IOException) and "Could not set lock" in str(error)
