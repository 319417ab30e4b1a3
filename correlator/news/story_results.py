"""Headlines that report a company's results: one report is told with ever other causes, figures and outlooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from correlator.news.story_words import headline_words, words_of

# What is still to come is not reported: *profit to rise*, but *profit rises to $5 bln*.
_AHEAD = re.compile(
    r"(?i)\b(?:to\b(?!\s*[$€£¥\d])|(?:seen|sees?|expect\w*|likely|may|might|could|should|will|would|forecasts?|poised|set)\b)"
)
_FIRST_PART = re.compile(r"[,;]|\b(?:but|as|after|while|on)\b")


@dataclass(frozen=True)
class Results:
    """Whose profit, loss or revenue rose or fell; ``periods`` are the words that say of what period, if any."""

    who: frozenset[str]
    metrics: frozenset[str]
    rose: bool
    periods: frozenset[str]


@lru_cache(maxsize=50_000)
def results_of(headline: str) -> Results | None:
    """The results that a headline reports first, or None if it reports none.

    Examples
    --------
    >>> results_of("Acme's Q4 profit rises on lower costs").rose
    True
    >>> results_of("Acme profit to rise: CEO") is None
    True
    """
    sets, each = words_of(), headline_words(headline)
    first = next((place for place, word in enumerate(each.words) if word in sets.metric), None)
    if first is None or _AHEAD.search(_FIRST_PART.split(headline)[0]):
        return None
    last = first
    while last < len(each.words) and each.words[last] in sets.metric:
        last += 1
    before, move = each.words[:first], each.words[last : last + 1]
    periods = frozenset(word for word in before if word in sets.period or word[0].isdigit())
    who = frozenset(before) - periods
    rose, fell = not sets.rose.isdisjoint(move), not sets.fell.isdisjoint(move)
    if not who or not who <= each.names or rose == fell:
        return None
    return Results(who, frozenset(each.words[first:last]), rose, periods)


def same_results(one: str, two: str) -> bool:
    """Whether two headlines report the same results: of whom, which, and whether they rose or fell.

    Where each names a period by a word that the other does not have, they are two reports.
    """
    left, right = results_of(one), results_of(two)
    if left is None or right is None:
        return False
    nested = left.periods <= right.periods or right.periods <= left.periods
    return nested and (left.who, left.metrics, left.rose) == (right.who, right.metrics, right.rose)
