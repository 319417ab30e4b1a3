"""Partitions of the tables of a lake: bars by interval and bucket of the symbol, news by month.

See ``correlator.base.buckets`` for buckets.
"""

from __future__ import annotations

from dataclasses import dataclass

from correlator.tables import Table


@dataclass(frozen=True)
class Partition:
    """A partition column. ``sql``: expression that computes it; None if it is a column of the table."""

    name: str
    sql: str | None = None


def _month(column: str) -> tuple[Partition, ...]:
    return (Partition("month", f"coalesce(strftime({column} AT TIME ZONE 'UTC', '%Y-%m'), 'unknown')"),)


_PARTITIONS: dict[str, tuple[Partition, ...]] = {
    "bars": (Partition("interval"), Partition("bucket", "left(md5(symbol), 1)")),
    "articles": _month("published_at"),
    "events": _month("known_at"),
}


def partitions_of(table: Table) -> tuple[Partition, ...]:
    """Return the partition columns of the table in a lake; none for small tables."""
    return _PARTITIONS.get(table.name, ())


def with_partitions(table: Table, rows: str) -> str:
    """Return the query ``rows`` with the computed partition columns of the table."""
    extra = "".join(f', {part.sql} AS "{part.name}"' for part in partitions_of(table) if part.sql is not None)
    return f"SELECT *{extra} FROM ({rows})"
