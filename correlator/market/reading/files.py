"""Read bars from files and frames in the layouts that services, exchanges and spreadsheets write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict, Unpack

import polars as pl
from polars import selectors

from correlator.base.source_limits import check_encodable, check_names
from correlator.containers.archive import read_archive
from correlator.containers.hints import Hints
from correlator.containers.raw import AT, LINE, RawTable
from correlator.containers.read import read_raw
from correlator.errors import InputError
from correlator.market.audit.logarithms import are_logarithms
from correlator.market.audit.spacing import WORDS, usual_distance
from correlator.market.layout.recognise import Recognised, recognise
from correlator.market.names.former import under_present_names
from correlator.market.names.instruments import find_instrument, split_symbol
from correlator.market.reading.labels import Clock, label_sessions
from correlator.market.reading.rejects import first_reason, refuse_second_header, rejects_of
from correlator.market.reading.repeats import without_repeats
from correlator.market.reading.rows import leave_out, notes_of_adjusted, take_series, without_negative_volumes
from correlator.market.reading.said_beside import on_exchange, stated_zone
from correlator.market.reading.stacking import Whose, stack
from correlator.market.reading.units import in_whole_units, with_marked_currencies
from correlator.market.vocabulary import PRICES, known_words
from correlator.market.written.clock_columns import with_times
from correlator.market.written.figures import as_numbers, decimal_mark, machine_numbers, not_numbers
from correlator.market.written.stamps import Stamps, read_stamps
from correlator.sessions.exchanges import exchange_named, zone_named
from correlator.sessions.intervals import AS_WRITTEN, START
from correlator.tables import BARS

# No market price is older; files may have dates some months ahead, for example of futures.
_FIRST_MARKET, _AHEAD = date(1602, 1, 1), timedelta(days=400)
# If a larger share of the closes is negative, they are not prices.
_BELOW_ZERO = 0.2
BAR_COLUMNS = tuple(name for name in BARS.column_names if name not in ("vintage", "retrieved_at"))


@dataclass(frozen=True)
class PriceFile:
    """Bars of one source.

    ``bars``: columns of ``tables.BARS`` without vintage and retrieved_at, one row per symbol and bar, in order;
    ``rejects``: source, source_line, reason, content; ``layout``: name of the layout that was recognised; ``notes``:
    remarks for the user, one line each; ``stamped``: ``labels``, ``locals`` or converted ``instants``, and ``at ends``
    if those were the ends of bars. ``currencies``: symbol to currency (ISO 4217), as far as the source states it;
    ``form``: how its dates are written.
    """

    bars: pl.DataFrame
    rejects: pl.DataFrame
    layout: str
    notes: tuple[str, ...] = ()
    stamped: str = "labels"
    currencies: Mapping[str, str] = field(default_factory=dict)
    form: str = ""

    @property
    def symbols(self) -> list[str]:
        return [str(symbol) for symbol in self.bars["symbol"].unique(maintain_order=True)]


class PriceKeywords(TypedDict, total=False):
    """Options for reading a price file; see ``read_prices``."""

    symbol: str | None
    exchange: str | None
    columns: Mapping[str, str] | None
    date_order: str | None
    layout: str | None
    decimal: str | None
    zone: str | None
    series: str | None
    currency: str | None
    spacing: str | None
    stamped: str | None


@dataclass(frozen=True)
class PriceOptions:
    """Options of a caller for a price file (see ``read_prices``), and the names that a store knows.

    ``claimed``: the symbol to use if the source states none; ``aliases``: further names, in capitals, to symbols;
    ``contradictions``: ``refuse`` a source whose rows contradict each other, or ``keep`` the first of each and list the
    others as rejects; ``place``: if the rows are a slice of a longer source, the exchange that all symbols of the whole
    source share (empty if they share none).
    """

    symbol: str | None = None
    exchange: str | None = None
    columns: Mapping[str, str] | None = None
    date_order: str | None = None
    layout: str | None = None
    decimal: str | None = None
    zone: str | None = None
    series: str | None = None
    currency: str | None = None
    spacing: str | None = None
    stamped: str | None = None
    claimed: str | None = None
    aliases: Mapping[str, str] | None = None
    contradictions: str = "refuse"
    place: str | None = None

    def __post_init__(self) -> None:
        check_encodable(self.symbol or "", "symbol")
        if self.symbol is not None and re.search(r"[,;\t\n]", self.symbol):
            raise InputError(
                f"symbol must be a single symbol, got {self.symbol!r}",
                hint="leave it out to load all symbols",
                argument="symbol",
            )
        if self.decimal not in (None, ".", ","):
            raise InputError(f"decimal must be '.' or ',', got {self.decimal!r}", argument="decimal")


def read_prices(path_or_frame: str | Path | Any, **options: Unpack[PriceKeywords]) -> PriceFile:
    """Read bars from a file or any frame that exports Arrow.

    Prices are taken as written, without adjustment or filling; a row with an empty close is not a bar. Rows that cannot
    be read are returned as rejects with their line number.

    Parameters
    ----------
    path_or_frame : path or frame
        CSV and similar text in any common encoding, JSON, XLSX, Parquet or Arrow IPC, compressed (gzip, zip, .Z) or
        not; or a frame of polars, pandas, pyarrow or DuckDB.
    symbol : str, optional
        The symbol of the bars, if the source does not state it; if the source has several symbols, the one to take.
    exchange : str, optional
        Market identifier code; needed if timestamps have a time of day and the symbol's exchange is not known.
    columns : mapping, optional
        Field to column name, for example ``{"close": "Last"}``; in a file without a header to the position, from 1.
    date_order : str, optional
        dmy, mdy or ymd, for ambiguous dates.
    layout : str, optional
        Name of a layout, or path of a layout file, if it cannot be recognised.
    decimal : str, optional
        ``.`` or ``,``, for ambiguous numbers.
    zone : str, optional
        IANA time zone of times that do not state theirs; default the exchange's.
    series : str, optional
        The series of a share to take, if the source has several.
    currency : str, optional
        The currency of the prices: ISO 4217, or GBp, ZAc, ILA for hundredths, which are converted to whole units.
    spacing : str, optional
        The distance between bars, if they are too few to tell: 1d, 1w, 1mo, 3mo or 1y.
    stamped : str, optional
        Whether the times of intraday bars are their ``start`` or their ``end``; default what the trading hours of the
        exchange show, else the start.

    Returns
    -------
    PriceFile
        The bars, the rejects, and how the source was read.

    Raises
    ------
    InputError
        For a missing column, an ambiguous layout, rows that contradict each other, and a symbol other than requested.
    TimeError
        For ambiguous or unreadable dates and times.
    NotFoundError
        For a missing file.

    Examples
    --------
    >>> import polars as pl
    >>> read_prices(pl.DataFrame({"Date": ["2024-01-02"], "Close": [2.0]}), symbol="LAMP").bars.height
    1
    """
    return read_file(path_or_frame, PriceOptions(**options))


def read_file(path_or_frame: str | Path | Any, options: PriceOptions) -> PriceFile:
    """Read bars as ``read_prices``, with what a store knows in addition to the caller's options."""
    hints = Hints(options.symbol, known_words, sheet_option="symbol (--symbol)")
    archive = read_archive(Path(path_or_frame), hints) if isinstance(path_or_frame, str | Path) else None
    return read_table(read_raw(path_or_frame, hints) if archive is None else archive, options)


