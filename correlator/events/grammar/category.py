"""Rank the categories supported by a text's patterns, considering governing words and clauses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from correlator.events.grammar.form import is_of_one_clause, meant
from correlator.events.grammar.scan import Hit
from correlator.events.model import CATEGORIES
from correlator.events.vocabulary.lexicon import ABROAD, NOT, STOP, WILL, WITHOUT
from correlator.events.vocabulary.text import Text

# Words that open a subordinate clause, whose words count less.
_ASIDE = re.compile(
    r" (?:after|following|amid|despite|while|who|which|whose|whom|because|since|although|though|as|unless|if|"
    r"until|when|where|(?<! been)(?<! was)(?<! is)(?<! are)(?<! were)(?: accused| suspected) of|"
    r"in order|calling|including|(?<= , )(?:killing|wounding|injuring|leaving|destroying|damaging)) "
)
# Prepositions that make the next few words count less.
_UNDER = re.compile(r" (?:over|before|for|against|alleged|of|about|from|between|about) ")
_BREAK = re.compile(r" (?:; |but |after |amid |despite |while |because |although |though |when |\. )")
_STOP = re.compile(r" [,;:.] ")
_COOPERATION = frozenset({"COOPERATE", "AID", "CONCEDE", "RETREAT", "CONSULT", "SUPPORT", "AGREE"})
_MATERIAL = frozenset({"COOPERATE", "AID", "CONCEDE", "RETREAT"})
_DEEDS = frozenset({"attack", "attacks", "strike", "strikes", "raid", "raids"})
_FORCE = frozenset({"SANCTION", "COERCE", "ASSAULT", "PROTEST", "MOBILIZE"})
_SCOPE = {WILL: 3, NOT: 3, STOP: 5}
_LONG_SCOPE = 12
_PLACE_COST = 0.09
_ASIDE_COST = 1.8
_UNDER_COST = 0.9
_UNDER_REACH = 18
_GOVERNED_BONUS = 0.4
_HEADLINE_WORDS = 17
_VERB_BEFORE = re.compile(r"(?:ed| decides| continues| begins| starts| helps| moves| has| have| is| are| was| were) $")
_MODIFIER_COST = 1.6
_MODIFIER = re.compile(r"(?:^| the| an| a| of) $")
# *Hands two captured sailors back*: the capture was earlier.
_RETURNED = re.compile(
    r" (?:(?:hand|return|release|free|repatriate|swap)(?:s|d|ed|ped|ing|ping)?|freeing|releasing) (?:[^ ]+ ){0,2}$"
)
# *Captured sailors returned to Chad*.
_IS_RETURNED = re.compile(r" (?:[^ ]+ ){1,2}(?:returned|freed|released|repatriated|handed|swapped|exchanged) ")
# *Martyred in a cross-border attack*: the deed, not the verb.
_DEED = re.compile(
    r" in(?: (?:an?|the|cross|deadly|fresh|[^ ]*(?:border|bomb|gun|drone|missile|air|terror|terrorist|suicide|"
    r"rocket)))* $"
)


class Candidate(NamedTuple):
    """A category supported by a hit, with its score and the governing hit, if any."""

    category: str
    score: float
    hit: Hit
    governor: Hit | None

    @property
    def settles(self) -> bool:
        """Whether the words allow only one category: verb and object, or subject and verb, without a governor."""
        return self.hit.entry.form is not None and self.governor is None


def candidates(text: Text, hits: Sequence[Hit]) -> list[Candidate]:
    """Return all supported categories, best first (one per hit)."""
    if not any(hit.entry.category in CATEGORIES for hit in hits):
        return []
    void = {hit.start for hit in hits if hit.entry.category == WITHOUT and hit.entry.tails}
    kept = _without_contained([hit for hit in hits if hit.entry.category != ABROAD and not _is_void(text, hit, void)])
    governors = [hit for hit in kept if hit.entry.governs]
    asides = [match.start() for match in _ASIDE.finditer(text.lowered)]
    unders = [match.start() for match in _UNDER.finditer(text.lowered)]
    ranked = []
    for hit in kept:
        if hit.entry.category not in CATEGORIES or _is_supposed(text, hit):
            continue
        candidate = _judge(text, hit, governors, kept)
        if candidate is not None:
            cost = _PLACE_COST * text.word_at(hit.start) + _aside_cost(text.lowered, asides, hit.start)
            cost += _UNDER_COST if any(0 <= hit.start - place < _UNDER_REACH for place in unders) else 0.0
            cost += _MODIFIER_COST if _is_modifier(text, hit) else 0.0
            ranked.append(candidate._replace(score=candidate.score - cost))
    ranked.sort(key=lambda c: -c.score)
    return ranked


def _is_supposed(text: Text, hit: Hit) -> bool:
    """Whether a hit is in an *if* clause: *Oman says it will answer if Iran attacks*."""
    supposed = text.lowered.rfind(" if ", 0, hit.start + 1)
    return supposed >= 0 and _STOP.search(text.lowered, supposed, hit.start + 1) is None


def _is_void(text: Text, hit: Hit, void: set[int]) -> bool:
    """Whether the object makes the verb no act (*releases a report*), or belongs to another verb, or there is no verb
    (*near the end of talks*).
    """
    if "end~" in hit.entry.pattern and text.lowered.startswith(" end of ", hit.start):
        return True
    if hit.entry.form is not None and not is_of_one_clause(text, hit):
        return True
    return hit.start in void and hit.entry.category in CATEGORIES


def _without_contained(hits: Sequence[Hit]) -> list[Hit]:
    """Remove hits that lie entirely within the contiguous words of a longer one."""
    kept: list[Hit] = []
    for hit in hits:
        inside = any(
            other is not hit
            and other.start <= hit.start
            and hit.end <= other.head_end
            and (other.start, other.head_end) != (hit.start, hit.end)
            for other in hits
        )
        if not inside:
            kept.append(hit)
    return kept


def _judge(text: Text, hit: Hit, governors: Sequence[Hit], hits: Sequence[Hit]) -> Candidate | None:
    """Return the hit's category after applying its governing words, from the nearest to the farthest."""
    category: str | None = meant(text, hit)
    score = hit.entry.weight
    decided: Hit | None = None
    for governor in reversed(governors):
        if governor.head_end - 1 > hit.start or not _reaches(text, governor, hit, hits):
            continue
        if _vows_to_refuse(governor, hit):
            continue
        turned = governed(governor, category or "")
        if turned is None:
            return None
        if turned != category:
            category, decided = turned, governor
            score = max(score, governor.entry.weight)
    bonus = _GOVERNED_BONUS if decided is not None else 0.0
    return Candidate(category or "", score + bonus, hit, decided)


