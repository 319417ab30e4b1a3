"""Rows of a price file that could not be read, and what they reveal about the file."""

from __future__ import annotations

import polars as pl

from correlator.containers.raw import LINE, RawTable
from correlator.errors import InputError
from correlator.market.layout.recognise import Recognised
from correlator.tables import REJECTS

REJECT_COLUMNS = tuple(name for name in REJECTS.column_names if name != "loaded_at")


def rejects_of(raw: RawTable, parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the rejects of a table: source, source_line, reason, content. Blank rows are left out.

    ``parts``: frames of lines and reasons.
    """
    reasons = pl.concat([part.select(pl.col(LINE).cast(pl.Int64), "reason") for part in parts]) if parts else None
    broken = raw.broken.select(LINE, pl.lit("more fields than the header").alias("reason"), "content")
    frames = [broken]
    if reasons is not None and not reasons.is_empty():
        lines = raw.frame.filter(pl.col(LINE).cast(pl.Int64).is_in(reasons[LINE].implode()))
        text = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in raw.columns[:20]], separator=",")
        content = lines.select(pl.col(LINE).cast(pl.Int64), text.str.slice(0, 500).alias("content")).unique(LINE)
        blank = content.filter(~pl.col("content").str.contains(r"[^,\s]"))
        frames.append(reasons.join(blank, on=LINE, how="anti").join(content, on=LINE, how="left"))
    together = pl.concat(frames, how="vertical_relaxed").sort(LINE)
    return together.select(
        pl.lit(raw.source).alias("source"),
        pl.col(LINE).cast(pl.Int64).alias("source_line"),
        "reason",
        pl.col("content").fill_null(""),
    )


def no_rejects() -> pl.DataFrame:
    """Return an empty table of rejects."""
    return pl.DataFrame(schema=REJECTS.schema(REJECT_COLUMNS))


def refuse_second_header(table: Recognised, rejects: pl.DataFrame) -> None:
    """Raise InputError if a row repeats the header and no column states the symbol of the rows below it."""
    label = table.table.label(table.date)
    if table.symbol is not None or rejects.is_empty() or not label:
        return
    place = table.table.columns.index(table.date)
    cells = rejects["content"].str.split(",").list.get(place, null_on_oob=True).str.strip_chars()
    repeated = rejects.filter(cells == label)
    if not repeated.is_empty():
        raise InputError(
            f"{table.table.source} line {repeated['source_line'][0]} is a second header: two tables in one file",
            hint="split the file there, or add a symbol column",
        )


def first_reason(rejects: pl.DataFrame) -> str:
    """Return why a table has no bars."""
    if rejects.is_empty():
        return "the table has a header but no rows"
    row = rejects.row(0, named=True)
    return f"line {row['source_line']}: {row['reason']}"
