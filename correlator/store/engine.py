"""The protocol of storage engines.

An engine opens connections in which the tables of ``tables.py`` have their names, so that the same SQL works with a
DuckDB file and any other storage. A ``reading`` block sees one state of the store; the changes of a ``writing`` block
are committed if it succeeds, else discarded.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import duckdb


class Engine(Protocol):
    """Storage of one store's tables. ``wait``: seconds that a block may wait for other processes before it opens."""

    def exists(self) -> bool:
        """Whether the store exists; False before the first load."""

    def reading(self, wait: float) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Open a connection that reads one state of the store.

        Raises NotFoundError if there is no store, StoreLockedError after waiting in vain, and StoreError if it is
        damaged, written by a newer version, or not a store.
        """

    def writing(self, wait: float) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Open a connection whose changes are committed if the block succeeds, else discarded; create a missing store.

        Raises as ``reading`` does, and NotFoundError if the parent folder does not exist.
        """
