"""Load in parts, one transaction each; an interrupted load is marked and never taken for a complete one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import duckdb

from correlator.store.db import Store
from correlator.store.unfinished import Load, begin_bulk, begin_load, clear_mark, mark_unfinished
from correlator.store.writing.loads import write_load

Part = TypeVar("Part")
Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Tally:
    """The result of a part or a load in rows; ``details``: counts of further rows."""

    added: int = 0
    known: int = 0
    rejected: int = 0
    details: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.added + self.known + self.rejected

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.added + other.added,
            self.known + other.known,
            self.rejected + other.rejected,
            self.details + other.details,
        )


@dataclass(frozen=True)
class Derive:
    """What is derived from a whole load: stories, sessions of strips. Each function returns counts by name.

    ``inside``: runs in the last transaction of a load of at most ``small`` rows; ``afterwards``: runs after a larger
    one, in its own transactions, and again whenever the load is run again.
    """

    inside: Callable[[Connection, Tally], Mapping[str, int]]
    afterwards: Callable[[Store], Mapping[str, int]]
    small: int


def load_parts(
    store: Store,
    load: Load,
    parts: Iterable[Part],
    write: Callable[[Connection, Part], Tally],
    *,
    derive: Derive | None = None,
    advance: Callable[[int], None] | None = None,
    bulk: bool = False,
) -> Tally:
    """Write ``parts`` one by one, each in a transaction, and then ``derive`` from all of them.

    A load of one small part is a single transaction including what is derived. A larger one adds a mark to
    ``unfinished`` with its first part, which its last transaction removes; a part that cannot be read leaves the
    previous ones complete, and the mark. ``advance`` is called with the rows of each part. ``bulk``: parts have many
    rows of tables without an index, which a file stores best with its last part.
    """
    total = Tally()
    ended = False
    for part, is_last in _with_last(parts):
        before = total

        def write_part(
            connection: Connection, part: Part = part, is_last: bool = is_last, before: Tally = before
        ) -> tuple[Tally, bool]:
            if bulk:
                begin_bulk(connection, goes_on=not is_last)
            begin_load(connection, load)
            total = before + write(connection, part)
            ended = is_last and (derive is None or total.rows <= derive.small)
            if ended:
                if derive is not None:
                    total += Tally(details=Counter(derive.inside(connection, total)))
                end_load(connection, load, total)
            else:
                mark_unfinished(connection, load, total.rows)
            return total, ended

        total, ended = store.transact(write_part)
        if advance is not None:
            advance(total.rows - before.rows)
    if not ended and total.rows and derive is not None:
        total += Tally(details=Counter(derive.afterwards(store)))
        whole = total

        def end(connection: Connection) -> None:
            begin_load(connection, load)
            end_load(connection, load, whole)

        store.transact(end)
    return total


def end_load(connection: Connection, load: Load, total: Tally) -> None:
    """Remove the mark of a load that ``begin_load`` started, and write its line in the journal."""
    clear_mark(connection, load)
    counts = (total.added, total.known, total.rejected)
    write_load(connection, load.kind, load.source, load.sha256, rows=counts, finished_at=datetime.now(UTC))


def _with_last(parts: Iterable[Part]) -> Iterator[tuple[Part, bool]]:
    """Yield each part and whether it is the last; the next part is read before this one is written."""
    rest = iter(parts)
    absent = object()
    waiting: Part | object = next(rest, absent)
    while waiting is not absent:
        following = next(rest, absent)
        yield waiting, following is absent  # type: ignore[misc]
        waiting = following
