"""Months, weekdays and halves of the day by their names in some sixty languages (``data/news/calendar_words.csv``,
months and weekdays from Unicode CLDR).

A name that means different months in different languages is not in the table, so that it is refused and not guessed.
Weekdays cut short are kept for the head of a date alone, with all that they mean: the date says which is meant.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from correlator.base.numerals import DIRECTION_MARKS, plain_digit
from correlator.base.resources import data_path

_CJK_DATE = re.compile(
    r"(?<!\d)(?:(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일号號]|(\d\d)년 ?(\d{1,2})월 ?(\d{1,2})일)"
)
_CJK_TIME = re.compile(
    r"(?:(午前|上午|오전)|(午後|下午|오후))? ?(\d{1,2}) ?[時时시点:] ?(\d\d?)(?:[分분]|(?!\d))"
    r"(?:[: ]?(\d{1,2}) ?(?:[秒초]|(?!\d)))?"
)
_CJK_WEEKDAY = re.compile(
    r"[(（] ?([日月火水木金土一二三四五六월화수목금토일])(?:曜日|曜|요일)? ?[)）]"
    r"|(?:星期|[周週])([一二三四五六日天])|([日月火水木金土])曜日?|([월화수목금토일])요일"
)
_CJK_WEEK = ("月一월", "火二화", "水三수", "木四목", "金五금", "土六토", "日天일")
_SHORT_ENGLISH = frozenset(("mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun"))
# Marks of direction, of hyphenation and of joining; letters that Arabic and Persian keyboards give different numbers.
_TRANSLATED = dict.fromkeys(map(ord, f"{DIRECTION_MARKS}\u00ad\u200b\u200c\u200d"), "") | {
    ord("ی"): "ي",
    ord("ى"): "ي",
    ord("ک"): "ك",
}


def fold(text: str) -> str:
    """A text for comparison: case folded, digits of any script as ASCII, no accents, no marks of direction or joining.

    Examples
    --------
    >>> fold("28 Mayıs ٢٠٢٥")
    '28 mayis 2025'
    """
    if text.isascii():
        return text.lower()
    split = unicodedata.normalize("NFKD", text.translate(_TRANSLATED).casefold())
    plain = "".join(plain_digit(letter) for letter in split if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", plain).replace("ı", "i")


def key_of(text: str) -> str:
    """The letters and digits of a folded text alone: two titles are one but for their signs where these are equal.

    Examples
    --------
    >>> key_of("U.S.-China talks")
    'uschinatalks'
    """
    return "".join(letter for letter in fold(text) if letter.isalnum())


def with_numbers(folded: str) -> str:
    """A folded text in digits: months as ``m01`` to ``m12``, those of the Solar Hijri calendar as ``s01`` to ``s12``,
    halves of the day as ``am`` and ``pm`` behind its clock time, East Asian dates and times.
    """
    if not folded.isascii():
        folded = _CJK_TIME.sub(_cjk_time, _CJK_DATE.sub(_cjk_date, folded))
    numbered = _words_pattern().sub(lambda match: _numbers()[match[0]], folded)
    return _HALF_AHEAD.sub(r"\2 \1", " ".join(numbered.split()))


def without_weekday(folded: str) -> tuple[str, frozenset[int]]:
    """The folded text without a weekday (Monday 0), and which it may be; none where it names none."""
    match = _CJK_WEEKDAY.search(folded)
    if match:
        day = next(group for group in match.groups() if group)
        numbers = frozenset((next(number for number, names in enumerate(_CJK_WEEK) if day in names),))
    else:
        match = _weekdays_pattern().search(folded)
        numbers = frozenset((_weekdays()[match[1]],)) if match else frozenset()
    if match is None:
        return _without_short_weekday(folded)
    rest = folded[: match.start()] + " " + folded[match.end() :].lstrip(".,،")
    return " ".join(rest.split()), numbers


def _without_short_weekday(folded: str) -> tuple[str, frozenset[int]]:
    """The text without a weekday that it begins with, cut short in some language, and which it is in any.

    Two letters are one only before a comma or a stop, and a month (*mar* is Tuesday and March) only before another.
    """
    match = _SHORT_AHEAD.match(folded)
    numbers = _short_weekdays().get(match[1], frozenset()) if match else frozenset()
    if match is None or not numbers or not (match[2] or len(match[1]) > _LETTERS_ALONE):
        return folded, frozenset()
    rest = folded[match.end() :]
    if match[1] in _numbers() and not _words_pattern().search(rest):
        return folded, frozenset()
    return rest, numbers


def weekday_of(word: str) -> int | None:
    """The weekday (Monday 0) that a folded word names, or None."""
    return _weekdays().get(word.rstrip("."))


_SHORT_AHEAD, _LETTERS_ALONE = re.compile(r"([^\W\d_]{2,}(?:\.[^\W\d_]+)?)([.,،]{0,2}) ?(?=\d)"), 2
_HALF_AHEAD = re.compile(r"\b([ap]m),? +(\d{1,2}:\d\d(?::\d\d)?)(?! ?[ap]m)")


def _cjk_date(match: re.Match[str]) -> str:
    year, month, day, short, short_month, short_day = match.groups()
    return f"{year}-{month:0>2}-{day:0>2} " if year else f"{short_day}.{short_month}.{short} "


def _cjk_time(match: re.Match[str]) -> str:
    hour = int(match[3])
    if match[1] or match[2]:
        hour = hour % 12 + (12 if match[2] else 0)
    return f" {hour:02}:{match[4]:0>2}" + (f":{match[5]:0>2}" if match[5] else "")


@cache
def _rows() -> tuple[tuple[str, str, str], ...]:
    with data_path("news", "calendar_words.csv").open(encoding="utf-8", newline="") as file:
        return tuple((row["kind"], row["name"], row["number"]) for row in csv.DictReader(file))


@cache
def _numbers() -> dict[str, str]:
    """What stands for each word but weekdays in a text in digits."""
    written = {"month": "m{:02}", "solar": "s{:02}"}
    halves = {name: (" am ", " pm ")[int(number)] for kind, name, number in _rows() if kind == "half"}
    return halves | {name: written[kind].format(int(number)) for kind, name, number in _rows() if kind in written}


@cache
def _weekdays() -> dict[str, int]:
    table = {name: int(number) for kind, name, number in _rows() if kind == "weekday"}
    return table | {
        name: table[next(full for full in _ENGLISH if full.startswith(name[:3]))] for name in _SHORT_ENGLISH
    }


@cache
def _short_weekdays() -> dict[str, frozenset[int]]:
    short = [(name, int(number)) for kind, name, number in _rows() if kind == "short"]
    return {name: frozenset(day for other, day in short if other == name) for name, _ in short}


_ENGLISH = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@cache
def _words_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W\d_]){_one_of(_numbers())}(?![^\W\d_])")


@cache
def _weekdays_pattern() -> re.Pattern[str]:
    """A weekday, with the mark that Thai puts behind it."""
    return re.compile(rf"(?<![^\W\d_])({_one_of(_weekdays())})(?:ที(?= ?\d)|(?![^\W\d_]))")


def _one_of(words: Iterable[str]) -> str:
    """A pattern of the longest of ``words``; grouped by their first letters, so that few are tried at each place."""
    groups: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        groups.setdefault(word[0], []).append(re.escape(word[1:]))
    return "(?:" + "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in groups.items()) + ")"
