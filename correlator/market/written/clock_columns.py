"""Times of day in a column beside their dates, and whose clocks a column or a name says that they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import time

import polars as pl

from correlator.errors import InputError, TimeError
from correlator.market.vocabulary import beside
from correlator.sessions.calendars import is_utc, zone_written

_LOOKED_AT = 60
_CLOCK = (
    r"^(\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?(\s*(Z|[+-]\d{2}:?\d{2}))?"
    r"|([01]?\d|2[0-4])([0-5]\d){0,2}|0{1,6}|[1-5]\d?)$"
)
_IN_NAME = re.compile(
    r"[(\[](?P<bracketed>[A-Z]{1,4}T|UTC|\w+/\w+)[)\]]|(?:[\s_]|(?<=[a-z]))(?:UTC|GMT)$|(?<=[\s_])(?:utc|gmt)$"
)


def holds_clocks(column: pl.Series) -> bool:
    """Whether a column is one of times of day: ``16:00``, ``4:00 PM``, ``1600``, ``16``."""
    if column.dtype.is_float() or isinstance(column.dtype, pl.Date | pl.Datetime):
        return False
    cells = column.head(_LOOKED_AT).cast(pl.String, strict=False).str.strip_chars().drop_nulls()
    cells = cells.filter(cells != "")
    return len(cells) > 0 and bool(cells.str.contains(_CLOCK).all())


def with_times(dates: pl.Series, clocks: pl.Series) -> pl.Series:
    """A column of days and one of times as one text; daily files write the time as 000000 or 00:00. Dates that are no
    days stay as they are.
    """
    if dates.dtype != pl.String and dates.dtype != pl.Date and not _are_days(dates):
        return dates
    days = dates if dates.dtype == pl.String else dates.cast(pl.Date).cast(pl.String)
    times = clocks.cast(pl.String)
    if times.str.replace_all(r"[^\d]", "").str.strip_chars("0").is_in([""]).fill_null(True).all():
        return dates
    digits = times.str.strip_chars()
    if digits.str.contains(r"^\d{1,2}$").all():  # hours
        digits = digits + "00"
    compact = digits.str.contains(r"^\d{3,6}$")
    frame = pl.DataFrame({"d": days, "t": digits, "compact": compact})
    padded = (
        pl.when(pl.col("t").str.len_chars() <= 4)
        .then(pl.col("t").str.zfill(4) + "00")
        .otherwise(pl.col("t").str.zfill(6))
    )
    clock = pl.format("{}:{}:{}", *(padded.str.slice(at, 2) for at in (0, 2, 4)))
    written = pl.when(pl.col("compact")).then(clock).otherwise(pl.col("t"))
    day = pl.col("d").str.strip_chars()
    iso = (
        pl.when(day.str.contains(r"^\d{8}$"))
        .then(pl.format("{}-{}-{}", day.str.slice(0, 4), day.str.slice(4, 2), day.str.slice(6, 2)))
        .otherwise(day.str.replace(r"^(\d{4})[./](\d{2})[./](\d{2})$", "${1}-${2}-${3}"))
    )
    return frame.select(pl.format("{} {}", iso, written).alias(dates.name)).to_series()


def located(walls: pl.Series, zone: str, what: str, *, hint: str = "write times in UTC, or their offsets") -> pl.Series:
    """Times (N,) by the clocks of ``zone`` as instants; raises TimeError for the first that these show twice or never.

    Examples
    --------
    >>> from datetime import datetime
    >>> located(pl.Series([datetime(2024, 7, 1, 16)]), "Asia/Karachi", "events")[0].isoformat()
    '2024-07-01T16:00:00+05:00'
    """
    instants = walls.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    lost = walls.filter(instants.is_null() & walls.is_not_null())
    if len(lost):
        raise TimeError(f"{what}: the clocks of {zone} show {lost[0]} twice or never", hint=hint)
    return instants


def begin_of_days(midnights: pl.Series, zone: str) -> pl.Series:
    """The first instant of the days that begin at ``midnights`` (N,): of two midnights the first; where clocks leave
    midnight out, the time to which they are put forward.
    """
    instants = midnights.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    forward = midnights.dt.offset_by("1h").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return instants.fill_null(forward)


def _are_days(column: pl.Series) -> bool:
    """Whether a column of times has midnights alone: pandas has no dates."""
    return isinstance(column.dtype, pl.Datetime) and bool((column.dt.time() == time(0)).drop_nulls().all())


def one_zone(columns: Mapping[str, pl.Series], stamps: Sequence[str], source: str, *, hint: str) -> str | None:
    """The one zone that is said of times without one, in a column of its own, or in the name of one of ``stamps``:
    ``Time (UTC)``; None where nothing is said.

    ``columns``: those beside the times, by their names. Raises InputError where several zones are said, or none that
    determines the clocks of a whole year.
    """
    for what in ("zone", "offset"):
        label = next((name for name in columns if beside(name) == what), None)
        cells = pl.Series() if label is None else columns[label].cast(pl.String).str.strip_chars().drop_nulls().unique()
        if len(cells):
            return _only_zone(cells.sort().to_list(), f"{source}: the column {label!r}", hint)
    for label in stamps:
        name = _IN_NAME.search(label)
        if name is not None:
            return _only_zone([name["bracketed"] or "UTC"], f"{source}: the name of the column {label!r}", hint)
    return None


def _only_zone(said: Sequence[str], where: str, hint: str) -> str:
    """The zone of one name; raises InputError for several, an offset and an abbreviation: EST is not New York."""
    if len(said) == 1 and ("/" in said[0] or is_utc(said[0])):
        return zone_written(said[0])
    raise InputError(f"{where} says {', '.join(said[:3])}, which does not determine one zone", hint=hint)
