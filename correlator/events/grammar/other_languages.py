"""Code simple headlines in Urdu, Turkish, Azerbaijani and Arabic with small lexica.

An event needs an act and two different countries or organisations (one may be the page's own), so that unclear
headlines are left out. Roles follow from particles and suffixes next to a name (*nay*, *ko*, *-a*, *-dan*, *ma'a*); of
two unmarked names the first is the source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from correlator.events.grammar.page_country import THE_PAGE
from correlator.events.grammar.reading import Reading
from correlator.events.model import CATEGORIES, Actor, CodedEvent, Evidence, dyad_of
from correlator.events.vocabulary.actors import Name
from correlator.events.vocabulary.language import LEXICAL
from correlator.events.vocabulary.small_lexicon import NO_EVENT, Act, Lexicon, normal, small_lexicon

# Small lexica give no probability: this is the accuracy on headlines composed after they were frozen (docs/coder.md).
CONFIDENCE: Final = 0.7
_SOURCE, _TARGET, _AWAY, _OWNER, _OPEN = "source", "target", "away", "owner", ""
_GENITIVE = re.compile(r"n?[ıiuü]n")
# The rest of an object behind its owner, to the noun of which it is one: *(İsrail'in) Lübnan'a saldırısını*.
_OWNED = re.compile(r"(?:[^\W_]\S* ){0,4}?[^\W_]\S*[ıiuü]n[ıiuü] ")
_WORD = re.compile(r"[\w\u0300-\u036f\u064b-\u065f\u0670]+(?:['’ʼ-][\w\u0300-\u036f]+)*|[^\w\s]")
_PUNCTUATION = re.compile(r"[:،,;؛.۔!?؟\"()]")
_ATTACHED_TARGET = frozenset({"ب", "بال", "ل", "لل", "ك"})
_ATTACHED_AND = frozenset({"و", "وال"})
_SHORT_NAME = 3
_MOST_SIDES = 2


class _Words(NamedTuple):
    """A text as normalised words, each between two spaces; ``places`` are (start, end) of each in the original."""

    original: str
    joined: str
    places: tuple[tuple[int, int], ...]

    def evidence(self, field: str, start: int, end: int, rule: str) -> Evidence:
        """Return the words of ``joined[start:end]`` as evidence."""
        first, last = self.joined.count(" ", 0, start) - 1, self.joined.count(" ", 0, end) - 2
        begin, stop = self.places[first][0], self.places[last][1]
        return {"field": field, "span": self.original[begin:stop], "start": begin, "end": stop, "rule": rule}

    def printed(self, start: int) -> str:
        """Return the original word that begins at ``joined[start]``."""
        begin, stop = self.places[self.joined.count(" ", 0, start) - 1]
        return self.original[begin:stop]


class _Side(NamedTuple):
    """An actor: span in ``joined`` (with the following space), country or organisation, role, and mark."""

    start: int
    end: int
    country: str | None
    role: str | None
    mark: str
    joins: bool = False
    is_of_page: bool = False


class _Hit(NamedTuple):
    """The deciding act, and its span among the joined words."""

    act: Act
    start: int
    end: int


def code_other(reading: Reading) -> list[CodedEvent]:
    """Code a headline in one of ``LEXICAL`` languages, the main event first; empty if unclear."""
    if reading.language not in LEXICAL:
        return []
    lexicon = small_lexicon(reading.language)
    words = _words(reading.text.original, reading.language)
    decided = _decided(words, lexicon)
    if decided is None:
        return []
    act, start, end = decided
    if _is_denied(words, lexicon, start, end):
        return []
    named = _owners(words, lexicon, _sides(words, lexicon, reading))
    hit = _Hit(act, start, end)
    sides = _reported(words, lexicon, hit, _acted_on(words, lexicon, hit, named))
    rule = f"{lexicon.language}: {act.pattern}"
    deciding = words.evidence("category", start, end, rule)
    pairs = _pairs(sides)
    if CATEGORIES[act.category].quad_class == "material-conflict" and lexicon.suffered.search(words.joined):
        pairs = [(target, source) for source, target in pairs]
    return [_event(words, act, pair, deciding) for pair in pairs]


def _words(text: str, language: str) -> _Words:
    matches = list(_WORD.finditer(text))
    joined = " " + "".join(f"{normal(match[0], language)} " for match in matches)
    return _Words(text, joined, tuple(match.span() for match in matches))


def _decided(words: _Words, lexicon: Lexicon) -> tuple[Act, int, int] | None:
    """Return the deciding act with its span: the last one, or the first one in a language with initial verbs."""
    hits = [(act, *match.span()) for act in lexicon.acts for match in act.compiled.finditer(words.joined)]
    if any(act.category == NO_EVENT for act, _, _ in hits) or not hits:
        return None
    colon = words.joined.find(" : ")
    hits = [hit for hit in hits if hit[1] < colon] or hits
    if lexicon.verb_last:
        return max(hits, key=lambda hit: (hit[2], hit[0].weight))
    return min(hits, key=lambda hit: (hit[1], -hit[0].weight))


def _is_denied(words: _Words, lexicon: Lexicon, start: int, end: int) -> bool:
    """Whether the act did not happen: *did not attack*, also in a verb's own form."""
    if lexicon.negative is not None and any(map(lexicon.negative.fullmatch, words.joined[start:end].split())):
        return True
    if lexicon.verb_last:
        return lexicon.negation.match(words.joined, end) is not None
    return lexicon.negation.search(words.joined, 0, start) is not None


