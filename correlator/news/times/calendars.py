"""Dates of other calendars whose day is certain, as Gregorian ones: Buddhist years, eras of Japan, years of the
Republic in Taiwan, the Solar Hijri calendar of Iran and Afghanistan.

The lunar Hijri calendar is not among them: its months begin where the moon is seen.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from correlator.errors import TimeError

_BUDDHIST = 543
_REPUBLIC = 1911
# Eras of Japan by their first and last day.
_ERAS = {
    "昭和": (date(1926, 12, 25), date(1989, 1, 7)),
    "平成": (date(1989, 1, 8), date(2019, 4, 30)),
    "令和": (date(2019, 5, 1), date.max),
}
_CHINESE = {sign: number for number, sign in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
_BELOW_100 = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_IN_CHINESE = re.compile(rf"([〇零○一二三四五六七八九]{{4}})年({_BELOW_100})月({_BELOW_100})[日号號]")
_OF_ERA = re.compile(r"(?:中[华華])?(昭和|平成|令和|民[国國]) ?(\d{1,3}|元)年 ?(\d{1,2})月 ?(\d{1,2})日")
_BUDDHIST_YEAR = re.compile(r"(?<![\d:])(?<!:\d\d[.,])(2[56]\d\d)(?![\d:])")
_COMMON_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_THAI, _THAI_ERA = re.compile("[\u0e00-\u0e7f]"), re.compile(r"(?:พ\.ศ\.|พทธศักราช|\bb\.?e\.?(?= ?2[56]\d\d))")
_THAI_COMMON = re.compile(r"ค\.ศ\.")
_SHORT_YEAR = re.compile(r"(?<=m\d\d) ?(\d\d)(?![\d:.])")
_SOLAR = re.compile(
    r"(?<![\d/-])(?:(?P<d>\d{1,2}) s(?P<m>\d\d),? (?P<y>1[34]\d\d)"
    r"|(?P<y2>1[34]\d\d)(?P<s>[/-])(?P<m2>\d{1,2})(?P=s)(?P<d2>\d{1,2}))(?![\d/-])"
)
_NOWRUZ, _LEAP_CYCLE = date(2025, 3, 21), 33  # the first day of 1404
_FIRST_SOLAR, _AHEAD = 1369, 1  # years in figures that are lunar ones of before 1990, or of the future


def in_chinese_figures(folded: str) -> str:
    """A folded text with dates in Chinese numbers in figures.

    >>> in_chinese_figures("二〇二五年五月二十八日")
    '2025年5月28日'
    """
    return _IN_CHINESE.sub(
        lambda match: (
            f"{''.join(str(_CHINESE[sign]) for sign in match[1])}年{_counted(match[2])}月{_counted(match[3])}日"
        ),
        folded,
    )


def with_eras(folded: str, original: str) -> str:
    """A folded text with dates of Japanese eras, and of the Republic's years, in Gregorian years.

    Raises TimeError for a date that its era has not.

    >>> with_eras("令和7年5月28日", "")
    '2025年5月28日'
    """
    return _OF_ERA.sub(lambda match: _of_era(match, original), folded)


def in_gregorian(text: str, original: str) -> tuple[str, tuple[int, int, int] | None]:
    """A text in digits (``calendar_words.with_numbers``) with Buddhist years and Solar Hijri dates as Gregorian ones.

    Where the text also has a year of ours a Solar Hijri date is taken out of it: year, month and day that it has to
    be. Raises TimeError for a date that its calendar has not.

    >>> in_gregorian("28 m05 2568", ""), in_gregorian("7 s03 1404", "")
    (('28 m05 2025', None), ('2025-05-28', None))
    >>> in_gregorian("7 s03 1404 - 28 m05 2025", "")
    ('  - 28 m05 2025', (2025, 5, 28))
    """
    text = _THAI_COMMON.sub(" ", _THAI_ERA.sub(" ", text))
    if _COMMON_YEAR.search(text):
        match = _SOLAR.search(text)
        day = _of_solar(match, original) if match else None
        if match is None or day is None:
            return text, None
        return f"{text[: match.start()]} {text[match.end() :]}", (day.year, day.month, day.day)
    if _THAI.search(original):
        text = _SHORT_YEAR.sub(lambda match: _short_buddhist(match, original), text)
    text = _BUDDHIST_YEAR.sub(lambda match: str(int(match[1]) - _BUDDHIST), text)
    return _SOLAR.sub(lambda match: str(_of_solar(match, original) or match[0]), text), None


def _counted(text: str) -> int:
    """A number below 100 in Chinese signs."""
    tens, ten, ones = text.rpartition("十")
    return (10 * (_CHINESE[tens] if tens else 1) if ten else 0) + (_CHINESE[ones] if ones else 0)


def _of_era(match: re.Match[str], original: str) -> str:
    era, count, month, day = match[1], 1 if match[2] == "元" else int(match[2]), int(match[3]), int(match[4])
    if era not in _ERAS:
        return f"{_REPUBLIC + count}年{month}月{day}日"
    first, last = _ERAS[era]
    year = first.year + count - 1
    if not (first.year, first.month, first.day) <= (year, month, day) <= (last.year, last.month, last.day):
        raise TimeError(f"{original[:60]!r} is not a date that its era has")
    return f"{year}年{month}月{day}日"


def _short_buddhist(match: re.Match[str], original: str) -> str:
    """A Thai year of two digits, which is a Buddhist one from 1990 on, or cannot be told."""
    year = 2500 + int(match[1])
    if not 1990 <= year - _BUDDHIST <= datetime.now(UTC).year:
        raise TimeError(f"{original[:60]!r} has a year of two digits that no Buddhist year of today has")
    return f" {year}"


def _of_solar(match: re.Match[str], original: str) -> date | None:
    """The day of a Solar Hijri date; None for one in figures whose year may be a lunar one."""
    named = match["d"] is not None
    year, month, day = (int(match[name if named else f"{name}2"]) for name in "ymd")
    this = datetime.now(UTC).year - 621
    if not named and not _FIRST_SOLAR <= year <= this + _AHEAD:
        return None
    longest = 31 if month <= 6 else 30 if month <= 11 or _is_leap(year) else 29
    if not (1 <= month <= 12 and 1 <= day <= longest):
        raise TimeError(f"{original[:60]!r} is not a date that the Solar Hijri calendar has")
    days = 31 * min(month - 1, 6) + 30 * max(month - 7, 0) + day - 1
    return _nowruz(year) + timedelta(days)


def _nowruz(year: int) -> date:
    """The first day of a Solar Hijri year."""
    start = 1404
    span = range(min(year, start), max(year, start))
    days = 365 * len(span) + sum(map(_is_leap, span))
    return _NOWRUZ + timedelta(days if year >= start else -days)


def _is_leap(year: int) -> bool:
    """Whether a Solar Hijri year has 366 days, by the cycle of 33 years, which holds from 1244 to 1531."""
    return (8 * year + 29) % _LEAP_CYCLE < 8
