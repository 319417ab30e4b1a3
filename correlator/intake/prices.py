"""Bars into the store; strips that print their symbols are dated anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Unpack

import polars as pl

from correlator.intake.instruments import Names, settle, stored_names
from correlator.intake.parts import Connection, Derive, Tally, load_parts
from correlator.intake.report import LoadReport, sha256_of, source_name
from correlator.intake.strips import date_strips
from correlator.market.audit import audit_prices
from correlator.market.files import PriceKeywords, PriceOptions, read_file
from correlator.market.findings import summarise
from correlator.store.db import Store
from correlator.store.unfinished import Load
from correlator.store.writing import first_of_each_bar, write_bars, write_instruments, write_rejects

MOST_CHECKED = 250_000
PART_ROWS = 250_000
"""Bars of one transaction: as many as are written in less than half a second."""
_MOST_TOLD = 10


def add_prices(
    store: Store,
    source: str | Path | Any,
    *,
    retrieved_at: datetime | None = None,
    **options: Unpack[PriceKeywords],
) -> LoadReport:
    """Load bars of a file or Arrow-capable frame; a bar that differs from the one known adds a vintage.

    ``options``: as of ``read_prices``; the exchange is found by itself for instruments that the store or the package
    knows. ``retrieved_at``: the UTC instant from which the bars were known, default now. Bars are loaded as they stand;
    what the audit finds of high severity in them is in the notes. Raises InputError or NotFoundError and loads nothing:
    also where a symbol is another instrument in the store than the one asked for.
    """
    name = source_name(source)
    names = stored_names(store)
    asked = PriceOptions(**options)
    exchange = asked.exchange
    found = exchange or _stored_exchange(names, asked.symbol)
    file = read_file(source, replace(asked, exchange=found, aliases=names.symbols))
    symbols = file.bars["symbol"].unique(maintain_order=True).to_list()
    settled = [settle(names, each, exchange, file.currencies.get(each)) for each in symbols]
    instruments = [row for row, _ in settled]
    told = [note for _, note in settled if note]
    loaded_at = datetime.now(UTC)
    known_at = retrieved_at or loaded_at
    bars = first_of_each_bar(file.bars)
    repeats = file.bars.height - bars.height

    def write(connection: Connection, part: tuple[int, pl.DataFrame]) -> Tally:
        number, rows = part
        write_instruments(connection, instruments)
        written = write_bars(connection, rows, known_at)
        if number:
            return Tally(written.added, written.known)
        write_rejects(connection, file.rejects, loaded_at)
        return Tally(written.added, written.known + repeats, file.rejects.height)

    parts = enumerate(list(bars.iter_slices(PART_ROWS)) or [bars])
    total = load_parts(store, Load("prices", name, sha256_of(source)), parts, write, derive=_dating(symbols))
    counts = (total.added, total.known, total.rejected)
    notes = (*file.notes, *told[:_MOST_TOLD], *suspicions(file.bars, exchange))
    return LoadReport("prices", name, *counts, dict(total.details), notes)


def _dating(symbols: Sequence[str]) -> Derive:
    """Strips that print the symbols are dated anew with their bars."""

    def inside(connection: Connection, total: Tally) -> dict[str, int]:
        return {"quotes dated": date_strips(connection, symbols=symbols) if total.added else 0}

    def apart(store: Store) -> dict[str, int]:
        return {"quotes dated": store.transact(lambda connection: date_strips(connection, symbols=symbols))}

    return Derive(inside, apart, PART_ROWS)


def _stored_exchange(names: Names, symbol: str | None) -> str | None:
    """The exchange that the store has for the symbol that the caller names."""
    row = None if symbol is None else names.row(symbol)
    return None if row is None else row["exchange"]


def suspicions(bars: pl.DataFrame, exchange: str | None) -> list[str]:
    """What the audit finds of high severity in daily ``bars``, one line per symbol and check.

    Loads of more than ``MOST_CHECKED`` bars are loaded without a look: ``correlator check prices`` has it.
    """
    daily = bars.filter(bars["interval"] == "1d")
    if daily.is_empty() or daily.height > MOST_CHECKED:
        return []
    found = audit_prices(daily, exchange=exchange)
    high = summarise(found.filter(found["severity"] == "high"))
    rows = high.select("symbol", "check", "evidence").iter_rows()
    return [f"look before you use it: {symbol}: {check}: {evidence}" for symbol, check, evidence in rows]
