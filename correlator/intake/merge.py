"""Merge two instruments of the store that are the same one."""

from __future__ import annotations

import duckdb

from correlator.errors import InputError, NotFoundError, counted, likeliest
from correlator.intake.instruments import names_in
from correlator.intake.strips import date_strips
from correlator.store.changes import delete_rows, insert_new, update_rows
from correlator.store.db import Store
from correlator.store.repeats import merging_runs
from correlator.store.statements import execute, query
from correlator.tables import ACTIONS, BARS, EVENTS, INSTRUMENTS, LINKS, Table

_SAME_BAR = 'k.symbol = $keep AND k."interval" = o."interval" AND k.bar_start = o.bar_start'
_DIFFER = f"""
    SELECT count(*) FILTER (WHERE k.close IS DISTINCT FROM o.close), count(*)
    FROM newest_bars AS o JOIN newest_bars AS k ON {_SAME_BAR}
    WHERE o.symbol = $other
"""
_MOVED = {
    BARS: f"SELECT o.* REPLACE ($keep AS symbol) FROM bars AS o WHERE o.symbol = $other"
    f" AND NOT EXISTS (SELECT 1 FROM bars AS k WHERE {_SAME_BAR})",
    ACTIONS: "SELECT o.* REPLACE ($keep AS symbol) FROM actions AS o WHERE o.symbol = $other AND NOT EXISTS"
    " (SELECT 1 FROM actions AS k WHERE k.symbol = $keep AND k.session = o.session AND k.kind = o.kind)",
    LINKS: "SELECT o.* REPLACE ($keep AS symbol) FROM links AS o WHERE o.symbol = $other",
}


def merge_instruments(store: Store, keep: str, other: str) -> list[str]:
    """Move bars, corporate actions, links and events of ``other`` to ``keep``, and make its names aliases of ``keep``.

    If both have a bar, the one of ``keep`` is kept. Returns what was done, one line each. Raises NotFoundError if the
    store does not have a symbol, and InputError if both are the same, trade on different exchanges, or have different
    closes on most common bars, since the bars of ``other`` would be lost.
    """
    if keep == other:
        raise InputError(f"{keep} cannot be merged with itself", hint="give two symbols of the same instrument")

    def work(connection: duckdb.DuckDBPyConnection) -> list[str]:
        names = names_in(connection)
        for symbol in (keep, other):
            if symbol not in names.rows:
                hint = likeliest(symbol, names.rows, "it has")
                raise NotFoundError(f"the store has no instrument {symbol!r}", hint=hint)
        first, second = names.rows[keep], names.rows[other]
        if first["exchange"] != second["exchange"]:
            raise InputError(
                f"{keep} ({first['exchange']}) and {other} ({second['exchange']}) are on different exchanges",
                hint="merge two symbols of the same exchange",
            )
        both = {"keep": keep, "other": other}
        ((differ, common),) = execute(connection, _DIFFER, both)
        if 2 * differ > common:
            raise InputError(
                f"{keep} and {other} differ in the close of {differ:,} of {counted(common, 'common bar')}, so they "
                "seem to be different instruments",
                hint="if they are the same, first undo the load of the wrong bars: `correlator store undo`",
            )
        counts = {table.name: _move(connection, table, rows, both) for table, rows in _MOVED.items()}
        events = "SELECT event_id, $keep AS symbol FROM events WHERE symbol = $other"
        counts["events"] = update_rows(connection, EVENTS, ("symbol",), events, parameters=both)
        aliases = "|".join(
            dict.fromkeys(part for row in (first, second) for part in (row["aliases"] or "").split("|") if part)
        )
        named = "|".join(dict.fromkeys([*(part for part in aliases.split("|") if part and part != keep), other]))
        again = "SELECT symbol, $named AS aliases FROM instruments WHERE symbol = $keep"
        update_rows(connection, INSTRUMENTS, ("aliases",), again, parameters={"keep": keep, "named": named})
        pointing = "SELECT symbol, $keep AS benchmark FROM instruments WHERE benchmark = $other"
        update_rows(connection, INSTRUMENTS, ("benchmark",), pointing, parameters=both)
        delete_rows(connection, INSTRUMENTS, "symbol = $other", {"other": other})
        date_strips(connection, symbols=[keep])
        moved = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "nothing"
        notes = [f"{other} is now another name of {keep}; moved: {moved}"]
        return notes + ([f"{counted(differ, 'bar')} had different closes; kept those of {keep}"] if differ else [])

    return store.transact(work)


def _move(connection: duckdb.DuckDBPyConnection, table: Table, rows: str, both: dict[str, str]) -> int:
    """Insert ``rows`` under the symbol that is kept, and delete those of the other; returns the rows inserted."""
    with merging_runs(connection, table, both["keep"], both["other"]):
        moved = query(connection, rows, both)
        delete_rows(connection, table, "symbol = $other", {"other": both["other"]})
        if moved.is_empty():
            return 0
        connection.register("moved_rows", moved)
        count = insert_new(connection, table, "SELECT * FROM moved_rows")
        connection.unregister("moved_rows")
        return count
