"""Load and edit instruments, and translate the names that files and sources use to symbols of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from correlator.base.tabular import Frame
from correlator.errors import InputError, NotFoundError, counted, likeliest
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
from correlator.sessions.exchanges import exchange_named
from correlator.store.changes import update_rows
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.store.writing.bars import write_instruments
from correlator.store.writing.loads import write_load
from correlator.tables import INSTRUMENTS

Row = Mapping[str, str | None]


def add_instruments(store: Store, path: str | Path | Frame) -> LoadReport:
    """Load a table or frame of instruments: symbol, exchange, and any of currency, country, name, kind, benchmark and
    aliases.

    Values of the file replace those of the store, also if it writes a symbol in another way (``HBL.KA``, ``hbl``);
    empty cells change nothing. Currency and country of new instruments default to those of the exchange. Raises
    InputError or NotFoundError, and loads nothing, if ``read_instruments`` does, if an alias is a name of another
    instrument, or if a symbol is stored as an instrument of another market.
    """
    before = stored_names(store)
    rows = _as_stored(read_instruments(path).select(INSTRUMENTS.column_names), before, source_name(path))
    completed = [_completed(row, before) for row in rows.iter_rows(named=True)]
    after = _names_of([*({**before.rows, **{str(row["symbol"]): row for row in completed}}).values()])
    for row in completed:
        _check_aliases(after, str(row["symbol"]), row)
    changed = [row for row in completed if not _is_stored(row, before)]
    counts = (len(changed), rows.height - len(changed), 0)

    def write(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        write_instruments(connection, changed)
        write_load(
            connection, "instruments", source_name(path), sha256_of(path), rows=counts, finished_at=datetime.now(UTC)
        )
        return _notes(connection) if any(_has_new_names(row, before) for row in changed) else ()

    return LoadReport("instruments", source_name(path), *counts, notes=store.transact(write))


def _has_new_names(row: Row, before: Names) -> bool:
    """Whether a row has names that articles were not searched for."""
    stored = before.rows.get(str(row["symbol"]))
    return stored is None or any(row[name] not in (None, stored[name]) for name in ("name", "aliases"))


def _notes(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return a note on articles that were loaded before the names of instruments."""
    counts = query(
        connection,
        """
        SELECT (SELECT count(DISTINCT article_id) FROM articles) AS articles,
               CASE WHEN 'full' IN (SELECT coder FROM events) THEN 'full' ELSE 'rules' END AS coder
        """,
    )
    ((articles, coder),) = counts.rows()
    said = f"{counted(articles, 'stored article')} not yet searched for these names"
    return (f"{said}: run `correlator store recode --coder {coder}`",) if articles else ()