def read_table(raw: RawTable, options: PriceOptions) -> PriceFile:
    """Return the bars of a raw table; as ``read_file``."""
    table = recognise(raw, layout=options.layout, columns=options.columns, symbol=options.symbol)
    return read_recognised(raw, table, options)


def read_recognised(raw: RawTable, table: Recognised, options: PriceOptions) -> PriceFile:
    """Return the bars of a raw table whose columns have been recognised; as ``read_table``."""
    if options.exchange is not None:
        exchange_named(options.exchange)
    table, place_notes = on_exchange(table, options.exchange)
    stamps = _stamps(table, options.date_order)
    table = replace(table, table=replace(table.table, frame=table.table.frame.with_columns(stamps.values.alias(AT))))
    whose = Whose(options.symbol, options.claimed, options.exchange, options.aliases)
    stacked = stack(table, whose)
    rows, series_notes = take_series(stacked.rows, table.layout, options.series, raw.source)
    symbols = rows["symbol"].unique().to_list()
    exchange = options.exchange or (exchange_of_all(symbols) if options.place is None else options.place or None)
    side = START if options.stamped == AS_WRITTEN else options.stamped
    clock = Clock(exchange, _zone(options, table, raw, stamps), side)
    rows = with_marked_currencies(rows, raw.source)
    labelled = label_sessions(rows, stamps, clock, raw.source)
    numbers, bad = _figures(_without_impossible_days(labelled.rows, raw.source), table, options)
    numbers, volume_notes = without_negative_volumes(numbers)
    numbers, currencies, unit_notes = in_whole_units(numbers, table, options.currency)
    country = exchange_named(exchange).country if exchange else None
    numbers, name_notes = under_present_names(numbers, country)
    kept, repeated = without_repeats(numbers, raw.source, refuse=options.contradictions == "refuse")
    lost = [] if labelled.rejected is None else [labelled.rejected]
    rejects = rejects_of(table.table, [*stacked.rejected, *lost, *bad, *repeated])
    if options.contradictions == "refuse":
        refuse_second_header(table, rejects)
        _refuse_no_prices(kept, raw.source)
    interval = labelled.interval
    if interval == "1d":
        if options.stamped not in (None, AS_WRITTEN):
            raise InputError(f"{raw.source} has no intraday bars", hint="leave out stamped (--stamped)")
        interval = usual_distance(kept, options.spacing, raw.source)
    elif options.spacing is not None:
        raise InputError(
            f"{raw.source} has intraday bars of {interval}, not bars of {options.spacing}",
            hint="leave out spacing (--spacing)",
        )
    bars = kept.with_columns(pl.lit(interval).alias("interval"), pl.lit(raw.source).alias("source"))
    if bars.is_empty():
        raise InputError(f"{raw.source} has no readable bars", hint=first_reason(rejects))
    check_names(bars["symbol"].unique(), "symbol", raw.source)
    ordered = bars.select(pl.col(name).cast(kind) for name, kind in BARS.schema(BAR_COLUMNS).items())
    if interval != labelled.interval:
        unit_notes.append(
            f"bars are {WORDS[interval]}: they are stored as {interval}, and daily studies do not use them"
        )
    together = f"{len(raw.files)} files were concatenated, and their lines numbered consecutively"
    notes = (
        *([together] if raw.files else []),
        *table.layout.notes,
        *table.notes,
        *place_notes,
        *stacked.notes,
        *notes_of_adjusted(table),
        *series_notes,
        *labelled.notes,
        *volume_notes,
        *unit_notes,
        *name_notes,
    )
    kind = f"{stamps.kind}s{' at ends' if labelled.at_ends else ''}"
    return PriceFile(ordered, rejects, table.layout.name, notes, kind, currencies, stamps.form)


