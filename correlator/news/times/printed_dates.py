"""Parse printed dates and clock times without zones: a naive datetime, its precision and the form recognised."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal

import polars as pl

from correlator.base.day_order import DayOrder, day_order
from correlator.base.numerals import in_plain_signs
from correlator.errors import TimeError
from correlator.news.times.calendar_words import fold, weekday_of, with_numbers, without_weekday
from correlator.news.times.calendars import in_chinese_figures, in_gregorian, with_eras

ClockPrecision = Literal["second", "minute", "day"]
DATE_ORDERS = ("dmy", "mdy")
_SERIAL = re.compile(r"[2-5]\d{4}(?:\.\d+)?")  # from 1954 to 2064
_SAVE_AS_DATES = "format the column as dates in the spreadsheet and save it again"
NO_LAYOUT_HINT = "add the layout to the publisher's profile"


def read_printed(
    text: str, layouts: Sequence[str], date_order: str | None, original: str
) -> tuple[datetime, ClockPrecision, str]:
    """Parse a printed time without its zone, and return the naive time, its precision and its form.

    ``layouts``: strptime formats tried first, also without a leading weekday. Raises TimeError.
    """
    folded = fold(text)
    if not folded.isascii():
        folded = with_eras(in_chinese_figures(folded), text)
    words, weekdays = without_weekday(folded)
    by_layout = _by_layout(text, layouts)
    naive, precision, form = by_layout or _assembled(with_numbers(words), date_order, original)
    if weekdays and naive.weekday() not in weekdays:
        raise TimeError(f"{original!r} names the wrong weekday for {naive.date()}")
    return naive, precision, form


def fraction_of(text: str) -> bool:
    """Whether a clock time has a non-zero fraction of a second, which shows that it is not a date alone."""
    match = re.search(r"\d:\d\d:\d\d[.,](\d{1,9})", text)
    return bool(match and int(match[1]))


_EDGE_WORDS = re.compile(
    r"(?<![^\W\d_])(?:at|a|um|uhr|kl|klo|saat|as|las|om|godz|pukul|pkl|alle|ore|luc|в|goda|года|г|о|об|στισ|בשעה|ساعت|الساعة"
    r"|เวลา|น|बजे|بجے|টায|মিনিট)(?![^\W\d_])\.?|(?<=\d)-c[iu] il\b|(?:\b|(?<=:\d\d))(?:hrs|hours|h)\b\.?(?=$| )"
    r"|[@|•·–—/,()]|(?<= )-(?= )"
)
_TIME = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2})(?::(?P<minute>\d\d))(?::(?P<second>\d\d)(?:[.,]\d{1,9})?)?"
    r"(?: ?(?P<half>[ap])\.? ?m\b\.?)?(?![\d:])"
    r"|(?<![\d:.])(?P<only>\d{1,2}) ?(?P<only_half>[ap])\.? ?m\b\.?"
)
_DOTTED_TIME = re.compile(
    r"(?<= )(?P<hour>\d{1,2})(?:\.| ?h ?)(?P<minute>\d\d)(?P<second>(?!))?(?P<half> ?[ap]\.?m\b\.?)?(?: uhr| ?น\.?)?$"
)
# A date of a Hijri calendar, whose years are 13.. or 14.. today.
_OTHER_CALENDAR = re.compile(
    r"\b(?:\d{1,2}(?: [^\s\d,،]+){1,3},? 1[34]\d\d|1[34]\d\d(?P<a>[/-])\d{1,2}(?P=a)\d{1,2}"
    r"|\d{1,2}(?P<b>[/-])\d{1,2}(?P=b)1[34]\d\d)(?: ?هـ?)?(?!\w)"
)
# "am" and "pm" after a clock time in Arabic and Greek.
_HALVES = (
    (re.compile(r"(?<=:\d\d) ?(?:ص|صباحا|π\. ?μ\.?)(?!\w)"), " am"),
    (re.compile(r"(?<=:\d\d) ?(?:م|مساء|μ\. ?μ\.?)(?!\w)"), " pm"),
)
_YEAR_MARK = re.compile(r"(?<=\d{4}) ?[مء](?!\w)|\bالموافق\b")
_COMPACT = re.compile(r"^(\d{4})(-?)(\d\d)\2(\d\d)(?: ?t? ?(\d\d)(\d\d)(\d\d)?)?(?:[.,]\d{1,9})?(?=$|[ t]\d\d:)")
# A month by both of its names, as in Lebanon.
_MONTH_TWICE = re.compile(r"(m\d\d) ?[/(] ?\1\)?")
_BEFORE_CHRIST = re.compile(r"[-−]\d{4,6}[-/.]")
_ISO_T = re.compile(r"(?<=\d)t(?=\d)")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|º|ª)\b\.?")


def _by_layout(text: str, layouts: Sequence[str]) -> tuple[datetime, ClockPrecision, str] | None:
    if not layouts:
        return None
    clean = re.sub(r"(?i)(?<=\d) ?([ap])\.?m\b\.?", lambda m: m[1].upper() + "M", text)
    candidates = dict.fromkeys((clean, clean.partition(" ")[2] if _leading_weekday(clean) else clean))
    for layout in layouts:
        for each in candidates:
            try:
                return datetime.strptime(each, layout), _precision(layout), f"layout {layout}"
            except ValueError:
                continue
    return None


def _leading_weekday(text: str) -> bool:
    return weekday_of(fold(text.partition(" ")[0]).rstrip(",.")) is not None


def _precision(layout: str) -> ClockPrecision:
    if "%S" in layout or "%f" in layout or "%T" in layout:
        return "second"
    return "minute" if "%M" in layout else "day"


def _assembled(text: str, date_order: str | None, original: str) -> tuple[datetime, ClockPrecision, str]:
    """Parse a time from its parts: a clock time anywhere in the text, and a date that is all the rest."""
    if _BEFORE_CHRIST.match(text):
        raise TimeError(f"{original[:60]!r} has a year BC")
    text, also = in_gregorian(text, original)
    other = _OTHER_CALENDAR.sub(" ", text)
    text = _YEAR_MARK.sub(" ", other if re.search(r"\d", other) else text).strip()
    compact = _COMPACT.match(text)
    if compact:
        year, _, month, day, hour, minute, second = compact.groups()
        clock = f" {hour}:{minute}:{second or '00'}" if hour else ""
        text = f"{year}-{month}-{day}{clock}{text[compact.end() :]}"
    text = _MONTH_TWICE.sub(r"\1", _ORDINAL.sub("", _ISO_T.sub(" ", text)))
    for marked, half in _HALVES:
        text = marked.sub(half, text)
    match = _TIME.search(text) or _DOTTED_TIME.search(text)
    rest = text[: match.start()] + " " + text[match.end() :] if match else text
    rest = " ".join(_EDGE_WORDS.sub(_kept_slash, rest).replace("،", " ").split()).strip(" -")
    for pattern, build, form in _DATES:
        matched = pattern.fullmatch(rest)
        if matched:
            day = build(matched.groupdict(), date_order, original)
            if also and also != day:
                raise TimeError(f"{original[:60]!r} names two different dates")
            return _joined(day, match, form, original)
    if _SERIAL.fullmatch(original.strip()):
        raise TimeError(f"{original[:60]!r} is the serial number of a date in a spreadsheet", hint=_SAVE_AS_DATES)
    raise TimeError(f"{original[:60]!r} is not in a known date layout", hint=NO_LAYOUT_HINT)


def _kept_slash(match: re.Match[str]) -> str:
    """Keep a slash between parts of a date; replace any other separator by a space."""
    inside = (
        match[0] == "/"
        and match.string[match.start() - 1 : match.start()].strip()
        and match.string[match.end() :][:1].strip()
    )
    return "/" if inside else " "


def _joined(
    day: tuple[int, int, int], match: re.Match[str] | None, form: str, original: str
) -> tuple[datetime, ClockPrecision, str]:
    hour, minute, second, precision = _clock(match)
    try:
        return datetime(*day, hour, minute, second), precision, form
    except ValueError:
        raise TimeError(f"{original[:60]!r} is not a valid date and time") from None


def _clock(match: re.Match[str] | None) -> tuple[int, int, int, ClockPrecision]:
    if match is None:
        return 0, 0, 0, "day"
    parts = match.groupdict()
    hour, half = int(parts.get("only") or parts["hour"]), (parts.get("only_half") or parts["half"] or "").strip()[:1]
    if half:
        hour = _in_half(hour, half)
    second = parts["second"]
    return hour, int(parts["minute"] or 0), int(second or 0), "second" if second else "minute"


def _in_half(hour: int, half: str) -> int:
    """Return the 24-hour value of an hour with am or pm, 00 AM and 18 PM included; 99 if invalid (13 AM, 0 PM)."""
    if 1 <= hour <= 12:
        return hour % 12 + (12 if half == "p" else 0)
    return hour if (hour > 12) == (half == "p") else 99


Parts = dict[str, str]


def _plain(parts: Parts, _order: str | None, _original: str) -> tuple[int, int, int]:
    return _full_year(parts["y"]), int(parts["m"]), int(parts["d"])


def _full_year(text: str) -> int:
    """Return a year as four digits; two digits mean the latest such year that is not in the future."""
    if len(text) == 4:
        return int(text)
    this = datetime.now(UTC).year
    year = this - this % 100 + int(text)
    return year if year <= this else year - 100


def _either(parts: Parts, order: str | None, original: str) -> tuple[int, int, int]:
    """Return year, month and day of a numeric date. Raises TimeError if the order of day and month is ambiguous."""
    first, second, year = int(parts["a"]), int(parts["b"]), _full_year(parts["y"])
    year_first = len(parts["y"]) == len(parts["a"]) == 2 and second <= 12 and int(parts["y"]) <= 31  # 25/05/28
    if order is None and (year_first or (first <= 12 and second <= 12 and first != second)):
        raise TimeError(
            f"{original[:60]!r} is ambiguous: day/month or month/day", hint="give --date-order dmy or --date-order mdy"
        )
    month_first = order == "mdy" or (order is None and second > 12)
    return (year, first, second) if month_first else (year, second, first)


_NUMERIC = r"(?:^|[^\d/-])(\d{1,2})[/-](\d{1,2})[/-]\d{4}(?:\D|$)"
# With a year of two digits, a day after the 12th is certain only in the middle: 13/1/15 may begin with the year.
_SHORT = r"(?:^|[^\d/-])(0?[1-9]|1[0-2])[/-](1[3-9]|2\d|3[01])[/-]\d\d(?:\D|$)"


def order_in(texts: Sequence[str] | pl.Series) -> DayOrder:
    """Return the order of day and month that the numeric dates in ``texts`` show.

    Examples
    --------
    >>> order_in(["05/06/2025 9:30", "on 05/28/2025"]).shown
    'mdy'
    >>> order_in(["1/9/15 0:00", "1/13/15 0:00"]).shown, order_in(["13/1/15"]).shown
    ('mdy', None)
    """
    column = in_plain_signs(pl.Series(texts, dtype=pl.String))
    return day_order(column, _NUMERIC).joined(day_order(column, _SHORT))


_Y = r"'?(?P<y>\d{4}|\d\d)"
_DATES: tuple[tuple[re.Pattern[str], Callable[[Parts, str | None, str], tuple[int, int, int]], str], ...] = (
    (re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"), _plain, "ISO date"),
    (re.compile(r"(?P<y>\d{4})[/.] ?(?P<m>\d{1,2})[/.] ?(?P<d>\d{1,2})\.?"), _plain, "year, month, day"),
    (
        re.compile(rf"(?P<d>\d{{1,2}})\.?(?: de| of)?[ \-/]?m(?P<m>\d\d)\.?(?: de| del)?[ \-/]?{_Y}\.?"),
        _plain,
        "day, month by name, year",
    ),
    (re.compile(r"(?P<d>\d{1,2}) thang (?P<m>\d{1,2})(?: nam)? (?P<y>\d{4})"), _plain, "day, month, year"),
    (re.compile(rf"m(?P<m>\d\d)\.?[ \-/]?(?P<d>\d{{1,2}})[ \-/]{_Y}"), _plain, "month by name, day, year"),
    (
        re.compile(r"(?P<y>\d{4})(?:\.| m\.)?[ \-/]m(?P<m>\d\d)\.?[ \-/](?P<d>\d{1,2})(?:\.| d\.?)?"),
        _plain,
        "year, month by name, day",
    ),
    (re.compile(r"(?P<y>\d{4})\. gada (?P<d>\d{1,2})\. m(?P<m>\d\d)"), _plain, "year, day, month by name"),
    (re.compile(rf"(?P<d>\d{{1,2}})\. ?(?P<m>\d{{1,2}})\. ?{_Y}\.?"), _plain, "dd.mm.yyyy"),
    (
        re.compile(r"(?P<a>\d{1,2})(?P<s>[/\-])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d\d)"),
        _either,
        "numbers of day and month",
    ),
)  # fmt: skip
