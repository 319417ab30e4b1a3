"""The store: tables at an address, opened for one block at a time.

A ``Store`` holds an address, never an open connection: a connection lives for one ``with`` block and never between two
notebook cells. The tables are kept by an engine (``engine.py``): a DuckDB file or a lake of Delta tables.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import duckdb

from correlator.config import setting
from correlator.errors import InputError, NotFoundError, StoreConflictError
from correlator.store.address import engine_at
from correlator.store.engine import Engine
from correlator.store.gate import Patience
from correlator.store.statements import query
from correlator.store.unfinished import require_finished
from correlator.store.user_sql import DEFAULT_MEMORY, DEFAULT_TIMEOUT, run_user_sql, sql_request

if TYPE_CHECKING:
    import polars as pl

STORE_VARIABLE = "CORRELATOR_STORE"
LOCK_WAIT_VARIABLE = "CORRELATOR_LOCK_WAIT"
DEFAULT_LOCK_WAIT = 10.0
LEAST_ATTEMPTS = 20
"""Minimum number of attempts to commit to a lake that others are changing, however short the wait."""

T = TypeVar("T")


def default_store_address() -> str:
    """Return the default address: ``$CORRELATOR_STORE``, that in ``correlator.toml``, or ``correlator.duckdb``."""
    return os.environ.get(STORE_VARIABLE) or setting("store") or "correlator.duckdb"


class Store:
    """A store at an address: a DuckDB file or a lake. Keeps the address, never an open connection."""

    def __init__(self, path: str | Path | None = None, *, lock_wait: float | None = None) -> None:
        """``path``: a DuckDB file, or the folder or ``s3://`` address of a lake (a new folder with a trailing ``/``).

        ``lock_wait``: seconds to wait for other processes (default ``$CORRELATOR_LOCK_WAIT`` or 10). Raises InputError
        for anything else: ``:memory:``, ``md:``, the address of another database, a folder of other files.
        """
        self.address = str(path if path is not None else default_store_address())
        self.engine: Engine = engine_at(self.address)
        self.path = Path(self.address)
        self.lock_wait = _seconds(
            os.environ.get(LOCK_WAIT_VARIABLE, DEFAULT_LOCK_WAIT) if lock_wait is None else lock_wait
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address!r})"

    def exists(self) -> bool:
        """Whether anything has been loaded; if not, readers raise NotFoundError."""
        return self.engine.exists()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection whose changes are committed if the block succeeds, else discarded; create a missing store.

        Raises StoreLockedError if the store stays locked for longer than ``lock_wait``, and StoreConflictError if
        another process changed a lake meanwhile; ``transact`` retries by itself.
        """
        with self.engine.writing(self.lock_wait) as connection:
            yield connection

    def transact(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Call ``work`` with a connection in a ``transaction`` and return its result; retry if a lake was changed.

        ``work`` may be called several times, so it must have no effects outside the connection. Raises as
        ``transaction`` does, StoreConflictError after ``lock_wait`` seconds and ``LEAST_ATTEMPTS`` attempts.
        """
        patience = Patience(self.lock_wait)
        attempts = 0
        while True:
            attempts += 1
            try:
                with self.transaction() as connection:
                    return work(connection)
            except StoreConflictError:
                if not patience.pause() and attempts >= LEAST_ATTEMPTS:
                    raise

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection that reads one consistent state of the store; raises NotFoundError if there is no store."""
        with self.engine.reading(self.lock_wait) as connection:
            yield connection

    @contextmanager
    def reading_if_made(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """Like ``reading``, but yields None if there is no store yet."""
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self.reading()) if self.exists() else None
            except NotFoundError:
                connection = None
            yield connection

    @contextmanager
    def studying(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Like ``reading``, but raises StoreError while a load of several transactions is unfinished."""
        with self.reading() as connection:
            require_finished(connection)
            yield connection

    def frame(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of a query as a polars frame, timestamps in UTC. Parameters are written ``$name``."""
        with self.reading() as connection:
            return query(connection, sql, parameters)

    def sql(
        self, text: str, *, timeout: float = DEFAULT_TIMEOUT, memory: str = DEFAULT_MEMORY, unsafe: bool = False
    ) -> pl.DataFrame:
        """Run a user's SQL, one statement that can only read the store, and return the result.

        Parameters
        ----------
        text
            One statement; it runs in a separate process.
        timeout
            Time limit in seconds.
        memory
            Memory limit, such as ``"2GB"``.
        unsafe
            Whether the SQL may also use files and settings; the store stays read-only.

        Returns
        -------
        polars.DataFrame
            The rows of the result.

        Raises
        ------
        InputError
            If the SQL fails, with the first line of the database's message.
        NotFoundError
            If there is no store yet.

        Examples
        --------
        >>> ws.sql("SELECT symbol, count(*) FROM bars GROUP BY symbol")  # doctest: +SKIP
        """
        request = sql_request(
            self.address, text, timeout=timeout, memory=memory, unsafe=unsafe, lock_wait=self.lock_wait
        )
        with self.reading():  # reports problems of the store, and migrates an older one
            pass
        return run_user_sql(request)


def _seconds(value: float | str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise InputError(f"lock wait must be a number of seconds, got {value!r}", hint="give seconds, for example 30")
    return seconds
