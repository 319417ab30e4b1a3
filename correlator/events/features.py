"""What the fitted model sees of a text: hashed n-grams with actors masked, and what the rules found.

No n-gram is stored anywhere: a bucket is the CRC-32 of the n-gram modulo the number of buckets, so the shipped weights
hold no words of the texts that they were fitted on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from correlator.events.category import Candidate
from correlator.events.direction import who_to_whom
from correlator.events.gate import SIGNALS, against, has_gate, signals
from correlator.events.model import CATEGORIES
from correlator.events.phrases import Phrase
from correlator.events.scan import Hit, Mention
from correlator.events.signs import signs
from correlator.events.text import Text

BUCKETS: Final = 1 << 16
NONE: Final = "NONE"
CLASSES: Final = (*CATEGORIES, NONE)
_CHAR_SIZES = (3, 4, 5)
_ACTOR = " actor "
_RULES = len(CATEGORIES)
# Where a headline that names an actor has a one.
NAMED: Final = 2 * _RULES + 6
RULE_WIDTH: Final = NAMED + 1 + SIGNALS


class Grams(NamedTuple):
    """Buckets that a text fills and how often, both of shape (buckets filled,)."""

    buckets: NDArray[np.int64]
    counts: NDArray[np.float32]


def masked(text: Text, mentions: Sequence[Mention]) -> str:
    """The words with every country, leader and organisation as ``actor``, so that no country speaks for a category."""
    parts: list[str] = []
    place = 0
    for mention in mentions:
        if all(name.kind in ("agent", "other") for name in mention.names):
            continue
        parts += [text.lowered[place : mention.start], _ACTOR]
        place = mention.end - 1
    parts.append(text.lowered[place:])
    return "".join(parts)


def grams(text: str) -> Grams:
    """Words, pairs of words and runs of 3 to 5 letters within words, hashed."""
    words = text.split()
    found: Counter[int] = Counter()
    found.update(crc32(f"w {word}".encode()) % BUCKETS for word in words)
    found.update(crc32(f"p {a} {b}".encode()) % BUCKETS for a, b in pairwise(words))
    for word in words:
        edged = f" {word} "
        for size in _CHAR_SIZES:
            found.update(
                crc32(edged[place : place + size].encode()) % BUCKETS for place in range(len(edged) - size + 1)
            )
    buckets = np.fromiter(found.keys(), dtype=np.int64, count=len(found))
    counts = np.fromiter(found.values(), dtype=np.float32, count=len(found))
    return Grams(buckets, np.float32(1.0) + np.log(counts, dtype=np.float32))


def rule_features(
    text: Text,
    mentions: Sequence[Mention],
    hits: Sequence[Hit],
    found: Sequence[Candidate],
    actors: Sequence[Phrase],
) -> NDArray[np.float32]:
    """Best score per category, the leading one, and how text and headline's gate stand to it; ``RULE_WIDTH`` long."""
    out = np.zeros(RULE_WIDTH, dtype=np.float32)
    order = {name: number for number, name in enumerate(CATEGORIES)}
    for candidate in reversed(found):
        out[order[candidate.category]] = max(candidate.score, 0.0) / 5.0
    if found:
        out[_RULES + order[found[0].category]] = 1.0
    out[2 * _RULES] = 0.0 if found else 1.0
    opposing = against(text, hits)
    out[2 * _RULES + 1] = min(opposing / 5.0, 3.0)
    out[2 * _RULES + 2] = min(len(mentions), 6) / 3.0
    out[2 * _RULES + 3] = 1.0 if any(name.country for mention in mentions for name in mention.names) else 0.0
    out[2 * _RULES + 4] = min(text.joined.count(" "), 60) / 30.0
    out[2 * _RULES + 5] = 1.0
    if not has_gate(text, actors):
        return out
    out[NAMED] = 1.0
    if found:
        roles = who_to_whom(text, found[0], actors)
        out[NAMED + 1 :] = signals(signs(text, found[0], roles, actors, hits, opposing))
    return out
