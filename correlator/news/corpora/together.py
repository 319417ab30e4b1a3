"""Decide once for the files of one layout in a folder or archive, as for one table.

A table is often exported as a file per day. What one day's file shows alone may differ from what all show: the order of
day and month, whether times are midnights of a zone, whether publishers share a clock, even which column is the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from correlator.base.files import called
from correlator.errors import InputError
from correlator.news.corpora.first_look import Look, known_table, shown_by
from correlator.news.corpora.records import read_records
from correlator.news.corpora.table import Table
from correlator.news.publishers import Publishers

_COLUMNS = ("headline", "published")


class _Reading(NamedTuple):
    """Columns of headlines and times of a file, and the zone of times without one: files alike in it are one table."""

    headline: str | None
    time: str | None
    zone: str | None


@dataclass(frozen=True)
class _Group:
    """The files of one reading: the name of the first, the names of all their columns, and what each shows."""

    first: str
    names: set[str] = field(default_factory=set)
    looks: list[Look] = field(default_factory=list)


def tables_of(
    paths: Iterable[Path], publishers: Publishers, columns: Mapping[str, str] | None, encoding: str | None
) -> dict[Path, Table | InputError]:
    """Return the table of each file, with what all files of its layout show, or why the file cannot be read."""
    tables: dict[Path, Table | InputError] = {}
    groups: dict[_Reading, _Group] = {}
    for path in paths:
        try:
            _, table, look = known_table(read_records(path, encoding), called(path), publishers, columns)
        except InputError as error:
            tables[path] = error
            continue
        tables[path] = table
        group = groups.setdefault(_reading(table), _Group(Path(table.source).name))
        group.names.update(table.names)
        group.looks.append(look)
    decided = {reading: _contradiction(reading, groups) or shown_by(group.looks) for reading, group in groups.items()}
    for path, known in tables.items():
        if isinstance(known, Table):
            shown = decided[_reading(known)]
            tables[path] = shown if isinstance(shown, InputError) else replace(known, shown=shown)
    return tables


def _reading(table: Table) -> _Reading:
    headline, time = (table.names[table.places[name]] if name in table.places else None for name in _COLUMNS)
    return _Reading(headline, time, table.table_zone)


def _contradiction(reading: _Reading, groups: Mapping[_Reading, _Group]) -> InputError | None:
    """Return why files of one reading contradict those of another with the same headlines, or None.

    Another file may have the column that is the time here, but a better one beside it; or its times have a zone.
    """
    own = groups[reading].names
    for other, group in groups.items():
        if reading.time is None or other.time is None or other.headline != reading.headline:
            continue
        if reading.time in group.names and other.time not in own:
            return InputError(
                f"its times would be those of column {reading.time!r}, but {group.first} has that column and takes "
                f"{other.time!r}, which is missing here",
                hint="add the file on its own, or name the column with --column published=NAME",
            )
        if reading.time == other.time and reading.zone is None and other.zone:
            return InputError(
                f"its times have no zone, those of {group.first} are in {other.zone}",
                hint="add the file on its own, or give the time zone with --zone",
            )
    return None
