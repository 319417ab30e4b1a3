"""The market as one instant may see it: closed sessions, first vintages where bars came later, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb
import polars as pl

from correlator.eventstudy.panel.frames import Array
from correlator.research.panel import bar_arrays
from correlator.sessions import calendar_reach, sessions_between
from correlator.store.statements import query

HISTORY = 2_520
"""Sessions that are looked back: ten years."""
AHEAD = 15
"""Sessions after the last closed one whose labels are known from the calendar; they have no bars."""

_BARS = """
    SELECT * FROM bars_at($at, $symbols)
    WHERE "interval" = '1d' AND bar_start BETWEEN $first::TIMESTAMPTZ AND $last::TIMESTAMPTZ
    ORDER BY symbol, bar_start
"""
_LAST_TRADES = """
    WITH since AS (SELECT unnest($symbols) AS symbol, unnest($since::TIMESTAMPTZ[]) AS since)
    SELECT symbol, arg_max(close, bar_start) AS price, max(bar_start) AS bar_start,
        arg_max("interval", bar_start) AS "interval"
    FROM bars_at($at, $symbols) JOIN since USING (symbol)
    WHERE "interval" <> '1d' AND close IS NOT NULL AND bar_start > since
        AND bar_start + to_minutes(CASE WHEN "interval" LIKE '%h' THEN 60 ELSE 1 END
            * CAST(regexp_extract("interval", '^[0-9]+') AS INTEGER)) <= $at
    GROUP BY symbol
"""


@dataclass(frozen=True)
class KnownSessions:
    """Sessions of ``exchange`` around an instant: ``labels``, ``opens`` and ``closes`` (T + ahead,), of which the first
    ``closed`` had closed by then.
    """

    exchange: str
    labels: pl.Series
    opens: pl.Series
    closes: pl.Series
    closed: int

    @property
    def last(self) -> date:
        """The last session that had closed."""
        label: date = self.labels[self.closed - 1]
        return label


@dataclass(frozen=True)
class KnownBars:
    """Daily bars of ``symbols`` on ``sessions``: ``fields``, arrays (T + ahead, S), NaN where there is no bar and in
    every session that had not closed; ``backfilled``: bars that were loaded after the instant; ``off_calendar``: bars
    on days that the calendar has no session for, which are left out.
    """

    sessions: KnownSessions
    symbols: tuple[str, ...]
    fields: dict[str, Array]
    backfilled: int
    off_calendar: int


@dataclass(frozen=True)
class LastTrade:
    """The close of the last intraday bar that had ended: ``price``, its ``bar_start`` (UTC) and ``interval``."""

    price: float
    bar_start: datetime
    interval: str


def known_sessions(exchange: str, at: datetime, history: int = HISTORY) -> KnownSessions | None:
    """The last ``history`` sessions closed at ``at``, and the ``AHEAD`` next ones of the calendar; None where none had
    closed.
    """
    first, last = calendar_reach(exchange)
    start = max(first, at.date() - timedelta(days=int(history * 1.6) + 30))
    end = min(last, at.date() + timedelta(days=60))
    if start > end:
        return None
    rows = sessions_between(exchange, start, end)
    closed = int((rows["closes_at"] <= at).sum())
    if closed == 0:
        return None
    rows = rows.slice(max(closed - history, 0), min(closed, history) + AHEAD)
    return KnownSessions(exchange, rows["session"], rows["opens_at"], rows["closes_at"], min(closed, history))


def known_bars(
    connection: duckdb.DuckDBPyConnection, symbols: Sequence[str], sessions: KnownSessions, at: datetime
) -> KnownBars:
    """Daily bars of ``symbols`` on sessions that had closed at ``at``; a symbol without any is a column of NaN."""
    parameters = {
        "symbols": list(symbols),
        "at": at,
        "first": _midnight(sessions.labels[0]),
        "last": _midnight(sessions.last),
    }
    bars = query(connection, _BARS, parameters)
    on_sessions = bars.filter(pl.col("session").is_in(sessions.labels.implode()))
    return KnownBars(
        sessions,
        tuple(symbols),
        bar_arrays(bars, sessions.labels, symbols),
        int((on_sessions["retrieved_at"] > at).sum()),
        bars.height - on_sessions.height,
    )


def last_trades(
    connection: duckdb.DuckDBPyConnection, since: Mapping[str, datetime], at: datetime
) -> dict[str, LastTrade]:
    """By symbol the last intraday bar that began after its instant of ``since`` and had ended at ``at``."""
    parameters = {"symbols": list(since), "since": list(since.values()), "at": at}
    rows = query(connection, _LAST_TRADES, parameters) if since else pl.DataFrame()
    return {symbol: LastTrade(*trade) for symbol, *trade in rows.iter_rows()}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
