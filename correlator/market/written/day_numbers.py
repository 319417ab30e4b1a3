"""Parse day numbers of workbooks: 45,293 days after 30 December 1899 is 2 January 2024."""

from __future__ import annotations

import polars as pl

from correlator.errors import TimeError

# Dates of the form YYDDD (two-digit year, day of the year) look the same.
DAY_NUMBER = r"^[2-6]\d{4}(\.\d+)?$"
_FEWEST_NUMBERS, _ZERO = 8, 25_569
_COUNTED = r"^\d{5}(\.\d+)?$"
# Smaller numbers may also count days from 1960 (SAS, Stata) or 1970 (R), so a workbook's day must be in 1980 or later.
_FIRST, _LAST = 29_221, 65_380
_SECONDS = 86_400


def day_numbers(text: pl.Series, source: str) -> pl.Series:
    """Convert day numbers to dates, or to times if some have fractions.

    Raise TimeError if they are too few to be sure, or if some would be weekends.
    """
    numbers = text.cast(pl.Float64, strict=False)
    days = numbers.cast(pl.Int32, strict=False)
    dates = (days - _ZERO).cast(pl.Date)
    if days.null_count() == len(days) or len(days.drop_nulls()) < _FEWEST_NUMBERS or (dates.dt.weekday() > 5).any():
        sample = next(value for value in text if value)
        raise TimeError(
            f"{source}: {sample} may or may not be a day number of a workbook",
            hint="write the column as dates (YYYY-MM-DD)",
        )
    return dates if (numbers.drop_nulls() % 1 == 0).all() else _times(numbers).alias(text.name)


def counted_moments(column: pl.Series) -> pl.Series:
    """Convert a column that is known to contain dates, if every cell is a day number; else return it unchanged.

    Numbers with fractions become times, to the second.

    >>> counted_moments(pl.Series(["45293", None])).to_list()
    [datetime.date(2024, 1, 2), None]
    """
    if not (column.dtype.is_numeric() or column.dtype == pl.String):
        return column
    text = column.cast(pl.String).str.strip_chars()
    known = text.to_frame("t").filter((pl.col("t") != "").fill_null(False))["t"]
    numbers = text.cast(pl.Float64, strict=False)
    if (
        known.is_empty()
        or not known.str.contains(_COUNTED).all()
        or not numbers.drop_nulls().is_between(_FIRST, _LAST).all()
    ):
        return column
    if (numbers.drop_nulls() % 1 == 0).all():
        return (numbers.cast(pl.Int32) - _ZERO).cast(pl.Date).alias(column.name)
    return _times(numbers).alias(column.name)


def _times(numbers: pl.Series) -> pl.Series:
    """Convert day numbers with fractions to times, to the second."""
    seconds = ((numbers - _ZERO) * _SECONDS).round().cast(pl.Int64)
    return (seconds * 1_000_000).cast(pl.Datetime("us"))
