"""Publication times, told truthfully: the instant in UTC, its precision and the rule that produced it.

A local time takes the zone that the caller names (the publisher's profile). A zone abbreviation is read only from an
explicit table, or where it is the name that the caller's zone has for its own clock on that day; any other raises
TimeError and is never taken for UTC. A time that the zone skipped raises;
one that it had twice is the first of both, and the rule says so. A date alone has precision ``day``: its instant is
midnight UTC of the printed date, a label and not a time of publication. So has midnight, in whatever zone it is
stated: systems that know only the date print it so. A weekday that is not that of the date raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from correlator.errors import TimeError
from correlator.news.times.printed_dates import fraction_of, read_printed

Precision = Literal["second", "minute", "day", "unknown"]

# RFC 822 names, and others that mean one offset only. IST, BST, CST of China and the like belong into a profile.
# Eastern and Pacific time without S or D, and Moscow's, are zones, whose offset the date decides.
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
# Names of clocks in America that in these zones are names of their own clock.
_NAMESAKES: Mapping[str, tuple[str, ...]] = {
    "PST": ("Asia/Karachi", "Asia/Manila"),
    "MST": ("Asia/Kuala_Lumpur", "Asia/Kuching", "Asia/Yangon"),
    "EST": ("Australia/",),
    "EDT": ("Australia/",),
    "CDT": ("America/Havana", "Cuba"),
}
EARLIEST = date(1990, 1, 1)
AHEAD = timedelta(hours=14)  # a date printed in the zone furthest east
CLOCKS_DIFFER = timedelta(minutes=15)


@dataclass(frozen=True)
class Stamp:
    """An instant (aware, UTC; None where unknown), its precision, and the rule that produced it.

    ``offset`` is the zone that the text stated, as an offset from UTC; None if it stated none.
    """

    instant: datetime | None
    precision: Precision
    rule: str
    offset: timedelta | None = None


NO_ZONE_HINT = "name it with --zone, or the publisher with --profile"
ABBREVIATION_HINT = (
    "name its zone with --zone (Asia/Kolkata), or add it to the abbreviations of the publisher's profile"
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
    """The stamp that a printed time means.

    Parameters
    ----------
    text
        The time as printed: ISO 8601 (also compact), RFC 822, epochs in s, ms, us or ns, dates with months by name in
        some sixty languages, ``dd.mm.yyyy``, East Asian dates, years of other calendars; digits of any script.
    zone
        IANA zone of a time that states none; None refuses such times.
    layouts
        strptime formats of the publisher, tried first.
    abbreviations
        Offsets or IANA zones of further zone names.
    date_order
        ``dmy`` or ``mdy``, for dates such as 05/06/2025 that can be read both ways.
    origin
        Where the text stood; goes into the rule.

    Raises
    ------
    TimeError
        For a text that is not a time, an unknown zone, a wrong weekday, an ambiguous date.

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
        return Stamp(instant, precision, f"{origin}: {form}, zone {named} as printed", stated.utcoffset(None))
    if (stated or zone) is None:
        raise TimeError(f"{text!r} states no zone", hint=NO_ZONE_HINT)
    instant, note = localise(naive, str(stated or zone), called=named if stated == zone else None)
    source = f"{named} as printed" if stated else f"{zone}, which is not printed"
    return Stamp(instant, precision, f"{origin}: {form}, zone {source}{note}")


def bounded(stamp: Stamp, *, earliest: date = EARLIEST, now: datetime | None = None) -> Stamp:
    """The stamp, if an article can carry it: not in the future, not before ``earliest``. Raises TimeError."""
    if stamp.instant is None:
        return stamp
    latest = latest_instant(stamp.precision, now)
    if stamp.instant > latest:
        raise TimeError(f"{_shown(stamp)} lies in the future")
    if stamp.instant.date() < earliest:
        raise TimeError(f"{_shown(stamp)} lies before {earliest}", hint="--earliest takes older articles, too")
    return stamp


def latest_instant(precision: str, now: datetime | None = None) -> datetime:
    """The last instant that is not in the future: of dates, the date furthest east; of clocks, a little leeway."""
    return (now or datetime.now(UTC)) + (AHEAD if precision == "day" else CLOCKS_DIFFER)


def local_midnight(stamp: Stamp, zone: str | None) -> Stamp:
    """The stamp; where it states in UTC what is midnight at the publisher's, the local date with precision ``day``."""
    if not zone or stamp.precision != "second" or stamp.offset != timedelta(0) or stamp.instant is None:
        return stamp
    local = stamp.instant.astimezone(zone_info(zone)).replace(tzinfo=None)
    if local.time() != datetime.min.time() or stamp.instant.time() == datetime.min.time():
        return stamp
    return Stamp(local.replace(tzinfo=UTC), "day", f"{stamp.rule}; that is midnight in {zone}, read as a date only")


