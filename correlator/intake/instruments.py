"""A user's own file of instruments into the store, and its names for what files and Yahoo call otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from correlator.base.tabular import Frame
from correlator.errors import InputError, NotFoundError, likeliest
from correlator.intake.report import LoadReport, sha256_of, source_name
from correlator.market.names.currencies import price_unit
from correlator.market.names.exchanges import are_one_market, exchange_endings
from correlator.market.names.instruments import (
    FILE_SERVICES,
    canonical_symbol,
    checked_row,
    describe_instrument,
    find_instrument,
    read_instruments,
    symbols_by_spelling,
)
from correlator.market.names.symbols import split_place
from correlator.sessions.calendars import exchange_named
from correlator.store.changes import update_rows
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.store.writing import write_instruments, write_load
from correlator.tables import INSTRUMENTS

Row = Mapping[str, str | None]


def add_instruments(store: Store, path: str | Path | Frame) -> LoadReport:
    """Load a table or frame of instruments: symbol, exchange, and any of currency, country, name, kind, benchmark and
    aliases.

    What the file says replaces what the store says; a cell left empty changes nothing, and where nothing is known yet
    currency and country are those of the exchange. Raises InputError or NotFoundError, and loads nothing, for a file
    that ``read_instruments`` refuses, and for another name that is a second instrument's.
    """
    rows = read_instruments(path).select(INSTRUMENTS.column_names)
    before = stored_names(store)
    fresh = [_completed(row, before) for row in rows.iter_rows(named=True)]
    together = _names_of([*({**before.rows, **{str(row["symbol"]): row for row in fresh}}).values()])
    for row in fresh:
        _refuse_names_of_others(together, str(row["symbol"]), row)
    changed = [row for row in fresh if not _says_nothing_new(row, before)]
    counts = (len(changed), rows.height - len(changed), 0)

    def write(connection: duckdb.DuckDBPyConnection) -> None:
        write_instruments(connection, changed)
        write_load(
            connection, "instruments", source_name(path), sha256_of(path), rows=counts, finished_at=datetime.now(UTC)
        )

    store.transact(write)
    return LoadReport("instruments", source_name(path), *counts)


def edit_instrument(store: Store, symbol: str, **values: str) -> tuple[Row, Row]:
    """Set columns of a stored instrument; an empty text takes a value away. Returns the row before and after.

    Raises NotFoundError for a symbol that the store has not, InputError for an exchange, currency, country or kind that
    does not exist, for a benchmark or another name that is not an instrument of the store or another one's.
    """

    def work(connection: duckdb.DuckDBPyConnection) -> tuple[Row, Row]:
        names = names_in(connection)
        known = names.symbol_of(symbol)
        if known is None:
            raise NotFoundError(f"the store has no instrument {symbol!r}", hint=likeliest(symbol, names.rows, "it has"))
        before = names.rows[known]
        after = {**before, **{name: value.strip() or None for name, value in values.items()}}
        if not after["exchange"]:
            raise InputError(f"{known} must have an exchange", argument="exchange")
        after = {**after, **checked_row(after)}
        _refuse_strangers(names, known, after)
        rows = pl.DataFrame([after], schema=INSTRUMENTS.schema())
        connection.register("edited_instruments", rows)
        columns = [name for name in INSTRUMENTS.column_names if name != "symbol"]
        update_rows(connection, INSTRUMENTS, columns, "SELECT * FROM edited_instruments")
        connection.unregister("edited_instruments")
        return before, after

    return store.transact(work)


def _refuse_strangers(names: Names, symbol: str, row: Row) -> None:
    """Raise where the benchmark is not an instrument, or as ``_refuse_names_of_others``."""
    benchmark = row["benchmark"]
    if benchmark and benchmark != "equal-weighted" and names.symbol_of(benchmark) is None:
        hint = likeliest(benchmark, names.rows, "the store has")
        raise InputError(f"benchmark {benchmark!r} is not an instrument of the store", hint=hint, argument="benchmark")
    _refuse_names_of_others(names, symbol, row)


def _refuse_names_of_others(names: Names, symbol: str, row: Row) -> None:
    """Raise where another name of the instrument is a name of a second one."""
    for alias in (row["aliases"] or "").split("|"):
        other = names.symbols.get(alias.upper())
        if alias and other not in (None, symbol):
            hint = f"`correlator store merge {symbol} {other}` makes both one"
            raise InputError(f"{alias!r} is a name of {other}", hint=hint, argument="aliases")


def _completed(row: Row, before: Names) -> Row:
    """The row with the exchange's currency and country, where neither the row nor the store has them."""
    if before.row(str(row["symbol"])) is not None:
        return row
    place = exchange_named(str(row["exchange"]))
    return {**row, "currency": row["currency"] or place.currency, "country": row["country"] or place.country}


def _says_nothing_new(row: Row, before: Names) -> bool:
    stored = before.rows.get(str(row["symbol"]))
    return stored is not None and all(value is None or stored[name] == value for name, value in row.items())


