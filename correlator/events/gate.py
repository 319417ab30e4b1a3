"""Whether a text tells a diplomatic event at all: who is named, and what speaks against it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from correlator.events.category import Candidate
from correlator.events.direction import Roles
from correlator.events.lexicon import WITHOUT
from correlator.events.parties import OFFICIAL, Parties, in_sentence_case, parties
from correlator.events.phrases import Phrase
from correlator.events.scan import Hit
from correlator.events.text import Text

_ARMED = frozenset({"MIL", "COP", "REB", "OPP", "GOV", "CVL"})
_OPEN_CONFLICT = frozenset({"ASSAULT", "PROTEST", "MOBILIZE", "COERCE", "THREATEN", "RETREAT"})
# What companies and persons do too.
_ANYONE_CAN = frozenset({"AGREE", "COOPERATE", "REQUEST", "REJECT", "THREATEN"})
# What befalls a name that is no actor's: a company or a person.
_NAMED = frozenset({"ACCUSE", "AGREE", "AID", "REJECT", "THREATEN", "REQUEST", "SUPPORT", "COERCE"})
_COMPANIES_CAN = _ANYONE_CAN | {"SUPPORT", "ACCUSE", "SANCTION", "CONSULT"}
_HEADLINE_WORDS = 10
_AGAINST = 0.75
_AGAINST_DYAD = 0.4
# Words of business between two states that trade are what they trade.
_AGAINST_GOODS = 0.2
_NO_COUNTRY = 2.6
_NO_OFFICIAL = 0.7
_BUSINESS = 1.5
_MODIFIER = 2.0
_OTHER_SUBJECT = 2.5
_OTHER_SUBJECT_ALONE = 3.5
_FIRM = 3.5
_UNSAID = 3.0
_SHORT = 14
# A headline without two parties, by who else is named.
_ORGANISATION_ALONE = 0.5
_PAIR = 0.9
_PAIR_IN_BUSINESS = 2.2
_ARMED_ALONE = 0.7
_ALONE = 3.0
_ALONE_IN_BUSINESS = 4.2
_MOST_ABROAD = 2.5
_MARKET_SUBJECT = 2.5
_COMPANY_OBJECT = 2.0
_COMPANY_OBJECT_ALONE = 5.0
_GOODS_ALONE = 3.0
_FORECAST = 6.0
_SPREAD = 2.0
FLOOR = 1.2
SIGNALS = 15
# An organisation that warns nobody foretells.
_WARNING = re.compile(r" warn(?:s|ed|ing)? ")
# What may stand between a country and its verb.
_LINKING = re.compile(
    r" (?:(?:,|and|to|may|could|can|should|must|will|would|has|have|had|is|are|was|were|been|be|not|also|again|today|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|further|strongly|formally|officially|reportedly|'s|"
    r"chief|head|boss|nations|members|states|leaders|ministers|finance|energy|finmins|delegates|countries|team|mission|"
    r"joint|bilateral|trade|defence|defense|diplomatic|new|pm|fm|president|minister|army|navy|govt|officials|"
    r"[^ ]+ly|'s [^ ]+) )*"
)


def against(text: Text, hits: Sequence[Hit]) -> float:
    """Weight of the words of sport, markets, weather and the like; in a long sentence they count less."""
    words = text.joined.count(" ") - 1
    found = {hit.start: hit.entry.weight for hit in hits if hit.entry.category == WITHOUT}
    return sum(found.values()) * min(1.0, (_HEADLINE_WORDS / words) ** 2)


def support(
    text: Text, best: Candidate, roles: Roles, actors: Sequence[Phrase], hits: Sequence[Hit], opposing: float
) -> float:
    """The deciding words' score, less what speaks against an event; under ``FLOOR`` there is none."""
    if is_headline(text):
        found = parties(text, best, roles, actors, hits)
        return best.score - _headline_cost(text, best, roles, actors, found, opposing)
    return best.score - _sentence_cost(best, roles, actors, opposing)


def signals(
    text: Text, best: Candidate, roles: Roles, actors: Sequence[Phrase], hits: Sequence[Hit], opposing: float
) -> tuple[float, ...]:
    """What the fitted model sees of the gate of a headline: ``SIGNALS`` numbers between -2 and 2."""
    found = parties(text, best, roles, actors, hits)
    lead = (best.score - _headline_cost(text, best, roles, actors, found, opposing) - FLOOR) / _SPREAD
    flags = (
        lead >= 0, found.number == 0, found.number > 1, found.organisation, found.pair, found.armed, found.market,
        found.company, found.goods, found.firm, found.bare, found.unsaid, _only_modifies(text, best, roles),
    )  # fmt: skip
    return (max(-2.0, min(lead, 2.0)), min(found.abroad, _MOST_ABROAD) / _MOST_ABROAD, *map(float, flags))


