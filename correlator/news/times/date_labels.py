"""Recognise dates that a source states as midnight in a zone of its own, converted to UTC.

A database of dates in Shanghai gives 16:00 UTC of the day before for every article, and Google News 07:00 or 08:00 UTC
for each article of which it knows only the date. Read as times of publication, they are up to a day too early. One such
time may be real; if most times of a publisher, or of a source, are midnight in one zone, they are dates.
"""

from __future__ import annotations

from datetime import time

import polars as pl

# Zones with different offsets or changes of the clock, most common first.
_ZONES = (
    "America/Los_Angeles", "America/New_York", "America/Chicago", "America/Sao_Paulo", "Europe/London", "Europe/Berlin",
    "Europe/Helsinki", "Europe/Istanbul", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Jakarta",
    "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip
# Hosts of services that do so for single articles.
_SERVICES = {"news.google.com": "America/Los_Angeles"}
FEWEST_DATES = 4
SHARE, SHARE_OF_SHARP = 0.5, 0.9


def read_as_dates(rows: pl.DataFrame, publisher: str = "publisher") -> pl.DataFrame:
    """Return the rows with midnights of a zone as dates: instant midnight UTC of the local date, precision ``day``.

    ``rows``: instant, precision and rule of publication, url, and a column ``publisher``. Times are
    dates if they are midnight in one zone for half of a publisher's times and on four dates or more, and for nearly all
    of its times on the full or half hour; the same is then asked of all rows together.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> times = [datetime(2025, 3, day, 16, tzinfo=UTC) for day in range(3, 9)]
    >>> rows = pl.DataFrame({"instant": times}).with_columns(
    ...     precision=pl.lit("second"), rule=pl.lit("column"), publisher=pl.lit("bank"), url=pl.lit(None, pl.String)
    ... )
    >>> read_as_dates(rows)["instant"][0].isoformat(), read_as_dates(rows)["precision"][0]
    ('2025-03-04T00:00:00+00:00', 'day')
    """
    clocked = rows.select(
        "instant",
        "precision",
        host=pl.col("url").str.extract(r"^https?://([^/?#]+)"),
        publisher=publisher,
        row=pl.int_range(pl.len()),
    ).filter(pl.col("precision").is_in(["second", "minute"]), pl.col("instant").is_not_null())
    sharp = clocked.filter(
        pl.col("instant").dt.minute().is_in([0, 30]), pl.col("instant").dt.time().cast(pl.Int64) % 60_000_000_000 == 0
    )
    if sharp.is_empty():
        return rows
    midnights = _midnights(sharp)
    services = midnights.filter(pl.col("host").replace_strict(_SERVICES, default=None) == pl.col("zone"))
    by_publisher = _usual(midnights, clocked, sharp, "publisher")
    overall = _usual(midnights, clocked, sharp, None)
    found = pl.concat([each.select("row", "zone", "label") for each in (services, by_publisher, overall)])
    return _labelled(rows, found.unique("row", keep="first"))


def _midnights(sharp: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that are midnight in a zone, once for each such zone, with the local date."""
    parts = [
        sharp.with_columns(
            zone=pl.lit(zone), label=pl.col("instant").dt.convert_time_zone(zone).dt.replace_time_zone(None)
        )
        for zone in _ZONES
    ]
    return pl.concat(parts).filter(pl.col("label").dt.time() == time())


def _usual(midnights: pl.DataFrame, clocked: pl.DataFrame, sharp: pl.DataFrame, by: str | None) -> pl.DataFrame:
    """Return the midnights of groups (None: of all rows) whose times are mostly midnight in one zone, for that zone."""
    midnights, clocked, sharp = (
        frame.with_columns(group=pl.col(by) if by else pl.lit(None)) for frame in (midnights, clocked, sharp)
    )
    counts = (
        midnights.group_by("group", "zone", maintain_order=True)
        .agg(count=pl.len(), dates=pl.col("label").n_unique())
        .join(clocked.group_by("group").agg(times=pl.len()), on="group", nulls_equal=True)
        .join(sharp.group_by("group").agg(sharp=pl.len()), on="group", nulls_equal=True)
        .filter(
            pl.col("dates") >= FEWEST_DATES,
            pl.col("count") >= SHARE * pl.col("times"),
            pl.col("count") >= SHARE_OF_SHARP * pl.col("sharp"),
        )
        .sort("count", descending=True, maintain_order=True)
        .unique("group", keep="first", maintain_order=True)
    )
    return midnights.join(counts.select("group", "zone"), on=["group", "zone"], how="semi", nulls_equal=True)


def _labelled(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the labels of ``found`` (row, zone, label) as dates."""
    if found.is_empty():
        return rows
    labels = found.select("row", "zone", label=pl.col("label").dt.replace_time_zone("UTC").dt.cast_time_unit("us"))
    joined = rows.with_columns(row=pl.int_range(pl.len())).join(labels, on="row", how="left", maintain_order="left")
    dated = pl.col("label").is_not_null()
    note = pl.format("{}; that is midnight in {}, read as a date only", "rule", "zone")
    return joined.with_columns(
        instant=pl.coalesce("label", "instant"),
        precision=pl.when(dated).then(pl.lit("day")).otherwise("precision"),
        rule=pl.when(dated).then(note).otherwise("rule"),
    ).drop("row", "zone", "label")
