"""A user's own actors and lexicon lines, in a TOML file given by ``--actors`` or ``$CORRELATOR_ACTORS``.

::

    [[actors]]
    kind = "leader"          # leader, body, igo, place, country, agent, or other: a name that only looks like an actor
    names = ["Jane Roe", "Roe"]
    country = "CAN"          # for an igo its own code
    role = "GOV"
    from = 2026-11-01        # first day in office; also: to
    replaces = true          # if a shipped name means somebody else

    [[lexicon]]
    category = "AID"         # or WITHOUT: no event
    pattern = "bankroll~ .. budget"
    weight = 5
    example = "Qatar bankrolls budget of Lebanon"
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from correlator.base.files import is_file, read_toml
from correlator.errors import InputError, NotFoundError

VARIABLE: Final = "CORRELATOR_ACTORS"
KINDS: Final = ("leader", "body", "igo", "place", "country", "agent", "other")
ROLES: Final = ("GOV", "MIL", "LEG", "JUD", "OPP", "BUS", "IGO", "CVL", "COP", "REB", "PTY", "NGO", "IMG")
_CODE = re.compile(r"[A-Z][A-Z0-9]{1,9}")
_ACTOR_KEYS = frozenset({"kind", "names", "country", "role", "from", "to", "replaces"})
_LINE_KEYS = frozenset({"category", "pattern", "weight", "example"})
_DEFAULT_WEIGHT = 4.0
_chosen: ContextVar[Path | None] = ContextVar("own_actors")


@dataclass(frozen=True)
class OwnActor:
    """One entry of ``[[actors]]``."""

    kind: str
    names: tuple[str, ...]
    country: str | None
    role: str | None
    since: date | None
    until: date | None
    replaces: bool


@dataclass(frozen=True)
class OwnLine:
    """One entry of ``[[lexicon]]``."""

    category: str
    pattern: str
    weight: float
    example: str


@dataclass(frozen=True)
class OwnFile:
    """The content of a user's file."""

    actors: tuple[OwnActor, ...]
    lexicon: tuple[OwnLine, ...]


@contextmanager
def own_actors(path: str | Path | None) -> Iterator[None]:
    """Use the actors and lexicon lines of ``path`` within the block.

    None: those in use at its beginning, so that a batch does not look up ``$CORRELATOR_ACTORS`` for each text.
    """
    token = _chosen.set(Path(path) if path is not None else own_path())
    try:
        yield
    finally:
        _chosen.reset(token)


def own_path() -> Path | None:
    """Return the user's file in use, or None: that of the block of ``own_actors``, else of ``$CORRELATOR_ACTORS``."""
    try:
        return _chosen.get()
    except LookupError:
        named = os.environ.get(VARIABLE)
        return Path(named) if named else None


@cache
def read_own(path: Path | None) -> OwnFile:
    """Read a user's file (empty for None). Raises NotFoundError, or InputError, which names the invalid entry."""
    if path is None:
        return OwnFile((), ())
    if not is_file(path):
        raise NotFoundError(f"the actors file {path} does not exist", hint=f"check --actors and ${VARIABLE}")
    content = read_toml(path)
    unknown = sorted(set(content) - {"actors", "lexicon"})
    if unknown:
        raise InputError(f"{path.name}: unknown table {unknown[0]!r}", hint="tables are actors and lexicon")
    actors = tuple(
        _actor(entry, f"{path.name}: actor {n}") for n, entry in enumerate(_entries(content, "actors", path), 1)
    )
    _check_meanings(actors, path.name)
    lines = tuple(
        _line(entry, f"{path.name}: lexicon line {n}") for n, entry in enumerate(_entries(content, "lexicon", path), 1)
    )
    return OwnFile(actors, lines)


