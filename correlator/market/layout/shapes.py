"""Recognise the shape of a table that no layout file describes: by names, header levels, and the form of cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

import polars as pl

from correlator.containers.raw import RawTable
from correlator.errors import InputError, listed
from correlator.market.layout.by_names import bar_fields, read_columns, short_names
from correlator.market.layout.levels import blocks_of_names, header_levels, holds_field, read_levels
from correlator.market.layout.positions import options_by_position
from correlator.market.layout.rivals import refuse_sides
from correlator.market.layout.single_columns import (
    SYMBOL_LIKE,
    Shape,
    date_column,
    has_suffixes,
    is_numeric,
    name_it,
    named_field,
    no_dates,
)
from correlator.market.layout.turned import is_transposed, long_columns, read_long, read_transposed
from correlator.market.names.currencies import currencies
from correlator.market.totals import totals_of_others
from correlator.market.vocabulary import field_of, is_compound, is_figure
from correlator.market.written.dates import is_part_of_dates
from correlator.market.written.units import share_of

_LOOKED_AT = 1_000
"""Rows in which a total of the other columns shows."""


def find_shape(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> str:
    """Return the name of the table's shape; raise InputError if no shape fits, or if two do."""
    if not raw.has_header:
        raise InputError(
            f"{raw.source} has no header, and its rows fit no known layout",
            hint=f"give layout (--layout), or {options_by_position(raw)}",
        )
    if header_levels(raw):
        return "levels"
    fields = bar_fields(raw, given)
    by_name = {label.upper(): column for column, label in raw.labels.items()}
    symbol_column = by_name.get(symbol.upper()) if symbol else None
    has_close = bool({"close", "adjusted_close"} & set(fields))
    if (
        has_close
        and symbol_column is not None
        and symbol_column not in given.values()
        and is_numeric(raw, symbol_column)
    ):
        if symbol_column in fields.values() and {"open", "high", "low"} <= set(fields):
            return "columns"
        why = f"column {raw.label(symbol_column)!r} could be the close of {symbol} or another figure"
        _refuse_ambiguous(raw, "columns", "wide", why)
    if has_close:
        return "columns"
    if short_names(raw, str.upper) and not {"open", "high", "low"} & set(fields):
        if symbol_column is not None:
            return "wide"
        why = "columns O, H, L and C could be open, high, low and close, or four shares"
        _refuse_ambiguous(raw, "columns", "wide", why)
    if is_transposed(raw):
        return "transposed"
    if date_column(raw, given) is None:
        raise no_dates(raw)
    blocks = blocks_of_names(raw, given, symbol)
    if len(blocks) > 1 and set(blocks) <= currencies() and all(len(fields) == 1 for fields in blocks.values()):
        why = f"{', '.join(list(blocks)[:4])} could be shares, or the currencies of one share (--column close=...)"
        _refuse_ambiguous(raw, "levels", "columns", why)
    if blocks:
        return "levels"
    if long_columns(raw, given):
        return "long"
    return _wide_or_columns(raw, given, fields, symbol_column)


def read_shape(raw: RawTable, name: str, given: Mapping[str, str], symbol: str | None) -> Shape:
    """Read the table as the shape called ``name``; raise InputError if it does not have that shape."""
    shape = _READERS[name](raw, given, symbol)
    if shape is None:
        raise InputError(f"{raw.source} cannot be read as layout {name}", hint=f"it has {raw.shown()}")
    return shape


def _refuse_ambiguous(raw: RawTable, one: str, other: str, why: str) -> NoReturn:
    raise InputError(
        f"{raw.source} is ambiguous: {why}",
        hint=f"give layout (--layout {one} or --layout {other})",
    )


