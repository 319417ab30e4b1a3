"""Parse publication times into the instant in UTC, its precision and the rule that produced it.

A local time is in the zone that the caller gives (from the publisher's profile). A zone abbreviation is accepted only
from an explicit table, or if the caller's zone uses it for its own clock on that day; any other raises TimeError and is
never taken for UTC. A time skipped by the zone raises; of a repeated time the first is used, and the rule says so. A
date alone has precision ``day``: its instant is midnight UTC of the printed date, a label rather than a time of
publication. The same holds for midnight in any zone, which systems print that know only the date. A weekday that does
not match the date raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from correlator.base.zones import zone_called
from correlator.errors import TimeError
from correlator.news.times.printed_dates import fraction_of, read_printed

Precision = Literal["second", "minute", "day", "unknown"]

# RFC 822 names, and others with one meaning only. Ambiguous ones (IST, BST, CST) belong in a profile.
# ET, PT and Moscow time are zones, whose offset depends on the date.
ABBREVIATIONS: Mapping[str, str] = {
    "UTC": "+00:00",
    "GMT": "+00:00",
    "UT": "+00:00",
    "EST": "-05:00",
    "EDT": "-04:00",
    "CDT": "-05:00",
    "MST": "-07:00",
    "MDT": "-06:00",
    "PST": "-08:00",
    "PDT": "-07:00",
    "ET": "America/New_York",
    "PT": "America/Los_Angeles",
    "PKT": "+05:00",
    "PKST": "+06:00",
    "AZT": "+04:00",
    "MSK": "Europe/Moscow",
    "МСК": "Europe/Moscow",
    "TRT": "+03:00",
    "TSİ": "Europe/Istanbul",
    "TSI": "Europe/Istanbul",
    "CET": "+01:00",
    "CEST": "+02:00",
    "MEZ": "+01:00",
    "MESZ": "+02:00",
    "EET": "+02:00",
    "EEST": "+03:00",
    "SAST": "+02:00",
    "WIB": "+07:00",
    "HKT": "+08:00",
    "SGT": "+08:00",
    "JST": "+09:00",
    "KST": "+09:00",
    "AEST": "+10:00",
    "AEDT": "+11:00",
    "NZST": "+12:00",
    "NZDT": "+13:00",
}
# American abbreviations that these zones use for their own clock.
_NAMESAKES: Mapping[str, tuple[str, ...]] = {
    "PST": ("Asia/Karachi", "Asia/Manila"),
    "MST": ("Asia/Kuala_Lumpur", "Asia/Kuching", "Asia/Yangon"),
    "EST": ("Australia/",),
    "EDT": ("Australia/",),
    "CDT": ("America/Havana", "Cuba"),
}
DAYLIGHT: Mapping[str, str] = {
    "EDT": "America/New_York",
    "CDT": "America/Chicago",
    "MDT": "America/Denver",
    "PDT": "America/Los_Angeles",
    "CEST": "Europe/Berlin",
    "AEDT": "Australia/Sydney",
    "NZDT": "Pacific/Auckland",
}
"""Abbreviations of summer times, with a zone that uses each: printed in winter, they are an hour too early."""
EARLIEST = date(1990, 1, 1)
AHEAD = timedelta(hours=14)  # the date is that of the easternmost zone
_EPOCH_START, _MISREAD_UNTIL = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 25, tzinfo=UTC)
_READ_AGAIN = "convert the column again with its own unit, or give its numbers"
CLOCKS_DIFFER = timedelta(minutes=15)


@dataclass(frozen=True)
class Stamp:
    """An instant (aware, UTC; None if unknown), its precision and the rule that produced it.

    ``offset`` is the UTC offset that the text stated by figures or by a zone's name, or None.
    """

    instant: datetime | None
    precision: Precision
    rule: str
    offset: timedelta | None = None


NO_ZONE_HINT = "give the time zone with --zone, or the publisher with --profile"
ABBREVIATION_HINT = (
    "give the time zone with --zone (Asia/Kolkata), or add it to the abbreviations of the publisher's profile"
)
UNKNOWN = Stamp(None, "unknown", "no time given")


def parse_time(
    text: str,
    *,
    zone: str | None,
    layouts: Sequence[str] = (),
    abbreviations: Mapping[str, str] | None = None,
    date_order: str | None = None,
    origin: str = "text",
) -> Stamp:
    """Parse a printed time.

    Parameters
    ----------
    text
        The time as printed: ISO 8601 (also compact), RFC 822, epochs in s, ms, us or ns, dates with months by name in
        some sixty languages, ``dd.mm.yyyy``, East Asian dates, years of other calendars; digits of any script.
    zone
        IANA zone of times that state none; if None, such times raise.
    layouts
        strptime formats of the publisher, tried first.
    abbreviations
        Offsets or IANA zones of further abbreviations.
    date_order
        ``dmy`` or ``mdy``, for ambiguous dates such as 05/06/2025.
    origin
        Where the text was found; becomes part of the rule.

    Raises
    ------
    TimeError
        For a text that is not a time, an unknown zone, a wrong weekday or an ambiguous date.

    Examples
    --------
    >>> parse_time("Wed, 28 May 2025 06:02:00 +0500", zone=None).instant.isoformat()
    '2025-05-28T01:02:00+00:00'
    >>> parse_time("2025-05-29T00:00:00+05:00", zone=None).precision
    'day'
    """
    if len(text) > 200:
        raise TimeError(f"{text[:40]!r}... is too long for a time")
    epoch = _epoch(text.strip(), origin)
    if epoch:
        return epoch
    clean = _LONG_NAME.sub("", " ".join(text.split()))
    clean = re.sub(r"\((?:GMT|UTC) ?([+\-−]\d{1,2}(?::?[0-5]\d)?)\)$", r"UTC\1", clean)
    clean = re.sub(r"\(([+\-−]\d\d:?[0-5]\d)\)$", r"\1", clean)
    clean = _NAME_BEHIND_OFFSET.sub(r"\1", clean)
    clean = _COLON_BEFORE_CLOCK.sub(" ", _FOUR_FIGURES.sub(r" \1:\2", clean))
    bare, stated, named = _split_zone(clean, {**abbreviations_in(zone), **(abbreviations or {})}, zone)
    naive, precision, form = read_printed(bare, layouts, date_order, text)
    if precision == "day":
        return Stamp(naive.replace(tzinfo=UTC), "day", f"{origin}: date only, {form}")
    if naive.time() == datetime.min.time() and not fraction_of(text):
        label = naive.replace(tzinfo=UTC)
        return Stamp(label, "day", f"{origin}: midnight is read as a date only, {form}")
    if isinstance(stated, timezone):
        instant = _shift(naive.replace(tzinfo=stated), text)
        _check_daylight(naive, stated, named)
        return Stamp(instant, precision, f"{origin}: {form}, zone {named} as printed", stated.utcoffset(None))
    if (stated or zone) is None:
        raise TimeError(f"{text!r} has no time zone", hint=NO_ZONE_HINT)
    instant, note = localise(naive, str(stated or zone), called=named if stated == zone else None)
    source = f"{named} as printed" if stated else f"{zone}, which is not printed"
    offset = naive - instant.replace(tzinfo=None) if stated else None
    return Stamp(instant, precision, f"{origin}: {form}, zone {source}{note}", offset)


def _check_daylight(naive: datetime, stated: timezone, named: str) -> None:
    """Raise TimeError if a summer time is named on a date on which its zone has none."""
    zone = DAYLIGHT.get(named) if parse_offset(ABBREVIATIONS.get(named, "Z")) == stated else None
    if zone is None:
        return
    local = (naive.replace(tzinfo=zone_info(zone), fold=fold).utcoffset() for fold in (0, 1))
    if stated.utcoffset(None) not in local:
        raise TimeError(f"{naive.isoformat()} is not in {named}: {zone} uses another abbreviation on that date")


def bounded(stamp: Stamp, *, earliest: date = EARLIEST, now: datetime | None = None) -> Stamp:
    """Return the stamp. Raises TimeError if it is in the future or before ``earliest``.

    Clock times in the first weeks of 1970 are recent epochs that a program has read in a smaller unit than theirs.
    """
    if stamp.instant is None:
        return stamp
    latest = latest_instant(stamp.precision, now)
    if stamp.instant > latest:
        raise TimeError(f"{_shown(stamp)} is in the future")
    if stamp.instant.date() < earliest and stamp.precision != "day" and _EPOCH_START <= stamp.instant < _MISREAD_UNTIL:
        raise TimeError(f"{_shown(stamp)} is an epoch that was read in the wrong unit", hint=_READ_AGAIN)
    if stamp.instant.date() < earliest:
        raise TimeError(f"{_shown(stamp)} is before {earliest}", hint="give --earliest to accept older articles")
    return stamp


def latest_instant(precision: str, now: datetime | None = None) -> datetime:
    """Return the latest instant that is not in the future: the easternmost date, or now with some tolerance."""
    return (now or datetime.now(UTC)) + (AHEAD if precision == "day" else CLOCKS_DIFFER)


def local_midnight(stamp: Stamp, zone: str | None) -> Stamp:
    """Return the stamp; if it is stated in UTC and midnight in ``zone``, as the local date with precision ``day``."""
    if not zone or stamp.precision != "second" or stamp.offset != timedelta(0) or stamp.instant is None:
        return stamp
    local = stamp.instant.astimezone(zone_info(zone)).replace(tzinfo=None)
    if local.time() != datetime.min.time() or stamp.instant.time() == datetime.min.time():
        return stamp
    return Stamp(local.replace(tzinfo=UTC), "day", f"{stamp.rule}; that is midnight in {zone}, read as a date only")


def localise(naive: datetime, zone: str, *, called: str | None = None) -> tuple[datetime, str]:
    """Return the UTC instant of a wall-clock time in a zone, and a note if the clock showed it twice.

    ``called`` is the printed abbreviation; it counts if the zone uses it during the year (London: GMT and BST). Raises
    TimeError for a time that the zone skips, for the wrong abbreviation on that date, and for an unknown zone.
    """
    info = zone_info(zone)
    try:
        first, second = (naive.replace(tzinfo=info, fold=fold).astimezone(UTC) for fold in (0, 1))
        exists = first.astimezone(info).replace(tzinfo=None) == naive.replace(fold=0)
    except OverflowError:
        raise TimeError(f"{naive.isoformat()} is out of range") from None
    if not exists:
        raise TimeError(f"{naive.isoformat()} does not exist in {zone}: the clock was moved forward past it")
    if called in _abbreviations_used(zone):
        named = [each for each in (first, second) if each.astimezone(info).tzname() == called]
        if not named:
            raise TimeError(f"{naive.isoformat()} is not in {called}: {zone} uses another abbreviation on that date")
        return named[0], ""
    return first, "" if first == second else "; the clock showed this time twice, the first is taken"


def zone_info(zone: str) -> ZoneInfo:
    """Return the zone called ``zone`` in the IANA database. Raises TimeError if it is unknown."""
    called = zone_called(zone)
    if called is None:
        raise TimeError(f"unknown time zone {zone!r}", hint="use an IANA name such as Asia/Karachi")
    return called


@lru_cache(maxsize=256)
def abbreviations_in(zone: str | None) -> Mapping[str, str]:
    """Return the meaning of abbreviations for a publisher in ``zone``: offsets or IANA zones.

    An abbreviation that is also used locally is left out: the zone itself may define it (Manila: PST), or it is
    ambiguous (Karachi: PST).
    """
    return {
        name: meaning
        for name, meaning in ABBREVIATIONS.items()
        if not (zone or "").startswith(_NAMESAKES.get(name, (" ",)))
    }


@lru_cache(maxsize=256)
def _abbreviations_used(zone: str) -> frozenset[str | None]:
    """Return the abbreviations that a zone uses in winter and summer of a recent year: IST in Asia/Kolkata."""
    return frozenset(datetime(2024, month, 1, tzinfo=zone_info(zone)).tzname() for month in (1, 7))


def parse_offset(text: str) -> timezone:
    """Parse ``+05:00``, ``+0500``, ``+05``, ``+5:30`` or ``Z`` as a fixed offset. Raises TimeError."""
    match = re.fullmatch(r"([+\-−])(\d\d|\d(?=:|$)):?([0-5]\d)?", text)
    if text in ("Z", "z"):
        return timezone.utc  # noqa: UP017
    if not match or int(match[2]) > 15:
        raise TimeError(f"{text!r} is not an offset from UTC")
    delta = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(delta if match[1] == "+" else -delta)


def zone_of(text: str) -> timezone | str:
    """Return the fixed offset or IANA zone that an entry of a table of abbreviations means. Raises TimeError."""
    if "/" in text:
        zone_info(text)
        return text
    return parse_offset(text)


_EPOCH = re.compile(r"(\d{9,10}|\d{13}|\d{16}|\d{19})(?:\.(\d{1,9}))?|(\d\.\d{3,18})[eE]\+?(\d{1,2})")
_OFFSET = re.compile(
    r"(?<=[\dMm.]) ?(?:(?:GMT|UTC) ?)?([+\-−](?:\d\d:?[0-5]\d|\d{1,2}:[0-5]\d|\d\d))$"
    r"|(?<=[\dMm]) ?([Zz])$|(?:GMT|UTC) ?([+\-−]\d{1,2})$"
)
_INNER_OFFSET = re.compile(r"(?<=\d\d:\d\d) (?:GMT|UTC)?([+\-−]\d\d:?[0-5]\d)(?= )")
_ABBREVIATION = re.compile(r"(?<=[\dMm.分秒분초s]) ?\(?([A-ZА-Я]{2,5}|мск|TSİ)\)?$")
_INNER_ABBREVIATION = re.compile(r"(?<=[\dMm.]) \(?([A-ZА-Я]{2,5}|мск|TSİ)\)?(?=[ ,|])")
_ZONE_NAME = re.compile(r"\[([A-Za-z_/+\-]{3,40})\]$|(?<=[\dMm]) ([A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_\-]+){1,2})$")
# The name of a zone after its offset, as browsers write it: (Mitteleuropäische Sommerzeit), (GMT+02:00).
_LONG_NAME = re.compile(
    r" ?\([A-Za-z ]{6,60}\)$"
    r"|(?<=(?:GMT|UTC)[+\-−]\d{4}) \((?:[^\W\d_][^()\d]{3,60}|(?:GMT|UTC)[+\-−]\d{1,2}(?::\d\d)?)\)$"
)
_COLON_BEFORE_CLOCK = re.compile(r"(?<=[A-Za-z/]\d{4}):(?=\d\d:\d\d)")  # 28MAY2025:13:00:00, 28/May/2025:13:00:00
# 1300 GMT, 1300hrs
_FOUR_FIGURES = re.compile(r"(?<=[A-Za-z/] \d{4}),? ([01]\d|2[0-3])([0-5]\d)(?= ?(?:[A-Z]{2,5}|hrs|hours)\b)")
_NAME_BEHIND_OFFSET = re.compile(r"(\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)? ?[+\-−]\d\d:?\d\d) \(?[A-Z]{2,5}\)?$")
_NOT_ZONES = frozenset(("AM", "PM", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN", "IN", "ON", "AT"))


def _epoch(text: str, origin: str) -> Stamp | None:
    """Parse seconds, milli-, micro- or nanoseconds since 1970, distinguished by the number of digits; else None."""
    match = _EPOCH.fullmatch(re.sub(r"^/Date\((\d+)(?:[+-]\d{4})?\)/$", r"\1", text))
    if not match:
        return None
    digits = match[1] or str(int(float(f"{match[3]}e{match[4]}")))
    unit = {9: 0, 10: 0, 13: 3, 16: 6, 19: 9}.get(len(digits))
    if unit is None:
        return None
    seconds, rest = divmod(int(digits), 10**unit)
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    form = f"epoch in {('s', 'ms', 'us', 'ns')[unit // 3]}"
    if instant.time() == datetime.min.time() and not rest:
        return Stamp(instant, "day", f"{origin}: midnight is read as a date only, {form}")
    return Stamp(instant, "second", f"{origin}: {form}", timedelta(0))


def _split_zone(text: str, known: Mapping[str, str], own: str | None) -> tuple[str, timezone | str | None, str]:
    """Return the text without its zone, the offset or IANA zone it names, and the name as printed.

    An abbreviation that is not in ``known`` is accepted if the caller's zone ``own`` uses it.
    """
    by_name = _ZONE_NAME.search(text)
    if by_name:
        bare, stated, named = _split_zone(text[: by_name.start()].rstrip(), known, own)
        name = by_name[1] or by_name[2]
        return (bare, stated, named) if stated else (bare, zone_info(name).key, name)
    if not re.search(r"\d(?:[:.时時시点]| ?h ?)\d\d|\d ?[apAP]\.?[mM]\b|\d[Tt ]\d{4}", text):
        return text, None, ""
    for pattern in (_OFFSET, _INNER_OFFSET):
        match = pattern.search(text)
        if match:
            stated = next(group for group in match.groups() if group)
            if (
                pattern is _OFFSET
                and re.fullmatch(r"[+\-]\d\d", stated)
                and not re.search(r"\d:\d\d", text[: match.start()])
            ):
                continue
            return text[: match.start()] + text[match.end() :], parse_offset(stated), stated
    match = _ABBREVIATION.search(text)
    if match and match[1] not in _NOT_ZONES:
        name = match[1].upper()
        if name not in known and not (own and name in _abbreviations_used(own)):
            raise TimeError(f"{name!r} in {text!r} is not a known zone abbreviation", hint=ABBREVIATION_HINT)
        return text[: match.start()], zone_of(known[name]) if name in known else own, name
    for match in _INNER_ABBREVIATION.finditer(text):
        if (name := match[1].upper()) in known:
            return text[: match.start()] + text[match.end() :], zone_of(known[name]), name
    return text, None, ""


def _shift(aware: datetime, text: str) -> datetime:
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        raise TimeError(f"{text!r} is out of range") from None


def _shown(stamp: Stamp) -> str:
    assert stamp.instant is not None
    return stamp.instant.date().isoformat() if stamp.precision == "day" else f"{stamp.instant:%Y-%m-%d %H:%M} UTC"
