"""Mentions of actors put together to noun phrases: *Israeli Prime Minister Ehud Barak* is one actor, ISR:GOV."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from correlator.events.actors import Name
from correlator.events.model import Actor
from correlator.events.scan import Mention
from correlator.events.text import Text

# What may stand between two names of one actor.
_JOINT = re.compile(
    r"(?:(?:'s|of|the|for|new|former|top|senior|deputy|acting|foreign|prime|interim|state|federal|special|"
    r"ruling|main|led|backed|based|chief|ex|vice|first|supreme|national|central|military|security|armed|riot|rebel) )*"
)
_PLACE_BEFORE = re.compile(r" (?:in|at|near|inside|around|off|outside|across|throughout)(?: the| of| town| city)? $")
_ENVOY_BEFORE = re.compile(r" (?:ambassador|envoy|commissioner|ambassadors|trip|flight|access)(?: to| for) (?:the )?$")
_LOOK_BACK = 24


class Phrase(NamedTuple):
    """One actor in the text: span in ``Text.joined``, who it is, and whether it only tells the place."""

    start: int
    end: int
    actor: Actor
    is_place: bool


def phrases(text: Text, mentions: Sequence[Mention], on: date | None) -> list[Phrase]:
    """The actors of a text in order of place; ``on`` is the day that decides who held an office."""
    found: list[Phrase] = []
    group: list[tuple[Mention, Name]] = []
    for mention in mentions:
        name = _choose(mention.names, on)
        if name is None or name.kind == "other":
            continue
        if group and not _belongs(text, group, mention, name):
            found.append(_phrase(text, group))
            group = []
        group.append((mention, name))
    if group:
        found.append(_phrase(text, group))
    return found


def _choose(names: tuple[Name, ...], on: date | None) -> Name | None:
    """The name whose office was held on the day; without a day the last one in the data."""
    if len(names) == 1 and names[0].since is None:
        return names[0]
    held = [name for name in names if name.in_office(on)]
    return held[-1] if held else None


def _belongs(text: Text, group: list[tuple[Mention, Name]], mention: Mention, name: Name) -> bool:
    between = text.lowered[group[-1][0].end : mention.start + 1]
    if not _JOINT.fullmatch(between):
        return False
    country = next((known.country for _, known in group if known.country), None)
    if " of " in f" {between}" or "for " in between:
        return name.kind in ("country", "place") and country is None and "for " not in between
    return country is None or name.country is None or name.country == country


def _phrase(text: Text, group: list[tuple[Mention, Name]]) -> Phrase:
    start, end = group[0][0].start, group[-1][0].end
    country = next((name.country for _, name in group if name.country), None)
    role = next((name.role for _, name in reversed(group) if name.role and name.kind != "igo"), None)
    if role is None:
        role = next((name.role for _, name in group if name.role), None)
    before = text.lowered[max(0, start - _LOOK_BACK) : start + 1]
    only_country = all(name.kind in ("country", "place") for _, name in group)
    is_place = bool(_ENVOY_BEFORE.search(before)) or (only_country and bool(_PLACE_BEFORE.search(before)))
    return Phrase(start, end, Actor(country, role, text.joined[start + 1 : end - 1]), is_place)
