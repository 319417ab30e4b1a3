"""Publisher profiles: one TOML file each, so that a new publisher needs no code.

Shipped under ``data/publishers/``; the path of a user's file is accepted wherever the name of a profile is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from correlator.base.files import is_file, read_toml
from correlator.base.resources import data_path
from correlator.base.syntax import pattern_fault
from correlator.errors import InputError, NotFoundError, TimeError
from correlator.news.strips.strip import LAYOUTS, compile_layout
from correlator.news.times.printed_dates import DATE_ORDERS
from correlator.news.times.timestamps import EARLIEST, Stamp, bounded, local_midnight, parse_time, zone_info, zone_of


@dataclass(frozen=True)
class Profile:
    """The profile of a publisher.

    ``zone``: IANA zone of times printed without one (None: such times raise); ``table_zone``: the zone that a table
    states for its times, whoever published its articles. ``own_clock``: whether times without a zone are in ``zone``.
    ``layouts``: strptime date layouts.
    ``strip``: layouts of the quotes on its ticker strip (``strip.compile_layout``). ``exchange``: where those trade
    (None: wherever their symbols do). ``drop``: patterns of lines that are not running text. ``agencies``: names that a
    byline may credit. ``suffixes``: what the site appends to headlines.
    ``abbreviations``: offsets or IANA zones of zone abbreviations with a meaning of their own at this publisher.
    ``date_order``: ``dmy`` or ``mdy``, the order of numeric dates. ``earliest``: no article is older.
    ``copyright``: how the line that names the publisher begins. ``text_pages``: whether a text page with a ticker strip
    and a dated byline, but no other sign of its publisher, is this publisher's. ``address_dates``: whether digits in
    its addresses that look like a date are one.
    ``country``: its home country (ISO 3166-1 alpha-3), which its headlines omit when they name officials.
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
    own_clock: bool = True

    def stamp(self, text: str, origin: str) -> Stamp:
        """Return the stamp of a time printed by this publisher. Raises TimeError (``timestamps.parse_time``)."""
        read = parse_time(
            text,
            zone=self.table_zone or self.zone,
            layouts=self.layouts,
            abbreviations=self.abbreviations,
            date_order=self.date_order,
            origin=origin,
        )
        is_local = read.offset is None and read.precision in ("second", "minute")
        if is_local and not (self.own_clock or self.table_zone):
            raise TimeError(
                f"{text!r} has no time zone, and the publishers of the table are in different zones",
                hint="give the time zone of the column with --zone",
            )
        return bounded(local_midnight(read, self.zone), earliest=self.earliest)

    def drops(self, line: str) -> bool:
        """Whether the line is boilerplate (copyright, navigation) rather than running text."""
        return any(pattern.search(line) for pattern in _compiled(self.drop))


_COUNTRY = re.compile(r"[A-Z]{3}")
_LISTS = ("hosts", "layouts", "strip", "drop", "agencies", "suffixes", "copyright")
_TEXTS = ("name", "zone", "title", "language", "exchange", "country", "date_order")
_OTHERS = ("abbreviations", "earliest", "address_dates", "text_pages")


@cache
def profile_names() -> tuple[str, ...]:
    """Return the names of the shipped profiles in alphabetical order."""
    return tuple(sorted(path.stem for path in data_path("publishers").glob("*.toml")))


def load_profile(name: str) -> Profile:
    """Load the shipped profile called ``name``, or the one in the TOML file at that path.

    Raises NotFoundError, which lists the shipped profiles; InputError for a file that is not a profile.
    """
    if name.endswith(".toml"):
        if not is_file(Path(name)):
            raise NotFoundError(f"the profile file {name} does not exist")
        return _read(Path(name))
    if name not in profile_names():
        raise NotFoundError(f"unknown publisher profile {name!r}", hint=f"profiles are {', '.join(profile_names())}")
    return _shipped(name)


def own_countries(profile: str | None = None) -> dict[str, str]:
    """Return publishers with their home country: of the shipped profiles, and of ``profile`` (a name or TOML file)."""
    known = [_shipped(name) for name in profile_names()] + ([load_profile(profile)] if profile else [])
    return {publisher.name: publisher.country for publisher in known if publisher.country}


def profile_of_url(url: str) -> Profile | None:
    """Return the shipped profile with the most specific host that matches the address, or None."""
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
    """Return the shipped profile whose title or host is one of ``names``, ignoring case, or None."""
    matches = [_by_name()[name] for each in names if (name := each.strip().casefold()) in _by_name()]
    return _shipped(min(matches)) if matches else None


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
        raise InputError(f"the profile {path.name} has an invalid drop pattern: {fault}")
    for layout in profile.strip:
        compile_layout(layout)
    for offset in profile.abbreviations.values():
        zone_of(offset)
    if profile.zone:
        zone_info(profile.zone)
    return profile


def _problem(raw: Mapping[str, object]) -> str | None:
    """Return what is wrong with the keys or types of a profile, or None."""
    unknown = sorted(set(raw) - {*_LISTS, *_TEXTS, *_OTHERS})
    if unknown:
        return f"has unknown keys {', '.join(unknown)}"
    if not raw.get("name"):
        return "has no name"
    for key in _TEXTS:
        if not isinstance(raw.get(key, ""), str):
            return f"needs a string as {key}"
    for key in _LISTS:
        if not _are_strings(raw.get(key, [])):
            return f"needs a list of strings as {key}"
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
    if not isinstance(zones, dict) or not _are_strings(list(zones.values())):
        return 'needs offsets as abbreviations, such as IST = "+05:30"'
    return None


def _are_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)
