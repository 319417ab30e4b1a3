"""How long bars within a day are, and which side of them their times may be; read by the command line's help."""

from __future__ import annotations

import re
from datetime import timedelta

from correlator.errors import InputError

START, END = SIDES = ("start", "end")
_MINUTES = {"m": 1, "h": 60}


def bar_length(interval: str) -> timedelta:
    """How long a bar of ``interval`` lasts; raises InputError for one that is not a number of minutes or hours."""
    match = re.fullmatch(r"([1-9]\d*)([mh])", interval)
    if match is None:
        raise InputError(f"interval {interval!r} is not known", hint="write 1d, or minutes or hours such as 5m or 1h")
    return timedelta(minutes=int(match[1]) * _MINUTES[match[2]])
