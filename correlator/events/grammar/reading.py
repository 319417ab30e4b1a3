"""A headline's walk through the coder: one frozen ``Reading``, handed from step to step.

``read`` makes it from a text with its names and patterns, ``weighed`` adds the categories they speak for, ``named`` the
actors, ``chosen`` the deciding words with who acts on whom. Each step is a function of a reading to a reading.
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
    """A text with what is known of it so far.

    ``language``: ISO 639-1 code. ``on``: the day by which leaders hold office; ``home``: the country of the page.
    ``opposing``: weight of the words of sport, markets, weather and the like. ``choice`` and ``roles``: the deciding
    words, and who acts on whom.
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
    """Names and patterns of a text; nothing of one in a language that is not coded.

    Of a text that is longer than any headline its first words are read: who governs whom is asked of every pair.
    """
    text = text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS].rpartition(" ")[0]
    ready, language = prepare(text), language_of(text)
    mentions, hits = scan(ready) if language == CODED else ((), ())
    return Reading(ready, language, on, home, tuple(mentions), tuple(hits))


def weighed(reading: Reading) -> Reading:
    """With the categories that the patterns speak for, best first, and the weight of what speaks against an event."""
    if not reading.hits or reading.candidates:
        return reading
    options = tuple(candidates(reading.text, reading.hits))
    return reading._replace(candidates=options, opposing=_opposing(reading))


def named(reading: Reading) -> Reading:
    """Weighed, and with its actors, in order of place."""
    reading = weighed(reading)
    if not reading.mentions:
        return reading
    return reading._replace(actors=tuple(phrases(reading.text, reading.mentions, reading.on)))


def chosen(reading: Reading, choice: Candidate) -> Reading:
    """With the deciding words, and who acts on whom by the grammar around them."""
    return reading._replace(choice=choice, roles=who_to_whom(reading.text, choice, reading.actors, reading.home))


def _opposing(reading: Reading) -> float:
    """In a long sentence words of business count less."""
    opposing = {hit.start: hit.entry.weight for hit in reading.hits if hit.entry.category == WITHOUT}
    return sum(opposing.values()) * min(1.0, (_HEADLINE_WORDS / reading.text.length) ** 2) if opposing else 0.0
