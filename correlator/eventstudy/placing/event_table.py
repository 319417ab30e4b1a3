"""Tables of events from frames and files: which columns they have, under which names and of which types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from operator import and_

import polars as pl

from correlator.base.tabular import Frame, to_polars
from correlator.containers.cells import is_date_like
from correlator.containers.foot import without_foot
from correlator.errors import InputError, NotFoundError, TimeError, warn
from correlator.eventstudy.panel.frames import label_column
from correlator.eventstudy.panel.moments import (
    RULE,
    UTC,
    is_text,
    moments_of,
    reads_as_moments,
    with_days,
    without_blanks,
)
from correlator.market.names.codes import as_symbols
from correlator.market.names.two_columns import name_other_shares
from correlator.market.vocabulary import UNRANKED, event_field, is_identifier, rank_of
from correlator.market.written.clock_columns import says_zones, without_zone, zone_in_name, zones_written
from correlator.market.written.day_numbers import counted_moments
from correlator.market.written.event_clocks import SAYS_WHEN, by_zone, read_clocks
from correlator.market.written.figures import missing_cells

_OWN = ("event_id", "symbol", "date")
_TIME, _EXCHANGE = "time", "exchange"
_STORED = ("known_at",)
_LOOKED_AT = 1_000


def read_events(frame: Frame, *, first: int = 1) -> pl.DataFrame:
    """Return events with ``event_id``, ``symbol``, ``date`` and their other columns.

    Ids count from ``first`` if there are none. Names of columns may differ in case. Without ``symbol``, the symbols are
    the column that names them in files of prices (``ticker``, ``RIC``, else an identifier such as ``ISIN``); without
    ``date``, the dates are the only column of dates. Raises NotFoundError if there are no symbols, and InputError if
    they are not text, if several columns hold dates and none is called ``date``, or if the header is repeated.
    """
    table = _refuse_patterns(to_polars(frame, "events"))
    refuse_names_in_two_cases(table.columns, "events")
    table = without_foot(_refuse_repeated_header(with_days(table, "events")), "events")
    table = table.rename({name: name.strip().lower() for name in table.columns if _is_own(name, table.columns)})
    if "symbol" not in table.columns:
        column = _symbols_of(table)
        symbols = table[column]
        if symbols.dtype.is_float() and is_identifier(column) and (symbols.drop_nans().drop_nulls() % 1 == 0).all():
            table = table.with_columns(
                symbols.fill_nan(None).cast(pl.Int64)
            )  # PERMNO, as float in pandas if any is NaN
        table = table.rename({column: "symbol"})
    else:
        _tell_of_other_symbols(table)
    times = "date"
    if "date" not in table.columns:
        times = _dates_of(table.drop("symbol"))
        table = table.rename({times: "date"})
    clock = _column_of_times(table)
    if clock is not None:
        times, table = clock, table.rename({clock: _TIME})
    table = table.with_columns(counted_moments(table["date"]))
    if is_text(table["date"]):
        date = table["date"].cast(pl.String)
        table = table.with_columns(date.to_frame().select(pl.when(~missing_cells(date.str.strip_chars())).then("date")))
    table = _with_zones_applied(_with_clocks(table), times).with_columns(_symbols(table["symbol"]))
    if "event_id" not in table.columns:
        table = table.with_columns(pl.int_range(first, first + len(table), dtype=pl.Int64).alias("event_id"))
    return table.select(*_OWN, pl.exclude(_OWN))


def refuse_names_in_two_cases(names: Sequence[str], source: str) -> None:
    """Raise InputError if a name that events need occurs in two cases: ``Date`` and ``date``."""
    for own in _OWN:
        alike = [name for name in names if name.strip().lower() == own]
        if len(alike) > 1:
            raise InputError(f"{source} have the columns {alike[0]!r} and {alike[1]!r}", hint="keep one of them")


def _refuse_patterns(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table. Raise InputError for a column whose name polars reads as a pattern of several columns."""
    for name in table.columns:
        if name == "*" or re.fullmatch(r"\^.*\$", name, re.DOTALL):
            raise InputError(f"events have a column {name!r}, which is a pattern and not a name", hint="rename it")
    return table


