"""Bars into the store; strips that print their symbols are dated anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from correlator.intake.report import LoadReport, sha256_of, source_name
from correlator.intake.strips import date_strips
from correlator.store.db import Store
from correlator.store.writing import write_bars, write_instruments, write_load, write_rejects


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

    ``exchange``: market identifier code; found by itself for instruments that the package knows. ``retrieved_at``: the
    UTC instant from which the bars were known, default now. Raises InputError or NotFoundError and loads nothing.
    """
    from correlator.market.files import read_prices
    from correlator.market.instruments import describe_instrument

    name = source_name(source)
    file = read_prices(source, symbol=symbol, exchange=exchange, columns=columns, date_order=date_order)
    symbols = file.bars["symbol"].unique(maintain_order=True).to_list()
    instruments = [describe_instrument(each, exchange=exchange) for each in symbols]
    loaded_at = datetime.now(UTC)
    with store.transaction() as connection:
        write_instruments(connection, instruments)
        bars = write_bars(connection, file.bars, retrieved_at or loaded_at)
        rejects = write_rejects(connection, file.rejects, loaded_at)
        dated = date_strips(connection, symbols=symbols) if bars.added else 0
        counts = (bars.added, bars.known, rejects.added)
        write_load(connection, "prices", name, sha256_of(source), counts, loaded_at)
    return LoadReport("prices", name, *counts, {"quotes dated": dated}, tuple(file.notes))
