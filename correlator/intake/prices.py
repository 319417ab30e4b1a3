"""Bars into the store; strips that print their symbols are dated anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from correlator.intake.instruments import Names, stored_names
from correlator.intake.report import LoadReport, sha256_of, source_name
from correlator.intake.strips import date_strips
from correlator.market.audit import audit_prices
from correlator.market.files import PriceFile, read_prices
from correlator.market.findings import summarise
from correlator.store.db import Store
from correlator.store.writing import write_bars, write_instruments, write_load, write_rejects

MOST_CHECKED = 250_000


def add_prices(
    store: Store,
    source: str | Path | Any,
    *,
    symbol: str | None = None,
    exchange: str | None = None,
    columns: Mapping[str, str] | None = None,
    date_order: str | None = None,
    retrieved_at: datetime | None = None,
) -> LoadReport:
    """Load daily bars of a file or Arrow-capable frame; a bar that differs from the one known adds a vintage.

    ``exchange``: market identifier code; found by itself for instruments that the store or the package knows.
    ``retrieved_at``: the UTC instant from which the bars were known, default now. Bars are loaded as they stand; what
    the audit finds of high severity in them is in the notes. Raises InputError or NotFoundError and loads nothing.
    """
    name = source_name(source)
    names = stored_names(store)
    file = read_prices(
        source,
        symbol=symbol,
        exchange=exchange or _stored_exchange(names, symbol),
        columns=columns,
        date_order=date_order,
    )
    file = replace(file, bars=names.renamed(file.bars))
    symbols = file.bars["symbol"].unique(maintain_order=True).to_list()
    instruments = [names.describe(each, exchange) for each in symbols]
    loaded_at = datetime.now(UTC)
    with store.transaction() as connection:
        write_instruments(connection, instruments)
        bars = write_bars(connection, file.bars, retrieved_at or loaded_at)
        rejects = write_rejects(connection, file.rejects, loaded_at)
        dated = date_strips(connection, symbols=symbols) if bars.added else 0
        counts = (bars.added, bars.known, rejects.added)
        write_load(connection, "prices", name, sha256_of(source), counts, loaded_at)
    notes = (*file.notes, *suspicions(file, exchange))
    return LoadReport("prices", name, *counts, {"quotes dated": dated}, notes)


def _stored_exchange(names: Names, symbol: str | None) -> str | None:
    """The exchange that the store has for the symbol that the caller names."""
    row = None if symbol is None else names.row(symbol)
    return None if row is None else row["exchange"]


def suspicions(file: PriceFile, exchange: str | None) -> list[str]:
    """What the audit finds of high severity in the daily bars of a file, one line per symbol and check.

    Files of more than ``MOST_CHECKED`` bars are loaded without a look: ``correlator check prices`` has it.
    """
    daily = file.bars.filter(file.bars["interval"] == "1d")
    if daily.is_empty() or daily.height > MOST_CHECKED:
        return []
    found = audit_prices(daily, exchange=exchange)
    high = summarise(found.filter(found["severity"] == "high"))
    rows = high.select("symbol", "check", "evidence").iter_rows()
    return [f"look before you use it: {symbol}: {check}: {evidence}" for symbol, check, evidence in rows]
