"""Undo a load in one transaction: remove every row that it alone added, and derive again what depended on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl

from correlator.errors import InputError, NotFoundError, listed
from correlator.intake.stories import join_stories
from correlator.intake.strips import date_strips
from correlator.store.changes import delete_rows, insert_new, update_rows
from correlator.store.db import Store
from correlator.store.repeats import hand_over, repeated_rows
from correlator.store.statements import execute, query
from correlator.tables import ACTIONS, ADDRESSES, ARTICLES, BARS, EVENTS, LINKS, LOADS, QUOTES, REJECTS, table

_OF_LOADS = (ARTICLES, QUOTES, BARS, ACTIONS, EVENTS, LINKS, REJECTS)
_KINDS = ("prices", "news", "events", "watchlist")
_BAR = ("symbol", "interval", "bar_start")
_FIGURES = ("open", "high", "low", "close", "adjusted_close", "volume")
_OWN = "load_id = $load"
_LOOSE = """
    SELECT article_id, version, NULL::BIGINT AS story_id FROM articles
    WHERE story_id IN (SELECT unnest($stories::BIGINT[]))
"""
_LATER = """
    SELECT count(DISTINCT later.article_id), min(later.load_id) FROM articles AS mine JOIN articles AS later
        ON later.article_id = mine.article_id AND later.version > mine.version
    WHERE mine.load_id = $load AND later.load_id IS DISTINCT FROM $load
