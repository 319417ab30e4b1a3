"""The default coder: rules and lexicon alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from correlator.events.build import events_of, words
from correlator.events.category import Candidate, candidates
from correlator.events.direction import who_to_whom
from correlator.events.gate import SURE, against, likelihood
from correlator.events.model import CodedEvent, Evidence
from correlator.events.phrases import phrases
from correlator.events.scan import Hit, Mention, scan
from correlator.events.text import Text, prepare


class Scanned(NamedTuple):
    """A text with what the rules saw in it: names, patterns, and the categories they speak for (best first)."""

    text: Text
    mentions: list[Mention]
    hits: list[Hit]
    found: list[Candidate]


def scanned(text: str) -> Scanned:
    """Names, patterns and candidate categories of a text."""
    ready = prepare(text)
    mentions, hits = scan(ready)
    return Scanned(ready, mentions, hits, candidates(ready, hits) if hits else [])


def code_rules(item: Scanned, on: date | None, home: str | None) -> list[CodedEvent]:
    """Events by the strongest candidate, if an actor is named and not too much speaks against it."""
    if not item.found or not item.mentions:
        return []
    actors = phrases(item.text, item.mentions, on)
    if not actors:
        return []
    best = item.found[0]
    roles = who_to_whom(item.text, best, actors, home)
    opposing = against(item.text, item.hits)
    event = likelihood(item.text, best, roles, actors, item.hits, opposing)
    if event < SURE:
        return []
    confidence = round(event * _clearness(item.found, opposing), 3)
    return events_of(item.text, best.category, roles, deciding(item.text, best), confidence, "rules")


def deciding(text: Text, candidate: Candidate, note: str = "") -> list[Evidence]:
    """The governing words and the pattern that speak for a candidate."""
    hits = [hit for hit in (candidate.governor, candidate.hit) if hit is not None]
    return [
        words(text, "category", hit.start, hit.end, f"{hit.entry.category}: {hit.entry.pattern}{note}") for hit in hits
    ]


def _clearness(found: Sequence[Candidate], opposing: float) -> float:
    """How clear the category is, between 0 and 1: the lead over the next other one, less what speaks against."""
    best = found[0]
    other = max((c.score for c in found if c.category != best.category), default=0.0)
    strength = 0.5 * (best.score - 3.0) + 0.5 * (best.score - other) - 0.1 * opposing
    return 1.0 / (1.0 + math.exp(-strength))
