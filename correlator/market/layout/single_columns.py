"""Classify single columns of a table by their names and by the form of their cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from correlator.containers.cells import NUMBER_LIKE, is_date_like
from correlator.containers.raw import RawTable
from correlator.errors import InputError
from correlator.market.names.currencies import currencies, price_unit
from correlator.market.vocabulary import bracketed, field_of, part_of_date, rank_of
from correlator.market.written.figures import missing_cells
from correlator.market.written.periods import period_remedy

LOOKED_AT, _CELLS_LOOKED_AT = 60, 200
SYMBOL_LIKE = re.compile(r"^[\^$#]?[A-Z0-9][A-Z0-9.\-=:&/_^ ]{0,23}$|^s[hz]\.?\d{6}$")


@dataclass(frozen=True)
class Shape:
    """A table and the roles of its columns: ``places`` (date, time, symbol, ...), ``blocks`` as in ``Recognised``."""

    table: RawTable
    places: Mapping[str, str]
    blocks: Mapping[str | None, Mapping[str, str]]
    notes: tuple[str, ...] = ()


def name_it(raw: RawTable, field: str) -> str:
    """Return the hint to name the column of a missing ``field``."""
    return f"it has {raw.shown()}; name it with columns={{'{field}': ...}} or --column {field}=..."


def no_dates(raw: RawTable) -> InputError:
    """Return the error for a table without a date column, which mentions periods or parts of dates if it has some."""
    parts = [label for label in raw.labels.values() if part_of_date(label)]
    if len(parts) > 1 and "year" in map(part_of_date, parts):
        return InputError(
            f"{raw.source} has {' and '.join(parts)} but no day",
            hint="add a column 'date' (YYYY-MM-DD) with the day of each row, or the last day of its month or week",
        )
    for column in raw.columns:
        label = raw.label(column)
        if part_of_date(label) is None and is_numeric(raw, column):
            continue
        cell = next(iter(raw.frame[column].cast(pl.String, strict=False).drop_nulls()), "")
        period = period_remedy(cell, named=part_of_date(label))
        if period is not None:
            return InputError(f"{raw.source} has no date column: {period[0]} ({label})", hint=period[1])
    hint = f"{name_it(raw, 'date')}, or add one"
    return InputError(f"{raw.source} has no date column", hint=hint)


def named_field(raw: RawTable, column: str) -> str | None:
    """Return the field of a column by its name, or None; a volume in money (``Volume (USD)``) is not a field."""
    label = raw.label(column)
    field = field_of(label) if label else None
    return None if field == "volume" and _is_money(bracketed(label)) else field


def _is_money(words: str) -> bool:
    units = (price_unit(word) for word in re.findall(r"[^\W\d_]+|[$€£₹₨]", words) if not word.islower())
    return any(unit is not None and unit[0] in currencies() for unit in units)


def date_column(raw: RawTable, given: Mapping[str, str]) -> str | None:
    """Return the date column: the one with such a name, else the only one that contains dates; None without one."""
    if "date" in given:
        return given["date"]
    named = [column for column in raw.columns if named_field(raw, column) in ("date", "time")]
    holding = [column for column in raw.columns if holds_dates(raw, column, column in named)]
    both = [column for column in named if column in holding and named_field(raw, column) == "date"] or [
        column for column in named if column in holding
    ]
    if both:
        return min(both, key=lambda column: (rank_of(raw.label(column)), int(column[1:])))
    unnamed = [column for column in holding if not raw.label(column)]
    for candidates in (unnamed, holding):
        if len(candidates) == 1:
            return candidates[0]
    if named and not holding:
        return min(named, key=lambda column: (named_field(raw, column) != "date", rank_of(raw.label(column))))
    first = raw.columns[0]
    return first if raw.label(first) in ("", "Unnamed: 0", "index") and not holding and len(raw.columns) > 1 else None


def holds_dates(raw: RawTable, column: str, is_named: bool) -> bool:
    """Whether most cells of a column are dates; ``is_named``: whether its name says so, which admits numbers."""
    values = raw.frame[column]
    if isinstance(values.dtype, pl.Datetime) or values.dtype == pl.Date:
        return True
    if values.dtype.is_numeric() and not is_named:
        return False
    cells = values.head(LOOKED_AT).cast(pl.String, strict=False).drop_nulls()
    dates = [
        cell for cell in cells if is_date_like(cell) and (is_named or not cell.strip().isdigit() or len(cell) == 8)
    ]
    return len(dates) * 2 > len(cells)


def is_numeric(raw: RawTable, column: str) -> bool:
    """Whether at least half of the non-empty cells of a column are numbers."""
    values = raw.frame[column]
    if values.dtype.is_numeric():
        return True
    if values.dtype != pl.String:
        return False
    cells = _first_cells(values)
    return sum(bool(NUMBER_LIKE.match(cell)) for cell in cells) * 2 >= len(cells)


def has_suffixes(raw: RawTable, column: str) -> bool:
    """Whether most non-empty cells end as percentages and volumes do, and prices do not: ``-1.09%``, ``840.43K``."""
    if raw.frame[column].dtype != pl.String:
        return False
    cells = _first_cells(raw.frame[column])
    return 2 * int(cells.str.contains(r"\d\s*[%KMBkmb]$").sum()) > len(cells)


def _first_cells(values: pl.Series) -> pl.Series:
    """Return the first cells of a column of text, without spaces around them and without missing ones."""
    text = values.drop_nulls().head(_CELLS_LOOKED_AT).str.strip_chars()
    return text.filter(~missing_cells(text))
