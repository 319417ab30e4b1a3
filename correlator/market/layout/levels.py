"""Read tables whose header names shares and fields, in two rows or in one name (``KO.Close``, ``Close_MSFT``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from correlator.containers.raw import RawTable
from correlator.errors import InputError, listed
from correlator.market.layout.rivals import settle_rivals
from correlator.market.layout.single_columns import SYMBOL_LIKE, Shape, date_column, holds_dates, name_it, no_dates
from correlator.market.vocabulary import PRICES, field_of, is_figure

_MARKS = re.compile(r"[\s._|/:\-]+")
# Datastream's data types and their fields; types that are not fields of a bar are listed so that they are not symbols.
_DATA_TYPES = {"P": "close", "PO": "open", "PH": "high", "PL": "low", "VO": "volume"} | dict.fromkeys(
    ("RI", "PI", "MV", "UP", "UVO", "AF", "NOSH", "DY", "PE", "VA", "PB", "MTBV", "DPS", "EPS"), "factor"
)
_DATA_TYPE = re.compile(rf"(?P<symbol>.+)\((?P<type>{'|'.join(_DATA_TYPES)})\)")


def read_levels(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> Shape | None:
    """Read the table as one of fields per symbol; None if its header does not name both."""
    date = date_column(raw, given) or _first_of_dates(raw)
    if date is None:
        raise no_dates(raw)
    blocks = header_levels(raw) or blocks_of_names(raw, given, symbol)
    if not blocks:
        return None
    lacking = [name for name, fields in blocks.items() if not {"close", "adjusted_close", "last"} & set(fields)]
    if len(lacking) == len(blocks):
        raise InputError(f"{raw.source} has no close column", hint=name_it(raw, "close"))
    notes = [f"skipped {listed(lacking)}: no close column"] if lacking else []
    complete: dict[str | None, Mapping[str, str]] = {}
    for name, fields in blocks.items():
        if name in lacking:
            continue
        named = dict(fields)
        last = named.pop("last", None)
        if last is not None:
            named.setdefault("close", last)
        complete[name] = named
    return Shape(raw, {"date": date}, complete, tuple(notes))


def _first_of_dates(raw: RawTable) -> str | None:
    return next((column for column in raw.columns if holds_dates(raw, column, column == "c0")), None)


def header_levels(raw: RawTable) -> dict[str, dict[str, str]]:
    """Return the fields of each symbol if one header row names fields and another symbols; else an empty dict."""
    date = _first_of_dates(raw) or "c0"
    pairs = {}
    for column in raw.columns:
        cells = [cell for cell in raw.header[int(column[1:])] if cell]
        if column == date or not cells:
            continue
        pairs[column] = cells
    alone = {column: cells[0] for column, cells in pairs.items() if len(cells) == 1}
    pairs = {column: cells for column, cells in pairs.items() if column not in alone}
    if len(alone) >= len(pairs) or any(len(cells) != 2 for cells in pairs.values()):
        return {}
    for field_level in (0, 1):
        if all(is_figure(cells[field_level]) for cells in pairs.values()):
            named = {column: (cells[1 - field_level], cells[field_level]) for column, cells in pairs.items()}
            return _blocks(raw, {**named, **_of_only_symbol(named, alone)})
    return {}


def _of_only_symbol(named: Mapping[str, tuple[str, str]], alone: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return columns that were added later, below whose names no symbol stands, as those of the only symbol."""
    symbols = list(dict.fromkeys(symbol for symbol, _ in named.values()))
    if len(symbols) != 1:
        return {}
    return {column: (symbols[0], name) for column, name in alone.items() if is_figure(name)}


def blocks_of_names(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> dict[str, dict[str, str]]:
    """Return the fields of each symbol if each name contains both: ``KO.Close``, ``Close_MSFT``, ``Adj Close KO``."""
    date = date_column(raw, given)
    labels = {column: label for column, label in raw.labels.items() if column != date and label}
    if len(labels) < 1:
        return {}
    for cut in (_field_first, _field_last, _data_type):
        named = {column: cut(label) for column, label in labels.items()}
        complete = {column: pair for column, pair in named.items() if pair is not None}
        if not _are_symbols({name for name, _ in complete.values()}, symbol):
            continue
        if cut is _data_type and len({field for _, field in complete.values()}) < 2:
            continue  # LAMP(RI), WICK(RI): shares with one field each
        if len(complete) == len(labels) and any(
            field_of(field) in ("close", "last", "adjusted_close") for _, field in complete.values()
        ):
            return _blocks(raw, complete)
    return {}


def _are_symbols(names: set[str], symbol: str | None) -> bool:
    """Whether parts of column names are symbols: none a field (``MID_CLOSE``), all symbol-like or one ``symbol``."""
    if any(is_figure(name) for name in names):
        return False
    has_symbol = symbol is not None and symbol.upper() in {name.upper() for name in names}
    return has_symbol or all(SYMBOL_LIKE.match(name) for name in names)


def _field_first(label: str) -> tuple[str, str] | None:
    """Split ``Close_KO`` into symbol and field, with the longest field that fits."""
    cuts = [(label[mark.end() :], label[: mark.start()]) for mark in _MARKS.finditer(label)]
    return _surest(reversed(cuts))


def _field_last(label: str) -> tuple[str, str] | None:
    return _surest((label[: mark.start()], label[mark.end() :]) for mark in _MARKS.finditer(label))


def _data_type(label: str) -> tuple[str, str] | None:
    """Split Datastream's ``LAMP(PH)`` into symbol and field."""
    match = _DATA_TYPE.fullmatch(label)
    return None if match is None else (match["symbol"], _DATA_TYPES[match["type"]])


def _surest(cuts: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Return the first split into symbol and known figure, preferring fields of a bar.

    ``KO.N Close`` is the close of KO.N, not a figure "N Close" of KO.
    """
    pairs = [(symbol, field) for symbol, field in cuts if symbol and field and is_figure(field)]
    of_bars = [pair for pair in pairs if field_of(pair[1]) in (*PRICES, "last")]
    return next(iter([*of_bars, *pairs]), None)


def holds_field(label: str) -> bool:
    """Whether a part of the name is that of a field of a bar: ``KO_Volume``."""
    pairs = [pair for pair in (_field_first(label), _field_last(label)) if pair is not None]
    return any(field_of(name) in (*PRICES, "last") for _, name in pairs)


def _blocks(raw: RawTable, named: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    blocks: dict[str, dict[str, str]] = {}
    names: dict[str, dict[str, str]] = {}
    for column, (symbol, name) in named.items():
        names.setdefault(symbol, {})[column] = name
        fields = blocks.setdefault(symbol, {})
        ours = field_of(name)
        if ours not in (*PRICES, "last"):
            continue
        if ours in fields:
            if not raw.is_same(column, fields[ours]):
                raise InputError(
                    f"{raw.source} has two columns of {ours} for {symbol} with different values",
                    hint="remove one of them from the file",
                )
            continue
        fields[ours] = column
    for symbol, fields in blocks.items():
        settle_rivals(raw, fields, names[symbol], whose=symbol)
    return blocks
