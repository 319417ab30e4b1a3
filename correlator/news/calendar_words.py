"""Months and weekdays by their names in some thirty languages (``data/news/calendar_words.csv``, from Unicode CLDR).

A name that means different months in different languages is not in the table, so that it is refused and not guessed.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache

from correlator.resources import data_path

_CJK_DATE = re.compile(r"(\d{4}|\d{2}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]")
_CJK_TIME = re.compile(
    r"(?:(午前|上午|오전)|(午後|下午|오후))? ?(\d{1,2}) ?[時时시点:] ?(\d\d?)(?:[分분]|(?!\d))"
    r"(?:[: ]?(\d{1,2}) ?(?:[秒초]|(?!\d)))?"
)
_CJK_WEEKDAY = re.compile(
    r"[(（] ?[日月火水木金土一二三四五六월화수목금토일](?:曜日|曜|요일)? ?[)）]|星期[一二三四五六日天]"
)
_SHORT_ENGLISH = frozenset(("mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun"))
# Marks of direction that right-to-left pages put around dates.
_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u00ad\u200b"))


def fold(text: str) -> str:
    """A text for comparison: case folded, digits of any script as ASCII, no accents, no marks of direction.

    Examples
    --------
    >>> fold("28 Mayıs ٢٠٢٥")
    '28 mayis 2025'
    """
    if text.isascii():
        return text.lower()
    split = unicodedata.normalize("NFKD", text.translate(_MARKS).casefold())
    plain = "".join(_plain(letter) for letter in split if not unicodedata.combining(letter))
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
    """A folded text with every month as ``m01`` to ``m12`` and East Asian dates and times in digits."""
    if folded.isascii():
        return _words_pattern().sub(_month, folded)
    numbered = _CJK_WEEKDAY.sub(" ", _CJK_DATE.sub(lambda m: f"{_year(m[1])}-{m[2]:0>2}-{m[3]:0>2} ", folded))
    return _words_pattern().sub(_month, _CJK_TIME.sub(_cjk_time, numbered))


def weekday_of(word: str) -> int | None:
    """The weekday (Monday 0) that a folded word names, or None."""
    return _weekdays().get(word.rstrip("."))


def _plain(letter: str) -> str:
    number = unicodedata.decimal(letter, None)
    return letter if number is None else str(number)


def _year(text: str) -> str:
    return text if len(text) == 4 else f"20{text}"


def _cjk_time(match: re.Match[str]) -> str:
    hour = int(match[3])
    if match[1] or match[2]:
        hour = hour % 12 + (12 if match[2] else 0)
    return f" {hour:02}:{match[4]:0>2}" + (f":{match[5]:0>2}" if match[5] else "")


def _month(match: re.Match[str]) -> str:
    return f"m{_months()[match[0]]:02}"


@cache
def _rows() -> tuple[tuple[str, str, str], ...]:
    with data_path("news", "calendar_words.csv").open(encoding="utf-8", newline="") as file:
        return tuple((row["kind"], row["name"], row["number"]) for row in csv.DictReader(file))


@cache
def _months() -> dict[str, int]:
    return {name: int(number) for kind, name, number in _rows() if kind == "month"}


@cache
def _weekdays() -> dict[str, int]:
    table = {name: int(number) for kind, name, number in _rows() if kind == "weekday"}
    return table | {
        name: table[next(full for full in _ENGLISH if full.startswith(name[:3]))] for name in _SHORT_ENGLISH
    }


_ENGLISH = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@cache
def _words_pattern() -> re.Pattern[str]:
    names = sorted(_months(), key=len, reverse=True)
    return re.compile(rf"(?<![^\W\d_])(?:{'|'.join(map(re.escape, names))})(?![^\W\d_])")
