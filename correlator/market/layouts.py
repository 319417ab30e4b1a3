"""Which column of a price file is what: names as the common sources write them, and layouts that they make."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from correlator.errors import InputError, likeliest
from correlator.market.raw_table import AT, LINE, RawTable

PRICES = ("open", "high", "low", "close", "adjusted_close", "volume")
FIELDS = ("date", "time", "symbol", *PRICES)

# Names are compared in lower case without anything but letters and digits.
_NAMES: dict[str, tuple[str, ...]] = {
    "date": ("date", "datetime", "timestamp", "dates", "tradedate", "tradingdate", "session", "day", "dt", "time"),
    "time": ("time",),
    "symbol": ("symbol", "ticker", "code", "instrument", "scrip", "tic"),
    "open": ("open", "o", "openvalue", "openprice", "opening"),
    "high": ("high", "h", "highvalue", "highprice"),
    "low": ("low", "l", "lowvalue", "lowprice"),
    "close": ("close", "c", "closevalue", "closeprice", "closing", "last", "price", "lastprice", "settle", "current"),
    "adjusted_close": ("adjclose", "adjustedclose", "closeadj", "adjustedprice"),
    "volume": ("volume", "vol", "v", "volumevalue", "turnover", "sharevolume"),
}


@dataclass(frozen=True)
class Layout:
    """What a file's columns are: ``columns`` maps ours to theirs; ``wide`` names columns that are symbols."""

    name: str
    columns: Mapping[str, str]
    wide: tuple[str, ...] = ()


def find_layout(raw: RawTable, columns: Mapping[str, str] | None) -> Layout:
    """The layout of a source. ``columns`` (ours to theirs) wins over what the names tell.

    Raises InputError for columns that are not there and where no date or no price can be found, naming what there is.
    """
    given = _check_given(raw, columns or {})
    found = dict(given)
    plain = {name: re.sub(r"[^a-z0-9]", "", name.lower()) for name in raw.names}
    for field in FIELDS:
        if field in found:
            continue
        for candidate in _NAMES[field]:
            theirs = next((name for name in raw.names if plain[name] == candidate and name not in found.values()), None)
            if theirs is not None:
                found[field] = theirs
                break
    if "date" not in found:
        unnamed = next((name for name in raw.names if plain[name] in ("", "column1", "unnamed0")), None)
        if unnamed is None:
            raise InputError(f"{raw.source} has no date column", hint=_what_is_there(raw, "date"))
        found["date"] = unnamed
    if "close" not in found and "adjusted_close" not in found:
        return _wide(raw, found)
    return Layout(_name(raw, plain, found), found)


def _check_given(raw: RawTable, columns: Mapping[str, str]) -> dict[str, str]:
    unknown = [ours for ours in columns if ours not in FIELDS]
    if unknown:
        raise InputError(f"columns: {unknown[0]!r} is not one of ours", hint=likeliest(unknown[0], FIELDS, "map"))
    missing = [theirs for theirs in columns.values() if theirs not in raw.names]
    if missing:
        raise InputError(f"{raw.source} has no column {missing[0]!r}", hint=likeliest(missing[0], raw.names, "it has"))
    return dict(columns)


def _what_is_there(raw: RawTable, wanted: str) -> str:
    shown = ", ".join(raw.names[:12]) + (", ..." if len(raw.names) > 12 else "")
    return f"it has {shown}; name it with columns={{'{wanted}': ...}} or --column {wanted}=..."


def _wide(raw: RawTable, found: Mapping[str, str]) -> Layout:
    """One column per symbol: every column besides the date holds numbers."""
    taken = {found["date"]}
    others = [name for name in raw.names if name not in taken]
    known_prices = [field for field in found if field in PRICES]
    numeric = [name for name in others if _is_numeric(raw.frame[name])]
    if known_prices or "symbol" in found or not numeric or len(numeric) < len(others):
        raise InputError(f"{raw.source} has no closing price", hint=_what_is_there(raw, "close"))
    return Layout("wide", {"date": found["date"]}, tuple(numeric))


def _is_numeric(column: pl.Series) -> bool:
    if column.dtype.is_numeric():
        return True
    if column.dtype != pl.String:
        return False
    some = column.drop_nulls().head(200).str.strip_chars()
    return (
        len(some) == 0 or int(some.str.contains(r"^-?[\d,]*\.?\d*([eE][-+]?\d+)?$|^(nan|NaN)$").sum()) > len(some) // 2
    )


def _name(raw: RawTable, plain: Mapping[str, str], found: Mapping[str, str]) -> str:
    names = set(plain.values())
    if any(name.startswith("<") for name in raw.names):
        return "stooq"
    if "change" in names and "price" in names and "vol" in names:
        return "investing.com"
    if "adjusted_close" in found:
        return "yahoo"
    if {"ldcp", "current"} & names or ("change" in names and "changep" in names):
        return "psx"
    return "columns"


def without_extra_headers(raw: RawTable) -> tuple[RawTable, str | None]:
    """The table without the two further header rows that yfinance writes; and the symbol that those rows name.

    Raises InputError where they name several symbols, since a flat file of that layout repeats its column names.
    """
    names = raw.names
    if not raw.is_text or not names or raw.frame.height < 2 or names[0] != "Price":
        return raw, None
    first = raw.frame[names[0]][0]
    if first not in ("Ticker", "Date"):
        return raw, None
    symbols = {str(raw.frame[name][0]) for name in names[1:] if raw.frame[name][0]} if first == "Ticker" else set()
    if len(symbols) > 1:
        raise InputError(
            f"{raw.source} holds several symbols under two header rows",
            hint="save one file per symbol, or a stacked one",
        )
    rows = raw.frame.filter(~pl.col(names[0]).is_in(["Ticker", "Date"]))
    renamed = rows.rename({names[0]: "Date"})
    return RawTable(raw.source, renamed, raw.broken, is_text=True), symbols.pop() if symbols else None


def melt(raw: RawTable, layout: Layout, only: Sequence[str] | None = None) -> pl.DataFrame:
    """A wide table stacked: __line, __at, symbol, close, without empty cells."""
    stacked = raw.frame.unpivot(list(only or layout.wide), index=[LINE, AT], variable_name="symbol", value_name="close")
    return stacked.filter(pl.col("close").is_not_null())