def _refuse_repeated_header(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table; raises InputError if a row repeats the header, as in concatenated files."""
    texts = [column.cast(pl.String) for column in table if is_text(column)]
    if len(texts) < 2 or len(texts) < table.width:
        return table
    again = reduce(and_, (text.str.strip_chars() == text.name.strip() for text in texts)).fill_null(value=False)
    if again.any():
        row = int(again.arg_max() or 0) + 1
        raise InputError(f"row {row} of events repeats the header, as in concatenated files", hint="remove that row")
    return table


def _is_own(name: str, columns: list[str]) -> bool:
    """Whether a column is one of ours in another case, and no column has our spelling already."""
    plain = name.strip().lower()
    return plain in (*_OWN, _TIME, _EXCHANGE) and name != plain and plain not in columns


def _symbols_of(table: pl.DataFrame) -> str:
    """Return the name of the column of symbols; if several names mean symbols, the one of the best rank.

    Raises NotFoundError if there is none, and InputError if two name different shares.
    """
    named = [name for name in table.columns if event_field(name) == "symbol"]
    candidates = sorted(named, key=rank_of) or [name for name in table.columns if is_identifier(name)]
    if not candidates:
        if any(is_date_like(word) for name in table.columns for word in name.split()):
            line = ", ".join(table.columns)
            raise NotFoundError(
                "events have no header", hint=f"add the line symbol,date before the first line ({line})"
            )
        raise NotFoundError(
            "events have no column 'symbol'",
            hint=f"columns are {', '.join(table.columns)}: rename the one of tickers to 'symbol'",
        )
    first, *others = candidates
    for other in others:
        same_rank = rank_of(other) == rank_of(first) and not table[first].equals(table[other], null_equal=True)
        if same_rank or name_other_shares(table[first], table[other]):
            raise InputError(
                f"events have symbols in both {first!r} and {other!r}", hint="rename the one to use to 'symbol'"
            )
    return first


def _tell_of_other_symbols(table: pl.DataFrame) -> None:
    """Warn of another column that is called as symbols usually are and names other shares than ``symbol``."""
    called = [name for name in table.columns if event_field(name) == "symbol" and rank_of(name) < UNRANKED]
    for name in called:
        if name_other_shares(table["symbol"], table[name]):
            warn(f"events name other shares in column {name!r}: those of 'symbol' are used")


def _dates_of(table: pl.DataFrame) -> str:
    """Return the name of the column of dates: the only one that holds any, else the only one with such a name.

    Raises InputError if there are two that differ: it is ambiguous which of them is day 0.
    """
    columns = [column for column in table.get_columns() if reads_as_moments(column)]
    if not columns:
        named = [name for name in table.columns if event_field(name) == "date"]
        return named[0] if len(named) == 1 else label_column(table, "events")
    if any(not column.equals(columns[0], null_equal=True) for column in columns[1:]):
        names = " and ".join(repr(column.name) for column in columns[:2])
        raise InputError(f"events have dates in both {names}", hint="rename the column of day 0 to 'date'")
    return columns[0].name


def _with_clocks(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table with a column ``time`` joined to plain dates, without a time zone.

    Raises TimeError for text that is not a time of day, and if the dates already have a time of day.
    """
    if _TIME not in table.columns:
        _warn_of_unread_clocks(table)
        return table
    days = moments_of(table["date"], "events")
    if days.has_clock.any():
        raise TimeError("events have a time of day in 'date' and also a column 'time'", hint="keep one of them")
    texts = without_blanks(table[_TIME].cast(pl.String)).str.strip_chars()
    clocks = read_clocks(texts)
    joined = days.day.cast(pl.String) + "T" + clocks["clock"]
    rule = clocks["rule"]
    dated = table.with_columns(joined.fill_null(days.day.cast(pl.String)).alias("date")).drop(_TIME)
    return dated if rule.is_null().all() else dated.with_columns(rule.alias(RULE))


def _column_of_times(table: pl.DataFrame) -> str | None:
    """Return the column of times of day whose name states their zone, such as ``Time (UTC)``; None beside ``time``."""
    named = [name for name in table.columns if zone_in_name(name) and without_zone(name).lower() == _TIME]
    return named[0] if len(named) == 1 and _TIME not in table.columns else None


def _with_zones_applied(table: pl.DataFrame, times: str) -> pl.DataFrame:
    """Return the table with local times converted from their zone, an IANA name or an offset (+05:30, -18000 seconds).

    A column states the zone of each row, else the name ``times`` that the column of times had states that of all.
    Raises TimeError for another name, and for local times that occur twice or never.
    """
    column = next((name for name in table.columns if says_zones(table[name])), None)
    of_all = pl.Series([zone_in_name(times)], dtype=pl.String)
    zones = of_all.new_from_index(0, table.height) if column is None else zones_written(table[column])
    if zones.is_null().all():
        return table
    moments = moments_of(table["date"], "events")
    is_local = moments.has_clock & moments.instant.is_null() & zones.is_not_null()
    instants = pl.Series("instant", [None] * table.height, dtype=UTC)
    for zone in zones.filter(is_local).unique().to_list():
        local = moments.wall.set(~(is_local & (zones == zone)), None)
        instants = instants.fill_null(by_zone(local, zone, column or times))
    texts = instants.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00").fill_null(table["date"].cast(pl.String))
    return table.with_columns(texts.alias("date")) if is_local.any() else table


def _warn_of_unread_clocks(table: pl.DataFrame) -> None:
    """Warn of times of day in a column that is not read: an event after the close belongs to the next session."""
    head = table.head(_LOOKED_AT)
    if moments_of(head["date"], "events").has_clock.any():
        return
    for column in head.get_columns():
        if column.name not in (*_OWN, *_STORED, RULE) and _holds_times(column):
            warn(
                f"events have times of day in column {column.name!r}, which is not used: their day 0 is the bar of "
                "'date'. Rename it to 'time' (HH:MM, bmo, amc), or write date and time in 'date'"
            )


def _holds_times(column: pl.Series) -> bool:
    """Whether a column holds times of day, instants, or words such as AMC (after market close)."""
    if column.dtype == pl.Time:
        return True
    if isinstance(column.dtype, pl.Datetime):
        return bool(moments_of(column, "events").has_clock.any())
    texts = without_blanks(column.cast(pl.String)).drop_nulls() if is_text(column) else pl.Series()
    if texts.is_empty():
        return False
    if texts.str.contains(SAYS_WHEN).all():
        return True
    return reads_as_moments(texts) and bool(moments_of(texts, "events").has_clock.any())


def _symbols(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if not (column.is_empty() or kind.is_integer() or kind == pl.Null or is_text(column)):
        raise InputError(
            f"column 'symbol' of events holds {kind}, not text",
            hint="read it as text, to keep 005930 and TRUE as they are",
        )
    return without_blanks(as_symbols(column))
