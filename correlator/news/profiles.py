"""Publisher profiles: one TOML file each, so that a new publisher is a file and not code.

Shipped under ``data/publishers/``; a path to a file of one's own is accepted wherever a profile's name is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from correlator.base.files import read_toml
from correlator.base.resources import data_path
from correlator.base.syntax import pattern_fault
from correlator.errors import InputError, NotFoundError
from correlator.news.strips.strip import LAYOUTS, compile_layout
from correlator.news.times.printed_dates import DATE_ORDERS
from correlator.news.times.timestamps import EARLIEST, Stamp, bounded, local_midnight, parse_time, zone_info, zone_of


@dataclass(frozen=True)
class Profile:
    """What is known of a publisher.

    ``zone``: IANA zone of times printed without one (None: such times raise); ``table_zone``: that of a table which
    says in what zone its times are, whoever published its articles. ``layouts``: strptime date layouts.
    ``strip``: layouts of the quotes on its ticker strip (``strip.compile_layout``). ``exchange``: where those trade
    (None: wherever their symbols do). ``drop``: patterns of lines that are not running text. ``agencies``: names that a
    byline may credit. ``suffixes``: what the site adds to headlines.
    ``abbreviations``: offsets or IANA zones of zone names that elsewhere mean another zone or none.
    ``date_order``: ``dmy`` or ``mdy``, how it prints dates in numbers. ``earliest``: no article is older.
    ``copyright``: how the line that names the publisher begins. ``text_pages``: whether a text page with a ticker strip
    and a dated byline, of which nothing else is known, is this publisher's. ``address_dates``: whether numbers in its
    addresses that look like a day are one.
    ``country``: its own country (ISO 3166-1 alpha-3), whose offices its headlines leave without a name.
    """

    name: str
    zone: str | None = None
    title: str = ""
    hosts: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    strip: tuple[str, ...] = LAYOUTS
    drop: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    language: str | None = None
    exchange: str | None = None
    country: str | None = None
    abbreviations: dict[str, str] = field(default_factory=dict)
    date_order: str | None = None
    earliest: date = EARLIEST
    copyright: tuple[str, ...] = ()
    address_dates: bool = True
    text_pages: bool = False
    table_zone: str | None = None

    def stamp(self, text: str, origin: str) -> Stamp:
        """The stamp that a time printed by this publisher means; raises TimeError (``timestamps.parse_time``)."""
        read = parse_time(
            text,
            zone=self.table_zone or self.zone,
            layouts=self.layouts,
            abbreviations=self.abbreviations,
            date_order=self.date_order,
            origin=origin,
        )
        return bounded(local_midnight(read, self.zone), earliest=self.earliest)

    def drops(self, line: str) -> bool:
        """Whether the line is furniture of the page (copyright, navigation) and no running text."""
        return any(pattern.search(line) for pattern in _compiled(self.drop))


_COUNTRY = re.compile(r"[A-Z]{3}")
_LISTS = ("hosts", "layouts", "strip", "drop", "agencies", "suffixes", "copyright")
_TEXTS = ("name", "zone", "title", "language", "exchange", "country", "date_order")
_OTHERS = ("abbreviations", "earliest", "address_dates", "text_pages")


@cache
def profile_names() -> tuple[str, ...]:
    """Names of the shipped profiles, in alphabetical order."""
    return tuple(sorted(path.stem for path in data_path("publishers").glob("*.toml")))


def load_profile(name: str) -> Profile:
    """The shipped profile called ``name``, or the one in the TOML file at that path.

    Raises NotFoundError naming the profiles there are; InputError for a file that is not a profile.
    """
    if name.endswith(".toml"):
        if not Path(name).is_file():
            raise NotFoundError(f"there is no profile file {name}")
        return _read(Path(name))
    if name not in profile_names():
        raise NotFoundError(
            f"there is no publisher profile {name!r}", hint=f"profiles are {', '.join(profile_names())}"
        )
    return _shipped(name)


def own_countries(profile: str | None = None) -> dict[str, str]:
    """Publisher to its own country: of the shipped profiles, and of ``profile`` (as ``load_profile`` takes it)."""
    known = [_shipped(name) for name in profile_names()] + ([load_profile(profile)] if profile else [])
    return {publisher.name: publisher.country for publisher in known if publisher.country}


def profile_of_url(url: str) -> Profile | None:
    """The shipped profile whose hosts hold the address, the most specific one, or None."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return None
    while host:
        if host in _by_host():
            return _shipped(_by_host()[host])
        host = host.partition(".")[2]
    return None


def profile_called(names: Iterable[str]) -> Profile | None:
    """The shipped profile whose title or host is one of ``names``, whatever their capitals; None where none is."""
    called = [_by_name()[name] for each in names if (name := each.strip().casefold()) in _by_name()]
    return _shipped(min(called)) if called else None


@cache
def _by_name() -> dict[str, str]:
    named: dict[str, str] = {}
    for profile in profile_names():
        for name in (_shipped(profile).title, *_shipped(profile).hosts):
            named.setdefault(name.casefold(), profile)
    return named


@cache
def _by_host() -> dict[str, str]:
    return {host: name for name in profile_names() for host in _shipped(name).hosts}


@cache
def _shipped(name: str) -> Profile:
    return _read(data_path("publishers", f"{name}.toml"))


def _read(path: Path) -> Profile:
    raw = read_toml(path)
    problem = _problem(raw)
    if problem:
        keys = ", ".join((*_TEXTS, *_LISTS, *_OTHERS))
        raise InputError(f"the profile {path.name} {problem}", hint=f"keys are {keys}")
    lists = {key: tuple(raw[key]) for key in _LISTS if key in raw}
    profile = Profile(**{**raw, **lists})
    for fault in filter(None, map(pattern_fault, profile.drop)):
        raise InputError(f"the profile {path.name} has a faulty drop pattern: {fault}")
    for layout in profile.strip:
        compile_layout(layout)
    for offset in profile.abbreviations.values():
        zone_of(offset)
    if profile.zone:
        zone_info(profile.zone)
    return profile


def _problem(raw: Mapping[str, object]) -> str | None:
    """What is wrong with the keys or types of a profile, or None."""
    unknown = sorted(set(raw) - {*_LISTS, *_TEXTS, *_OTHERS})
    if unknown:
        return f"has unknown keys {', '.join(unknown)}"
    if not raw.get("name"):
        return "has no name"
    for key in _TEXTS:
        if not isinstance(raw.get(key, ""), str):
            return f"needs a text as {key}"
    for key in _LISTS:
        if not _are_texts(raw.get(key, [])):
            return f"needs a list of texts as {key}"
    if not _COUNTRY.fullmatch(str(raw.get("country", "PAK"))):
        return "needs an ISO 3166-1 alpha-3 code as country, such as PAK"
    if raw.get("date_order", "dmy") not in DATE_ORDERS:
        return f"needs {' or '.join(DATE_ORDERS)} as date_order"
    if not isinstance(raw.get("earliest", EARLIEST), date):
        return "needs a date as earliest, such as 1950-01-01"
    for key in ("address_dates", "text_pages"):
        if not isinstance(raw.get(key, True), bool):
            return f"needs true or false as {key}"
    zones = raw.get("abbreviations", {})
    if not isinstance(zones, dict) or not _are_texts(list(zones.values())):
        return 'needs offsets as abbreviations, such as IST = "+05:30"'
    return None


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)
