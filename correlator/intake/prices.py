"""Bars into the store; strips that print their symbols are dated again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Unpack

import polars as pl

from correlator.intake.instruments import Names, settle, stored_names
from correlator.intake.parts import Connection, Derive, Tally, load_parts
from correlator.intake.report import LoadReport, sha256_of, source_name
from correlator.intake.strips import date_strips
from correlator.market.audit.findings import summarise
from correlator.market.audit.prices import audit_prices
from correlator.market.reading.files import PriceFile, PriceKeywords, PriceOptions, read_file
from correlator.market.reading.rejects import no_rejects
from correlator.market.reading.slices import SlicedBars, bars_in_slices
from correlator.store.db import Store
from correlator.store.unfinished import Load
from correlator.store.writing import (
    ROW_GROUP,
    first_of_each_bar,
    write_distinct_bars,
    write_instruments,
    write_rejects,
)

MOST_CHECKED = 250_000
PART_ROWS = 2 * ROW_GROUP
"""Bars of one transaction at first."""
_MOST_OF_FILE, _MOST_OF_SLICES = 4, 1
_HELD = 0.4
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
    exchange = asked.exchange or _stored_exchange(names, asked.symbol)
    reading = replace(asked, exchange=exchange, aliases=names.symbols)
    path = Path(source) if isinstance(source, str | Path) else None
    with bars_in_slices(path, reading) if path is not None else nullcontext() as sliced:
        bars = (
            _whole(read_file(source, reading), asked.exchange) if sliced is None else _in_slices(sliced, asked.exchange)
        )
        return _load(store, bars, Load("prices", name, sha256_of(source)), (names, asked.exchange, retrieved_at))


@dataclass(frozen=True)
class _Bars:
    """Bars ready to be written, no two of one symbol and start, and what is to be told of them.

    ``most``: how many times ``PART_ROWS`` of them a transaction may take.
    """

    symbols: list[str]
    currencies: Mapping[str, str]
    rejects: pl.DataFrame
    notes: tuple[str, ...]
    frames: Iterable[pl.DataFrame]
    most: int
    repeats: int = 0
    doubts: Sequence[str] = ()


def _whole(file: PriceFile, exchange: str | None) -> _Bars:
    bars = first_of_each_bar(file.bars)
    repeats, doubts = file.bars.height - bars.height, suspicions(file.bars, exchange)
    return _Bars(file.symbols, file.currencies, file.rejects, file.notes, [bars], _MOST_OF_FILE, repeats, doubts)


def _in_slices(file: SlicedBars, exchange: str | None) -> _Bars:
    rejects = pl.concat(file.rejects) if file.rejects else no_rejects()
    few = file.rows <= MOST_CHECKED
    doubts = suspicions(pl.concat(file.frames()).sort("symbol", "bar_start"), exchange) if few else []
    notes, frames = file.distinct_notes(), file.frames()
    return _Bars(list(file.symbols), file.currencies, rejects, notes, frames, _MOST_OF_SLICES, doubts=doubts)


def _load(store: Store, bars: _Bars, load: Load, asked: tuple[Names, str | None, datetime | None]) -> LoadReport:
    """Write the bars; ``asked``: names of the store, the exchange of the caller, and from when the bars were known."""
    names, exchange, retrieved_at = asked
    settled = [settle(names, each, exchange, bars.currencies.get(each)) for each in bars.symbols]
    instruments = [row for row, _ in settled]
    notes_on_symbols = [note for _, note in settled if note]
    loaded_at = datetime.now(UTC)
    known_at = retrieved_at or loaded_at

    pace = _Pace(bars.most)

    def write(connection: Connection, part: tuple[int, pl.DataFrame]) -> Tally:
        number, rows = part
        pace.begin()
        added = write_distinct_bars(connection, rows, known_at)
        if number:
            return Tally(added, rows.height - added)
        write_instruments(connection, instruments)
        write_rejects(connection, bars.rejects, loaded_at)
        return Tally(added, rows.height - added + bars.repeats, bars.rejects.height)

    parts = enumerate(_parts(bars.frames, pace))
    total = load_parts(store, load, parts, write, derive=_dating(bars.symbols), advance=pace.took, bulk=True)
    counts = (total.added, total.known, total.rejected)
    notes = (*bars.notes, *notes_on_symbols[:_MOST_TOLD], *bars.doubts)
    return LoadReport("prices", load.source, *counts, dict(total.details), notes)


class _Pace:
    """How many bars the next transaction takes, so that others wait no longer than ``_HELD`` seconds for it.

    At most ``most`` times ``PART_ROWS``: of a file in slices fewer, whose memory is bounded.
    """

    def __init__(self, most: int) -> None:
        self.rows = PART_ROWS
        self._most = most
        self._begun = 0.0

    def begin(self) -> None:
        """A transaction has the store."""
        self._begun = time.perf_counter()

    def took(self, rows: int) -> None:
        """The transaction has ended: how fast this machine writes now."""
        seconds = time.perf_counter() - self._begun
        fitting = int(rows * _HELD / max(seconds, 1e-6)) // ROW_GROUP * ROW_GROUP
        self.rows = max(PART_ROWS, min(fitting, self._most * PART_ROWS))


def _parts(frames: Iterable[pl.DataFrame], pace: _Pace) -> Iterator[pl.DataFrame]:
    """The bars of the frames, so many at a time as the pace says; one part without bars where there are none."""
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        while sum(each.height for each in held) > pace.rows:
            rows, most = pl.concat(held), pace.rows
            yield rows.head(most)
            held = [rows.tail(rows.height - most)]
    yield pl.concat(held)


def _dating(symbols: Sequence[str]) -> Derive:
    """Strips that print the symbols are dated again with their bars."""

    def inside(connection: Connection, total: Tally) -> dict[str, int]:
        return {"quotes dated": date_strips(connection, symbols=symbols) if total.added else 0}

    def afterwards(store: Store) -> dict[str, int]:
        return {"quotes dated": store.transact(lambda connection: date_strips(connection, symbols=symbols))}

    return Derive(inside, afterwards, PART_ROWS)


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
    findings = audit_prices(daily, exchange=exchange)
    high = summarise(findings.filter(findings["severity"] == "high"))
    rows = high.select("symbol", "check", "evidence").iter_rows()
    return [f"look before you use it: {symbol}: {check}: {evidence}" for symbol, check, evidence in rows]
