"""The full coder: fitted models decide whether, what and who, with the grammar's veto; the rules show words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from correlator.events.acts.gate import has_gate, is_clear, outweighs_doubt, tells_nobody
from correlator.events.acts.no_act import is_inner, is_private, no_act
from correlator.events.build import events_of, words
from correlator.events.grammar.category import Candidate
from correlator.events.grammar.clause import Roles
from correlator.events.grammar.phrases import Phrase
from correlator.events.grammar.reading import Reading, chosen, named
from correlator.events.learned.confidence import is_told, likelihood, signs_of
from correlator.events.learned.encoder import Floats
from correlator.events.learned.features import NONE
from correlator.events.learned.fitted import Judgement, judge, loudest
from correlator.events.learned.learned_roles import learned_roles, views_of
from correlator.events.model import CodedEvent, Evidence
from correlator.events.rules import deciding

_BATCH = 512
# So many signs of companies or markets a headline of one side may have.
_MOST_DOUBTS = 1.0
# How sure a category is at least that the grammar settles.
_SETTLED_SHARE = 0.9


def code_full(readings: Sequence[Reading]) -> list[list[CodedEvent]]:
    """Events of each reading, in order."""
    out: list[list[CodedEvent]] = []
    for start in range(0, len(readings), _BATCH):
        batch = [named(reading) for reading in readings[start : start + _BATCH]]
        asked = [n for n, reading in enumerate(batch) if reading.is_coded and _may_tell(reading)]
        judged = judge([batch[n] for n in asked])
        coded = {n: _code(batch[n], judgement) for n, judgement in zip(asked, judged, strict=True)}
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
    """With the category of words that leave one only (*suspends port fees*), whatever the models make of them."""
    first = next(iter(reading.candidates), None)
    if first is None or not first.settles:
        return judgement
    share = judgement.share if judgement.category == first.category else 0.0
    return replace(judgement, category=first.category, share=max(share, _SETTLED_SHARE))


def _event(reading: Reading, judgement: Judgement, roles: Roles, views: Floats | None) -> float | None:
    """How likely there is an event, None where none is told.

    A clear verb between two named states is never dropped; a headline in which neither side has a country crosses none,
    nor one of one side with several signs of companies or markets (*EU warns Zanotti over phone bundles*). The models
    weigh words of markets and sport in a sentence themselves; where nobody but companies is named, the rules do.
    """
    if has_gate(reading.text, reading.actors):
        signs = signs_of(reading, judgement, roles, views)
        if signs["no target"] and (signs["no source"] or is_inner(roles) or signs["doubts"] > _MOST_DOUBTS):
            return None
        event = likelihood(signs)
        return event if is_told(event, signs) or is_clear(reading) else None
    named = any(actor.actor.role != "BUS" for actor in reading.actors)
    return 1.0 if named or reading.opposing == 0 or reading.choice is None or outweighs_doubt(reading) else None


def _may_tell(reading: Reading) -> bool:
    return not tells_nobody(reading.text, reading.actors) and no_act(reading) is None


def placed(reading: Reading, judgement: Judgement) -> Reading:
    """With the words that speak for the judged category as the deciding ones, or else the rules' first."""
    candidate = _speaking(reading, judgement) or next(iter(reading.candidates), None)
    return reading if candidate is None else chosen(reading, candidate)


def _speaking(reading: Reading, judgement: Judgement) -> Candidate | None:
    return next((each for each in reading.candidates if each.category == judgement.category), None)


def roles_of(reading: Reading, views: Floats | None) -> Roles:
    """Who acts on whom by the encoder's ``views`` and the grammar, without the encoder by the grammar alone."""
    if views is not None:
        return learned_roles(reading, views)
    return reading.roles if reading.roles is not None else _in_order(reading.actors)


def _evidence(reading: Reading, judgement: Judgement) -> list[Evidence]:
    """The rule that speaks for the model's category; where none does, the word that weighs most in the model."""
    candidate = _speaking(reading, judgement)
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
    """First country named acts, the next other one is acted on."""
    countries = [actor for actor in actors if actor.actor.country] or list(actors)
    others = [actor for actor in countries[1:] if actor.actor.country != countries[0].actor.country]
    return Roles(countries[:1], others, "order")
