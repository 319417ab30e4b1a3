"""Score whether two headlines report one event: log odds from features of their words (``story_weights.toml``).

The weights are fitted by ``tools/fit_stories.py`` on pairs of real headlines labelled by hand, none of them in the test
set. Pairs decided by rules (numbers, denial, order of names) are not scored here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz

from correlator.base.resources import data_path
from correlator.news.stories.numbers import UNITS
from correlator.news.stories.words import HeadlineWords, words_of

SAME_WORD = 80.0
COMMON = 0.5  # weight of words that are common in headlines
LONGEST_GAP = 48.0  # hours
FEATURES = (
    "fewer_new", "more_new", "shared", "number", "order", "days", "subjects", "opening", "first_two", "act", "names",
    "new_names", "length", "swap", "added", "about",
)  # fmt: skip
NAMES = 3
_PERCENT = "percent"
TELLING = 3  # digits of a number that is unlikely to recur; numbers with decimals are, too


@dataclass(frozen=True)
class Difference:
    """The words two headlines share, and the new ones in either (not near in spelling, nor of one direction)."""

    same: frozenset[str]
    new_left: frozenset[str]
    new_right: frozenset[str]
    shared: float
    """The weight of the common words."""


@cache
def weights() -> dict[str, float]:
    """Return the intercept, a weight per feature, the ``least`` log odds, and by how much ``easier`` pairs lower it."""
    return tomllib.loads(data_path("news", "story_weights.toml").read_text(encoding="utf-8"))


def alike(left: HeadlineWords, right: HeadlineWords, *, hours: float, about: bool = False) -> bool:
    """Whether two headlines published ``hours`` apart, which no rule separates, report one event.

    ``about``: whether only one of them is marked as background on an event (*FACTBOX*, *TIMELINE*).

    They do not if each has a different name after the same word (*ban on wheat from Peru*, *from Chile*), or if the
    same number counts different things.
    """
    difference = difference_of(left, right)
    if _apart(left, right, difference):
        return False
    known = weights()
    least = known["least"] - known["easier"] * is_easy(left, right, difference)
    return likeness(left, right, difference, hours=hours, about=about) >= least


def may_be_alike(left: HeadlineWords, right: HeadlineWords) -> bool:
    """Whether the score decides on two headlines, since no rule of this module separates them."""
    return not _apart(left, right, difference_of(left, right))


def _apart(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> bool:
    if not difference.new_left or not difference.new_right:
        return False
    return _renamed(left, right, difference) or _another_matter(left, right, difference)


def is_easy(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> bool:
    """Whether a lower score suffices: one headline only adds words, or both have the same figure or names."""
    return not difference.new_left or not difference.new_right or _marked(left, right, difference)


def _marked(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> bool:
    """Whether both have a figure that is unlikely to recur (*$7.5 billion*), or the same three names.

    Names do not count if each has a new word after the same word (*attack on the port*, *attack on the airport*).
    """
    same_figure = _same_figure(difference)
    if same_figure or len(_names(left, right, difference)) < NAMES:
        return same_figure
    same = difference.same
    return not _behind(left, same, difference.new_left) & _behind(right, same, difference.new_right)


def _names(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> set[str]:
    """Return the common names, without numbers and words that are common in headlines."""
    return set((difference.same & left.names & right.names) - _common() - left.numbers)


def _count_names(each: HeadlineWords, new: frozenset[str]) -> int:
    return len((new & each.names) - each.numbers)


def _first_name(each: HeadlineWords) -> str:
    return next((word for word in each.words if word in each.names), "")


def _same_figure(difference: Difference) -> bool:
    """Whether both have a figure that is unlikely to recur."""
    return any(word[0].isdigit() and _is_distinctive(word) for word in difference.same)


def likeness(left: HeadlineWords, right: HeadlineWords, difference: Difference, *, hours: float, about: bool) -> float:
    """Return the log odds that two headlines published ``hours`` apart report one event."""
    known = weights()
    values = features(left, right, difference, hours=hours, about=about)
    return known["intercept"] + sum(known[name] * value for name, value in zip(FEATURES, values, strict=True))


def features(
    left: HeadlineWords, right: HeadlineWords, difference: Difference, *, hours: float, about: bool
) -> tuple[float, ...]:
    """Return the values of ``FEATURES`` for the words of two headlines.

    These are: the weights of the words that only one has, the smaller and the larger; the share of the longer headline
    that is common; whether a number is common; the similarity of the words in order; days between them, at most two;
    whether both begin with a word that the other lacks; whether the first names are equal, and the first two words;
    whether a verb is common; the number of common names, at most three, and of names in only one; the number of words
    of the shorter one; whether each has exactly one new word; whether one only adds words; ``about`` as in ``alike``.
    """
    new_left, new_right = difference.new_left, difference.new_right
    fewer, more = sorted((_weight(new_left), _weight(new_right)))
    return (
        fewer,
        more,
        difference.shared / max(difference.shared + more, COMMON),
        float(not difference.same.isdisjoint(left.numbers)),
        fuzz.ratio(" ".join(left.words), " ".join(right.words)) / 100 if new_left or new_right else 1.0,
        min(hours, LONGEST_GAP) / 24,
        float(_begins(left, new_left) and _begins(right, new_right)),
        float(_first_name(left) == _first_name(right) != ""),
        float(left.words[:2] == right.words[:2]),
        float(not difference.same.isdisjoint(left.verbs & right.verbs)),
        float(min(len(_names(left, right, difference)), NAMES)),
        float(_count_names(left, new_left) + _count_names(right, new_right)),
        float(min(len(left.words), len(right.words))),
        float(len(new_left) == len(new_right) == 1),
        float(not new_left or not new_right),
        float(about),
    )


def difference_of(left: HeadlineWords, right: HeadlineWords) -> Difference:
    """Return how the words of two headlines differ, ignoring units of numbers."""
    first, second = (frozenset(each.words).difference(UNITS) for each in (left, right))
    new_left, new_right = first - second, second - first
    if not (new_left.isdisjoint(left.numbers) or new_right.isdisjoint(right.numbers)):
        # Contradictory numbers have separated the two before: the rest are rounded, or counts of victims.
        new_left, new_right = new_left - left.numbers, new_right - right.numbers
    near = [(word, other) for word in new_left for other in new_right if fuzz.ratio(word, other) >= SAME_WORD]
    sets = words_of()
    for group in (sets.up, sets.down):
        near += [(word, other) for word in new_left & group for other in new_right & group]
    lefts, rights = ({pair[side] for pair in near} for side in (0, 1))
    shared = _weight(first & second) + len(lefts)
    return Difference((first & second) | lefts | rights, new_left - lefts, new_right - rights, shared)


def _weight(words: frozenset[str]) -> float:
    """Return the number of words, counting those that are common in headlines with ``COMMON``."""
    return len(words) - (1.0 - COMMON) * len(words & _common())


def _renamed(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> bool:
    """Whether each has a new name after the same word, or counts other things (*5 percent of a port*, *of a mine*)."""
    new = ((left, difference.new_left), (right, difference.new_right))
    names = [
        _behind(each, difference.same, {word for word in words & each.names if not word[0].isdigit()})
        for each, words in new
    ]
    if names[0] & names[1]:
        return True
    counted = [_behind(each, difference.same, words) for each, words in new]
    return any(
        (word[0].isdigit() and not _is_distinctive(word)) or word == _PERCENT
        for word in counted[0] & counted[1]
        if word
    )


def _another_matter(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> bool:
    """Whether both have different words between the same two words, and a common name: *Iraq expands trade through
    Basra*, *expands rail through Basra*. Verbs are ignored, as they vary between reports (*starts a plant*, *builds a
    plant*), and so are pairs with a figure that is unlikely to recur.
    """
    if not (difference.same & left.names & right.names) - _common() or _same_figure(difference):
        return False
    between = [
        _between(each.words, new - each.verbs)
        for each, new in ((left, difference.new_left), (right, difference.new_right))
    ]
    return not between[0].isdisjoint(between[1])


def _between(words: Sequence[str], new: Collection[str]) -> set[tuple[str, str]]:
    """Return the words before and after each single ``new`` word, empty at either end."""
    padded = ["", *words, ""]
    return {
        (before, behind) for before, word, behind in zip(padded, padded[1:], padded[2:], strict=False) if word in new
    }


def _is_distinctive(number: str) -> bool:
    """Whether a number is unlikely to recur: long or with decimals, and not a year or quarter."""
    digits = number.replace("_", "")
    is_year = digits == number and len(number) == len("2025") and number[:2] in {"19", "20"}
    return digits.isdigit() and not is_year and ("_" in number or len(number) >= TELLING)


def _behind(each: HeadlineWords, common: Collection[str], new: Collection[str]) -> set[str]:
    """Return the common words after which a ``new`` word follows, ignoring units of numbers."""
    before = ""
    words: set[str] = set()
    for word in each.words:
        if word in common:
            before = word
        elif word in new and word not in UNITS:
            words.add(before)
    return words


def _begins(each: HeadlineWords, new: Collection[str]) -> bool:
    return bool(each.words) and each.words[0] in new


@cache
def _common() -> frozenset[str]:
    sets = words_of()
    usual = sets.market | sets.daily | sets.metric | sets.period | sets.up | sets.down | sets.turning | sets.tentative
    return usual | {"percent", "dollar", "usa"}
