"""Whole columns of printed times: common layouts with a stated zone at once, every other as ``parse_time`` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, timedelta

import polars as pl

from correlator.errors import TimeError
from correlator.news.profiles import Profile
from correlator.news.timestamps import ABBREVIATIONS, GENERAL_LAYOUTS, parse_offset, parse_time

# A printed time with its zone, the strptime layout of what stands before the zone, and the precision.
_LAYOUTS = (
    (
        r"^(?P<naive>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:[0-5]\d)(?:\.\d{1,9})?(?P<zone>Z|[+-]\d\d:?\d\d)$",
        "%Y-%m-%d %H:%M:%S",
        "second",
    ),
    (
        r"^(?:[A-Z][a-z]{2} )?(?P<naive>[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d[ap]m) (?P<zone>[A-Z]{2,4})$",
        "%b %d, %Y %I:%M%p",
        "minute",
    ),
)
NO_TIME = "no publication time"
COLUMNS = {
    "instant": pl.Datetime("us", "UTC"),
    "precision": pl.String(),
    "rule": pl.String(),
    "problem": pl.String(),
}


def parse_times(texts: pl.Series, profile: Profile, origin: str) -> pl.DataFrame:
    """Stamps of a column of texts: instant, precision, rule, and the problem where a text could not be read."""
    if texts.null_count() == len(texts):
        none = (pl.lit(None, kind).alias(name) for name, kind in COLUMNS.items() if name != "problem")
        return pl.DataFrame({"problem": [NO_TIME] * len(texts)}).select(*none, "problem")
    known = {**ABBREVIATIONS, **profile.abbreviations}
    column = texts.cast(pl.String).str.strip_chars().alias("text")
    stamps = pl.coalesce(_stamps(column, known, origin, *each) for each in _LAYOUTS).alias("stamp")
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


def _stamps(
    texts: pl.Series, known: Mapping[str, str], origin: str, pattern: str, layout: str, precision: str
) -> pl.Series:
    """Structs of instant, precision and rule; null where a text is not as the pattern says or its zone is unknown."""
    parts = texts.str.extract_groups(pattern).struct.unnest()
    offsets = {zone: offset for zone in parts["zone"].unique() if (offset := _offset(zone, known)) is not None}
    naive = pl.col("naive").str.replace("T", " ", literal=True).str.to_datetime(layout, time_unit="us", strict=False)
    ahead = pl.col("zone").replace_strict(offsets, default=None, return_dtype=pl.Duration("us"))
    instant = (naive - ahead).dt.replace_time_zone("UTC").alias("instant")
    rule = pl.format(f"{origin}: layout {layout}, zone {{}} as printed", "zone").alias("rule")
    stamp = pl.struct(instant, pl.lit(precision).alias("precision"), rule)
    return parts.select(pl.when(instant.dt.year().is_between(MINYEAR, MAXYEAR)).then(stamp)).to_series()


def _offset(zone: str | None, known: Mapping[str, str]) -> timedelta | None:
    """What a printed zone is ahead of UTC; None where it is left to ``parse_time`` to say what is wrong with it."""
    try:
        return parse_offset(known.get(zone, zone)).utcoffset(None) if zone else None
    except TimeError:
        return None


def _read(text: str, profile: Profile, origin: str) -> tuple[object, object, object, object]:
    layouts = (*profile.layouts, *GENERAL_LAYOUTS)
    try:
        stamp = parse_time(text, zone=profile.zone, layouts=layouts, abbreviations=profile.abbreviations, origin=origin)
    except TimeError as error:
        return None, None, None, str(error)
    return stamp.instant, stamp.precision, stamp.rule, None
