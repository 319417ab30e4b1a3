"""Whether a text tells a diplomatic event at all: who is named, and what speaks against it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from correlator.events.category import Candidate
from correlator.events.direction import Roles
from correlator.events.lexicon import WITHOUT
from correlator.events.phrases import Phrase
from correlator.events.scan import Hit
from correlator.events.text import Text

_OFFICIAL = frozenset({"GOV", "MIL", "LEG", "JUD", "OPP", "COP", "REB", "IGO", "NGO", "IMG"})
_ARMED = frozenset({"MIL", "COP", "REB", "OPP", "GOV", "CVL"})
_OPEN_CONFLICT = frozenset({"ASSAULT", "PROTEST", "MOBILIZE", "COERCE", "THREATEN", "RETREAT"})
# What companies and persons do too.
_ANYONE_CAN = frozenset({"AGREE", "COOPERATE", "REQUEST", "REJECT", "THREATEN"})
_HEADLINE_WORDS = 10
_AGAINST = 0.75
_AGAINST_DYAD = 0.4
_NO_COUNTRY = 2.6
_NO_OFFICIAL = 0.7
_BUSINESS = 1.5
_MODIFIER = 1.5
_OTHER_SUBJECT = 2.5
_SHORT = 14
FLOOR = 1.2
# What may stand between a country and its verb.
_LINKING = re.compile(
    r" (?:(?:,|and|to|may|could|can|should|must|will|would|has|have|had|is|are|was|were|been|be|not|also|again|today|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|further|strongly|formally|officially|reportedly|'s|"
    r"joint|bilateral|trade|defence|defense|diplomatic|new|pm|fm|president|minister|army|navy|govt|officials|"
    r"[^ ]+ly) )*"
)


def against(text: Text, hits: Sequence[Hit]) -> float:
    """Weight of the words of sport, markets, weather and the like; in a long sentence they count less."""
    words = text.joined.count(" ") - 1
    found = {hit.start: hit.entry.weight for hit in hits if hit.entry.category == WITHOUT}
    return sum(found.values()) * min(1.0, (_HEADLINE_WORDS / words) ** 2)


def support(text: Text, best: Candidate, roles: Roles, actors: Sequence[Phrase], opposing: float) -> float:
    """The deciding words' score, less what speaks against an event; under ``FLOOR`` there is none."""
    words = text.joined.count(" ") - 1
    countries = {actor.actor.country for actor in actors if actor.actor.country}
    slots = sum(actor.actor.country is None and actor.actor.role is None for actor in actors)
    dyad = len(countries) > 1
    net = best.score - (_AGAINST_DYAD if dyad else _AGAINST) * opposing
    official = any(actor.actor.role in _OFFICIAL for actor in (*roles.sources, *roles.targets))
    if not countries and not slots:
        armed = any(actor.actor.role in _ARMED for actor in actors) and best.category in _OPEN_CONFLICT
        net -= 0.0 if armed and opposing == 0 else _NO_COUNTRY
    elif not dyad and not official and not slots:
        net -= _NO_OFFICIAL
    if roles.sources and roles.sources[0].actor.role == "BUS":
        net -= _BUSINESS
    if words <= _SHORT and not dyad and slots < 2 and _only_modifies(text, best, roles):
        net -= _MODIFIER
    if words <= _SHORT and not slots and _other_subject(text, best, actors):
        net -= _OTHER_SUBJECT
    return net


def _other_subject(text: Text, best: Candidate, actors: Sequence[Phrase]) -> bool:
    """*Retailer to open stores in China*: words, but no actor, stand before the deciding ones."""
    start = (best.governor or best.hit).start
    if best.category not in _ANYONE_CAN or not text.lowered[:start].strip():
        return False
    return not any(actor.end <= start + 1 for actor in actors)


def _only_modifies(text: Text, best: Candidate, roles: Roles) -> bool:
    """*U.S. housing starts*: a bare country that stands before words other than the deciding ones."""
    decider = best.governor or best.hit
    bare = [phrase for phrase in roles.sources[:1] if phrase.actor.role is None and phrase.end <= decider.start + 1]
    if not bare:
        return False
    between = text.lowered[bare[0].end - 1 : decider.start + 1]
    return between.strip() != "" and not _LINKING.fullmatch(between)