@dataclass(frozen=True)
class Names:
    """Instruments of a store by symbol, and symbols by every name in capitals."""

    rows: dict[str, Row]
    symbols: dict[str, str]

    def row(self, name: str) -> Row | None:
        """The instrument that a symbol or another name of it stands for, or None."""
        symbol = self.symbols.get(name.upper())
        return None if symbol is None else self.rows[symbol]

    def symbol_of(self, name: str) -> str | None:
        """The store's symbol for what a file or a person calls it: AIRLINK for airlink, AIRLINK.KA, PSX:AIRLINK and
        AIRLINK PK Equity.
        """
        known = self.symbols.get(name.strip().upper()) or self.symbols.get(canonical_symbol(name).upper())
        return known or self._symbol_at(*split_place(name))

    def _symbol_at(self, bare: str, place: str | None) -> str | None:
        """The symbol of an instrument that is called ``bare``, unless ``place`` says another exchange than its own."""
        symbol = self.symbols.get(bare)
        return symbol if symbol is not None and are_one_market(place, self.rows[symbol]["exchange"]) else None

    def own(self, symbol: str) -> str:
        """The store's symbol for one that a source states, whose prefix or ending may say its exchange.

        One that the store does not have is written as Yahoo does: LAMP for ``LAMP.US``, VOD.L for ``LSE:VOD``.
        """
        bare, place = split_place(symbol)
        if place is None:
            return self.symbol_of(symbol) or symbol
        ending = next((each for each, exchange in exchange_endings(*FILE_SERVICES).items() if exchange == place), "")
        abroad = exchange_named(place).country not in ("USA", "PAK") and ending
        written = f"{bare}.{ending}" if abroad else bare
        for name in (symbol, written, bare):
            row = self.row(name)
            if row is not None and are_one_market(row["exchange"], place):
                return str(row["symbol"])
        return written

    def describe(self, symbol: str, exchange: str | None) -> Row:
        """The instrument as the store has it, else as the package knows it (see ``describe_instrument``)."""
        return self.row(symbol) or describe_instrument(symbol, exchange=exchange)

    def renamed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the store's symbols in its column ``symbol``."""
        ours = {name: self.symbols[name.upper()] for name in frame["symbol"].unique() if name.upper() in self.symbols}
        return frame.with_columns(pl.col("symbol").replace(ours))


def settle(names: Names, symbol: str, exchange: str | None, currency: str | None) -> tuple[Row, str | None]:
    """The instrument that bars of ``symbol`` belong to, and what to tell of it.

    ``exchange``: the one that the caller asks for; ``currency``: what the source says that its prices are in. Raises
    InputError where the store, or what is known of the symbol, is another instrument: its prices are not mixed.
    """
    stored = names.row(symbol)
    if stored is not None:
        refuse_namesake(stored, symbol, exchange, currency, where="in this store")
        return stored, None
    row = dict(describe_instrument(symbol, exchange=exchange))
    known = find_instrument(symbol)
    if known is None or exchange is not None:
        hint = None
        unit = _IN_HUNDREDTHS.get(str(row["exchange"]))
        if currency is None and unit is not None and row["kind"] in (None, "share"):
            hint = f"{symbol}: prices are taken as {row['currency']}; if they are in {unit} say --currency {unit}"
        if row["kind"] == "rate":
            hint = f"{symbol} is a yield by its name: its change in per cent is no return of anything"
        return {**row, "currency": currency or row["currency"]}, hint
    refuse_namesake(known, symbol, None, currency, where="as the package knows it")
    description = ", ".join(value for value in (row["name"], row["exchange"], row["currency"]) if value)
    return row, f"{symbol}: {description} (another one of that name needs --exchange)"


def refuse_namesake(known: Row, symbol: str, exchange: str | None, currency: str | None, *, where: str) -> None:
    """Raise InputError where what is known of a symbol has another exchange or currency than its new prices."""
    description = ", ".join(value for value in (known["name"], known["exchange"], known["currency"]) if value)
    endings = exchange_endings(*FILE_SERVICES).items() if exchange else ()
    ending = next((end for end, place in endings if are_one_market(place, exchange)), exchange)
    if exchange is not None and known["kind"] not in _PLACELESS and not are_one_market(known["exchange"], exchange):
        raise InputError(
            f"{symbol} is {description} {where}, not an instrument of {exchange}",
            hint=f"load the other one under a name of its own (--symbol {symbol}.{ending}), or into another store",
        )
    whole = (price_unit(known["currency"] or "") or (known["currency"],))[0]
    if currency is not None and whole is not None and currency != whole:
        raise InputError(
            f"{symbol} is {description} {where}, but these prices are in {currency}",
            hint="give the exchange they are from (--exchange), or load them under a name of their own",
        )


# Exchanges whose shares are quoted in hundredths.
_IN_HUNDREDTHS = {"XLON": "GBp", "XJSE": "ZAc"}
_PLACELESS = ("fx", "crypto", "commodity")


def stored_names(store: Store) -> Names:
    """The names that the store's instruments have; none if there is no store yet."""
    if not store.exists():
        return Names({}, {})
    with store.reading() as connection:
        return names_in(connection)


def names_in(connection: duckdb.DuckDBPyConnection) -> Names:
    """As ``stored_names``, of an open store."""
    rows = query(connection, "SELECT * FROM instruments ORDER BY symbol").to_dicts()
    return _names_of(rows)


def _names_of(rows: Sequence[Row]) -> Names:
    symbols = {str(row["symbol"]).upper(): str(row["symbol"]) for row in rows}
    for row in rows:
        for name in (row["aliases"] or "").split("|"):
            if name:
                symbols.setdefault(name.upper(), str(row["symbol"]))
    for spelling, symbol in symbols_by_spelling(str(row["symbol"]) for row in rows).items():
        symbols.setdefault(spelling, symbol)
    return Names({str(row["symbol"]): row for row in rows}, symbols)