def _owners(words: _Words, lexicon: Lexicon, sides: Sequence[_Side]) -> list[_Side]:
    """Mark actors in the genitive beside a doer of their own as targets: *India's drone Pakistan shot down* (Urdu)."""
    agent = lexicon.agent
    if agent is None or not any(agent.match(words.joined, side.end) for side in sides):
        return list(sides)
    behind = [lexicon.between.match(words.joined, side.end) for side in sides]
    starts = {side.start for side in sides}
    owns = [match is not None and match.end() not in starts for match in behind]
    return [
        side._replace(mark=_TARGET) if side.mark == _SOURCE and is_owner else side
        for side, is_owner in zip(sides, owns, strict=True)
    ]


def _reported(words: _Words, lexicon: Lexicon, hit: _Hit, sides: Sequence[_Side]) -> list[_Side]:
    """Leave out who only says that others did the act, unless it was done to the speaker."""
    said = lexicon.that.search(words.joined) if lexicon.that is not None else None
    if said is None or hit.start < said.start():
        return list(sides)
    speakers = [side for side in sides if side.start < said.start()]
    others = [side for side in sides if side.start > said.start()]
    if not others or len({side.country for side in others}) > 1:
        return others or speakers
    if CATEGORIES[hit.act.category].quad_class != "material-conflict":
        return list(sides)
    return [*(side._replace(mark=_OPEN) for side in others), *(side._replace(mark=_TARGET) for side in speakers[:1])]


def _acted_on(words: _Words, lexicon: Lexicon, hit: _Hit, sides: Sequence[_Side]) -> list[_Side]:
    """Mark the owner of an object as target, and the doer of a condemned deed instead of its victim.

    *Russia's attack on Ukraine condemns Poland* (Turkish order), *Egypt condemns the Russian attack on Ukraine*.
    """
    owned = [(side, match.end()) for side in sides if side.mark == _OWNER and (match := _owned(words, side, hit.end))]
    within = [other for side, end in owned for other in sides if side.end <= other.start < end]
    owners = [side for side, _ in owned]
    out = [
        side._replace(mark=_TARGET if side in owners else _OPEN) if side.mark == _OWNER else side
        for side in sides
        if side not in within
    ]
    victim = next((side for side in out if side.mark == _TARGET and side.start > out[0].start), None)
    if hit.act.category != "ACCUSE" or victim is None or owners:
        return out
    doers = [
        side for side in out[1:] if side.mark == _OPEN and not side.joins and _did_it(lexicon, side, victim, hit.start)
    ]
    return [side._replace(mark=_TARGET) if side in doers else side for side in out if not doers or side.mark != _TARGET]


def _owned(words: _Words, owner: _Side, end: int) -> re.Match[str] | None:
    """Return the rest of the object behind its owner, before the verb that ends the act; None if it is no object."""
    match = _OWNED.match(words.joined, owner.end)
    return match if match is not None and match.end() < end else None


def _did_it(lexicon: Lexicon, side: _Side, victim: _Side, start: int) -> bool:
    """Whether an unmarked actor did a deed to the victim: named between it and the act, or before it (Arabic)."""
    return victim.end <= side.start < start if lexicon.verb_last else side.start < victim.start


def _sides(words: _Words, lexicon: Lexicon, reading: Reading) -> list[_Side]:
    sides = [_side(words, match, lexicon, reading) for match in lexicon.named.finditer(words.joined)]
    offices = [_office(match) for match in lexicon.office.finditer(words.joined)]
    taken = [(side.start, side.end) for side in sides if side is not None]
    free = [side for side in offices if not any(a < side.end - 1 and side.start < b - 1 for a, b in taken)]
    parts = sorted([*(side for side in sides if side is not None), *free], key=lambda side: (side.start, -side.end))
    merged: list[_Side] = []
    for part in parts:
        if merged and part.start <= merged[-1].end and _same_country(merged[-1], part):
            merged[-1] = _joined(merged[-1], part)
        else:
            merged.append(part)
    located = [side if side.country else side._replace(country=reading.home, is_of_page=True) for side in merged]
    marked = [_marked(words, lexicon, side) for side in located]
    return [side for side in _listed(words, lexicon, marked) if side.country is not None]


