"""The default coder, which uses rules and lexicon only."""

from __future__ import annotations

import math

from correlator.events.acts.gate import SURE, has_gate, likelihood
from correlator.events.acts.no_act import is_inner, is_private, no_act
from correlator.events.build import events_of, words
from correlator.events.grammar.category import Candidate
from correlator.events.grammar.reading import Reading, chosen, named, weighed
from correlator.events.model import CodedEvent, Evidence
from correlator.events.vocabulary.text import Text


def code_rules(reading: Reading) -> list[CodedEvent]:
    """Return events by the strongest candidate, if an actor is named and the evidence suffices."""
    if not reading.mentions or not (reading := weighed(reading)).candidates:
        return []
    reading = named(reading)
    if not reading.actors:
        return []
    best = reading.candidates[0]
    reading = chosen(reading, best)
    event = likelihood(reading)
    if event < SURE or reading.roles is None or is_private(reading) or no_act(reading) or _stays_within(reading):
        return []
    confidence = round(event * _clearness(reading), 3)
    return events_of(
        reading.text, best.category, reading.roles, deciding(reading.text, best), confidence=confidence, coder="rules"
    )


def _stays_within(reading: Reading) -> bool:
    """Whether a headline is about a parliament, court or party, and names no country on the other side."""
    if reading.roles is None or not has_gate(reading.text, reading.actors):
        return False
    return not any(phrase.actor.country for phrase in reading.roles.targets[:1]) and is_inner(reading.roles)


def deciding(text: Text, candidate: Candidate, note: str = "") -> list[Evidence]:
    """Return the governing words and the pattern that support a candidate."""
    hits = [hit for hit in (candidate.governor, candidate.hit) if hit is not None]
    return [
        words(text, "category", hit.start, hit.end, rule=f"{hit.entry.category}: {hit.entry.pattern}{note}")
        for hit in hits
    ]


def _clearness(reading: Reading) -> float:
    """Return how clear the category is, from 0 to 1: its lead over the next one, less opposing evidence."""
    best = reading.candidates[0]
    other = max((c.score for c in reading.candidates if c.category != best.category), default=0.0)
    strength = 0.5 * (best.score - 3.0) + 0.5 * (best.score - other) - 0.1 * reading.opposing
    return 1.0 / (1.0 + math.exp(-strength))
