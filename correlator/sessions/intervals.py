"""Lengths of intraday bars, and whether their times are starts or ends; also used by the command line's help."""

from __future__ import annotations

import re
from datetime import timedelta

from correlator.errors import InputError

START, END = SIDES = ("start", "end")
AS_WRITTEN = "\0as-written"
"""Leave times of bars unchanged, whichever side they are, for a caller who decides later."""
_MINUTES = {"m": 1, "h": 60}
_LENGTH = re.compile(r"([1-9]\d*)([mh])")


def is_within_days(interval: str) -> bool:
    """Whether bars of ``interval`` are intraday bars."""
    return _LENGTH.fullmatch(interval) is not None


def bar_length(interval: str) -> timedelta:
    """Return the length of a bar of ``interval``; raise InputError unless it is a number of minutes or hours."""
    match = _LENGTH.fullmatch(interval)
    if match is None:
        raise InputError(
            f"interval must be 1d, or minutes or hours such as 5m or 1h, got {interval!r}", argument="interval"
        )
    return timedelta(minutes=int(match[1]) * _MINUTES[match[2]])
