"""The specification of a watch: a TOML file with feeds, a selection of events, and sinks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.addresses import check_address, is_address, shown
from correlator.base.files import read_toml
from correlator.brief.options import WINDOWS, brief_windows
from correlator.errors import InputError, likeliest
from correlator.events.selection.select import select_events
from correlator.eventstudy.request.spec import FLAGGED, MARK
from correlator.news.charset import encoding_named
from correlator.news.profiles import load_profile, profile_names
from correlator.news.times.timestamps import zone_info
from correlator.sessions.calendars import AFTER_CLOSE, DATE_ONLY
from correlator.tables import EVENTS

MOST_FEEDS = 1_000
LEAST_EVERY = 1.0
MOST_EVERY = 86_400.0
MAX_AGE = 3_600.0
"""Seconds that news may have been public to be briefed as news."""
MOST_AGE = 31 * 86_400.0
_SPAN = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)?\s*$")
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


@dataclass(frozen=True)
class FeedSpec:
    """One feed: its address, seconds between polls, its publisher's profile and time zone, and its encoding."""

    url: str
    every: float = 60.0
    profile: str | None = None
    zone: str | None = None
    encoding: str | None = None

    @property
    def name(self) -> str:
        """The address without secrets, as in the store."""
        return shown(self.url)


@dataclass(frozen=True)
class SinkSpec:
    """Sinks of briefs: ``stdout``, a ``folder``, a command (``exec``, a list of arguments), a ``webhook`` with the
    environment variable of its secret.
    """

    stdout: bool = True
    folder: Path | None = None
    exec: tuple[str, ...] = ()
    webhook: str | None = None
    secret_variable: str = "CORRELATOR_WEBHOOK_SECRET"


@dataclass(frozen=True)
class WatchSpec:
    """A watch: ``feeds``, the selection of ``events`` (None: all), options of briefs, and ``sinks``.

    ``max_age``: seconds that news may have been public to be briefed as news.
    """

    feeds: tuple[FeedSpec, ...]
    events: str | None = None
    symbols: tuple[str, ...] = ()
    windows: str = WINDOWS
    benchmark: str | None = None
    coder: str = "rules"
    date_only: str = AFTER_CLOSE
    flagged: str = MARK
    sinks: SinkSpec = field(default_factory=SinkSpec)
    max_age: float = MAX_AGE


def read_watch(path: str | Path) -> WatchSpec:
    """Read the watch from a TOML file. Raises InputError, which names the invalid key."""
    table = read_toml(path)
    where = Path(path).name
    _known(table, [each.name for each in fields(WatchSpec) if each.name != "feeds"] + ["feed", "every"], where)
    every = _seconds(table.get("every", 60), f"{where}: every")
    feeds = table.get("feed", [])
    if not isinstance(feeds, list) or not feeds or not all(isinstance(each, dict) for each in feeds):
        raise InputError(f"{where} has no feeds", hint='write [[feed]] and below it url = "https://..."')
    if len(feeds) > MOST_FEEDS:
        raise InputError(f"{where} has {len(feeds):,} feeds, the limit is {MOST_FEEDS:,}")
    named = _unrepeated([_feed(each, every, where) for each in feeds], where)
    events = table.get("events")
    if events is not None:
        _check_events(_text(" ".join(events.split()) if isinstance(events, str) else events, f"{where}: events"), named)
    windows = _text(table.get("windows", WINDOWS), f"{where}: windows")
    brief_windows(windows)
    return WatchSpec(
        named,
        events,
        _texts(table.get("symbols", []), f"{where}: symbols"),
        windows,
        None if table.get("benchmark") is None else _text(table["benchmark"], f"{where}: benchmark"),
        _one_of(table, "coder", ("rules", "full"), where),
        _one_of(table, "date_only", DATE_ONLY, where),
        _one_of(table, "flagged", FLAGGED, where),
        _sinks(table.get("sinks", {}), where),
        _seconds(table.get("max_age", MAX_AGE), f"{where}: max_age", most=MOST_AGE),
    )


