"""Parse columns of printed times: common layouts and epochs vectorised, all others with ``parse_time``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, timezone

import polars as pl

from correlator.errors import TimeError
from correlator.news.profiles import Profile
from correlator.news.times.timestamps import DAYLIGHT, abbreviations_in, zone_of

# Pattern of a printed time with its zone (if any), strptime layout of the part before the zone, precision and form.
_ZONE = r"(?: ?(?P<zone>Z|[+-]\d\d:?\d\d|[A-Z]{2,4}))?$"
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
_EPOCH = r"^(\d{9,10}|\d{13}|\d{16}|\d{19})(?:\.\d{1,9})?$"
_UNITS = {9: "s", 10: "s", 13: "ms", 16: "us", 19: "ns"}  # of an epoch, by its number of digits
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
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
    stamps = (*(_stamps(column, profile, origin, each) for each in _LAYOUTS), _epochs(column, profile, origin))
    fields = pl.select(column, pl.coalesce(stamps).alias("stamp")).unnest("stamp")
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
    zone = profile.table_zone or profile.zone
    known = {**abbreviations_in(zone), **profile.abbreviations}
    offsets = {each: offset for each in parts["zone"].unique() if (offset := _offset(each, known)) is not None}
    written = pl.col("naive").str.replace("T", " ", literal=True)
    parts = parts.with_columns(
        pl.col("zone").replace_strict(offsets, default=None, return_dtype=pl.Duration("us")).alias("ahead"),
        written.str.to_datetime(form, time_unit="us", strict=False).alias("naive"),
    )
    naive, ahead, is_printed = pl.col("naive"), pl.col("ahead"), pl.col("zone").is_not_null()
    midnight = (naive.dt.time() == time()) & (pl.col("fraction").fill_null("").str.strip_chars(".0") == "")
    clock = (naive - ahead).dt.replace_time_zone("UTC")
    rule = pl.format(f"{origin}: {name}, zone {{}} as printed", "zone")
    usual = ahead.is_not_null()
    if zone and not profile.layouts and (profile.own_clock or profile.table_zone):
        local = naive.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")
        clock = pl.when(is_printed).then(clock).otherwise(local)
        rule = rule.fill_null(f"{origin}: {name}, zone {zone}, which is not printed")
        usual |= ~is_printed
    for name in DAYLIGHT.keys() & offsets.keys():  # outside summer: left to ``parse_time``, which refuses it
        summer = naive.dt.replace_time_zone(DAYLIGHT[name], ambiguous="earliest", non_existent="null")
        usual &= (pl.col("zone") != name).fill_null(value=True) | (summer.dt.convert_time_zone("UTC") == clock)
    named = pl.col("weekday").replace_strict(_WEEKDAYS, default=None, return_dtype=pl.Int8())
    return _within(
        parts.select(
            pl.when(midnight).then(naive.dt.replace_time_zone("UTC")).otherwise(clock).alias("instant"),
            pl.when(midnight).then(pl.lit("day")).otherwise(pl.lit(precision)).alias("precision"),
            pl.when(midnight)
            .then(pl.lit(f"{origin}: midnight is read as a date only, {name}"))
            .otherwise(rule)
            .alias("rule"),
            in_utc=ahead == timedelta(0),
            usual=usual & (pl.col("weekday").is_null() | (named == naive.dt.weekday())),
        ),
        profile,
    )


def _epochs(texts: pl.Series, profile: Profile, origin: str) -> pl.Series:
    """Return structs like ``_stamps`` for epochs."""
    number = texts.str.extract(_EPOCH).alias("number")
    unit = number.str.len_chars().replace_strict(_UNITS, default=None, return_dtype=pl.String).alias("unit")
    parts = pl.DataFrame([number.cast(pl.Int64, strict=False), unit]).with_columns(
        pl.col("unit").replace_strict(_PER_SECOND, default=None, return_dtype=pl.Int64).alias("each")
    )
    seconds = pl.col("number") // pl.col("each")
    midnight = pl.col("number") % (86_400 * pl.col("each")) == 0
    return _within(
        parts.select(
            (seconds * 10**6).cast(pl.Datetime("us", "UTC")).alias("instant"),
            pl.when(midnight).then(pl.lit("day")).otherwise(pl.lit("second")).alias("precision"),
            pl.when(midnight)
            .then(pl.format(f"{origin}: midnight is read as a date only, epoch in {{}}", "unit"))
            .otherwise(pl.format(f"{origin}: epoch in {{}}", "unit"))
            .alias("rule"),
            in_utc=pl.lit(value=True),
            usual=seconds.is_not_null(),
        ),
        profile,
    )


def _within(stamps: pl.DataFrame, profile: Profile) -> pl.Series:
    """Return structs of instant, precision and rule of ``usual`` stamps that need no further check, else null."""
    instant = pl.col("instant")
    usual = pl.col("usual") & (instant >= datetime.combine(profile.earliest, time(), UTC))
    usual &= instant <= datetime.now(UTC)
    if profile.zone:
        local = instant.dt.convert_time_zone(profile.zone).dt.time()
        usual &= (pl.col("precision") == "day") | (local != time()) | ~pl.col("in_utc")
    return stamps.select(pl.when(usual).then(pl.struct("instant", "precision", "rule"))).to_series()


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
