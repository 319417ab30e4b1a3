"""Publication times, told truthfully: the instant in UTC, its precision and the rule that produced it.

A local time takes the zone that the caller names (the publisher's profile). A zone abbreviation is read only from an
explicit table; one that is not in it raises TimeError and is never taken for UTC. A time that the zone skipped raises;
one that it had twice is the first of both, and the rule says so. A date alone has precision ``day``: its instant is
midnight UTC of the printed date, a label and not a time of publication.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from correlator.errors import TimeError

Precision = Literal["second", "minute", "day", "unknown"]

# RFC 822 names, and others that mean one offset only. IST, BST, CST of China and the like belong into a profile.
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
    "PKT": "+05:00",
    "PKST": "+06:00",
    "CET": "+01:00",
    "CEST": "+02:00",
    "JST": "+09:00",
    "HKT": "+08:00",
    "SGT": "+08:00",
}
GENERAL_LAYOUTS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d %b, %Y %I:%M%p",
    "%b %d, %Y %I:%M%p",
    "%b %d %Y %I:%M%p",
    "%d %b %Y %I:%M%p",
    "%d %b, %Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%b %d %Y",
)


@dataclass(frozen=True)
class Stamp:
    """An instant (aware, UTC; None where unknown), its precision, and the rule that produced it."""

    instant: datetime | None
    precision: Precision
    rule: str


UNKNOWN = Stamp(None, "unknown", "no time given")


def parse_time(
    text: str,
    *,
    zone: str | None,
    layouts: Sequence[str] = GENERAL_LAYOUTS,
    abbreviations: Mapping[str, str] | None = None,
    origin: str = "text",
) -> Stamp:
    """The stamp that a printed time means.

    ``zone`` is the IANA zone of a time that states none. ``layouts`` are strptime formats tried in order after the
    weekday, if any, is taken off. ``origin`` says where the text stood and goes into the rule. Raises TimeError.
    """
    clean = _tidy(text)
    bare, offset, stated = _split_zone(clean, {**ABBREVIATIONS, **(abbreviations or {})})
    naive, layout = _match(bare, layouts, text)
    precision = _precision(layout)
    if precision == "day":
        return Stamp(naive.replace(tzinfo=UTC), "day", f"{origin}: date only, layout {layout}")
    if offset is not None:
        instant = _shift(naive.replace(tzinfo=offset), text)
        return Stamp(instant, precision, f"{origin}: layout {layout}, zone {stated} as printed")
    if naive.time() == datetime.min.time():
        label = naive.replace(tzinfo=UTC)
        return Stamp(label, "day", f"{origin}: midnight without a zone is read as a date only, layout {layout}")
    if zone is None:
        raise TimeError(f"{text!r} states no zone", hint="name the publisher's profile or zone")
    instant, note = localise(naive, zone)
    return Stamp(instant, precision, f"{origin}: layout {layout}, zone {zone} of the profile{note}")


def date_in_address(url: str | None) -> Stamp | None:
    """The day that an address carries (``/2025/05/28/``, or ``-20250528`` at the end of its slug), or None.

    The last resort, where nothing on the page tells a time: the rule says so, and a day is known only after its close.
    """
    for pattern in _DATED_ADDRESSES:
        match = pattern.search((url or "")[:2000])
        if match:
            try:
                day = datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
            except ValueError:
                continue
            return Stamp(day, "day", f"last resort: date in the address, {match[0].strip('/-_')}")
    return None


def localise(naive: datetime, zone: str) -> tuple[datetime, str]:
    """The UTC instant of a wall-clock time in a zone, and a note where the clock showed it twice.

    Raises TimeError for a time that the zone skipped and for an unknown zone.
    """
    info = zone_info(zone)
    try:
        first, second = (naive.replace(tzinfo=info, fold=fold).astimezone(UTC) for fold in (0, 1))
        exists = first.astimezone(info).replace(tzinfo=None) == naive.replace(fold=0)
    except OverflowError:
        raise TimeError(f"{naive.isoformat()} is out of range") from None
    if not exists:
        raise TimeError(f"{naive.isoformat()} did not exist in {zone}: the clock was put forward over it")
    return first, "" if first == second else "; the clock showed this time twice, the first is taken"


def zone_info(zone: str) -> ZoneInfo:
    """The zone called ``zone`` in the IANA database; raises TimeError."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeError(f"there is no time zone {zone!r}", hint="use an IANA name such as Asia/Karachi") from None


