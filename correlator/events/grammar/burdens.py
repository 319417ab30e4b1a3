"""Find who imposes or lifts a burden (tariff, ban, blockade) and on whom, by its noun: *Chad faces Malian curbs*."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from correlator.events.grammar.clause import BY, Clause, Roles, differs
from correlator.events.grammar.form import RELIEF
from correlator.events.grammar.phrases import Phrase
from correlator.events.vocabulary.actors import names_with
from correlator.events.vocabulary.lexicon import OBJECT, SUBJECT, load_groups
from correlator.events.vocabulary.own_actors import own_path
from correlator.events.vocabulary.text import Text

# Names of the rules for burdens: the owner imposes it on the bearer, or eases it.
BORNE: Final = "bears the burden of"
EASED: Final = "whose burden is eased"
NAMED_WITH: Final = "named with the burden"
_LAID_ON = frozenset({"on", "against", "for", "upon"})
_LAID_BY = frozenset({"from", "by"})
# *Russia's ban*, *India rice export ban*: the one who imposes it.
_OWN = re.compile(r" (?:'s |(?:[^ ]+ )*export )")
_LAID = re.compile(
    r" (?:(?:is|are|was|were|be|been|being|to|will|further|again|soon) )*(?:tightened|extended|widened|expanded|"
    r"renewed|prolonged|imposed|re ?imposed|restored|stiffened|toughened|stepped up|upheld|announced|"
    r"approved|agreed|adopted) "
)
# *As US Senate votes*, *after EU decision*: the one who imposes or lifts it, without *by*.
_DECIDES = re.compile(
    r" (?:'s )?(?:[^ ]+ )?(?:votes?|decisions?|decree|approval|nod|ruling|rules|orders?|review|resolution|move|acts?) "
)


def lifted(clause: Clause) -> Roles | None:
    """Return the actor after *by* as source: *Ghana visa ban lifted by US*, *talks with Chad called off by Mali*."""
    if clause.form != SUBJECT or (by := BY.match(clause.text.lowered, clause.end - 1)) is None:
        return None
    agent = next((phrase for phrase in clause.behind if phrase.start == by.end() - 1), None)
    if agent is None:
        return None
    named = (*clause.before, *clause.behind)
    return Roles([agent], [p for p in named if p.start < clause.end and differs(p, agent)], "passive, by")


def named_with(clause: Clause) -> Roles | None:
    """Return the country named with a burden as target: *Syria ban lifted*, *Iran sanctions renewed by EU*.

    A country with an adjective would use that for its own burden (*Syrian ban*); *US ban* is ambiguous.
    """
    if not clause.before or clause.category not in RELIEF | {"COERCE"}:
        return None
    bearer, text = clause.before[-1], clause.text.lowered
    noun = _owned().match(text, bearer.end - 1)
    if noun is None or noun.end() <= clause.start + 1 or _OWN.match(text, bearer.end - 1, noun.end()):
        return None
    done = clause.form == SUBJECT or _LAID.match(text, noun.end() - 1) is not None
    if not done or not _has_adjective(bearer):
        return None
    behind = [*clause.behind, *clause.later, *clause.speakers]
    if any(phrase.preposition in _LAID_ON for phrase in clause.behind):
        return None
    return Roles(_deciders(clause, [p for p in behind if differs(p, bearer)]), [bearer], NAMED_WITH)


def _deciders(clause: Clause, others: Sequence[Phrase]) -> list[Phrase]:
    """Return the first actor after *by*, else the first that decides, else the one quoted at the end."""
    text = clause.text.lowered
    agents = [phrase for phrase in others if phrase.preposition == "by"]
    agents += [phrase for phrase in others if _DECIDES.match(text, phrase.end - 1)]
    return (agents or [phrase for phrase in others if phrase in clause.speakers])[:1]


def borne(clause: Clause) -> Roles | None:
    """Return the owner of a burden as source, its bearer as target: *Brazil faces US tariffs*."""
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
    """Return who eases a burden, and for whom: *End to Saudi ban on Indonesian poultry*."""
    if clause.category not in RELIEF or clause.form != OBJECT or clause.before:
        return None
    owner = next((phrase for phrase in clause.behind if _is_owner(clause.text, phrase)), None)
    if owner is None:
        return None
    eased_for = [p for p in clause.behind if p.preposition in _LAID_ON and p.start > owner.start and differs(p, owner)]
    return Roles([owner], eased_for, EASED) if eased_for else None


def _is_owner(text: Text, phrase: Phrase) -> bool:
    """Whether the burden follows the phrase: *EU's new export curbs*."""
    return _owned().match(text.lowered, phrase.end - 1) is not None


def _has_adjective(phrase: Phrase) -> bool:
    """Whether a phrase is the plain name of a country, not an abbreviation, and so has an adjective."""
    bare = phrase.actor.role is None and not phrase.is_place
    return bare and phrase.actor.text.lower() in _countries(own_path())


@cache
def _countries(own: Path | None) -> frozenset[str]:
    return frozenset(name.text.lower() for name in names_with(own) if name.kind == "country" and not name.exact)


@cache
def _owned() -> re.Pattern[str]:
    groups = load_groups()
    nouns = "|".join(re.escape(noun) for name in ("punishments", "levies", "curbs") for noun in groups[name])
    return re.compile(rf" (?:'s )?(?:(?!(?:on|of|to|for|by|from|with|and|over|in|,) )[^ ]+ ){{0,3}}(?:{nouns}) ")


@cache
def _bears() -> re.Pattern[str]:
    return re.compile(f" (?:{'|'.join(load_groups()['bears'])}) ")