def is_headline(text: Text) -> bool:
    """Whether a text is short, without a full stop, in small letters, and no template with slots for its actors.

    Where Every Word Has a Capital, names do not show, so the words of business alone speak against an event.
    """
    if text.joined.count(" ") - 1 > _SHORT or text.joined.endswith(" . ") or "{" in text.joined:
        return False
    return in_sentence_case(text)


def _sentence_cost(best: Candidate, roles: Roles, actors: Sequence[Phrase], opposing: float) -> float:
    """A long sentence says most about itself: what counts is whether a country or an official is named."""
    countries = {actor.actor.country for actor in actors if actor.actor.country}
    slots = any(actor.actor.country is None and actor.actor.role is None for actor in actors)
    dyad = len(countries) > 1
    official = any(actor.actor.role in OFFICIAL for actor in (*roles.sources, *roles.targets))
    cost = (_AGAINST_DYAD if dyad else _AGAINST) * opposing
    if not countries and not slots:
        armed = any(actor.actor.role in _ARMED for actor in actors) and best.category in _OPEN_CONFLICT
        cost += 0.0 if armed and opposing == 0 else _NO_COUNTRY
    elif not dyad and not official and not slots:
        cost += _NO_OFFICIAL
    return cost + (_BUSINESS if roles.sources and roles.sources[0].actor.role == "BUS" else 0.0)


def _headline_cost(
    text: Text, best: Candidate, roles: Roles, actors: Sequence[Phrase], found: Parties, opposing: float
) -> float:
    """A headline needs two parties, an organisation, or armed or political sides at home."""
    two = found.number > 1
    traded = two and best.category == "COOPERATE"
    cost = (_AGAINST_GOODS if traded else _AGAINST_DYAD if two or found.organisation else _AGAINST) * opposing
    if found.market:
        cost += _MARKET_SUBJECT
    if _other_subject(text, best, actors, opposing > 0 or not found.bare):
        cost += _OTHER_SUBJECT if two else _OTHER_SUBJECT_ALONE
    if found.firm:
        cost += _FIRM
    if two:
        return cost + (_COMPANY_OBJECT if found.company and not traded else 0.0)
    court = any(phrase.actor.role == "JUD" for phrase in roles.sources[:1])
    cost += _alone(found, opposing > 0 or (court and not found.armed)) - min(found.abroad, _MOST_ABROAD)
    if found.company and not found.armed and (opposing or found.organisation or best.category in _NAMED):
        cost += _COMPANY_OBJECT_ALONE
    if found.goods or (opposing and best.category == "COOPERATE"):
        cost += _GOODS_ALONE
    if found.unsaid:
        cost += _UNSAID
    if found.organisation and _WARNING.match(text.lowered, best.hit.start):
        cost += _FORECAST
    war = found.armed and not opposing
    return cost + (_MODIFIER if not war and _only_modifies(text, best, roles) else 0.0)


def _alone(found: Parties, business: bool) -> float:
    if found.number and found.organisation:
        return _ORGANISATION_ALONE
    if found.armed and not business:
        return _ARMED_ALONE
    if found.pair:
        return _PAIR_IN_BUSINESS if business else _PAIR
    if not found.number:
        return _ALONE_IN_BUSINESS
    return _ALONE_IN_BUSINESS if business else _ALONE


def _other_subject(text: Text, best: Candidate, actors: Sequence[Phrase], loose: bool) -> bool:
    """*Retailer to open stores in China*: words, but no actor, stand before the deciding ones."""
    start = (best.governor or best.hit).start
    if best.category not in (_COMPANIES_CAN if loose else _ANYONE_CAN) or not text.lowered[:start].strip():
        return False
    return not any(actor.end <= start + 1 for actor in actors)


def _only_modifies(text: Text, best: Candidate, roles: Roles) -> bool:
    """*U.S. housing starts*: a bare country that stands before words other than the deciding ones."""
    decider = best.governor or best.hit
    named = [phrase for phrase in roles.sources[:1] if phrase.actor.role in (None, "IGO")]
    bare = [phrase for phrase in named if phrase.end <= decider.start + 1]
    if not bare:
        return False
    between = text.lowered[bare[0].end - 1 : decider.start + 1]
    return between.strip() != "" and not _LINKING.fullmatch(between)