def parse_offset(text: str) -> timezone:
    """``+05:00``, ``+0500``, ``+05`` or ``Z`` as a fixed offset; raises TimeError."""
    match = re.fullmatch(r"([+-])(\d\d):?([0-5]\d)?", text)
    if text in ("Z", "z"):
        return timezone.utc  # noqa: UP017
    if not match or int(match[2]) > 15:
        raise TimeError(f"{text!r} is no offset from UTC")
    delta = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-delta if match[1] == "-" else delta)


_DATED_ADDRESSES = (
    re.compile(r"/((?:19|20)\d\d)[/\-_](\d{1,2})[/\-_](\d{1,2})(?=[/\-_.?#]|$)"),
    re.compile(r"-((?:19|20)\d\d)(\d\d)(\d\d)(?:\d{6})?(?=[/.?#]|$)"),
)
_WEEKDAY = re.compile(r"^(mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?\.?,? +", re.IGNORECASE)
_OFFSET = re.compile(r"(?<=\d)(?: ?([+-]\d\d:?\d\d)| ?(Z))$")
_ABBREVIATION = re.compile(r"(?<=[\dM]) ?\(?([A-Z]{2,5})\)?$")
_MONTHS = {
    month[:3]: month
    for month in (
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    )
}


def _tidy(text: str) -> str:
    if len(text) > 200:
        raise TimeError(f"{text[:40]!r}... is too long for a time")
    clean = " ".join(text.split())
    clean = _WEEKDAY.sub("", clean)
    clean = re.sub(r"(\d{4}-\d\d-\d\d)[Tt](\d)", r"\1 \2", clean)
    clean = re.sub(r"(\d:\d\d(?::\d\d)?)[.,]\d{1,9}", r"\1", clean)
    clean = re.sub(r"(?i)(?<=\d) ?([ap])\.?m\b\.?", lambda m: m[1].upper() + "M", clean)
    return re.sub(r"[A-Za-z]{3,9}\.?", _short_month, clean)


def _short_month(match: re.Match[str]) -> str:
    word = match[0].rstrip(".").lower()
    full = _MONTHS.get(word[:3], "")
    return word[:3].title() if full.startswith(word) or word == "sept" else match[0]


def _split_zone(text: str, known: Mapping[str, str]) -> tuple[str, timezone | None, str]:
    """The text without its zone, the offset it names and how it names it."""
    if ":" not in text:
        return text, None, ""
    match = _OFFSET.search(text)
    if match:
        stated = match[1] or match[2]
        return text[: match.start()], parse_offset(stated), stated
    match = _ABBREVIATION.search(text)
    if match and match[1] not in ("AM", "PM"):
        if match[1] not in known:
            raise TimeError(
                f"{match[1]!r} in {text!r} is no zone abbreviation known here", hint="add it to the publisher's profile"
            )
        return text[: match.start()], parse_offset(known[match[1]]), match[1]
    return text, None, ""


def _match(text: str, layouts: Sequence[str], original: str) -> tuple[datetime, str]:
    for layout in layouts:
        try:
            return datetime.strptime(text, layout), layout
        except ValueError:
            continue
    raise TimeError(
        f"{original[:60]!r} is not in a known date layout", hint="add the layout to the publisher's profile"
    )


def _shift(aware: datetime, text: str) -> datetime:
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        raise TimeError(f"{text!r} is out of range") from None


def _precision(layout: str) -> Precision:
    if "%S" in layout:
        return "second"
    return "minute" if "%M" in layout else "day"
