"""A load in parts: each part is one transaction, and what is between two of them is never taken for a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import duckdb

from correlator.store.db import Store
from correlator.store.unfinished import Load, clear_mark, mark_unfinished
from correlator.store.writing import write_load

Part = TypeVar("Part")
Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Tally:
    """What a part or a load did, in rows; ``details`` counts what came along."""

    added: int = 0
    known: int = 0
    rejected: int = 0
    details: Counter[str] = field(default_factory=Counter)

    @property
    def taken(self) -> int:
        return self.added + self.known + self.rejected

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.added + other.added,
            self.known + other.known,
            self.rejected + other.rejected,
            self.details + other.details,
        )


def load_parts(
    store: Store,
    load: Load,
    parts: Iterable[Part],
    write: Callable[[Connection, Part], Tally],
    *,
    finish: Callable[[Connection], object] | None = None,
    advance: Callable[[int], None] | None = None,
) -> Tally:
    """Write ``parts`` one by one, each a transaction; ``finish`` derives what follows from all of them.

    The last part, what ``finish`` does and the line in ``loads`` are one transaction. Where there are several, the
    first leaves a mark in ``unfinished`` that the last takes away; a part that cannot be read leaves those before it
    whole, and the mark. ``advance`` is told the rows of each part.
    """
    total = Tally()
    for part, is_last in _with_last(parts):
        with store.transaction() as connection:
            tally = write(connection, part)
            total += tally
            if is_last:
                end_load(connection, load, total, finish)
            else:
                mark_unfinished(connection, load, total.taken)
        if advance is not None:
            advance(tally.taken)
    return total


def end_load(
    connection: Connection, load: Load, total: Tally, finish: Callable[[Connection], object] | None = None
) -> None:
    """Derive what follows from the load, take its mark away and write its line in the journal."""
    if finish is not None:
        finish(connection)
    clear_mark(connection, load)
    counts = (total.added, total.known, total.rejected)
    write_load(connection, load.kind, load.source, load.sha256, counts, datetime.now(UTC))


def _with_last(parts: Iterable[Part]) -> Iterator[tuple[Part, bool]]:
    """Each part, and whether it is the last: the next one is read before this one is written."""
    rest = iter(parts)
    absent = object()
    waiting: Part | object = next(rest, absent)
    while waiting is not absent:
        following = next(rest, absent)
        yield waiting, following is absent  # type: ignore[misc]
        waiting = following
