"""Who does it to whom: voice, order and prepositions around the deciding words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from correlator.events.category import Candidate
from correlator.events.phrases import Phrase
from correlator.events.text import Text

_BY = re.compile(r" by (?:the )?")
_BE = re.compile(r" (?:is|are|was|were|be|been|being|get|gets|got)(?: \w+ly)? $")
_PARTICIPLE = re.compile(r"(?:ed|wn|en|held|hit|shot|struck|slain|sent|told|met|sought)$")
_SAYS = re.compile(r" (?:said|says|say|announced|told|declared|reiterated|insisted|stressed) ")
_MODAL = re.compile(r" (?:must|should|ought to|needs? to|ha(?:s|ve) to) $")
_BY_REACH = 60
_MUTUAL = frozenset({"CONSULT", "AGREE", "SUPPORT", "COOPERATE", "RETREAT", "ASSAULT"})


class Roles(NamedTuple):
    """Phrases of who acts and on whom, with the rule that said so."""

    sources: list[Phrase]
    targets: list[Phrase]
    rule: str


def who_to_whom(text: Text, chosen: Candidate, found: Sequence[Phrase]) -> Roles:
    """Sources and targets (each the first one first, possibly empty) of the event that ``chosen`` decides."""
    start = chosen.governor.start if chosen.governor is not None else chosen.hit.start
    head_end = chosen.governor.head_end if chosen.governor is not None else chosen.hit.head_end
    left = [phrase for phrase in found if phrase.end <= start + 1]
    right = [phrase for phrase in found if phrase.start >= start and phrase not in left]
    if by := _agent(text, start, head_end, right):
        rest = [phrase for phrase in right if phrase is not by]
        return Roles([by], _subject(text, left, start) or rest, "passive")
    if _MODAL.search(text.lowered[:head_end]) and chosen.category == "REQUEST":
        return _modal(text, left, right, start)
    if _is_passive(text, start, head_end) and not any(not phrase.is_place for phrase in right):
        return Roles([], _subject(text, left, start) or right, "passive without agent")
    return _active(text, chosen, left, right, start)


def _agent(text: Text, start: int, head_end: int, right: Sequence[Phrase]) -> Phrase | None:
    """The phrase behind *by* after a participle."""
    if not any(_PARTICIPLE.search(word) for word in text.lowered[start:head_end].split()):
        return None
    match = _BY.search(text.lowered, head_end - 1, head_end + _BY_REACH)
    if match is None:
        return None
    return next((phrase for phrase in right if match.end() - 1 <= phrase.start + 1 <= match.end() + 24), None)


def _is_passive(text: Text, start: int, head_end: int) -> bool:
    words = text.lowered[start:head_end].split()
    if not words or not _PARTICIPLE.search(words[0]):
        return False
    return bool(_BE.search(text.lowered[: start + 1]))


def _modal(text: Text, left: Sequence[Phrase], right: Sequence[Phrase], start: int) -> Roles:
    """*Russia said Sudan must return*: who says demands of whom is named before the modal."""
    says = [match.start() for match in _SAYS.finditer(text.lowered)]
    if left and says and says[-1] > start:
        speaker = [phrase for phrase in right if phrase.start >= says[-1]]
        return Roles(speaker, [left[0]], "says, at the end")
    if len(left) > 1:
        return Roles([left[0]], [left[-1]], "says that ... must")
    return Roles([], list(left), "must")


def _subject(text: Text, left: Sequence[Phrase], start: int) -> list[Phrase]:
    """The phrases before the verb that can be its subject: not those of an opening aside or a mere place."""
    clause = [phrase for phrase in left if not _in_opening_aside(text, phrase, start)] or list(left)
    named = [phrase for phrase in clause if not phrase.is_place] or clause
    with_country = [phrase for phrase in named if phrase.actor.country]
    return with_country or named


_OPENING = re.compile(r"^ (?:after|following|amid|despite|while|in|on|as|although|since|during|with|under|at|by|for) ")


def _in_opening_aside(text: Text, phrase: Phrase, start: int) -> bool:
    if not _OPENING.match(text.lowered):
        return False
    comma = text.lowered.find(" , ", 0, start)
    return comma >= 0 and phrase.end <= comma + 1


def _active(text: Text, chosen: Candidate, left: Sequence[Phrase], right: Sequence[Phrase], start: int) -> Roles:
    sources = _subject(text, left, start)
    objects = [phrase for phrase in right if not phrase.is_place] or list(right)
    if not sources and len(objects) > 1:
        return Roles([objects[0]], objects[1:], "order")
    if not sources:
        return Roles(objects, [], "order")
    first = sources[0]
    others = [phrase for phrase in objects if phrase.actor.country and phrase.actor.country != first.actor.country]
    joined = [phrase for phrase in sources[1:] if phrase.actor.country not in (None, first.actor.country)]
    if not others and joined and chosen.category in _MUTUAL:
        return Roles([first], joined, "named together")
    if others:
        return Roles([first, *_coordinated(text, first, joined)], others, "subject, verb, object")
    if joined:
        return Roles([first], joined, "subject and named before the verb")
    return Roles([first], objects, "subject, verb, object")


def _coordinated(text: Text, first: Phrase, joined: Sequence[Phrase]) -> list[Phrase]:
    return [phrase for phrase in joined if text.lowered[first.end - 1 : phrase.start + 1] in (" and ", " , ", " ")]
