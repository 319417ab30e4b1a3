"""Handle a row of units below the column names: ``Currency,GBp,GBp``, ``,(USD),(USD)`` or ``,USD,shares``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from correlator.containers.raw import RawTable
from correlator.market.vocabulary import bracketed, field_of
from correlator.market.written.units import CURRENCY, is_currency

_CURRENCY_ROWS = ("currency", "ccy", "curr", "price currency")
_UNIT_ROWS = ("", "unit", "units", "nan", "none")
_DATE_FORM = re.compile(r"[dmyDMY]{1,4}([-/. ][dmyDMYbB]{1,4}){2}")
_COUNTED = re.compile(r"(?i)(shares|units|index|points|pts|%|000s?|thousands?|millions?|mn|mio|lots?)\.?")


def units_in_names(raw: RawTable, *, kept: bool = True) -> RawTable:
    """Append the lowest header row in brackets to the names above it, if it is a row of units.

    ``kept``: whether to append the units or to drop them.

    >>> from correlator.containers.raw import table_of_cells
    >>> units_in_names(table_of_cells("t", [("Date", ""), ("LAMP", "(USD)")], [])).header
    (('Date',), ('LAMP (USD)',))
    """
    if len(raw.header) < 2 or len({len(cells) for cells in raw.header}) != 1 or len(raw.header[0]) < 2:
        return raw
    first, *others = raw.header
    named = [cells for cells in others if any(cells)]
    of_currency = _plain(first[-1]) in _CURRENCY_ROWS
    names, units = [cells[-2] for cells in named], [cells[-1] for cells in named if cells[-1]]
    if not units or not all(names) or len(set(names)) < len(names):
        return raw
    if not of_currency and not (_has_no_unit(first[-1]) and all(map(_is_unit, units))):
        return raw
    upper = [cells[:-1] for cells in others]
    if kept:
        upper = [(*cells[:-2], _with_unit(cells[-2], cells[-1], of_currency=of_currency)) for cells in others]
    return replace(raw, header=(first[:-1], *upper))


def named_once(raw: RawTable) -> RawTable:
    """Reduce a header with several rows of names to one, as in files of CSMAR with codes, descriptions and units.

    The first row that names known date and close columns is kept, else the lowest.
    """
    if len({len(cells) for cells in raw.header}) != 1 or len(raw.header[0]) < 2:
        return raw
    levels = [[cells[level] for cells in raw.header] for level in range(len(raw.header[0]))]
    complete = [level for level, names in enumerate(levels) if _names_each(names)]
    for level in complete if len(complete) > 1 else ():
        fields = {field_of(name) for name in levels[level]}
        if "date" in fields and fields & {"close", "last", "adjusted_close"}:
            return replace(raw, header=tuple((name,) for name in levels[level]))
    return replace(raw, header=tuple(cells[complete[-1] :] for cells in raw.header)) if len(complete) > 1 else raw


def _names_each(cells: Sequence[str]) -> bool:
    """Whether a header row has distinct names for all columns, and is not a row of units."""
    of_units = _plain(cells[0]) in _CURRENCY_ROWS or all(map(_is_unit, cells[1:]))
    return all(cells) and len(set(cells)) == len(cells) and not of_units


def _plain(word: str) -> str:
    return word.strip().lower().rstrip(":")


def _has_no_unit(word: str) -> bool:
    """Whether the cell below the name of the date column is empty, or states a date format."""
    return _plain(word) in _UNIT_ROWS or _DATE_FORM.fullmatch(word.strip()) is not None


def _with_unit(name: str, unit: str, *, of_currency: bool) -> str:
    return f"{name} ({CURRENCY * of_currency}{bracketed(unit) or unit})" if unit else name


def _is_unit(cell: str) -> bool:
    word = bracketed(cell) or cell.strip()
    return word != cell.strip() or is_currency(word) or bool(_COUNTED.fullmatch(word))
