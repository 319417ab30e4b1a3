"""Whole columns of printed times: common layouts with a stated zone at once, every other as ``parse_time`` reads it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from correlator.errors import TimeError
from correlator.news.profiles import Profile
from correlator.news.timestamps import ABBREVIATIONS, GENERAL_LAYOUTS, parse_time

_ISO = r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$"
_WIRE = r"^(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2} \d{1,2}, \d{4}) (\d{1,2}:\d\d)([ap]m) ([A-Z]{2,4})$"
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
    frame = pl.DataFrame({"text": texts.cast(pl.String).str.strip_chars()})
    fast = frame.with_columns(_iso(origin), _wire(known, origin)).with_columns(
        pl.coalesce("iso", "wire").alias("fast"),
    )
    fields = fast.select(
        "text",
        instant=pl.col("fast").struct.field("instant"),
        precision=pl.col("fast").struct.field("precision"),
        rule=pl.col("fast").struct.field("rule"),
    )
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


def _iso(origin: str) -> pl.Expr:
    """ISO 8601 with an offset, as a struct of instant, precision and rule; null where the text is not that."""
    parts = [pl.col("text").str.extract(_ISO, group) for group in (1, 2, 3)]
    zone = parts[2]
    instant = (
        parts[0] + " " + parts[1] + zone.str.replace("Z", "+0000", literal=True).str.replace(":", "", literal=True)
    ).str.to_datetime("%Y-%m-%d %H:%M:%S%z", time_unit="us", strict=False)
    rule = pl.format(f"{origin}: layout %Y-%m-%d %H:%M:%S, zone {{}} as printed", zone)
    return _struct(instant.dt.convert_time_zone("UTC"), "second", rule).alias("iso")


def _wire(known: Mapping[str, str], origin: str) -> pl.Expr:
    """``Fri Oct 20, 2006 6:15pm EDT``, as a struct; null where the text is not that or the zone is not known."""
    day, clock, half, zone = (pl.col("text").str.extract(_WIRE, group) for group in (1, 2, 3, 4))
    offset = zone.replace_strict({name: text.replace(":", "") for name, text in known.items()}, default=None)
    padded = pl.when(clock.str.len_chars() == 4).then("0" + clock).otherwise(clock)
    instant = (day + " " + padded + half.str.to_uppercase() + offset).str.to_datetime(
        "%b %d, %Y %I:%M%p%z", time_unit="us", strict=False
    )
    rule = pl.format(f"{origin}: layout %b %d, %Y %I:%M%p, zone {{}} as printed", zone)
    return _struct(instant.dt.convert_time_zone("UTC"), "minute", rule).alias("wire")


def _struct(instant: pl.Expr, precision: str, rule: pl.Expr) -> pl.Expr:
    fields = pl.struct(instant.alias("instant"), pl.lit(precision).alias("precision"), rule.alias("rule"))
    return pl.when(instant.is_not_null()).then(fields)


def _read(text: str, profile: Profile, origin: str) -> tuple[object, object, object, object]:
    layouts = (*profile.layouts, *GENERAL_LAYOUTS)
    try:
        stamp = parse_time(text, zone=profile.zone, layouts=layouts, abbreviations=profile.abbreviations, origin=origin)
    except TimeError as error:
        return None, None, None, str(error)
    return stamp.instant, stamp.precision, stamp.rule, None
