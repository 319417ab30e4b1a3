"""Resolve actors without a country: *rebels*, *the president*, a place shared by two countries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from correlator.events.grammar.clause import Clause, of_country
from correlator.events.grammar.page_country import OF_OTHERS, THE_PAGE, from_page, is_own_office
from correlator.events.grammar.phrases import Phrase
from correlator.events.model import Actor

_DOMESTIC = frozenset({"CONCEDE", "RETREAT", "COERCE", "PROTEST", "ASSAULT", "MOBILIZE"})
# Acts whose direct object is domestic if no country is named with it: *Argentine judge orders former president to*.
_ON_PERSONS = frozenset({"REQUEST", "ASSAULT", "COERCE", "CONCEDE", "ACCUSE", "PROTEST"})
_PERSONS = frozenset({"OPP", "CVL", "REB", "PTY", "JUD", "LEG", "GOV"})
# Roles that act where they are, rather than abroad.
_RESIDENT = frozenset({"CVL", "REB", "OPP", "COP", "JUD", "PTY", "LEG"})
_POWERS = frozenset({"GOV", "MIL", "COP", "LEG", "JUD", "OPP"})
_POST = re.compile(r"\b(?:embassy|consulate|mission|envoys?|ambassadors?|diplomats?|high commission(?:er)?)\b")
_AIMED = frozenset({"on", "against", "into", "at", "upon", "over"})
# Acts of another country towards the page's own if no target is named.
_COMES_OR_GIVES = frozenset({"CONSULT", "AID"})
_CLOSE = 40
# Acts on foreign targets whose country may not be named: *US sanctions Rosneft*.
_ABROAD = re.compile(r" (?:sanctions?|sanctioned|blacklists?|blacklisted|tariffs?|duty|duties|embargo(?:es)?) ")
# Name of the rule by which the victim is of another country than the doer.
BY_DEED: Final = "passive, by its deed"


def own_people(clause: Clause, first: Phrase) -> list[Phrase]:
    """Return a direct object without a country as one of the place of the act, else of the subject's own country."""
    direct = next(iter(clause.objects), None)
    if direct is None or clause.category not in _ON_PERSONS or first.actor.country is None:
        return []
    if clause.category == "REQUEST" and any(p.preposition == "from" and p.actor.country for p in clause.objects):
        return []
    place = next((p for p in (*clause.places, *clause.later) if p.is_place and p.preposition != "on"), None)
    if place is not None and place.actor.country is None:
        place = None
    if direct.actor.country is not None:
        if place is not None and direct.actor.role == "REB":
            return [of_country(direct, place)]
        near = direct.start - clause.end < _CLOSE and direct.preposition in ("", "with", "of")
        return [direct] if near and direct.actor.country == first.actor.country else []
    if direct.actor.role not in _PERSONS or OF_OTHERS.search(clause.text.lowered, 0, direct.start + 1):
        return []
    if any(phrase.actor.country and phrase.preposition in _AIMED for phrase in clause.objects):
        return []
    if place is not None:
        return [of_country(direct, place)]
    return [direct] if len(first.actor.country) == 3 and first.actor.role not in ("IGO", "NGO", "IMG") else []


def settled(
    clause: Clause, sources: list[Phrase], targets: list[Phrase], rule: str
) -> tuple[list[Phrase], list[Phrase], str]:
    """Give roles without a country the one implied by the text, and shared places that of the other side."""
    if sources and sources[0].actor.country is None:
        home = _home(clause, sources[0], targets)
        sources = [of_country(sources[0], home), *sources[1:]] if home is not None else sources
    elif sources and targets and targets[0].shared is None:
        sources = [other_side(sources[0], targets[0].actor.country), *sources[1:]]
    country = sources[0].actor.country if sources else None
    if targets and clause.home and _is_guest(clause, country) and is_own_office(clause.text, targets[0]):
        targets = [from_page(targets[0], clause.home), *targets[1:]]
    if targets and targets[0].actor.country is None and rule.startswith(BY_DEED):
        abroad = clause.home is not None and clause.home != country
        targets = [from_page(targets[0], clause.home), *targets[1:]] if clause.home and abroad else targets
    elif targets and targets[0].actor.country is None:
        known = next((phrase for phrase in (*sources[:1], *targets) if phrase.actor.country), None)
        targets = [of_country(targets[0], known), *targets[1:]] if known is not None else targets
    targets = [other_side(phrase, country) for phrase in targets]
    if not targets and _is_guest(clause, country):
        return sources, [Phrase(0, 0, Actor(clause.home, None, ""), False, country_from=THE_PAGE)], f"{rule}; unsaid"
    if sources and not targets and sources[0].shared is not None:
        return sources, [other_side(sources[0], country)], f"{rule}; shared"
    if sources and not targets and country and _is_domestic(clause, sources[0]):
        at_home = sources[0]._replace(actor=Actor(country, None, sources[0].actor.text))
        return sources, [at_home], f"{rule}; at home"
    return sources, targets, rule


def _is_guest(clause: Clause, country: str | None) -> bool:
    """Whether another country visits or aids the page's own: *Chinese premier arrives*, *Kuwait extends loan*."""
    return clause.home is not None and country not in (None, clause.home) and clause.category in _COMES_OR_GIVES


def other_side(phrase: Phrase, country: str | None) -> Phrase:
    """Assign a place shared by two countries to the other one if ``country`` is one of them."""
    if phrase.shared is None or phrase.actor.country != country:
        return phrase
    return phrase._replace(actor=Actor(phrase.shared, phrase.actor.role, phrase.actor.text), shared=country)


def _home(clause: Clause, source: Phrase, targets: Sequence[Phrase]) -> Phrase | None:
    """Return the phrase that gives a source its country: its place, or the only country in the sentence."""
    everywhere = (*clause.before, *clause.behind, *clause.later, *clause.speakers)
    named = [phrase for phrase in everywhere if phrase.actor.country]
    places = [phrase for phrase in named if phrase.is_place]
    if places and source.actor.role in _RESIDENT:
        return places[0]
    target = next((phrase for phrase in targets if phrase.actor.country), None)
    if target is None:
        return next(iter([*places, *named]), None)
    alone = len({phrase.actor.country for phrase in named}) == 1
    fights_at_home = alone and source.actor.role == "MIL" and target.actor.role == "REB"
    if target.is_place or _at_home(source, target) or fights_at_home:
        return target
    if alone and clause.category != "CONSULT" and clause.in_sentence:
        return target
    return None


def _is_domestic(clause: Clause, source: Phrase) -> bool:
    if _ABROAD.search(clause.text.lowered, clause.start, clause.end):
        return False
    if clause.category == "REJECT" and clause.in_sentence:
        return True
    return clause.category in _DOMESTIC or (clause.category in _ON_PERSONS and source.actor.role in _RESIDENT)


def _at_home(source: Phrase, target: Phrase) -> bool:
    """Whether both are of one country: *rebels attack the Congolese army*, not *protesters storm the US embassy*."""
    if source.actor.role not in _RESIDENT or target.actor.role not in _POWERS:
        return False
    return _POST.search(target.actor.text.lower()) is None
