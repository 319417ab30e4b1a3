"""Parse a date column of any form as labels of days, instants or local times, without guessing.

``28/05/2025`` has one reading only; a column in which every date has two is refused as ambiguous. Instants (with a
zone, or seconds since 1970) are kept apart from labels, since the date of an instant depends on the time zone:
``2000-12-31T19:00:00Z`` is 1 January in Karachi.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, date

import polars as pl

from correlator.base.iso_dates import iso_date
from correlator.base.numerals import in_plain_signs
from correlator.errors import InputError, TimeError
from correlator.market.written.dates import ORDERS, in_common_years, read_dates
from correlator.market.written.day_numbers import DAY_NUMBER, day_numbers
from correlator.sessions.exchanges import zone_named

_INSTANT = pl.Datetime("us", "UTC")
_SHORT_YEARS = 999
_ISO_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"
ZONE_BEHIND = r"(Z|[+-]\d{2}:?\d{2})\[[A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)*\]$"
# ISO 8601's basic format with a zone, and offsets of whole hours (PostgreSQL), in its extended format.
_EXTENDED = (
    (r"^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(Z|[+-]\d\d(?::?\d\d)?)$", "${1}-${2}-${3}T${4}:${5}${6}"),
    (r"^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d(?:\.\d+)?)(Z|[+-]\d\d(?::?\d\d)?)$", "${1}-${2}-${3}T${4}:${5}:${6}${7}"),
    (r"(\d\d:\d\d(?::\d\d(?:\.\d+)?)?[+-]\d\d)$", "${1}:00"),
)
_TO_EXTEND = "|".join(pattern for pattern, _ in _EXTENDED)
# What yfinance writes: 2025-05-28 00:00:00+05:00 is the label 2025-05-28, whichever zone's midnight it is.
_MIDNIGHT_THERE = r"^\d{4}-\d{2}-\d{2}[T ]00:00(:00(\.0+)?)?(Z|[+-]\d{2}:?\d{2})$"
_CLOCK = (
    r"^(?<day>.*?\d)[ T,]+(?<clock>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(?<half>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}:?\d{2})?(?:\s*\([^)]*\))?$"
)
# Interactive Brokers: 20240102 09:30:00 US/Eastern
_ZONE_NAMED = r"^(.*\d)\s+([A-Z][A-Za-z]+/[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)?)$"
_COMPACT = r"^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])[ T]?([01]\d|2[0-3])[0-5]\d([0-5]\d)?$"
_MICROSOFT = r"^/Date\((\d+)(?:[+-]\d{4})?\)/$"
_WRITTEN_AS_FLOAT = r"^\d{8,19}\.0+$"
_EPOCHS = (
    (r"^\d{9,10}$", "s", "seconds"),
    (r"^\d{12,13}$", "ms", "ms"),
    (r"^\d{15,16}$", "us", "us"),
    (r"^\d{18,19}$", "ns", "ns"),
)


@dataclass(frozen=True)
class Stamps:
    """The timestamps of a source.

    ``values``: Date for labels, Datetime for local times, Datetime UTC for instants; null if a row's date cannot be
    read. ``form``: how they are written.
    """

    values: pl.Series
    form: str

    @property
    def kind(self) -> str:
        if self.values.dtype == pl.Date:
            return "label"
        return "instant" if isinstance(self.values.dtype, pl.Datetime) and self.values.dtype.time_zone else "local"


def read_stamps(
    column: pl.Series, *, date_order: str | None = None, usual_order: str | None = None, source: str = "the file"
) -> Stamps:
    """Read a date column of any type.

    ``date_order``: the order that the caller states; ``usual_order``: the one that the layout always uses, which
    decides if the dates do not. Raise TimeError if all dates are ambiguous, if none can be read, and if a date
    contradicts the order.
    """
    for order in (date_order, usual_order):
        if order is not None and order not in ORDERS:
            raise InputError(f"date_order must be one of {', '.join(ORDERS)}, got {order!r}", argument="date_order")
    if column.dtype == pl.Date:
        return Stamps(column, "dates")
    if isinstance(column.dtype, pl.Datetime):
        return _typed_times(column)
    if column.dtype.is_integer() or column.dtype.is_float():
        whole = column.dtype.is_integer() or (column.drop_nulls() % 1 == 0).all()
        column = (column.cast(pl.Int64, strict=False) if whole else column).cast(pl.String)
    if column.dtype != pl.String:
        raise TimeError(
            f"{source}: column {column.name!r} has type {column.dtype}, not dates", hint="name the date column"
        )
    stamps = _text(column.str.strip_chars(), date_order, usual_order, source)
    values = _in_calendar(stamps.values)
    if values.null_count() == len(values) > stamps.values.null_count():
        raise TimeError(f"{source}: column {column.name!r} has years outside 1 to 9999", hint="name the date column")
    return replace(stamps, values=values)


def _in_calendar(values: pl.Series) -> pl.Series:
    """Set years outside 1 to 9999 to null, which polars reads (``-025-05-28``) and Python does not support."""
    known = values.dt.year().is_between(MINYEAR, MAXYEAR)
    return values if known.all() else values.to_frame().select(pl.when(known).then(pl.first())).to_series()


def _typed_times(column: pl.Series) -> Stamps:
    if column.dtype.time_zone is not None:  # type: ignore[attr-defined]
        if _are_midnights(column):
            return Stamps(column.dt.date(), "midnights of a zone")
        return Stamps(column.dt.convert_time_zone("UTC").cast(_INSTANT), "instants")
    return _labels_if_midnight(column.cast(pl.Datetime("us")), "times")


def _text(text: pl.Series, date_order: str | None, usual_order: str | None, source: str) -> Stamps:
    text = in_common_years(text)
    if _most(text.drop_nulls(), _ZONE_NAMED):
        return _by_named_zone(text, date_order, usual_order, source)
    plain = text.str.to_date("%Y-%m-%d", strict=False)
    # polars reads 11-03-24 as a day of the year 11
    if plain.null_count() == text.null_count() < len(text) and (plain.dt.year() > _SHORT_YEARS).all():
        return Stamps(plain, "YYYY-MM-DD")
    text = in_plain_form(text)
    known = text.drop_nulls()
    if known.is_empty():
        raise TimeError(f"{source}: column {text.name!r} contains no dates", hint="name the date column")
    if _most(known, _ISO_TIME):
        return _iso_times(text)
    if _most(known, _MICROSOFT):
        return Stamps(_since_1970(text.str.extract(_MICROSOFT, 1), "ms"), "ms since 1970")
    if _most(known, r"^\d{8}$"):
        return Stamps(text.str.to_date("%Y%m%d", strict=False), "YYYYMMDD")
    if _most(known, _COMPACT):
        return _compact_times(text)
    if _most(known, _WRITTEN_AS_FLOAT):
        return _text(text.str.replace(r"\.0+$", ""), date_order, usual_order, source)
    for pattern, unit, name in _EPOCHS:
        if _most(known, pattern):
            return Stamps(_since_1970(text, unit), f"{name} since 1970")
    if _most(known, DAY_NUMBER):
        return Stamps(day_numbers(text, source), "day numbers of a workbook")
    if _most(known, _CLOCK):
        return _dates_with_clocks(text, date_order, usual_order, source)
    dates, form = read_dates(text, date_order, usual_order, source)
    return Stamps(dates, form)


def _by_named_zone(text: pl.Series, date_order: str | None, usual_order: str | None, source: str) -> Stamps:
    """Parse local times followed by an IANA zone name as instants; ambiguous and nonexistent times become null."""
    parts = text.str.extract_groups(_ZONE_NAMED).struct
    zones = parts.field("2").drop_nulls().unique().to_list()
    if len(zones) > 1:
        raise TimeError(f"{source} has times in several zones: {zones[0]} and {zones[1]}", hint="split the file")
    stamps = _text(parts.field("1").alias(text.name), date_order, usual_order, source)
    if stamps.kind != "local":
        return stamps
    local = stamps.values.dt.replace_time_zone(zone_named(zones[0]), ambiguous="null", non_existent="null")
    return Stamps(local.dt.convert_time_zone("UTC").cast(_INSTANT), stamps.form)


def in_plain_form(text: pl.Series) -> pl.Series:
    """Normalise dates and times: ASCII digits, no leading apostrophe of a spreadsheet, no RFC 9557 zone name.

    RFC 9557 puts the zone name behind an offset (``09:30-04:00[America/New_York]``). ISO 8601's basic format with a
    zone (``20250605T160500Z``) and offsets of whole hours (``16:05:00+05``) become the extended format.
    """
    plain = in_common_years(in_plain_signs(text)).str.replace(ZONE_BEHIND, "${1}").str.replace(r"^['’](\d)", "${1}")
    if plain.str.contains(_TO_EXTEND).any():  # most columns need none of the replacements, which take ten times as long
        for pattern, extended in _EXTENDED:
            plain = plain.str.replace(pattern, extended)
    return plain


def _most(text: pl.Series, pattern: str) -> bool:
    """Whether more than half of the values match."""
    matched = text.str.contains(pattern).sum()
    return int(matched) * 2 > len(text)


def _since_1970(text: pl.Series, unit: str) -> pl.Series:
    count = text.cast(pl.Int64, strict=False)
    factor = {"s": 1_000_000, "ms": 1_000, "us": 1}.get(unit)
    micros = count // 1000 if factor is None else count * factor
    return micros.cast(pl.Datetime("us", "UTC")).cast(_INSTANT)


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


def _compact_times(text: pl.Series) -> Stamps:
    """Parse ``20170901153000`` and ``20170901 1530``."""
    digits = text.str.replace_all(r"[ T]", "")
    full = pl.DataFrame({"t": digits}).select(
        pl.when(pl.col("t").str.len_chars() == 12).then(pl.col("t") + "00").otherwise(pl.col("t"))
    )
    return _labels_if_midnight(full.to_series().str.to_datetime("%Y%m%d%H%M%S", time_unit="us", strict=False), "times")


def hour_of_day(hour: pl.Expr, half: pl.Expr) -> pl.Expr:
    """Return the hour from 0 to 23 of ``hour`` in the ``half`` of the day: a, p, or null for a 24-hour clock."""
    return pl.when(half.is_null()).then(hour).otherwise(hour % 12 + 12 * (half == "p").cast(pl.Int64))


def _dates_with_clocks(text: pl.Series, date_order: str | None, usual_order: str | None, source: str) -> Stamps:
    """Parse dates of any form with a time of day: ``9/1/2017 4:00 PM``, ``Fri Sep 01 2017 00:00:00 GMT-0400``."""
    parts = text.str.extract_groups(_CLOCK).struct
    day, clock, half, zone = (parts.field(name) for name in ("day", "clock", "half", "zone"))
    whole = pl.DataFrame({"t": text, "d": day}).select(pl.coalesce("d", "t")).to_series().alias(text.name)
    dates, form = read_dates(whole, date_order, usual_order, source)
    frame = pl.DataFrame({"date": dates, "clock": clock, "half": half.str.slice(0, 1).str.to_lowercase(), "zone": zone})
    split = pl.col("clock").str.split(":")
    hour = split.list.get(0, null_on_oob=True).cast(pl.Int64, strict=False)
    hour = hour_of_day(hour, pl.col("half"))
    minute = split.list.get(1, null_on_oob=True).cast(pl.Int64, strict=False)
    second = split.list.get(2, null_on_oob=True).cast(pl.Float64, strict=False).fill_null(0.0)
    micros = ((hour * 60 + minute) * 60_000_000) + (second * 1e6).cast(pl.Int64)
    local = pl.col("date").cast(pl.Datetime("us")) + pl.duration(microseconds=micros.fill_null(0).cast(pl.Int64))
    times = frame.select(local.alias("t")).to_series()
    if zone.null_count() == len(zone) or _are_midnights(times):
        return _labels_if_midnight(times, form)
    offset = pl.col("zone").str.replace(r"^(UTC|GMT)", "").str.replace(r"^Z$", "").str.replace(":", "", literal=True)
    minutes = offset.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + offset.str.slice(3, 2).cast(
        pl.Int64, strict=False
    )
    signed = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes).fill_null(0).cast(pl.Int64)
    instants = frame.with_columns(times).select((pl.col("t") - pl.duration(minutes=signed)).alias("t")).to_series()
    return Stamps(instants.dt.replace_time_zone("UTC").cast(_INSTANT), form)


def _labels_if_midnight(times: pl.Series, form: str) -> Stamps:
    """Return local times as labels if all are midnights."""
    return Stamps(times.dt.date(), form) if _are_midnights(times) else Stamps(times, form)


def _are_midnights(times: pl.Series) -> bool:
    """Whether all times of a column are midnights in its own time zone."""
    return bool((times.dt.time() == pl.Series([0]).cast(pl.Time)[0]).drop_nulls().all())


def one_date(text: str) -> date:
    """Parse a date of the form YYYY-MM-DD; raise TimeError for anything else."""
    try:
        return iso_date(text)
    except ValueError:
        raise TimeError(f"{text!r} is not a date", hint="write YYYY-MM-DD") from None
