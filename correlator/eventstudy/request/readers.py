"""Readers of options: each takes a caller's value and the option's name, and returns the parsed value or raises."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from correlator.base.iso_dates import iso_moment
from correlator.errors import InputError, TimeError, likeliest
from correlator.eventstudy.request.windows import Window, parse_windows

LINK_KINDS = ("country", "named", "printed", "sector", "watchlist")
DEFAULT_LINKS = ("country", "named")
_INTERVAL = re.compile(r"^(1d|[1-9]\d*[mh])$")
_CLOCK = re.compile(r"^(?:([01]?\d|2[0-3]):([0-5]\d)|24:00)(?: +(\S+))?$")

Read = Callable[[Any, str], Any]


def texts(value: Any, argument: str) -> tuple[str, ...]:
    """Return the distinct strings of ``value``, in the order given; none for None.

    ``value``: comma-separated text, or a list, array or column of such texts.
    """
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(items, Sequence) or not all(isinstance(each, str) for each in items):
        raise InputError(f"{argument} must be a string or a list of strings, got {_shown(value)}", argument=argument)
    return tuple(dict.fromkeys(part.strip() for each in items for part in each.split(",") if part.strip()))


def read_symbols(value: Any, argument: str) -> tuple[str, ...]:
    """Like ``texts``, but refuse an empty list: a filter that matched nothing does not mean every share."""
    if hasattr(value, "__len__") and not isinstance(value, str | tuple) and len(value) == 0:
        raise InputError(f"{argument} is an empty list", hint="leave it out to study every share", argument=argument)
    return texts(value, argument)


def instant(value: Any, argument: str = "as_of") -> datetime | None:
    """Parse ISO 8601 text, a date (its end) or a datetime with a time zone as an instant in UTC; None stays None.

    Raises TimeError for anything else, and for a time of day without a time zone.
    """
    if value is None:
        return None
    parsed = value
    if isinstance(value, str):
        try:
            parsed = iso_moment(value.strip())
        except ValueError:
            parsed = None
    if not isinstance(parsed, date):
        hint = "write 2025-06-05 or 2025-06-05T16:00:00Z"
        raise TimeError(f"{argument} {value!r} is not a date or timestamp", hint=hint, argument=argument)
    if not isinstance(parsed, datetime):
        return datetime.combine(parsed, time.max, UTC)
    if parsed.tzinfo is None:
        hint = "add Z or an offset such as +05:00"
        raise TimeError(f"{argument} {str(value)!r} has no time zone", hint=hint, argument=argument)
    try:
        return datetime.fromisoformat(parsed.astimezone(UTC).isoformat())
    except OverflowError:
        hint = "give an instant in the years 1 to 9999 UTC"
        raise TimeError(f"{argument} {str(value)!r} is out of range", hint=hint, argument=argument) from None


def read_text(value: Any, argument: str) -> str | None:
    """Return ``value`` stripped, which must be a non-empty string; None stays None."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{argument} must be a non-empty string, got {_shown(value)}", argument=argument)
    return value.strip()


def read_selection(value: Any, argument: str) -> str | None:
    """Like ``read_text``, but refuse a table of events: a study of a store takes the events that were loaded."""
    if value is not None and not isinstance(value, str | int | float):
        raise InputError(
            f"{argument} must be a selection in text for a study of a store, got {_shown(value)}",
            hint="load the table with add_events and leave this out, or study frames (prices=FRAME)",
            argument=argument,
        )
    return read_text(value, argument)


def _shown(value: Any) -> str:
    """A value as a message shows it: simple values by their repr, anything else by its type."""
    return repr(value) if isinstance(value, str | int | float | list | tuple | dict | set) else type(value).__name__


def read_currency(value: Any, argument: str) -> str | None:
    """Return a currency code in upper case; None stays None."""
    text = read_text(value, argument)
    return None if text is None else text.upper()


def one_of(choices: tuple[str, ...]) -> Read:
    """Return a reader that accepts one of ``choices``."""

    def read(value: Any, argument: str) -> str:
        if value not in choices:
            hint = likeliest(str(value), choices, "choose one of")
            raise InputError(f"{argument} {value!r} is not known", hint=hint, argument=argument)
        return str(value)

    return read


def perhaps(read: Read) -> Read:
    """Return a reader like ``read`` that passes None through."""

    def perhaps(value: Any, argument: str) -> Any:
        return None if value is None else read(value, argument)

    return perhaps


def read_links(value: Any, argument: str) -> tuple[str, ...]:
    """Return kinds of link; ``DEFAULT_LINKS`` if none are given."""
    chosen = texts(value, argument) or DEFAULT_LINKS
    for kind in chosen:
        if kind not in LINK_KINDS:
            hint = f"kinds of link are {', '.join(LINK_KINDS)}"
            raise InputError(f"{argument} {kind!r} is not known", hint=hint, argument=argument)
    return chosen


def read_interval(value: Any, argument: str) -> str:
    """Return an interval of bars: ``1d``, or minutes or hours such as ``5m``."""
    if not isinstance(value, str) or not _INTERVAL.fullmatch(value):
        hint = "write 1d, or minutes or hours such as 5m or 1h"
        raise InputError(f"{argument} {value!r} is not an interval", hint=hint, argument=argument)
    return value


def read_minimum(value: Any, argument: str) -> int | None:
    """Return a number of bars, at least 2; None stays None."""
    if value is None:
        return None
    count = whole_number(value, argument)
    if count < 2:
        raise InputError(f"{argument} must be at least 2, got {value}", argument=argument)
    return count


def whole_number(value: Any, argument: str) -> int:
    """Return ``value`` as an int; raises InputError unless it is an integer of any library's type, also for text."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InputError(f"{argument} must be a whole number, got {value!r}", argument=argument)
    return int(value)


def read_switch(value: Any, argument: str) -> bool:
    """Return True or False; anything else is refused."""
    if not isinstance(value, bool):
        raise InputError(f"{argument} must be true or false, got {value!r}", argument=argument)
    return value


def read_windows(value: Any, argument: str) -> tuple[Window, ...]:
    """Parse the windows; none for None or an empty list, which ``study_spec`` replaces by the defaults."""
    is_empty = value is None or (isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 0)
    return () if is_empty else parse_windows(value, argument)


def read_clock(value: Any, argument: str) -> str | None:
    """Return the time of day at which a day closes, with or without its time zone; None stays None."""
    if value is None:
        return None
    if isinstance(value, time):
        value = f"{value:%H:%M} {getattr(value.tzinfo, 'key', value.tzinfo) or ''}".strip()
    if not isinstance(value, str) or not _CLOCK.match(value.strip()):
        hint = "write the local time and its time zone, such as '16:00 America/New_York'"
        raise InputError(f"{argument} {value!r} is not a time of day", hint=hint, argument=argument)
    return " ".join(value.split())
