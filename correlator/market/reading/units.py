"""Convert units: prices in pence and cents to pounds and rand, volumes in thousands to shares."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from correlator.errors import InputError, listed
from correlator.market.layout.recognise import Recognised
from correlator.market.names.currencies import currencies, price_unit
from correlator.market.reading.lots import notes_of_lots
from correlator.market.reading.rows import as_layout_says
from correlator.market.vocabulary import PRICES, bracketed, field_of
from correlator.market.written.units import CURRENCY

_COUNTS = {
    "00": 1e2,
    "hundreds": 1e2,
    "000": 1e3,
    "000s": 1e3,
    "thousand": 1e3,
    "thousands": 1e3,
    "k": 1e3,
    "th": 1e3,
    "tsd": 1e3,
    "lakh": 1e5,
    "lakhs": 1e5,
    "lacs": 1e5,
    "million": 1e6,
    "millions": 1e6,
    "mn": 1e6,
    "mln": 1e6,
    "m": 1e6,
    "mm": 1e6,
    "mio": 1e6,
    "crore": 1e7,
    "crores": 1e7,
    "billion": 1e9,
    "bn": 1e9,
    "1000": 1e3,
    "1000s": 1e3,
    "vo": 1e3,
    "手": 100.0,
    "千股": 1e3,
    "千株": 1e3,
    "천주": 1e3,
    "万股": 1e4,
    "萬股": 1e4,
    "万株": 1e4,
    "百万株": 1e6,
    "百萬股": 1e6,
    "億股": 1e8,
    "亿股": 1e8,
    "тыс": 1e3,
    "млн": 1e6,
    "ribu": 1e3,
    "bin": 1e3,
    "milyon": 1e6,
    "tys": 1e3,
    "mille": 1e3,
    "milhares": 1e3,
    "miles": 1e3,
    "mill": 1e6,
    "mil": 1e3,
}
UnitOf = Callable[[str], tuple[str, float] | None]
"""Returns the currency and factor of a unit as the source writes it, or None."""
_SIGNS = "[$€£¥₹₨₺₩]"
_OF_ONE_CURRENCY = ("€", "£", "₹")
_LOTS = ("lot", "boardlot", "張", "张")


def stated_unit(text: str) -> tuple[str, float]:
    """Return ``price_unit`` of a currency that the caller states; raise InputError if it is not a currency."""
    unit = price_unit(text)
    if unit is None:
        raise InputError(
            f"currency {text!r} is not known",
            hint="give an ISO 4217 code (GBP), or GBp, ZAc, ILA for hundredths",
            argument="currency",
        )
    return unit


def volume_factor(label: str, source: str) -> float:
    """Return the factor from volumes under this header to shares: 1,000 for ``Volume (000)``.

    Raise InputError for lots, whose size differs from share to share.
    """
    unit = (bracketed(label) or _after_in(label)).casefold()
    words = re.findall(r"\w+", re.sub(r"^\s*(?:in\s+|x)", "", unit))
    if any(word.startswith(_LOTS) for word in words):
        raise InputError(
            f"{source}: column {label!r} counts lots of unknown size", hint="remove the column from the file"
        )
    return next((_COUNTS[word] for word in ("".join(words), *words) if word in _COUNTS), 1.0)


def _after_in(label: str) -> str:
    match = re.search(r"\b(?:in|x)\s+(\S+)\s*$", label, re.I) or re.search(r"['’]?(0{3}s?)\s*$", label)
    return match.group(1) if match else ""


def with_marked_currencies(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    """Add the column ``currency`` of rows whose closes carry its mark (``€45.78``, ``45.78 CHF``).

    Raise InputError for a symbol with several marks. A mark of several currencies ($, ¥, Rs) does not state one.
    """
    if rows["close"].dtype != pl.String or "currency" in rows.columns:
        return rows
    mark = pl.col("close").str.extract(rf"({_SIGNS}|\b(?:{'|'.join(sorted(currencies()))})\b)").alias("currency")
    marked = rows.with_columns(mark)
    pairs = marked.select("symbol", "currency").drop_nulls().unique(maintain_order=True)
    several = pairs.filter(pl.col("symbol").is_duplicated())
    if several.height:
        symbol = several["symbol"][0]
        marks = listed(several.filter(pl.col("symbol") == symbol)["currency"].to_list())
        raise InputError(f"{source} has closes of {symbol} in several currencies: {marks}", hint="split the file")
    known = pl.col("currency").str.len_chars() == len("EUR")
    of_one = known | pl.col("currency").is_in(_OF_ONE_CURRENCY)
    return marked.with_columns(pl.when(of_one).then("currency").alias("currency")) if pairs.height else rows


def in_whole_units(
    rows: pl.DataFrame, table: Recognised, stated: str | None
) -> tuple[pl.DataFrame, dict[str, str], list[str]]:
    """Convert prices to whole units of their currency and volumes to shares; return also currencies and notes.

    A source states its currency in a column, in the header of its closes, or in a line next to the table. Raise
    InputError if that contradicts itself or the ``stated`` currency, and if it is unknown and nothing is ``stated``.
    """
    units_by_symbol = _stated_units(rows, table, allow_unknown=stated is not None)
    if stated is not None:
        unit = stated_unit(stated)
        for symbol, theirs in units_by_symbol.items():
            if theirs != unit:
                raise InputError(
                    f"{table.table.source}: {symbol} is quoted in {_worded(theirs)}, not {_worded(unit)}",
                    hint="leave out currency (--currency)",
                )
        units_by_symbol = dict.fromkeys(rows["symbol"].unique().to_list(), unit)
    rows = rows.drop("currency", strict=False)
    notes = []
    factors = {symbol: factor for symbol, (_, factor) in units_by_symbol.items() if factor != 1.0}
    if factors:
        factor = pl.col("symbol").replace_strict(factors, default=1.0, return_dtype=pl.Float64)
        rows = rows.with_columns(pl.col(name) * factor for name in PRICES if name != "volume")
        names = listed(f"{symbol} {units_by_symbol[symbol][0]}".strip() for symbol in factors)
        notes.append(f"prices in hundredths were converted to whole units: {names}")
    label, count = _volume_unit(table)
    if count != 1.0:
        rows = rows.with_columns(pl.col("volume") * count)
        notes.append(f"volumes in column {label!r} were multiplied by {count:,.0f}")
    rows, more = as_layout_says(rows, table.layout)
    if not factors:
        notes += notes_of_lots(rows, table)
    return rows, {symbol: currency for symbol, (currency, _) in units_by_symbol.items() if currency}, [*notes, *more]


def _worded(unit: tuple[str, float]) -> str:
    return unit[0] if unit[1] == 1.0 else f"hundredths of {unit[0]}"


def _stated_units(rows: pl.DataFrame, table: Recognised, *, allow_unknown: bool) -> dict[str, tuple[str, float]]:
    """Return the unit of prices that the source states for each symbol; skip unknown ones with ``allow_unknown``."""
    raw = table.table

    def unit_of(text: str) -> tuple[str, float] | None:
        unit = price_unit(text)
        known = unit is not None and unit[0] in (*currencies(), "")
        if not known and not allow_unknown:
            raise InputError(
                f"{raw.source}: currency {text!r} is not known",
                hint="give currency (--currency USD; GBp, ZAc or ILA for hundredths)",
            )
        return unit if known else None

    stated: dict[str, tuple[str, float]] = {}
    of_file = next((raw.facts[key] for key in ("currency", "ccy", "trading currency") if raw.facts.get(key)), None)
    heads = _units_of_headers(table, unit_of)
    if len(heads) > 1 and table.is_wide:
        listed = " and ".join(sorted(_worded(unit) for unit in heads))
        raise InputError(f"{raw.source} has prices in {listed}", hint="split the file by currency")
    if len(heads) == 1:
        stated = dict.fromkeys(rows["symbol"].unique().to_list(), heads.pop())
    if of_file is not None and (unit := unit_of(of_file)) is not None:
        if stated and unit not in stated.values():
            raise InputError(
                f"{raw.source} names two currencies: {of_file} and {next(iter(stated.values()))[0]}",
                hint="keep the right one in the file",
            )
        stated = dict.fromkeys(rows["symbol"].unique().to_list(), unit)
    if "currency" in rows.columns:
        for symbol, text in rows.select("symbol", pl.col("currency").cast(pl.String)).unique().drop_nulls().iter_rows():
            unit = unit_of(text)
            if unit is None:
                continue
            if stated.get(symbol, unit) != unit:
                raise InputError(
                    f"{raw.source} quotes {symbol} in several currencies", hint="split the file by currency"
                )
            stated[symbol] = unit
    return stated


def _volume_unit(table: Recognised) -> tuple[str, float]:
    """Return the (first) header of the volumes and the factor from them to shares.

    Raise InputError if the factor differs between shares.
    """
    raw = table.table
    labels = list(dict.fromkeys(raw.label(fields["volume"]) for fields in table.blocks.values() if "volume" in fields))
    counts = {volume_factor(label, raw.source): label for label in reversed(labels)}
    if len(counts) > 1:
        listed = " and ".join(repr(label) for label in counts.values())
        raise InputError(f"{raw.source} has volumes in different units: {listed}", hint="split the file")
    return (labels[0], next(iter(counts))) if counts else ("", 1.0)


def _units_of_headers(table: Recognised, unit_of: UnitOf) -> set[tuple[str, float]]:
    """Return the units that the headers of the closes state.

    Raise InputError if some shares of a table are in hundredths and others are not.
    """
    raw = table.table
    fields = [fields for fields in table.blocks.values() if {"close", "adjusted_close"} & set(fields)]
    labels = [[raw.label(each[name]) for name in ("close", "adjusted_close") if name in each] for each in fields]
    units = [
        {unit for label in each if (unit := _unit_of_header(label, table, unit_of)) is not None} for each in labels
    ]
    found = set().union(*units)
    factors = {factor for each in units for _, factor in (each or {("", 1.0)})}
    if table.is_wide and len(factors) > 1:
        raise InputError(f"{raw.source} has prices both in hundredths and in whole units", hint="split the file")
    return found


def _unit_of_header(label: str, table: Recognised, unit_of: UnitOf) -> tuple[str, float] | None:
    word = bracketed(label)
    if word.startswith(CURRENCY):
        sign = word.removeprefix(CURRENCY)
        return unit_of("£ (of Datastream: pounds or pence)" if sign == "£" else sign)
    unit = price_unit(word)
    if unit is None or field_of(label) is not None:
        return unit
    return unit if table.is_wide and (unit[1] != 1.0 or unit[0] in currencies()) else None