def _check_events(selection: str, feeds: Sequence[FeedSpec]) -> None:
    """Raise InputError for a selection that no event of the feeds can meet, such as an unknown category."""
    named = [load_profile(feed.profile).name for feed in feeds if feed.profile is not None]
    select_events(pl.DataFrame(schema=EVENTS.schema()), selection, publishers=[*profile_names(), *named])


def _one_of(table: Mapping[str, Any], key: str, choices: Sequence[str], where: str) -> str:
    """Return the value of a key, or its default. Raises InputError if it is not one of ``choices``."""
    chosen = table.get(key, getattr(WatchSpec, key))
    if chosen not in choices:
        raise InputError(f"{where}: {key} must be one of {', '.join(choices)}, got {chosen!r}")
    return str(chosen)


def _feed(table: Mapping[str, Any], every: float, where: str) -> FeedSpec:
    _known(table, [each.name for each in fields(FeedSpec)], f"{where}: feed")
    url = table.get("url")
    if not isinstance(url, str) or not is_address(url) or not url.lower().startswith(("http://", "https://")):
        raise InputError(f"{where}: feed {url!r} is not an http or https address", hint='write url = "https://..."')
    try:
        check_address(url)
    except InputError as error:
        raise InputError(f"{where}: {error.message}", hint=error.hint) from None
    seconds = _seconds(table.get("every", every), f"{where}: every of {shown(url)}")
    profile, zone, encoding = (
        None if table.get(name) is None else _text(table[name], f"{where}: {name}")
        for name in ("profile", "zone", "encoding")
    )
    if profile is not None:
        load_profile(profile)
    if zone is not None:
        zone_info(zone)
    if encoding is not None:
        encoding_named(encoding)
    return FeedSpec(url, seconds, profile, zone, encoding)


def _unrepeated(feeds: Sequence[FeedSpec], where: str) -> tuple[FeedSpec, ...]:
    names = [feed.name for feed in feeds]
    repeated = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if repeated is not None:
        raise InputError(f"{where} has the feed {repeated} twice", hint="remove one of them")
    return tuple(feeds)


def _sinks(table: object, where: str) -> SinkSpec:
    if not isinstance(table, dict):
        raise InputError(f"{where}: sinks must be a table", hint="write [sinks]")
    _known(table, [each.name for each in fields(SinkSpec)], f"{where}: sinks")
    stdout = table.get("stdout", True)
    if not isinstance(stdout, bool):
        raise InputError(f"{where}: stdout of sinks must be true or false")
    folder = table.get("folder")
    return SinkSpec(
        stdout,
        None if folder is None else Path(_text(folder, f"{where}: folder of sinks")),
        _texts(table.get("exec", []), f"{where}: exec of sinks"),
        None if table.get("webhook") is None else _text(table["webhook"], f"{where}: webhook of sinks"),
        _text(table.get("secret_variable", SinkSpec.secret_variable), f"{where}: secret_variable of sinks"),
    )


def _known(table: Mapping[str, Any], names: Sequence[str], where: str) -> None:
    for key in table:
        if key not in names:
            raise InputError(f"{where}: unknown key {key!r}", hint=likeliest(key, names, "keys are"))


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{what} must be a string, got {value!r}")
    if not value.isprintable():
        raise InputError(f"{what} contains invisible characters: {value!r}", hint="write it on one line of plain text")
    return value.strip()


def _texts(value: object, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each and "\0" not in each for each in value):
        raise InputError(f"{what} must be a list of strings, got {value!r}")
    return tuple(value)


def _seconds(value: object, what: str, *, most: float = MOST_EVERY) -> float:
    """Parse seconds from a number, or from a string such as ``90s``, ``5 min`` or ``1 h``."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and (match := _SPAN.match(value)):
        seconds = float(match[1]) * _UNITS[match[2] or "s"]
    else:
        raise InputError(f"{what} must be a duration, got {value!r}", hint='write seconds, or a string such as "5 min"')
    if not LEAST_EVERY <= seconds <= most:
        raise InputError(f"{what} must be between {LEAST_EVERY:g} s and {most / 3600:g} h, got {seconds:g} s")
    return seconds
