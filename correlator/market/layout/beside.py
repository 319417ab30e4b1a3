"""Tables of several shares side by side, each with dates of its own, as terminals paste them into a sheet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from correlator.containers.raw import LINE, RawTable
from correlator.errors import InputError, warn
from correlator.market.layout.telling import SYMBOL_LIKE, holds_dates
from correlator.market.vocabulary import field_of, is_figure, plain


@dataclass(frozen=True)
class _Block:
    """One share: its name, its column of dates, and its other columns under their names."""

    symbol: str
    date: str
    columns: dict[str, str]


def stacked_blocks(raw: RawTable) -> RawTable:
    """The blocks of a table below each other, with a column of symbols; a table of one block as it is.

    Raises InputError for a block that does not say whose it is, where blocks have dates of their own.
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
            f"{raw.source} has tables side by side, and the one in column {place} has no name of its own",
            hint="write the symbol above each column of dates",
        )
    names = list(dict.fromkeys(name for block in blocks for name in block.columns))
    frames = [_rows(raw, block, names) for block in blocks]
    frame = pl.concat(frames, how="vertical_relaxed")
    return replace(raw, frame=frame, header=(("date",), ("symbol",), *((name,) for name in names)))


def without_side_table(raw: RawTable) -> RawTable:
    """The table without what stands beside it in a sheet: columns beyond an empty one, mostly empty too."""
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
        warn(f"{raw.source}: {', '.join(names[:4])} beyond an empty column are another table, which is not read")
    return replace(raw, frame=raw.frame.drop(beyond))


def _filled(column: pl.Series) -> int:
    """How many cells say something."""
    return int((column.fill_null("") != "").sum()) if column.dtype == pl.String else len(column) - column.null_count()


def _is_date(raw: RawTable, column: str) -> bool:
    return field_of(_lowest(raw, column)) == "date" and holds_dates(raw, column, is_named=True)


def _lowest(raw: RawTable, column: str) -> str:
    """The header cell next to the rows."""
    cells = raw.header[int(column[1:])]
    return cells[-1] if cells else ""


def _block(raw: RawTable, date: str, end: str | None) -> _Block:
    first, last = raw.columns.index(date), len(raw.columns) if end is None else raw.columns.index(end)
    own = raw.columns[first:last]
    columns = {_lowest(raw, column): column for column in own[1:] if _lowest(raw, column)}
    above = [cell for column in own for cell in raw.header[int(column[1:])][:-1] if cell]
    symbol = above[-1] if above else ""  # the first may be the name to the left, which empty cells repeat
    only = next(iter(columns), "")
    if not symbol and len(columns) == 1 and SYMBOL_LIKE.match(only) and not is_figure(only):
        return _Block(only, date, {"close": columns[only]})
    return _Block(symbol, date, columns)


def _rows(raw: RawTable, block: _Block, names: list[str]) -> pl.DataFrame:
    """The rows of one block that have a date, with the columns ``names``."""
    values = [
        (pl.col(block.columns[name]) if name in block.columns else pl.lit(None, pl.String)).alias(f"c{place}")
        for place, name in enumerate(names, start=2)
    ]
    rows = raw.frame.select(LINE, pl.col(block.date).alias("c0"), pl.lit(block.symbol).alias("c1"), *values)
    said = pl.col("c0").is_not_null()
    return rows.filter(said & (pl.col("c0") != "") if rows["c0"].dtype == pl.String else said)
