"""The full coder: fitted models decide event, category and actors, the grammar may veto, the rules give evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from correlator.events.acts.gate import has_gate, is_clear, names_no_actor, outweighs_doubt
from correlator.events.acts.no_act import is_inner, is_private, no_act
from correlator.events.build import events_of, words
from correlator.events.grammar.category import Candidate
from correlator.events.grammar.clause import Roles
from correlator.events.grammar.phrases import Phrase
from correlator.events.grammar.reading import Reading, chosen, named
from correlator.events.learned.confidence import is_likely_event, likelihood, signs_of
from correlator.events.learned.encoder import Floats
from correlator.events.learned.features import NONE
from correlator.events.learned.fitted import Judgement, judge, loudest
from correlator.events.learned.learned_roles import learned_roles, views_of
from correlator.events.model import CodedEvent, Evidence
from correlator.events.rules import deciding

_BATCH = 512
# Most signs of companies or markets in a headline with one side only.
_MOST_DOUBTS = 1.0
# Least probability of a category that the grammar settles.
_SETTLED_SHARE = 0.9


def code_full(readings: Sequence[Reading]) -> list[list[CodedEvent]]:
    """Return the events of each reading, in order."""
    out: list[list[CodedEvent]] = []
    for start in range(0, len(readings), _BATCH):
        batch = [named(reading) for reading in readings[start : start + _BATCH]]
        candidates = [n for n, reading in enumerate(batch) if reading.is_coded and _may_have_event(reading)]
        judged = judge([batch[n] for n in candidates])
        coded = {n: _code(batch[n], judgement) for n, judgement in zip(candidates, judged, strict=True)}
        out += [coded.get(n, []) for n in range(len(batch))]
    return out


def _code(reading: Reading, judgement: Judgement) -> list[CodedEvent]:
    judgement = _settled(reading, judgement)
    if judgement.category == NONE:
        return []
    reading = placed(reading, judgement)
    views = views_of(reading, judgement.roles) if judgement.roles is not None else None
    roles = roles_of(reading, views)
    event = _event(reading, judgement, roles, views)
    if event is None or is_private(reading._replace(roles=roles)):
        return []
    confidence = round(event * judgement.share, 3)
    evidence = _evidence(reading, judgement)
    return events_of(reading.text, judgement.category, roles, evidence, confidence=confidence, coder="full")


def _settled(reading: Reading, judgement: Judgement) -> Judgement:
    """Override the models' category where the words allow only one (*suspends port fees*)."""
    first = next(iter(reading.candidates), None)
    if first is None or not first.settles:
        return judgement
    share = judgement.share if judgement.category == first.category else 0.0
    return replace(judgement, category=first.category, share=max(share, _SETTLED_SHARE))


def _event(reading: Reading, judgement: Judgement, roles: Roles, views: Floats | None) -> float | None:
    """Return the probability of an event, or None for no event.

    A clear verb between two named states is never dropped. A headline in which neither side has a country has no event,
    nor one with a single side and several signs of companies or markets (*EU warns Zanotti over phone bundles*). The
    models weigh words of markets and sport in a sentence themselves; if only companies are named, the rules do.
    """
    if has_gate(reading.text, reading.actors):
        signs = signs_of(reading, judgement, roles, views)
        if signs["no target"] and (signs["no source"] or is_inner(roles) or signs["doubts"] > _MOST_DOUBTS):
            return None
        event = likelihood(signs)
        return event if is_likely_event(event, signs) or is_clear(reading) else None
    named = any(actor.actor.role != "BUS" for actor in reading.actors)
    return 1.0 if named or reading.opposing == 0 or reading.choice is None or outweighs_doubt(reading) else None


def _may_have_event(reading: Reading) -> bool:
    return not names_no_actor(reading.text, reading.actors) and no_act(reading) is None


def placed(reading: Reading, judgement: Judgement) -> Reading:
    """Choose the words that support the judged category as the deciding ones, else the rules' first candidate."""
    candidate = _supporting(reading, judgement) or next(iter(reading.candidates), None)
    return reading if candidate is None else chosen(reading, candidate)


def _supporting(reading: Reading, judgement: Judgement) -> Candidate | None:
    return next((each for each in reading.candidates if each.category == judgement.category), None)


def roles_of(reading: Reading, views: Floats | None) -> Roles:
    """Return source and target by the encoder's ``views`` and the grammar, or by the grammar alone."""
    if views is not None:
        return learned_roles(reading, views)
    return reading.roles if reading.roles is not None else _in_order(reading.actors)


def _evidence(reading: Reading, judgement: Judgement) -> list[Evidence]:
    """Return the rule that supports the model's category, else the word with the largest weight in the model."""
    candidate = _supporting(reading, judgement)
    if candidate is not None:
        led = "agrees" if candidate is reading.candidates[0] else "prefers it to the rules' first"
        return deciding(reading.text, candidate, f"; fitted model {led}, {judgement.share:.2f}")
    rule = f"fitted model: {judgement.category} {judgement.share:.2f}"
    if reading.candidates:
        rule += f", rules alone: {reading.candidates[0].category}"
    word = loudest(reading, judgement.category)
    place = reading.text.lowered.find(f" {word} ") if word else -1
    if place < 0:
        return [words(reading.text, "category", 0, 0, rule=rule)]
    return [words(reading.text, "category", place, place + len(word) + 2, rule=rule)]


def _in_order(actors: Sequence[Phrase]) -> Roles:
    """Return the first country as source and the next different one as target."""
    countries = [actor for actor in actors if actor.actor.country] or list(actors)
    others = [actor for actor in countries[1:] if actor.actor.country != countries[0].actor.country]
    return Roles(countries[:1], others, "order")
