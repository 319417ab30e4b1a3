"""The market as known at one instant: closed sessions, and the first vintage of bars that were loaded later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import polars as pl

from correlator.eventstudy.panel.frames import Array, Rows
from correlator.research.panel import bar_arrays
from correlator.sessions.calendars import calendar_reach, sessions_between
from correlator.store.statements import query

HISTORY = 2_520
"""Sessions to look back: ten years."""
AHEAD = 15
"""Sessions after the last closed one, whose labels are known from the calendar; they have no bars."""

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
    """Daily bars of ``symbols`` on ``sessions``.

    ``fields``: arrays (T + ahead, S), NaN for missing bars and for sessions that had not closed, also at the symbol's
    own exchange; ``backfilled``: number of bars loaded after the instant; ``off_calendar``: number of bars on days
    without a session, which are left out; ``abroad``: exchange of the symbols of other exchanges.
    """

    sessions: KnownSessions
    symbols: tuple[str, ...]
    fields: dict[str, Array]
    backfilled: int
    off_calendar: int
    abroad: Mapping[str, str]

    def known_with(self, symbol: str | None) -> Rows:
        """Return when each session had closed (T + ahead,), also at the exchange of ``symbol``; microseconds UTC."""
        closes = self.sessions.closes.to_physical().to_numpy()
        exchange = None if symbol is None else self.abroad.get(symbol)
        return closes if exchange is None else np.maximum(closes, _closes_abroad(exchange, self.sessions))


@dataclass(frozen=True)
class LastTrade:
    """The close of the last intraday bar that had ended: ``price``, its ``bar_start`` (UTC) and ``interval``."""

    price: float
    bar_start: datetime
    interval: str


def known_sessions(exchange: str, at: datetime, history: int = HISTORY) -> KnownSessions | None:
    """Return the last ``history`` sessions closed at ``at`` and the next ``AHEAD`` ones; None if none had closed."""
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
    """Return daily bars of ``symbols`` on sessions that had closed at ``at``; the column of a symbol without is NaN."""
    parameters = {
        "symbols": list(symbols),
        "at": at,
        "first": _midnight(sessions.labels[0]),
        "last": _midnight(sessions.last),
    }
    abroad = _exchanges_abroad(connection, symbols, sessions.exchange)
    bars = _closed_abroad(query(connection, _BARS, parameters), abroad, sessions, at)
    on_sessions = bars.filter(pl.col("session").is_in(sessions.labels.implode()))
    return KnownBars(
        sessions,
        tuple(symbols),
        bar_arrays(bars, sessions.labels, symbols),
        int((on_sessions["retrieved_at"] > at).sum()),
        bars.height - on_sessions.height,
        abroad,
    )


def _exchanges_abroad(connection: duckdb.DuckDBPyConnection, symbols: Sequence[str], exchange: str) -> dict[str, str]:
    """Return the exchange of each of ``symbols`` that is not on ``exchange``."""
    rows = query(
        connection,
        "SELECT symbol, exchange FROM instruments WHERE symbol IN (SELECT unnest($symbols)) AND exchange <> $exchange",
        {"symbols": list(symbols), "exchange": exchange},
    )
    return dict(rows.iter_rows())


def _closed_abroad(
    bars: pl.DataFrame, abroad: Mapping[str, str], sessions: KnownSessions, at: datetime
) -> pl.DataFrame:
    """Return ``bars`` without those of other exchanges whose session of that date had not closed at ``at``."""
    instant = int(pl.Series([at]).cast(pl.Datetime("us", "UTC")).to_physical()[0])
    for exchange in set(abroad.values()):
        labels = sessions.labels.filter(pl.Series(_closes_abroad(exchange, sessions) > instant))
        names = [symbol for symbol, code in abroad.items() if code == exchange]
        bars = bars.remove(pl.col("symbol").is_in(names) & pl.col("session").is_in(labels.implode()))
    return bars


def _closes_abroad(exchange: str, sessions: KnownSessions) -> Rows:
    """Return when the session of each date (T + ahead,) closes at ``exchange``; microseconds UTC, 0 if it has none."""
    first, last = calendar_reach(exchange)
    start, end = max(first, sessions.labels[0]), min(last, sessions.labels[-1])
    labels = pl.DataFrame({"session": sessions.labels})
    if start > end:
        return np.zeros(labels.height, dtype=np.int64)
    sessions_abroad = sessions_between(exchange, start, end).select("session", "closes_at")
    closes = labels.join(sessions_abroad, on="session", how="left", maintain_order="left")["closes_at"]
    return closes.to_physical().fill_null(0).to_numpy().astype(np.int64)


def last_trades(
    connection: duckdb.DuckDBPyConnection, since: Mapping[str, datetime], at: datetime
) -> dict[str, LastTrade]:
    """Return, by symbol, the last intraday bar that began after its instant in ``since`` and had ended at ``at``."""
    parameters = {"symbols": list(since), "since": list(since.values()), "at": at}
    rows = query(connection, _LAST_TRADES, parameters) if since else pl.DataFrame()
    return {symbol: LastTrade(*trade) for symbol, *trade in rows.iter_rows()}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
