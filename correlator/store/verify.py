"""The invariants of a store, each as a query for rows that violate it: a sound store gives empty results.

Quick checks only look for unfinished loads and orphans; the others read every row. Each names a remedy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from correlator.base.progress import tracked
from correlator.errors import StoreError
from correlator.store.db import Store
from correlator.store.statements import execute
from correlator.tables import NO_ARTICLE, TABLES, Table

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("check", "table", "rows", "example", "remedy")
AGAIN = "load the source again"
REPAIR = "run the load again, or `store verify --repair`"
RESTORE = "restore a backup, or load the sources into a new store"


@dataclass(frozen=True)
class Check:
    """One invariant. ``finds``: a query for rows that violate it, whose first column identifies the row."""

    name: str
    table: str
    finds: str
    remedy: str = RESTORE
    is_quick: bool = False


def _orphans(table: str, column: str = "article_id") -> Check:
    return Check(
        f"{column} without its article",
        table,
        f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"
        f" AND {column} <> {NO_ARTICLE} AND {column} NOT IN (SELECT article_id FROM articles)",
        is_quick=True,
    )


def _outside(table: str, column: str, low: float, high: float) -> Check:
    return Check(
        f"{column} outside {low:g} to {high:g}",
        table,
        f"SELECT format('{{}}', {column}) FROM {table} WHERE NOT ({column} BETWEEN {low} AND {high})",
    )


def _key_of(table: Table) -> Check:
    names = ", ".join(f'"{name}"' for name in table.key)
    text = f"concat_ws(' ', {names})"
    return Check(
        "key more than once", table.name, f"SELECT {text} FROM {table.name} GROUP BY {names} HAVING count(*) > 1"
    )


def _required_of(table: Table) -> Check:
    missing = " OR ".join(f'"{column.name}" IS NULL' for column in table.columns if column.required)
    return Check("required column empty", table.name, f"SELECT '' FROM {table.name} WHERE {missing}")


_BAR = "concat_ws(' ', symbol, \"interval\", bar_start, 'vintage', vintage)"
_FIGURES = ("open", "high", "low", "close", "adjusted_close", "volume")
_BEFORE = 'OVER (PARTITION BY symbol, "interval", bar_start ORDER BY vintage)'
_SAME_BAR = " AND ".join(f"{name} IS NOT DISTINCT FROM lag({name}) {_BEFORE}" for name in _FIGURES)

CHECKS: tuple[Check, ...] = (
    Check(
        "load begun and not ended", "unfinished", "SELECT concat_ws(' ', kind, source, loaded_by) FROM unfinished",
        REPAIR, is_quick=True,
    ),
    Check(
        "article without a story", "articles", "SELECT article_id FROM articles WHERE story_id IS NULL",
        REPAIR, is_quick=True,
    ),
    Check(
        "strip never dated", "quotes",
        "SELECT DISTINCT article_id FROM quotes WHERE session IS NULL AND session_reason IS NULL",
        REPAIR, is_quick=True,
    ),
    _orphans("quotes"),
    _orphans("links"),
    _orphans("events"),
    _orphans("articles", "story_id"),
    Check(
        "bars of a symbol without an instrument", "bars",
        "SELECT DISTINCT symbol FROM bars WHERE symbol NOT IN (SELECT symbol FROM instruments)", AGAIN, is_quick=True,
    ),
    *(_key_of(table) for table in TABLES),
    *(_required_of(table) for table in TABLES),
    Check(
        "versions of one article in several stories", "articles",
        "SELECT article_id FROM articles GROUP BY article_id HAVING count(DISTINCT story_id) > 1",
    ),
    Check(
        "versions that do not count from 1", "articles",
        "SELECT article_id FROM articles GROUP BY article_id HAVING min(version) <> 1 OR max(version) <> count(*)",
    ),
    Check(
        "one article under two numbers", "articles",
        "SELECT article_key FROM articles GROUP BY article_key HAVING count(DISTINCT article_id) > 1",
    ),
    Check(
        "copy of a text", "articles",
        "SELECT any_value(article_id) FROM articles GROUP BY article_key, content_hash HAVING count(*) > 1",
    ),
    Check("copy of an event", "events", "SELECT event_key FROM events GROUP BY event_key HAVING count(*) > 1"),
    Check(
        "instant and precision contradict", "events",
        "SELECT event_id FROM events WHERE (known_at IS NULL) <> (known_precision = 'unknown')",
    ),
    Check(
        "dyad is not that of the actors", "events",
        """
        SELECT event_id FROM events WHERE dyad IS NOT NULL AND dyad NOT IN (
            concat_ws('-', source_country, target_country), concat_ws('-', target_country, source_country))
        """,
    ),
    _outside("events", "goldstein", -10, 10),
    _outside("events", "confidence", 0, 1),
    Check(
        "figure that is not a number", "bars",
        f"SELECT {_BAR} FROM bars WHERE " + " OR ".join(f"NOT isfinite({name})" for name in _FIGURES), AGAIN,
    ),
    Check(
        "daily bar that does not start on its session", "bars",
        f"SELECT {_BAR} FROM bars WHERE \"interval\" = '1d' AND bar_start <> session::TIMESTAMP AT TIME ZONE 'UTC'",
    ),
    Check(
        "bar more than a day away from its session", "bars",
        f"SELECT {_BAR} FROM bars WHERE abs(date_diff('hour', session::TIMESTAMP AT TIME ZONE 'UTC', bar_start)) > 48",
    ),
    Check(
        "vintages that do not count from 1", "bars",
        'SELECT concat_ws(\' \', symbol, bar_start) FROM bars GROUP BY symbol, "interval", bar_start'
        " HAVING min(vintage) <> 1 OR max(vintage) <> count(*)",
    ),
    Check(
        "vintage equal to the one before", "bars",
        f"SELECT {_BAR} FROM bars QUALIFY vintage > 1 AND {_SAME_BAR}",
    ),
    Check(
        "official close of a strip that no bar has", "quotes",
        """
        SELECT concat_ws(' ', q.article_id, q.symbol, q.session) FROM quotes AS q
        WHERE q.official_close IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM bars AS b JOIN instrument_names AS n USING (symbol)
            WHERE n.name = q.symbol AND b.session = q.session AND b.close = q.official_close)
        """,
        "load the prices of its symbols again",
    ),
    Check("quote that does not add up", "quotes",
          "SELECT concat_ws(' ', article_id, symbol) FROM quotes WHERE abs(price - change - previous_close) > 0.011"),
)  # fmt: skip


def verify(store: Store, *, quick: bool = False) -> pl.DataFrame:
    """Return the violated invariants of the store: check, table, rows, example, remedy; no rows if it is sound.

    ``quick``: only check for unfinished loads and orphans; otherwise every row of every table is read, which also
    reveals damaged blocks. Raises NotFoundError if there is no store, StoreError if it cannot be opened.
    """
    import polars as pl

    kinds = {
        "check": pl.String(),
        "table": pl.String(),
        "rows": pl.Int64(),
        "example": pl.String(),
        "remedy": pl.String(),
    }
    with store.reading() as connection:
        return pl.DataFrame(list(_findings(connection, quick=quick)), schema=kinds, orient="row")


def _findings(connection: duckdb.DuckDBPyConnection, *, quick: bool) -> Iterator[tuple[str, str, int, str, str]]:
    damaged = set()
    if not quick:
        for table in tracked(TABLES, "tables read"):
            try:
                execute(connection, f"SELECT bit_xor(hash({table.name})) FROM {table.name}")
            except duckdb.Error as error:
                damaged.add(table.name)
                yield "damaged blocks", table.name, 0, str(error).splitlines()[0][:200], RESTORE
    checks = [check for check in CHECKS if check.is_quick or not quick]
    for check in tracked(checks, "checks"):
        if check.table in damaged:
            continue
        try:
            ((rows, example),) = execute(connection, f"SELECT count(*), min(c0::VARCHAR) FROM ({check.finds}) AS t(c0)")
        except duckdb.Error as error:
            raise StoreError(f"check {check.name!r} failed: {str(error).splitlines()[0]}", hint=RESTORE) from error
        if rows:
            yield check.name, check.table, rows, str(example), check.remedy
