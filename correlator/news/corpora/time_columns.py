"""Parse columns of printed times: common layouts with a zone vectorised, all others with ``parse_time``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, timezone

import polars as pl

from correlator.errors import TimeError
from correlator.news.profiles import Profile
from correlator.news.times.timestamps import abbreviations_in, zone_of

# Pattern of a printed time with its zone, strptime layout of the part before the zone, precision and form.
_ZONE = r" ?(?P<zone>Z|[+-]\d\d:?\d\d|[A-Z]{2,4})$"
_LAYOUTS = (
    (
        rf"^(?P<weekday>\.)?(?P<naive>\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:[0-5]\d)(?P<fraction>\.\d{{1,9}})?{_ZONE}",
        "%Y-%m-%d %H:%M:%S",
        "second",
        "ISO date",
    ),
    (
        rf"^(?P<weekday>\.)?(?P<naive>\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d)(?P<fraction>\.)?{_ZONE}",
        "%Y-%m-%d %H:%M",
        "minute",
        "ISO date",
    ),
    (
        r"^(?:(?P<weekday>[A-Z][a-z]{2}),? )?"
        rf"(?P<naive>[A-Z][a-z]{{2}} \d{{1,2}}, \d{{4}} \d{{1,2}}:\d\d[ap]m)(?P<fraction>\.)?{_ZONE}",
        "%b %d, %Y %I:%M%p",
        "minute",
        "month by name, day, year",
    ),
)
_WEEKDAYS = {"Mon": 1, "Tue": 2, "Wed": 3, "Thu": 4, "Fri": 5, "Sat": 6, "Sun": 7}
NO_TIME = "no publication time"
COLUMNS = {
    "instant": pl.Datetime("us", "UTC"),
    "precision": pl.String(),
    "rule": pl.String(),
    "problem": pl.String(),
}


def parse_times(texts: pl.Series, profile: Profile, origin: str) -> pl.DataFrame:
    """Return instant, precision and rule for a column of texts, and the problem where a text cannot be read."""
    if texts.null_count() == len(texts):
        none = (pl.lit(None, kind).alias(name) for name, kind in COLUMNS.items() if name != "problem")
        return pl.DataFrame({"problem": [NO_TIME] * len(texts)}).select(*none, "problem")
    column = texts.cast(pl.String).str.strip_chars().alias("text")
    stamps = pl.coalesce(_stamps(column, profile, origin, each) for each in _LAYOUTS).alias("stamp")
    fields = pl.select(column, stamps).unnest("stamp")
    slow = fields.filter(pl.col("instant").is_null() & pl.col("text").is_not_null()).select("text").unique()
    rows = [(text, *_read(text, profile, origin)) for text in slow["text"]]
    read = pl.DataFrame(rows, schema={"text": pl.String(), **COLUMNS}, orient="row")
    joined = fields.join(read, on="text", how="left", suffix="_slow", maintain_order="left")
    missing = pl.col("instant").is_null()
    return joined.select(
        pl.when(missing).then("instant_slow").otherwise("instant").alias("instant"),
        pl.when(missing).then("precision_slow").otherwise("precision").alias("precision"),
        pl.when(missing).then("rule_slow").otherwise("rule").alias("rule"),
        pl.when(pl.col("text").fill_null("") == "").then(pl.lit(NO_TIME)).otherwise("problem").alias("problem"),
    )


def _stamps(texts: pl.Series, profile: Profile, origin: str, layout: tuple[str, str, str, str]) -> pl.Series:
    """Return structs of instant, precision and rule; null where a text is left to ``parse_time``."""
    pattern, form, precision, name = layout
    parts = texts.str.extract_groups(pattern).struct.unnest()
    known = {**abbreviations_in(profile.zone), **profile.abbreviations}
    offsets = {zone: offset for zone in parts["zone"].unique() if (offset := _offset(zone, known)) is not None}
    written = pl.col("naive").str.replace("T", " ", literal=True)
    parts = parts.with_columns(
        pl.col("zone").replace_strict(offsets, default=None, return_dtype=pl.Duration("us")).alias("ahead"),
        written.str.to_datetime(form, time_unit="us", strict=False).alias("naive"),
    )
    naive, ahead = pl.col("naive"), pl.col("ahead")
    midnight = (naive.dt.time() == time()) & (pl.col("fraction").fill_null("").str.strip_chars(".0") == "")
    instant = pl.when(midnight).then(naive).otherwise(naive - ahead).dt.replace_time_zone("UTC").alias("instant")
    clock = pl.format(f"{origin}: {name}, zone {{}} as printed", "zone")
    day = pl.lit(f"{origin}: midnight is read as a date only, {name}")
    stamp = pl.struct(
        instant,
        pl.when(midnight).then(pl.lit("day")).otherwise(pl.lit(precision)).alias("precision"),
        pl.when(midnight).then(day).otherwise(clock).alias("rule"),
    )
    first = datetime.combine(profile.earliest, time(), UTC)
    usual = (instant >= first) & (instant <= datetime.now(UTC)) & ahead.is_not_null()
    named = pl.col("weekday").replace_strict(_WEEKDAYS, default=None, return_dtype=pl.Int8())
    usual &= pl.col("weekday").is_null() | (named == naive.dt.weekday())
    if profile.zone:
        local = instant.dt.convert_time_zone(profile.zone).dt.time()
        usual &= midnight | (local != time()) | (ahead != timedelta(0))
    return parts.select(pl.when(usual).then(stamp)).to_series()


def _offset(zone: str | None, known: Mapping[str, str]) -> timedelta | None:
    """Return the UTC offset of a printed zone; None if it is left to ``parse_time``."""
    try:
        meaning = zone_of(known.get(zone, zone)) if zone else None
    except TimeError:
        return None
    return meaning.utcoffset(None) if isinstance(meaning, timezone) else None


def _read(text: str, profile: Profile, origin: str) -> tuple[object, object, object, object]:
    try:
        stamp = profile.stamp(text, origin)
    except TimeError as error:
        return None, None, None, str(error)
    return stamp.instant, stamp.precision, stamp.rule, None
