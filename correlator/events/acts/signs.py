"""The named signs of a headline for and against a diplomatic event."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from correlator.events.grammar.category import Candidate
from correlator.events.grammar.clause import Roles
from correlator.events.grammar.parties import parties
from correlator.events.grammar.phrases import Phrase
from correlator.events.grammar.reading import Reading
from correlator.events.vocabulary.text import Text

# Settings in which a sign is weighed: always, by the number of named parties, and with business words.
SETTINGS: Final = ("any", "one", "two", "business")
# Categories of acts that companies and persons can also do.
_ANYONE_CAN = frozenset({"AGREE", "COOPERATE", "REQUEST", "REJECT", "THREATEN"})
_COMPANIES_CAN = _ANYONE_CAN | {"SUPPORT", "ACCUSE", "SANCTION", "CONSULT"}
# Bounds of numeric signs, and scales that bring them close to 1.
_MOST = 8.0
_SCALE = 4.0
_MOST_ABROAD = 4.0
_ABROAD_SCALE = 2.0
_LENGTH_SCALE = 10.0
# An organisation that warns nobody makes a forecast.
_WARNING = re.compile(r" warn(?:s|ed|ing)? ")
# Words allowed between a country and its verb.
_LINKING = re.compile(
    r" (?:(?:,|and|to|may|could|can|should|must|will|would|has|have|had|is|are|was|were|been|be|not|also|again|today|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|further|strongly|formally|officially|reportedly|'s|"
    r"chief|head|boss|nations|members|states|leaders|ministers|finance|energy|finmins|delegates|countries|team|mission|"
    r"joint|bilateral|trade|defence|defense|diplomatic|new|pm|fm|president|minister|army|navy|govt|officials|"
    r"[^ ]+ly|'s [^ ]+) )*"
)


class Signs(NamedTuple):
    """Signs (numbers near 1) by name, and the settings (of ``SETTINGS``) in which they are weighed."""

    values: dict[str, float]
    settings: tuple[str, ...]


def signs(reading: Reading) -> Signs:
    """Return the signs of a headline whose deciding words are chosen."""
    text, best, roles, opposing = reading.text, reading.choice, reading.roles, reading.opposing
    if best is None or roles is None:
        raise ValueError("signs are those of a reading whose deciding words are chosen")
    named = parties(reading)
    values = {
        "always": 1.0,
        "score": min(best.score, _MOST) / _SCALE,
        "opposing words": min(opposing, _MOST) / _SCALE,
        "words abroad": min(named.abroad, _MOST_ABROAD) / _ABROAD_SCALE,
        "length": text.length / _LENGTH_SCALE,
        f"category {best.category}": 1.0,
        f"source {_kind(roles.sources)}": 1.0,
        f"target {_kind(roles.targets)}": 1.0,
    }
    flags = {
        "no party": named.number == 0,
        "organisation": named.organisation,
        "pair": named.pair,
        "armed": named.armed,
        "market": named.market,
        "company": named.company,
        "goods": named.goods,
        "firm": named.firm,
        "bare": named.bare,
        "unsaid": named.unsaid,
        "dyad": _is_dyad(roles),
        "governed": best.governor is not None,
        "other subject": _other_subject(text, best, reading.actors, opposing > 0 or not named.bare),
        "only modifies": any(only_modifies(text, best, phrase) for phrase in roles.sources[:1]),
        "warning": named.organisation and _WARNING.match(text.lowered, best.hit.start) is not None,
    }
    values.update((name, 1.0) for name, flag in flags.items() if flag)
    number = "two" if named.number > 1 else "one"
    return Signs(values, ("any", number, "business") if opposing > 0 else ("any", number))


def _kind(phrases: Sequence[Phrase]) -> str:
    """Return the role of the first actor, or *state* for a country alone."""
    return (phrases[0].actor.role or "state") if phrases else "unsaid"


def _is_dyad(roles: Roles) -> bool:
    countries = {phrase.actor.country for phrase in (*roles.sources[:1], *roles.targets[:1])} - {None}
    return len(countries) > 1


def _other_subject(text: Text, best: Candidate, actors: Sequence[Phrase], loose: bool) -> bool:
    """Whether words but no actor precede the deciding words: *Retailer to open stores in China*."""
    start = (best.governor or best.hit).start
    if best.category not in (_COMPANIES_CAN if loose else _ANYONE_CAN) or not text.lowered[:start].strip():
        return False
    return not any(actor.end <= start + 1 for actor in actors)


def only_modifies(text: Text, best: Candidate, phrase: Phrase) -> bool:
    """Whether a bare country or organisation modifies other words than the deciding ones: *U.S. housing starts*."""
    decider = best.governor or best.hit
    if phrase.actor.role not in (None, "IGO") or phrase.end > decider.start + 1:
        return False
    between = text.lowered[phrase.end - 1 : decider.start + 1]
    return between.strip() != "" and not _LINKING.fullmatch(between)
