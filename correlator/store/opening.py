"""What every engine does with a connection it opens, and what it says where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from correlator.base.database import interruptible
from correlator.errors import NotFoundError, StoreError
from correlator.store.statements import execute
from correlator.views import VIEWS


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Instants are shown in UTC."""
    execute(connection, "SET TimeZone = 'UTC'")


SPLIT_BARS = "split_bars"
"""Bars with the ``bucket`` of their file, by which most files of a lake need not be read; NULL where nothing is
split by it."""


def add_views(connection: duckdb.DuckDBPyConnection) -> None:
    """The views of ``views.py``, of this connection alone: they need no migration, and every engine has them."""
    execute(connection, ";".join(view.ddl() for view in VIEWS))
    execute(connection, f"CREATE OR REPLACE TEMP VIEW {SPLIT_BARS} AS SELECT *, NULL::VARCHAR AS bucket FROM bars")


def no_store(address: str | Path) -> NotFoundError:
    """What every reader says where there is no store, or what a first load left that was stopped."""
    return NotFoundError(f"there is no store at {address}", hint="load something with `correlator add` first")


@contextmanager
def told(address: str | Path) -> Iterator[None]:
    """What the database says about its own failures, in one line of ours; Ctrl-C is none."""
    try:
        with interruptible():
            yield
    except duckdb.OutOfMemoryException as error:
        raise StoreError(
            f"store {address}: {first_line(error)}", hint="raise --memory, or ask for less at once"
        ) from error
    except duckdb.Error as error:
        full = any(words in str(error) for words in _DISK_FULL)
        hint = "make room, then run it again; nothing was changed" if full else "nothing was changed"
        raise StoreError(f"store {address}: {first_line(error)}", hint=hint) from error


_DISK_FULL = ("No space left on device", "Disk quota exceeded")


def first_line(error: Exception) -> str:
    """The first line of what a library says went wrong."""
    return next(iter(str(error).splitlines()), type(error).__name__)