def _wide_or_columns(
    raw: RawTable, given: Mapping[str, str], fields: Mapping[str, str], symbol_column: str | None
) -> str:
    """Whether a table without a known close is ``wide`` or ``columns``; raise InputError if that cannot be decided."""
    date = date_column(raw, given)
    others = _beside_dates(raw, date)
    is_upper = all(raw.label(column).isupper() for column in others)
    figures = [column for column in others if _is_figure_here(raw.label(column), is_upper=is_upper)]
    if symbol_column is not None and symbol_column in others:
        return "wide"
    if len(others) == 1:
        return "wide" if not figures and SYMBOL_LIKE.match(raw.label(others[0])) else "columns"
    if figures and (fields or len(figures) == len(others)):
        only = [raw.label(column) for column in figures]
        rest = [column for column in others if column not in figures]
        if rest and all(raw.label(column).isupper() for column in others):
            why = f"{', '.join(only[:4])} could be shares or fields of one share"
            _refuse_ambiguous(raw, "wide", "columns", why)
    if figures or "symbol" in [named_field(raw, column) for column in others] or not others:
        raise InputError(f"{raw.source} has no close column", hint=name_it(raw, "close"))
    letters = [raw.label(column).upper() for column in others]
    if len(letters) > 1 and set(letters) <= set("OHLCV") and "C" in letters:
        listed = " and ".join([", ".join(letters[:-1]), letters[-1]])
        why = f"{listed} could be fields of one share, or {len(letters)} shares"
        _refuse_ambiguous(raw, "columns", "wide", why)
    mixed = [raw.label(column) for column in others if holds_field(raw.label(column))]
    if mixed and len(others) > 1:
        why = f"{', '.join(mixed[:4])} could be shares or fields of one share"
        _refuse_ambiguous(raw, "wide", "columns", why)
    if any(not is_numeric(raw, column) or has_suffixes(raw, column) for column in others):
        raise InputError(f"{raw.source} has no close column", hint=name_it(raw, "close"))
    refuse_sides(raw, others)
    return "wide"


def _beside_dates(raw: RawTable, date: str | None) -> list[str]:
    """Return the columns with a name that are neither the dates, a part of them (Year, Weekday) nor totals."""
    columns, totals = _with_totals(raw, date)
    return [column for column in columns if column not in totals]


def _with_totals(raw: RawTable, date: str | None) -> tuple[list[str], list[str]]:
    """Return the columns beside the dates and their parts, and those that are a sum or mean of the others."""
    named = [column for column in raw.columns if column != date and raw.label(column)]
    columns = [column for column in named if not is_part_of_dates(raw.frame[column].alias(raw.label(column)))]
    if len(columns) < 3 or not all(is_numeric(raw, column) for column in columns):
        return columns, []
    numbers = raw.frame.head(_LOOKED_AT).select(pl.col(columns).cast(pl.Float64, strict=False)).to_numpy()
    return columns, [columns[place] for place in totals_of_others(numbers)]


def _is_figure_here(label: str, *, is_upper: bool) -> bool:
    """Whether a name is that of a figure; in an upper-case header only fields of a bar are, since NET is a share."""
    if is_upper:
        return field_of(label) is not None or is_compound(label)
    return is_figure(label)


def _read_wide(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> Shape | None:
    date = date_column(raw, given)
    if date is None:
        raise no_dates(raw)
    every, totals = _with_totals(raw, date)
    columns = [column for column in every if column not in totals]
    words = [raw.label(column) for column in columns if not is_numeric(raw, column)]
    if symbol is None and words:
        raise InputError(f"{raw.source}: column {words[0]!r} is not numeric", hint="remove it from the file")
    blocks: dict[str | None, Mapping[str, str]] = {}
    for column in columns:
        share = share_of(raw.label(column))
        if share in blocks:
            raise InputError(f"{raw.source} has two columns for {share!r}", hint="keep one of them in the file")
        blocks[share] = {"close": column}
    skipped = listed(raw.label(column) for column in totals)
    notes = (f"skipped {skipped}: a sum or mean of the other columns",) if totals else ()
    return Shape(raw, {"date": date}, blocks, notes)


_READERS: dict[str, Callable[[RawTable, Mapping[str, str], str | None], Shape | None]] = {
    "columns": read_columns,
    "wide": _read_wide,
    "levels": read_levels,
    "long": read_long,
    "transposed": read_transposed,
}
