"""Open connections to DuckDB, all with settings that prevent it from downloading extensions by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from correlator.base.limits import limits

NO_EXTENSIONS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}
"""Settings of every connection: only extensions that are compiled into DuckDB are loaded automatically."""


def connect(
    path: str | Path = ":memory:", *, read_only: bool = False, **settings: str | bool
) -> duckdb.DuckDBPyConnection:
    """Connect to the DuckDB file ``path``, by default to a new database in memory.

    ``settings``: of DuckDB, in addition to ``NO_EXTENSIONS`` and the limits of the process. Raises duckdb.Error.
    """
    connection = duckdb.connect(str(path), read_only=read_only, config={**NO_EXTENSIONS, **_limits(), **settings})
    # DuckDB takes a process whose main module has no file, such as a worker, for a terminal and shows progress bars.
    with suppress(duckdb.InvalidInputException):  # raised in a notebook without widgets, which has no progress bar
        connection.execute("SET enable_progress_bar = false").fetchall()
    return connection


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt for Ctrl-C during a query, for which DuckDB raises RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != _INTERRUPTED:
            raise
        raise KeyboardInterrupt from error


_INTERRUPTED = "Query interrupted"


def _limits() -> dict[str, str | bool | int | float | list[str]]:
    """Return the limits of the process as settings of DuckDB."""
    current = limits()
    settings: dict[str, str | bool | int | float | list[str]] = {}
    if current.memory is not None:
        settings["memory_limit"] = f"{current.memory}B"
    if current.threads is not None:
        settings["threads"] = current.threads
    return settings
