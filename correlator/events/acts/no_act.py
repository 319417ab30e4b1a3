"""Recognise headlines without an act, whatever their verbs: comment, previews, memory, figures, sport, private persons.

``data/events/no_act.tsv`` has a line per pattern: the kind of headline, the pattern, and an example used as a test.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from correlator.base.resources import data_path
from correlator.errors import InputError
from correlator.events.grammar.clause import Roles
from correlator.events.grammar.reading import Reading
from correlator.events.vocabulary.lexicon import WITHOUT

COMMENT: Final = "comment"
SPORT: Final = "sport"
FIGURES: Final = "figures"
TEAM: Final = "team"
PERSON: Final = "person"
FINE: Final = "fine at home"
_BEHIND: Final = (TEAM, PERSON)
# Words against an event with at least this weight decide alone.
_DECISIVE: Final = 7.0
# First words of a comment; *WHO* is an organisation.
_QUESTION: Final = re.compile(r" (?:How|Why|What|Who|Whose|Where|When|how|why|what|who|whose|where|when)(?:'s)? ")
# *EU fines drugmakers*: a fine is an act between states only if another country is named.
_FINES: Final = re.compile(r" (?:fines|fined|penali[sz]e[sd]) ")
# An organisation's report that blames somebody is an act.
_BLAMES: Final = re.compile(
    r" (?:war crimes?|genocide|crimes|atrocit(?:y|ies)|abuses?|torture|complicit|violat[^ ]+|accus[^ ]+|blam[^ ]+|"
    r"behind|responsible|guilty) "
)
_INNER = frozenset({"OPP", "PTY", "LEG", "JUD"})
_GROUP = re.compile(r"@(\w+)")


class Kind(NamedTuple):
    """A line of the table: the kind of headline, its pattern, and an example."""

    name: str
    pattern: re.Pattern[str]
    example: str


@cache
def kinds() -> tuple[Kind, ...]:
    """Return all lines of ``no_act.tsv`` in order. Raises InputError for an invalid line."""
    groups: dict[str, str] = {}
    lines = []
    for number, line in enumerate(data_path("events", "no_act.tsv").read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, *rest = (part.strip() for part in line.split(" ||| "))
        try:
            pattern = _GROUP.sub(lambda match: f"(?:{groups[match[1]]})", rest[0])
            if name.startswith("@"):
                groups[name[1:]] = pattern
            else:
                lines.append(Kind(name, re.compile(f" (?:{pattern})(?: |$)"), rest[1]))
        except (LookupError, re.error) as error:
            raise InputError(f"no_act.tsv line {number}: {error}", hint="kind ||| pattern ||| example") from None
    return tuple(lines)


def no_act(reading: Reading) -> str | None:
    """Return the kind of a headline without an act, or None.

    The reading needs its actors (``reading.named``). Sentences and long headlines have no kind.
    """
    text = reading.text
    if not text.is_headline:
        return None
    if _QUESTION.match(text.joined) or text.joined.endswith((" ? ", " explained ")):
        return COMMENT
    if _is_decided(reading) or _plays(reading):
        return SPORT
    if _FINES.search(text.lowered) and len({each.actor.country for each in reading.actors} - {None}) < 2:
        return FINE
    kind = next((kind.name for kind in _kinds_of(None) if kind.pattern.match(text.lowered)), None)
    return None if kind == FIGURES and _BLAMES.search(text.lowered) else kind


def is_private(reading: Reading) -> bool:
    """Whether the source is a person or company rather than a state body: *Turkish chef serves a feast*."""
    if reading.roles is None or not reading.roles.sources or not reading.text.is_headline:
        return False
    source = reading.roles.sources[0]
    if source.actor.role == "BUS":
        return True
    return any(kind.pattern.match(reading.text.lowered, source.end - 1) for kind in _kinds_of(PERSON))


def is_inner(roles: Roles) -> bool:
    """Whether the source is a body that acts within its own state: *Opposition files plea*."""
    return bool(roles.sources) and roles.sources[0].actor.role in _INNER


@cache
def _kinds_of(name: str | None) -> tuple[Kind, ...]:
    """Return the lines of one kind that is matched after a name, or all lines of the other kinds."""
    return tuple(kind for kind in kinds() if (kind.name == name if name else kind.name not in _BEHIND))


def _is_decided(reading: Reading) -> bool:
    """Whether words of sport or show business decide alone: *Syrian drama star visits Amman*."""
    return any(hit.entry.category == WITHOUT and hit.entry.weight >= _DECISIVE for hit in reading.hits)


def _plays(reading: Reading) -> bool:
    """Whether a country's name means its team, which takes a plural verb, or its tour.

    *Oman, Iran lift curbs* is not about teams, since the words settle the act.
    """
    if reading.candidates and reading.candidates[0].settles:
        return False
    teams = (actor for actor in reading.actors if actor.actor.country and actor.actor.role is None)
    lowered = reading.text.lowered
    return any(kind.pattern.match(lowered, actor.end - 1) for actor in teams for kind in _kinds_of(TEAM))
