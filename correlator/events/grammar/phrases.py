"""Combine mentions of actors into noun phrases: *Israeli Prime Minister Ehud Barak* is one actor, ISR:GOV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from correlator.events.grammar.scan import Mention
from correlator.events.model import Actor
from correlator.events.vocabulary.actors import Name
from correlator.events.vocabulary.text import Text, prepare

# Words allowed between two names of one actor.
_JOINT = re.compile(
    r"(?:(?:'s|of|the|for|new|former|top|senior|deputy|acting|foreign|prime|interim|state|federal|special|"
    r"ruling|main|led|based|capital|city|chief|ex|vice|first|supreme|national|central|military|security|armed|riot|"
    r"rebel) )*"
)
# The preposition before a phrase, over words that belong to the phrase.
_PREPOSITION = re.compile(
    r" (by|against|to|into|onto|toward|towards|with|from|on|upon|over|for|between|of|among|alongside|"
    r"in|at|near|inside|around|off|outside|across|throughout|within|along|via|through)"
    r"(?: (?:the|an?|its|his|her|their|all|some|several|many|most|two|three|both|town|city|port|state|province|"
    r"capital|territory|south|north|east|west|central|neighbouring|neighboring|remote|whole|mostly|around|of|"
    r"[^ ]+(?:ern|al|ing|ish|ive|ous|ary|held|ian|ed)|\d[\d.,]*))*? $"
)
# *In the streets of*, *in a suburb of*: the name after *of* is a place.
_PART_OF = re.compile(
    r" (?:in|at|near|inside|around|off|outside|across|into|from)(?: [^ ,]+)?? (?:[^ ,]+ )?(?:city|town|sector|suburbs?|"
    r"areas?|parts?|regions?|province|capital|outskirts|districts?|streets|north|south|east|west|village|port|half|"
    r"cent(?:er|re)|enclave|heart|quarter|neighbou?rhood|state|island|coast|territory|valley) of"
    r"(?: (?:the|mostly|[^ ]+(?:ern|ian)))* $"
)
# *Hackers linked to Iran*: the name is their country.
_ATTACHED = re.compile(r" (?:linked|loyal|aligned|allied|belonging|affiliated|close) (?:to|with)(?: the)? $")
PLACING = frozenset(
    {
        "in",
        "at",
        "near",
        "inside",
        "around",
        "off",
        "outside",
        "across",
        "throughout",
        "within",
        "along",
        "via",
        "through",
    }
)
# *Lashes out at Oman*: a target, not a place.
_AIMED_AT = re.compile(
    r" (?:lash(?:es|ed|ing)?|hits?|hitting|lashes out|out|back|swipe|dig|fury|anger|fires|fired|firing|barb|salvo|"
    r"missiles?|rockets?|aimed|jabs?|broadside) at(?: the)? $"
)
_GROUND = re.compile(
    r" (?:'s )?(?:capital|city|town|village|port|province|region|district|territory|airspace|waters|soil|coast|"
    r"border|frontier|side|desert|peninsula|island|countryside|enclave|suburb|parliament square) "
)
# *At the OIC summit*: the organisation is the venue.
_VENUE = re.compile(r" (?:'s )?(?:[^ ]+ )?(?:summit|meeting|conference|session|forum|moot|sidelines) ")
_BORDER = re.compile(r" (?:'s )?(?:border|frontier|coast|soil|territory|side of|(?:summit |moot )?sidelines) ")
_ENVOY_BEFORE = re.compile(r" (?:ambassador|envoy|commissioner|ambassadors|trip|flight|access)(?: to| for) (?:the )?$")
# *Iran-backed*, *UN-brokered*, *pro-Russian*: the name qualifies the next word rather than naming an actor.
_BACKED = re.compile(r" (?:backed|linked|allied|sponsored|funded|aligned|affiliated|inspired|supported) ")
_MADE = re.compile(
    r" (?:brokered|mediated|occupied|controlled|held|administered|made|built|bound|born|manned|drafted|style|owned|"
    r"hosted|supplied|trained|armed|educated|monitored|registered|flagged|speaking|"
    r"dictated|imposed|mandated|led|driven) "
)
# Who is out of office acts for none: *former Omani minister*, *Oman's ex-president*.
_PAST = r" (?:former|ex|late|retired|onetime|erstwhile|deposed|ousted) "
_WAS, _WAS_BEFORE = re.compile(_PAST), re.compile(rf"{_PAST}$")
_OFFICIAL = frozenset({"GOV", "MIL", "LEG", "JUD", "COP", "SPY"})
# Actor words used as adjectives: *an official visit*, *military exercises*.
_DESCRIBING = frozenset({"official", "military", "customs", "house", "mission", "police", "army"})
_DESCRIBES = re.compile(
    r" (?:visits?|protests?|talks|statements?|trips?|documents?|complaints?|invitations?|exercises?|drills?|aid|bases?|"
    r"ties|cooperation|training|action|operations?|rule|equipment|help|assistance|hardware|pact|alliance|build ?up|"
    r"presence|duties|spending|service|tariffs|arrest|dialogue|mediation|level) "
)
_DATELINE = re.compile(
    r"\s*[A-Z][A-Z.' -]{3,30}(?:, ?[A-Z][\w. ]{2,25})?(?: ?\([^)]{2,20}\))?\s*(?:--|\u2013|\u2014|-\s|:\s)"
)
_STANCE = re.compile(r" (?:pro|anti|ex|non) $")
_AGAINST = re.compile(
    r" (?:protests?|protesters|rally|rallies|demonstrations?|demonstrators|march|riots?|remarks|slogans|resolution|"
    r"rhetoric|campaign|sanctions|stance|propaganda|drills?|front|activities|moves?) "
)
_MONEY = re.compile(
    r" (?:dollars?|francs?|pounds?|rupees?|riyals?|dirhams?|dinars?|lira|krone?r?s?|kronor|crowns|yuan|roubles?|"
    r"rubles?|florins?|marks|won|pesos?) "
)
# *The Minsk accords*, *Doha round*: named after where they were agreed.
_ACCORD = re.compile(r" (?:accords?|protocol|convention|treaty|process|round|agenda|statute|(?:peace|climate) deal) ")
_SUM = re.compile(r" \d[\d.,]*(?:m|mn|bn|k)? ")
_LIST_JOINTS = (" , ", " and ", " , and ")
_LOOK_BACK = 40
_LONG_LOOK_BACK = 70


class Phrase(NamedTuple):
    """One actor in the text: its span in ``Text.joined``, its identity, and its relation to the rest.

    ``is_place``: it is only a place; ``preposition``: the one before it, or empty; ``shared``: the second country of a
    place held or claimed by two (a crossing, a disputed region); ``country_from``: the words that gave a country to an
    actor without one.
    """

    start: int
    end: int
    actor: Actor
    is_place: bool
    preposition: str = ""
    shared: str | None = None
    country_from: str = ""


class _Named(NamedTuple):
    """A mention and its actor on the day; ``qualifies``: whether it only qualifies the next one."""

    mention: Mention
    name: Name
    qualifies: bool


def phrases(text: Text, mentions: Sequence[Mention], on: date | None) -> list[Phrase]:
    """Return the actors of a text in order of position; ``on`` is the day for which offices are looked up."""
    named = _named(text, mentions, on)
    standing = [item for item in named if not item.qualifies]
    hits: list[Phrase] = []
    group: list[_Named] = []
    for item in standing or named:
        if group and not _belongs(text, group, item):
            hits.append(_phrase(text, group))
            group = []
        group.append(item)
    if group:
        hits.append(_phrase(text, group))
    return _listed(text, hits)


def _listed(text: Text, hits: list[Phrase]) -> list[Phrase]:
    """Mark the members of a list of places as places: *in Lahore, Multan and Quetta*."""
    joints = [text.lowered[a.end - 1 : b.start + 1] for a, b in pairwise(hits)]
    for number, joint in enumerate(joints):
        member, first = hits[number + 1], hits[number]
        goes_on = joint == " , " and number + 1 < len(joints) and joints[number + 1] in _LIST_JOINTS
        if first.is_place and not member.preposition and (goes_on or joint in (" and ", " , and ")):
            is_place = member.actor.role is None
            hits[number + 1] = member._replace(preposition=first.preposition, is_place=is_place)
    return hits


def _named(text: Text, mentions: Sequence[Mention], on: date | None) -> list[_Named]:
    named: list[_Named] = []
    written = _dateline(text, mentions)
    for mention in mentions:
        name = _choose(mention.names, on)
        if name is None or name.kind == "other" or _is_money(text, mention, name):
            continue
        if mention.start < written and name.kind in ("place", "country"):
            continue
        if name.kind == "place" and _ACCORD.match(text.lowered, mention.end - 1):
            continue
        if name.text in _DESCRIBING and _DESCRIBES.match(text.lowered, mention.end - 1):
            continue
        named.append(_Named(mention, name, False))
    last = len(named) - 1
    for number, item in enumerate(named):
        after = named[number + 1] if number < last else None
        if item.name.country and _qualifies(text, item.mention, after):
            named[number] = item._replace(qualifies=True)
    return named


def _choose(names: tuple[Name, ...], on: date | None) -> Name | None:
    """Return the name whose office was held on the day; without a day the last one in the data."""
    if len(names) == 1 and names[0].since is None:
        return names[0]
    held = [name for name in names if name.in_office(on)]
    return held[-1] if held else None


def _is_money(text: Text, mention: Mention, name: Name) -> bool:
    """Whether a name is part of an amount of money: *US 50 million*, *Swiss francs*."""
    if name.kind not in ("country", "demonym"):
        return False
    if (money := _MONEY.match(text.lowered, mention.end - 1)) is not None:
        return name.kind == "demonym" or money[0] != " pounds "  # *Israel pounds the port*
    return name.text == "US" and _SUM.match(text.lowered, mention.end - 1) is not None


def _dateline(text: Text, mentions: Sequence[Mention]) -> int:
    """Return the length in ``text.joined`` of a dateline such as *CAIRO (Reuters) --*, or 0."""
    if not mentions or mentions[0].start > 0 or all(name.kind != "place" for name in mentions[0].names):
        return 0
    match = _DATELINE.match(text.original)
    return len(prepare(match[0]).joined) - 1 if match is not None else 0


def _qualifies(text: Text, mention: Mention, after: _Named | None) -> bool:
    """Whether a name is before *-backed* or *-brokered*, or after *anti-*; a backer counts if no actor follows."""
    lowered = text.lowered
    if _STANCE.search(lowered, max(0, mention.start - 6), mention.start + 1):
        return not _AGAINST.match(lowered, mention.end - 1)
    made, backed = _MADE.match(lowered, mention.end - 1), _BACKED.match(lowered, mention.end - 1)
    if not (made or backed) or not _hyphenated(text, mention):
        return False
    if made or backed is None:
        return True
    return after is not None and after.name.country is not None and after.mention.start - backed.end() < _LOOK_BACK // 2


def _hyphenated(text: Text, mention: Mention) -> bool:
    """Whether a hyphen follows a mention: *US-brokered truce*, not *US brokered truce*."""
    _, end = text.offsets(mention.start, mention.end)
    return text.original[end : end + 1] in ("-", "\u2010", "\u2011")


def _belongs(text: Text, group: list[_Named], item: _Named) -> bool:
    between = text.lowered[group[-1].mention.end : item.mention.start + 1]
    if not _JOINT.fullmatch(between):
        return False
    country = _country(known.name for known in group)
    if " of " in f" {between}" or "for " in between:
        return item.name.kind in ("country", "place") and country is None and "for " not in between
    own = _country([item.name])
    return country is None or own is None or own == country


def _phrase(text: Text, group: list[_Named]) -> Phrase:
    start, end = group[0].mention.start, group[-1].mention.end
    names = [item.name for item in group]
    country = _country(names) or next((name.country for name in names if name.country), None)
    preposition = _preposition(text, start)
    envoy = _ENVOY_BEFORE.search(text.lowered, max(0, start - _LOOK_BACK), start + 1)
    venue = _VENUE.match(text.lowered, end - 1)
    aimed = preposition == "at" and _AIMED_AT.search(text.lowered, max(0, start - _LOOK_BACK), start + 1) is not None
    is_place = envoy is not None or (
        preposition in PLACING and not aimed and (venue is not None or _is_ground(text, names, end))
    )
    is_place = is_place or (preposition == "on" and _BORDER.match(text.lowered, end - 1) is not None)
    shared = next((name.shared for name in names if name.country), None)
    role = _role(names)
    if country is not None and role in _OFFICIAL and _is_past(text, start, end):
        role = None
    actor = Actor(country, role, text.joined[start + 1 : end - 1])
    return Phrase(start, end, actor, is_place, preposition, shared)


def _is_past(text: Text, start: int, end: int) -> bool:
    """Whether a phrase names someone who is out of office."""
    return bool(_WAS.search(text.lowered, start, end) or _WAS_BEFORE.search(text.lowered, 0, start + 1))


def _country(names: Iterable[Name]) -> str | None:
    """Return the first country named, ignoring countries of agents (*COAS*)."""
    return next((name.country for name in names if name.country and name.kind != "agent"), None)


def _role(names: Sequence[Name]) -> str | None:
    """Return the role of the last words with one; missions and officials of an organisation count as it."""
    if names[0].role in ("IMG", "NGO"):
        return names[0].role
    if any(name.role == "IGO" for name in names) and all(name.role in ("IGO", "GOV", None) for name in names):
        return "IGO"
    role = next((name.role for name in reversed(names) if name.role and name.kind != "igo"), None)
    return role or next((name.role for name in names if name.role), None)


def _preposition(text: Text, start: int) -> str:
    if _ATTACHED.search(text.lowered, max(0, start - _LOOK_BACK), start + 1):
        return ""
    if _PART_OF.search(text.lowered, max(0, start - _LONG_LOOK_BACK), start + 1):
        return "in"
    match = _PREPOSITION.search(text.lowered, max(0, start - _LOOK_BACK), start + 1)
    return match[1] if match else ""


def _is_ground(text: Text, names: Sequence[Name], end: int) -> bool:
    """Whether names are a country or place alone, or a demonym before *capital*, *province* and the like."""
    if all(name.kind in ("country", "place") for name in names):
        return True
    if any(name.kind not in ("country", "place", "demonym") for name in names):
        return False
    return names[-1].kind == "place" or _GROUND.match(text.lowered, end - 1) is not None
