"""Connections to DuckDB: the one place that opens them, so that none ever fetches an extension by itself."""

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
"""Settings of every connection: what is not compiled into DuckDB is neither downloaded nor loaded unasked."""


def connect(
    path: str | Path = ":memory:", *, read_only: bool = False, **settings: str | bool
) -> duckdb.DuckDBPyConnection:
    """A connection to the DuckDB file ``path``, by default to a new database in memory.

    ``settings``: DuckDB's own, on top of ``NO_EXTENSIONS`` and the process's limits. Raises duckdb.Error.
    """
    connection = duckdb.connect(str(path), read_only=read_only, config={**NO_EXTENSIONS, **_limits(), **settings})
    # A process whose main module has no file, as a worker's, counts as a terminal: bars would come between the rows.
    with suppress(duckdb.InvalidInputException):  # a notebook without widgets has no bar, and refuses the setting
        connection.execute("SET enable_progress_bar = false").fetchall()
    return connection


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C in the middle of a query as the KeyboardInterrupt that it is elsewhere; DuckDB raises RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != _INTERRUPTED:
            raise
        raise KeyboardInterrupt from error


_INTERRUPTED = "Query interrupted"


def _limits() -> dict[str, str | bool | int | float | list[str]]:
    allowed = limits()
    chosen: dict[str, str | bool | int | float | list[str]] = {}
    if allowed.memory is not None:
        chosen["memory_limit"] = f"{allowed.memory}B"
    if allowed.threads is not None:
        chosen["threads"] = allowed.threads
    return chosen
