"""A table of news before its rows are read: what its columns are, and whose clock its times show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from correlator.base.day_order import DayOrder
from correlator.errors import InputError, listed
from correlator.news.batch import kept_address, one_line
from correlator.news.corpora.clocks import as_exact, with_clock, with_zone
from correlator.news.corpora.layouts import Corpus, clock_place, column_places, corpus_of, zone_in_name, zone_place
from correlator.news.plain_text import plain_body, without_markup
from correlator.news.profiles import Profile
from correlator.news.publishers import Publishers, publisher_name
from correlator.news.stated import NOTHING, name_in
from correlator.news.times.date_labels import Usual

_CREATED = re.compile(r"creat(?:ed|ion)", re.IGNORECASE)
_NAME_IT = "name it with --column published=NAME"
_TIMES = ("published", "updated")
# The marker that NewsAPI and GNews put at the end of a truncated text.
_CUT = re.compile(r"(?<!\s)\s*+(?:…|\.\.\.)?\s*+\[\+?\d+ chars\]\s*+$")
# What is kept of the text in a cell.
_PLAIN: Mapping[str, Callable[[str], str]] = {
    "headline": lambda text: one_line(without_markup(text)),
    "body": lambda text: plain_body(_CUT.sub("", text)) or "",
    "url": lambda text: kept_address(text) or "",
}


@dataclass(frozen=True)
class Shown:
    """What all rows of a table show together, so that each of its parts is read in the same way.

    ``order``: of day and month; that of the caller takes precedence. ``one_clock``: whether all publishers are in one
    zone, which may be unknown; if they are not, times without a zone are in none of them, as one column has one clock.
    ``usual_dates``: as in ``date_labels``. ``lists``: hashes of addresses with several headlines of several times.
    """

    order: DayOrder = field(default_factory=DayOrder)
    one_clock: bool = True
    usual_dates: Usual = frozenset()
    lists: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Table:
    """A table: its layout, the positions of our fields, the choice of publishers, its name, and what its rows show.

    ``clock``, ``zone`` and ``precision`` are the positions of the columns with clock times, zones and precision of the
    publication dates. ``table_zone`` is the zone of times without one, as given by the caller, the name of a column or
    the layout.
    """

    corpus: Corpus
    places: Mapping[str, int]
    names: Sequence[str]
    publishers: Publishers
    source: str
    clock: int | None = None
    zone: int | None = None
    precision: int | None = None
    table_zone: str | None = None
    shown: Shown = field(default_factory=Shown)

    @property
    def needed(self) -> frozenset[int]:
        """The positions of the columns that are read."""
        others = (place for place in (self.clock, self.zone, self.precision) if place is not None)
        return frozenset((*self.places.values(), *others))

    @property
    def without_clock(self) -> bool:
        """Whether the times of the table without a zone are in unknown ones, so that only their dates are certain."""
        return self.corpus.clock == "unknown" and self.table_zone is None

    @property
    def no_text(self) -> tuple[str, ...]:
        """What the table writes for an empty cell."""
        return (*NOTHING, *self.corpus.nothing)

    def cells(self, name: str, columns: Mapping[int, Sequence[str]]) -> Sequence[str]:
        """Return the cells of our field ``name``: times with clock and zone of other columns, plain texts."""
        cells: Sequence[str] = columns[self.places[name]]
        if name == "published" and self.clock is not None:
            cells = tuple(map(with_clock, cells, columns[self.clock]))
        if name in _TIMES and self.zone is not None:
            cells = tuple(map(with_zone, cells, columns[self.zone]))
        if name == "published" and self.precision is not None:
            exact = (text == self.corpus.exact for text in columns[self.precision])
            cells = tuple(map(as_exact, cells, exact))
        return tuple(map(_PLAIN[name], cells)) if name in _PLAIN else cells


def table_of(names: Sequence[str], source: str, publishers: Publishers, columns: Mapping[str, str] | None) -> Table:
    """Return the table with columns of these names; ``columns`` is the caller's mapping. Raises InputError."""
    corpus = corpus_of(names)
    places = column_places(corpus, names, columns, Path(source).name) if names else {}
    clock = clock_place(corpus, names, places)
    return Table(
        corpus, places, names, publishers, source, clock, zone_place(names, places),
        names.index(corpus.precision) if corpus.precision in names else None,
        publishers.zone or zone_in_name(names, places.get("published"), clock) or corpus.zone,
    )  # fmt: skip


