"""Stores as earlier correlators made them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from correlator.tables import TABLES

ARRIVED = {"actions": 2, "addresses": 4, "unfinished": 6, "repeats": 10}
"""The schema that a table came with; the others are of the first."""
INDEXED_BEFORE = {"bars": 3, "articles": 11, "events": 11, "rejects": 12}
"""The schema that took the index of a table's key away."""

EVENT = """
    INSERT INTO events (event_id, event_key, known_at, known_precision, coder, category, quad_class, evidence)
    VALUES ($id, $key, '2025-05-28 12:00:00+00', 'minute', $coder, 'AGREE', 'verbal-cooperation', $evidence)
"""
GDELT = '{"GLOBALEVENTID":"77%d","code":"030","source_line":%d}'


def made_by_schema(version: int, path: Path) -> None:
    """A store as a correlator of that schema made it: three events of a user, two of GDELT, some of them twice."""
    with duckdb.connect(str(path)) as connection:
        for table in TABLES:
            if version >= ARRIVED.get(table.name, 1):
                was_indexed = table.indexed or version < INDEXED_BEFORE[table.name]
                connection.execute(replace(table, indexed=was_indexed).ddl())
        connection.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY)")
        for number in range(1, version + 1):
            connection.execute("INSERT INTO schema_version VALUES (?)", [number])
        connection.execute(
            "INSERT INTO bars (symbol, interval, session, bar_start, vintage, close, source, retrieved_at)"
            " VALUES ('LAMP', '1d', '2025-05-28', '2025-05-28 00:00:00+00', 1, 10, 'x', '2025-05-29 00:00:00+00')"
        )
        connection.execute("INSERT INTO instruments (symbol, exchange, currency) VALUES ('LAMP', 'XKAR', 'PKR')")
        rows = [
            ("sha1:1", "user", "[]"), ("sha1:2", "gdelt", GDELT % (1, 1)), ("sha2:1", "user", "[]"),
            ("sha2:2", "gdelt", GDELT % (1, 2)), ("sha2:3", "gdelt", GDELT % (2, 3)),
        ]  # fmt: skip
        if version >= 5:
            rows = [(f"healed:{n}", coder, text) for n, (_, coder, text) in enumerate(rows[:1])]
        for number, (key, coder, evidence) in enumerate(rows, start=1):
            connection.execute(EVENT, {"id": number, "key": key, "coder": coder, "evidence": evidence})
