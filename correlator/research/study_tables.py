"""Read the tables of a study from files or frames: wide tables, and tables of bars, which are converted to wide ones.

A wide table has a column of dates and one per share. A table of bars (open, high, low, close; of one share, of several
in long format, or with two header rows) is read like a price file and becomes a wide table with a column per share.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.files import called, is_file
from correlator.base.tabular import Frame, holds_columns, is_pandas, is_series, rereadable
from correlator.containers.archive import read_archive
from correlator.containers.hints import Hints
from correlator.containers.raw import RawTable
from correlator.containers.read import head_of, read_raw
from correlator.errors import InputError, TimeError, listed, warn
from correlator.eventstudy.panel.frames import read_wide
from correlator.eventstudy.panel.jumps import MOST_BARS
from correlator.eventstudy.parts.study_files import read_events_file, read_wide_file
from correlator.eventstudy.placing.events import one_exchange
from correlator.eventstudy.request.spec import DAILY
from correlator.market.factor_units import PERCENT, check_unit
from correlator.market.factors import has_factor_table, read_factors
from correlator.market.layout.by_names import short_names
from correlator.market.layout.levels import blocks_of_names
from correlator.market.layout.turned import is_transposed, read_transposed
from correlator.market.reading.files import PriceFile, read_prices
from correlator.market.vocabulary import field_of, is_figure, known_words
from correlator.market.written.headers import with_plain_header
from correlator.research.long_returns import long_returns, wide_returns
from correlator.sessions.intervals import AS_WRITTEN, is_within_days

_HINTS = Hints(known_words=known_words)
_STAMPS = ("date", "time")
_FIGURES = ("prices", "volumes")
_CLOSES = ("close", "adjusted_close")
_SHORTEST_FIGURE = 3
"""Minimum length of a column name that denotes a field rather than a share: C, V and LO are tickers as well."""

Table = Frame | str | Path
Tables = Table | Mapping[str, Table]


def tables_named(texts: Sequence[str], what: str) -> Tables:
    """Return the table arguments of a command line: one file, or several as ``SYMBOL=FILE``.

    >>> tables_named(["HBL=hbl.csv", "MCB=mcb.csv"], "prices")
    {'HBL': 'hbl.csv', 'MCB': 'mcb.csv'}
    """
    parts = [text.partition("=") for text in texts]
    if len(texts) == 1 and (not parts[0][1] or os.path.exists(texts[0])):
        return texts[0]
    if not all(name and file for name, _, file in parts):
        raise InputError(f"{what}: one of several files has no symbol", hint="write SYMBOL=FILE for each")
    repeated = next((name for name, _, _ in parts if sum(name == other for other, _, _ in parts) > 1), None)
    if repeated is not None:
        raise InputError(f"{what}: symbol {repeated} is given twice", hint="give one file per symbol")
    return {name: file for name, _, file in parts}


@dataclass(frozen=True)
class StudyTable:
    """``frame``: dates and one column per share; ``notes``: notes on the source for the user, one line each."""

    frame: Frame
    notes: tuple[str, ...] = ()


def study_table(source: Tables, kind: str, *, exchange: str | None = None) -> StudyTable:
    """Return ``prices``, ``volumes`` or ``returns`` as a wide table.

    Parameters
    ----------
    source
        A wide frame or file; bars of one or several shares in the usual formats; or a mapping of symbols to bars. The
        adjusted closes of a share are used if it has them on every day, else the closes.
    kind
        ``prices``, ``volumes`` or ``returns``; returns may be in wide format, or have a row per share and day.
    exchange
        Exchange of the shares, for timestamps whose day depends on it.

    Raises
    ------
    InputError, NotFoundError, TimeError
        For a source that cannot be read, that has bars of an unnamed share, or weekly bars.

    Examples
    --------
    >>> bars = pl.DataFrame({"Date": ["2024-01-02"], "Open": [1.0], "Close": [2.0]})
    >>> study_table({"LAMP": bars}, "prices").frame["LAMP"].item()
    2.0
    """
    if isinstance(source, Mapping) and not holds_columns(source):
        return _of_shares(source, kind, exchange)
    source = _named_column(source, kind)
    if kind == "returns":
        return _of_returns(source)
    raw = _raw_head(source)
    raw = None if raw is None else with_plain_header(raw)
    if raw is not None and is_transposed(raw):
        return _turned(source, kind)
    if raw is None or not _is_of_bars(raw):
        return StudyTable(read_wide_file(Path(source)) if isinstance(source, str | Path) else source)
    if not _names_shares(raw) and not raw.files:
        raise InputError(
            f"{_name_of(source, kind)} has bars of one share but no symbol",
            hint="in Python prices={'AIRLINK': bars}, on the command line --prices AIRLINK=FILE",
        )
    return _of_bars(_bars_of(source, exchange=exchange), kind, _name_of(source, kind))


def _bars_of(source: Table, *, exchange: str | None, symbol: str | None = None) -> PriceFile:
    """Return the bars of a table; hints at options of price files say where these can be given."""
    try:
        return read_prices(source, symbol=symbol, exchange=exchange, stamped=AS_WRITTEN)
    except (InputError, TimeError) as problem:
        if "--" not in (problem.hint or ""):
            raise
        where = "an option of `add prices` and of co.read_prices, whose bars a study takes; or change the table"
        raise type(problem)(problem.message, hint=f"{problem.hint}: {where}") from None


def _of_returns(source: Table) -> StudyTable:
    """Return returns as a wide table; they may be wide already, or have a row per share and day."""
    head = _raw_head(source)
    places = None if head is None else long_returns(head)
    if places is not None:
        return StudyTable(*wide_returns(read_raw(source, _HINTS), places, _name_of(source, "returns")))
    return StudyTable(read_wide_file(Path(source)) if isinstance(source, str | Path) else source)


def events_table(source: Table) -> Frame:
    """Return the events of a file in any format, or the frame itself."""
    return read_events_file(Path(source)) if isinstance(source, str | Path) else source


def study_tables(
    sources: Mapping[str, Any],
    *,
    exchange: str | None = None,
    factors_unit: str | None = None,
    risk_free_unit: str | None = None,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the arguments of ``study_frames`` with files and bars converted to wide frames, and notes on the sources.

    ``sources``: prices, volumes, returns, benchmark, donors, factors and risk_free as given by the caller; None is left
    out. ``factors_unit`` as for ``factor_table``; a column of factors that is ``risk_free`` with a ``risk_free_unit``
    stays as written, for ``part_risk_free`` to convert.
    """
    refuse_unit_alone(sources.get("factors"), factors_unit)
    kind = next((name for name in ("prices", "volumes") if sources.get(name) is not None), "returns")
    single_exchange = one_exchange(exchange)
    tables: dict[str, Any] = {}
    notes: list[str] = []
    for name, value in sources.items():
        if value is None:
            continue
        if name == "factors":
            rate = sources.get("risk_free")
            as_written = rate if isinstance(rate, str) and risk_free_unit is not None else None
            table = factor_table(value, factors_unit, as_written)
        elif name == "risk_free":
            table = _risk_free_table(value)
        elif name == "benchmark":
            table = _benchmark_table(value, kind, single_exchange)
        else:
            table = study_table(value, kind if name == "donors" else name, exchange=single_exchange)
        tables[name] = table.frame
        notes += table.notes
    return tables, tuple(notes)


