"""Headlines that report a company's results: one report is told with ever other causes, figures and outlooks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from correlator.news.stories.numbers import UNITS
from correlator.news.stories.words import StoryWords, headline_words, words_of

# What is still to come is not reported: *profit to rise*, but *profit rises to $5 bln*.
_AHEAD = re.compile(
    r"(?i)\b(?:to\b(?!\s*[$€£¥\d])|(?:seen|sees?|(?<!than )(?<!than-)expect(?:s|ed|ing)?|likely|may|might|could|should"
    r"|will|won['’]t|would|forecast(?:s|ing)?(?= .*\b(?:profit|loss|earnings|revenue|growth)\b)|poised|set)\b)"
)
_PROFIT, _LOSS, _QUARTER, _THAN = "profit", "loss", "quarter", "than"
_FIGURES = frozenset({"percent", "dollar", *UNITS})
_FIRST_PART = re.compile(r"[,;]|\b(?:but|as|after|while|on)\b")


@dataclass(frozen=True)
class Results:
    """Whose results, a company's or a country's, and of what period, in the words that name one.

    ``rose`` says of each metric that is named whether it rose (None: not said); none is named where results beat or
    miss what was forecast.
    """

    who: frozenset[str]
    rose: dict[str, bool | None]
    periods: frozenset[str]


@lru_cache(maxsize=50_000)
def results_of(headline: str) -> Results | None:
    """The results that a headline reports first, or None if it reports none.

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
    if _telling().isdisjoint(headline_words(headline).words):
        return None
    first_part = _FIRST_PART.split(headline)[0]
    if _AHEAD.search(first_part):
        return None
    each = headline_words(first_part)
    periods = frozenset(word for word in each.words if word in sets.period or word.endswith(_QUARTER))
    subjects = sets.metric | sets.indicator
    reporting = _reporting()
    end = next((place for place, word in enumerate(each.words) if word in reporting or _is_figure(word)), 0)
    who, told = frozenset(each.words[:end]) - sets.when, each.words[end:]
    last = next((place for place, word in enumerate(told) if not (word in reporting or _is_figure(word))), len(told))
    metrics = [place for place in range(last) if told[place] in subjects]
    compares = any(word in sets.expected and told[0] != word for word in told[: last + 1])
    if told[:1] and told[0] in sets.indicator and told[1:2] and told[1] in sets.expected:
        return None  # *inflation expectations* are no inflation
    if told[:1] and told[0] in sets.indicator and last > 1:
        return Results(who, {told[0]: _direction(told[:last], 0, sets)}, periods)
    if not who or not who <= each.names or who & sets.market or not (metrics or compares):
        return None
    rose = {told[place]: _direction(told[:last], place, sets) for place in metrics}
    return Results(who, rose, periods)


@cache
def _telling() -> frozenset[str]:
    """Words without one of which no results are reported."""
    sets = words_of()
    return sets.metric | sets.indicator | sets.expected


@cache
def _reporting() -> frozenset[str]:
    """Words between whose results they are and what else is told."""
    sets = words_of()
    return sets.metric | sets.indicator | sets.rose | sets.fell | sets.reporting | sets.period


def _is_figure(word: str) -> bool:
    return word[0].isdigit() or word in _FIGURES


def _direction(told: Sequence[str], place: int, sets: StoryWords) -> bool | None:
    """Whether what stands at ``place`` rose, by the first move behind it or, failing that, the last before it."""
    for move in (*range(place + 1, len(told)), *range(place - 1, -1, -1)):
        compared = told[move + 1 : move + 2] == (_THAN,)  # *less than expected* says nothing of before
        if not compared and (told[move] in sets.rose or told[move] in sets.fell):
            return told[move] in sets.rose
    return None


def _of_one(left: Results, right: Results) -> bool:
    """Whether two report of one company, or of one indicator, whose country may go without saying."""
    indicators = words_of().indicator
    if indicators & (left.rose.keys() | right.rose.keys()):
        common = bool(indicators & left.rose.keys() & right.rose.keys())
        return common and (left.who <= right.who or right.who <= left.who)
    return bool(left.who) and left.who == right.who


def same_results(one: str, two: str) -> bool:
    """Whether two headlines report the same results: of whom, and none rose in one that fell in the other.

    Where each names a period by a word that the other does not have, they are two reports; so are a profit and a loss.
    """
    left, right = results_of(one), results_of(two)
    if left is None or right is None or not _of_one(left, right):
        return False
    if not (left.periods <= right.periods or right.periods <= left.periods):
        return False
    if {_PROFIT, _LOSS} <= left.rose.keys() ^ right.rose.keys():
        return False
    common = left.rose.keys() & right.rose.keys()
    return all(None in (left.rose[name], right.rose[name]) or left.rose[name] == right.rose[name] for name in common)
