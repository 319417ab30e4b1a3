"""Write the journal of loads and addresses, and what every insert of a load shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from correlator.store.changes import insert_new, put_rows
from correlator.tables import ADDRESSES, LOADS


@dataclass(frozen=True)
class Written:
    """Number of rows that an insert added, and that were known already."""

    added: int
    known: int


def of_load(rows: str) -> str:
    """Return the query with a column for the number of the current load (see ``unfinished.begin_load``)."""
    return f"SELECT *, getvariable('load_id')::BIGINT AS load_id FROM ({rows})"


def write_load(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    source: str,
    sha256: str | None,
    *,
    rows: tuple[int, int, int],
    finished_at: datetime,
) -> None:
    """Insert a row into the journal of loads; ``rows``: number added, known and rejected."""
    insert_new(
        connection,
        LOADS,
        "SELECT coalesce(getvariable('load_id'), coalesce(max(load_id), 0) + 1)::BIGINT AS load_id,"
        " $kind AS kind, $source AS source, $sha256 AS sha256,"
        " $added AS rows_added, $known AS rows_known, $rejected AS rows_rejected,"
        " $finished_at::TIMESTAMPTZ AS finished_at FROM loads",
        {
            "kind": kind,
            "source": source,
            "sha256": sha256,
            "added": rows[0],
            "known": rows[1],
            "rejected": rows[2],
            "finished_at": finished_at,
        },
    )


def write_address(
    connection: duckdb.DuckDBPyConnection,
    address: str,
    etag: str | None,
    last_modified: str | None,
    *,
    fetched_at: datetime,
) -> None:
    """Store the validators of an address, replacing earlier ones."""
    put_rows(
        connection,
        ADDRESSES,
        "SELECT $address AS address, $etag AS etag, $modified AS last_modified, $fetched_at::TIMESTAMPTZ AS fetched_at",
        {"address": address, "etag": etag, "modified": last_modified, "fetched_at": fetched_at},
    )
