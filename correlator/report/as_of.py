"""The slice of the store that a report may see: sessions closed and news public at one instant, with their sources.

A report must be reproducible and must not look ahead. So it does not read the store itself but a slice of it: bars of
sessions that had closed, and events that were public; one with a date but no time is so once that date is over at the
exchange. A bar has its newest vintage known then; a bar that was loaded
later (backfilled) has its first one, and the report says how many of these there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from correlator.errors import InputError, StaleDataError, listed
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED
from correlator.eventstudy.request.spec import OTHER_COUNTRIES, OTHER_SECTORS, SYNTHETIC, StudySpec
from correlator.intake.strips import date_strips
from correlator.sessions.calendars import calendar_reach, sessions_between
from correlator.sessions.exchanges import exchange_zone
from correlator.store.db import Store
from correlator.store.reading import read_instrument_rows
from correlator.store.statements import execute, query
from correlator.views import date_over, public_by, public_parameters

_BARS = """
    SELECT b.*, i.exchange FROM bars_at($as_of, $symbols) AS b JOIN instruments AS i USING (symbol)
    WHERE b."interval" = '1d' ORDER BY symbol, bar_start
"""
_EVENTS = f"SELECT * FROM events WHERE {public_by()} ORDER BY event_id"
_OF_ARTICLES = """
    SELECT * FROM {table} WHERE article_id IN (SELECT article_id FROM events WHERE {public}) ORDER BY ALL
