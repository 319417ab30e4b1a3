"""How like two headlines are as tellings of one event: log odds from features of their words (``story_weights.toml``).

The weights are fitted by ``tools/fit_stories.py`` on pairs of real headlines labelled by hand, none of them of the set
that measures. What rules decide (numbers, denial, order of names) is not asked here.
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
COMMON = 0.5  # weight of words that stand in very many headlines
LONGEST_GAP = 48.0  # hours
FEATURES = (
    "fewer_new", "more_new", "shared", "number", "order", "days", "subjects", "opening", "first_two", "act", "names",
    "new_names", "length", "swap", "added", "about",
)  # fmt: skip
NAMES = 3
_PERCENT = "percent"
TELLING = 3  # digits of a number that would hardly come twice; so would one with decimals


@dataclass(frozen=True)
class Difference:
    """What two headlines share, and what is new in either: not spelled nearly alike, nor of one direction."""

    same: frozenset[str]
    new_left: frozenset[str]
    new_right: frozenset[str]
    shared: float
    """The weight of what both hold."""


@cache
def weights() -> dict[str, float]:
    """The intercept, a weight for each of ``FEATURES``, the ``least`` log odds, how much ``easier`` some have it."""
    return tomllib.loads(data_path("news", "story_weights.toml").read_text(encoding="utf-8"))


def alike(left: HeadlineWords, right: HeadlineWords, *, hours: float, about: bool = False) -> bool:
    """Whether two headlines told ``hours`` apart, which no rule tells apart, tell one event.

    ``about``: whether only one of both says of itself that it is a text about an event (*FACTBOX*, *TIMELINE*).

    Where each has a name of its own behind the same word (*ban on wheat from Peru*, *from Chile*), or the same figure
    counts other things, they do not.
    """
    difference = difference_of(left, right)
    if _apart(left, right, difference):
        return False
    known = weights()
    least = known["least"] - known["easier"] * is_easy(left, right, difference)
    return likeness(left, right, difference, hours=hours, about=about) >= least


def may_be_alike(left: HeadlineWords, right: HeadlineWords) -> bool:
    """Whether how like two headlines are decides: no rule of this module tells them apart."""
    return not _apart(left, right, difference_of(left, right))


def _apart(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> bool:
    if not difference.new_left or not difference.new_right:
        return False
    return _renamed(left, right, difference) or _another_matter(left, right, difference)


def is_easy(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> bool:
    """Whether less is asked of two headlines: one only adds words, or both tell the same figure or names."""
    return not difference.new_left or not difference.new_right or _marked(left, right, difference)


def _marked(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> bool:
    """Whether both tell a figure that would hardly come twice (*$7.5 billion*), or the same three names.

    Not the names, where each has something new behind the same word (*attack on the port*, *attack on the airport*).
    """
    told_figure = _same_figure(difference)
    if told_figure or len(_names(left, right, difference)) < NAMES:
        return told_figure
    same = difference.same
    return not _behind(left, same, difference.new_left) & _behind(right, same, difference.new_right)


def _names(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> set[str]:
    """The names that both hold; numbers and words that stand in very many headlines apart."""
    return set((difference.same & left.names & right.names) - _common() - left.numbers)


def _count_names(each: HeadlineWords, new: frozenset[str]) -> int:
    return len((new & each.names) - each.numbers)


def _first_name(each: HeadlineWords) -> str:
    return next((word for word in each.words if word in each.names), "")


def _same_figure(difference: Difference) -> bool:
    """Whether both hold a figure that would hardly come twice."""
    return any(word[0].isdigit() and _is_telling(word) for word in difference.same)


def likeness(left: HeadlineWords, right: HeadlineWords, difference: Difference, *, hours: float, about: bool) -> float:
    """Log odds that two headlines told ``hours`` apart tell one event."""
    known = weights()
    values = features(left, right, difference, hours=hours, about=about)
    return known["intercept"] + sum(known[name] * value for name, value in zip(FEATURES, values, strict=True))


def features(
    left: HeadlineWords, right: HeadlineWords, difference: Difference, *, hours: float, about: bool
) -> tuple[float, ...]:
    """What ``FEATURES`` names, of the words of two headlines.

    The weight of the words that only one has, the lesser of both and the greater; the share of the longer headline that
    both have; whether both hold a number; how alike the words are in their order; days between them, two at most;
    whether both begin with a word that the other does not have; whether the first name of both is one, and the first
    two words; whether both hold a verb (what is done); how many names both hold, three at most, and how many only one
    has; how many words the shorter has; whether each has one word of its own; whether one only adds words; ``about`` as
    ``alike`` has it.
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
    """How the words of two headlines differ; units of numbers apart."""
    first, second = (frozenset(each.words).difference(UNITS) for each in (left, right))
    new_left, new_right = first - second, second - first
    if not (new_left.isdisjoint(left.numbers) or new_right.isdisjoint(right.numbers)):
        # Numbers that count one thing and differ have told the two apart before: these are rounded, or of victims.
        new_left, new_right = new_left - left.numbers, new_right - right.numbers
    near = [(word, other) for word in new_left for other in new_right if fuzz.ratio(word, other) >= SAME_WORD]
    sets = words_of()
    for group in (sets.up, sets.down):
        near += [(word, other) for word in new_left & group for other in new_right & group]
    lefts, rights = ({pair[side] for pair in near} for side in (0, 1))
    shared = _weight(first & second) + len(lefts)
    return Difference((first & second) | lefts | rights, new_left - lefts, new_right - rights, shared)


