"""Compare numbers of headlines by what they count: percentages never contradict amounts, and 2 may be a rounded 2.3."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import polars as pl

from correlator.news.stories.words import HeadlineWords

UNITS: Mapping[str, float] = {"million": 1e6, "billion": 1e9, "trillion": 1e12}
_CURRENCIES = frozenset({"dollar", "euro", "pound", "yen", "rupee", "yuan", "franc", "crown"})
_MEASURES = frozenset({"percent", "basispoint"})
_VICTIMS = frozenset({"kill", "injur", "toll", "casualti", "victim", "fatal"})
_YEARS = range(1900, 2100)
_QUARTER = "quarter"
_NUMBER = r"\b\d[\d_]*\b"
_PERCENTAGE = rf"{_NUMBER} (?:{'|'.join(sorted(_MEASURES))})\b"
_CURRENCY = f"(?:{'|'.join(sorted(_CURRENCIES))})"
_MONEY = rf"\b{_CURRENCY} {_NUMBER}|{_NUMBER} (?:{'|'.join(UNITS)}) {_CURRENCY}\b"
_YEAR = r"\b(?:19\d\d|20\d\d|0\d)\b"
_OF_VICTIMS = rf"\b(?:{'|'.join(sorted(_VICTIMS))})\b"

Quantities = dict[str, set[tuple[float, float]]]


@lru_cache(maxsize=50_000)
def quantities_of(words: Sequence[str]) -> Quantities:
    """Return the numbers among a headline's words (from ``headline_words``) by kind: value and unit (0: none).

    Examples
    --------
    >>> quantities_of(("acme", "sale", "up", "5", "percent", "dollar", "2_5", "billion"))
    {'percent': {(5.0, 1.0)}, 'money': {(2.5, 1000000000.0)}}
    """
    kinds: Quantities = {}
    victims = not _VICTIMS.isdisjoint(words)
    for place, word in enumerate(words):
        if not word[0].isdigit():
            continue
        behind = [*words[place + 1 : place + 3], "", ""]
        before = words[place - 1] if place else ""
        value = _value(word)
        if value is None:
            kinds.setdefault(_QUARTER if word.endswith(_QUARTER) else word, set()).add((float(word[0]), 1.0))
        elif behind[0] in _MEASURES:
            kinds.setdefault(behind[0], set()).add((value, 1.0))
        elif before in _CURRENCIES or (behind[0] in UNITS and behind[1] in _CURRENCIES):
            kinds.setdefault("money", set()).add((value, UNITS.get(behind[0], 0.0)))
        elif behind[0] in UNITS:
            kinds.setdefault("count", set()).add((value, UNITS[behind[0]]))
        elif (word.isdigit() and value in _YEARS) or (len(word) == 2 and word[0] == "0"):
            kinds.setdefault("year", set()).add((value % 100, 1.0))
        elif not victims:
            kinds.setdefault("count", set()).add((value, 1.0))
    return kinds


def numbers_differ(one: HeadlineWords, two: HeadlineWords) -> bool:
    """Whether each has a number of a common kind that the other lacks; counts of victims, which grow, are ignored."""
    if not one.numbers or not two.numbers:
        return False
    left, right = quantities_of(one.words), quantities_of(two.words)
    return any(_differ(left[kind], right[kind]) for kind in left.keys() & right.keys())


def number_columns(text: pl.Expr, name: str) -> list[pl.Expr]:
    """Return expressions for the numbers of texts by kind, truncated and rounded up, for ``counts_differ``."""
    counts = text.str.replace_all(_PERCENTAGE, "").str.replace_all(_MONEY, "").str.replace_all(_YEAR, "")
    no_victims = pl.when(~text.str.contains(_OF_VICTIMS)).then(counts)
    kinds = {"share": text.str.extract_all(_PERCENTAGE), "money": text.str.extract_all(_MONEY)}
    columns = []
    for kind, numbers in {**kinds, "count": no_victims.str.extract_all(_NUMBER)}.items():
        digits = numbers.list.eval(pl.element().str.extract(r"(\d+)(?:_|\b)").cast(pl.Int64, strict=False))
        above = numbers.list.eval(
            pl.element().filter(pl.element().str.contains("_")).str.extract(r"(\d+)_").cast(pl.Int64, strict=False) + 1
        )
        columns += [digits.alias(f"{name}_{kind}"), digits.list.concat(above).alias(f"{name}_{kind}_rounded")]
    return columns


def counts_differ(left: pl.DataFrame, right: pl.DataFrame, name: str) -> pl.Series:
    """Whether each of two texts has a number that the other lacks; a faster form of ``numbers_differ``."""
    both = pl.concat([left, right.select(pl.all().name.suffix("_other"))], how="horizontal")
    apart = []
    for kind in ("share", "money", "count"):
        one, two = pl.col(f"{name}_{kind}"), pl.col(f"{name}_{kind}_other")
        near_one, near_two = pl.col(f"{name}_{kind}_rounded"), pl.col(f"{name}_{kind}_rounded_other")
        apart.append(
            (one.list.set_difference(near_two).list.len() > 0) & (two.list.set_difference(near_one).list.len() > 0)
        )
    return both.select(pl.any_horizontal(apart).fill_null(value=False)).to_series()


def _differ(left: set[tuple[float, float]], right: set[tuple[float, float]]) -> bool:
    def new(numbers: set[tuple[float, float]], others: set[tuple[float, float]]) -> bool:
        return any(not any(_same(number, other) for other in others) for number in numbers)

    return new(left, right) and new(right, left)


def _same(one: tuple[float, float], two: tuple[float, float]) -> bool:
    """Whether two numbers are equal, or one is the other rounded up or down; a missing unit matches any."""
    (left, unit), (right, other) = one, two
    if unit and other and unit != other:
        return False
    whole, other_whole = left == int(left), right == int(right)
    if whole == other_whole:
        return left == right
    exact, rounded = (right, left) if whole else (left, right)
    return rounded in (math.floor(exact), math.ceil(exact))


def _value(word: str) -> float | None:
    try:
        return float(word.replace("_", ".", 1))
    except ValueError:
        return None
