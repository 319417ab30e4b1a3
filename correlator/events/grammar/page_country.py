"""Resolve offices of a page's own country, which it does not name: *PM*."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from correlator.events.grammar.phrases import Phrase
from correlator.events.model import Actor
from correlator.events.vocabulary.text import Text

# The name of the page in evidence.
THE_PAGE: Final = "the page"
OF_OTHERS: Final = re.compile(
    r" (?:world|foreign|international|western|arab|muslim|european|regional|global|islamic|gulf|other|both|allied|"
    r"neighbouring|neighboring|rival|african|asian|its|the two|all|exiled) $"
)
_OFFICES = frozenset({"GOV", "MIL", "LEG"})


def of_page(text: Text, phrases: Sequence[Phrase], home: str | None) -> list[Phrase]:
    """Assign offices to the page's own country if no other country is named before: *PM leaves for Baku*."""
    if home is None:
        return list(phrases)
    foreign = next(
        (phrase.start for phrase in phrases if phrase.actor.country and not phrase.is_place), len(text.joined)
    )
    return [
        from_page(phrase, home) if phrase.start < foreign and is_own_office(text, phrase) else phrase
        for phrase in phrases
    ]


def is_own_office(text: Text, phrase: Phrase) -> bool:
    """Whether a phrase is an office without a country (*PM*, *army chief*), but not *foreign ministers*."""
    if phrase.actor.country is not None or phrase.actor.role not in _OFFICES:
        return False
    return OF_OTHERS.search(text.lowered, 0, phrase.start + 1) is None


def from_page(phrase: Phrase, home: str) -> Phrase:
    """Return the phrase as an actor of the page's own country."""
    return phrase._replace(actor=Actor(home, phrase.actor.role, phrase.actor.text), country_from=THE_PAGE)
