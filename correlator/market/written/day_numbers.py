"""Days as workbooks count them: 45,293 days after 30 December 1899 is 2 January 2024."""

from __future__ import annotations

import polars as pl

from correlator.errors import TimeError

# Days of the year and years of two digits look the same.
DAY_NUMBER = r"^[2-6]\d{4}(\.\d+)?$"
_FEWEST_NUMBERS, _ZERO = 8, 25_569
_COUNTED = r"^\d{5}(\.\d+)?$"
# Numbers below count days of 1960 (SAS, Stata) or 1970 (R) as well: a workbook's day is of 1980 or later.
_FIRST, _LAST = 29_221, 65_380
_SECONDS = 86_400


def day_numbers(text: pl.Series, source: str) -> pl.Series:
    """Dates of day numbers, times where some have fractions; raises TimeError where too few say so, or some would be
    weekends.
    """
    numbers = text.cast(pl.Float64, strict=False)
    days = numbers.cast(pl.Int32, strict=False)
    dates = (days - _ZERO).cast(pl.Date)
    if days.null_count() == len(days) or len(days.drop_nulls()) < _FEWEST_NUMBERS or (dates.dt.weekday() > 5).any():
        sample = next(value for value in text if value)
        raise TimeError(
            f"{source}: {sample} could be the number of a day in a workbook, or something else",
            hint="write the column as dates (YYYY-MM-DD)",
        )
    return dates if (numbers.drop_nulls() % 1 == 0).all() else _times(numbers).alias(text.name)


def counted_moments(column: pl.Series) -> pl.Series:
    """Dates of a column that is known to hold some, where each cell counts days as a workbook does; else as it is.

    With fractions of days they are times, to the second.

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
    """Days with fractions as times, to the second."""
    seconds = ((numbers - _ZERO) * _SECONDS).round().cast(pl.Int64)
    return (seconds * 1_000_000).cast(pl.Datetime("us"))
