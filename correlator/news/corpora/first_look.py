"""Look at all rows of a table before the first is handed on, so that its last part is read like its first.

Rows are read in parts, and what one part shows alone may differ from what the table shows: the order of day and month,
whether its publishers share a clock, whether its times are midnights of a zone, which addresses are those of lists. The
look reads only the columns that show it, and keeps of each row no more than hashes of its address, headline and time.
Files of one layout in a folder or archive are looked at together (``together.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import polars as pl

from correlator.base.day_order import DayOrder
from correlator.news.corpora.other_times import without_clock
from correlator.news.corpora.records import Faulty, Records
from correlator.news.corpora.table import Shown, Sites, Table, cells_of, check_columns, table_of
from correlator.news.corpora.time_columns import parse_times
from correlator.news.profiles import Profile
from correlator.news.publishers import Publishers
from correlator.news.times.date_labels import MAY_BE_UTC, UTC_ZONES, Midnights
from correlator.news.times.printed_dates import order_in

_PART = 50_000
_FIELDS = ("published", "url", "publisher")


@dataclass(frozen=True)
class Look:
    """What the rows of one file show: order of day and month, zones of publishers, midnights, hashes of the rows."""

    order: DayOrder = field(default_factory=DayOrder)
    zones: frozenset[str | None] = frozenset()
    midnights: Midnights = field(default_factory=Midnights)
    hashes: tuple[pl.DataFrame, ...] = ()


def known_table(
    records: Records, source: str, publishers: Publishers, columns: Mapping[str, str] | None
) -> tuple[Records, Table, Look]:
    """Return the records, their table and a look at all rows; columns of later JSON objects count, too."""
    if records.named is None:
        table = table_of(records.names, source, publishers, columns)
        check_columns(table)
        return records, table, look_at(records, table)
    mapped = {ours: theirs for ours, theirs in (columns or {}).items() if theirs in records.names}
    table = table_of(records.names, source, publishers, mapped)
    look = look_at(records, table)
    names = [*records.names, *records.later]
    wider = table_of(names, source, publishers, columns)
    check_columns(wider)
    if wider == replace(table, names=names):
        return records, table, look
    records = records.named(names)
    return records, wider, look_at(records, wider)


def look_at(records: Records, table: Table) -> Look:
    """Look at all rows of a file. Raises InputError where they cannot be read."""
    places = {table.places[name] for name in (*_FIELDS, "headline") if name in table.places}
    places |= {place for place in (table.clock, table.zone, table.precision) if place is not None}
    if not places and records.named is None:
        return Look()
    sites, order, midnights, hashes = Sites(table), DayOrder(), Midnights(), list[pl.DataFrame]()
    for columns in _parts(records, sorted(places)):
        cells = cells_of(table, columns, _FIELDS)
        order = order.joined(order_in(cells["published"]))
        hashes.extend(_hashes(cells, columns, table))
        located = sites.joined(cells)
        if table.publishers.zone is None:
            midnights = midnights.joined(_midnights(located, sites.profiles, table))
    order = DayOrder() if table.publishers.date_order else order
    return Look(order, frozenset(sites.zones), midnights, tuple(hashes))


def shown_by(looks: Sequence[Look]) -> Shown:
    """Return what all rows of one or more files of a layout show together."""
    order = DayOrder().joined(*(look.order for look in looks))
    zones = frozenset[str | None]().union(*(look.zones for look in looks))
    midnights = Midnights().joined(*(look.midnights for look in looks))
    return Shown(order, len(zones) < 2, midnights.usual(), _lists([each for look in looks for each in look.hashes]))


def _parts(records: Records, places: Sequence[int]) -> Iterator[dict[int, list[str]]]:
    """Yield the columns at ``places``, some rows at a time; invalid rows are found again when the rows are read."""
    faulty: list[Faulty] = []
    rows = records.rows(faulty, places)
    taken = 1
    while taken:
        columns: dict[int, list[str]] = {place: [] for place in places}
        adds = [(place, columns[place].append) for place in places]
        taken = 0
        for _, row in islice(rows, _PART):
            taken += 1
            for place, add in adds:
                add(row[place])
        faulty.clear()
        if taken and places:
            yield columns


def _midnights(rows: pl.DataFrame, profiles: dict[str, Profile], table: Table) -> Midnights:
    """Return what the times of rows in UTC show about their being dates."""
    found = Midnights()
    for (name,), part in rows.group_by("profile", maintain_order=True):
        profile = profiles[str(name)]
        published = without_clock(part["published"]) if table.without_clock else part["published"]
        if (profile.table_zone or profile.zone) not in UTC_ZONES:
            may_be = published.str.contains(MAY_BE_UTC).fill_null(value=False)
            published, part = published.filter(may_be), part.filter(may_be)
        if part.height:
            stamps = parse_times(published, profile, "")
            found = found.joined(Midnights.of(stamps.with_columns(part["shown"]), "shown"))
    return found


def _hashes(cells: pl.DataFrame, columns: Mapping[int, Sequence[str]], table: Table) -> Iterator[pl.DataFrame]:
    """Yield the hashes of address, headline and time of the rows with an address."""
    if "url" in table.places and "headline" in table.places:
        headline = pl.Series("headline", columns[table.places["headline"]])
        located = cells.with_columns(headline).filter(pl.col("url").is_not_null())
        yield located.select(pl.col("url", "headline", "published").hash())


def _lists(hashes: Sequence[pl.DataFrame]) -> frozenset[int]:
    """Return the hashes of addresses with several headlines of several times."""
    if not hashes:
        return frozenset()
    repeated = pl.concat(hashes).filter(pl.col("url").is_duplicated()).group_by("url").n_unique()
    return frozenset(repeated.filter(pl.col("headline") > 1, pl.col("published") > 1)["url"])
