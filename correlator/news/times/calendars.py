"""Convert dates of other calendars to Gregorian ones: Buddhist years, Japanese eras, years of the Republic of China
(Taiwan), and the Solar Hijri calendar of Iran and Afghanistan.

The lunar Hijri calendar is not supported: the start of its months depends on the sighting of the moon.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from correlator.errors import TimeError

_BUDDHIST = 543
_REPUBLIC = 1911
# Japanese eras with their first and last day.
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
_FIRST_SOLAR, _AHEAD = 1369, 1  # earlier numeric years may be lunar ones or before 1990; later ones are in the future


def in_chinese_figures(folded: str) -> str:
    """Replace dates in Chinese numerals by digits in a folded text.

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
    """Replace years of Japanese eras and of the Republic of China by Gregorian years in a folded text.

    Raises TimeError for a date outside its era.

    >>> with_eras("令和7年5月28日", "")
    '2025年5月28日'
    """
    return _OF_ERA.sub(lambda match: _of_era(match, original), folded)


def in_gregorian(text: str, original: str) -> tuple[str, tuple[int, int, int] | None]:
    """Replace Buddhist years and Solar Hijri dates by Gregorian ones in a text from ``calendar_words.with_numbers``.

    If the text also has a Gregorian year, its Solar Hijri date is removed and returned as year, month and day, so that
    the caller can compare both. Raises TimeError for a date that does not exist in its calendar.

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
    """Return the value of a number below 100 in Chinese numerals."""
    tens, ten, ones = text.rpartition("十")
    return (10 * (_CHINESE[tens] if tens else 1) if ten else 0) + (_CHINESE[ones] if ones else 0)


def _of_era(match: re.Match[str], original: str) -> str:
    era, count, month, day = match[1], 1 if match[2] == "元" else int(match[2]), int(match[3]), int(match[4])
    if era not in _ERAS:
        return f"{_REPUBLIC + count}年{month}月{day}日"
    first, last = _ERAS[era]
    year = first.year + count - 1
    if not (first.year, first.month, first.day) <= (year, month, day) <= (last.year, last.month, last.day):
        raise TimeError(f"{original[:60]!r} is not a valid date of its era")
    return f"{year}年{month}月{day}日"


def _short_buddhist(match: re.Match[str], original: str) -> str:
    """Return a two-digit Thai year as a Buddhist one. Raises TimeError unless it lies between 1990 and today."""
    year = 2500 + int(match[1])
    if not 1990 <= year - _BUDDHIST <= datetime.now(UTC).year:
        raise TimeError(f"{original[:60]!r} has a two-digit year that is not a recent Buddhist year")
    return f" {year}"


def _of_solar(match: re.Match[str], original: str) -> date | None:
    """Return the day of a Solar Hijri date; None for a numeric one whose year may be a lunar Hijri year."""
    named = match["d"] is not None
    year, month, day = (int(match[name if named else f"{name}2"]) for name in "ymd")
    this = datetime.now(UTC).year - 621
    if not named and not _FIRST_SOLAR <= year <= this + _AHEAD:
        return None
    longest = 31 if month <= 6 else 30 if month <= 11 or _is_leap(year) else 29
    if not (1 <= month <= 12 and 1 <= day <= longest):
        raise TimeError(f"{original[:60]!r} is not a valid Solar Hijri date")
    days = 31 * min(month - 1, 6) + 30 * max(month - 7, 0) + day - 1
    return _nowruz(year) + timedelta(days)


def _nowruz(year: int) -> date:
    """Return the first day of a Solar Hijri year."""
    start = 1404
    span = range(min(year, start), max(year, start))
    days = 365 * len(span) + sum(map(_is_leap, span))
    return _NOWRUZ + timedelta(days if year >= start else -days)


def _is_leap(year: int) -> bool:
    """Whether a Solar Hijri year has 366 days, by the 33-year cycle (valid from 1244 to 1531)."""
    return (8 * year + 29) % _LEAP_CYCLE < 8