def refuse_unit_alone(factors: Any, unit: str | None) -> None:
    """Raise InputError for a unit of factors without factors."""
    if unit is not None and factors is None:
        raise InputError("factors_unit has no effect without factors", hint="give factors", argument="factors_unit")


def factor_table(source: Table, unit: str | None = None, as_written: str | None = None) -> StudyTable:
    """Return factors as fractions, from a file with text around its table, any wide file, or a frame.

    ``unit``: ``percent`` or ``fraction``; by default a file with text around its table shows its own, and others hold
    fractions. ``as_written``: a column that is not converted. Raises InputError for another unit.
    """
    check_unit(unit)
    if not isinstance(source, str | Path):
        return StudyTable(_in_fractions(source, unit, as_written))
    path = Path(source)
    if path.suffix.lower() == ".parquet" or not is_file(path) or not has_factor_table(path):
        return StudyTable(_in_fractions(read_wide_file(path), unit, as_written))
    factors = read_factors(path, unit=unit, as_written=as_written)
    if len(factors.rejects):
        line, reason = factors.rejects.select("source_line", "reason").row(0)
        warn(f"{path.name}: {len(factors.rejects)} rows cannot be read, first line {line}: {reason}")
    return StudyTable(factors.factors, tuple(f"{path.name}: {note}" for note in factors.notes))


