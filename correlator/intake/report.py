"""Reports of loads, and names of their sources."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import ParamSpec, TypeVar

from correlator.base.addresses import is_address, shown
from correlator.base.files import called, is_file
from correlator.base.tabular import frame_name
from correlator.errors import InputError, warn

_VALUE = re.compile(r"'[^']*'|\d+")
T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True)
class LoadReport:
    """The result of a load in rows; ``details``: counts of further rows; ``notes``: remarks for the user."""

    kind: str
    source: str
    added: int
    known: int
    rejected: int
    details: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"{self.added:,} new", f"{self.known:,} known already"]
        if self.rejected:
            parts.append(f"{self.rejected:,} rejected (see `correlator list rejects`)")
        parts += [f"{count:,} {name}" for name, count in self.details.items() if count]
        verdict = "nothing changed: " if not self.added and self.known and not self.rejected else ""
        return f"{self.source}: {verdict}" + ", ".join(parts)

    @property
    def empty_handed(self) -> bool:
        """Whether rows were read and every one of them was rejected."""
        return self.rejected > 0 and not self.added and not self.known


def warns_if_all_rejected(load: Callable[P, T]) -> Callable[P, T]:
    """Decorate ``load`` to warn if every row was rejected."""

    @wraps(load)
    def loaded(*given: P.args, **named: P.kwargs) -> T:
        report = load(*given, **named)
        if isinstance(report, LoadReport) and report.empty_handed:
            reason = f": {report.notes[0]}" if report.notes else ""
            warn(f"{report.source}: nothing was loaded{reason}")
        return report

    return loaded


def reject_notes(reasons: Mapping[str, int], most: int = 3) -> tuple[str, ...]:
    """Return notes with the number of rejected rows for each kind of reason, the most frequent first.

    Reasons of one kind differ only in the quoted value or in figures; the most frequent stands for them.

    Examples
    --------
    >>> reject_notes({"'12:00' has no time zone": 2, "'13:00' has no time zone": 1, "no headline": 1})
    ("3 rejected, such as: '12:00' has no time zone", '1 rejected: no headline')
    """
    ranked = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
    kinds: dict[str, list[tuple[str, int]]] = {}
    for reason, count in ranked:
        kinds.setdefault(_VALUE.sub("", reason), []).append((reason, count))
    counted = sorted(((sum(count for _, count in each), each) for each in kinds.values()), key=lambda pair: -pair[0])
    notes = [
        f"{count:,} rejected{', such as' if len(each) > 1 else ''}: {each[0][0][:160]}"
        for count, each in counted[:most]
    ]
    rest = sum(count for count, _ in counted[most:])
    return tuple(notes + ([f"{rest:,} rejected for {len(counted) - most:,} other reasons"] if rest else []))


@dataclass(frozen=True)
class Preview:
    """What a load would read, in rows; ``notes``: the reasons of the first rejects."""

    source: str
    articles: int
    quotes: int
    rejected: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        counts = f"{self.articles:,} articles, {self.quotes:,} quotes, {self.rejected:,} rejects"
        return f"{self.source}: would read {counts}; nothing was written"


def started(batches: Iterator[T], source: str | None = None) -> Iterator[T]:
    """Return the same batches after reading the first, so that an unreadable source raises before a store is touched.

    An empty ``source`` raises InputError; without a name, as for a source that is polled, it may be empty.
    """
    first = next(batches, None)
    if first is None and source is not None:
        raise InputError(f"{source} has no rows to load", hint="check the file")
    return batches if first is None else chain([first], batches)


def source_name(source: object) -> str:
    """Return the name of a load's source: the path as given, an address without its secrets, or the kind of frame."""
    if is_address(source):
        return shown(str(source))
    return called(source) if isinstance(source, str | Path) else frame_name(source)


def sha256_of(source: object) -> str | None:
    """Return the SHA-256 of a file's bytes; None for anything that is not a file."""
    if not isinstance(source, str | Path) or not is_file(Path(source)):
        return None
    with Path(source).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
