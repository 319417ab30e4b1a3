"""Analyse the clause around the deciding words: actors before and after them, and speakers at the end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from correlator.events.grammar.category import Candidate
from correlator.events.grammar.page_country import of_page
from correlator.events.grammar.phrases import Phrase
from correlator.events.model import Actor
from correlator.events.vocabulary.lexicon import SUBJECT
from correlator.events.vocabulary.text import Text

_OPENING = re.compile(
    r"^ (?:after|following|amid|despite|while|in|on|as|although|since|during|with|under|at|by|for|before|upon|once|"
    r"unlike|according to|contrary to) "
)
_ATTRIBUTION = re.compile(
    r" (?:(?:said|says|say|reported|reports|told|tells|announced|confirmed|disclosed|quoted|according to) |"
    r"(?:declares?|finds?|insists?|alleges?|maintains?|complains?|rules?|concludes?)(?: \.)? $)"
)
_APPOSITION = re.compile(r" , (?:an?|the|one|which|who|whose|becoming|its|his|her|their) ")
# Words that open a subordinate clause after the deciding words.
_TRAILING = re.compile(
    r" (?:after|amid|despite|while|because|although|though|when|where|following|as|before|who|which|whose|since|unless|"
    r"until|during|than|but|days?|ahead|that (?:is|are|was|were|has|have|had)) "
)
_TRAVELLER = re.compile(
    r"\b(?:president|pm|fm|dpm|premier|ministers?|chancellor|king|emir|sultan|prince|delegation|envoys?|secretary|coas|"
    r"army chief|negotiators?)$"
)
_SITUATED = re.compile(
    r" (?:based |operating |stationed |living |sheltering |holed up )?(in|of|from|inside)"
    r"(?: the| southern| northern| eastern| western| south| north| east| west)* "
)
# *Chad and Niger swap prisoners in Oman*: the place of the exchange, not the prisoners' country.
_SWAPPED = re.compile(r" (?:swap(?:s|ped|ping)?|exchang(?:e|es|ed|ing)|trad(?:e|es|ed|ing)) (?:[^ ]+ ){0,3}$")
_SAYS = re.compile(
    r" (?:says|said|say|claims?|claimed|reports?|reported|announced|announces|alleges?|alleged|believes?|believed|"
    r"thinks?|thought|suspects|insists?|insisted|concludes?|concluded|fears|maintains?|maintained) "
)
# The words before the agent of a passive verb.
BY = re.compile(r" by (?:the |an? )?")
# Words allowed between a subject and its verb.
AUXILIARY = re.compile(
    r" (?:(?:has|have|had|is|was|were|are|will|would|to|may|could|not|also|again|since|already|being|been|\w+ly) )*"
)
# *Manila says Chinese ships have rammed*: a noun between the country and its verb.
_DOERS = re.compile(
    r" (?:(?!(?:in|on|of|to|for|by|from|with|and|or|over|at|that|who|which|after|as|,|:) )[^ ]+ ){0,2}?(?<= )"
    + AUXILIARY.pattern.removeprefix(" ")
)
_DEEDS = frozenset({"ASSAULT", "COERCE", "SANCTION", "MOBILIZE"})
_BROKERED = re.compile(
    r" (?:brokered|mediated|sponsored|hosted|monitored|drafted|arranged|facilitated|proposed|supervised) by(?: the)? $"
)
_ETHNIC = re.compile(r" ethnic $")
_MINORITY = re.compile(r" (?:minority|population|community|minorities) ")
_CLOSING_WORDS = 9
_HEADLINE_WORDS = 15


class Roles(NamedTuple):
    """Phrases of sources and targets, with the rule that decided."""

    sources: list[Phrase]
    targets: list[Phrase]
    rule: str


class Clause(NamedTuple):
    """Phrases by their position relative to the deciding words, each list in order.

    ``before`` and ``behind`` are in the same clause, ``later`` in a following subordinate clause; ``speakers`` are in a
    closing *..., the ministry said* or an opening *Oman says that*. ``start`` and ``end`` bound the head of the
    deciding words, or a subject with its verb; ``form`` is that of their pattern.
    """

    text: Text
    category: str
    start: int
    end: int
    before: list[Phrase]
    behind: list[Phrase]
    later: list[Phrase]
    speakers: list[Phrase]
    home: str | None
    form: str | None

    @property
    def in_sentence(self) -> bool:
        """Whether the text is longer than a headline."""
        return self.text.lowered.count(" ") > _HEADLINE_WORDS

    @property
    def objects(self) -> list[Phrase]:
        """Phrases after the deciding words that are not places."""
        return [phrase for phrase in self.behind if not phrase.is_place]

    @property
    def places(self) -> list[Phrase]:
        """Phrases after the deciding words that are places."""
        return [phrase for phrase in self.behind if phrase.is_place]

    @property
    def subjects(self) -> list[Phrase]:
        """Phrases before that can be the subject: not in an opening aside or apposition, and not a place."""
        clause = [phrase for phrase in self.before if not _aside(self.text, phrase, self.start)] or self.before
        return [phrase for phrase in clause if not phrase.is_place] or clause


def clause_of(text: Text, chosen: Candidate, phrases: Sequence[Phrase], home: str | None) -> Clause:
    """Sort the phrases of a text around the words that decided its category; ``home``: the page's own country."""
    decider = chosen.governor if chosen.governor is not None else chosen.hit
    form = decider.entry.form
    start, end = decider.start, decider.end if form == SUBJECT else decider.head_end
    located = of_page(text, _located(text, phrases), home)
    spoken = _attribution_start(text, end)
    trailing = _TRAILING.search(text.lowered, end - 1)
    turn = trailing.start() if trailing is not None else len(text.lowered)
    before = _behind_topic(text, [phrase for phrase in located if phrase.start < start], start)
    tellers = (
        _speakers(text, before, start, _DOERS if chosen.category in _DEEDS else AUXILIARY)
        if chosen.category != "CONSULT"
        else []
    )
    right = [phrase for phrase in located if phrase.start >= start]
    brokers = [phrase for phrase in right if _BROKERED.search(text.lowered, end - 1, phrase.start + 1)]
    return Clause(
        text,
        chosen.category,
        start,
        end,
        [phrase for phrase in before if phrase not in tellers],
        [phrase for phrase in right if phrase.start < min(turn, spoken) and phrase not in brokers],
        [phrase for phrase in right if turn <= phrase.start < spoken or phrase in brokers],
        tellers + [phrase for phrase in right if phrase.start >= spoken],
        home,
        form,
    )


