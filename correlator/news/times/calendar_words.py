"""Names of months, weekdays and halves of the day (am/pm) in some sixty languages.

They come from ``data/news/calendar_words.csv``, months and weekdays from Unicode CLDR. A name that means different
months in different languages is not in the table, so that it is refused rather than guessed. Abbreviated weekdays are
recognised only at the start of a date, with all their meanings; the date decides which one applies.
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
# Direction marks, soft hyphens and joiners are removed; letters of Persian keyboards become the Arabic ones.
_TRANSLATED = dict.fromkeys(map(ord, f"{DIRECTION_MARKS}\u00ad\u200b\u200c\u200d"), "") | {
    ord("ی"): "ي",
    ord("ى"): "ي",
    ord("ک"): "ك",
}


def fold(text: str) -> str:
    """Fold a text for comparison: no case, accents, direction marks or joiners, and only ASCII digits.

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
    """Return only the letters and digits of a folded text, so that titles with equal keys differ in signs alone.

    Examples
    --------
    >>> key_of("U.S.-China talks")
    'uschinatalks'
    """
    return "".join(letter for letter in fold(text) if letter.isalnum())


def with_numbers(folded: str) -> str:
    """Replace names by numbers in a folded text.

    Months become ``m01`` to ``m12``, those of the Solar Hijri calendar ``s01`` to ``s12``; halves of the day become
    ``am`` and ``pm`` after the clock time; East Asian dates and times become numeric.
    """
    if not folded.isascii():
        folded = _CJK_TIME.sub(_cjk_time, _CJK_DATE.sub(_cjk_date, folded))
    numbered = _words_pattern().sub(lambda match: _numbers()[match[0]], folded)
    return _HALF_AHEAD.sub(r"\2 \1", " ".join(numbered.split()))


def without_weekday(folded: str) -> tuple[str, frozenset[int]]:
    """Return the folded text without its weekday, and the weekdays it may mean (Monday is 0), empty without one."""
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
    """Remove an abbreviated weekday at the start of a text, and return the weekdays it may mean in any language.

    Two letters count only before a comma or full stop; the name of a month (*mar* is Tuesday and March) counts only if
    another month follows.
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
    """Return the weekday (Monday is 0) that a folded word names, or None."""
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
    """Return the replacement of each word (weekdays excepted) used by ``with_numbers``."""
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
    """Return the pattern of a weekday, with the mark that follows it in Thai."""
    return re.compile(rf"(?<![^\W\d_])({_one_of(_weekdays())})(?:ที(?= ?\d)|(?![^\W\d_]))")


def _one_of(words: Iterable[str]) -> str:
    """Return a pattern of ``words``, longest first, grouped by first letter for speed."""
    groups: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        groups.setdefault(word[0], []).append(re.escape(word[1:]))
    return "(?:" + "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in groups.items()) + ")"
