"""Bars from files and frames, in the layouts that services, exchanges and spreadsheets write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict, Unpack

import polars as pl
from polars import selectors

from correlator.base.source_limits import check_names
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
from correlator.market.reading.rows import leave_out, take_series, without_negative_volumes
from correlator.market.reading.said_beside import on_exchange, zone_said
from correlator.market.reading.stacking import Whose, stack
from correlator.market.reading.units import in_whole_units
from correlator.market.vocabulary import PRICES, known_words
from correlator.market.written.clock_columns import with_times
from correlator.market.written.figures import as_numbers, decimal_mark, machine_numbers, not_numbers
from correlator.market.written.stamps import Stamps, read_stamps
from correlator.sessions.calendars import exchange_named, zone_named
from correlator.sessions.intervals import AS_WRITTEN, START
from correlator.tables import BARS

# No price of a market is older; files may hold days of some months ahead, as of futures.
_FIRST_MARKET, _AHEAD = date(1602, 1, 1), timedelta(days=400)
# Share of closes below zero from which they are not prices.
_BELOW_ZERO = 0.2
BAR_COLUMNS = tuple(name for name in BARS.column_names if name not in ("vintage", "retrieved_at"))


@dataclass(frozen=True)
class PriceFile:
    """Bars of one source.

    ``bars``: columns of ``tables.BARS`` without vintage and retrieved_at, one row per symbol and bar, in order;
    ``rejects``: source, source_line, reason, content; ``layout``: what the file was taken for; ``notes``: what a reader
    should know, one line each; ``stamped``: ``labels``, ``locals`` or converted
    ``instants``, and whether ``at ends`` of bars.
    ``currencies``: of symbols whose currency the source says, in ISO 4217; ``form``: how its dates are written.
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
    """What a caller can say of a file of prices; see ``read_prices``."""

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
    """What a caller says of a file of prices (see ``read_prices``), and what a store knows of names.

    ``claimed``: the symbol of a source that does not say its own; ``aliases``: further names, in capitals, to symbols;
    ``contradictions``: ``refuse`` a source whose rows contradict each other, or ``keep`` the first of each and name the
    others in the rejects; ``place``: the exchange that all symbols of a source have, where the rows at hand are a part
    of it (empty: none).
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
        if self.symbol is not None and re.search(r"[,;\t\n]", self.symbol):
            raise InputError(
                f"symbol {self.symbol!r} is not one", hint="give one, or none for all shares that the source names"
            )
        if self.decimal not in (None, ".", ","):
            raise InputError(f"decimal {self.decimal!r} is not known", hint="choose . or , (--decimal)")


def read_prices(path_or_frame: str | Path | Any, **options: Unpack[PriceKeywords]) -> PriceFile:
    """Read bars from a file or any frame that exports Arrow.

    Prices are taken as they stand: no adjustment, no filling; an empty close is not a bar. Rows that cannot be read are
    returned as rejects with their line.

    Parameters
    ----------
    path_or_frame : path or frame
        CSV and its kin in any usual encoding, JSON, XLSX, Parquet or Arrow IPC, packed (gzip, zip, .Z) or not; or a
        frame of polars, pandas, pyarrow or DuckDB.
    symbol : str, optional
        Whose bars they are, where the source does not say it; of a source with several, the one to take.
    exchange : str, optional
        Market identifier code; needed where stamps are times and the symbol's exchange is not known.
    columns : mapping, optional
        Ours to theirs, for example ``{"close": "Last"}``; of a file without a header to the place, from 1.
    date_order : str, optional
        dmy, mdy or ymd, for dates that can be read in two ways.
    layout : str, optional
        Name of a layout, or path of a layout file, where it is not told by the file.
    decimal : str, optional
        ``.`` or ``,``, for figures that can be read in two ways.
    zone : str, optional
        IANA zone of times that do not say theirs; default the exchange's.
    series : str, optional
        Which series of a share to take, where the source holds several.
    currency : str, optional
        What prices are quoted in: ISO 4217, or GBp, ZAc, ILA for hundredths, which become whole units.
    spacing : str, optional
        How far apart the bars are, where they are too few to tell: 1d, 1w, 1mo, 3mo or 1y.
    stamped : str, optional
        Whether the times of bars within a day are their ``start`` or their ``end``; default what the hours of the
        exchange show, else their start.

    Returns
    -------
    PriceFile
        Bars, rejects, and what was understood.

    Raises
    ------
    InputError
        For a missing column, a layout that cannot be told, rows that contradict each other, another symbol than asked.
    TimeError
        For dates that cannot be told truthfully.
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
    """As ``read_prices``, with what a store knows besides what the caller says."""
    hints = Hints(options.symbol, known_words, sheet_option="symbol (--symbol)")
    several = read_archive(Path(path_or_frame), hints) if isinstance(path_or_frame, str | Path) else None
    return read_table(read_raw(path_or_frame, hints) if several is None else several, options)


def read_table(raw: RawTable, options: PriceOptions) -> PriceFile:
    """The bars of a raw table; as ``read_file``."""
    table = recognise(raw, layout=options.layout, columns=options.columns, symbol=options.symbol)
    return read_recognised(raw, table, options)