def _entries(content: Mapping[str, object], table: str, path: Path) -> list[Mapping[str, object]]:
    """Return the entries of ``[[table]]``. Raises InputError if it is anything else."""
    entries = content.get(table, [])
    if not isinstance(entries, list):
        raise InputError(f"{path.name}: {table} must be a list of tables", hint=f"write [[{table}]] above each entry")
    return entries


def _check_meanings(actors: Sequence[OwnActor], where: str) -> None:
    """Raise InputError for a name that means two actors at the same time."""
    meanings: dict[str, list[OwnActor]] = defaultdict(list)
    for actor in actors:
        for name in actor.names:
            other = next((each for each in meanings[name.casefold()] if _contradict(actor, each)), None)
            if other is not None:
                raise InputError(
                    f"{where}: {name!r} is of {other.country} in one entry and of {actor.country} in another",
                    hint="keep one of them, or give both their time in office (from and to)",
                )
            meanings[name.casefold()].append(actor)


def _contradict(one: OwnActor, other: OwnActor) -> bool:
    """Whether two actors are of different countries and have a day in common."""
    first, second = sorted((one, other), key=lambda actor: actor.since or date.min)
    is_over = first.until is not None and first.until < (second.since or date.min)
    return one.country != other.country and not is_over


def _actor(entry: Mapping[str, object], where: str) -> OwnActor:
    _known(entry, _ACTOR_KEYS, where)
    kind, role, country = entry.get("kind"), entry.get("role"), entry.get("country")
    if kind not in KINDS:
        raise InputError(f"{where}: unknown kind {kind!r}", hint=f"kinds are {', '.join(KINDS)}")
    names = entry.get("names")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise InputError(f"{where}: names must be a list of strings")
    if role is not None and role not in ROLES:
        raise InputError(f"{where}: unknown role {role!r}", hint=f"roles are {', '.join(ROLES)}")
    if country is not None and (not isinstance(country, str) or not _CODE.fullmatch(country)):
        raise InputError(f"{where}: country {country!r} is not a code", hint="write one such as PAK or IMF")
    if kind not in ("agent", "other") and country is None:
        raise InputError(f"{where}: country is missing for a {kind}", hint="for example: country = 'PAK'")
    since, until = _day(entry, "from", where), _day(entry, "to", where)
    if since is not None and until is not None and until < since:
        raise InputError(f"{where}: to {until} is before from {since}")
    if until is not None and since is None:
        raise InputError(f"{where}: 'to' needs 'from'")
    replaces = entry.get("replaces", False)
    if not isinstance(replaces, bool):
        raise InputError(f"{where}: replaces must be true or false")
    texts = tuple(str(name).strip() for name in names)
    kind_role = "IGO" if kind == "igo" and role is None else role
    return OwnActor(
        str(kind), texts, country, str(kind_role) if kind_role is not None else None, since, until, replaces
    )


def _line(entry: Mapping[str, object], where: str) -> OwnLine:
    _known(entry, _LINE_KEYS, where)
    texts = {}
    for key in ("category", "pattern", "example"):
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{where}: {key} is missing")
        texts[key] = value.strip()
    weight = entry.get("weight", _DEFAULT_WEIGHT)
    if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 <= weight <= 10:
        raise InputError(f"{where}: weight must be a number from 0 to 10, got {weight!r}")
    return OwnLine(texts["category"], texts["pattern"], float(weight), texts["example"])


def _known(entry: Mapping[str, object], keys: frozenset[str], where: str) -> None:
    if not isinstance(entry, Mapping):
        raise InputError(f"{where} must be a table")
    unknown = sorted(set(entry) - keys)
    if unknown:
        raise InputError(f"{where}: unknown key {unknown[0]!r}", hint=f"keys are {', '.join(sorted(keys))}")


def _day(entry: Mapping[str, object], key: str, where: str) -> date | None:
    value = entry.get(key)
    if value is None or type(value) is date:
        return value
    raise InputError(f"{where}: {key} must be a date such as 2026-11-01, got {value!r}")
