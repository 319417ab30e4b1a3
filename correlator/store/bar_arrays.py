"""Read stored bars into arrays on a calendar: Arrow batches are scattered by index, without a frame in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.base.buckets import bucket_of
from correlator.errors import InputError
from correlator.store.opening import SPLIT_BARS
from correlator.store.reading import read_bars
from correlator.store.statements import query

Array = NDArray[np.float64]
FIELDS = ("open", "high", "low", "close", "adjusted_close", "volume")
_BATCH = 1_000_000
_UNIX = date(1970, 1, 1)


@dataclass(frozen=True)
class BarGrid:
    """Bars of S symbols on T sessions.

    ``fields``: an array (T, S) for each field, NaN where the bar or its value is missing; ``off_count``: number of bars
    on days that are not sessions, which are in no array; ``off_first``: symbol and day of the earliest of them.
    """

    fields: dict[str, Array]
    off_count: int
    off_first: tuple[str, date] | None


def bar_span(
    connection: duckdb.DuckDBPyConnection, symbols: Sequence[str], as_of: datetime | None
) -> tuple[date, date]:
    """Return the first and last day of the daily bars of ``symbols`` known at ``as_of``.

    Raises NotFoundError for a symbol without bars.
    """
    spans = query(
        connection,
        """
        SELECT symbol, min(session) AS first, max(session) AS last FROM bars
        WHERE symbol IN (SELECT unnest($symbols)) AND "interval" = '1d'
            AND ($as_of::TIMESTAMPTZ IS NULL OR retrieved_at <= $as_of)
        GROUP BY symbol
        """,
        {"symbols": list(symbols), "as_of": as_of},
    )
    stored = set(spans["symbol"].to_list())
    missing = [symbol for symbol in symbols if symbol not in stored]
    if missing:
        read_bars(connection, missing, as_of=as_of)
    return spans["first"].sort()[0], spans["last"].sort()[-1]


def read_bar_arrays(
    connection: duckdb.DuckDBPyConnection,
    symbols: Sequence[str],
    sessions: pl.Series,
    *,
    fields: Sequence[str] = FIELDS,
    as_of: datetime | None = None,
) -> BarGrid:
    """Return daily bars of ``symbols`` (S) on ``sessions`` (T, sorted), each in its newest vintage known at ``as_of``.

    Columns of symbols without bars are NaN. Raises InputError for an unknown field.
    """
    unknown = [field for field in fields if field not in FIELDS]
    if unknown:
        raise InputError(f"unknown bar field {unknown[0]!r}", hint=f"fields are {', '.join(FIELDS)}")
    days = sessions.to_physical().to_numpy().astype(np.int64)
    row_of_day = np.full(int(days[-1] - days[0]) + 1, -1, dtype=np.int64)
    row_of_day[days - days[0]] = np.arange(len(days))
    grids = {field: np.full((len(symbols), len(days)), np.nan) for field in fields}
    blank = set(fields)
    off_count = 0
    off_first: tuple[int, int] | None = None
    for arrow in _batches(connection, symbols, fields, as_of):
        batch = pl.DataFrame(arrow)  # converting pyarrow arrays directly would import pandas
        columns = batch["code"].to_numpy()
        offset = batch["day"].to_numpy().astype(np.int64) - days[0]
        inside = (offset >= 0) & (offset < len(row_of_day))
        rows = np.where(inside, row_of_day[np.clip(offset, 0, len(row_of_day) - 1)], -1)
        if (rows < 0).any():
            off_count += int((rows < 0).sum())
            off = np.flatnonzero(rows < 0)
            first = off[np.lexsort((columns[off], offset[off]))[0]]
            earliest = (int(offset[first] + days[0]), int(columns[first]))
            off_first = earliest if off_first is None else min(off_first, earliest)
            kept = rows >= 0
            rows, columns = rows[kept], columns[kept]
        else:
            kept = None
        for field, grid in grids.items():
            if field in blank and batch[field].null_count() == len(batch):
                continue
            blank.discard(field)
            figures = batch[field].to_numpy()
            grid[columns, rows] = figures if kept is None else figures[kept]
    first_off = None
    if off_first is not None:
        day, code = off_first
        first_off = (symbols[code], date.fromordinal(_UNIX.toordinal() + day))
    return BarGrid({field: grid.T for field, grid in grids.items()}, off_count, first_off)


def _batches(
    connection: duckdb.DuckDBPyConnection, symbols: Sequence[str], fields: Sequence[str], as_of: datetime | None
) -> Any:
    """Yield Arrow batches of code, day and fields: first vintages in any order, then later ones in order.

    Later vintages overwrite earlier ones.
    """
    known = "($as_of::TIMESTAMPTZ IS NULL OR retrieved_at <= $as_of)"
    figures = ", ".join(fields)
    text = f"""
        SELECT names.code, session - DATE '1970-01-01' AS day, {figures}
        FROM {SPLIT_BARS}
        JOIN (SELECT unnest($symbols) AS symbol, unnest(range(len($symbols))) AS code) AS names USING (symbol)
        WHERE "interval" = '1d' AND (bucket IS NULL OR list_contains($buckets, bucket)) AND {known}
    """
    buckets = sorted({bucket_of(symbol) for symbol in symbols})
    parameters = {"symbols": list(symbols), "buckets": buckets, "as_of": as_of}
    for part in ("AND vintage = 1", "AND vintage > 1 ORDER BY vintage"):
        # closed explicitly: a reader kept alive by a traceback would block the next connection forever
        with connection.sql(f"{text} {part}", params=parameters).to_arrow_reader(_BATCH) as reader:
            yield from reader
