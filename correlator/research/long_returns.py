"""Returns in long format, one row per share and day, as databases deliver them (CRSP, Compustat)."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from correlator.containers.raw import RawTable
from correlator.errors import InputError, counted, listed, warn
from correlator.market.layout.single_columns import date_column
from correlator.market.names.codes import as_symbols
from correlator.market.names.two_columns import name_other_shares
from correlator.market.vocabulary import field_of, is_identifier, plain, rank_of

_RETURN_NAMES = ("ret", "dlyret", "return", "returns", "dailyreturn", "logret", "logreturn", "simplereturn", "trt1d")
"""Names of a column of returns; total returns come first."""
# CRSP's letters for a missing return.
_NO_RETURN = r"^[A-E]$"


@dataclass(frozen=True)
class LongReturns:
    """The columns of a raw table with the dates, the shares and their returns.

    ``others``: further columns called returns; ``other_symbols``: further columns called symbols.
    """

    date: str
    symbol: str
    value: str
    others: tuple[str, ...] = ()
    other_symbols: tuple[str, ...] = ()


def long_returns(raw: RawTable) -> LongReturns | None:
    """Return the columns of a table with a row per share and day and a return; None for any other table."""
    by_name = {plain(raw.label(column)): column for column in reversed(raw.columns)}
    values = [by_name[name] for name in _RETURN_NAMES if name in by_name]
    shares = [column for column in raw.columns if field_of(raw.label(column)) == "symbol"]
    shares.sort(key=lambda column: rank_of(raw.label(column)))
    shares = shares or [column for column in raw.columns if is_identifier(raw.label(column))]
    if not values or not shares:
        return None
    date = date_column(raw, {})
    return None if date is None else LongReturns(date, shares[0], values[0], tuple(values[1:]), tuple(shares[1:]))


def wide_returns(raw: RawTable, places: LongReturns, name: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the returns with a row per day and a column per share, and notes for the user.

    Raises InputError if a share has several returns on one day, also in two columns that differ, and if two columns
    name different shares.
    """
    labelled = {column: raw.frame[column].alias(raw.label(column)) for column in (places.symbol, *places.other_symbols)}
    for other in places.other_symbols:
        if name_other_shares(labelled[places.symbol], labelled[other]):
            both = f"{raw.label(places.symbol)!r} and {raw.label(other)!r}"
            raise InputError(f"{name} has two columns of symbols that differ: {both}", hint="keep one of them")
    for other in places.others:
        if not raw.is_same(places.value, other):
            both = f"{raw.label(places.value)!r} and {raw.label(other)!r}"
            raise InputError(f"{name} has two columns of returns that differ: {both}", hint="keep one of them")
    frame = raw.frame.select(
        date=places.date, symbol=as_symbols(raw.frame[places.symbol]).alias("symbol"), value=places.value
    )
    unnamed = frame["symbol"].is_null() | (frame["symbol"] == "")
    if unnamed.any():
        warn(f"{name}: {counted(int(unnamed.sum()), 'row')} without a share left out")
    rows = frame.filter(~unnamed).unique(maintain_order=True)
    if rows["value"].dtype == pl.String:
        rows = rows.with_columns(pl.when(~pl.col("value").str.contains(_NO_RETURN)).then("value").alias("value"))
    duplicates = rows.filter(pl.struct("date", "symbol").is_duplicated())
    if duplicates.height:
        day, share = duplicates.row(0)[:2]
        raise InputError(f"{name} has several returns of {share} on {day}", hint="keep one row per share and day")
    wide = rows.pivot(on="symbol", index="date", values="value", maintain_order=True)
    label = raw.label(places.value)
    return wide, (
        f"{name} is read as returns of {listed(wide.columns[1:])}, one row per share and day (column {label!r})",
    )
