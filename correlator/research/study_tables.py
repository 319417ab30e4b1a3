"""Tables of a study from wherever a caller has them: wide files and frames as they are, and files of bars as columns.

A wide table has a column of dates and one per share. A table of bars (open, high, low, close; of one share, of several
below each other, or under two header rows) is read as a load of prices reads it, and becomes wide: each share a column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.files import called
from correlator.base.tabular import Frame, held, holds_columns, is_pandas, is_series
from correlator.containers.archive import read_archive
from correlator.containers.hints import Hints
from correlator.containers.raw import RawTable
from correlator.containers.read import head_of, read_raw
from correlator.errors import InputError, warn
from correlator.eventstudy.parts.study_files import read_events_file, read_wide_file
from correlator.eventstudy.placing.events import one_exchange
from correlator.eventstudy.request.spec import DAILY
from correlator.market.factors import has_factor_table, read_factors
from correlator.market.layout.by_names import short_names
from correlator.market.layout.levels import blocks_of_names
from correlator.market.layout.turned import is_transposed, read_transposed
from correlator.market.reading.files import PriceFile, read_prices
from correlator.market.vocabulary import field_of, is_figure, known_words
from correlator.market.written.unit_row import named_once, units_in_names
from correlator.research.long_returns import long_returns, wide_returns
from correlator.sessions.intervals import AS_WRITTEN, is_within_days

_HINTS = Hints(known_words=known_words)
_STAMPS = ("date", "time")
_FIGURES = ("prices", "volumes")
_CLOSES = ("close", "adjusted_close")
_SHORTEST_FIGURE = 3
"""Letters of a name that is surely a figure and not a share: C, V and LO are tickers, too."""

Table = Frame | str | Path
Tables = Table | Mapping[str, Table]


def tables_named(texts: Sequence[str], what: str) -> Tables:
    """What a command line says of a table: one file, or several as ``SYMBOL=FILE``.

    >>> tables_named(["HBL=hbl.csv", "MCB=mcb.csv"], "prices")
    {'HBL': 'hbl.csv', 'MCB': 'mcb.csv'}
    """
    parts = [text.partition("=") for text in texts]
    if len(texts) == 1 and (not parts[0][1] or Path(texts[0]).exists()):
        return texts[0]
    if not all(name and file for name, _, file in parts):
        raise InputError(f"{what} are several files of which one has no symbol", hint="write SYMBOL=FILE for each")
    repeated = next((name for name, _, _ in parts if sum(name == other for other, _, _ in parts) > 1), None)
    if repeated is not None:
        raise InputError(f"{what} of {repeated} are given twice", hint="give one file per symbol")
    return {name: file for name, _, file in parts}


@dataclass(frozen=True)
class StudyTable:
    """``frame``: dates and one column per share; ``notes``: what a reader of the source should know, one line each."""

    frame: Frame
    notes: tuple[str, ...] = ()


def study_table(source: Tables, kind: str, *, exchange: str | None = None) -> StudyTable:
    """``prices``, ``volumes`` or ``returns`` as a wide table.

    Parameters
    ----------
    source
        A wide frame or file; bars of one or several shares as files and libraries hold them; or a mapping of a share's
        name to its bars. Closes are the adjusted ones of a share that has them on every day, else the closes.
    kind
        ``prices``, ``volumes`` or ``returns``; returns of a wide table, or of a row per share and day.
    exchange
        Of the shares, for stamps whose day depends on it.

    Raises
    ------
    InputError, NotFoundError, TimeError
        For a source that cannot be read, that holds bars of a share which it does not name, or of weeks.

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
    raw = None if raw is None else units_in_names(named_once(raw))
    if raw is not None and is_transposed(raw):
        return _turned(source, kind)
    if raw is None or not _is_of_bars(raw):
        return StudyTable(read_wide_file(Path(source)) if isinstance(source, str | Path) else source)
    if not _names_shares(raw) and not raw.files:
        raise InputError(
            f"{_name_of(source, kind)} holds bars of one share and does not say which",
            hint="in Python prices={'AIRLINK': bars}, on the command line --prices AIRLINK=FILE",
        )
    return _of_bars(read_prices(source, exchange=exchange, stamped=AS_WRITTEN), kind, _name_of(source, kind))


