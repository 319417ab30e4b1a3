"""The full coder: the fitted model decides whether and what, the rules say who and show the words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import islice

from correlator.events.build import events_of, words
from correlator.events.category import Candidate
from correlator.events.direction import Roles, who_to_whom
from correlator.events.features import NONE
from correlator.events.fitted import Judgement, judge
from correlator.events.gate import against, has_gate, stands, tells_nobody
from correlator.events.model import CodedEvent, Evidence
from correlator.events.phrases import Phrase, phrases
from correlator.events.rules import Scanned, deciding

_BATCH = 512


def code_full(items: Sequence[Scanned], on: date | None, home: str | None) -> list[list[CodedEvent]]:
    """Events of each scanned text, in order."""
    out: list[list[CodedEvent]] = []
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        named = [phrases(item.text, item.mentions, on) for item in batch]
        asked = [n for n, item in enumerate(batch) if not tells_nobody(item.text, named[n])]
        judged = judge([batch[n] for n in asked], [named[n] for n in asked])
        coded = {n: _code(batch[n], named[n], judgement, home) for n, judgement in zip(asked, judged, strict=True)}
        out += [coded.get(n, []) for n in range(len(batch))]
    return out


def _code(item: Scanned, actors: Sequence[Phrase], judgement: Judgement, home: str | None) -> list[CodedEvent]:
    if judgement.category == NONE:
        return []
    candidate = next((c for c in item.found if c.category == judgement.category), None)
    placed = candidate or (item.found[0] if item.found else None)
    roles = who_to_whom(item.text, placed, actors, home) if placed is not None else _in_order(actors)
    if placed is not None and not has_gate(item.text, actors) and _opposed(item, placed, roles, actors):
        return []
    evidence = _evidence(item, judgement, candidate)
    return events_of(item.text, judgement.category, roles, evidence, judgement.probability, "full")


def _opposed(item: Scanned, placed: Candidate, roles: Roles, actors: Sequence[Phrase]) -> bool:
    """Whether words of sport, markets and the like outweigh the deciding ones of a sentence."""
    opposing = against(item.text, item.hits)
    return opposing > 0 and not stands(placed, roles, actors, opposing)


def _evidence(item: Scanned, judgement: Judgement, candidate: Candidate | None) -> list[Evidence]:
    """The rule that speaks for the model's category; where none does, the word that weighs most in the model."""
    if candidate is not None:
        led = "agrees" if candidate is item.found[0] else "prefers it to the rules' first"
        return deciding(item.text, candidate, f"; fitted model {led}, {judgement.probability:.2f}")
    rule = f"fitted model: {judgement.category} {judgement.probability:.2f}"
    if item.found:
        rule += f", rules alone: {item.found[0].category}"
    place = item.text.lowered.find(f" {judgement.word} ") if judgement.word else -1
    if place < 0:
        return [words(item.text, "category", 0, 0, rule)]
    return [words(item.text, "category", place, place + len(judgement.word) + 2, rule)]


def _in_order(actors: Sequence[Phrase]) -> Roles:
    """First country named acts, the next other one is acted on."""
    named = [actor for actor in actors if actor.actor.country] or list(actors)
    others = [actor for actor in named[1:] if actor.actor.country != named[0].actor.country]
    return Roles(named[:1], others, "order")
