"""The store: tables at an address, opened for one block at a time.

A ``Store`` holds an address, never an open connection: a connection lives for one ``with`` block and never between two
notebook cells. What keeps the tables is an engine (``engine.py``): a DuckDB file or a lake of Delta tables.
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
from correlator.store.unfinished import require_whole
from correlator.store.user_sql import DEFAULT_MEMORY, DEFAULT_TIMEOUT, run_user_sql, sql_request

if TYPE_CHECKING:
    import polars as pl

STORE_VARIABLE = "CORRELATOR_STORE"
LOCK_WAIT_VARIABLE = "CORRELATOR_LOCK_WAIT"
DEFAULT_LOCK_WAIT = 10.0
LEAST_ATTEMPTS = 20
"""How often work is tried on a lake that others change meanwhile, however short the wait."""

T = TypeVar("T")


def default_store_address() -> str:
    """Where the store is when nobody says: ``$CORRELATOR_STORE``, else the one of ``correlator.toml``, else
    ``correlator.duckdb`` in this folder.
    """
    return os.environ.get(STORE_VARIABLE) or setting("store") or "correlator.duckdb"


class Store:
    """A store at an address: a DuckDB file, or a lake. Holds the address, never an open connection."""

    def __init__(self, path: str | Path | None = None, *, lock_wait: float | None = None) -> None:
        """``path``: a DuckDB file; the folder or ``s3://`` address of a lake, a new one written with ``/`` at its end.

        ``lock_wait``: seconds to wait for others (default ``$CORRELATOR_LOCK_WAIT`` or 10). Raises InputError for what
        is neither: ``:memory:``, ``md:``, an address of another database, a folder of other files.
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
        """Whether something was loaded yet: readers raise NotFoundError where it was not."""
        return self.engine.exists()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection whose work is kept when the block ends well, or not at all; makes the store where there is none.

        Raises StoreLockedError where others hold the store for longer than ``lock_wait``, and StoreConflictError where
        others have changed a lake meanwhile: ``transact`` tries again by itself.
        """
        with self.engine.writing(self.lock_wait) as connection:
            yield connection

    def transact(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """What ``work`` returns of a connection as of ``transaction``; tried again where others changed a lake.

        So ``work`` has no effect but on the connection. Raises as ``transaction`` does, StoreConflictError after
        ``lock_wait`` seconds and ``LEAST_ATTEMPTS`` attempts.
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
        """A connection that reads one state of the store; raises NotFoundError when there is no store yet."""
        with self.engine.reading(self.lock_wait) as connection:
            yield connection

    @contextmanager
    def reading_if_made(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """As ``reading``, and None if there is no store yet."""
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self.reading()) if self.exists() else None
            except NotFoundError:
                connection = None
            yield connection

    @contextmanager
    def studying(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """As ``reading``, for counting: raises StoreError while a load of several transactions is not whole."""
        with self.reading() as connection:
            require_whole(connection)
            yield connection

    def frame(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """The rows of a query as a polars frame, instants in UTC. Parameters are named ``$name`` in the text."""
        with self.reading() as connection:
            return query(connection, sql, parameters)

    def sql(
        self, text: str, *, timeout: float = DEFAULT_TIMEOUT, memory: str = DEFAULT_MEMORY, unsafe: bool = False
    ) -> pl.DataFrame:
        """A user's own SQL, as a frame: one statement that reads the store and nothing else.

        Parameters
        ----------
        text
            One statement; it runs in a process of its own.
        timeout
            Seconds at most.
        memory
            At most so much, such as ``"2GB"``.
        unsafe
            Whether it may use files and settings as well; the store stays read-only.

        Returns
        -------
        polars.DataFrame
            The rows of the answer.

        Raises
        ------
        InputError
            With the database's first line, where it fails.
        NotFoundError
            Where there is no store yet.

        Examples
        --------
        >>> ws.sql("SELECT symbol, count(*) FROM bars GROUP BY symbol")  # doctest: +SKIP
        """
        request = sql_request(
            self.address, text, timeout=timeout, memory=memory, unsafe=unsafe, lock_wait=self.lock_wait
        )
        with self.reading():  # whatever is wrong with the store is said here, and an earlier one migrated
            pass
        return run_user_sql(request)


def _seconds(value: float | str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise InputError(f"the time to wait is {value!r}", hint="give seconds, for example 30")
    return seconds
