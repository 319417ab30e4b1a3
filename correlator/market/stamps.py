"""What a date column says: labels of days, instants, or local times, in whatever layout; never a guess.

``28/05/2025`` can be read in one way only; a column in which every date could be read in two is refused with the
question which it is. Instants (with a zone, or seconds since 1970) are kept apart from labels, since the date of an
instant depends on the zone: ``2000-12-31T19:00:00Z`` is the first of January in Karachi.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from correlator.errors import InputError, TimeError

ORDERS = ("dmy", "mdy", "ymd")
_INSTANT = pl.Datetime("us", "UTC")
_NUMERIC = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})$"
_ISO_TIME = r"^\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"
# What yfinance writes: 2025-05-28 00:00:00+05:00 is the label 2025-05-28, whoever's midnight it is.
_MIDNIGHT_THERE = r"^\d{4}-\d{2}-\d{2}[T ]00:00(:00(\.0+)?)?(Z|[+-]\d{2}:?\d{2})$"
_NAMED = ("%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%y", "%b-%d-%Y", "%d/%b/%Y", "%Y-%b-%d")


@dataclass(frozen=True)
class Stamps:
    """What the dates of a source are.

    ``values``: Date for labels, Datetime for local times, Datetime UTC for instants;
    null where a row's date cannot be read. ``layout`` names how they are written.
    """

    values: pl.Series
    layout: str

    @property
    def kind(self) -> str:
        if self.values.dtype == pl.Date:
            return "label"
        return "instant" if isinstance(self.values.dtype, pl.Datetime) and self.values.dtype.time_zone else "local"


def read_stamps(column: pl.Series, *, date_order: str | None = None, source: str = "the file") -> Stamps:
    """Read a date column of any type. Raises TimeError where every date can be read in two ways, or none at all."""
    if date_order is not None and date_order not in ORDERS:
        raise InputError(f"date order {date_order!r} is not known", hint=f"choose {', '.join(ORDERS)}")
    if column.dtype == pl.Date:
        return Stamps(column, "dates")
    if isinstance(column.dtype, pl.Datetime):
        return _typed_times(column)
    if column.dtype.is_integer() or column.dtype.is_float():
        column = column.cast(pl.Int64, strict=False).cast(pl.String)
    if column.dtype != pl.String:
        raise TimeError(f"{source}: column {column.name} is {column.dtype}, not dates", hint="name the date column")
    return _text(column.str.strip_chars(), date_order, source)


def _typed_times(column: pl.Series) -> Stamps:
    if column.dtype.time_zone is not None:  # type: ignore[attr-defined]
        if _are_midnights(column):
            return Stamps(column.dt.date(), "midnights of a zone")
        return Stamps(column.dt.convert_time_zone("UTC").cast(_INSTANT), "instants")
    return _labels_if_midnight(column.cast(pl.Datetime("us")), "times")


def _text(text: pl.Series, date_order: str | None, source: str) -> Stamps:
    plain = text.str.to_date("%Y-%m-%d", strict=False)
    if plain.null_count() == text.null_count() and len(text) > text.null_count():
        return Stamps(plain, "YYYY-MM-DD")
    known = text.drop_nulls()
    if known.is_empty():
        raise TimeError(f"{source}: column {text.name} holds no dates", hint="name the date column")
    if _most(known, _ISO_TIME):
        return _iso_times(text)
    if _most(known, r"^\d{13}$"):
        return Stamps(text.cast(pl.Int64, strict=False).cast(pl.Datetime("ms", "UTC")).cast(_INSTANT), "ms since 1970")
    if _most(known, r"^\d{9,10}$"):
        seconds = text.cast(pl.Int64, strict=False) * 1000
        return Stamps(seconds.cast(pl.Datetime("ms", "UTC")).cast(_INSTANT), "seconds since 1970")
    if _most(known, r"^\d{8}$"):
        return Stamps(text.str.to_date("%Y%m%d", strict=False), "YYYYMMDD")
    if _most(known, r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}$"):
        return Stamps(text.str.replace_all(r"[/.]", "-").str.to_date("%Y-%m-%d", strict=False), "YYYY-MM-DD")
    if _most(known, _NUMERIC):
        return _numeric(text, known, date_order, source)
    return _named(text, source)


def _most(text: pl.Series, pattern: str) -> bool:
    """Whether more than half of the values match."""
    matched = text.str.contains(pattern).sum()
    return int(matched) * 2 > len(text)


def _iso_times(text: pl.Series) -> Stamps:
    zoned = text.str.contains(_ZONE)
    clean = text.str.replace("T", " ", literal=True)
    if text.str.contains(_MIDNIGHT_THERE).all():
        return Stamps(text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False), "midnights of a zone")
    if zoned.fill_null(False).any():
        instants = clean.str.replace(r"Z$", "+0000").str.replace(r"([+-]\d{2}):(\d{2})$", "${1}${2}")
        frame = pl.DataFrame({"t": instants})
        formats = ("%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%d %H:%M%z")
        read = [pl.col("t").str.to_datetime(layout, time_unit="us", strict=False) for layout in formats]
        return Stamps(
            frame.select(pl.coalesce(read).dt.convert_time_zone("UTC").alias("t")).to_series(), "ISO instants"
        )
    frame = pl.DataFrame({"t": clean})
    formats = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
    read = [pl.col("t").str.to_datetime(layout, time_unit="us", strict=False) for layout in formats]
    return _labels_if_midnight(frame.select(pl.coalesce(read).alias("t")).to_series(), "ISO times")


def _labels_if_midnight(times: pl.Series, layout: str) -> Stamps:
    """Local times that are all midnight are labels."""
    return Stamps(times.dt.date(), layout) if _are_midnights(times) else Stamps(times, layout)


def _are_midnights(times: pl.Series) -> bool:
    """Whether the clocks of the column's own zone show midnight at each of its times."""
    return bool((times.dt.time() == pl.Series([0]).cast(pl.Time)[0]).drop_nulls().all())


