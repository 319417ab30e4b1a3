"""What keeps the tables of a store: the protocol that every engine follows.

An engine gives connections in which the tables of ``tables.py`` stand under their names, so that the same SQL reads
and writes a DuckDB file and whatever else keeps the tables. ``reading`` shows one state of the store for the whole
block; what happens in a block of ``writing`` is kept when the block ends well, or not at all.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import duckdb


class Engine(Protocol):
    """One place where tables are kept. ``wait``: seconds that a block may wait for others before it opens."""

    def exists(self) -> bool:
        """Whether there is a store with tables; False before the first load."""

    def reading(self, wait: float) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection that reads one state of the store.

        Raises NotFoundError where there is no store, StoreLockedError where waiting ends, StoreError for what is no
        store, a damaged one, or one of a newer correlator.
        """

    def writing(self, wait: float) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection whose work is kept when the block ends well, or not at all; makes the store where there is none.

        Raises as ``reading`` does, and NotFoundError where the folder does not exist.
        """
