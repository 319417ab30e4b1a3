"""Columns of dates and instants, as frames and files bring them: what day they say, which clock, and which zone.

Text is ISO 8601, or written in any way that files of prices are read in (``28.05.2025``, ``May 28, 2025``), where the
column can be read in one way only. A date carries no clock, and midnight is written for a date by everything that has
no dates, pandas first: it is a date, with a zone or without. Any other time of day is a clock, and is never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

import polars as pl

from correlator.base.tabular import DAY_NUMBERS, Frame, to_polars
from correlator.errors import InputError, TimeError
from correlator.market.written.dates import NoDatesError, with_joined_days
from correlator.market.written.stamps import in_plain_form, read_stamps

UTC = pl.Datetime("us", "UTC")
RULE = "\0date_only"
"""Column of events whose column ``time`` says before the open or after the close: their own ``date_only``."""
_WALL = pl.Datetime("us")
_WRITTEN = (
    r"^(?<day>\d{4}[-/.]\d{2}[-/.]\d{2}|\d{8})(?:[T ]+(?<clock>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?"
    r" ?(?<zone>[Zz]|UTC|(?<sign>[+-])(?<hours>\d{2}):?(?<minutes>\d{2})?)?$"
)
_DIGITS = r"^\s*(\d{1,7}|\d{9,})(\.0*)?\s*$"
_HINT = "write YYYY-MM-DD, or an ISO 8601 instant such as 2025-06-05T16:05:00+05:00"


@dataclass(frozen=True)
class Moments:
    """N moments taken apart. ``day``: the date as written; ``wall``: date and clock as written, null for a date alone;
    ``instant``: UTC, null for a date alone and for a clock without a zone.
    """

    day: pl.Series
    wall: pl.Series
    instant: pl.Series

    @property
    def has_clock(self) -> pl.Series:
        return self.wall.is_not_null()


def with_days(frame: Frame, what: str) -> pl.DataFrame:
    """``frame`` as polars, days that stand in columns of years, months and days as one column.

    Raises InputError naming ``what`` where it is no frame.
    """
    return with_joined_days(to_polars(frame, what))


def moments_of(column: pl.Series, what: str) -> Moments:
    """The moments of a column of dates, instants, text, or whole numbers that count days or time; ``what``: the frame,
    for errors.

    Raises TimeError for what is not a date, naming the first, or can be read in two ways, and InputError for a column
    of another type.
    """
    if column.dtype.is_numeric() and len(column):
        column = _numbers_as_text(column)
    if is_text(column):
        return _of_text(column.cast(pl.String), what)
    if column.dtype in (pl.Date, pl.Null) or len(column) == 0:
        day = column.cast(pl.Date)
        return Moments(day, _none(day, _WALL), _none(day, UTC))
    if not isinstance(column.dtype, pl.Datetime):
        raise InputError(f"column {column.name!r} of {what} holds {column.dtype}, not dates", hint=_HINT)
    wall = column.dt.replace_time_zone(None).dt.cast_time_unit("us")
    zoned = column.dtype.time_zone is not None
    instant = column.dt.convert_time_zone("UTC").cast(UTC) if zoned else _none(wall, UTC)
    return _midnights_as_dates(wall, instant)


def reads_as_moments(column: pl.Series) -> bool:
    """Whether a column is one of dates or instants, as text too: it has some, and nothing else."""
    if column.null_count() == len(column) or column.dtype.base_type() in (pl.Null, pl.Boolean):
        return False
    if column.dtype.is_numeric() and not holds_day_numbers(column):
        return False  # a figure, unless its name says otherwise
    if column.dtype == pl.String and column.str.contains(_DIGITS).any():
        return False
    try:
        return bool(moments_of(column, "a frame").day.is_not_null().any())
    except (InputError, TimeError):
        return False


def holds_day_numbers(column: pl.Series) -> bool:
    """Whether all are whole numbers YYYYMMDD, as CRSP and SAS have days; pandas has them as floats beside NaN."""
    if not column.dtype.is_numeric():
        return False
    numbers = column.fill_nan(None).drop_nulls() if column.dtype.is_float() else column.drop_nulls()
    numbers = numbers.cast(pl.Float64)  # a small type of whole numbers knows no such bounds
    if len(numbers) == 0 or not numbers.is_between(*DAY_NUMBERS).all() or not (numbers % 1 == 0).all():
        return False
    numbers = numbers.cast(pl.Int64)
    return bool(numbers.cast(pl.String).str.to_date("%Y%m%d", strict=False).is_not_null().all())


def is_text(column: pl.Series) -> bool:
    """Whether a column is text, whatever it is kept as."""
    return column.dtype.base_type() in (pl.String, pl.Categorical, pl.Enum)


def are_moments(column: pl.Series) -> pl.Series:
    """Which cells of a column of text can be read as moments, empty ones not."""
    if not is_text(column):
        return column.is_not_null()
    column = column.cast(pl.String)
    iso = _instants_of_text(column)["wall"].is_not_null()
    if iso.any():
        return iso
    try:
        return read_stamps(without_blanks(column)).values.is_not_null()
    except (InputError, TimeError):
        return iso


def as_labels(column: pl.Series, what: str) -> pl.Series:
    """Labels of bars: dates where no moment has a clock, else instants, UTC where they have a zone.

    Raises as ``moments_of``, and TimeError where only some have a zone.
    """
    moments = moments_of(column, what)
    if not moments.has_clock.any():
        return moments.day.rename(column.name)
    midnights = moments.day.cast(_WALL)
    if moments.instant.is_null().all():
        return moments.wall.fill_null(midnights).rename(column.name)
    if (moments.instant.is_null() & moments.has_clock).any():
        raise TimeError(f"only some instants in column {column.name!r} of {what} have a zone", hint="write it with all")
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.cast_time_unit("us")
    text = column.cast(pl.Int64).cast(pl.String) if column.dtype.is_numeric() else column.cast(pl.String)
    instants = _instants_of_text(text)["instant"]  # with midnights, which among clocks are no dates
    return (read_stamps(text).values if instants.is_null().all() else instants).rename(column.name)


def _of_text(column: pl.Series, what: str) -> Moments:
    parts = _instants_of_text(column)
    said = without_blanks(column).is_not_null()
    unread = parts["wall"].is_null() & said
    if not unread.any():
        return _midnights_as_dates(parts["wall"], parts["instant"])
    otherwise = _written_otherwise(column, what) if (unread == said).all() else None
    unread = unread if otherwise is None else otherwise.day.is_null() & said
    if otherwise is None or unread.any():
        first = column.filter(unread)[0]
        raise TimeError(f"{first!r} in column {column.name!r} of {what} is not a date", hint=_HINT)
    return otherwise


def _written_otherwise(column: pl.Series, what: str) -> Moments | None:
    """The moments of text of which nothing is ISO 8601; None where it is no dates at all.

    Raises TimeError where every date can be read in two ways.
    """
    try:
        stamps = read_stamps(without_blanks(column), source=f"column {column.name!r} of {what}")
    except NoDatesError:
        return None
    except TimeError as problem:
        raise TimeError(problem.message, hint=_HINT) from None
    if stamps.kind == "label":
        return Moments(stamps.values, _none(stamps.values, _WALL), _none(stamps.values, UTC))
    wall = stamps.values.dt.replace_time_zone(None).cast(_WALL)
    return _midnights_as_dates(wall, stamps.values if stamps.kind == "instant" else _none(wall, UTC))


def _numbers_as_text(column: pl.Series) -> pl.Series:
    """Whole numbers as text, others as they are: 20240201, days of a workbook, seconds since 1970."""
    known = column.cast(pl.Float64, strict=False).fill_nan(None).drop_nulls()
    if len(known) == 0 or not (known % 1 == 0).all():
        return column
    return (column.fill_nan(None) if column.dtype.is_float() else column).cast(pl.Int64, strict=False).cast(pl.String)


def without_blanks(column: pl.Series) -> pl.Series:
    """Text without white space around it, null where nothing is left."""
    text = column.str.strip_chars()
    return text.to_frame().select(pl.when(text != "").then(text).alias(column.name)).to_series()


def _instants_of_text(column: pl.Series) -> pl.DataFrame:
    """``wall`` and ``instant`` as they are written, midnights included; null where it is neither date nor instant."""
    parts = in_plain_form(column.str.strip_chars()).str.extract_groups(_WRITTEN).struct.unnest()
    day = pl.col("day").str.replace(r"^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})$", "${1}-${2}-${3}")
    text = parts.select(pl.concat_str(day, pl.lit("T"), pl.col("clock").fill_null("00:00"))).to_series()
    full, short = (text.str.to_datetime(f"%Y-%m-%dT%H:%M{end}", time_unit="us", strict=False) for end in (":%S%.f", ""))
    wall = full.fill_null(short)
    offset = pl.duration(hours=pl.col("hours").cast(pl.Int64), minutes=pl.col("minutes").cast(pl.Int64).fill_null(0))
    moved = pl.when(pl.col("sign") == "-").then(pl.col("wall") + offset).otherwise(pl.col("wall") - offset)
    plain = pl.when(pl.col("sign").is_null()).then(pl.col("wall")).otherwise(moved)
    return parts.with_columns(wall.alias("wall")).select(
        "wall", pl.when(pl.col("zone").is_not_null()).then(plain).dt.replace_time_zone("UTC").cast(UTC).alias("instant")
    )


def _midnights_as_dates(wall: pl.Series, instant: pl.Series) -> Moments:
    """Midnights are dates, whatever zone stands next to them."""
    clock = (wall.dt.time() != time(0)).fill_null(False)
    frame = pl.DataFrame({"wall": wall, "instant": instant, "clock": clock})
    timed = frame.select(pl.when("clock").then(pl.col(name)).alias(name) for name in ("wall", "instant"))
    return Moments(wall.dt.date(), timed["wall"], timed["instant"])


def _none(like: pl.Series, kind: pl.DataType) -> pl.Series:
    return pl.Series(like.name, [None] * len(like), dtype=kind)
