"""Find who in a headline can be party to an act between states: not *U.S. banks*, nor anybody in *Oil rises on ...*."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from correlator.events.grammar.clause import Roles
from correlator.events.grammar.phrases import Phrase
from correlator.events.grammar.reading import Reading
from correlator.events.grammar.scan import Hit
from correlator.events.model import CATEGORIES
from correlator.events.vocabulary.actors import names_with
from correlator.events.vocabulary.lexicon import ABROAD, WITHOUT
from correlator.events.vocabulary.own_actors import own_path
from correlator.events.vocabulary.text import Text

OFFICIAL = frozenset({"GOV", "MIL", "LEG", "JUD", "OPP", "COP", "REB", "IGO", "NGO", "IMG"})
_AT_HOME = OFFICIAL | {"PTY", "CVL"}
_ARMED = frozenset({"MIL", "COP", "REB", "OPP"})
_ARMED_OR_PEOPLE = _ARMED | {"CVL"}
_PEOPLE_CAN = frozenset({"PROTEST", "ASSAULT", "RETREAT"})
# Acts that companies may be the target of; names after acts of war are places.
_ON_COMPANIES = frozenset({"AGREE", "SUPPORT", "COOPERATE", "AID", "REQUEST", "ACCUSE", "REJECT", "THREATEN", "COERCE"})
_ON_GOODS = frozenset({"SUPPORT", "REQUEST", "ACCUSE", "REJECT", "COERCE", "CONSULT"})
_OPEN_WAR = frozenset({"ASSAULT", "PROTEST", "MOBILIZE"})
# Words that may follow a country used as a noun.
_HEAD_BEFORE = re.compile(
    r" (?:$|[,;:.!?\"()]|(?:and|or|to|may|could|can|should|must|will|would|has|have|had|is|are|was|were|in|on|over|"
    r"for|at|of|by|with|from|as|after|amid|against|about|not|also|again|into|before|if|that|says?|said) )"
)
_PUNISHMENT = frozenset({"COERCE", "SANCTION", "CONCEDE", "RETREAT"})
_FORCES = frozenset({"REB", "OPP", "GOV", "LEG", "MIL", "IGO"})
_TWO = 2
_COMPANY_WEIGHT = 2.0
_COMPANY_NOUNS = re.compile(r" (?:based|group|partner|papers?|media|giants?|tycoon|broker|consortium|charges) ")
_POLICY = re.compile(r" (?:rescue|plans?|packages?|bailouts?|guarantees?|schemes?|reports?|tests?|rules?|secrecy|tax) ")
_ONTO = re.compile(r" (?:(?:of|into|on|against|over|with|at|for) )?")
_SHORT_NAME = 1
_LONG_WORD = 4
_PREPOSITION = re.compile(
    r"with|from|into|over|after|amid|under|about|against|between|among|towards|during|than|that|upon|near|when|while|"
    r"before|without|within|through|despite|since|until|following|this|their|more"
)


class Parties(NamedTuple):
    """Evidence for an act between political actors, and for one of companies.

    ``number``: states and organisations that can be party; ``organisation``: one of them is an organisation; ``pair``:
    source and target are two state bodies, or one and a country or people; ``armed``: forces act or are targets, or
    people in a conflict; ``abroad``: weight of the words of foreign affairs; ``market``: the subject is a market word;
    ``company``: the target is a name that is not an actor's; ``goods``: the target is a business word; ``firm``: a
    company acts; ``bare``: the target is a country used as a noun; ``unsaid``: the source is not named, or only places.
    """

    number: int
    organisation: bool
    pair: bool
    armed: bool
    abroad: float
    market: bool
    company: bool
    goods: bool
    firm: bool
    bare: bool
    unsaid: bool


def parties(reading: Reading) -> Parties:
    """Return the parties of a headline whose deciding words are chosen."""
    text, actors, hits, best, roles = reading.text, reading.actors, reading.hits, reading.choice, reading.roles
    if best is None or roles is None:
        raise ValueError("parties are those of a reading whose deciding words are chosen")
    business = _business(hits)
    names = {phrase.start for phrase in actors if _of_a_name(text, phrase, actors, business)}
    standing = {p.start for p in actors if p.start not in names and _is_party(text, p, business)}
    acting = any(phrase.start in standing for phrase in roles.sources[:1])
    punished = best.category in _PUNISHMENT
    excluded = names if business else set()
    others = (p for p in actors if acting and p.start not in excluded and (punished or not _is_company(text, p)))
    named = [*others, *(p for p in actors if p.start in standing)]
    codes = {
        phrase.actor.country or phrase.actor.role for phrase in named if phrase.actor.country or _group(text, phrase)
    }
    ends = [*roles.sources[:1], *roles.targets[:1]]
    start = (best.governor or best.hit).start
    first = min((phrase.start for phrase in actors), default=start)
    company, goods = _falls_on(text, best.hit.end - 1, actors, business)
    return Parties(
        len(codes),
        bool(codes & organisations()),
        _pair(text, ends, standing),
        _armed(best.category, ends, bool(codes)),
        sum({hit.start: hit.entry.weight for hit in hits if hit.entry.category == ABROAD}.values()),
        any(place < min(first, start) for place in business),
        best.category in _ON_COMPANIES and (company or any(_is_company(text, p) for p in roles.targets[:1])),
        best.category in _ON_GOODS and goods,
        bool(roles.sources) and not acting and roles.sources[0].actor.role not in ("CVL", "PTY"),
        any(phrase.start >= start and _HEAD_BEFORE.match(text.lowered, phrase.end - 1) for phrase in ends),
        _is_unstated(best.category, roles, actors),
    )


def _is_company(text: Text, phrase: Phrase) -> bool:
    """Whether a phrase is a firm or bank, and not a state's *Irish bank plan*."""
    return phrase.actor.role == "BUS" and _POLICY.match(text.lowered, phrase.end - 1) is None


