"""When of its day an event was, as columns beside its date say it: a time of day, words, and whose clocks they are."""

from __future__ import annotations

import re
from datetime import timedelta

import polars as pl

from correlator.errors import InputError, TimeError
from correlator.market.written.clock_columns import located
from correlator.market.written.stamps import hour_of_day
from correlator.sessions.calendars import zone_written

CLOCK_HINT = "write HH:MM, bmo (before the open) or amc (after the close), or name the column otherwise"
_CLOCK = r"^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$"
_OFFSET = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?")
_ABBREVIATION = re.compile("(?!GMT)[A-Z]{2}T")
"""Names of zones that keep one offset all year, which tables write for clocks that change: EST, MST, CET."""
_HALF_DAYS = r"(?i)^(\d{1,2})(?::(\d{2}))?(:\d{2})?\s*([ap])\.?m\.?$"
_WORDS = {
    "after-close": r"(?i)^(amc|(after|post)[ -]?(the )?(market|close|closing|hours).*)$",
    "same-day": r"(?i)^(bmo|dmh|(before|pre)[ -]?(the )?(market|open).*|during[ -]?(the )?(market|session|hours).*)$",
}
SAYS_WHEN = rf"(?i)^(\d{{1,2}}:\d{{2}}(:\d{{2}})?\s*([ap]\.?m\.?)?)$|{'|'.join(_WORDS.values())}"
"""Text that is a time of day, or words for one."""


def read_clocks(cells: pl.Series) -> pl.DataFrame:
    """``clock`` (``16:05``) and ``rule`` (``after-close`` or ``same-day``) of cells (N,) of a column of times of day.

    Both are null where a cell is, and ``clock`` is null where words say it. Raises TimeError for other text.

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
    """Clocks (N,) without a zone as instants (UTC), by an IANA zone or by an offset that ``column`` says.

    Raises TimeError for another name, and for a time that the clocks of the zone show twice or never.
    """
    offset = _OFFSET.fullmatch(zone)
    if offset is not None:
        sign = -1 if offset["sign"] == "-" else 1
        away = sign * timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"] or 0))
        return (walls - away).dt.replace_time_zone("UTC")
    try:
        name = zone_written(zone)
    except InputError:
        name = ""
    if not name or _ABBREVIATION.fullmatch(name):
        raise TimeError(
            f"{zone!r} in column {column!r} of events does not determine a zone",
            hint="write an IANA name such as America/New_York, or an offset such as -05:00",
        )
    return located(walls, name, "events").dt.convert_time_zone("UTC")


def _rule_of(words: pl.Series) -> pl.Series:
    """``after-close`` or ``same-day`` where text says when of its day something was, null where it does not."""
    said = pl.lit(None, pl.String)
    for rule, pattern in _WORDS.items():
        said = pl.when(words.str.contains(pattern)).then(pl.lit(rule)).otherwise(said)
    return words.to_frame().select(said.alias("rule"))["rule"]


def _in_24_hours(clocks: pl.Series) -> pl.Series:
    """``4:05 PM`` as ``16:05``; other text as it is."""
    parts = clocks.str.extract_groups(_HALF_DAYS).struct.unnest().with_columns(clocks.alias("clock"))
    hour, half = pl.col("1").cast(pl.Int64), pl.col("4").str.to_lowercase()
    of_day = hour_of_day(hour, half).cast(pl.String) + ":" + pl.col("2").fill_null("00") + pl.col("3").fill_null("")
    return parts.select(pl.when(hour.is_between(1, 12)).then(of_day).otherwise("clock")).to_series()
