"""Times of day in a column beside their dates, and time zones stated in a column or in a column name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import time

import polars as pl

from correlator.errors import InputError, TimeError, listed
from correlator.market.vocabulary import beside
from correlator.sessions.exchanges import is_utc, zone_written

_LOOKED_AT = 60
_CLOCK = (
    r"^(\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?(\s*(Z|[+-]\d{2}:?\d{2}))?"
    r"|([01]?\d|2[0-4])([0-5]\d){0,2}|0{1,6}|[1-5]\d?)$"
)
_IN_NAME = re.compile(
    r"[(\[](?P<bracketed>[A-Z]{1,4}T|UTC|\w+/\w+)[)\]]|(?:[\s_]|(?<=[a-z]))(?:UTC|GMT)$|(?<=[\s_])(?:utc|gmt)$"
    r"|(?i:(?<=date|time)(?:utc|gmt)$|^(?:utc|gmt)[\s_]?(?=date|time))"
)


def holds_clocks(column: pl.Series) -> bool:
    """Whether a column contains times of day: ``16:00``, ``4:00 PM``, ``1600``, ``16``."""
    if column.dtype.is_float() or isinstance(column.dtype, pl.Date | pl.Datetime):
        return False
    cells = column.head(_LOOKED_AT).cast(pl.String, strict=False).str.strip_chars().drop_nulls()
    cells = cells.filter(cells != "")
    return len(cells) > 0 and bool(cells.str.contains(_CLOCK).all())


def with_times(dates: pl.Series, clocks: pl.Series) -> pl.Series:
    """Join a column of days and one of times into one text column.

    Return ``dates`` unchanged if they are not days, or if all times are midnight, as daily files write them (000000,
    00:00).
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
    """Return local times (N,) in ``zone`` as instants; raise TimeError for the first ambiguous or nonexistent one.

    Examples
    --------
    >>> from datetime import datetime
    >>> located(pl.Series([datetime(2024, 7, 1, 16)]), "Asia/Karachi", "events")[0].isoformat()
    '2024-07-01T16:00:00+05:00'
    """
    instants = walls.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    without_instant = walls.filter(instants.is_null() & walls.is_not_null())
    if len(without_instant):
        raise TimeError(f"{what}: {without_instant[0]} is ambiguous or does not exist in {zone}", hint=hint)
    return instants


def begin_of_days(midnights: pl.Series, zone: str) -> pl.Series:
    """Return the first instants of the days of ``midnights`` (N,).

    If clocks show midnight twice, it is the first; if they skip midnight, the time to which they are put forward.
    """
    instants = midnights.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    forward = midnights.dt.offset_by("1h").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return instants.fill_null(forward)


def _are_days(column: pl.Series) -> bool:
    """Whether all times of a column are midnights: pandas has no date type."""
    return isinstance(column.dtype, pl.Datetime) and bool((column.dt.time() == time(0)).drop_nulls().all())


def one_zone(columns: Mapping[str, pl.Series], stamps: Sequence[str], source: str, *, hint: str) -> str | None:
    """Return the time zone stated for times without one, in a separate column or in the name of one of ``stamps``.

    An example of such a name is ``Time (UTC)``. Return None if no zone is stated. ``columns``: the columns beside the
    times, by name. Raise InputError if several zones are stated, or one that does not determine a whole year's clocks.
    """
    for what in ("zone", "offset"):
        label = next((name for name in columns if beside(name) == what), None)
        cells = pl.Series() if label is None else columns[label].cast(pl.String).str.strip_chars().drop_nulls().unique()
        if len(cells):
            return _only_zone(cells.sort().to_list(), f"{source}: column {label!r}", hint)
    for label in stamps:
        zone = zone_in_name(label)
        if zone is not None:
            return _only_zone([zone], f"{source}: the name of column {label!r}", hint)
    return None


def says_zones(column: pl.Series) -> bool:
    """Whether a column states the time zones of its rows: names or offsets as text, or offsets as numbers."""
    what, kind = beside(column.name), column.dtype
    is_text = kind.base_type() in (pl.String, pl.Categorical, pl.Enum)
    return (what in ("zone", "offset") and is_text) or (what == "offset" and kind.is_numeric())


def zones_written(column: pl.Series) -> pl.Series:
    """Return the time zones of a column as text, null where it is empty."""
    cells = (column.fill_nan(None) if column.dtype.is_float() else column).cast(pl.String).str.strip_chars()
    return cells.replace("", None)


def zone_in_name(label: str) -> str | None:
    """Return the time zone that the name of a column of times states, as written; None if it states none.

    Examples
    --------
    >>> zone_in_name("Time (Asia/Karachi)"), zone_in_name("published_at_utc"), zone_in_name("Time")
    ('Asia/Karachi', 'UTC', None)
    """
    match = _IN_NAME.search(label)
    return None if match is None else match["bracketed"] or "UTC"


def without_zone(label: str) -> str:
    """Return the name of a column of times without the time zone in it: ``time`` for ``time_utc``."""
    return _IN_NAME.sub("", label).strip(" _")


def _only_zone(names: Sequence[str], where: str, hint: str) -> str:
    """Return the zone of a single name; raise InputError for several, an offset or an abbreviation (EST)."""
    if len(names) == 1 and ("/" in names[0] or is_utc(names[0])):
        return zone_written(names[0])
    raise InputError(f"{where} says {listed(names, 3)}, which does not determine one time zone", hint=hint)
