"""Recognise headlines on the results of a company or country, whose reports vary in causes, figures and outlooks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from correlator.news.stories.numbers import UNITS
from correlator.news.stories.words import StoryWords, headline_words, words_of

# Words about the future, which report no results: *profit to rise*, but not *profit rises to $5 bln*.
_AHEAD = re.compile(
    r"(?i)\b(?:to\b(?!\s*[$€£¥\d])|(?:seen|sees?|(?<!than )(?<!than-)expect(?:s|ed|ing)?|likely|may|might|could|should"
    r"|will|won['’]t|would|forecast(?:s|ing)?(?= .*\b(?:profit|loss|earnings|revenue|growth)\b)|poised|set)\b)"
)
_PROFIT, _LOSS, _QUARTER, _THAN = "profit", "loss", "quarter", "than"
_FIGURES = frozenset({"percent", "dollar", *UNITS})
_FIRST_PART = re.compile(r"[,;]|\b(?:but|as|after|while|on)\b")


@dataclass(frozen=True)
class Results:
    """Results of a company or country: whose they are, and the words that name their period.

    ``rose`` maps each named metric to whether it rose (None: not stated); it is empty if the headline only says that
    results beat or missed forecasts.
    """

    who: frozenset[str]
    rose: dict[str, bool | None]
    periods: frozenset[str]


@lru_cache(maxsize=50_000)
def results_of(headline: str) -> Results | None:
    """Return the results that a headline reports first, or None if it reports none.

    Examples
    --------
    >>> results_of("Acme's Q4 profit rises on lower costs").rose
    {'profit': True}
    >>> results_of("Acme posts surprise loss").rose
    {'loss': None}
    >>> results_of("Acme profit to rise: CEO") is None
    True
    """
    sets = words_of()
    if _required_words().isdisjoint(headline_words(headline).words):
        return None
    first_part = _FIRST_PART.split(headline)[0]
    if _AHEAD.search(first_part):
        return None
    each = headline_words(first_part)
    periods = frozenset(word for word in each.words if word in sets.period or word.endswith(_QUARTER))
    subjects = sets.metric | sets.indicator
    reporting = _reporting()
    end = next((place for place, word in enumerate(each.words) if word in reporting or _is_figure(word)), 0)
    who, words = frozenset(each.words[:end]) - sets.when, each.words[end:]
    last = next((place for place, word in enumerate(words) if not (word in reporting or _is_figure(word))), len(words))
    metrics = [place for place in range(last) if words[place] in subjects]
    compares = any(word in sets.expected and words[0] != word for word in words[: last + 1])
    if words[:1] and words[0] in sets.indicator and words[1:2] and words[1] in sets.expected:
        return None  # *inflation expectations* are not inflation
    if words[:1] and words[0] in sets.indicator and last > 1:
        return Results(who, {words[0]: _direction(words[:last], 0, sets)}, periods)
    if not who or not who <= each.names or who & sets.market or not (metrics or compares):
        return None
    rose = {words[place]: _direction(words[:last], place, sets) for place in metrics}
    return Results(who, rose, periods)


@cache
def _required_words() -> frozenset[str]:
    """Return the words of which at least one occurs in any report of results."""
    sets = words_of()
    return sets.metric | sets.indicator | sets.expected


@cache
def _reporting() -> frozenset[str]:
    """Return the words that separate the company or country from the rest of the headline."""
    sets = words_of()
    return sets.metric | sets.indicator | sets.rose | sets.fell | sets.reporting | sets.period


def _is_figure(word: str) -> bool:
    return word[0].isdigit() or word in _FIGURES


def _direction(words: Sequence[str], place: int, sets: StoryWords) -> bool | None:
    """Whether the metric at ``place`` rose, by the first move after it, else the last before it."""
    for move in (*range(place + 1, len(words)), *range(place - 1, -1, -1)):
        compared = words[move + 1 : move + 2] == (_THAN,)  # *less than expected* is no change over time
        if not compared and (words[move] in sets.rose or words[move] in sets.fell):
            return words[move] in sets.rose
    return None


def _same_subject(left: Results, right: Results) -> bool:
    """Whether both are results of one company, or of one indicator, whose country may be omitted."""
    indicators = words_of().indicator
    if indicators & (left.rose.keys() | right.rose.keys()):
        common = bool(indicators & left.rose.keys() & right.rose.keys())
        return common and (left.who <= right.who or right.who <= left.who)
    return bool(left.who) and left.who == right.who


def same_results(one: str, two: str) -> bool:
    """Whether two headlines report the same results, so that no metric rose in one and fell in the other.

    They are different reports if each names a period that the other lacks, or if one has a profit and one a loss.
    """
    left, right = results_of(one), results_of(two)
    if left is None or right is None or not _same_subject(left, right):
        return False
    if not (left.periods <= right.periods or right.periods <= left.periods):
        return False
    if {_PROFIT, _LOSS} <= left.rose.keys() ^ right.rose.keys():
        return False
    common = left.rose.keys() & right.rose.keys()
    return all(None in (left.rose[name], right.rose[name]) or left.rose[name] == right.rose[name] for name in common)
