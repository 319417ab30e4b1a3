"""Find the giver if the subject is the receiver: *receives a loan from*, *secures a Saudi loan*."""

from __future__ import annotations

import re
from typing import Final

from correlator.events.grammar.clause import AUXILIARY, Clause, Roles, differs

_TO_REACH = 8
_RECEIVES = re.compile(
    r" (?:receiv(?:e|es|ed|ing)|gets?|got|fac(?:e|es|ed|ing)|wins?|won|secur(?:e|es|ed)|obtain(?:s|ed)?|dr[ae]ws?|"
    r"earn(?:s|ed)?|(?:comes?|came|is|are|was|were) under|suffer(?:s|ed)?|gain(?:s|ed)?|lands?|landed|bags?|bagged) "
)
# Passive with its object: *handed a loan by*.
_HANDED = re.compile(r" (?:is |was |has been |gets )?(?:handed|given|granted|lent|awarded|promised|offered|gifted) ")
# Name of the rule for a giver named with the gift.
WITH_GIFT: Final = "receives from, named with the gift"
_OF_GIFT = frozenset({"", "of"})
_GIVEN = frozenset({"AID", "SUPPORT", "COOPERATE", "AGREE"})
# A promised gift; *to receive a minister* is a visit.
_TO_RECEIVE = re.compile(r" (?:to|will|set to|due to) (?:get|secure|obtain) ")
# *Jordan gets $90m as IMF clears review*.
_GIVES = re.compile(
    r" (?:(?:executive )?board )?(?:clears?|cleared|approves?|approved|completes?|completed|concludes?|concluded|"
    r"okays?|okayed|passes|passed|releases?|released|disburses?|disbursed|signs? off|finishes|finished) "
)


def received(clause: Clause) -> Roles | None:
    """Return the giver as source: *faces pressure from*, *receives a loan from*, *handed a loan by*."""
    if not clause.before:
        return None
    text = clause.text.lowered
    if _HANDED.match(text, clause.before[-1].end - 1):
        givers = [p for p in clause.behind if p.preposition == "by" and differs(p, clause.before[-1])]
        return Roles(givers[:1], clause.subjects, "handed by") if givers else None
    if _RECEIVES.search(text, clause.before[-1].end - 1, clause.end) is None:
        return None
    givers = [phrase for phrase in clause.behind if phrase.preposition == "from" and not phrase.is_place]
    if not givers and clause.category == "AID" and not clause.objects:
        givers = [p for p in clause.later if differs(p, clause.before[-1]) and _GIVES.match(text, p.end - 1)]
    return Roles(givers, clause.subjects, "receives from") if givers else None


def gifted(clause: Clause) -> Roles | None:
    """Return the giver named with the gift as source: *Chad secures a Saudi loan*, *wins backing of Mali*."""
    verb_of = _TO_RECEIVE if clause.category == "AGREE" else _RECEIVES
    if clause.category not in _GIVEN or not clause.before:
        return None
    text = clause.text.lowered
    verb = verb_of.search(text, clause.before[0].end - 1, clause.end + _TO_REACH)
    subjects = [] if verb is None else [p for p in clause.subjects if p.end <= verb.start() + 1]
    if verb is None or not subjects or not AUXILIARY.fullmatch(text, subjects[-1].end - 1, verb.start() + 1):
        return None
    named = [p for p in (*clause.before, *clause.behind) if p.start >= verb.end() - 1 and not p.is_place]
    givers = [p for p in named if p.preposition in _OF_GIFT and differs(p, subjects[0])]
    return Roles(givers[:1], subjects, WITH_GIFT) if givers else None
