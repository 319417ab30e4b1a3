"""Loads of several transactions: a mark records that one is unfinished, and studies are refused until it is gone."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from correlator.base.addresses import is_address
from correlator.errors import StoreError
from correlator.store.changes import delete_rows, put_rows
from correlator.store.staging import is_staged
from correlator.store.statements import execute
from correlator.tables import UNFINISHED


@dataclass(frozen=True)
class Load:
    """A load: its kind (prices, news, events), the name of its source, and the hash of its bytes if it is a file."""

    kind: str
    source: str
    sha256: str | None


def begin_load(connection: duckdb.DuckDBPyConnection, load: Load) -> int:
    """Set the load number of the rows that this connection writes from now on, and return it.

    All transactions of a load share the number of its mark, also when it is run again after an interruption.
    """
    rows = execute(
        connection,
        "SELECT load_id FROM unfinished WHERE kind = $kind AND (source = $source OR sha256 = $sha256)"
        " AND load_id IS NOT NULL LIMIT 1",
        {"kind": load.kind, "source": load.source, "sha256": load.sha256},
    )
    if not rows:
        rows = execute(
            connection,
            "SELECT coalesce(max(load_id), 0) + 1 FROM"
            " (SELECT load_id FROM loads UNION ALL SELECT load_id FROM unfinished)",
        )
    number = int(rows[0][0])
    execute(connection, "SET VARIABLE load_id = $number", {"number": number})
    execute(
        connection, "SET VARIABLE load_address = $source", {"source": load.source if is_address(load.source) else None}
    )
    return number


def mark_unfinished(connection: duckdb.DuckDBPyConnection, load: Load, rows_taken: int) -> None:
    """Mark the load as unfinished, with the number of rows taken from its source so far."""
    put_rows(
        connection,
        UNFINISHED,
        """
        SELECT $kind AS kind, $source AS source, $sha256 AS sha256, $rows AS rows_taken, $process AS loaded_by,
            coalesce((SELECT started_at FROM unfinished WHERE kind = $kind AND source = $source),
                $now::TIMESTAMPTZ) AS started_at,
            getvariable('load_id')::BIGINT AS load_id
        """,
        {
            "kind": load.kind,
            "source": load.source,
            "sha256": load.sha256,
            "rows": rows_taken,
            "process": f"process {os.getpid()} on {platform.node()}",
            "now": datetime.now(UTC),
        },
    )


def begin_bulk(connection: duckdb.DuckDBPyConnection, *, goes_on: bool) -> None:
    """Prepare this connection to write one part of a long load; ``goes_on``: whether more parts follow.

    Rows go into the file at once, and the write-ahead log records where they are. Only the last connection merges the
    log, because rewriting the file's directory after every part costs more than the part. A lake has neither.
    """
    if goes_on and not is_staged(connection):
        execute(connection, "PRAGMA disable_checkpoint_on_shutdown")


def clear_mark(connection: duckdb.DuckDBPyConnection, load: Load) -> None:
    """Delete the mark of the load: of the same source, or of the same bytes under another name."""
    delete_rows(
        connection,
        UNFINISHED,
        "kind = $kind AND (source = $source OR sha256 = $sha256)",
        {"kind": load.kind, "source": load.source, "sha256": load.sha256},
    )


def require_finished(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[str] = ("prices", "news", "events")
) -> None:
    """Raise StoreError if a load of one of ``kinds`` is unfinished, or articles have no story yet."""
    rows = execute(
        connection,
        "SELECT kind, source, rows_taken, loaded_by, started_at FROM unfinished"
        " WHERE kind IN (SELECT unnest($kinds)) ORDER BY started_at LIMIT 1",
        {"kinds": list(kinds)},
    )
    for kind, source, taken, process, started_at in rows:
        raise StoreError(
            f"the load of {kind} from {source}, started {started_at:%Y-%m-%dT%H:%M:%SZ} by {process}, has not ended:"
            f" {taken:,} rows so far",
            hint="wait for it; if it was interrupted, run it again, or keep its rows with"
            " `correlator store verify --repair`",
        )
    if "news" in kinds and execute(connection, "SELECT 1 FROM articles WHERE story_id IS NULL LIMIT 1"):
        raise StoreError(
            "a load of news was interrupted before its articles were grouped into stories",
            hint="run it again, or run `correlator store verify --repair`",
        )
