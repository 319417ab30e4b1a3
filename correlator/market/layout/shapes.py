"""Which shape a table has that no layout file describes: by names, levels, and what cells look like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from correlator.containers.raw import RawTable
from correlator.errors import InputError
from correlator.market.layout.by_names import bar_fields, read_columns, short_names
from correlator.market.layout.levels import blocks_of_names, header_levels, holds_field, read_levels
from correlator.market.layout.telling import SYMBOL_LIKE, Shape, date_column, is_numeric, name_it, named_field, no_dates
from correlator.market.layout.turned import is_transposed, long_columns, read_long, read_transposed
from correlator.market.vocabulary import field_of, is_compound, is_figure
from correlator.market.written.units import share_of


def find_shape(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> str:
    """The name of the shape that the table has. Raises InputError where none fits, or two do."""
    if not raw.has_header:
        raise InputError(
            f"{raw.source} has no header, and its rows fit no layout that is known",
            hint="say layout (--layout), or columns by their place, --column date=1 --column close=5",
        )
    if header_levels(raw):
        return "levels"
    fields = bar_fields(raw, given)
    by_name = {label.upper(): column for column, label in raw.labels.items()}
    asked = by_name.get(symbol.upper()) if symbol else None
    has_close = bool({"close", "adjusted_close"} & set(fields))
    if has_close and asked is not None and asked not in given.values() and is_numeric(raw, asked):
        if asked in fields.values() and {"open", "high", "low"} <= set(fields):
            return "columns"
        _ask(raw, "columns", "wide", f"the column {raw.label(asked)!r} could be {symbol}'s close or another figure")
    if has_close:
        return "columns"
    if short_names(raw, str.upper) and not {"open", "high", "low"} & set(fields):
        if asked is not None:
            return "wide"
        _ask(raw, "columns", "wide", "O, H, L and C could be open, high, low and close, or four shares")
    if is_transposed(raw):
        return "transposed"
    if date_column(raw, given) is None:
        raise no_dates(raw)
    if blocks_of_names(raw, given, symbol):
        return "levels"
    if long_columns(raw, given):
        return "long"
    return _wide_or_question(raw, given, fields, asked)


def read_shape(raw: RawTable, name: str, given: Mapping[str, str], symbol: str | None) -> Shape:
    """The table read as the shape called ``name``; raises InputError where it cannot be."""
    shape = _READERS[name](raw, given, symbol)
    if shape is None:
        raise InputError(f"{raw.source} cannot be read as layout {name}", hint=f"it has {raw.shown()}")
    return shape


def _ask(raw: RawTable, one: str, other: str, why: str) -> NoReturn:
    raise InputError(
        f"{raw.source} can be read in two ways: {why}",
        hint=f"which is it? say layout (--layout {one} or --layout {other})",
    )


def _wide_or_question(raw: RawTable, given: Mapping[str, str], fields: Mapping[str, str], asked: str | None) -> str:
    date = date_column(raw, given)
    others = [column for column in raw.columns if column != date and raw.label(column)]
    figures = [column for column in others if _is_figure_here(raw, column, others)]
    if asked is not None and asked in others:
        return "wide"
    if len(others) == 1:
        return "wide" if not figures and SYMBOL_LIKE.match(raw.label(others[0])) else "columns"
    if figures and (fields or len(figures) == len(others)):
        only = [raw.label(column) for column in figures]
        rest = [column for column in others if column not in figures]
        if rest and all(raw.label(column).isupper() for column in others):
            _ask(raw, "wide", "columns", f"{', '.join(only[:4])} could be shares or figures of one share")
    if figures or "symbol" in [named_field(raw, column) for column in others] or not others:
        raise InputError(f"{raw.source} has no closing price", hint=name_it(raw, "close"))
    letters = [raw.label(column).upper() for column in others]
    if len(letters) > 1 and set(letters) <= set("OHLCV") and "C" in letters:
        listed = " and ".join([", ".join(letters[:-1]), letters[-1]])
        _ask(raw, "columns", "wide", f"{listed} could be figures of one share, or {len(letters)} shares")
    mixed = [raw.label(column) for column in others if holds_field(raw.label(column))]
    if mixed and len(others) > 1:
        _ask(raw, "wide", "columns", f"{', '.join(mixed[:4])} could be shares or figures of one share")
    words = [column for column in others if not is_numeric(raw, column)]
    if words:
        raise InputError(f"{raw.source} has no closing price", hint=name_it(raw, "close"))
    return "wide"


def _is_figure_here(raw: RawTable, column: str, others: Sequence[str]) -> bool:
    """Whether a name is that of a figure; in a header of capitals only fields of a bar are, for NET is a share."""
    label = raw.label(column)
    if all(raw.label(each).isupper() for each in others):
        return field_of(label) is not None or is_compound(label)
    return is_figure(label)


def _read_wide(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> Shape | None:
    date = date_column(raw, given)
    if date is None:
        raise no_dates(raw)
    columns = [column for column in raw.columns if column != date and raw.label(column)]
    words = [raw.label(column) for column in columns if not is_numeric(raw, column)]
    if symbol is None and words:
        raise InputError(f"{raw.source}: column {words[0]!r} does not hold prices", hint="remove it from the file")
    blocks: dict[str | None, Mapping[str, str]] = {}
    for column in columns:
        share = share_of(raw.label(column))
        if share in blocks:
            raise InputError(f"{raw.source} has the column {share!r} twice", hint="keep one of them in the file")
        blocks[share] = {"close": column}
    return Shape(raw, {"date": date}, blocks)


_READERS: dict[str, Callable[[RawTable, Mapping[str, str], str | None], Shape | None]] = {
    "columns": read_columns,
    "wide": _read_wide,
    "levels": read_levels,
    "long": read_long,
    "transposed": read_transposed,
}
