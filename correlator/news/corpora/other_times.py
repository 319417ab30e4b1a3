"""What other columns of a table say about a time of publication: an embargo, the date in the address."""

from __future__ import annotations

import polars as pl

from correlator.news.corpora.time_columns import COLUMNS, NO_TIME, parse_times
from correlator.news.profiles import Profile
from correlator.news.times.address_dates import date_in_address

_NO_EMBARGO = ("false", "no", "0")


def not_before(stamps: pl.DataFrame, embargo: pl.Series, profile: Profile) -> pl.DataFrame:
    """Move stamps to the end of an embargo where it is later; an embargo that cannot be read is a problem."""
    embargo = embargo.set(embargo.str.to_lowercase().is_in(_NO_EMBARGO), None)
    if embargo.null_count() == len(embargo):
        return stamps
    ends = parse_times(embargo, profile, "end of embargo")
    stated = embargo.is_not_null()
    later = stated & (ends["instant"] > stamps["instant"]).fill_null(value=False)
    unread = stated & ends["instant"].is_null()
    return stamps.select(
        *(
            pl.when(later).then(ends[name]).otherwise(pl.col(name)).alias(name)
            for name in ("instant", "precision", "rule")
        ),
        pl.when(unread).then(ends["problem"]).otherwise("problem").alias("problem"),
    )


def without_clock(texts: pl.Series) -> pl.Series:
    """Cut times without a zone to their date; times with a zone are unchanged."""
    naive = texts.str.contains(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$").fill_null(value=False)
    return pl.select(pl.when(naive).then(texts.str.slice(0, 10)).otherwise(texts)).to_series()


def by_address(stamps: pl.DataFrame, urls: pl.Series) -> pl.DataFrame:
    """Use the date in the address where no time is stated at all."""
    nothing = (pl.col("problem") == NO_TIME).fill_null(False) | (pl.col("precision") == "unknown").fill_null(False)
    missing = stamps.select(nothing).to_series() & urls.is_not_null()
    if not missing.any():
        return stamps
    stated = [date_in_address(url) if is_missing else None for url, is_missing in zip(urls, missing, strict=True)]
    other = pl.DataFrame(
        [(s.instant, s.precision, s.rule) if s else (None, None, None) for s in stated],
        schema={name: COLUMNS[name] for name in ("instant", "precision", "rule")},
        orient="row",
    )
    dated = other["instant"].is_not_null()
    return stamps.select(
        *(pl.when(dated).then(other[name]).otherwise(pl.col(name)).alias(name) for name in other.columns),
        pl.when(~dated).then("problem").alias("problem"),
    )
