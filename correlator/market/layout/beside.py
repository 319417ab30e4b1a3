"""Stack tables of several shares that stand side by side, each with its own dates, as terminals export them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from correlator.containers.raw import LINE, RawTable
from correlator.errors import InputError, warn
from correlator.market.layout.single_columns import SYMBOL_LIKE, holds_dates
from correlator.market.vocabulary import field_of, is_figure, plain


@dataclass(frozen=True)
class _Block:
    """One share: its symbol, its date column, and its other columns by name."""

    symbol: str
    date: str
    columns: dict[str, str]


def stacked_blocks(raw: RawTable) -> RawTable:
    """Stack the blocks of a table and add a column of symbols; return a table of one block unchanged.

    Raise InputError for a block without a symbol, if blocks have their own dates.
    """
    if not raw.has_header or not _is_date(raw, raw.columns[0]):
        return raw
    name = plain(_lowest(raw, raw.columns[0]))
    dates = [column for column in raw.columns if plain(_lowest(raw, column)) == name and _is_date(raw, column)]
    if len(dates) < 2:
        return raw
    ends = [*dates[1:], None]
    blocks = [_block(raw, date, end) for date, end in zip(dates, ends, strict=True)]
    symbols = [block.symbol for block in blocks]
    nameless = next((block for block in blocks if not block.symbol or symbols.count(block.symbol) > 1), None)
    if nameless is not None and all(raw.is_same(dates[0], each) for each in dates[1:]):
        return raw
    if nameless is not None:
        place = raw.columns.index(nameless.date) + 1
        raise InputError(
            f"{raw.source} has tables side by side, and the one in column {place} has no symbol",
            hint="write the symbol above each date column",
        )
    names = list(dict.fromkeys(name for block in blocks for name in block.columns))
    frames = [_rows(raw, block, names) for block in blocks]
    frame = pl.concat(frames, how="vertical_relaxed")
    return replace(raw, frame=frame, header=(("date",), ("symbol",), *((name,) for name in names)))


def without_side_table(raw: RawTable) -> RawTable:
    """Drop another table to the right: columns beyond an empty one that are mostly empty themselves."""
    columns = raw.columns
    filled = {column: _filled(raw.frame[column]) for column in columns}
    gap = next((k for k, column in enumerate(columns) if not raw.label(column) and not filled[column]), None)
    if not gap or not raw.has_header or not _is_date(raw, columns[0]):
        return raw
    beyond = columns[gap:]
    if any(2 * filled[column] >= raw.frame.height or _is_date(raw, column) for column in beyond):
        return raw
    names = [raw.label(column) for column in beyond if raw.label(column)]
    if names:
        warn(f"{raw.source}: skipped columns beyond an empty one, which are another table: {', '.join(names[:4])}")
    return replace(raw, frame=raw.frame.drop(beyond))


def _filled(column: pl.Series) -> int:
    """Return the number of non-empty cells."""
    return int((column.fill_null("") != "").sum()) if column.dtype == pl.String else len(column) - column.null_count()


def _is_date(raw: RawTable, column: str) -> bool:
    return field_of(_lowest(raw, column)) == "date" and holds_dates(raw, column, is_named=True)


def _lowest(raw: RawTable, column: str) -> str:
    """Return the lowest header cell of the column."""
    cells = raw.header[int(column[1:])]
    return cells[-1] if cells else ""


def _block(raw: RawTable, date: str, end: str | None) -> _Block:
    first, last = raw.columns.index(date), len(raw.columns) if end is None else raw.columns.index(end)
    members = raw.columns[first:last]
    columns = {_lowest(raw, column): column for column in members[1:] if _lowest(raw, column)}
    above = [cell for column in members for cell in raw.header[int(column[1:])][:-1] if cell]
    symbol = above[-1] if above else ""  # the first may be the name to the left, which empty cells repeat
    only = next(iter(columns), "")
    if not symbol and len(columns) == 1 and SYMBOL_LIKE.match(only) and not is_figure(only):
        return _Block(only, date, {"close": columns[only]})
    return _Block(symbol, date, columns)


def _rows(raw: RawTable, block: _Block, names: list[str]) -> pl.DataFrame:
    """Return the rows of one block that have a date, with the columns ``names``."""
    values = [
        (pl.col(block.columns[name]) if name in block.columns else pl.lit(None, pl.String)).alias(f"c{place}")
        for place, name in enumerate(names, start=2)
    ]
    rows = raw.frame.select(LINE, pl.col(block.date).alias("c0"), pl.lit(block.symbol).alias("c1"), *values)
    dated = pl.col("c0").is_not_null()
    return rows.filter(dated & (pl.col("c0") != "") if rows["c0"].dtype == pl.String else dated)
