"""Features of the fitted model: hashed n-grams of the text with actors masked, and the findings of the rules.

No n-gram is stored: a bucket is the CRC-32 of the n-gram modulo the number of buckets, so the shipped weights contain
no words of the training texts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from correlator.events.acts.gate import SIGNALS, has_gate, signals
from correlator.events.acts.signs import signs
from correlator.events.grammar.reading import Reading, chosen
from correlator.events.grammar.scan import Mention
from correlator.events.model import CATEGORIES
from correlator.events.vocabulary.text import Text

BUCKETS: Final = 1 << 16
NONE: Final = "NONE"
CLASSES: Final = (*CATEGORIES, NONE)
_CHAR_SIZES = (3, 4, 5)
_ACTOR = " actor "
_RULES = len(CATEGORIES)
# Position of the indicator of a headline that names an actor.
NAMED: Final = 2 * _RULES + 6
RULE_WIDTH: Final = NAMED + 1 + SIGNALS
_NEXT_TO = 4


class Grams(NamedTuple):
    """The buckets of a text and their log counts, both of shape (buckets,)."""

    buckets: NDArray[np.int64]
    counts: NDArray[np.float32]


@dataclass(frozen=True)
class Masked:
    """A text with its actors masked; ``shifts``: offsets in ``Text.joined`` and in ``words`` of each piece kept."""

    words: str
    shifts: tuple[tuple[int, int], ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets in ``words`` of ``Text.joined[start:end]``, without the surrounding spaces."""
        return self._place(start + 1), self._place(end - 1)

    def _place(self, place: int) -> int:
        joined, shown = self.shifts[bisect_right(self.shifts, place, key=itemgetter(0)) - 1]
        return shown + place - joined


def masked(text: Text, mentions: Sequence[Mention]) -> Masked:
    """Replace every country, leader and organisation by ``actor``, so that no country predicts a category."""
    parts: list[str] = []
    shifts = [(0, 0)]
    place = length = 0
    for mention in mentions:
        if all(name.kind in ("agent", "other") for name in mention.names):
            continue
        parts += [text.lowered[place : mention.start], _ACTOR]
        length += mention.start - place + len(_ACTOR)
        place = mention.end - 1
        shifts.append((place, length))
    parts.append(text.lowered[place:])
    return Masked("".join(parts), tuple(shifts))


def grams(text: str) -> Grams:
    """Hash words, pairs of words, and runs of 3 to 5 letters within words."""
    words = text.split()
    counter: Counter[int] = Counter()
    counter.update(crc32(f"w {word}".encode()) % BUCKETS for word in words)
    counter.update(crc32(f"p {a} {b}".encode()) % BUCKETS for a, b in pairwise(words))
    for word in words:
        edged = f" {word} "
        for size in _CHAR_SIZES:
            counter.update(
                crc32(edged[place : place + size].encode()) % BUCKETS for place in range(len(edged) - size + 1)
            )
    buckets = np.fromiter(counter.keys(), dtype=np.int64, count=len(counter))
    counts = np.fromiter(counter.values(), dtype=np.float32, count=len(counter))
    return Grams(buckets, np.float32(1.0) + np.log(counts, dtype=np.float32))


def rule_features(reading: Reading) -> NDArray[np.float32]:
    """Return the best score per category, the leading one, and features of text and gate; length ``RULE_WIDTH``."""
    text, mentions, candidates = reading.text, reading.mentions, reading.candidates
    out = np.zeros(RULE_WIDTH, dtype=np.float32)
    order = {name: number for number, name in enumerate(CATEGORIES)}
    for candidate in reversed(candidates):
        out[order[candidate.category]] = max(candidate.score, 0.0) / 5.0
    if candidates:
        out[_RULES + order[candidates[0].category]] = 1.0
    out[2 * _RULES] = 0.0 if candidates else 1.0
    out[2 * _RULES + 1] = min(reading.opposing / 5.0, 3.0)
    out[2 * _RULES + 2] = min(len(mentions), 6) / 3.0
    out[2 * _RULES + 3] = 1.0 if any(name.country for mention in mentions for name in mention.names) else 0.0
    out[2 * _RULES + 4] = min(text.joined.count(" "), 60) / 30.0
    out[2 * _RULES + 5] = 1.0
    if not has_gate(text, reading.actors):
        return out
    out[NAMED] = 1.0
    if candidates:
        out[NAMED + 1 :] = signals(signs(chosen(reading._replace(home=None), candidates[0])))
    return out


_BEHIND_SAYING = re.compile(r" (?:says?|said|claims?|according to|:)(?: the)? $")
_SAYING = re.compile(r" (?:says?|said|claims?|claimed|alleges?|tells?|told|reports?) ")
_PREPOSITIONS: Final = ("", "by", "against", "to", "with", "from", "on", "for", "of", "between", "over", "in", "at")
_OFFICES: Final = ("GOV", "MIL", "IGO", "CVL", "REB", "BUS")
ROLE_WIDTH: Final = 14 + len(_PREPOSITIONS) + len(_OFFICES)


def role_features(reading: Reading) -> NDArray[np.float32]:
    """Return the grammar's features of each actor, shape (actors, ``ROLE_WIDTH``), with its decision in the first 4."""
    text, best, actors, roles = reading.text, reading.choice, reading.actors, reading.roles
    out = np.zeros((len(actors), ROLE_WIDTH), dtype=np.float32)
    decider = (best.governor or best.hit) if best is not None else None
    seen: set[str] = set()
    for number, actor in enumerate(actors):
        sides = (roles.sources, roles.targets) if roles is not None else ((), ())
        for side, phrases_ in enumerate(sides):
            places = [phrase.start for phrase in phrases_]
            if actor.start in places:
                out[number, 2 * side + (places.index(actor.start) > 0)] = 1.0
        country = actor.actor.country
        out[number, 4:14] = (
            actor.is_place,
            country is None,
            country is not None and country in seen,
            decider is not None and actor.start < decider.start,
            decider is not None and 0 <= actor.start - decider.head_end < _NEXT_TO,
            number == 0,
            number == len(actors) - 1,
            min(len(actors), 5) / 5.0,
            _BEHIND_SAYING.search(text.lowered, 0, actor.start + 1) is not None,
            _SAYING.match(text.lowered, actor.end - 1) is not None,
        )
        if actor.preposition in _PREPOSITIONS:
            out[number, 14 + _PREPOSITIONS.index(actor.preposition)] = 1.0
        if actor.actor.role in _OFFICES:
            out[number, 14 + len(_PREPOSITIONS) + _OFFICES.index(actor.actor.role)] = 1.0
        if country is not None:
            seen.add(country)
    return out