def _vows_to_refuse(governor: Hit, hit: Hit) -> bool:
    """Whether a promise of a refusal is a refusal: *vows to veto*."""
    promised = governor.entry.category == "AGREE" and hit.entry.category == "REJECT"
    return promised and governor.head_end - 1 == hit.start


def _reaches(text: Text, governor: Hit, hit: Hit, hits: Sequence[Hit]) -> bool:
    between = text.joined.count(" ", governor.head_end, hit.start + 1)
    if governor.entry.pattern == "to":
        return between == 0 and _is_headline_future(text, governor, hits)
    if between > _SCOPE.get(governor.entry.category, _LONG_SCOPE):
        return False
    return _BREAK.search(text.lowered, governor.head_end - 1, hit.start + 1) is None


def _is_headline_future(text: Text, infinitive: Hit, hits: Sequence[Hit]) -> bool:
    """Whether the infinitive of a short headline without a verb before it is a future: *Germany to send tents*."""
    if text.joined.count(" ") > _HEADLINE_WORDS or _VERB_BEFORE.search(text.lowered, 0, infinitive.start + 1):
        return False
    return not any(h.start < infinitive.start and h.entry.category in CATEGORIES for h in hits)


def governed(word: Hit, category: str) -> str | None:
    """Return the category that ``category`` becomes under a governing word, or None."""
    governor = word.entry.category
    if governor == "AGREE" and category in _FORCE and not word.entry.pattern.startswith("agree"):
        return "THREATEN"
    if governor == WILL and category == "CONSULT":
        return "AGREE"
    if governor == WILL:
        return "AGREE" if category in _MATERIAL else "THREATEN" if category in _FORCE else category
    if governor in (NOT, "REJECT"):
        return "REJECT" if governor == "REJECT" or category in _COOPERATION else None
    if governor == STOP:
        return "SANCTION" if category in _COOPERATION else "RETREAT" if category in _FORCE else category
    return governor


def _is_modifier(text: Text, hit: Hit) -> bool:
    """Whether a hit is a participle before its noun (*the detained vessels*) or a noun (*in a drone attack*)."""
    words = text.lowered[hit.start + 1 : hit.head_end - 1]
    if words in _DEEDS:
        return bool(_DEED.search(text.lowered, 0, hit.start + 1))
    if " " in words or not words.endswith("ed"):
        return False
    ahead = any(each.search(text.lowered, 0, hit.start + 1) for each in (_MODIFIER, _RETURNED))
    return ahead or _IS_RETURNED.match(text.lowered, hit.head_end - 1) is not None


def _aside_cost(lowered: str, asides: Sequence[int], start: int) -> float:
    before = [place for place in asides if place <= start]
    if not before or lowered.find(" , ", before[-1], start + 1) >= 0:
        return 0.0
    return _ASIDE_COST