def read_recognised(raw: RawTable, table: Recognised, options: PriceOptions) -> PriceFile:
    """As ``read_table``, of a table whose columns are known."""
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
            raise InputError(f"{raw.source} has no bars within days", hint="leave stamped (--stamped) out")
        interval = usual_distance(kept, options.spacing, raw.source)
    elif options.spacing is not None:
        raise InputError(
            f"{raw.source} has bars of {interval} within days, not of {options.spacing}", hint="leave spacing out"
        )
    bars = kept.with_columns(pl.lit(interval).alias("interval"), pl.lit(raw.source).alias("source"))
    if bars.is_empty():
        raise InputError(f"{raw.source} holds no bar that can be read", hint=first_reason(rejects))
    check_names(bars["symbol"].unique(), "symbol", raw.source)
    ordered = bars.select(pl.col(name).cast(kind) for name, kind in BARS.schema(BAR_COLUMNS).items())
    if interval != labelled.interval:
        unit_notes.append(f"bars are {WORDS[interval]}: they are stored as {interval}, and no study of days takes them")
    together = f"{len(raw.files)} files are read one below the other, and their lines counted through"
    notes = (
        *([together] if raw.files else []),
        *table.layout.notes,
        *table.notes,
        *place_notes,
        *stacked.notes,
        *series_notes,
        *labelled.notes,
        *volume_notes,
        *unit_notes,
        *name_notes,
    )
    kind = f"{stamps.kind}s{' at ends' if labelled.at_ends else ''}"
    return PriceFile(ordered, rejects, table.layout.name, notes, kind, currencies, stamps.form)


def _without_impossible_days(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    """Rows whose days no bar can have, by the Gregorian calendar, without a day.

    Raises InputError where most have one: dates of another calendar are years off.
    """
    latest = datetime.now(UTC).date() + _AHEAD
    impossible = ~pl.col("session").is_between(_FIRST_MARKET, latest)
    wrong = rows.filter(impossible.fill_null(False))
    if wrong.is_empty():
        return rows
    if 2 * wrong.height > rows.height:
        first, last = (wrong["session"].sort()[place] for place in (0, -1))
        raise InputError(
            f"{source}: dates run from {first} to {last}, when no market has bars",
            hint="write years of the Gregorian calendar, or name the date column (--column date=...)",
        )
    return rows.with_columns(pl.when(~impossible).then(pl.col("session")).alias("session"))


def exchange_of_all(symbols: list[str]) -> str | None:
    """The exchange that all the symbols have, as far as the package knows."""
    exchanges = set()
    for symbol in symbols[:50]:
        known = find_instrument(symbol)
        exchanges.add(str(known["exchange"]) if known else split_symbol(symbol)[1])
    return exchanges.pop() if len(exchanges) == 1 else None


def _zone(options: PriceOptions, table: Recognised, raw: RawTable, stamps: Stamps) -> str | None:
    """The zone of the stamps: what the caller says, else the source or its layout."""
    if options.zone is not None:
        return zone_named(options.zone)
    has_clocks = stamps.kind == "local" or (stamps.kind == "label" and table.time is not None)
    said = zone_said(raw, table) if has_clocks else None
    if said is not None:
        return said
    if stamps.kind == "label":
        return None
    stated = raw.facts.get("exchangetimezonename") or raw.facts.get("time zone")
    return stated if stated and "/" in stated else table.layout.zone


def _stamps(table: Recognised, date_order: str | None) -> Stamps:
    raw = table.table
    column = raw.frame[table.date].alias(raw.label(table.date) or "date")
    if table.time is not None:
        column = with_times(column, raw.frame[table.time])
    return read_stamps(column, date_order=date_order, usual_order=table.layout.date_order, source=raw.source)


def _figures(rows: pl.DataFrame, table: Recognised, options: PriceOptions) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Figures as numbers; rows with words instead of numbers, or without a close or a date, are set aside."""
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
    """Columns of figures as numbers, by the decimal mark of the whole source; a date is no figure."""
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
    """Columns of text that are not fields of ours, which may still tell what the decimal mark is."""
    places = {table.date, table.time, table.symbol, table.series, table.currency}
    taken = places | {column for fields in table.blocks.values() for column in fields.values()}
    frame = table.table.frame
    return [frame[each] for each in table.table.columns if each not in taken and frame[each].dtype == pl.String]


def _refuse_no_prices(rows: pl.DataFrame, source: str) -> None:
    """Raise InputError where so many closes are below zero that they are returns (oil was negative on one day), and for
    logarithms of prices.
    """
    below = int((rows["close"] < 0).sum())
    if below > _BELOW_ZERO * rows.height:
        raise InputError(
            f"{source}: {below:,} of {rows.height:,} closes are below zero, so these are returns, not prices",
            hint="give them to study --factors or --returns",
        )
    for (symbol,), own in rows.group_by("symbol", maintain_order=True):
        if are_logarithms(own["close"].cast(pl.Float64).to_numpy()):
            raise InputError(
                f"{source}: closes of {symbol} are logarithms of prices (their exponentials are whole cents)",
                hint="load the prices themselves",
            )
