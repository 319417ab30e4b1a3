"""Recognise dates that a source states as midnight in a zone of its own, converted to UTC, or as noon in UTC.

A database of dates in Shanghai gives 16:00 UTC of the day before for every article, and Google News 07:00 or 08:00 UTC
for each article of which it knows only the date. Read as times of publication, they are up to a day too early. One such
time may be real; if most times of a publisher, or of a source, are midnight in one zone, they are dates. Times that are
printed in a zone of their own have a clock of their own, and are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time

import polars as pl

from correlator.errors import warn

# Zones with different offsets or changes of the clock. Those whose midnights are the usual times of announcements in
# New York and Tokyo (18:00, 20:00 and 03:00 UTC) are not among them.
_ZONES = (
    "America/Los_Angeles", "America/New_York", "America/Chicago", "Europe/London", "Europe/Berlin", "Europe/Helsinki",
    "Europe/Istanbul", "Asia/Karachi", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip
# Hosts of services that do so for single articles.
_SERVICES = {"news.google.com": "midnight in America/Los_Angeles"}
# How rules of publication times (``timestamps``) name times in UTC.
_IN_UTC = r": epoch|zone (?:Z|z|UTC|UT|GMT|[+\-−]00:?00|Etc/UTC)(?: as printed|,)"
FEWEST_DATES = 10
_FEWEST_ALIKE = 5
SHARE, SHARE_OF_SHARP = 0.5, 0.9


UTC_ZONES = ("UTC", "GMT", "Etc/UTC")
"""Zones of printed times without one that are UTC all year."""
MAY_BE_UTC = r"(?i)z|ut|gmt|[+\-−]0|^[\s\d.e+]+$|/date"
"""Pattern of every printed time that may state UTC, so that only these need to be read to find out."""
_COUNTS = {"times": pl.Int64(), "sharp": pl.Int64()}

Usual = frozenset[tuple[str | None, str]]
"""Publishers (None: a whole source) with the midnight or noon at which their times are dates."""


def read_as_dates(rows: pl.DataFrame, publisher: str = "publisher", zone: str | None = None) -> pl.DataFrame:
    """Return the rows with midnights of a zone as dates: instant midnight UTC of the local date, precision ``day``.

    ``rows``: instant, precision and rule of publication, url, and a column ``publisher``. Times are dates if they are
    midnight in one zone, or noon in UTC, for half of a publisher's times and on ten dates or more, and for nearly all
    of its times on the full or half hour; the same is then asked of all rows together. A warning says so, as decisions
    of one authority may be announced at such an hour. ``zone``: that of the caller, who knows: with one the rows are
    returned unchanged.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> times = [datetime(2025, 3, day, 16, tzinfo=UTC) for day in range(3, 14)]
    >>> rows = pl.DataFrame({"instant": times}).with_columns(
    ...     precision=pl.lit("second"), rule=pl.lit("column: ISO date, zone Z as printed"),
    ...     publisher=pl.lit("bank"), url=pl.lit(None, pl.String),
    ... )  # fmt: skip
    >>> read_as_dates(rows)["instant"][0].isoformat(), read_as_dates(rows)["precision"][0]
    ('2025-03-04T00:00:00+00:00', 'day')
    """
    return rows if zone is not None else as_dates(rows, Midnights.of(rows, publisher).usual(), publisher)


@dataclass(frozen=True)
class Midnights:
    """The times in UTC of the parts of a source: how many each publisher has, and which are midnight in a zone.

    ``times``: publisher, number of times, and of those on the full or half hour (``sharp``). ``dates``: publisher, zone
    (``stated``), date (``label``) and the number of times that are midnight of that date there, or noon in UTC.
    """

    times: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"publisher": pl.String(), **_COUNTS}))
    dates: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(
            schema={"publisher": pl.String(), "stated": pl.String(), "label": pl.Datetime("us"), "count": pl.Int64()}
        )
    )

    @classmethod
    def of(cls, rows: pl.DataFrame, publisher: str) -> Midnights:
        """Return those of rows (instant, precision, rule, and a column ``publisher``)."""
        clocked = _in_utc(rows, publisher)
        sharp = pl.col("sharp").sum()
        times = clocked.group_by("publisher").agg(pl.len().cast(pl.Int64).alias("times"), sharp.cast(pl.Int64))
        labels = _midnights(clocked.filter("sharp"))
        keys = ("publisher", "stated", "label")
        dates = labels.group_by(keys).agg(pl.len().cast(pl.Int64).alias("count"))
        return cls(times, dates.with_columns(pl.col("label").dt.cast_time_unit("us")))

    def joined(self, *later: Midnights) -> Midnights:
        """Return those of this part of a source and of ``later`` ones together."""
        parts = (self, *later)
        return Midnights(
            pl.concat([part.times for part in parts]).group_by("publisher").sum(),
            pl.concat([part.dates for part in parts]).group_by("publisher", "stated", "label").sum(),
        )

    def usual(self) -> Usual:
        """Return the publishers whose times are dates, with a warning for each midnight."""
        shown = self._usual(by_publisher=True) | self._usual(by_publisher=False)
        for stated in sorted({stated for _, stated in shown}):
            warn(f"times of publication that are {stated} are read as dates (--zone UTC reads them as times)")
        if not shown:
            self._warn_of_few()
        return shown

    def _warn_of_few(self) -> None:
        """Warn where all times of a source are one midnight, on too few dates to tell."""
        total = int(self.times["times"].sum())
        counts = self.dates.group_by("stated").agg(pl.col("count").sum(), dates=pl.col("label").n_unique())
        stated = counts.filter(pl.col("count") == total, pl.col("dates") < FEWEST_DATES)["stated"].sort()
        if total >= _FEWEST_ALIKE and len(stated):
            warn(
                f"all {total:,} times of publication are {' or '.join(stated)}: if they are dates, they are up to a "
                f"day too early (write them without a time; {FEWEST_DATES} dates in one table are read as dates; "
                "--zone UTC says that they are times)"
            )

    def _usual(self, *, by_publisher: bool) -> Usual:
        group = pl.col("publisher") if by_publisher else pl.lit(None, pl.String).alias("publisher")
        counts = (
            self.dates.with_columns(group)
            .group_by("publisher", "stated")
            .agg(pl.col("count").sum(), dates=pl.col("label").n_unique())
            .join(self.times.with_columns(group).group_by("publisher").sum(), on="publisher", nulls_equal=True)
            .filter(
                pl.col("dates") >= FEWEST_DATES,
                pl.col("count") >= SHARE * pl.col("times"),
                pl.col("count") >= SHARE_OF_SHARP * pl.col("sharp"),
            )
            .sort("count", "stated", descending=[True, False])
            .unique("publisher", keep="first", maintain_order=True)
        )
        return frozenset(counts.select("publisher", "stated").iter_rows())


def as_dates(rows: pl.DataFrame, usual: Usual, publisher: str) -> pl.DataFrame:
    """Return the rows with the midnights of ``usual``, and of services known for them, as dates."""
    clocked = _in_utc(rows, publisher).filter("sharp")
    if clocked.is_empty():
        return rows
    midnights = _midnights(clocked)
    services = midnights.filter(pl.col("host").replace_strict(_SERVICES, default=None) == pl.col("stated"))
    groups = pl.DataFrame(sorted(usual, key=str), schema={"group": pl.String, "stated": pl.String}, orient="row")
    by_publisher = midnights.join(groups, left_on=["publisher", "stated"], right_on=["group", "stated"], how="semi")
    overall = midnights.join(groups.filter(pl.col("group").is_null()), on="stated", how="semi")
    labels = pl.concat([each.select("row", "stated", "label") for each in (services, by_publisher, overall)])
    return _labelled(rows, labels.unique("row", keep="first", maintain_order=True))


def _in_utc(rows: pl.DataFrame, publisher: str) -> pl.DataFrame:
    """Return the rows whose times are in UTC, each with its number and whether it is on the full or half hour."""
    at = pl.col("instant").dt
    host = pl.col("url").str.extract(r"^https?://([^/?#]+)") if "url" in rows.columns else pl.lit(None, pl.String)
    return rows.select(
        "instant",
        "precision",
        "rule",
        host=host,
        publisher=pl.col(publisher).cast(pl.String),
        row=pl.int_range(pl.len()),
        sharp=at.minute().is_in([0, 30]) & (at.time().cast(pl.Int64) % 60_000_000_000 == 0),
    ).filter(
        pl.col("precision").is_in(["second", "minute"]),
        pl.col("instant").is_not_null(),
        pl.col("rule").str.contains(_IN_UTC),
    )


def _midnights(sharp: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that are midnight in a zone or noon in UTC, once for each, with the date."""
    noon = sharp.filter(pl.col("instant").dt.time() == time(12)).with_columns(
        stated=pl.lit("noon in UTC"), label=pl.col("instant").dt.truncate("1d").dt.replace_time_zone(None)
    )
    local = {zone: pl.col("instant").dt.convert_time_zone(zone).dt.replace_time_zone(None) for zone in _ZONES}
    parts = (sharp.with_columns(stated=pl.lit(f"midnight in {zone}"), label=label) for zone, label in local.items())
    return pl.concat([*parts, noon]).filter(pl.col("label").dt.time() == time())


def _labelled(rows: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with their ``labels`` (row, stated, label) as dates."""
    if labels.is_empty():
        return rows
    labels = labels.select("row", "stated", label=pl.col("label").dt.replace_time_zone("UTC").dt.cast_time_unit("us"))
    joined = rows.with_columns(row=pl.int_range(pl.len())).join(labels, on="row", how="left", maintain_order="left")
    dated = pl.col("label").is_not_null()
    note = pl.format("{}; that is {}, read as a date only", "rule", "stated")
    return joined.with_columns(
        instant=pl.coalesce("label", "instant"),
        precision=pl.when(dated).then(pl.lit("day")).otherwise("precision"),
        rule=pl.when(dated).then(note).otherwise("rule"),
    ).drop("row", "stated", "label")
