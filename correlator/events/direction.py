"""Who does it to whom: voice, order, prepositions and attribution around the deciding words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from correlator.events.category import Candidate
from correlator.events.model import Actor
from correlator.events.phrases import Phrase
from correlator.events.text import Text

_BY = re.compile(r" by (?:the |an? )?")
_BE = re.compile(r" (?:is|are|was|were|be|been|being|get|gets|got)(?: \w+ly)? $")
_PARTICIPLE = re.compile(r"(?:ed|wn|held|hit|shot|struck|slain|sent|told|met|sought|freed)$")
_SAYS = re.compile(r" (?:said|says|say|announced|told|declared|reiterated|insisted|stressed) ")
_MODAL = re.compile(r" (?:must|should|ought to|needs? to|ha(?:s|ve) to) $")
_OPENING = re.compile(r"^ (?:after|following|amid|despite|while|in|on|as|although|since|during|with|under|at|by|for) ")
_ATTRIBUTION = re.compile(
    r" (?:said|says|say|reported|reports|told|announced|confirmed|disclosed|quoted|according to) "
)
_APPOSITION = re.compile(r" , (?:an?|the|one|which|who|whose|becoming|its|his|her|their) ")
_IN = re.compile(r" (?:in|of|from)(?: the| southern| northern| eastern| western)* ")
_BY_REACH = 18
_MUTUAL = frozenset({"CONSULT", "AGREE", "SUPPORT", "COOPERATE", "RETREAT", "ASSAULT"})
_DOMESTIC = frozenset({"CONCEDE", "RETREAT", "COERCE", "PROTEST", "ASSAULT", "REJECT", "MOBILIZE"})


class Roles(NamedTuple):
    """Phrases of who acts and on whom, with the rule that said so."""

    sources: list[Phrase]
    targets: list[Phrase]
    rule: str


def who_to_whom(text: Text, chosen: Candidate, found: Sequence[Phrase]) -> Roles:
    """Sources and targets (each the first one first, possibly empty) of the event that ``chosen`` decides."""
    decider = chosen.governor if chosen.governor is not None else chosen.hit
    start, head_end = decider.start, decider.head_end
    located = _located(text, found)
    spoken = _attribution_start(text, head_end)
    left = [phrase for phrase in located if phrase.end <= start + 1]
    right = [phrase for phrase in located if phrase.end > start + 1 and phrase.start < spoken]
    if by := _agent(text, start, head_end, right):
        rest = [phrase for phrase in right if phrase is not by]
        return _settled(text, chosen, [by], _subject(text, left, start) or rest, "passive, by")
    if chosen.category == "REQUEST" and _MODAL.search(text.lowered[:head_end]):
        speakers = [phrase for phrase in located if phrase.start >= spoken]
        return _modal(text, left, right, speakers)
    if _is_passive(text, start, head_end) and not any(not phrase.is_place for phrase in right):
        return _settled(text, chosen, [], _subject(text, left, start) or right, "passive")
    sources, targets, rule = _active(text, chosen, left, right, start)
    return _settled(text, chosen, sources, targets, rule)


def _located(text: Text, found: Sequence[Phrase]) -> list[Phrase]:
    """*Rebels in the Ivory Coast* are of that country: a role takes the country of the place right behind it."""
    located = list(found)
    for number, phrase in enumerate(found[:-1]):
        after = found[number + 1]
        if phrase.actor.country or not after.actor.country:
            continue
        if _IN.fullmatch(text.lowered, phrase.end - 1, after.start + 1):
            actor = Actor(after.actor.country, phrase.actor.role, phrase.actor.text)
            located[number] = phrase._replace(actor=actor)
    return located


def _attribution_start(text: Text, head_end: int) -> int:
    """Where a closing *..., the ministry said* begins; the end of the text where there is none."""
    comma = text.lowered.rfind(" , ", head_end - 1)
    if comma >= 0 and _ATTRIBUTION.search(text.lowered, comma):
        return comma
    return len(text.lowered)


def _agent(text: Text, start: int, head_end: int, right: Sequence[Phrase]) -> Phrase | None:
    """The phrase behind *by* close to a participle."""
    if not any(_PARTICIPLE.search(word) for word in text.lowered[start:head_end].split()):
        return None
    reach = head_end + (3 * _BY_REACH if _BE.search(text.lowered[: start + 1]) else _BY_REACH)
    match = _BY.search(text.lowered, head_end - 1, reach)
    if match is None:
        return None
    return next((phrase for phrase in right if match.end() - 1 <= phrase.start + 1 <= match.end() + 24), None)


def _is_passive(text: Text, start: int, head_end: int) -> bool:
    words = text.lowered[start:head_end].split()
    if not words or not _PARTICIPLE.search(words[0]):
        return False
    return bool(_BE.search(text.lowered[: start + 1]))


def _modal(text: Text, left: Sequence[Phrase], right: Sequence[Phrase], speakers: Sequence[Phrase]) -> Roles:
    """*Russia said Sudan must return*: who says demands of whom is named before the modal."""
    named = [phrase for phrase in left if phrase.actor.country] or list(left)
    if named and speakers:
        return Roles(list(speakers), [named[-1]], "must, says")
    if len(named) > 1:
        return Roles([named[0]], [named[-1]], "says that ... must")
    del text
    return Roles([], named or list(right), "must")


def _subject(text: Text, left: Sequence[Phrase], start: int) -> list[Phrase]:
    """The phrases before the verb that can be its subject: not those of an opening aside, an apposition or a place."""
    clause = [phrase for phrase in left if not _aside(text, phrase, start)] or list(left)
    return [phrase for phrase in clause if not phrase.is_place] or clause


def _aside(text: Text, phrase: Phrase, start: int) -> bool:
    if _OPENING.match(text.lowered):
        comma = text.lowered.find(" , ", 0, start)
        if comma >= 0 and phrase.end <= comma + 1:
            return True
    opened = _APPOSITION.search(text.lowered, 0, phrase.start + 1)
    closed = text.lowered.find(" , ", phrase.end - 1, start + 2)
    return opened is not None and closed >= 0


def _active(
    text: Text, chosen: Candidate, left: Sequence[Phrase], right: Sequence[Phrase], start: int
) -> tuple[list[Phrase], list[Phrase], str]:
    sources = _subject(text, left, start)
    objects = [phrase for phrase in right if not phrase.is_place]
    places = [phrase for phrase in right if phrase.is_place]
    if not sources:
        ordered = sorted([*objects, *left], key=lambda phrase: phrase.start) or places
        return ordered[:1], [*ordered[1:], *places], "order"
    first = sources[0]
    other_left = [phrase for phrase in sources[1:] if _differs(phrase, first)]
    if first.actor.country is None and other_left and not any(_differs(phrase, first) for phrase in objects):
        first, other_left = _with_country(first, other_left[0]), other_left[1:]
    others = [phrase for phrase in (*objects, *places) if _differs(phrase, first)]
    together = [phrase for phrase in other_left if _together(text, first, phrase)]
    acted_on = any(not phrase.is_place for phrase in others)
    if others and not (together and not acted_on and chosen.category in _MUTUAL - {"ASSAULT"}):
        return [first, *together], others, "subject, verb, object"
    if together and chosen.category in _MUTUAL:
        return [first], together, "named together"
    if other_left:
        return [first], other_left, "subject and named before the verb"
    return [first], [*objects, *places], "subject, verb, object"


def _differs(phrase: Phrase, first: Phrase) -> bool:
    return phrase.actor.country is not None and phrase.actor.country != first.actor.country


def _together(text: Text, first: Phrase, other: Phrase) -> bool:
    between = text.lowered[first.end - 1 : other.start + 1]
    return " and " in between or between.strip() in ("", ",")


def _settled(text: Text, chosen: Candidate, sources: list[Phrase], targets: list[Phrase], rule: str) -> Roles:
    """Roles without country take the one that the text names for the other side."""
    del text
    known = next((p.actor.country for p in (*sources, *targets) if p.actor.country), None)
    if sources and sources[0].actor.country is None and known:
        sources = [_of_country(sources[0], known), *sources[1:]]
    country = sources[0].actor.country if sources else known
    if targets and targets[0].actor.country is None and country:
        targets = [_of_country(targets[0], country), *targets[1:]]
    if sources and not targets and chosen.category in _DOMESTIC and country:
        targets = [sources[0]._replace(actor=Actor(country, None, sources[0].actor.text))]
        rule = f"{rule}; at home"
    return Roles(sources, targets, rule)


def _with_country(phrase: Phrase, other: Phrase) -> Phrase:
    return _of_country(phrase, other.actor.country)


def _of_country(phrase: Phrase, country: str | None) -> Phrase:
    return phrase._replace(actor=Actor(country, phrase.actor.role, phrase.actor.text))