def check_columns(table: Table) -> None:
    """Raise InputError if a table has columns, but none with headlines or whole pages, or none with times."""
    if not table.names:
        return
    where, columns = Path(table.source).name, listed(table.names, 20)
    if "headline" not in table.places:
        if "body" in table.places:
            return
        raise InputError(
            f"{where} has no headline column; its columns are {columns}", hint="name it with --column headline=NAME"
        )
    if "published" not in table.places and "url" not in table.places:
        split = {"year", "month", "day"} <= {name.casefold() for name in table.names}
        combine = "combine year, month and day in one column 'published', such as 2025-05-28"
        raise InputError(
            f"{where} has no recognised column of publication times; its columns are {columns}",
            hint=combine if split else time_option(table.names),
        )


def time_option(names: Sequence[str]) -> str:
    """Return the option that names the column of times; a creation time may be before publication."""
    created = next((name for name in names if _CREATED.search(name)), None)
    return (
        f"name it with --column {shlex.quote(f'published={created}')}, if articles appeared then"
        if created
        else _NAME_IT
    )


def cells_of(table: Table, columns: Mapping[int, Sequence[str]], fields: Iterable[str]) -> pl.DataFrame:
    """Return the cells of our ``fields``, null where empty or missing, and the host of the address.

    ``columns``: those of the table by position.
    """
    nothing = {"symbols": ("",)}  # NA and NAN are tickers, too
    present = {name: pl.Series(name, table.cells(name, columns)) for name in fields if name in table.places}
    missing = [pl.lit(None, pl.String).alias(name) for name in fields if name not in table.places]
    return (
        pl.DataFrame(present)
        .with_columns(
            *(
                pl.when(~pl.col(name).is_in(nothing.get(name, table.no_text))).then(name).alias(name)
                for name in present
            ),
            *missing,
        )
        .with_columns(host=pl.col("url").str.extract(r"^https?://([^/?#]+)"))
    )


class Sites:
    """The profiles of a table's publishers, each by the host of an address and the stated name."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._chosen: dict[tuple[str | None, str | None], tuple[Profile, str]] = {}

    @property
    def zones(self) -> set[str | None]:
        """The zones of all publishers so far, None for an unknown one."""
        return {profile.zone for profile, _ in self._chosen.values()}

    @property
    def profiles(self) -> dict[str, Profile]:
        """The profiles so far, by name."""
        return {profile.name: profile for profile, _ in self._chosen.values()}

    def joined(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows with the name of their ``profile``, that of the publisher (``shown``), and the stated one."""
        sites = rows.select("host", "publisher").unique().rows()
        new = {site: _profile(self._table, *site) for site in sites if site not in self._chosen}
        self._chosen.update(new)
        profiles = pl.DataFrame(
            [(*site, self._chosen[site][0].name, self._chosen[site][1], name_in(site[1] or "")) for site in sites],
            schema=dict.fromkeys(("host", "publisher", "profile", "shown", "stated"), pl.String),
            orient="row",
        )
        return rows.join(profiles, on=["host", "publisher"], how="left", nulls_equal=True, maintain_order="left")


def _profile(table: Table, host: str | None, publisher: str | None) -> tuple[Profile, str]:
    """Return the profile for rows of one host and stated publisher, and the publisher's name for the store."""
    stated = name_in(publisher or "")
    profile, how = table.publishers.of(f"http://{host}" if host else None, (stated,))
    profile = replace(profile, table_zone=table.table_zone, own_clock=table.shown.one_clock)
    if how != "given by the caller":  # all dates of a table are in one order, whoever published the articles
        profile = replace(profile, date_order=table.publishers.date_order or table.shown.order.shown)
    if table.without_clock:
        profile = replace(profile, zone=None)
    return profile, publisher_name(profile, how, stated)
