"""Parse the time of day of an event from columns beside its date: a clock time or words, and its time zone."""

from __future__ import annotations

import re
from datetime import timedelta

import polars as pl

from correlator.errors import InputError, TimeError
from correlator.market.written.clock_columns import located
from correlator.market.written.stamps import hour_of_day
from correlator.sessions.exchanges import zone_written

CLOCK_HINT = "write HH:MM, bmo (before the open) or amc (after the close), or rename the column"
_CLOCK = r"^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$"
_OFFSET = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::(?P<minutes>\d\d))?")
_DIGITS = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d)")
_FARTHEST, _QUARTER = 14, 900
"""Hours between UTC and the farthest time zone; seconds in a quarter of an hour, of which offsets are multiples."""
_ABBREVIATION = re.compile("(?!GMT)[A-Z]{2}T")
"""Zones with one offset all year (EST, MST, CET), which tables also use for places with daylight saving time."""
_HALF_DAYS = r"(?i)^(\d{1,2})(?::(\d{2}))?(:\d{2})?\s*([ap])\.?m\.?$"
_WORDS = {
    "after-close": r"(?i)^(amc|(after|post)[ -]?(the )?(market|close|closing|hours).*)$",
    "same-day": r"(?i)^(bmo|dmh|(before|pre)[ -]?(the )?(market|open).*|during[ -]?(the )?(market|session|hours).*)$",
}
SAYS_WHEN = rf"(?i)^(\d{{1,2}}:\d{{2}}(:\d{{2}})?\s*([ap]\.?m\.?)?)$|{'|'.join(_WORDS.values())}"
"""Text that is a time of day, or words for one."""


def read_clocks(cells: pl.Series) -> pl.DataFrame:
    """Return ``clock`` (``16:05``) and ``rule`` (``after-close`` or ``same-day``) of cells (N,) with times of day.

    Both are null for a null cell, and ``clock`` is null for words. Raise TimeError for other text.

    Examples
    --------
    >>> read_clocks(pl.Series(["4:05 PM", "amc"])).rows()
    [('16:05', None), (None, 'after-close')]
    """
    rule = _rule_of(cells)
    read = pl.DataFrame({"clock": _in_24_hours(cells), "rule": rule}).with_columns(
        clock=pl.when(pl.col("rule").is_null()).then(pl.col("clock").str.zfill(5))
    )
    wrong = read["clock"].is_not_null() & ~read["clock"].str.contains(_CLOCK).fill_null(False)
    if wrong.any():
        raise TimeError(f"{cells.filter(wrong)[0]!r} in column 'time' of events is not a time of day", hint=CLOCK_HINT)
    return read


def by_zone(walls: pl.Series, zone: str, column: str) -> pl.Series:
    """Return local times (N,) as instants (UTC), by the IANA zone or offset that ``column`` states.

    Raise TimeError for any other name, and for a time that is ambiguous or does not exist in the zone.
    """
    away = _offset(zone)
    if away is not None:
        return (walls - away).dt.replace_time_zone("UTC")
    try:
        name = zone_written(zone)
    except InputError:
        name = ""
    if not name or _ABBREVIATION.fullmatch(name):
        raise TimeError(
            f"{zone!r} in column {column!r} of events does not determine a time zone",
            hint="write an IANA name such as America/New_York, or an offset such as -05:00",
        )
    return located(walls, name, "events").dt.convert_time_zone("UTC")


def _offset(zone: str) -> timedelta | None:
    """Return the offset from UTC that text states: ``-05:00``, ``-0500``, ``UTC-5``, hours (5.5) or seconds (-18000).

    Return None for anything else, also for numbers that could be minutes or hours and minutes, such as -300.
    """
    match = _OFFSET.fullmatch(zone) or _DIGITS.fullmatch(zone)
    if match is not None:
        away = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
        return None if away > timedelta(hours=_FARTHEST) else -away if match["sign"] == "-" else away
    try:
        number = float(zone)
    except ValueError:
        return None
    if abs(number) <= _FARTHEST:
        return timedelta(hours=number)
    is_seconds = number % _QUARTER == 0 and abs(number) <= timedelta(hours=_FARTHEST).total_seconds()
    return timedelta(seconds=number) if is_seconds else None


def _rule_of(words: pl.Series) -> pl.Series:
    """Return ``after-close`` or ``same-day`` for words of that meaning, else null."""
    rule_of_words = pl.lit(None, pl.String)
    for rule, pattern in _WORDS.items():
        rule_of_words = pl.when(words.str.contains(pattern)).then(pl.lit(rule)).otherwise(rule_of_words)
    return words.to_frame().select(rule_of_words.alias("rule"))["rule"]


def _in_24_hours(clocks: pl.Series) -> pl.Series:
    """Convert ``4:05 PM`` to ``16:05``; leave other text unchanged."""
    parts = clocks.str.extract_groups(_HALF_DAYS).struct.unnest().with_columns(clocks.alias("clock"))
    hour, half = pl.col("1").cast(pl.Int64), pl.col("4").str.to_lowercase()
    of_day = hour_of_day(hour, half).cast(pl.String) + ":" + pl.col("2").fill_null("00") + pl.col("3").fill_null("")
    return parts.select(pl.when(hour.is_between(1, 12)).then(of_day).otherwise("clock")).to_series()