def localise(naive: datetime, zone: str, *, called: str | None = None) -> tuple[datetime, str]:
    """The UTC instant of a wall-clock time in a zone, and a note where the clock showed it twice.

    ``called`` is the printed name of the clock, where it is one that the zone has in its year (London: GMT and BST).
    Raises TimeError for a time that the zone skipped or calls otherwise, and for an unknown zone.
    """
    info = zone_info(zone)
    try:
        first, second = (naive.replace(tzinfo=info, fold=fold).astimezone(UTC) for fold in (0, 1))
        exists = first.astimezone(info).replace(tzinfo=None) == naive.replace(fold=0)
    except OverflowError:
        raise TimeError(f"{naive.isoformat()} is out of range") from None
    if not exists:
        raise TimeError(f"{naive.isoformat()} did not exist in {zone}: the clock was put forward over it")
    if called in _own_names(zone):
        named = [each for each in (first, second) if each.astimezone(info).tzname() == called]
        if not named:
            raise TimeError(f"{naive.isoformat()} is not {called} in {zone}, whose clock has another name then")
        return named[0], ""
    return first, "" if first == second else "; the clock showed this time twice, the first is taken"


@lru_cache(maxsize=256)
def zone_info(zone: str) -> ZoneInfo:
    """The zone called ``zone`` in the IANA database; raises TimeError."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeError(f"there is no time zone {zone!r}", hint="use an IANA name such as Asia/Karachi") from None


@lru_cache(maxsize=256)
def abbreviations_in(zone: str | None) -> Mapping[str, str]:
    """What abbreviations mean to a publisher whose zone is ``zone``: offsets or IANA zones.

    Without a name that there is also a local clock's: the zone itself may know it (Manila: PST), else it may mean
    either (Karachi: PST).
    """
    return {
        name: meaning
        for name, meaning in ABBREVIATIONS.items()
        if not (zone or "").startswith(_NAMESAKES.get(name, (" ",)))
    }


@lru_cache(maxsize=256)
def _own_names(zone: str) -> frozenset[str | None]:
    """What a zone calls its own clock in winter and summer of a recent year: IST in Asia/Kolkata."""
    return frozenset(datetime(2024, month, 1, tzinfo=zone_info(zone)).tzname() for month in (1, 7))


def parse_offset(text: str) -> timezone:
    """``+05:00``, ``+0500``, ``+05``, ``+5:30`` or ``Z`` as a fixed offset; raises TimeError."""
    match = re.fullmatch(r"([+\-−])(\d\d|\d(?=:|$)):?([0-5]\d)?", text)
    if text in ("Z", "z"):
        return timezone.utc  # noqa: UP017
    if not match or int(match[2]) > 15:
        raise TimeError(f"{text!r} is not an offset from UTC")
    delta = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(delta if match[1] == "+" else -delta)


def zone_of(text: str) -> timezone | str:
    """What a zone name of a table means: a fixed offset, or an IANA zone. Raises TimeError."""
    if "/" in text:
        zone_info(text)
        return text
    return parse_offset(text)


_EPOCH = re.compile(r"(\d{9,10}|\d{13}|\d{16}|\d{19})(?:\.(\d{1,9}))?|(\d\.\d{3,18})[eE]\+?(\d{1,2})")
_OFFSET = re.compile(
    r"(?<=[\dM.]) ?(?:(?:GMT|UTC) ?)?([+\-−](?:\d\d:?[0-5]\d|\d{1,2}:[0-5]\d|\d\d))$"
    r"|(?<=\d) ?([Zz])$|(?:GMT|UTC) ?([+\-−]\d{1,2})$"
)
_INNER_OFFSET = re.compile(r"(?<=\d\d:\d\d) (?:GMT|UTC)?([+\-−]\d\d:?[0-5]\d)(?= )")
_ABBREVIATION = re.compile(r"(?<=[\dMm.分秒분초s]) ?\(?([A-ZА-Я]{2,5}|мск|TSİ)\)?$")
_INNER_ABBREVIATION = re.compile(r"(?<=[\dMm.]) \(?([A-ZА-Я]{2,5}|мск|TSİ)\)?(?=[ ,|])")
_ZONE_NAME = re.compile(r"\[([A-Za-z_/+\-]{3,40})\]$|(?<=[\dMm]) ([A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_\-]+){1,2})$")
# The name of a zone behind its offset, as browsers write it: (Mitteleuropäische Sommerzeit), (GMT+02:00).
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
    """Seconds, milli-, micro- or nanoseconds since 1970 by their number of digits; None for another text."""
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
    """The text without its zone, the offset or IANA zone it names, and how it names it.

    An abbreviation that is not in ``known`` may be the name that the caller's ``own`` zone has for its clock.
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
        if name not in known and not (own and name in _own_names(own)):
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
