"""Events as frames and files bring them: which columns are theirs, under which names, and of which kinds."""

from __future__ import annotations

from functools import reduce
from operator import and_

import polars as pl

from correlator.base.tabular import Frame
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
from correlator.market.vocabulary import beside, event_field, is_identifier, rank_of
from correlator.market.written.day_numbers import counted_moments
from correlator.market.written.event_clocks import SAYS_WHEN, by_zone, read_clocks
from correlator.market.written.figures import says_nothing

_OWN = ("event_id", "symbol", "date")
_TIME, _EXCHANGE = "time", "exchange"
_STORED = ("known_at",)
_LOOKED_AT = 1_000


def read_events(frame: Frame, *, first: int = 1) -> pl.DataFrame:
    """Events as ``event_id``, ``symbol``, ``date`` and what else came along; numbers from ``first`` without an id.

    ``symbol`` and ``date`` may be written in capitals; without ``symbol`` it is the column that files of prices would
    call so (``ticker``, ``RIC``, else ``ISIN`` and its like), without ``date`` the one column of dates. Raises
    NotFoundError without symbols, and InputError where these are not text, where several columns hold dates and none is
    called so, and where the header comes again.
    """
    table = without_foot(_in_one_piece(with_days(frame, "events")), "events")
    table = table.rename({name: name.strip().lower() for name in table.columns if _is_own(name, table.columns)})
    if "symbol" not in table.columns:
        column = _symbols_of(table)
        own = table[column]
        if own.dtype.is_float() and is_identifier(column) and (own.drop_nans().drop_nulls() % 1 == 0).all():
            table = table.with_columns(own.fill_nan(None).cast(pl.Int64))  # PERMNO of pandas beside NaN
        table = table.rename({column: "symbol"})
    if "date" not in table.columns:
        table = table.rename({_dates_of(table.drop("symbol")): "date"})
    table = table.with_columns(counted_moments(table["date"]))
    if is_text(table["date"]):
        date = table["date"].cast(pl.String)
        table = table.with_columns(date.to_frame().select(pl.when(~says_nothing(date.str.strip_chars())).then("date")))
    table = _in_their_zones(_with_clocks(table)).with_columns(_symbols(table["symbol"]))
    if "event_id" not in table.columns:
        table = table.with_columns(pl.int_range(first, first + len(table), dtype=pl.Int64).alias("event_id"))
    return table.select(*_OWN, pl.exclude(_OWN))


def _in_one_piece(table: pl.DataFrame) -> pl.DataFrame:
    """The table; raises InputError where a row is its header again, as in files that were put together."""
    texts = [column.cast(pl.String) for column in table if is_text(column)]
    if len(texts) < 2 or len(texts) < table.width:
        return table
    again = reduce(and_, (text.str.strip_chars() == text.name.strip() for text in texts)).fill_null(value=False)
    if again.any():
        row = int(again.arg_max() or 0) + 1
        raise InputError(f"row {row} of events is their header again: two files in one", hint="take that row out")
    return table


def _is_own(name: str, columns: list[str]) -> bool:
    """Whether a column is one of ours in another spelling, and no column has that spelling already."""
    plain = name.strip().lower()
    return plain in (*_OWN, _TIME, _EXCHANGE) and name != plain and plain not in columns


def _symbols_of(table: pl.DataFrame) -> str:
    """The column of events that names their shares: the one that is called so, of several the one called so best.

    Raises NotFoundError where none is, and InputError where two are no better called than each other and differ.
    """
    named = [name for name in table.columns if event_field(name) == "symbol"]
    called_so = sorted(named, key=rank_of) or [name for name in table.columns if is_identifier(name)]
    if not called_so:
        if any(is_date_like(word) for name in table.columns for word in name.split()):
            line = ", ".join(table.columns)
            raise NotFoundError("events have no header", hint=f"write symbol,date above their first line ({line})")
        raise NotFoundError(
            "events have no column 'symbol'",
            hint=f"they have {', '.join(table.columns)}: call the one of tickers 'symbol'",
        )
    first, *others = called_so
    for other in others:
        if rank_of(other) == rank_of(first) and not table[first].equals(table[other], null_equal=True):
            raise InputError(
                f"events have symbols in {first!r} and {other!r}", hint="call the one of their shares 'symbol'"
            )
    return first


def _dates_of(table: pl.DataFrame) -> str:
    """The column of events that holds their dates: the only one that does, else the only one that is called so.

    Raises InputError where two do and differ: which of them an event is placed by cannot be told.
    """
    columns = [column for column in table.get_columns() if reads_as_moments(column)]
    if not columns:
        called_so = [name for name in table.columns if event_field(name) == "date"]
        return called_so[0] if len(called_so) == 1 else label_column(table, "events")
    if any(not column.equals(columns[0], null_equal=True) for column in columns[1:]):
        names = " and ".join(repr(column.name) for column in columns[:2])
        raise InputError(f"events have dates in {names}", hint="call the column of their day 0 'date'")
    return columns[0].name


def _with_clocks(table: pl.DataFrame) -> pl.DataFrame:
    """A column ``time`` with plain dates belongs to them: both as one, without a zone.

    Raises TimeError for text that is not a time of day, and where dates have a clock already.
    """
    if _TIME not in table.columns:
        _warn_of_unread_clocks(table)
        return table
    days = moments_of(table["date"], "events")
    if days.has_clock.any():
        raise TimeError("events have a clock in their dates and also a column 'time'", hint="keep one of both")
    written = without_blanks(table[_TIME].cast(pl.String)).str.strip_chars()
    clocks = read_clocks(written)
    both = days.day.cast(pl.String) + "T" + clocks["clock"]
    rule = clocks["rule"]
    dated = table.with_columns(both.fill_null(days.day.cast(pl.String)).alias("date")).drop(_TIME)
    return dated if rule.is_null().all() else dated.with_columns(rule.alias(RULE))


def _in_their_zones(table: pl.DataFrame) -> pl.DataFrame:
    """Clocks without a zone as those of the zone that a column says: an IANA name, or an offset such as +05:30.

    Raises TimeError for another name, and for times that its clocks show twice or never.
    """
    column = next((name for name in table.columns if beside(name) in ("zone", "offset") and is_text(table[name])), None)
    if column is None:
        return table
    moments = moments_of(table["date"], "events")
    said = without_blanks(table[column].cast(pl.String))
    bare = moments.has_clock & moments.instant.is_null() & said.is_not_null()
    instants = pl.Series("instant", [None] * table.height, dtype=UTC)
    for zone in said.filter(bare).unique().to_list():
        own = moments.wall.set(~(bare & (said == zone)), None)
        instants = instants.fill_null(by_zone(own, zone, column))
    written = instants.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00").fill_null(table["date"].cast(pl.String))
    return table.with_columns(written.alias("date")) if bare.any() else table


def _warn_of_unread_clocks(table: pl.DataFrame) -> None:
    """Warn where a column besides dates tells times of day: what comes after the close is of the next session."""
    head = table.head(_LOOKED_AT)
    if moments_of(head["date"], "events").has_clock.any():
        return
    for column in head.get_columns():
        if column.name not in (*_OWN, *_STORED, RULE) and _tells_clocks(column):
            warn(
                f"events have times of day in column {column.name!r}, which is not read: their day 0 is the bar of "
                "'date'. Call it 'time' (HH:MM, bmo, amc), or write both in 'date'"
            )


def _tells_clocks(column: pl.Series) -> bool:
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
            f"column 'symbol' of events holds {kind}, not text", hint="read it as text, so that 005930 and TRUE stay"
        )
    return without_blanks(as_symbols(column))
