"""Publisher profiles: one TOML file each, so that a new publisher is a file and not code.

Shipped under ``data/publishers/``; a path to a file of one's own is accepted wherever a profile's name is.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from correlator.errors import InputError, NotFoundError
from correlator.news.timestamps import zone_info
from correlator.resources import data_path


@dataclass(frozen=True)
class Profile:
    """What is known of a publisher.

    ``zone``: IANA zone of times printed without one (None: such times raise). ``layouts``: strptime date layouts.
    ``byline``: whether a ``Published ...`` line dates the page. ``strip``: whether pages carry a ticker strip.
    ``drop``: patterns of lines that are no running text. ``agencies``: names a byline may credit.
    """

    name: str
    zone: str | None = None
    title: str = ""
    hosts: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    strip: bool = False
    drop: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    language: str | None = None
    abbreviations: dict[str, str] = field(default_factory=dict)

    def drops(self, line: str) -> bool:
        """Whether the line is furniture of the page (copyright, navigation) and no running text."""
        return any(pattern.search(line) for pattern in _compiled(self.drop))


_LISTS = ("hosts", "layouts", "drop", "agencies", "suffixes")
_TEXTS = ("name", "zone", "title", "language")


def profile_names() -> list[str]:
    """Names of the shipped profiles, in alphabetical order."""
    return sorted(path.stem for path in data_path("publishers").glob("*.toml"))


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


def profile_of_url(url: str) -> Profile | None:
    """The shipped profile whose hosts hold the address, or None."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    for name in profile_names():
        profile = _shipped(name)
        if any(host == known or host.endswith("." + known) for known in profile.hosts):
            return profile
    return None


@cache
def _shipped(name: str) -> Profile:
    return _read(data_path("publishers", f"{name}.toml"))


def _read(path: Path) -> Profile:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is no TOML file: {error}") from None
    unknown = sorted(set(raw) - {*_LISTS, *_TEXTS, "strip", "abbreviations"})
    if unknown or not isinstance(raw.get("name"), str):
        what = f"has unknown keys {', '.join(unknown)}" if unknown else "has no name"
        raise InputError(
            f"the profile {path.name} {what}",
            hint=f"keys are {', '.join((*_TEXTS, *_LISTS, 'strip', 'abbreviations'))}",
        )
    for key in _LISTS:
        raw[key] = tuple(str(item) for item in raw.get(key, ()))
    try:
        _compiled(raw["drop"])
    except re.error as error:
        raise InputError(f"the profile {path.name} has a faulty drop pattern: {error}") from None
    if raw.get("zone"):
        zone_info(raw["zone"])
    return Profile(**raw)


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)
