"""Parse dates as people and services write them: numeric in any provable order, with month names, in three columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from correlator.base.day_order import day_order
from correlator.errors import TimeError
from correlator.market.vocabulary import month_number, part_of_date
from correlator.market.written.periods import period_remedy

JOINED, PARTS = "date", ("year", "month", "day")
"""The name of the joined date column, and the parts of a date that it is joined from."""
_RANGES = {
    "year": (1600, 2200),
    "quarter": (1, 4),
    "month": (1, 12),
    "week": (1, 53),
    "day": (1, 31),
    "weekday": (0, 7),
}
ORDERS = ("dmy", "mdy", "ymd")
_NUMERIC = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})$"
_YEAR_FIRST = r"^(\d{4})[-/.年년]\s*(\d{1,2})[-/.月월]\s*(\d{1,2})[日일.]?$"
_DAY_LAST, _MONTH_LAST = ("3", "2", "1"), ("3", "1", "2")
_MONTHS = 12
_COMPACT = r"^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"
# 113/03/08 in Taipei: years of three digits are counted from 1911, and so are those of two digits in the same column.
_MINGUO, _SINCE_2011 = r"^(\d{2,3})/(\d{1,2})/(\d{1,2})$", r"^1\d\d/\d{1,2}/\d{1,2}$"
_BUDDHIST, _BUDDHIST_ZERO = (2500, 2699), 543
"""Years of the Thai calendar from 1957 on, which no other calendar in use has reached."""
_BUDDHIST_FIRST = r"^\s*(2[56]\d\d)(?:[-/.]\d{1,2}[-/.]\d{1,2}(?:\D|$)|\d{4}$)"
_WEEKDAY = r"^\p{L}{2,}\.?,?\s+(\d{1,2}[-\s./]*\p{L}|\p{L}+\.?\s+\d)"
_DAY_FIRST = r"^(\d{1,2})(?:st|nd|rd|th|\.|º)?[-\s/.]*(?:de\s+)?(\p{L}+)\.?,?[-\s/.]*(?:de\s+)?['’]?(\d{4}|\d{2})$"
_MONTH_FIRST = r"^(\p{L}+)\.?[-\s/.]*(\d{1,2})(?:st|nd|rd|th)?,?[-\s/.]+['’]?(\d{4}|\d{2})$"
_WEEK_DAY = r"^(19|20)\d\d-W\d\d-[1-7]$"
_YEAR_MONTH_DAY = r"^(\d{4})[-\s/.]*(\p{L}+)\.?[-\s/.]*(\d{1,2})$"


class NoDatesError(TimeError):
    """A column has no cell that is a date."""


def read_dates(text: pl.Series, date_order: str | None, usual_order: str | None, source: str) -> tuple[pl.Series, str]:
    """Return a text column as dates, with null for unreadable cells, and the form of the dates.

    Raise TimeError if the order of day and month is ambiguous, inconsistent, or contradicts the caller, and
    NoDatesError if no cell is a date.
    """
    known = text.drop_nulls()
    _refuse_turned_cells(known, source)
    if int(known.str.contains(_YEAR_FIRST).sum()) * 2 > len(known):
        return _dates_of(text.str.extract_groups(_YEAR_FIRST), ("1", "2", "3")).alias(text.name), "YYYY-MM-DD"
    if int(known.str.contains(_COMPACT).sum()) * 2 > len(known):
        return text.str.to_date("%Y%m%d", strict=False), "YYYYMMDD"
    if int(known.str.contains(_WEEK_DAY).sum()) * 2 > len(known):
        return text.str.to_date("%G-W%V-%u", strict=False), "days of ISO weeks"
    if known.str.contains(_SINCE_2011).any() and int(known.str.contains(_MINGUO).sum()) * 2 > len(known):
        parts = text.str.extract_groups(_MINGUO).struct
        year = (parts.field("1").cast(pl.Int32, strict=False) + 1911).cast(pl.String)
        return _joined(year, parts.field("2"), parts.field("3")).alias(text.name), "years of the Republic of China"
    if int(known.str.contains(_NUMERIC).sum()) * 2 > len(known):
        return _numeric(text, known, date_order, usual_order, source=source)
    return _named(text, source)


def in_common_years(text: pl.Series) -> pl.Series:
    """Replace leading Buddhist years by years of the common era: 2567-02-29 becomes 2024-02-29."""
    years = text.str.extract(_BUDDHIST_FIRST, 1).cast(pl.Int32)
    if years.null_count() == len(years):
        return text
    common = (years - _BUDDHIST_ZERO).cast(pl.String) + text.str.strip_chars_start().str.slice(4)
    return common.fill_null(text).alias(text.name)


def _numeric(
    text: pl.Series, known: pl.Series, date_order: str | None, usual_order: str | None, *, source: str
) -> tuple[pl.Series, str]:
    """Parse numeric dates in the order that some date proves, else in the caller's or the layout's order."""
    parts = text.str.extract_groups(_NUMERIC)
    if date_order == "ymd":
        return _dates_of(parts, ("1", "2", "3")).alias(text.name), "ymd"
    days = day_order(text, _NUMERIC)
    if days.contradictory:
        raise TimeError(
            f"{source}: some dates have the day first ({days.day_first}), others the month ({days.month_first})",
            hint="split the file, or write its dates as YYYY-MM-DD",
        )
    proved, proof = days.shown, days.proof
    if date_order is None and usual_order is None and _year_may_be_first(parts):
        raise TimeError(
            f"{source}: dates are ambiguous: {known[0]} and every other date could have the year first or last",
            hint="give date_order (--date-order ymd, dmy or mdy)",
        )
    order = proved or date_order or usual_order
    if date_order is not None and proved not in (None, date_order):
        raise TimeError(
            f"{source}: {proof} is not a date in the order {date_order}", hint=f"give --date-order {proved}"
        )
    if usual_order is not None and date_order is None and proved not in (None, usual_order):
        raise TimeError(
            f"{source}: {proof} is not a date in the order {usual_order} of its layout",
            hint=f"give --date-order {proved}",
        )
    if order is None:
        raise TimeError(
            f"{source}: dates are ambiguous: {known[0]} and every other date could be day-month or month-day",
            hint="give date_order (--date-order dmy or mdy)",
        )
    places = _DAY_LAST if order == "dmy" else _MONTH_LAST
    dates = _dates_of(parts, places).alias(text.name)
    turned = _dates_of(parts, _MONTH_LAST if order == "dmy" else _DAY_LAST)
    turns = _turns(dates)
    if proof and turns > 1 and 2 * _turns(pl.select(pl.coalesce(turned, dates)).to_series()) < turns:
        raise TimeError(
            f"{source}: dates are out of order as written ({proof} among them), but in order if day and month are"
            " swapped in those up to the 12th: a spreadsheet has swapped them",
            hint="export the dates again from the source as YYYY-MM-DD",
        )
    return dates, order


def _refuse_turned_cells(known: pl.Series, source: str) -> None:
    """Raise TimeError if a spreadsheet has converted the dates up to the 12th, with day and month swapped.

    It then leaves the other dates as text.
    """
    dated = known.filter(known.str.contains(_YEAR_FIRST))
    texts = known.filter(known.str.contains(_NUMERIC)) if len(dated) else dated
    days = dated.str.extract_groups(_YEAR_FIRST).struct.field("3").cast(pl.Int32, strict=False)
    if texts.is_empty() or (days > _MONTHS).any():
        return
    parts = texts.str.extract_groups(_NUMERIC).struct
    first, second = (parts.field(name).cast(pl.Int32, strict=False) for name in ("1", "2"))
    if ((first > _MONTHS) | (second > _MONTHS)).all():
        raise TimeError(
            f"{source}: cells up to the 12th are dates and others are text ({texts[0]}): a spreadsheet has swapped day"
            " and month of the former",
            hint="export the dates again from the source as YYYY-MM-DD",
        )


def _turns(dates: pl.Series) -> int:
    """Return how often the dates of a column change between rising and falling."""
    steps = dates.drop_nulls().diff().dt.total_days().sign().drop_nulls()
    steps = steps.filter(steps != 0)
    return int((steps != steps.shift()).sum())


def _year_may_be_first(parts: pl.Series) -> bool:
    """Whether dates with two-digit years could have the year first: all are valid, and it varies no more than the day.

    Days change from bar to bar and years do not: 24-01-02, 24-01-03 is January 2024, not the 24th of two Januaries.
    """
    first, last = (parts.struct.field(name) for name in ("1", "3"))
    if last.str.len_chars().max() != 2 or first.n_unique() > last.n_unique():
        return False
    dates = _dates_of(parts, ("1", "2", "3"))
    return dates.null_count() == first.null_count()


def _named(text: pl.Series, source: str) -> tuple[pl.Series, str]:
    """Parse dates with month names in the languages of ``data/columns/months.toml``."""
    bare = text.str.replace(_WEEKDAY, "${1}")
    attempts = []
    for pattern, places in ((_DAY_FIRST, "321"), (_MONTH_FIRST, "312"), (_YEAR_MONTH_DAY, "123")):
        groups = bare.str.extract_groups(pattern).struct.unnest()
        words = groups[groups.columns[int(places[1]) - 1]]
        numbers = {word: month_number(word) for word in words.drop_nulls().unique()}
        month = words.replace_strict(numbers, default=None, return_dtype=pl.Int64).cast(pl.String)
        attempts.append(
            _joined(groups[groups.columns[int(places[0]) - 1]], month, groups[groups.columns[int(places[2]) - 1]])
        )
    frame = pl.DataFrame({str(number): dates for number, dates in enumerate(attempts)})
    dates = frame.select(pl.coalesce(pl.all()).alias(text.name)).to_series()
    if dates.null_count() == len(dates):
        sample = next((value for value in text if value), "")
        if re.search(r"\d:\d\d\b.*\s[A-Z]{2,5}$", sample):
            raise TimeError(
                f"{source}: the abbreviation in {sample!r} does not determine a time zone",
                hint="remove the abbreviation from the file and give zone (--zone)",
            )
        if (period := period_remedy(sample, named=part_of_date(text.name))) is not None:
            raise TimeError(f"{source}: {period[0]}", hint=period[1])
        raise NoDatesError(
            f"{source} has no readable dates, for example {sample!r}",
            hint="name the date column with columns (--column date=...)",
        )
    return dates, "dates with month names"


def _dates_of(parts: pl.Series, places: tuple[str, str, str]) -> pl.Series:
    year, month, day = (parts.struct.field(place) for place in places)
    return _joined(year, month, day)


def _joined(year: pl.Series, month: pl.Series, day: pl.Series) -> pl.Series:
    """Join year, month and day texts into dates.

    A two-digit year is at most next year, and 2567 is the Buddhist year of 2024.
    """
    latest = datetime.now(UTC).year + 1
    frame = pl.DataFrame({"y": year, "m": month, "d": day})
    short = pl.col("y").cast(pl.Int32, strict=False)
    century = pl.when(short + 2000 <= latest).then(short + 2000).otherwise(short + 1900)
    common = pl.when(short.is_between(*_BUDDHIST)).then(short - _BUDDHIST_ZERO).otherwise(short)
    full = pl.when(pl.col("y").str.len_chars() <= 2).then(century).otherwise(common).cast(pl.String)
    text = pl.format("{}-{}-{}", full.str.zfill(4), pl.col("m").str.zfill(2), pl.col("d").str.zfill(2))
    return frame.select(text.str.to_date("%Y-%m-%d", strict=False)).to_series()


def places_of_parts(labels: Sequence[str]) -> tuple[int, int, int] | None:
    """Return the positions of the columns of year, month and day, if each occurs once; else None."""
    parts = [part_of_date(label) for label in labels]
    if any(parts.count(part) != 1 for part in PARTS):
        return None
    year, month, day = (parts.index(part) for part in PARTS)
    return year, month, day


def is_part_of_dates(column: pl.Series) -> bool:
    """Whether a column of a table with dates repeats a part of them: its name says so, and all its numbers fit.

    >>> is_part_of_dates(pl.Series("Year", [2023, 2024])), is_part_of_dates(pl.Series("WK", [71.5, 72.25]))
    (True, False)
    """
    part = part_of_date(column.name)
    if part is None or not (column.dtype.is_numeric() or column.dtype == pl.String):
        return False
    numbers = column.cast(pl.Float64, strict=False).drop_nulls().drop_nans()
    least, most = _RANGES[part]
    return len(numbers) > 0 and bool(((numbers % 1 == 0) & numbers.is_between(least, most)).all())


def joined_day(year: str | None, month: str | None, day: str | None) -> str | None:
    """Return ``2024-01-05`` or ``2024-Jan-05``, or None if one of the three parts is empty.

    >>> joined_day("2024", "1", "5.0")
    '2024-01-05'
    """
    parts = [re.sub(r"\.0+$", "", (part or "").strip()) for part in (year, month, day)]
    return "-".join(part.zfill(2) for part in parts) if all(parts) else None


def joined_days(year: pl.Series, month: pl.Series, day: pl.Series) -> pl.Series:
    """Join three columns of any type into one text column, row by row as ``joined_day``."""
    columns = zip(PARTS, (year, month, day), strict=True)
    frame = pl.DataFrame([column.cast(pl.String).alias(name) for name, column in columns])
    once = frame.unique()
    days = pl.Series(JOINED, [joined_day(*row) for row in once.rows()], dtype=pl.String)
    return frame.join(once.with_columns(days), on=PARTS, how="left", nulls_equal=True, maintain_order="left")[JOINED]


def with_joined_days(table: pl.DataFrame) -> pl.DataFrame:
    """Join the columns of year, month and day of a frame into a date column; return other frames unchanged."""
    places = places_of_parts(table.columns)
    if places is None or any(name.strip().lower() == JOINED for name in table.columns):
        return table
    year, month, day = (table.columns[place] for place in places)
    days = joined_days(table[year], table[month], table[day])
    return table.with_columns(days.alias(year)).rename({year: JOINED}).drop(month, day)
