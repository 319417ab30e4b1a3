"""Select rows of a source: the requested series of a share, and what a layout skips."""

from __future__ import annotations

import polars as pl

from correlator.containers.raw import AT, LINE
from correlator.errors import InputError
from correlator.market.layout.recognise import Recognised
from correlator.market.layout.spec import Layout
from correlator.market.vocabulary import PRICES, plain


def take_series(rows: pl.DataFrame, layout: Layout, series: str | None, source: str) -> tuple[pl.DataFrame, list[str]]:
    """Return the rows of one series per symbol and timestamp, and notes on what was skipped.

    ``rows``: with a column ``series`` if the source has one. ``series``: the one that the caller wants, default those
    that the layout takes. Raise InputError if a symbol has several on one day and neither decides.
    """
    if "series" not in rows.columns:
        if series is not None:
            raise InputError(f"{source} has no series column", hint="leave out series (--series)")
        return rows, []
    present = rows["series"].unique().drop_nulls().sort().to_list()
    if series is not None:
        kept = rows.filter(pl.col("series").str.to_uppercase() == series.upper())
        if kept.is_empty():
            raise InputError(f"{source} has no series {series!r}", hint=f"it has {', '.join(present[:12])}")
        return kept.drop("series"), []
    if not layout.series:
        keys = rows.select("symbol", AT, "series").unique()
        several = keys.filter(pl.struct("symbol", AT).is_duplicated())
        if not several.is_empty():
            symbol = several["symbol"][0]
            listed = ", ".join(
                str(each) for each in several.filter(pl.col("symbol") == symbol)["series"].unique().sort()
            )
            raise InputError(
                f"{source} has several series of {symbol}: {listed}", hint="choose one with series (--series)"
            )
        return rows.drop("series"), []
    order = {name: number for number, name in enumerate(layout.series)}
    ranked = rows.with_columns(
        pl.col("series").replace_strict(order, default=None, return_dtype=pl.Int64).alias("__rank")
    )
    kept = ranked.filter(pl.col("__rank").is_not_null())
    kept = kept.filter(pl.col("__rank") == pl.col("__rank").min().over("symbol", AT))
    skipped = rows.height - kept.height
    if kept.is_empty():
        raise InputError(
            f"{source} has no series {' or '.join(layout.series)}", hint=f"it has {', '.join(present[:12])} (--series)"
        )
    names = [name for name in present if name not in order]
    note = f"skipped {skipped:,} rows of other series ({', '.join(names[:8])}); choose one with --series"
    return kept.drop("series", "__rank"), [note] if skipped else []


def leave_out(rows: pl.DataFrame, table: Recognised) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Return the rows without those that the layout skips, and the skipped ones with their reason."""
    rejected = []
    raw = table.table
    names = {plain(label): column for column, label in raw.labels.items()}
    for theirs, rule in table.layout.leave_out.items():
        column = names.get(plain(theirs)) if raw.has_header else f"c{int(theirs) - 1}"
        if column is None or column not in raw.frame.columns:
            continue
        matched = raw.frame[column].cast(pl.String).str.strip_chars().str.contains(rule["pattern"]).fill_null(False)
        lines = raw.frame.filter(matched)[LINE]
        if len(lines):
            out = rows[LINE].is_in(lines.implode())
            rejected.append(rows.filter(out).select(LINE, pl.lit(rule["reason"]).alias("reason")))
            rows = rows.filter(~out)
    return rows, rejected


def without_negative_volumes(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Set negative volumes to null, and return a note on them."""
    negative = (pl.col("volume") < 0).fill_null(False)
    wrong = rows.filter(negative)
    if wrong.is_empty():
        return rows, []
    day, volume = wrong.row(0, named=True)["session"], wrong["volume"][0]
    note = f"{wrong.height:,} negative volumes were set to missing, first {volume:,.0f} on {day}"
    return rows.with_columns(pl.when(~negative).then(pl.col("volume")).alias("volume")), [note]


def as_layout_says(rows: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, list[str]]:
    """Apply the layout's rules to the figures (absolute prices, zeros that mean missing, scales); return notes too."""
    notes = []
    if layout.absolute:
        prices = [name for name in PRICES if name != "volume"]
        negative = int(rows.select((pl.col("close") < 0).sum()).item())
        rows = rows.with_columns(pl.col(prices).abs())
        if negative:
            notes.append(f"{negative:,} closes are bid-ask midpoints without a trade (negative in the file)")
    for name in layout.zero_is_nothing:
        rows = rows.with_columns(pl.when(pl.col(name) != 0).then(pl.col(name)).alias(name))
    if layout.scale:
        rows = rows.with_columns((pl.col(name) * factor).alias(name) for name, factor in layout.scale.items())
    return rows, notes


def notes_of_adjusted(table: Recognised) -> list[str]:
    """Return a note if the closes are adjusted ones: those of a source without others, and those of yfinance."""
    if all("close" not in fields for fields in table.blocks.values()):
        return ["the closes are adjusted: the source has no others"]
    of_yfinance = table.table.has_header and "Price" in table.table.header[int(table.date[1:])]
    if of_yfinance and not any("adjusted_close" in fields for fields in table.blocks.values()):
        return ["closes of yfinance without a column 'Adj Close' are adjusted for dividends"]
    return []
