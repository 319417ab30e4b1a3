"""Who lays a burden (tariff, ban, blockade) on whom, or takes it off, as its noun tells: *Chad faces Malian curbs*."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from correlator.events.clause import BY, Clause, Roles, differs
from correlator.events.form import RELIEF
from correlator.events.lexicon import OBJECT, SUBJECT, load_groups
from correlator.events.phrases import Phrase
from correlator.events.text import Text

# The rules by which the owner of a burden lays it on who bears it, or eases it.
BORNE: Final = "bears the burden of"
EASED: Final = "whose burden is eased"
_LAID_ON = frozenset({"on", "against", "for", "upon"})
_LAID_BY = frozenset({"from", "by"})


def lifted(clause: Clause) -> Roles | None:
    """*Ghana visa ban lifted by US*, *talks with Chad called off by Mali*: whoever stands behind *by* acts."""
    if clause.form != SUBJECT or (by := BY.match(clause.text.lowered, clause.end - 1)) is None:
        return None
    agent = next((phrase for phrase in clause.behind if phrase.start == by.end() - 1), None)
    if agent is None:
        return None
    named = (*clause.before, *clause.behind)
    return Roles([agent], [p for p in named if p.start < clause.end and differs(p, agent)], "passive, by")


def borne(clause: Clause) -> Roles | None:
    """*Brazil faces US tariffs*, *under sanctions from Japan*: whose burden it is acts on who bears it."""
    if clause.category != "COERCE" or clause.form != OBJECT or not clause.before:
        return None
    if _bears().match(clause.text.lowered, clause.start) is None:
        return None
    subjects = clause.subjects
    others = [phrase for phrase in clause.behind if differs(phrase, subjects[0])]
    owners = [p for p in others if p.preposition in _LAID_BY or _is_owner(clause.text, p)]
    owners = owners or [phrase for phrase in others if phrase.is_place]
    return Roles(owners[:1], subjects, BORNE)


def eased(clause: Clause) -> Roles | None:
    """*End to Saudi ban on Indonesian poultry*: whose burden it was eases it for whom it lay upon."""
    if clause.category not in RELIEF or clause.form != OBJECT or clause.before:
        return None
    owner = next((phrase for phrase in clause.behind if _is_owner(clause.text, phrase)), None)
    if owner is None:
        return None
    eased_for = [p for p in clause.behind if p.preposition in _LAID_ON and p.start > owner.start and differs(p, owner)]
    return Roles([owner], eased_for, EASED) if eased_for else None


def _is_owner(text: Text, phrase: Phrase) -> bool:
    """Whether the burden is named right behind: *EU's new export curbs*."""
    return _owned().match(text.lowered, phrase.end - 1) is not None


@cache
def _owned() -> re.Pattern[str]:
    groups = load_groups()
    nouns = "|".join(re.escape(noun) for name in ("punishments", "levies", "curbs") for noun in groups[name])
    return re.compile(rf" (?:'s )?(?:(?!(?:on|of|to|for|by|from|with|and|over|in|,) )[^ ]+ ){{0,3}}(?:{nouns}) ")


@cache
def _bears() -> re.Pattern[str]:
    return re.compile(f" (?:{'|'.join(load_groups()['bears'])}) ")