def _located(text: Text, phrases: Sequence[Phrase]) -> list[Phrase]:
    """Assign groups to the country where they are: *rebels in the Ivory Coast*, *the Russians of Latvia*."""
    located = list(phrases)
    for number, phrase in enumerate(phrases[:-1]):
        after = phrases[number + 1]
        if _is_minority(text, phrase):
            place = next((other for other in phrases if other.is_place and other.actor.country), None)
        else:
            place = after if phrase.actor.country is None or _is_people_of(text, phrase, after) else None
            if place is not None and not _is_of(text, phrase, place):
                place = None
        if place is not None and place.actor.country:
            located[number] = of_country(phrase, place)
    return located


def _is_of(text: Text, phrase: Phrase, place: Phrase) -> bool:
    """Whether a place is an actor's own: *rebels in Chad*, but not a visiting *PM in Chad*, nor swapped captives."""
    joint = _SITUATED.fullmatch(text.lowered, phrase.end - 1, place.start + 1)
    if joint is None or joint[1] != "in":
        return joint is not None
    return not (_TRAVELLER.search(phrase.actor.text.lower()) or _SWAPPED.search(text.lowered, 0, phrase.start + 1))


def _is_minority(text: Text, phrase: Phrase) -> bool:
    """Whether a phrase is a minority: *ethnic Greeks*, *the Greek minority*."""
    if phrase.actor.country is None:
        return False
    before, behind = phrase.start + 1, phrase.end - 1
    if _ETHNIC.search(text.lowered, 0, before):
        return True
    if " " not in phrase.actor.text and _MINORITY.match(text.lowered, behind):
        return True
    return phrase.actor.text.lower().endswith(" minority")


def _is_people_of(text: Text, phrase: Phrase, after: Phrase) -> bool:
    """Whether a phrase names the people of a place: *the Russians of Latvia*."""
    return (
        phrase.actor.role is None
        and phrase.actor.text.endswith("s")
        and after.preposition == "of"
        and text.lowered.startswith(" the ", max(0, phrase.start - 4))
    )


def differs(phrase: Phrase, other: Phrase) -> bool:
    """Whether the phrase has a country that differs from the other's."""
    return phrase.actor.country is not None and phrase.actor.country != other.actor.country


def of_country(phrase: Phrase, other: Phrase) -> Phrase:
    """Return the phrase as an actor of the other's country."""
    actor = Actor(other.actor.country, phrase.actor.role, phrase.actor.text)
    return phrase._replace(actor=actor, country_from=other.actor.text)


def _attribution_start(text: Text, end: int) -> int:
    """Return the start of a closing *..., the ministry said* or *: minister*; the end of the text without one."""
    comma = text.lowered.rfind(" , ", end - 1)
    if comma >= 0 and _ATTRIBUTION.search(text.lowered, comma):
        return comma
    colon = text.lowered.rfind(" : ", end - 1)
    if colon >= 0 and text.lowered.count(" ", colon + 2) <= _CLOSING_WORDS:
        return colon
    return len(text.lowered)


def _speakers(text: Text, before: Sequence[Phrase], start: int, joint: re.Pattern[str]) -> list[Phrase]:
    """Return the speakers in *Oman says Iran has seized*, where the last actor before the verb is its subject.

    ``joint``: the words allowed between that actor and the verb.
    """
    if len(before) < 2 or not joint.fullmatch(text.lowered, before[-1].end - 1, start + 1):
        return []
    says = [match.start() for match in _SAYS.finditer(text.lowered, before[0].end - 1, before[-1].start + 1)]
    return [phrase for phrase in before if phrase.end <= says[-1] + 1] if says else []


def _behind_topic(text: Text, before: list[Phrase], start: int) -> list[Phrase]:
    """Drop a topic before a colon if actors follow it: *Summit in Oman: Iran and Iraq sign*."""
    colon = text.lowered.rfind(" : ", 0, start + 1)
    if colon < 0:
        return before
    return [phrase for phrase in before if phrase.start >= colon] or before


def opens_aside(text: Text) -> bool:
    """Whether a text begins with *After ...*, *In ...* and the like."""
    return _OPENING.match(text.lowered) is not None


def _aside(text: Text, phrase: Phrase, start: int) -> bool:
    if opens_aside(text):
        comma = text.lowered.find(" , ", 0, start)
        if comma >= 0 and phrase.end <= comma + 1:
            return True
    opened = _APPOSITION.search(text.lowered, 0, phrase.start + 1)
    closed = text.lowered.find(" , ", phrase.end - 1, start + 2)
    return opened is not None and closed >= 0