def edit_instrument(store: Store, symbol: str, **values: str) -> tuple[Row, Row]:
    """Set columns of a stored instrument; an empty text removes a value. Returns the row before and after.

    Raises NotFoundError if the symbol is not in the store, and InputError for an unknown exchange, currency, country or
    kind, for a benchmark that is not in the store, and for an alias that is a name of another instrument.
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
        if after["benchmark"] != before["benchmark"]:
            _check_benchmark(names, after["benchmark"])
        _check_aliases(names, known, after)
        rows = pl.DataFrame([after], schema=INSTRUMENTS.schema())
        connection.register("edited_instruments", rows)
        columns = [name for name in INSTRUMENTS.column_names if name != "symbol"]
        update_rows(connection, INSTRUMENTS, columns, "SELECT * FROM edited_instruments")
        connection.unregister("edited_instruments")
        return before, after

    return store.transact(work)


def _check_benchmark(names: Names, benchmark: str | None) -> None:
    """Raise InputError if the benchmark is not an instrument."""
    if benchmark and benchmark != "equal-weighted" and names.symbol_of(benchmark) is None:
        hint = likeliest(benchmark, names.rows, "the store has")
        raise InputError(f"benchmark {benchmark!r} is not an instrument of the store", hint=hint, argument="benchmark")


def _check_aliases(names: Names, symbol: str, row: Row) -> None:
    """Raise InputError if an alias of the instrument is a name of another one."""
    for alias in (row["aliases"] or "").split("|"):
        other = names.symbols.get(alias.upper())
        if alias and other not in (None, symbol):
            hint = f"if they are the same instrument, merge them: `correlator store merge {symbol} {other}`"
            raise InputError(f"{alias!r} is a name of {other}", hint=hint, argument="aliases")


def _as_stored(rows: pl.DataFrame, before: Names, source: str) -> pl.DataFrame:
    """Return the rows with the store's symbols for its instruments. Raises InputError if two are one instrument."""
    ours = [before.stored(symbol, exchange) or symbol for symbol, exchange in rows.select("symbol", "exchange").rows()]
    repeated = next((symbol for symbol in ours if ours.count(symbol) > 1), None) if len({*ours}) < len(ours) else None
    if repeated is not None:
        raise InputError(f"{source} has several rows for {repeated}", hint="keep one row per symbol")
    for symbol, exchange in zip(ours, rows["exchange"], strict=True):
        stored = before.rows.get(symbol)
        if stored is not None and not are_one_market(stored["exchange"], exchange):
            raise InputError(
                f"{source}: {symbol} is an instrument of {stored['exchange']} in this store, not of {exchange}",
                hint=f"use another symbol, or `correlator store instrument {symbol} --exchange {exchange}`",
            )
    return rows.with_columns(symbol=pl.Series(ours, dtype=pl.String))


def _completed(row: Row, before: Names) -> Row:
    """Return the row of a new instrument with currency and country of its exchange, unless it has its own."""
    if before.row(str(row["symbol"])) is not None:
        return row
    exchange = exchange_named(str(row["exchange"]))
    return {**row, "currency": row["currency"] or exchange.currency, "country": row["country"] or exchange.country}


def _is_stored(row: Row, before: Names) -> bool:
    """Whether the store already has all values of the row."""
    stored = before.rows.get(str(row["symbol"]))
    return stored is not None and all(value is None or stored[name] == value for name, value in row.items())


@dataclass(frozen=True)
class Names:
    """The instruments of a store by symbol (``rows``), and their symbols by every name in capitals (``symbols``)."""

    rows: dict[str, Row]
    symbols: dict[str, str]

    def row(self, name: str) -> Row | None:
        """Return the instrument with this symbol or alias, or None."""
        symbol = self.symbols.get(name.upper())
        return None if symbol is None else self.rows[symbol]

    def symbol_of(self, name: str) -> str | None:
        """Return the symbol for a name as people and files write it, or None.

        AIRLINK for airlink, AIRLINK.KA, PSX:AIRLINK and AIRLINK PK Equity.
        """
        known = self.symbols.get(name.strip().upper()) or self.symbols.get(canonical_symbol(name).upper())
        return known or self._symbol_at(*split_place(name))

    def _symbol_at(self, bare: str, place: str | None) -> str | None:
        """Return the symbol of the instrument called ``bare``, or None if ``place`` is a different exchange."""
        symbol = self.symbols.get(bare)
        return symbol if symbol is not None and are_one_market(place, self.rows[symbol]["exchange"]) else None

    def stored(self, symbol: str, exchange: str | None = None) -> str | None:
        """Return the symbol of the store's instrument that a file calls ``symbol``, or None; ``exchange`` if known."""
        known = self.symbol_of(symbol) or self.own(symbol)
        row = self.rows.get(known)
        return known if row is not None and are_one_market(exchange, row["exchange"]) else None

    def own(self, symbol: str) -> str:
        """Return the store's symbol for that of a source, whose prefix or suffix may be an exchange.

        A symbol that the store does not have is written as Yahoo does: LAMP for ``LAMP.US``, VOD.L for ``LSE:VOD``.
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
        """Return the instrument from the store, else from the package (see ``describe_instrument``)."""
        return self.row(symbol) or describe_instrument(symbol, exchange=exchange)

    def renamed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the frame with the store's symbols in its column ``symbol``."""
        ours = {name: self.symbols[name.upper()] for name in frame["symbol"].unique() if name.upper() in self.symbols}
        return frame.with_columns(pl.col("symbol").replace(ours))