def _numeric(text: pl.Series, known: pl.Series, date_order: str | None, source: str) -> Stamps:
    """Day, month and year as numbers: the order is the caller's, else the one that some date proves."""
    parts = known.str.extract_groups(_NUMERIC)
    first, second = (parts.struct.field(name).cast(pl.Int32, strict=False) for name in ("1", "2"))
    day_first, month_first = bool((first > 12).any()), bool((second > 12).any())
    if date_order is None:
        if day_first and month_first:
            raise TimeError(
                f"{source}: some dates of column {text.name} put the day first and some the month",
                hint="say date_order (--date-order dmy or mdy); rows that do not fit are then rejected",
            )
        if not day_first and not month_first:
            raise TimeError(
                f"{source}: {known[0]} could be day-month or month-day, and so could every other date",
                hint="which is it? say date_order (--date-order dmy or mdy)",
            )
    order = date_order or ("dmy" if day_first else "mdy")
    dashed = text.str.replace_all(r"[/.]", "-")
    if order == "ymd":
        return Stamps(dashed.str.to_date("%y-%m-%d", strict=False), "ymd")
    frame = pl.DataFrame({"t": dashed})
    lead = "%d-%m" if order == "dmy" else "%m-%d"
    four = pl.col("t").str.contains(r"-\d{4}$")
    long = pl.when(four).then(pl.col("t")).str.to_date(f"{lead}-%Y", strict=False)
    short = pl.when(~four).then(pl.col("t")).str.to_date(f"{lead}-%y", strict=False)
    return Stamps(frame.select(pl.coalesce(long, short).alias("t")).to_series(), order)


def _named(text: pl.Series, source: str) -> Stamps:
    frame = pl.DataFrame({"t": text.str.replace(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? ", "")})
    long = pl.col("t").str.contains(r"\d{4}")
    read = [pl.when(long == ("%Y" in layout)).then(pl.col("t")).str.to_date(layout, strict=False) for layout in _NAMED]
    dates = frame.select(pl.coalesce(read).alias("t")).to_series()
    if dates.null_count() == len(dates):
        sample = next((value for value in text if value), "")
        raise TimeError(
            f"{source}: column {text.name} holds no dates that can be read, for example {sample!r}",
            hint="name the date column with columns (--column date=...)",
        )
    return Stamps(dates, "dates with month names")


def one_date(text: str) -> date:
    """A date that a person typed as YYYY-MM-DD; raises TimeError for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise TimeError(f"{text!r} is no date", hint="write YYYY-MM-DD") from None
