"""How options are read: what a caller wrote and the option's name in, the value out, or an error that names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from correlator.errors import InputError, TimeError, likeliest
from correlator.eventstudy.request.windows import Window, parse_windows

LINK_KINDS = ("country", "named", "printed", "sector", "watchlist")
DEFAULT_LINKS = ("country", "named")
_INTERVAL = re.compile(r"^(1d|[1-9]\d*[mh])$")
_CLOCK = re.compile(r"^(?:([01]?\d|2[0-3]):([0-5]\d)|24:00)(?: +(\S+))?$")

Read = Callable[[Any, str], Any]


def texts(value: Any, argument: str) -> tuple[str, ...]:
    """Texts in the order given, each once: comma-separated text, or several of them, in an array or column too; None
    for none.
    """
    if value is None:
        return ()
    given = [value] if isinstance(value, str) else value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(given, Sequence) or not all(isinstance(each, str) for each in given):
        raise InputError(f"{argument} must be text or a list of texts, got {_shown(value)}", argument=argument)
    return tuple(dict.fromkeys(part.strip() for each in given for part in each.split(",") if part.strip()))


def read_symbols(value: Any, argument: str) -> tuple[str, ...]:
    """As ``texts``; an empty list is refused, since a filter that kept nothing does not mean every share."""
    if hasattr(value, "__len__") and not isinstance(value, str | tuple) and len(value) == 0:
        raise InputError(f"{argument} is an empty list", hint="leave it out for every share", argument=argument)
    return texts(value, argument)


def instant(value: Any, argument: str = "as_of") -> datetime | None:
    """An instant in UTC from ISO 8601 text, a date (its end) or a datetime with a zone; None stays None.

    Raises TimeError for what is not one, or has a clock without a zone.
    """
    if value is None:
        return None
    read = value
    if isinstance(value, str):
        try:
            read = date.fromisoformat(value) if len(value.strip()) == 10 else datetime.fromisoformat(value.strip())
        except ValueError:
            read = None
    if not isinstance(read, date):
        hint = "write 2025-06-05 or 2025-06-05T16:00:00Z"
        raise TimeError(f"{argument} {value!r} is not a date", hint=hint, argument=argument)
    if not isinstance(read, datetime):
        return datetime.combine(read, time.max, UTC)
    if read.tzinfo is None:
        hint = "add Z or an offset such as +05:00"
        raise TimeError(f"{argument} {str(value)!r} has no zone", hint=hint, argument=argument)
    try:
        return datetime.fromisoformat(read.astimezone(UTC).isoformat())
    except OverflowError:
        hint = "give an instant of the years 1 to 9999 in UTC"
        raise TimeError(f"{argument} {str(value)!r} is beyond the calendar", hint=hint, argument=argument) from None


def read_day(value: Any, argument: str) -> date | None:
    """A day from text such as 2025-05-28, a date or a datetime (its date); None stays None. Raises TimeError."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    try:
        return value if isinstance(value, date) else date.fromisoformat(value.strip())
    except (ValueError, AttributeError):
        raise TimeError(f"{argument} {value!r} is not a date", hint="write 2025-05-28", argument=argument) from None


def read_text(value: Any, argument: str) -> str | None:
    """Text that is not empty; None stays None."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{argument} must be text, got {_shown(value)}", argument=argument)
    return value.strip()


def read_selection(value: Any, argument: str) -> str | None:
    """As ``read_text``; a table of events is refused, since a store's studies take what was loaded."""
    if value is not None and not isinstance(value, str | int | float):
        raise InputError(
            f"{argument} of a store are selected by text, not handed over as {_shown(value)}",
            hint="load them (add_events) and leave this out, or study frames (prices=FRAME)",
            argument=argument,
        )
    return read_text(value, argument)


def _shown(value: Any) -> str:
    """A value as a message shows it: a table by its kind alone."""
    return repr(value) if isinstance(value, str | int | float | list | tuple | dict | set) else type(value).__name__


def read_currency(value: Any, argument: str) -> str | None:
    """A currency's code in capitals; None stays None."""
    text = read_text(value, argument)
    return None if text is None else text.upper()


def one_of(choices: tuple[str, ...]) -> Read:
    """A reader of one of ``choices``."""

    def read(value: Any, argument: str) -> str:
        if value not in choices:
            hint = likeliest(str(value), choices, "choose one of")
            raise InputError(f"{argument} {value!r} is not known", hint=hint, argument=argument)
        return str(value)

    return read


def perhaps(read: Read) -> Read:
    """``read``, to which None is None."""

    def perhaps(value: Any, argument: str) -> Any:
        return None if value is None else read(value, argument)

    return perhaps


def read_links(value: Any, argument: str) -> tuple[str, ...]:
    """Kinds of link, by default ``DEFAULT_LINKS``."""
    chosen = texts(value, argument) or DEFAULT_LINKS
    for kind in chosen:
        if kind not in LINK_KINDS:
            hint = f"kinds of link are {', '.join(LINK_KINDS)}"
            raise InputError(f"{argument} {kind!r} is not known", hint=hint, argument=argument)
    return chosen


def read_interval(value: Any, argument: str) -> str:
    """``1d``, or minutes or hours such as ``5m``."""
    if not isinstance(value, str) or not _INTERVAL.fullmatch(value):
        hint = "write 1d, or minutes or hours such as 5m or 1h"
        raise InputError(f"{argument} {value!r} is not known", hint=hint, argument=argument)
    return value


def read_minimum(value: Any, argument: str) -> int | None:
    """A number of bars; None stays None."""
    if value is None:
        return None
    count = whole_number(value, argument)
    if count < 2:
        raise InputError(f"{argument} must be at least 2, got {value}", argument=argument)
    return count


def whole_number(value: Any, argument: str) -> int:
    """A whole number of any library's type; raises InputError for what is not one, text too."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InputError(f"{argument} must be a whole number, got {value!r}", argument=argument)
    return int(value)


def read_switch(value: Any, argument: str) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise InputError(f"{argument} must be true or false, got {value!r}", argument=argument)
    return value


def read_windows(value: Any, argument: str) -> tuple[Window, ...]:
    """The windows given; none for None or an empty list, which ``study_spec`` fills."""
    none = value is None or (isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 0)
    return () if none else parse_windows(value, argument)


def read_clock(value: Any, argument: str) -> str | None:
    """When a day closes, with or without its zone; None stays None."""
    if value is None:
        return None
    if isinstance(value, time):
        value = f"{value:%H:%M} {getattr(value.tzinfo, 'key', value.tzinfo) or ''}".strip()
    if not isinstance(value, str) or not _CLOCK.match(value.strip()):
        hint = "write the local time and its zone, such as '16:00 America/New_York'"
        raise InputError(f"{argument} {value!r} cannot be read", hint=hint, argument=argument)
    return " ".join(value.split())