def _of_returns(source: Table) -> StudyTable:
    """Returns as a wide table: as they are, or of a row per share and day."""
    head = _raw_head(source)
    places = None if head is None else long_returns(head)
    if places is not None:
        return StudyTable(*wide_returns(read_raw(source, _HINTS), places, _name_of(source, "returns")))
    return StudyTable(read_wide_file(Path(source)) if isinstance(source, str | Path) else source)


def events_table(source: Table) -> Frame:
    """Events of a file in any container, or the frame itself."""
    return read_events_file(Path(source)) if isinstance(source, str | Path) else source


def study_tables(given: Mapping[str, Any], *, exchange: str | None = None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Arguments of ``study_frames`` with files and bars in them as wide frames, and notes on their sources.

    ``given``: prices, volumes, returns, benchmark, donors and factors as a caller has them; None is left out.
    """
    kind = next((name for name in ("prices", "volumes") if given.get(name) is not None), "returns")
    place = one_exchange(exchange)
    tables: dict[str, Any] = {}
    notes: list[str] = []
    for name, value in given.items():
        if value is None:
            continue
        if name == "factors":
            table = factor_table(value)
        elif name == "benchmark":
            table = _benchmark_table(value, kind, place)
        else:
            table = study_table(value, kind if name == "donors" else name, exchange=place)
        tables[name] = table.frame
        notes += table.notes
    return tables, tuple(notes)


def factor_table(source: Table) -> StudyTable:
    """Factors as fractions: of a file with dates and words around its table, of any wide file, or the frame itself."""
    if not isinstance(source, str | Path):
        return StudyTable(source)
    path = Path(source)
    if path.suffix.lower() == ".parquet" or not path.is_file() or not has_factor_table(path):
        return StudyTable(read_wide_file(path))
    factors = read_factors(path)
    if len(factors.rejects):
        line, reason = factors.rejects.select("source_line", "reason").row(0)
        warn(f"{path.name}: {len(factors.rejects)} rows cannot be read, first line {line}: {reason}")
    return StudyTable(factors.factors, tuple(f"{path.name}: {note}" for note in factors.notes))


def _benchmark_table(source: Any, kind: str, exchange: str | None) -> StudyTable:
    """A benchmark: the name of a column, or a table of one share of the same kind; text that names a file is one."""
    if isinstance(source, str) and Path(source).suffix and Path(source).is_file():
        source = Path(source)
    if isinstance(source, str | Integral):  # a column of pandas may be called 10107
        return StudyTable(str(source))
    source = _named_column(source, "the benchmark")
    raw = _raw_head(source)
    if kind not in _FIGURES or raw is None or not _is_of_bars(raw):
        return study_table(source, kind, exchange=exchange)
    if not _names_shares(raw):
        return _of_shares({"benchmark": source}, kind, exchange)
    table = study_table(source, kind, exchange=exchange)
    if table.frame.width != 2:
        raise InputError(f"the benchmark holds {table.frame.width - 1} shares", hint="give the bars of one")
    return table


def _named_column(source: Any, kind: str) -> Any:
    """A source that can be read more than once, a pandas Series as the frame of its share."""
    if is_series(source) and source.name is None and source.index.nlevels == 1:
        raise InputError(f"{kind} is a series without a name", hint="give {'AIRLINK': series}, or name it")
    return source if isinstance(source, str | Path) else held(source)


def _raw_head(source: Table) -> RawTable | None:
    """The first rows of a source as a raw table, all of an archive of several files; None if it has none."""
    if isinstance(source, str | Path):
        return read_archive(Path(source), _HINTS) or head_of(Path(source), _HINTS)
    head = source.head(1) if hasattr(source, "head") else source
    is_frame = is_pandas(head) or hasattr(head, "__arrow_c_stream__")
    return read_raw(head) if is_frame and (not hasattr(head, "__len__") or len(head)) else None


def _is_of_bars(raw: RawTable) -> bool:
    """Whether the columns are figures of bars, and not shares."""
    if _has_levels(raw) or _has_levels_in_names(raw) or short_names(raw, str.lower):
        return True
    names = [name for name in raw.labels.values() if name and field_of(name) not in _STAMPS]
    if "symbol" in map(field_of, names):
        return any(field_of(name) in (*_CLOSES, "last") for name in names)
    of_bar = {"open", "high", "low"} <= set(map(field_of, names))  # a close may be called Price or Last then
    called = (*_CLOSES, "last") if of_bar else _CLOSES
    closes = [name for name in names if field_of(name) in called and len(name) >= _SHORTEST_FIGURE]
    return bool(closes) and all(map(is_figure, names))


def _has_levels(raw: RawTable) -> bool:
    return any(len(cells) > 1 and any(map(is_figure, cells)) for cells in raw.header)


def _has_levels_in_names(raw: RawTable) -> bool:
    """Whether names hold share and figure, several figures of one share: ``KO_Close``, ``KO_Volume``."""
    return any(len(fields) > 1 for fields in blocks_of_names(raw, {}, None).values())


def _names_shares(raw: RawTable) -> bool:
    return _has_levels(raw) or _has_levels_in_names(raw) or "symbol" in map(field_of, raw.labels.values())


def _name_of(source: Table, kind: str) -> str:
    return called(source) if isinstance(source, str | Path) else kind


def _of_shares(sources: Mapping[str, Table], kind: str, exchange: str | None) -> StudyTable:
    """The tables of several shares side by side, under the names that the caller gives them."""
    if kind not in _FIGURES:
        raise InputError(f"{kind} of several shares are one wide frame", hint="give dates and one column per share")
    if not sources:
        raise InputError(f"{kind} hold no share", hint="give {'AIRLINK': bars}")
    wide: pl.DataFrame | None = None
    notes: list[str] = []
    for name, source in sources.items():
        own: Any = source
        own = own.to_frame(name) if is_series(own) else own
        bars = read_prices(own, symbol=name, exchange=exchange, stamped=AS_WRITTEN)
        table = _of_bars(bars, kind, _name_of(source, kind))
        notes += table.notes
        column = table.frame.rename(dict.fromkeys(table.frame.columns[1:], name))
        if wide is not None and wide.columns[0] != column.columns[0]:
            raise InputError(f"{kind} hold bars of days and of parts of a day", hint="give bars of one length")
        wide = column if wide is None else wide.join(column, on=wide.columns[0], how="full", coalesce=True)
    assert wide is not None
    return StudyTable(wide.sort(wide.columns[0]), tuple(notes))


def _turned(source: Table, kind: str) -> StudyTable:
    """A table of a column per day and a row per share as one of a row per day.

    Raises InputError where a share has two rows.
    """
    name = _name_of(source, kind)
    shape = read_transposed(read_raw(source, _HINTS), {}, None)
    assert shape is not None  # its header is made of days
    long = shape.table.frame.select(date="c0", symbol="c1", value="c2")
    twice = long.filter(pl.struct("date", "symbol").is_duplicated())
    if twice.height:
        raise InputError(f"{name} has several rows of {twice['symbol'][0]}", hint="keep one row of figures per share")
    wide = long.pivot(on="symbol", index="date", values="value", maintain_order=True)
    return StudyTable(wide, (f"{name} is read with a column per day and a row per share",))


def _of_bars(bars: PriceFile, kind: str, name: str) -> StudyTable:
    """Bars as a wide table of closes or volumes; which side of them the times within a day are, a study tells."""
    interval = str(bars.bars["interval"][0])
    if interval != DAILY and not is_within_days(interval):
        raise InputError(f"{name} holds bars of {interval}, not of days", hint="give the bars of days")
    if bars.rejects.height:
        line, reason = bars.rejects.select("source_line", "reason").row(0)
        warn(f"{name}: {bars.rejects.height} rows cannot be read, first line {line}: {reason}")
    value = _closes(bars.bars, name) if kind == "prices" else pl.col("volume")
    time = "session" if interval == DAILY else "bar_start"
    wide = bars.bars.select("symbol", time, value=value).pivot(
        on="symbol", index=time, values="value", maintain_order=True
    )
    notes = [f"{name}: {note}" for note in bars.notes]
    return StudyTable(
        wide.sort(time), (f"{name} is read as bars of {', '.join(bars.symbols[:5])} ({bars.layout})", *notes)
    )


def _closes(bars: pl.DataFrame, name: str) -> pl.Expr:
    """Adjusted closes of shares that have them on every day, else closes; told where some days have none."""
    adjusted = pl.col("adjusted_close").is_not_null()
    gaps = bars.filter(adjusted.any().over("symbol") & ~adjusted.all().over("symbol"))["symbol"].unique().sort()
    if len(gaps):
        warn(f"{name}: adjusted closes of {', '.join(gaps[:5])} have gaps: closes are studied")
    return pl.when(adjusted.all().over("symbol")).then("adjusted_close").otherwise("close")