def _without_impossible_days(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    """Set impossible dates to null: before the first market, or too far ahead.

    Raise InputError if most dates are impossible, as those of another calendar are.
    """
    latest = datetime.now(UTC).date() + _AHEAD
    impossible = ~pl.col("session").is_between(_FIRST_MARKET, latest)
    wrong = rows.filter(impossible.fill_null(False))
    if wrong.is_empty():
        return rows
    if 2 * wrong.height > rows.height:
        first, last = (wrong["session"].sort()[place] for place in (0, -1))
        raise InputError(
            f"{source}: dates from {first} to {last} are out of range",
            hint="write years of the Gregorian calendar, or name the date column (--column date=...)",
        )
    return rows.with_columns(pl.when(~impossible).then(pl.col("session")).alias("session"))


def exchange_of_all(symbols: list[str]) -> str | None:
    """Return the exchange that all the symbols share, as far as the package knows, or None."""
    exchanges = set()
    for symbol in symbols[:50]:
        known = find_instrument(symbol)
        exchanges.add(str(known["exchange"]) if known else split_symbol(symbol)[1])
    return exchanges.pop() if len(exchanges) == 1 else None


def _zone(options: PriceOptions, table: Recognised, raw: RawTable, stamps: Stamps) -> str | None:
    """Return the time zone of the timestamps: the caller's, else that of the source or its layout."""
    if options.zone is not None:
        return zone_named(options.zone)
    has_clocks = stamps.kind == "local" or (stamps.kind == "label" and table.time is not None)
    zone_of_columns = stated_zone(raw, table) if has_clocks else None
    if zone_of_columns is not None:
        return zone_of_columns
    if stamps.kind == "label":
        return None
    zone_of_facts = raw.facts.get("exchangetimezonename") or raw.facts.get("time zone")
    return zone_of_facts if zone_of_facts and "/" in zone_of_facts else table.layout.zone


def _stamps(table: Recognised, date_order: str | None) -> Stamps:
    raw = table.table
    column = raw.frame[table.date].alias(raw.label(table.date) or "date")
    if table.time is not None:
        column = with_times(column, raw.frame[table.time])
    return read_stamps(column, date_order=date_order, usual_order=table.layout.date_order, source=raw.source)


def _figures(rows: pl.DataFrame, table: Recognised, options: PriceOptions) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Parse the figures; reject rows with a figure that is not a number, and rows without a close or a date."""
    present = [name for name in PRICES if name in rows.columns]
    rows, rejected = leave_out(rows, table)
    figures = _numbers(rows.select(present), table, options)
    bad = pl.Series([False]).new_from_index(0, rows.height)
    numbers = rows
    for name in present:
        values = figures[name]
        wrong = not_numbers(rows[name], values)
        if wrong.any():
            unreadable = rows.filter(wrong & ~bad)
            text = (
                pl.lit(f"{name} ") + pl.col(name).cast(pl.String).str.slice(0, 40) + pl.lit(" is not a number")
            ).alias("reason")
            rejected.append(unreadable.select(LINE, text))
            bad |= wrong
        numbers = numbers.with_columns(values.alias(name))
    missing = [pl.lit(None, pl.Float64).alias(name) for name in PRICES if name not in present]
    numbers = numbers.filter(~bad).with_columns(missing)
    undated = pl.col("session").is_null()
    closeless = pl.col("close").is_null() & ~undated
    rejected.append(numbers.filter(undated).select(LINE, pl.lit("the date cannot be read").alias("reason")))
    rejected.append(numbers.filter(closeless).select(LINE, pl.lit("no close").alias("reason")))
    return numbers.filter(~undated & ~closeless), rejected


def _numbers(texts: pl.DataFrame, table: Recognised, options: PriceOptions) -> dict[str, pl.Series]:
    """Parse columns of figures, with one decimal mark for the whole source; dates become null."""
    texts = texts.with_columns(selectors.temporal().cast(pl.String))
    comma_is_possible = "," in (options.decimal, table.layout.decimal)
    if not comma_is_possible:
        numbers = {name: machine_numbers(texts[name]) for name in texts.columns}
        complete = {name: values for name, values in numbers.items() if values is not None}
        if len(complete) == len(numbers):
            return complete
    mark = decimal_mark(
        {name: texts[name] for name in texts.columns},
        _other_figures(table),
        stated=options.decimal,
        usual=table.layout.decimal,
        source=table.table.source,
    )
    return {name: as_numbers(texts[name], decimal=mark) for name in texts.columns}


def _other_figures(table: Recognised) -> list[pl.Series]:
    """Return the text columns that are not fields of a bar, which may still reveal the decimal mark."""
    places = {table.date, table.time, table.symbol, table.series, table.currency}
    taken = places | {column for fields in table.blocks.values() for column in fields.values()}
    frame = table.table.frame
    return [frame[each] for each in table.table.columns if each not in taken and frame[each].dtype == pl.String]


def _refuse_no_prices(rows: pl.DataFrame, source: str) -> None:
    """Raise InputError for returns, recognised by many negative closes, and for logarithms of prices.

    A few negative closes are prices: oil traded below zero in April 2020.
    """
    below = int((rows["close"] < 0).sum())
    if below > _BELOW_ZERO * rows.height:
        raise InputError(
            f"{source}: {below:,} of {rows.height:,} closes are negative, so these are returns, not prices",
            hint="give them to study --factors or --returns",
        )
    for (symbol,), bars in rows.group_by("symbol", maintain_order=True):
        if are_logarithms(bars["close"].cast(pl.Float64).to_numpy()):
            raise InputError(
                f"{source}: the closes of {symbol} are logarithms of prices (their exponentials are whole cents)",
                hint="load the prices themselves",
            )
