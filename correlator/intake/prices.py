"""Load bars into the store, and date again the strips that print their symbols."""

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
from correlator.intake.other_units import other_units
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
from correlator.store.writing.bars import ROW_GROUP, first_of_each_bar, write_distinct_bars, write_instruments
from correlator.store.writing.news import write_rejects
from correlator.tables import BARS

MOST_CHECKED = 250_000
PART_ROWS = 2 * ROW_GROUP
"""Bars of the first transaction."""
_MOST_OF_FILE, _MOST_OF_SLICES = 4, 1
_SECONDS_HELD = 0.4
_MOST_NOTES = 10


def add_prices(
    store: Store,
    source: str | Path | Any,
    *,
    retrieved_at: datetime | None = None,
    **options: Unpack[PriceKeywords],
) -> LoadReport:
    """Load bars of a file or Arrow-capable frame; a bar that differs from the stored one adds a vintage.

    ``options``: as for ``read_prices``; the exchange can be omitted for instruments of the store or the package.
    ``retrieved_at``: the UTC instant from which the bars were known, default now. Bars are loaded unchanged; findings
    of the audit with high severity are in the notes. Raises InputError or NotFoundError, and loads nothing, if the bars
    cannot be read, or if a symbol is another instrument in the store than the one requested.
    """
    name = source_name(source)
    names = stored_names(store)
    stated = PriceOptions(**options)
    exchange = stated.exchange or _stored_exchange(names, stated.symbol)
    reading = replace(stated, exchange=exchange, aliases=names.symbols)
    path = Path(source) if isinstance(source, str | Path) else None
    with bars_in_slices(path, reading) if path is not None else nullcontext() as sliced:
        if sliced is None:
            bars = _whole(read_file(source, reading), stated.exchange)
        else:
            bars = _in_slices(sliced, stated.exchange)
        return _load(store, bars, Load("prices", name, sha256_of(source)), (names, stated.exchange, retrieved_at))


@dataclass(frozen=True)
class _Bars:
    """Bars ready to be written, without duplicates of symbol and start, and notes on them.

    ``most``: maximum size of a transaction, as a multiple of ``PART_ROWS``; ``checked``: all bars, none if they are too
    many to be checked.
    """

    symbols: list[str]
    currencies: Mapping[str, str]
    rejects: pl.DataFrame
    notes: tuple[str, ...]
    frames: Iterable[pl.DataFrame]
    most: int
    checked: pl.DataFrame
    repeats: int = 0
    doubts: Sequence[str] = ()


def _whole(file: PriceFile, exchange: str | None) -> _Bars:
    """Return the bars of a file that is in memory."""
    bars = first_of_each_bar(file.bars)
    repeats, doubts = file.bars.height - bars.height, suspicions(file.bars, exchange)
    checked = bars.head(0) if bars.height > MOST_CHECKED else bars
    return _Bars(
        file.symbols, file.currencies, file.rejects, file.notes, [bars], _MOST_OF_FILE, checked, repeats, doubts
    )


def _in_slices(file: SlicedBars, exchange: str | None) -> _Bars:
    """Return the bars of a file that is read in slices."""
    rejects = pl.concat(file.rejects) if file.rejects else no_rejects()
    every = pl.concat(file.frames()) if file.rows <= MOST_CHECKED else pl.DataFrame(schema=BARS.schema())
    doubts = suspicions(every.sort("symbol", "bar_start"), exchange)
    notes, frames = file.distinct_notes(), file.frames()
    return _Bars(list(file.symbols), file.currencies, rejects, notes, frames, _MOST_OF_SLICES, every, doubts=doubts)


def _load(store: Store, bars: _Bars, load: Load, request: tuple[Names, str | None, datetime | None]) -> LoadReport:
    """Write the bars; ``request``: names of the store, exchange, and since when the bars are known, or None for now."""
    names, exchange, retrieved_at = request
    settled = [settle(names, each, exchange, bars.currencies.get(each)) for each in bars.symbols]
    instruments = [row for row, _ in settled]
    notes_on_symbols = [note for _, note in settled if note]
    of_units = other_units(store, bars.checked)
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
    notes = (*bars.notes, *_first(notes_on_symbols), *bars.doubts, *_first(of_units))
    return LoadReport("prices", load.source, *counts, dict(total.details), notes)


def _first(notes: Sequence[str]) -> list[str]:
    """Return the first of many notes on symbols, and how many more there are."""
    more = len(notes) - _MOST_NOTES
    return [*notes[:_MOST_NOTES], *([f"{more:,} more such notes on symbols"] if more > 0 else [])]


class _Pace:
    """The number of bars of the next transaction, such that it locks the store for about ``_SECONDS_HELD`` seconds.

    At most ``most`` times ``PART_ROWS``, which is less for a file in slices, to bound memory.
    """

    def __init__(self, most: int) -> None:
        self.rows = PART_ROWS
        self._most = most
        self._started = 0.0

    def begin(self) -> None:
        """Note that a transaction has started."""
        self._started = time.perf_counter()

    def took(self, rows: int) -> None:
        """Note that the transaction has written ``rows`` rows, and choose the size of the next."""
        seconds = time.perf_counter() - self._started
        fitting = int(rows * _SECONDS_HELD / max(seconds, 1e-6)) // ROW_GROUP * ROW_GROUP
        self.rows = max(PART_ROWS, min(fitting, self._most * PART_ROWS))


def _parts(frames: Iterable[pl.DataFrame], pace: _Pace) -> Iterator[pl.DataFrame]:
    """Yield the bars of the frames in parts of the size that ``pace`` has; at least one part, possibly empty."""
    pending: list[pl.DataFrame] = []
    for frame in frames:
        pending.append(frame)
        while sum(each.height for each in pending) > pace.rows:
            rows, most = pl.concat(pending), pace.rows
            yield rows.head(most)
            pending = [rows.tail(rows.height - most)]
    yield pl.concat(pending)


def _dating(symbols: Sequence[str]) -> Derive:
    """Return the step that dates again the strips that print ``symbols``."""

    def inside(connection: Connection, total: Tally) -> dict[str, int]:
        return {"quotes dated": date_strips(connection, symbols=symbols) if total.added else 0}

    def afterwards(store: Store) -> dict[str, int]:
        return {"quotes dated": store.transact(lambda connection: date_strips(connection, symbols=symbols))}

    return Derive(inside, afterwards, PART_ROWS)


def _stored_exchange(names: Names, symbol: str | None) -> str | None:
    """Return the exchange of ``symbol`` in the store, or None."""
    row = None if symbol is None else names.row(symbol)
    return None if row is None else row["exchange"]


def suspicions(bars: pl.DataFrame, exchange: str | None) -> list[str]:
    """Return findings of high severity of the audit in daily ``bars``, one line per symbol and check.

    More than ``MOST_CHECKED`` bars are not checked; use ``correlator check prices``.
    """
    daily = bars.filter(bars["interval"] == "1d")
    if daily.is_empty() or daily.height > MOST_CHECKED:
        return []
    findings = audit_prices(daily, exchange=exchange)
    high = summarise(findings.filter(findings["severity"] == "high"))
    rows = high.select("symbol", "check", "evidence").iter_rows()
    return [f"check before use: {symbol}: {check}: {evidence}" for symbol, check, evidence in rows]