def _in_fractions(frame: Frame, unit: str | None, as_written: str | None) -> Frame:
    """Return a frame of factors divided by 100, except a column ``as_written``, if its unit is per cent."""
    if unit != PERCENT:
        return frame
    wide = read_wide(frame, "factors")
    divisors = {name: 1.0 if name == as_written else 100.0 for name in wide.names}
    return pl.DataFrame([wide.labels, *(pl.Series(name, wide.column(name) / by) for name, by in divisors.items())])


def _file_or_name(source: Any) -> Any:
    """Return the path of a text that names an existing file with an ending; any other source as it is."""
    is_path = isinstance(source, str) and Path(source).suffix and is_file(source)
    return Path(source) if is_path else source


def _risk_free_table(source: Any) -> StudyTable:
    """Return the risk-free return: the name of a column, a frame, or the file that a path or text names."""
    source = _file_or_name(source)
    return StudyTable(read_wide_file(source) if isinstance(source, Path) else source)


def _benchmark_table(source: Any, kind: str, exchange: str | None) -> StudyTable:
    """Return a benchmark: the name of a column, or a table of one share; text that names an existing file is a file."""
    source = _file_or_name(source)
    if isinstance(source, str | Integral):  # pandas columns may have names such as 10107
        return StudyTable(str(source))
    source = _named_column(source, "the benchmark")
    raw = _raw_head(source)
    if kind not in _FIGURES or raw is None or not _is_of_bars(raw):
        return study_table(source, kind, exchange=exchange)
    if not _names_shares(raw):
        return _of_shares({"benchmark": source}, kind, exchange)
    table = study_table(source, kind, exchange=exchange)
    if table.frame.width != 2:
        raise InputError(f"the benchmark must be one share, got {table.frame.width - 1}", hint="give the bars of one")
    return table


def _named_column(source: Any, kind: str) -> Any:
    """Return a source that can be read more than once, with a pandas Series converted to the frame of its share."""
    if is_series(source) and source.name is None and source.index.nlevels == 1:
        raise InputError(f"{kind} is a series without a name", hint="give {'AIRLINK': series}, or set series.name")
    return source if isinstance(source, str | Path) else rereadable(source)


def _raw_head(source: Table) -> RawTable | None:
    """Return the first rows of a source as a raw table (all rows of an archive of several files); None if empty."""
    if isinstance(source, str | Path):
        return read_archive(Path(source), _HINTS) or head_of(Path(source), _HINTS)
    head = source.head(1) if hasattr(source, "head") else source
    is_frame = is_pandas(head) or hasattr(head, "__arrow_c_stream__")
    return read_raw(head) if is_frame and (not hasattr(head, "__len__") or len(head)) else None


def _is_of_bars(raw: RawTable) -> bool:
    """Whether the columns are fields of bars rather than shares."""
    if _has_levels(raw) or _has_levels_in_names(raw) or short_names(raw, str.lower):
        return True
    names = [name for name in raw.labels.values() if name and field_of(name) not in _STAMPS]
    if "symbol" in map(field_of, names):
        return any(field_of(name) in (*_CLOSES, "last") for name in names)
    of_bar = {"open", "high", "low"} <= set(map(field_of, names))  # then a close may be called Price or Last
    close_fields = (*_CLOSES, "last") if of_bar else _CLOSES
    closes = [name for name in names if field_of(name) in close_fields and len(name) >= _SHORTEST_FIGURE]
    return bool(closes) and (of_bar or all(map(is_figure, names)))


def _has_levels(raw: RawTable) -> bool:
    return any(len(cells) > 1 and any(map(is_figure, cells)) for cells in raw.header)


def _has_levels_in_names(raw: RawTable) -> bool:
    """Whether column names combine share and field, with several fields per share: ``KO_Close``, ``KO_Volume``."""
    return any(len(fields) > 1 for fields in blocks_of_names(raw, {}, None).values())


def _names_shares(raw: RawTable) -> bool:
    return _has_levels(raw) or _has_levels_in_names(raw) or "symbol" in map(field_of, raw.labels.values())


def _name_of(source: Table, kind: str) -> str:
    return called(source) if isinstance(source, str | Path) else kind