"""


@dataclass(frozen=True)
class Undone:
    """A load and its rows: its line in the journal, rows by table, and notes on what else changes."""

    load: dict[str, Any]
    rows: pl.DataFrame
    notes: tuple[str, ...] = ()


def load_of(store: Store, load_id: int) -> Undone:
    """Return the rows of a load that are still in the store, by table; raise NotFoundError for an unknown load."""
    with store.reading() as connection:
        load, rows = _journal_line(connection, load_id), _rows_of(connection, load_id)
        alone = {name: count - repeated_rows(connection, table(name), load_id) for name, count in rows.items()}
        return Undone(load, _by_table(alone))


def undo_load(store: Store, load_id: int) -> Undone:
    """Remove every row that the load added and no later load repeated, and derive again what depended on them.

    These are vintages, sessions of strips and stories. All of it happens or nothing. The load stays in the journal with
    the time at which it was undone, and the remaining rows then belong to the first later load that repeated them.

    Raise NotFoundError for an unknown load, and InputError for one that was already undone, that added instruments,
    that predates load numbers on rows, or whose articles a later load edited.
    """

    def work(connection: duckdb.DuckDBPyConnection) -> Undone:
        load = _journal_line(connection, load_id)
        stay = hand_over(connection, load_id)
        rows = _rows_of(connection, load_id)
        _check(connection, load, is_empty=not (stay or rows))
        notes = [f"{count:,} rows of {name} remain: a later load has them too" for name, count in stay.items()]
        notes += _delete_rows_of(connection, load)
        execute(connection, "CREATE OR REPLACE TEMP TABLE undone AS SELECT $load::BIGINT AS load_id", {"load": load_id})
        now = {"now": datetime.now(UTC)}
        update_rows(
            connection,
            LOADS,
            ("undone_at",),
            "SELECT load_id, $now::TIMESTAMPTZ AS undone_at FROM undone",
            parameters=now,
        )
        execute(connection, "DROP TABLE undone")
        return Undone(load, _by_table(rows), tuple(notes))

    return store.transact(work)


def _journal_line(connection: duckdb.DuckDBPyConnection, load_id: int) -> dict[str, Any]:
    rows = query(connection, "SELECT * FROM loads WHERE load_id = $load", {"load": load_id})
    if rows.is_empty():
        raise NotFoundError(f"load {load_id} does not exist", hint="see `correlator list loads`")
    return rows.row(0, named=True)


def _rows_of(connection: duckdb.DuckDBPyConnection, load_id: int) -> dict[str, int]:
    """Return the number of rows that a load has in each table, without tables in which it has none."""
    own = {"load": load_id}
    counts = {
        each.name: int(execute(connection, f"SELECT count(*) FROM {each.name} WHERE {_OWN}", own)[0][0])
        for each in _OF_LOADS
    }
    return {name: count for name, count in counts.items() if count}


def _by_table(rows: Mapping[str, int]) -> pl.DataFrame:
    frame = pl.DataFrame(list(rows.items()), schema={"table": pl.String, "rows": pl.Int64}, orient="row")
    return frame.filter(pl.col("rows") > 0)


def _check(connection: duckdb.DuckDBPyConnection, load: dict[str, Any], *, is_empty: bool) -> None:
    """Raise InputError if the load cannot be undone; ``is_empty``: it has no rows in the store."""
    number = load["load_id"]
    if load["undone_at"] is not None:
        raise InputError(f"load {number} was already undone at {load['undone_at']:%Y-%m-%d %H:%M} UTC")
    if load["kind"] == "instruments":
        hint = "change them with `correlator store instrument SYMBOL`"
        raise InputError(f"load {number} added instruments, which cannot be undone", hint=hint)
    if load["kind"] not in _KINDS:
        raise InputError(
            f"load {number} is of kind {load['kind']}, which cannot be undone", hint="run the opposite command"
        )
    if load["rows_added"] and is_empty:
        hint = "restore a backup, or load into a new store"
        raise InputError(f"load {number} predates load numbers on rows, so its rows are not known", hint=hint)
    ((edited, later),) = execute(connection, _LATER, {"load": number})
    if edited:
        raise InputError(
            f"load {later} added later versions of {edited} of its articles", hint=f"undo load {later} first"
        )


def _delete_rows_of(connection: duckdb.DuckDBPyConnection, load: dict[str, Any]) -> list[str]:
    """Delete the rows of a load and derive again what depended on them; returns notes on what else changed."""
    own = {"load": load["load_id"]}
    notes = []
    if load["kind"] == "prices":
        bars = query(connection, f'SELECT DISTINCT symbol, "interval", bar_start FROM bars WHERE {_OWN}', own)
        delete_rows(connection, BARS, _OWN, own)
        delete_rows(connection, ACTIONS, _OWN, own)
        moved = _renumbered(connection, bars)
        notes += [f"{moved:,} later vintages of its bars count again"] if moved else []
        symbols = [str(name) for name in bars["symbol"].unique()]
        notes += [f"{date_strips(connection, symbols=symbols):,} quotes of strips dated again"] if symbols else []
        remaining = query(connection, "SELECT DISTINCT symbol FROM bars")["symbol"]
        without_bars = sorted(set(symbols) - set(remaining))
        notes += [f"without bars now, but still instruments: {listed(without_bars)}"] if without_bars else []
    if load["kind"] == "news":
        notes += _delete_articles(connection, own)
        delete_rows(connection, ADDRESSES, "address = $source", {"source": load["source"]})
    for each in (EVENTS, LINKS, QUOTES, REJECTS):
        delete_rows(connection, each, _OWN, own)
    return notes


def _delete_articles(connection: duckdb.DuckDBPyConnection, own: dict[str, Any]) -> list[str]:
    """Delete the articles of a load with everything derived from them, and group the rest of their stories again."""
    stories = query(connection, f"SELECT DISTINCT story_id FROM articles WHERE {_OWN}", own)["story_id"].to_list()
    versions = query(connection, f"SELECT article_id, version FROM articles WHERE {_OWN}", own)
    delete_rows(connection, ARTICLES, _OWN, own)
    keys = [f"article:{number}:{version}:" for number, version in versions.iter_rows()]
    of_versions = "regexp_extract(event_key, '^article:\\d+:\\d+:') IN (SELECT unnest($keys::VARCHAR[]))"
    delete_rows(connection, EVENTS, of_versions, {"keys": keys})
    orphaned = "article_id IN (SELECT unnest($ids::BIGINT[])) AND article_id NOT IN (SELECT article_id FROM articles)"
    for each in (LINKS, QUOTES):
        delete_rows(connection, each, orphaned, {"ids": versions["article_id"].unique().to_list()})
    others = update_rows(connection, ARTICLES, ("story_id",), _LOOSE, parameters={"stories": stories})
    join_stories(connection)
    return [f"the stories of {others:,} other articles grouped again"] if others else []


def _renumbered(connection: duckdb.DuckDBPyConnection, bars: pl.DataFrame) -> int:
    """Renumber the vintages of ``bars`` from 1, without those equal to the previous one; returns the rows rewritten."""
    connection.register("undone_bars", bars)
    same = f"SELECT b.* FROM bars AS b SEMI JOIN undone_bars AS u USING ({', '.join(_quoted(_BAR))})"
    rows = query(connection, same).sort(*_BAR, "vintage")
    connection.unregister("undone_bars")
    if rows.is_empty():
        return 0
    first = pl.col("vintage").is_first_distinct().over(_BAR)
    repeats = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift().over(_BAR)) for name in _FIGURES)
    kept = rows.filter(~repeats | (pl.int_range(pl.len()).over(_BAR) == 0) & first)
    counted = kept.with_columns(vintage=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(_BAR))
    if counted.equals(rows):
        return 0
    connection.register("undone_bars", rows)
    keys = ", ".join(_quoted((*_BAR, "vintage")))
    delete_rows(connection, BARS, f"({keys}) IN (SELECT ({keys}) FROM undone_bars)")
    connection.unregister("undone_bars")
    connection.register("kept_vintages", counted)
    insert_new(connection, BARS, "SELECT * FROM kept_vintages")
    connection.unregister("kept_vintages")
    return rows.height


def _quoted(names: tuple[str, ...]) -> list[str]:
    return [f'"{name}"' for name in names]
