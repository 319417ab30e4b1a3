"""Windows of a study: offsets in bars from day 0, or calendar dates that are the same for every event.

Both ends belong to the window. ``-145:-26`` is the 120 bars from 145 to 26 before day 0; ``2019-04-01:2020-03-13`` is
every bar whose session lies between the two dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import index
from typing import Any

from correlator.base.iso_dates import iso_date
from correlator.errors import InputError

_IN_BRACKETS = re.compile(r"[\[(]\s*([+-]?\d+)\s*[,;:]\s*([+-]?\d+)\s*[\])]")
_MINUS_SIGNS = str.maketrans("\u2212\u2013", "--")
_OFFSETS = re.compile(r"^([+-]?\d{1,18}):([+-]?\d{1,18})$")
_DATES = re.compile(r"^(\d{4}-\d{2}-\d{2}):(\d{4}-\d{2}-\d{2})$")
_FARTHEST = 1_000_000
_HINT = "write offsets such as -10:10 or dates such as 2020-03-16:2020-03-20; both ends belong to the window"


@dataclass(frozen=True)
class OffsetWindow:
    """Bars ``first`` to ``last``, counted from day 0, both included."""

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
AsWindow = str | Window | Sequence[int] | Sequence[date]
"""What a caller may write for a window: ``"-5:5"``, ``(-5, 5)``, ``[date, date]`` or a window itself."""


def parse_window(value: Any, argument: str = "window") -> Window:
    """Parse a window: text, a pair of whole numbers or dates, or a window.

    ``argument``: its name in error messages. Raises InputError for any other form, and for a window that ends before it
    starts.

    >>> parse_window("-5:5") == parse_window("[-5, +5]") == parse_window((-5, 5)) == parse_window([-5, 5])
    True
    """
    if isinstance(value, OffsetWindow | DateWindow):
        return _in_order(value, argument, value.label)
    if isinstance(value, str):
        return _from_text(value, argument)
    if isinstance(value, Iterable):
        return _from_pair(list(value), argument)
    raise _unreadable(value, argument)


def parse_windows(value: Any, argument: str = "windows") -> tuple[Window, ...]:
    """Parse windows, in the order given: comma-separated text, one window, or several of any form.

    Raises InputError as ``parse_window`` does, and for a window given twice or no window at all.

    >>> [window.label for window in parse_windows(["-1:1", (-5, 5)])]
    ['-1:1', '-5:5']
    """
    if isinstance(value, str):
        parts: list[Any] = [part for part in _plain(value).split(",") if part.strip()]
    elif isinstance(value, OffsetWindow | DateWindow) or _is_pair(value):
        parts = [value]
    elif isinstance(value, Iterable):
        parts = [each for part in value for each in (_plain(part).split(",") if isinstance(part, str) else [part])]
    else:
        raise _unreadable(value, argument)
    if not parts:
        raise InputError(f"{argument} is empty", hint=_HINT, argument=argument)
    windows = tuple(parse_window(part, argument) for part in parts)
    repeated = next((window for k, window in enumerate(windows) if window in windows[:k]), None)
    if repeated is not None:
        raise InputError(f"{argument} contains {repeated.label} twice", hint="give each window once", argument=argument)
    return windows


def _plain(text: str) -> str:
    """Rewrite windows as papers print them, such as [-2,+2] with any minus sign, as ``-2:+2``."""
    return _IN_BRACKETS.sub(r"\1:\2", text.translate(_MINUS_SIGNS))


def _from_text(text: str, argument: str) -> Window:
    compact = "".join(_plain(text).split())
    if offsets := _OFFSETS.match(compact):
        return _in_order(OffsetWindow(int(offsets[1]), int(offsets[2])), argument, text)
    if dates := _DATES.match(compact):
        return _in_order(DateWindow(_date(dates[1], text, argument), _date(dates[2], text, argument)), argument, text)
    raise _unreadable(text, argument)


def _from_pair(ends: list[Any], argument: str) -> Window:
    if not _is_pair(ends):
        raise _unreadable(tuple(ends), argument)
    first, last = ends
    if isinstance(first, date):
        days = [end.date() if isinstance(end, datetime) else end for end in (first, last)]
        return _in_order(DateWindow(*days), argument, f"{days[0]}:{days[1]}")
    return _in_order(OffsetWindow(index(first), index(last)), argument, f"{index(first)}:{index(last)}")


def _is_pair(value: Any) -> bool:
    """Whether ``value`` is two whole numbers or two dates."""
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        return False
    if all(isinstance(end, date) for end in value):
        return True
    return all(hasattr(end, "__index__") and not isinstance(end, bool) for end in value)


def _in_order(window: Window, argument: str, written: str) -> Window:
    if isinstance(window, OffsetWindow) and max(abs(window.first), abs(window.last)) > _FARTHEST:
        raise InputError(
            f"{argument} {written[:40]!r} reaches more than {_FARTHEST:,} bars from day 0",
            hint=_HINT,
            argument=argument,
        )
    is_reversed = window.last < window.first  # type: ignore[operator]  # both ends have the same type
    if is_reversed:
        raise InputError(f"{argument} {written!r} ends before it starts", hint=_HINT, argument=argument)
    return window


def _unreadable(value: Any, argument: str) -> InputError:
    return InputError(f"{argument} {value!r} is not a window", hint=_HINT, argument=argument)


def _date(text: str, window: str, argument: str) -> date:
    try:
        return iso_date(text)
    except ValueError:
        raise InputError(f"{argument} {window!r}: {text} is not a date", hint=_HINT, argument=argument) from None
