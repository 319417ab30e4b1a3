"""One state of a store for many tasks, and a connection to it that a worker keeps."""

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
from correlator.store.opening import told


@dataclass(frozen=True)
class Source:
    """One state of a store that every task reads: its address, and of a lake the commit."""

    address: str
    commit: int | None

    @classmethod
    def of(cls, store: Store) -> Source:
        """The store as it is now."""
        address = store.address if "://" in store.address else os.path.abspath(store.address)
        if not is_lake(address):
            return cls(address, None)
        from correlator.store.lake import Lake

        return cls(address, Lake(address).newest)

    def open(self) -> Store:
        """The store in that state; a worker's tasks share it, and what it knows of the lake's files."""
        return _opened(self)

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """As ``Store.studying``. Of a lake, where nobody is kept out, the thread keeps the connection for its next
        tasks: opening one costs what a small task does.
        """
        if not self.commit:
            with self.open().studying() as connection:
                yield connection
            return
        try:
            with told(self.address):
                yield _KEPT.connection(self)
        except BaseException:
            _KEPT.close()
            raise


class _Kept(threading.local):
    """The connection of a thread, to one source at a time."""

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


_KEPT = _Kept()


@lru_cache(maxsize=4)
def _opened(source: Source) -> Store:
    store = Store(source.address)
    if source.commit:
        from correlator.store.lake import Lake

        store.engine = Lake(source.address, _SETTINGS, commit=source.commit)
    return store


_SETTINGS = {"enable_external_file_cache": False}
"""What a kept connection keeps in memory besides would be all that was read."""
