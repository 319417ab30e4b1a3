"""Loads of several transactions: a mark says that one has begun and not ended, and studies refuse until then."""

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
    """A load: what it brings (prices, news, events), the name of its source, the hash of its bytes if it is a file."""

    kind: str
    source: str
    sha256: str | None


def begin_load(connection: duckdb.DuckDBPyConnection, load: Load) -> int:
    """Have the rows that this connection writes from here on carry the number of ``load``, and return it.

    A load of several transactions has one number, that of its mark; so has one that is run again after it was stopped.
    """
    begun = execute(
        connection,
        "SELECT load_id FROM unfinished WHERE kind = $kind AND (source = $source OR sha256 = $sha256)"
        " AND load_id IS NOT NULL LIMIT 1",
        {"kind": load.kind, "source": load.source, "sha256": load.sha256},
    )
    if not begun:
        begun = execute(
            connection,
            "SELECT coalesce(max(load_id), 0) + 1 FROM"
            " (SELECT load_id FROM loads UNION ALL SELECT load_id FROM unfinished)",
        )
    number = int(begun[0][0])
    execute(connection, "SET VARIABLE load_id = $number", {"number": number})
    execute(
        connection, "SET VARIABLE load_address = $source", {"source": load.source if is_address(load.source) else None}
    )
    return number


def mark_unfinished(connection: duckdb.DuckDBPyConnection, load: Load, rows_taken: int) -> None:
    """Say that the load has begun and has taken so many rows of its source."""
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
    """Have this connection write one part of a long load, ``goes_on``: and further ones after it.

    Rows go into the file at once and the journal next to it says where they are: the last connection takes it in, since
    to rewrite the file's directory after every part costs more than the part. A lake has neither.
    """
    if goes_on and not is_staged(connection):
        execute(connection, "PRAGMA disable_checkpoint_on_shutdown")


def clear_mark(connection: duckdb.DuckDBPyConnection, load: Load) -> None:
    """Say that the load has ended: of the same source, or of the same bytes under another name."""
    delete_rows(
        connection,
        UNFINISHED,
        "kind = $kind AND (source = $source OR sha256 = $sha256)",
        {"kind": load.kind, "source": load.source, "sha256": load.sha256},
    )


def require_whole(connection: duckdb.DuckDBPyConnection, kinds: Sequence[str] = ("prices", "news", "events")) -> None:
    """Raise StoreError where a load of one of ``kinds`` has begun and not ended, or articles have no story yet."""
    rows = execute(
        connection,
        "SELECT kind, source, rows_taken, loaded_by, started_at FROM unfinished"
        " WHERE kind IN (SELECT unnest($kinds)) ORDER BY started_at LIMIT 1",
        {"kinds": list(kinds)},
    )
    for kind, source, taken, process, began in rows:
        raise StoreError(
            f"the load of {kind} from {source}, begun {began:%Y-%m-%dT%H:%M:%SZ} by {process}, has not ended:"
            f" {taken:,} rows so far",
            hint="wait, or run it again if it was stopped, or keep what is there: `correlator store verify --repair`",
        )
    if "news" in kinds and execute(connection, "SELECT 1 FROM articles WHERE story_id IS NULL LIMIT 1"):
        raise StoreError(
            "a load of news was stopped before its stories were joined",
            hint="run it again, or `correlator store verify --repair`",
        )