"""
_LOOK_BACK = timedelta(days=45)


@dataclass(frozen=True)
class Moment:
    """The time of a report: the UTC instant ``as_of``, and the last ``session`` of ``exchange`` closed by then."""

    exchange: str
    as_of: datetime
    session: date

    @property
    def date_over(self) -> datetime:
        """The last date that is over at the exchange, as its midnight UTC."""
        return date_over(self.as_of, exchange_zone(self.exchange))


@dataclass(frozen=True)
class Inputs:
    """The contents of a slice.

    ``bars``: symbol, exchange, bars, first_session, last_session, vintages, backfilled (bars loaded after the instant),
    sources; ``events``, ``articles``: their number; ``sha256``: digests of the slice's tables by name.
    """

    bars: pl.DataFrame
    events: int
    articles: int
    sha256: dict[str, str]


def exchange_of_report(store: Store, symbols: Sequence[str]) -> str:
    """Return the exchange of the report's symbols, or of all instruments with bars if no symbols are given.

    Raises InputError if there are several, NotFoundError for an unknown symbol.
    """
    with store.reading() as connection:
        if symbols:
            exchanges = {str(row["exchange"]) for row in read_instrument_rows(connection, symbols).values()}
        else:
            sql = (
                "SELECT DISTINCT exchange FROM instruments WHERE symbol IN (SELECT symbol FROM bars) ORDER BY exchange"
            )
            exchanges = set(query(connection, sql)["exchange"])
    if len(exchanges) != 1:
        listed = ", ".join(sorted(exchanges)) or "none"
        raise InputError(
            f"the symbols of a report must be on one exchange, got {listed}", hint="give symbols of one exchange"
        )
    return exchanges.pop()


def moment_of(exchange: str, as_of: date | datetime | None) -> Moment:
    """Return the time of a report: an instant, the end of a date at the exchange, or (None) of the last closed session.

    Raises InputError for an instant without time zone, before the first close of the calendar, or in the future.
    """
    newest = last_closed(exchange, datetime.now(UTC))
    if as_of is None:
        return Moment(exchange, _end_of(exchange, newest), newest)
    if not isinstance(as_of, datetime):
        instant = _end_of(exchange, as_of)
    elif as_of.tzinfo is None:
        raise InputError(f"as_of {as_of} has no time zone", hint="add Z or an offset such as +05:00")
    else:
        instant = as_of.astimezone(UTC)
    session = last_closed(exchange, instant)
    if session > newest:
        raise InputError(
            f"session {session} of {exchange}, the last one closed at {instant:%Y-%m-%dT%H:%MZ}, has not closed yet",
            hint=f"the newest possible session is {newest}",
        )
    return Moment(exchange, instant, session)


def last_closed(exchange: str, instant: datetime) -> date:
    """Return the label of the last session of ``exchange`` that had closed at ``instant``."""
    first, last = calendar_reach(exchange)
    start, end = max(instant.date() - _LOOK_BACK, first), min(instant.date() + timedelta(days=1), last)
    if start > end:
        start = end = min(max(start, first), last)
    closed = sessions_between(exchange, start, end).filter(pl.col("closes_at") <= instant)["session"]
    if closed.is_empty():
        raise InputError(
            f"no session of {exchange} had closed at {instant:%Y-%m-%dT%H:%MZ}", hint="give a later --as-of"
        )
    label: date = closed[-1]
    return label


def is_session(exchange: str, as_of: date | datetime | None) -> bool:
    """Whether the day of ``as_of`` (default now) at the exchange is a session."""
    zone = ZoneInfo(exchange_zone(exchange))
    instant = datetime.now(UTC) if as_of is None else as_of
    day = instant.astimezone(zone).date() if isinstance(instant, datetime) else instant
    return not sessions_between(exchange, day, day).is_empty()


def slice_store(
    store: Store, target: Path, moment: Moment, symbols: Sequence[str] | None, *, abroad: bool = False
) -> tuple[Store, Inputs]:
    """Copy what the report may see to a new store at ``target``; ``symbols`` None means all.

    ``abroad``: also copy bars of other exchanges, of sessions that had closed by the instant of ``moment``.

    Strips are dated again with the closes of the slice, so that later closes have no influence; quotes that cannot be
    dated this way may have been printed later, and are left out.
    """
    public = public_parameters(moment.as_of, exchange_zone(moment.exchange))
    with store.studying() as connection:
        tables = {
            "instruments": query(connection, "SELECT * FROM instruments ORDER BY symbol"),
            "events": query(connection, _EVENTS, public),
            **{
                name: query(connection, _OF_ARTICLES.format(table=name, public=public_by()), public)
                for name in _ARTICLE_TABLES
            },
        }
        every = tables["instruments"]["symbol"].to_list()
        kept = every if symbols is None else [*symbols, *_printed(tables["quotes"], tables["instruments"])]
        bars = query(connection, _BARS, {"symbols": kept, "as_of": moment.as_of}).filter(
            pl.col("session") <= moment.session
        )
        local = bars.filter(pl.col("exchange") == moment.exchange)
    bars = pl.concat([local, _closed_abroad(bars, moment)]) if abroad else local
    tables["bars"] = bars.drop("exchange")
    sliced = Store(target)
    with sliced.transaction() as connection:
        for name, frame in tables.items():
            _copy(connection, name, frame)
        date_strips(connection, articles=tables["articles"]["article_id"].unique().to_list())
        execute(connection, "DELETE FROM quotes WHERE session IS NULL")
        tables["quotes"] = query(connection, "SELECT * FROM quotes ORDER BY ALL")
    digests = {name: _digest(tables[name]) for name in ("bars", "events", "quotes")}
    of_report = local if symbols is None else local.filter(pl.col("symbol").is_in(symbols))
    articles = tables["articles"]["article_id"].n_unique()
    return sliced, Inputs(_provenance(of_report, moment), tables["events"].height, articles, digests)


def _closed_abroad(bars: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """Return the bars of other exchanges whose sessions had closed by the instant of ``moment``.

    Sessions of earlier dates have closed everywhere; for the same date, the closing times of the exchange decide.
    """
    others = bars.filter(pl.col("exchange") != moment.exchange)
    closed = []
    for exchange in others.filter(pl.col("session") == moment.session)["exchange"].unique().sort():
        closes = sessions_between(exchange, moment.session, moment.session)["closes_at"]
        if len(closes) and closes[0] <= moment.as_of:
            closed.append(exchange)
    return others.filter((pl.col("session") < moment.session) | pl.col("exchange").is_in(closed))


_ARTICLE_TABLES = ("articles", "quotes", "links")


def check_fresh(inputs: Inputs, moment: Moment, symbols: Sequence[str], stale_after: int) -> None:
    """Raise StaleDataError if a symbol lacks more than ``stale_after`` sessions up to that of ``moment``."""
    last = dict(inputs.bars.select("symbol", "last_session").iter_rows())
    checked = symbols or list(last)
    late = []
    for symbol in checked:
        if symbol not in last:
            late.append(f"{symbol} has no bars")
            continue
        missing = sessions_between(moment.exchange, last[symbol], moment.session).height - 1
        if missing > stale_after:
            late.append(f"{symbol} ends {last[symbol]} ({missing} sessions missing)")
    if late:
        raise StaleDataError(
            f"prices are stale: session {moment.session} has closed, {listed(late, 3, '; ')}",
            hint="load newer prices, or raise stale_after in the report",
        )


def symbols_needed(study: StudySpec) -> list[str] | None:
    """Return the symbols whose bars the report needs; None for all (no symbols given, or all shares as benchmark or
    donors).
    """
    if not study.symbols:
        return None
    if study.model == SYNTHETIC:
        by_rule = not study.donors or {OTHER_COUNTRIES, OTHER_SECTORS} & set(study.donors)
        return None if by_rule else list(dict.fromkeys([*study.symbols, *study.donors]))
    if study.benchmark is None or study.benchmark == EQUAL_WEIGHTED:
        return None
    return list(dict.fromkeys([*study.symbols, study.benchmark]))


def _printed(quotes: pl.DataFrame, instruments: pl.DataFrame) -> list[str]:
    """Return the symbols printed on the strips, whose closes are needed to date the strips."""
    names = pl.concat_list(pl.col("symbol"), pl.col("aliases").fill_null("").str.split("|"))
    printed = instruments.select("symbol", name=names).explode("name")
    return printed.filter(pl.col("name").is_in(quotes["symbol"].implode()))["symbol"].unique().sort().to_list()


def _end_of(exchange: str, day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(exchange_zone(exchange))).astimezone(UTC)


def _copy(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    if frame.is_empty():
        return
    connection.register("fresh", frame)
    execute(connection, f"INSERT INTO {name} BY NAME SELECT * FROM fresh")
    connection.unregister("fresh")


def _digest(frame: pl.DataFrame) -> str:
    """Return the SHA-256 of the rows without the columns that depend on when they were loaded."""
    kept = frame.drop("retrieved_at", "loaded_at", "source", "load_id", strict=False)
    return hashlib.sha256(kept.write_csv().encode()).hexdigest()


def _provenance(bars: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    return (
        bars.group_by("symbol", maintain_order=True)
        .agg(
            pl.col("exchange").first(),
            bars=pl.len(),
            first_session=pl.col("session").min(),
            last_session=pl.col("session").max(),
            vintages=pl.col("vintage").max(),
            backfilled=(pl.col("retrieved_at") > moment.as_of).sum(),
            sources=pl.col("source").str.extract(r"([^/\\]+)[/\\]?$").unique().sort().str.join(" | "),
        )
        .sort("symbol")
    )