def settle(names: Names, symbol: str, exchange: str | None, currency: str | None) -> tuple[Row, str | None]:
    """Return the instrument that bars of ``symbol`` belong to, and a note for the user or None.

    ``exchange``: requested by the caller; ``currency``: of the prices, according to the source. Raises InputError if
    the symbol is another instrument in the store or in the package, so that prices of different instruments are not
    mixed.
    """
    stored = names.row(symbol)
    if stored is not None:
        refuse_namesake(stored, symbol, exchange, currency, where="in this store")
        return stored, None
    row = dict(describe_instrument(symbol, exchange=exchange))
    known = find_instrument(symbol)
    if known is None or exchange is not None:
        note = None
        unit = _IN_HUNDREDTHS.get(str(row["exchange"]))
        if currency is None and unit is not None and row["kind"] in (None, "share"):
            note = (
                f"{symbol}: prices are assumed to be in {row['currency']}; if they are in {unit}, add --currency {unit}"
            )
        if row["kind"] == "rate":
            note = f"{symbol} seems to be a yield, to judge by its name: its relative changes are not returns"
        return {**row, "currency": currency or row["currency"]}, note
    refuse_namesake(known, symbol, None, currency, where="in the package's list of instruments")
    description = ", ".join(value for value in (row["name"], row["exchange"], row["currency"]) if value)
    return row, f"{symbol}: {description} (for another instrument with this name, add --exchange)"


def refuse_namesake(known: Row, symbol: str, exchange: str | None, currency: str | None, *, where: str) -> None:
    """Raise InputError if the known instrument has another exchange or currency than the new prices of ``symbol``."""
    description = ", ".join(value for value in (known["name"], known["exchange"], known["currency"]) if value)
    endings = exchange_endings(*FILE_SERVICES).items() if exchange else ()
    ending = next((end for end, place in endings if are_one_market(place, exchange)), exchange)
    if exchange is not None and known["kind"] not in _PLACELESS and not are_one_market(known["exchange"], exchange):
        raise InputError(
            f"{symbol} is {description} {where}, not an instrument of {exchange}",
            hint=f"load the other one under another name (--symbol {symbol}.{ending}), or into another store",
        )
    main_unit = (price_unit(known["currency"] or "") or (known["currency"],))[0]
    if currency is not None and main_unit is not None and currency != main_unit:
        raise InputError(
            f"{symbol} is {description} {where}, but these prices are in {currency}",
            hint="give their exchange (--exchange), or load them under another name",
        )


# Exchanges whose shares are quoted in hundredths.
_IN_HUNDREDTHS = {"XLON": "GBp", "XJSE": "ZAc"}
_PLACELESS = ("fx", "crypto", "commodity")


def stored_names(store: Store) -> Names:
    """Return the names of the instruments in the store; none if there is no store yet."""
    if not store.exists():
        return Names({}, {})
    with store.reading() as connection:
        return names_in(connection)


def names_in(connection: duckdb.DuckDBPyConnection) -> Names:
    """As ``stored_names``, for an open store."""
    rows = query(connection, "SELECT * FROM instruments ORDER BY symbol").to_dicts()
    return _names_of(rows)


def _names_of(rows: Sequence[Row]) -> Names:
    """Return the names of instruments; a symbol takes precedence over an alias, an alias over a spelling."""
    symbols = {str(row["symbol"]).upper(): str(row["symbol"]) for row in rows}
    for row in rows:
        for name in (row["aliases"] or "").split("|"):
            if name:
                symbols.setdefault(name.upper(), str(row["symbol"]))
    for spelling, symbol in symbols_by_spelling(str(row["symbol"]) for row in rows).items():
        symbols.setdefault(spelling, symbol)
    return Names({str(row["symbol"]): row for row in rows}, symbols)
