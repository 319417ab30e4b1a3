"""How long bars within a day are, and which side of them their times may be; read by the command line's help."""

from __future__ import annotations

import re
from datetime import timedelta

from correlator.errors import InputError

START, END = SIDES = ("start", "end")
AS_WRITTEN = "\0as-written"
"""Times of bars stay as they are, whichever side they are: for who tells it later."""
_MINUTES = {"m": 1, "h": 60}
_LENGTH = re.compile(r"([1-9]\d*)([mh])")


def is_within_days(interval: str) -> bool:
    """Whether bars of ``interval`` are parts of a day."""
    return _LENGTH.fullmatch(interval) is not None


def bar_length(interval: str) -> timedelta:
    """How long a bar of ``interval`` lasts; raises InputError for one that is not a number of minutes or hours."""
    match = _LENGTH.fullmatch(interval)
    if match is None:
        raise InputError(f"interval {interval!r} is not known", hint="write 1d, or minutes or hours such as 5m or 1h")
    return timedelta(minutes=int(match[1]) * _MINUTES[match[2]])
