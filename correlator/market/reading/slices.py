"""Read the bars of a long file slice by slice, with only one slice in memory.

This works only if all slices have the same layout, date form, interval and currencies, and unambiguous figures. If they
differ, if rows depend on each other, or if bars repeat, the file is read whole, which reports what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from correlator.base.database import connect, interruptible
from correlator.base.files import duckdb_name, is_file
from correlator.containers.raw import RawTable
from correlator.containers.slices import slices_of
from correlator.errors import CorrelatorError
from correlator.market.layout.recognise import Recognised, recognise
from correlator.market.reading.files import PriceFile, PriceOptions, exchange_of_all, read_recognised
from correlator.market.reading.stacking import Whose
from correlator.market.vocabulary import PRICES, known_words

LONG_FILE = 16 << 20
"""Files larger than this number of bytes are read in slices."""
_MEMORY = "192MB"


@dataclass
class SlicedBars:
    """The content of a file read in slices; its bars are on disk, and ``frames`` reads them slice by slice, in order.

    There are ``count`` slices with ``rows`` bars. ``ends``: the start of the last bar of each symbol. ``may_repeat``:
    whether a slice has bars of a symbol before such an end, so that two slices may contain the same bar.
    """

    folder: Path
    symbols: dict[str, None] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
    rejects: list[pl.DataFrame] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    count: int = 0
    rows: int = 0
    ends: dict[str, datetime] = field(default_factory=dict)
    may_repeat: bool = False

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the bars slice by slice."""
        for number in range(self.count):
            yield pl.read_parquet(self.folder / f"{number:06}.parquet")

    def add(self, file: PriceFile) -> None:
        """Add the bars of one slice."""
        file.bars.write_parquet(self.folder / f"{self.count:06}.parquet", compression="lz4", statistics=False)
        self.count += 1
        self.rows += file.bars.height
        start = pl.col("bar_start")
        spans = file.bars.group_by("symbol").agg(first=start.min(), last=start.max())
        for symbol, first, last in spans.iter_rows():
            end = self.ends.get(symbol)
            self.may_repeat |= end is not None and first <= end
            self.ends[symbol] = last if end is None else max(end, last)
        self.symbols.update(dict.fromkeys(file.symbols))
        self.currencies.update(file.currencies)
        if file.rejects.height:
            self.rejects.append(file.rejects)
        for note in file.notes:
            self.notes.setdefault(re.sub(r"[\d,.]+", "#", note), []).append(note)

    def distinct_notes(self) -> tuple[str, ...]:
        """Return each note once; a note whose figures differ between slices says how many variants there are."""
        notes = []
        for variants in self.notes.values():
            other = len(set(variants)) - 1
            notes.append(variants[0] if not other else f"{variants[0]} (likewise in {other} other parts of the file)")
        return tuple(notes)

    def has_repeats(self) -> bool:
        """Whether two slices contain bars with the same symbol and start."""
        if not self.may_repeat:
            return False
        with interruptible(), connect(memory_limit=_MEMORY, temp_directory=str(self.folder)) as connection:
            repeat = connection.execute(
                "SELECT 1 FROM read_parquet($path) GROUP BY symbol, bar_start HAVING count(*) > 1 LIMIT 1",
                {"path": duckdb_name(self.folder) + "/*.parquet"},
            ).fetchone()
        return repeat is not None


@contextmanager
def bars_in_slices(path: Path, options: PriceOptions) -> Iterator[SlicedBars | None]:
    """Return the bars of a long file; None if it is short, or must be read whole."""
    with TemporaryDirectory(prefix="correlator-") as folder:
        is_long = is_file(path) and path.stat().st_size > LONG_FILE
        yield _sliced(path, options, Path(folder)) if is_long else None


def _sliced(path: Path, options: PriceOptions, folder: Path) -> SlicedBars | None:
    try:
        slices = slices_of(path, known_words)
        return None if slices is None else _understood(slices, options, SlicedBars(folder))
    except CorrelatorError:
        return None  # reading the whole file gives the better message, or succeeds


def _understood(slices: Iterable[RawTable], options: PriceOptions, bars: SlicedBars) -> SlicedBars | None:
    """Return the bars of all slices, or None if the slices are not read alike."""
    first: tuple[object, ...] | None = None
    place = options.place
    for raw in slices:
        table = recognise(raw, layout=options.layout, columns=options.columns, symbol=options.symbol)
        if not _is_plain(raw, table):
            return None
        if place is None and options.exchange is None:
            place = _place(slices, table, options)
        file = read_recognised(raw, table, replace(options, place=place))
        reading = (file.layout, table.date, table.symbol, str(table.blocks), file.form, file.stamped, _interval(file))
        if first is not None and reading != first:
            return None
        if any(bars.currencies.get(symbol, unit) != unit for symbol, unit in file.currencies.items()):
            return None
        first = reading
        bars.add(file)
    return None if bars.has_repeats() else bars


def _is_plain(raw: RawTable, table: Recognised) -> bool:
    """Whether rows are independent of each other: not wide, without series, with figures as programs write them."""
    if table.is_wide or table.series is not None or table.table.frame.height != raw.frame.height:
        return False
    fields: Mapping[str, str] = table.blocks[None]
    figures = raw.frame.select(column for name, column in fields.items() if name in PRICES)
    texts = figures.select(pl.selectors.string())
    return not any(text.str.contains(",", literal=True).any() for text in texts)


def _place(slices: Iterable[RawTable], table: Recognised, options: PriceOptions) -> str | None:
    """Return the exchange that all symbols of the file share, "" if they share none; None without a symbol column."""
    if table.symbol is None:
        return None
    whose = Whose(options.symbol, options.claimed, options.exchange, options.aliases)
    written: set[str] = set()
    for raw in slices:
        written.update(name for name in raw.frame[table.symbol].unique() if name and name.strip())
    return exchange_of_all(sorted({whose.name(name) for name in written})) or ""


def _interval(file: PriceFile) -> str:
    return str(file.bars["interval"][0])
