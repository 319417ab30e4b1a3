"""Run statements on an open connection and fetch all results: a DuckDB 2 connection accepts no other work before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    import polars as pl


def execute(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows; parameters are written ``$name`` in the SQL."""
    rows: list[tuple[Any, ...]] = connection.execute(sql, dict(parameters or {})).fetchall()
    return rows


def query(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object] | None = None
) -> pl.DataFrame:
    """Run a query and return its rows as a polars frame, timestamps in UTC."""
    import polars as pl

    relation: Any = connection.sql(sql, params=dict(parameters)) if parameters else connection.sql(sql)
    if relation is None:
        return pl.DataFrame()
    frame: pl.DataFrame = relation.pl()
    return frame.with_columns(pl.selectors.datetime(time_zone="*").dt.convert_time_zone("UTC"))
