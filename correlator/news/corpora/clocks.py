"""Combine dates, clock times and zones from separate columns of a table."""

from __future__ import annotations

import re

from correlator.news.stated import NOTHING

_ENDS_IN_CLOCK = re.compile(r"\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?$")
_CLOCK, _FIGURES = re.compile(r"\s*\d{1,2}:\d\d"), re.compile(r"\d{3,6}")


def with_clock(day: str, clock: str) -> str:
    """Return a date with the clock time of its row; unchanged if it has one or the other cell has none."""
    figures = clock.strip()
    if _FIGURES.fullmatch(figures):  # 930, 1302, 130205
        figures = ":".join(re.findall("..", figures.zfill(len(figures) + len(figures) % 2)))
    return f"{day} {figures}" if day and ":" not in day and _CLOCK.match(figures) else day


def as_exact(time: str, is_exact: bool) -> str:
    """Return a time, or only its date if the row states that the clock time is not exact."""
    return time if is_exact else time[: len("2025-05-28")]


def with_zone(clock: str, zone: str) -> str:
    """Return a time with the zone of its row; unchanged if it has a zone or is a date alone."""
    if zone in NOTHING or not _ENDS_IN_CLOCK.search(clock):
        return clock
    return f"{clock} {zone.strip().upper() if zone.isalpha() else zone.strip()}"
