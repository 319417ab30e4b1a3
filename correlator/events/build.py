"""Build coded events from a category and its actors, with the evidence for each field."""

from __future__ import annotations

from collections.abc import Sequence

from correlator.events.grammar.clause import Roles
from correlator.events.grammar.phrases import Phrase
from correlator.events.model import CATEGORIES, Actor, CodedEvent, Evidence, dyad_of
from correlator.events.vocabulary.text import Text
from correlator.events.vocabulary.tone import tone_of

_MAX_EVENTS = 4


def events_of(
    text: Text, name: str, roles: Roles, deciding: Sequence[Evidence], *, confidence: float, coder: str
) -> list[CodedEvent]:
    """Return one event per pair of source and target, the main one first."""
    return [
        _event(text, name, roles, pair, deciding=deciding, confidence=confidence, coder=coder) for pair in _pairs(roles)
    ]


def words(text: Text, field: str, start: int, end: int, *, rule: str) -> Evidence:
    """Return evidence for ``field``: the words of ``text.joined[start:end]``, empty if implied (start equals end)."""
    if start == end:
        return {"field": field, "span": "", "start": 0, "end": 0, "rule": rule}
    first, last = text.offsets(start, end)
    return {"field": field, "span": text.original[first:last], "start": first, "end": last, "rule": rule}


def _pairs(roles: Roles) -> list[tuple[Phrase | None, Phrase | None]]:
    """Pair each source with each target; after the first pair, only two different countries."""
    sources: list[Phrase | None] = [*roles.sources] or [None]
    targets: list[Phrase | None] = [*roles.targets] or [None]
    pairs = [(source, target) for source in sources for target in targets]
    first, *rest = pairs
    seen = {_countries(first)}
    kept = [first]
    for pair in rest:
        countries = _countries(pair)
        if None not in countries and countries[0] != countries[1] and countries not in seen:
            seen.add(countries)
            kept.append(pair)
    return kept[:_MAX_EVENTS]


def _countries(pair: tuple[Phrase | None, Phrase | None]) -> tuple[str | None, str | None]:
    source, target = pair
    return (source.actor.country if source else None, target.actor.country if target else None)


def _event(
    text: Text,
    name: str,
    roles: Roles,
    pair: tuple[Phrase | None, Phrase | None],
    *,
    deciding: Sequence[Evidence],
    confidence: float,
    coder: str,
) -> CodedEvent:
    category = CATEGORIES[name]
    source, target = (_actor(phrase) for phrase in pair)
    evidence = list(deciding)
    for field, phrase in (("source", pair[0]), ("target", pair[1])):
        if phrase is not None:
            evidence.append(words(text, field, phrase.start, phrase.end, rule=_rule(roles, phrase)))
    return CodedEvent(
        category.name,
        category.quad_class,
        category.cameo_root,
        category.goldstein,
        tone_of(text.lowered),
        confidence,
        source,
        target,
        dyad_of(source, target),
        tuple(evidence),
        coder,
    )


def _rule(roles: Roles, phrase: Phrase) -> str:
    return f"{roles.rule}; country from {phrase.country_from}" if phrase.country_from else roles.rule


def _actor(phrase: Phrase | None) -> Actor | None:
    return phrase.actor if phrase is not None else None