def _of_shares(sources: Mapping[str, Table], kind: str, exchange: str | None) -> StudyTable:
    """Join the tables of several shares, with the names given by the caller as columns."""
    if kind not in _FIGURES:
        raise InputError(f"{kind} of several shares must be one wide frame", hint="give dates and one column per share")
    if not sources:
        raise InputError(f"{kind} has no shares", hint="give {'AIRLINK': bars}")
    wide: pl.DataFrame | None = None
    notes: list[str] = []
    for name, source in sources.items():
        frame: Any = source
        frame = frame.to_frame(name) if is_series(frame) else frame
        bars = _bars_of(frame, symbol=name, exchange=exchange)
        table = _of_bars(bars, kind, _name_of(source, kind))
        notes += table.notes
        column = table.frame.rename(dict.fromkeys(table.frame.columns[1:], name))
        if wide is not None and wide.columns[0] != column.columns[0]:
            raise InputError(f"{kind} mixes daily and intraday bars", hint="give bars of one interval")
        wide = column if wide is None else wide.join(column, on=wide.columns[0], how="full", coalesce=True)
    assert wide is not None
    return StudyTable(wide.sort(wide.columns[0]), tuple(notes))


def _turned(source: Table, kind: str) -> StudyTable:
    """Transpose a table with a column per day and a row per share.

    Raises InputError if a share has two rows.
    """
    name = _name_of(source, kind)
    shape = read_transposed(read_raw(source, _HINTS), {}, None)
    assert shape is not None  # its header consists of days
    long = shape.table.frame.select(date="c0", symbol="c1", value="c2")
    duplicates = long.filter(pl.struct("date", "symbol").is_duplicated())
    if duplicates.height:
        raise InputError(f"{name} has several rows of {duplicates['symbol'][0]}", hint="keep one row per share")
    wide = long.pivot(on="symbol", index="date", values="value", maintain_order=True)
    return StudyTable(wide, (f"{name} is read with one column per day and one row per share",))


def _of_bars(bars: PriceFile, kind: str, name: str) -> StudyTable:
    """Return bars as a wide table of closes or volumes; intraday timestamps are kept as written."""
    interval = str(bars.bars["interval"][0])
    if interval != DAILY and not is_within_days(interval):
        raise InputError(f"{name} has bars of {interval}, which cannot be studied", hint="give daily or intraday bars")
    if bars.rejects.height:
        line, reason = bars.rejects.select("source_line", "reason").row(0)
        warn(f"{name}: {bars.rejects.height} rows cannot be read, first line {line}: {reason}")
    if kind == "prices" and interval == DAILY:
        _warn_of_adjusted(bars.bars, name)
    value = _closes(bars.bars, name) if kind == "prices" else pl.col("volume")
    time = "session" if interval == DAILY else "bar_start"
    wide = bars.bars.select("symbol", time, value=value).pivot(
        on="symbol", index=time, values="value", maintain_order=True
    )
    notes = [f"{name}: {note}" for note in bars.notes]
    return StudyTable(wide.sort(time), (f"{name} is read as bars of {listed(bars.symbols)} ({bars.layout})", *notes))


def _warn_of_adjusted(bars: pl.DataFrame, name: str) -> None:
    """Warn of the first adjusted close of each share that the audit gravely doubts; of long tables none is checked."""
    from correlator.market.audit.adjusted import adjusted_closes
    from correlator.market.audit.findings import Series

    if bars.height > MOST_BARS or bars["adjusted_close"].null_count() == bars.height:
        return
    for (symbol,), each in bars.group_by("symbol", maintain_order=True):
        for found in adjusted_closes(Series(str(symbol), name, each.sort("session"), None, None)):
            grave = found.filter(pl.col("severity") == "high").sort("session").head(1)
            for day, text in grave.select("session", "evidence").iter_rows():
                warn(f"{name}: {symbol} on {day}: {text}. Adjusted closes are used: load the series again")


def _closes(bars: pl.DataFrame, name: str) -> pl.Expr:
    """Return the adjusted closes of shares that have them on every day, else closes; warn about gaps."""
    adjusted = pl.col("adjusted_close").is_not_null()
    gaps = bars.filter(adjusted.any().over("symbol") & ~adjusted.all().over("symbol"))["symbol"].unique().sort()
    if len(gaps):
        warn(f"{name}: adjusted closes of {listed(gaps)} have gaps, so unadjusted closes are used")
    return pl.when(adjusted.all().over("symbol")).then("adjusted_close").otherwise("close")
