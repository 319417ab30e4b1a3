"""One state of a store that many tasks read, and a connection to it that a worker keeps open."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache

import duckdb

from correlator.store.address import is_lake
from correlator.store.db import Store
from correlator.store.opening import database_errors


@dataclass(frozen=True)
class Source:
    """One state of a store that every task reads: its address and, for a lake, the commit."""

    address: str
    commit: int | None

    @classmethod
    def of(cls, store: Store) -> Source:
        """Return the current state of the store."""
        address = store.address if "://" in store.address else os.path.abspath(store.address)
        if not is_lake(address):
            return cls(address, None)
        from correlator.store.lake import Lake

        return cls(address, Lake(address).newest)

    def open(self) -> Store:
        """Return the store in this state; a worker's tasks share it and its cached list of files."""
        return _opened(self)

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Like ``Store.studying``; the thread keeps a lake's connection open for its next tasks.

        A lake's readers lock nobody out, and opening a connection takes as long as a small task.
        """
        if not self.commit:
            with self.open().studying() as connection:
                yield connection
            return
        try:
            with database_errors(self.address):
                yield _CONNECTIONS.connection(self)
        except BaseException:
            _CONNECTIONS.close()
            raise


class _ThreadConnection(threading.local):
    """The open connection of a thread, to one source at a time."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._source: Source | None = None
        self._open: duckdb.DuckDBPyConnection | None = None

    def connection(self, source: Source) -> duckdb.DuckDBPyConnection:
        if self._open is None or self._source != source:
            self.close()
            self._open, self._source = self._stack.enter_context(source.open().studying()), source
        return self._open

    def close(self) -> None:
        self._open = None
        self._stack.close()


_CONNECTIONS = _ThreadConnection()


@lru_cache(maxsize=4)
def _opened(source: Source) -> Store:
    store = Store(source.address)
    if source.commit:
        from correlator.store.lake import Lake

        store.engine = Lake(source.address, _SETTINGS, commit=source.commit)
    return store


_SETTINGS = {"enable_external_file_cache": False}
"""Without this a long-lived connection would cache everything it has read in memory."""
