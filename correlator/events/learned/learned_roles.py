"""Decide source and target from the encoder's probabilities and the grammar, which may veto."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from correlator.events.grammar.burdens import BORNE, EASED, NAMED_WITH
from correlator.events.grammar.clause import Roles, clause_of
from correlator.events.grammar.direction import is_forum
from correlator.events.grammar.gifts import WITH_GIFT
from correlator.events.grammar.home import BY_DEED, settled
from correlator.events.grammar.phrases import PLACING, Phrase
from correlator.events.grammar.reading import Reading
from correlator.events.learned.encoder import Floats, hints
from correlator.events.learned.features import role_features

_SOURCE, _TARGET, _NEITHER = 0, 1, 2
# How much (in log odds) the encoder must disagree to overrule the grammar; more for plain constructions.
MARGIN: Final = 3.0
_PLAIN_MARGIN: Final = 5.0
# Constructions that the encoder never overrules.
_SETTLED = (BY_DEED, WITH_GIFT, BORNE, EASED, NAMED_WITH)
_PLAIN = ("passive, by", "receives from", "says that", "must")
# Penalty for source and target of the same country, which is rarely right if another one is named.
_SAME_COUNTRY = 1.5
_TOGETHER = 0.6
_LEAST = 1e-6
_SIDES_AND_FORUM = 3
_JOINT = 2


def views_of(reading: Reading, logits: Floats, weights: Path | None = None) -> Floats:
    """Return probabilities (actors, 3) of source, target and neither from the encoder's ``logits`` and the grammar.

    ``weights``: the file of the encoder's fit, None for the shipped one.
    """
    logits = logits + hints(role_features(reading), weights)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(np.maximum(odds / odds.sum(axis=1, keepdims=True), _LEAST), dtype=np.float32)


def learned_roles(reading: Reading, views: Floats) -> Roles:
    """Return source and target by the actors' ``views`` (actors, 3), or the grammar's if they agree enough."""
    grammar, actors = reading.roles, reading.actors
    if not actors:
        return grammar or Roles([], [], "nobody")
    views = _without_forums(reading, views)
    gains = np.log(views) - np.log(views[:, [_NEITHER]])
    source, target = _best_pair(actors, gains)
    if grammar is not None:
        if grammar.rule.startswith(_SETTLED):
            return grammar
        if target is not None and _act_together(grammar, actors[target]):
            return grammar
        numbers = _places(actors, grammar)
        plain = grammar.rule.startswith(_PLAIN) or (reading.choice is not None and reading.choice.settles)
        margin = _PLAIN_MARGIN if plain else MARGIN
        if _gain(actors, gains, *numbers) >= _gain(actors, gains, source, target) - margin:
            return grammar
    sources = [] if source is None else [actors[source], *_others(actors, views, _SOURCE, (source, target))]
    targets = [] if target is None else [actors[target], *_others(actors, views, _TARGET, (source, target))]
    if reading.choice is None:
        return Roles(sources, targets, "learned")
    clause = clause_of(reading.text, reading.choice, actors, reading.home)
    return Roles(*settled(clause, sources, targets, "learned"))


def _act_together(grammar: Roles, other: Phrase) -> bool:
    """Whether ``other`` is a joint subject and another actor the target: *Kenya, Uganda lift ban on Chad*."""
    joint = [phrase.actor.country for phrase in grammar.sources]
    acted_on = next(iter(grammar.targets), None)
    if len(joint) < _JOINT or acted_on is None or acted_on.preposition in PLACING or acted_on.country_from:
        return False
    country = acted_on.actor.country
    return country is not None and country not in joint and other.actor.country in joint


def _without_forums(reading: Reading, views: Floats) -> Floats:
    """Exclude the forum of an accusation if there are three or more actors: *Peru takes Chile to the WTO*."""
    accused = reading.choice is not None and reading.choice.category == "ACCUSE"
    if not accused or len(reading.actors) < _SIDES_AND_FORUM:
        return views
    heard = np.array([is_forum(reading.text, actor) for actor in reading.actors])
    return np.where(heard[:, None], np.array([_LEAST, _LEAST, 1.0], dtype=np.float32), views)


def _best_pair(actors: Sequence[Phrase], gains: Floats) -> tuple[int | None, int | None]:
    """Return the source and target (numbers, or None) with the largest summed gain over taking no part."""
    numbers: list[int | None] = [None, *range(len(actors))]
    pairs = [(s, t) for s in numbers for t in numbers if s is None or s != t]
    pairs = [pair for pair in pairs if pair != (None, None)]
    return max(pairs, key=lambda pair: _gain(actors, gains, *pair))


def _gain(actors: Sequence[Phrase], gains: Floats, source: int | None, target: int | None) -> float:
    total = 0.0 if source is None else float(gains[source, _SOURCE])
    total += 0.0 if target is None else float(gains[target, _TARGET])
    if source is not None and target is not None:
        first, second = actors[source].actor.country, actors[target].actor.country
        total -= _SAME_COUNTRY if first is not None and first == second else 0.0
    return total


def _places(actors: Sequence[Phrase], roles: Roles) -> tuple[int | None, int | None]:
    """Return the numbers of the actors that are source and target in the grammar."""
    places: list[int | None] = []
    for phrases in (roles.sources, roles.targets):
        starts = {phrase.start for phrase in phrases[:1] if phrase.end}
        places.append(next((n for n, actor in enumerate(actors) if actor.start in starts), None))
    return (places[0], places[1]) if places[0] != places[1] else (places[0], None)


def _others(actors: Sequence[Phrase], views: Floats, side: int, taken: tuple[int | None, int | None]) -> list[Phrase]:
    """Return further actors that are clearly on the same side."""
    return [
        actor
        for number, actor in enumerate(actors)
        if number not in taken and views[number, side] > _TOGETHER and actor.actor.country
    ]
