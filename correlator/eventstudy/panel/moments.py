"""Columns of dates and instants in frames and files: their day, time of day and time zone.

Text is ISO 8601, or in any format accepted in files of prices (``28.05.2025``, ``May 28, 2025``) if the column is
unambiguous. Libraries without a date type, such as pandas, write midnight for a date: midnight is read as a date, with
a time zone or without. Any other time of day is kept, and called a clock in names.
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
"""Column with the ``date_only`` rule of each event whose column ``time`` says before the open or after the close."""
_WALL = pl.Datetime("us")
_WRITTEN = (
    r"^(?<day>\d{4}[-/.]\d{2}[-/.]\d{2}|\d{8})(?:[T ]+(?<clock>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?"
    r" ?(?<zone>[Zz]|UTC|(?<sign>[+-])(?<hours>\d{2}):?(?<minutes>\d{2})?)?$"
)
_DIGITS = r"^\s*(\d{1,7}|\d{9,})(\.0*)?\s*$"
_HINT = "write YYYY-MM-DD, or an ISO 8601 instant such as 2025-06-05T16:05:00+05:00"


@dataclass(frozen=True)
class Moments:
    """N dates or instants. ``day``: the date as written; ``wall``: date and time of day as written, null for a date;
    ``instant``: UTC, null for a date and for a time of day without a time zone.
    """

    day: pl.Series
    wall: pl.Series
    instant: pl.Series

    @property
    def has_clock(self) -> pl.Series:
        return self.wall.is_not_null()


def with_days(frame: Frame, what: str) -> pl.DataFrame:
    """Return ``frame`` as polars, with columns of year, month and day joined to one column.

    Raises InputError naming ``what`` if it is not a frame.
    """
    return with_joined_days(to_polars(frame, what))


def moments_of(column: pl.Series, what: str) -> Moments:
    """Parse a column of dates, instants, text, or whole numbers that count days or time.

    ``what``: the name of the frame, for errors.

    Raises TimeError for text that is not a date, naming the first, or is ambiguous, and InputError for a column of
    another type.
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
    """Whether a column, possibly of text, holds dates or instants and nothing else."""
    if column.null_count() == len(column) or column.dtype.base_type() in (pl.Null, pl.Boolean):
        return False
    if column.dtype.is_numeric() and not holds_day_numbers(column):
        return False  # plain numbers, unless the name of the column says otherwise
    if column.dtype == pl.String and column.str.contains(_DIGITS).any():
        return False
    try:
        return bool(moments_of(column, "a frame").day.is_not_null().any())
    except (InputError, TimeError):
        return False


def holds_day_numbers(column: pl.Series) -> bool:
    """Whether all are whole numbers YYYYMMDD, as in CRSP and SAS; pandas has them as floats if any is NaN."""
    if not column.dtype.is_numeric():
        return False
    numbers = column.fill_nan(None).drop_nulls() if column.dtype.is_float() else column.drop_nulls()
    numbers = numbers.cast(pl.Float64)  # the bounds do not fit into small integer types
    if len(numbers) == 0 or not numbers.is_between(*DAY_NUMBERS).all() or not (numbers % 1 == 0).all():
        return False
    numbers = numbers.cast(pl.Int64)
    return bool(numbers.cast(pl.String).str.to_date("%Y%m%d", strict=False).is_not_null().all())


def is_text(column: pl.Series) -> bool:
    """Whether a column is text: strings, categories or an enum."""
    return column.dtype.base_type() in (pl.String, pl.Categorical, pl.Enum)


def are_moments(column: pl.Series) -> pl.Series:
    """Return which cells of a column can be parsed as dates or instants; empty cells cannot."""
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
    """Return labels of bars: dates if none has a time of day, else instants, in UTC if they have a time zone.

    Raises as ``moments_of``, and TimeError if only some have a time zone.
    """
    moments = moments_of(column, what)
    if not moments.has_clock.any():
        return moments.day.rename(column.name)
    midnights = moments.day.cast(_WALL)
    if moments.instant.is_null().all():
        return moments.wall.fill_null(midnights).rename(column.name)
    if (moments.instant.is_null() & moments.has_clock).any():
        raise TimeError(
            f"only some timestamps in column {column.name!r} of {what} have a time zone", hint="write it with each"
        )
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.cast_time_unit("us")
    text = column.cast(pl.Int64).cast(pl.String) if column.dtype.is_numeric() else column.cast(pl.String)
    instants = _instants_of_text(text)["instant"]  # midnights included, which are not dates here
    return (read_stamps(text).values if instants.is_null().all() else instants).rename(column.name)


def _of_text(column: pl.Series, what: str) -> Moments:
    iso = _instants_of_text(column)
    filled = without_blanks(column).is_not_null()
    unparsed = iso["wall"].is_null() & filled
    if not unparsed.any():
        return _midnights_as_dates(iso["wall"], iso["instant"])
    moments = _of_other_formats(column, what) if (unparsed == filled).all() else None
    unparsed = unparsed if moments is None else moments.day.is_null() & filled
    if moments is None or unparsed.any():
        first = column.filter(unparsed)[0]
        raise TimeError(f"{first!r} in column {column.name!r} of {what} is not a date", hint=_HINT)
    return moments


def _of_other_formats(column: pl.Series, what: str) -> Moments | None:
    """Parse text of which nothing is ISO 8601; None if it is not dates.

    Raises TimeError if every date is ambiguous.
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
    """Return whole numbers as text, other columns unchanged: 20240201, days of a workbook, seconds since 1970."""
    known = column.cast(pl.Float64, strict=False).fill_nan(None).drop_nulls()
    if len(known) == 0 or not (known % 1 == 0).all():
        return column
    return (column.fill_nan(None) if column.dtype.is_float() else column).cast(pl.Int64, strict=False).cast(pl.String)


def without_blanks(column: pl.Series) -> pl.Series:
    """Return text without surrounding white space, null where it is blank."""
    text = column.str.strip_chars()
    return text.to_frame().select(pl.when(text != "").then(text).alias(column.name)).to_series()


def _instants_of_text(column: pl.Series) -> pl.DataFrame:
    """Parse ISO 8601 text to ``wall`` and ``instant``, midnights included; null where it is not a date or instant."""
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
    """Return moments in which midnights are dates, whatever their time zone."""
    clock = (wall.dt.time() != time(0)).fill_null(False)
    frame = pl.DataFrame({"wall": wall, "instant": instant, "clock": clock})
    timed = frame.select(pl.when("clock").then(pl.col(name)).alias(name) for name in ("wall", "instant"))
    return Moments(wall.dt.date(), timed["wall"], timed["instant"])


def _none(like: pl.Series, kind: pl.DataType) -> pl.Series:
    return pl.Series(like.name, [None] * len(like), dtype=kind)
