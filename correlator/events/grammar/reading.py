"""The state of a headline in the coder: one frozen ``Reading``, passed from step to step.

``read`` creates it from a text with its names and patterns, ``weighed`` adds the supported categories, ``named`` the
actors, ``chosen`` the deciding words with source and target. Each step maps a reading to a reading.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from correlator.events.grammar.category import Candidate, candidates
from correlator.events.grammar.clause import Roles
from correlator.events.grammar.direction import who_to_whom
from correlator.events.grammar.phrases import Phrase, phrases
from correlator.events.grammar.scan import Hit, Mention, scan
from correlator.events.vocabulary.language import CODED, language_of
from correlator.events.vocabulary.lexicon import WITHOUT
from correlator.events.vocabulary.text import Text, prepare

_HEADLINE_WORDS = 10

MOST_CHARACTERS = 2_000


class Reading(NamedTuple):
    """A text with the results of the steps so far.

    ``language``: ISO 639-1 code. ``on``: the day for which leaders' offices are looked up; ``home``: the page's own
    country. ``opposing``: weight of the words of sport, markets, weather and the like. ``choice`` and ``roles``: the
    deciding words, and source and target.
    """

    text: Text
    language: str = CODED
    on: date | None = None
    home: str | None = None
    mentions: tuple[Mention, ...] = ()
    hits: tuple[Hit, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    opposing: float = 0.0
    actors: tuple[Phrase, ...] = ()
    choice: Candidate | None = None
    roles: Roles | None = None

    @property
    def is_coded(self) -> bool:
        """Whether the text is in the language of the full lexicon and the models."""
        return self.language == CODED


def read(text: str, on: date | None = None, home: str | None = None) -> Reading:
    """Find names and patterns in a text; none in a language that is not supported.

    A text longer than ``MOST_CHARACTERS`` is cut, since the time is quadratic in the number of patterns.
    """
    text = text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS].rpartition(" ")[0]
    ready, language = prepare(text), language_of(text)
    mentions, hits = scan(ready) if language == CODED else ((), ())
    return Reading(ready, language, on, home, tuple(mentions), tuple(hits))


def weighed(reading: Reading) -> Reading:
    """Add the supported categories, best first, and the weight of evidence against an event."""
    if not reading.hits or reading.candidates:
        return reading
    options = tuple(candidates(reading.text, reading.hits))
    return reading._replace(candidates=options, opposing=_opposing(reading))


def named(reading: Reading) -> Reading:
    """Add categories and actors, the latter in order of position."""
    reading = weighed(reading)
    if not reading.mentions:
        return reading
    return reading._replace(actors=tuple(phrases(reading.text, reading.mentions, reading.on)))


def chosen(reading: Reading, choice: Candidate) -> Reading:
    """Add the deciding words, and source and target by the grammar around them."""
    return reading._replace(choice=choice, roles=who_to_whom(reading.text, choice, reading.actors, reading.home))


def _opposing(reading: Reading) -> float:
    """Return the weight of opposing words, which count less in a long sentence."""
    opposing = {hit.start: hit.entry.weight for hit in reading.hits if hit.entry.category == WITHOUT}
    return sum(opposing.values()) * min(1.0, (_HEADLINE_WORDS / reading.text.length) ** 2) if opposing else 0.0
