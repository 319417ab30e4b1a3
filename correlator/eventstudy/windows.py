"""Windows of a study: offsets in bars from day 0, or calendar dates that are the same for every event.

Both ends belong to the window. ``-145:-26`` is the 120 bars from 145 to 26 before day 0; ``2019-04-01:2020-03-13``
every bar whose session lies between both dates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from correlator.errors import InputError

_OFFSETS = re.compile(r"^([+-]?\d+):([+-]?\d+)$")
_DATES = re.compile(r"^(\d{4}-\d{2}-\d{2}):(\d{4}-\d{2}-\d{2})$")
_HINT = "write offsets such as -10:10 or dates such as 2020-03-16:2020-03-20; both ends belong to the window"


@dataclass(frozen=True)
class OffsetWindow:
    """Bars ``first`` to ``last`` counted from day 0, both included."""

    first: int
    last: int

    @property
    def label(self) -> str:
        return f"{self.first}:{self.last}"

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class DateWindow:
    """Sessions from ``first`` to ``last``, both included; the same for every event."""

    first: date
    last: date

    @property
    def label(self) -> str:
        return f"{self.first.isoformat()}:{self.last.isoformat()}"


Window = OffsetWindow | DateWindow


def parse_window(text: str) -> Window:
    """The window that ``text`` means; raises InputError on another form or when the end lies before the start."""
    compact = "".join(text.split())
    if offsets := _OFFSETS.match(compact):
        first, last = int(offsets[1]), int(offsets[2])
        if last < first:
            raise InputError(f"window {text!r} ends before it starts", hint=_HINT)
        return OffsetWindow(first, last)
    if dates := _DATES.match(compact):
        start, end = _date(dates[1], text), _date(dates[2], text)
        if end < start:
            raise InputError(f"window {text!r} ends before it starts", hint=_HINT)
        return DateWindow(start, end)
    raise InputError(f"window {text!r} cannot be read", hint=_HINT)


def parse_windows(text: str) -> tuple[Window, ...]:
    """The windows of a comma-separated list, in the order written; raises InputError as ``parse_window`` does."""
    parts = [part for part in text.split(",") if part.strip()]
    if not parts:
        raise InputError("no window given", hint=_HINT)
    return tuple(parse_window(part) for part in parts)


def _date(text: str, whole: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"window {whole!r} names {text}, which is no date", hint=_HINT) from None