def _group(text: Text, phrase: Phrase) -> bool:
    """Whether a phrase is a named armed group, which is a party of its own: *Taliban*."""
    return phrase.actor.role in ("REB", "IMG") and text.joined[phrase.start + 1].isupper()


def _is_unstated(category: str, roles: Roles, actors: Sequence[Phrase]) -> bool:
    """Whether source or target is not stated: *Cuba must save*, *sanctions in Cuba*."""
    sides = {phrase.actor.country for phrase in (*roles.sources[:1], *roles.targets[:1])} - {None}
    placed = category not in _OPEN_WAR and all(phrase.is_place for phrase in actors)
    at_home = bool(roles.targets) and len(sides) < _TWO and not any(p.actor.role in _FORCES for p in roles.targets[:1])
    return placed or (category == "REQUEST" and (not roles.sources or at_home))


def _armed(category: str, ends: Sequence[Phrase], country: bool) -> bool:
    """Whether forces act or are targets, people protest or are attacked, or a country is the target of war."""
    sides = _ARMED_OR_PEOPLE if category in _PEOPLE_CAN else _ARMED
    known = [phrase for phrase in ends if country or phrase.actor.role != "MIL" or category in _OPEN_WAR]
    return any(phrase.actor.role in sides for phrase in known) or (country and category in _OPEN_WAR)


def organisations() -> frozenset[str]:
    """Return the codes of the international organisations."""
    return _organisations(own_path())


@cache
def _organisations(own: Path | None) -> frozenset[str]:
    return frozenset(name.country for name in names_with(own) if name.kind == "igo" and name.country)


def in_sentence_case(text: Text) -> bool:
    """Whether a longer word other than a preposition is in lower case, so that capitals mark names."""
    return any(
        word[0].islower() and len(word) >= _LONG_WORD and word.isalpha() and not _PREPOSITION.fullmatch(word)
        for word in text.joined.split()
    )


def _business(hits: Sequence[Hit]) -> frozenset[int]:
    """Return the positions of business words that are not also words of an act (*downgrades ties*)."""
    deeds = {hit.start for hit in hits if hit.entry.category in CATEGORIES}
    companies = (hit for hit in hits if hit.entry.category == WITHOUT and hit.entry.weight >= _COMPANY_WEIGHT)
    return frozenset(hit.start for hit in companies if hit.start not in deeds)


def _is_party(text: Text, phrase: Phrase, business: frozenset[int]) -> bool:
    """Whether a phrase is a party by itself: *Iran warns*, *Iran's Velayati*, but not *Iranian banks*, *Iran-based*."""
    if _is_company(text, phrase):
        return False
    if phrase.actor.role == "BUS":
        return phrase.actor.country is not None
    if phrase.actor.role is not None:
        return phrase.actor.role not in ("CVL", "PTY") or phrase.actor.country is not None
    after = _behind(text, phrase)
    return after not in business and _COMPANY_NOUNS.match(text.lowered, after) is None


def _pair(text: Text, ends: Sequence[Phrase], standing: set[int]) -> bool:
    """Whether a state body acts on another, a country, or people; a speaker after a colon does not count."""
    sides = {
        (phrase.actor.country, phrase.actor.role)
        for phrase in ends
        if (phrase.start in standing or phrase.actor.role in _AT_HOME)
        and (phrase.actor.country or phrase.start < text.lowered.find(" : ") or " : " not in text.lowered)
    }
    countries = {country for country, _ in sides}
    judged = any(role == "JUD" for _, role in sides)
    return len(sides) > 1 and (len(countries) > 1 or (all(role for _, role in sides) and not judged))


def _of_a_name(text: Text, phrase: Phrase, actors: Sequence[Phrase], business: frozenset[int]) -> bool:
    """Whether a country is part of another name: *Cuban Petroleum*, *Cuba's Petrol*, *Shell Cuba*."""
    if phrase.actor.role not in (None, "BUS") or not in_sentence_case(text):
        return False
    if _unknown_name(text, _behind(text, phrase), actors):
        return True
    before = text.joined.rfind(" ", 0, phrase.start) if phrase.start else -1
    if before < 0 or not _unknown_name(text, before, actors):
        return False
    return before > 0 or before in business


def _behind(text: Text, phrase: Phrase) -> int:
    """Return the position of the space after a phrase and its *'s*."""
    return phrase.end - 1 + (len(" 's") if text.lowered.startswith(" 's ", phrase.end - 1) else 0)


def _unknown_name(text: Text, place: int, actors: Sequence[Phrase]) -> bool:
    """Whether the word after the space at ``place`` is capitalised and not an actor's."""
    word = text.joined[place + 1 : text.joined.find(" ", place + 1)]
    if len(word) <= _SHORT_NAME or not word[0].isupper():
        return False
    return not any(phrase.start <= place < phrase.end - 1 for phrase in actors)


def _falls_on(text: Text, after: int, actors: Sequence[Phrase], business: frozenset[int]) -> tuple[bool, bool]:
    """Whether an unknown name, or a business word, directly follows the deciding words."""
    if after in business:
        return False, True
    matched = _ONTO.match(text.lowered, after)
    place = matched.end() - 1 if matched else after
    if any(phrase.start <= place < phrase.end - 1 for phrase in actors):
        return False, False
    return in_sentence_case(text) and _unknown_name(text, place, actors), place in business