def _side(words: _Words, match: re.Match[str], lexicon: Lexicon, reading: Reading) -> _Side | None:
    printed = words.printed(match.start())
    if lexicon.language == "tr" and not printed[0].isupper():
        return None
    if lexicon.language in ("tr", "az") and len(match["name"]) < _SHORT_NAME and not printed[:2].isupper():
        return None
    meant = _in_office(lexicon.names[match["name"]], reading)
    return _Side(match.start(), match.end() + 1, meant.country, meant.role, *_affix_mark(match))


def _in_office(names: Sequence[Name], reading: Reading) -> Name:
    return next((name for name in names if name.in_office(reading.on)), names[-1])


def _affix_mark(match: re.Match[str]) -> tuple[str, bool]:
    """Return the mark given by a name's suffix or prefix, and whether it is joined to the previous name (*and*)."""
    groups = match.groupdict()
    if groups.get("away"):
        return _AWAY, False
    if groups.get("target") or groups.get("prefix") in _ATTACHED_TARGET:
        return _TARGET, False
    if _GENITIVE.fullmatch(groups.get("plain") or ""):
        return _OWNER, False
    return _OPEN, groups.get("prefix") in _ATTACHED_AND


def _office(match: re.Match[str]) -> _Side:
    return _Side(match.start(), match.end() + 1, None, "GOV", *_affix_mark(match))


def _same_country(first: _Side, second: _Side) -> bool:
    return first.country is None or second.country in (None, first.country)


def _joined(first: _Side, second: _Side) -> _Side:
    """Merge adjacent country, office and name into one actor."""
    country = first.country or second.country
    role = first.role or second.role
    return _Side(first.start, max(first.end, second.end), country, role, second.mark or first.mark, first.joins)


def _marked(words: _Words, lexicon: Lexicon, side: _Side) -> _Side:
    """Return the side with the mark of the words after it, else of those before it."""
    if lexicon.behind_target is not None and lexicon.behind_target.match(words.joined, side.end):
        return side._replace(mark=_TARGET)
    if lexicon.behind_source is not None and lexicon.behind_source.match(words.joined, side.end):
        return side._replace(mark=_SOURCE)
    if lexicon.before_target is not None and lexicon.before_target.search(words.joined, 0, side.start):
        return side._replace(mark=_TARGET)
    return side


def _listed(words: _Words, lexicon: Lexicon, sides: Sequence[_Side]) -> list[_Side]:
    """Copy the marks within a list (*A and B*), unless a postposition of *with* stands for *and*."""
    out = list(sides)
    for number, (first, second) in enumerate(pairwise(sides)):
        joint = lexicon.between.match(words.joined, first.end)
        if joint is not None and joint.end() == second.start and second.country != first.country:
            out[number] = first._replace(mark=_SOURCE if second.mark == _SOURCE else _OPEN)
        elif second.joins and second.start == first.end:
            out[number + 1] = second._replace(mark=first.mark)
    return out


def _pairs(sides: Sequence[_Side]) -> list[tuple[_Side, _Side]]:
    """Pair sources with targets of another country by their marks; without marks the first acts on the next."""
    sources = [side for side in sides if side.mark == _SOURCE]
    open_ = [side for side in sides if side.mark == _OPEN]
    targets = [side for side in sides if side.mark in (_TARGET, _AWAY)]
    if sources:
        targets = targets or open_
    else:
        sources = open_
    if not sources and targets and targets[0].mark == _AWAY:
        sources, targets = targets[:1], targets[1:]
    if sources and not targets:
        sources, targets = sources[:1], sources[1:]
    pairs = [(s, t) for s in sources[:_MOST_SIDES] for t in targets[:_MOST_SIDES] if s.country != t.country]
    unique = {(s.country, t.country): (s, t) for s, t in reversed(pairs)}
    return [pair for pair in pairs if unique[(pair[0].country, pair[1].country)] == pair]


def _event(words: _Words, act: Act, pair: tuple[_Side, _Side], deciding: Evidence) -> CodedEvent:
    category = CATEGORIES[act.category]
    actors = [_actor(words, side) for side in pair]
    evidence = [deciding]
    for field, side in zip(("source", "target"), pair, strict=True):
        rule = (side.mark or "order") + (f"; country from {THE_PAGE}" if side.is_of_page else "")
        evidence.append(words.evidence(field, side.start, side.end, rule))
    return CodedEvent(
        category.name,
        category.quad_class,
        category.cameo_root,
        category.goldstein,
        0.0,
        CONFIDENCE,
        actors[0],
        actors[1],
        dyad_of(actors[0], actors[1]),
        tuple(evidence),
    )


def _actor(words: _Words, side: _Side) -> Actor:
    return Actor(side.country, side.role, words.evidence("", side.start, side.end, "")["span"])