def _weight(words: frozenset[str]) -> float:
    """How many words, those that stand in very many headlines as half a one."""
    return len(words) - (1.0 - COMMON) * len(words & _common())


def _renamed(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> bool:
    """Whether each has a new name behind the same word, or counts other things (*5 percent of a port*, *of a mine*)."""
    new = ((left, difference.new_left), (right, difference.new_right))
    names = [
        _behind(each, difference.same, {word for word in words & each.names if not word[0].isdigit()})
        for each, words in new
    ]
    if names[0] & names[1]:
        return True
    counted = [_behind(each, difference.same, words) for each, words in new]
    return any(
        (word[0].isdigit() and not _is_telling(word)) or word == _PERCENT for word in counted[0] & counted[1] if word
    )


def _another_matter(left: HeadlineWords, right: HeadlineWords, difference: Difference) -> bool:
    """Whether the same name has other words between the same two words: *Iraq expands trade through Basra*, *expands
    rail through Basra*. With a figure that would hardly come twice it is a matter of words; and what is done is told
    with ever other verbs (*starts a plant*, *builds a plant*).
    """
    if not (difference.same & left.names & right.names) - _common() or _same_figure(difference):
        return False
    between = [
        _between(each.words, new - each.verbs)
        for each, new in ((left, difference.new_left), (right, difference.new_right))
    ]
    return not between[0].isdisjoint(between[1])


def _between(words: Sequence[str], new: Collection[str]) -> set[tuple[str, str]]:
    """The words before and behind each word that is ``new`` by itself, empty at either end."""
    padded = ["", *words, ""]
    return {
        (before, behind) for before, word, behind in zip(padded, padded[1:], padded[2:], strict=False) if word in new
    }


def _is_telling(number: str) -> bool:
    """Whether a number would hardly come twice: not a year nor a quarter of one."""
    digits = number.replace("_", "")
    is_year = digits == number and len(number) == len("2025") and number[:2] in {"19", "20"}
    return digits.isdigit() and not is_year and ("_" in number or len(number) >= TELLING)


def _behind(each: HeadlineWords, common: Collection[str], new: Collection[str]) -> set[str]:
    """The common words behind which stands something ``new``; units of numbers apart."""
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
