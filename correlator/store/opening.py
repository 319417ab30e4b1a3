"""What every engine does with a connection that it opens, and the errors it raises if it cannot."""

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
    """Set the time zone of the connection to UTC."""
    execute(connection, "SET TimeZone = 'UTC'")


ACCESS = "enable_external_access"
"""DuckDB's setting for other files and the network; a connection has it off, unless its settings say True."""


def close_access(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep the SQL of the connection from other files and the network, whatever the store contains."""
    execute(connection, f"SET {ACCESS} = false")


SPLIT_BARS = "split_bars"
"""View of bars with the ``bucket`` of their file, by which most files of a lake are skipped; NULL in a DuckDB file."""


def add_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the views of ``views.py`` in this connection: they need no migration, and every engine has them."""
    execute(connection, ";".join(view.ddl() for view in VIEWS))
    execute(connection, f"CREATE OR REPLACE TEMP VIEW {SPLIT_BARS} AS SELECT *, NULL::VARCHAR AS bucket FROM bars")


def no_store(address: str | Path) -> NotFoundError:
    """Return the error for a missing store, or for the remains of an interrupted first load."""
    return NotFoundError(f"no store at {address}", hint="load data with `correlator add` first")


@contextmanager
def database_errors(address: str | Path) -> Iterator[None]:
    """Turn the database's errors into StoreError with one line; Ctrl-C raises KeyboardInterrupt."""
    try:
        with interruptible():
            yield
    except duckdb.OutOfMemoryException as error:
        raise StoreError(
            f"store {address}: {first_line(error)}", hint="raise --memory, or process less at once"
        ) from error
    except duckdb.Error as error:
        full = any(words in str(error) for words in _DISK_FULL)
        hint = (
            "free some disk space, then run the command again; nothing was changed" if full else "nothing was changed"
        )
        raise StoreError(f"store {address}: {first_line(error)}", hint=hint) from error


_DISK_FULL = ("No space left on device", "Disk quota exceeded")


def first_line(error: Exception) -> str:
    """Return the first line of an exception's message."""
    return next(iter(str(error).splitlines()), type(error).__name__)
