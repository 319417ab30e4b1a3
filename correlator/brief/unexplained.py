"""Find unexplained moves: sessions with an extreme abnormal return and no stored event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import polars as pl

from correlator.align.day_zero import place_on_exchanges
from correlator.base.iso_dates import read_day
from correlator.base.progress import tracked
from correlator.brief.make import requests_of
from correlator.brief.series import Measured, measured
from correlator.errors import InputError, warn
from correlator.eventstudy.panel.frames import Mask
from correlator.eventstudy.request.readers import instant
from correlator.eventstudy.request.windows import OffsetWindow
from correlator.research.concerned import Concerned, with_bars
from correlator.research.known import HISTORY, KnownSessions, known_bars, known_sessions
from correlator.research.precedents import Reach, concerning, near_events
from correlator.sessions.calendars import AFTER_CLOSE
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.views import public_by, public_parameters

LEAST = 3.0
"""Standard errors from which a session is extreme: about ten of 1,000 ordinary sessions, which have fat tails."""
SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "session": pl.Date(),
    "ar": pl.Float64(),
    "z": pl.Float64(),
    "rarer": pl.Float64(),
    "limit_locked": pl.Boolean(),
    "nearest_sessions": pl.Int64(),
    "nearest_event_id": pl.Int64(),
    "nearest_category": pl.String(),
    "nearest_headline": pl.String(),
}
"""Columns: abnormal return (log), the same in standard errors under the current regime, the share of the symbol's
sessions that are as extreme, whether it ended at the limit; and the nearest event that concerns the symbol, with its
distance in sessions (negative: before)."""


def unexplained(
    store: Store,
    since: str | date,
    *,
    until: str | date | None = None,
    symbols: str | Sequence[str] | None = None,
    least: float = LEAST,
    benchmark: str | None = None,
    as_of: str | datetime | None = None,
    date_only: str = AFTER_CLOSE,
) -> pl.DataFrame:
    """Return sessions from ``since`` on with an abnormal return of at least ``least`` standard errors and no event.

    An event explains its day 0 and the session after it. Abnormal returns are measured as in a brief: over the
    benchmark, in units of the forecast error and the volatility of the 20 sessions before.

    Parameters
    ----------
    since, until
        First and last session, as dates; default of ``until``: the last closed session.
    symbols
        Instruments; default: all shares with bars.
    least
        Standard errors.
    benchmark
        As in ``brief``.
    as_of
        The instant as of which the store is read; default now.
    date_only
        Day 0 of an event with only a date: ``after-close`` (the next session) or ``same-day``.

    Returns
    -------
    polars.DataFrame
        ``SCHEMA``, the most extreme first.

    Raises
    ------
    InputError, NotFoundError
        For an invalid date, or a symbol that is not in the store.

    Examples
    --------
    >>> unexplained(store, "2025-01-01").head()  # doctest: +SKIP
    """
    first, last = read_day(since, "since"), None if until is None else read_day(until, "until")
    if last is not None and last < first:
        raise InputError(f"until {last} is before since {first}", hint="swap the two dates")
    if not least > 0:
        raise InputError(f"least must be above 0, got {least:g}", argument="least")
    moment = datetime.now(UTC) if as_of is None else instant(as_of)
    assert moment is not None
    given = [symbols] if isinstance(symbols, str) else list(symbols or ())
    names = [part.strip() for each in given for part in each.split(",") if part.strip()]
    options = (first, last, least, moment, date_only)
    parts = []
    with store.studying() as connection:
        chosen = [each for each in with_bars(connection, names) if names or each.kind == "share"]
        for instrument in tracked(chosen, "unexplained moves", len(chosen)):
            sessions = known_sessions(instrument.exchange, moment, _reach(first, moment))
            if sessions is None:
                continue
            requests, needed = requests_of(connection, [instrument], instrument.exchange, benchmark)
            bars = known_bars(connection, needed, sessions, moment)
            (numbers,) = measured(bars, requests, (OffsetWindow(0, 0),))
            inside = _inside(sessions, first, last)
            if np.isfinite(numbers.outcomes.z[: sessions.closed, 0, 0][inside]).any():
                parts.append(_moves(connection, instrument, numbers, sessions, options=options))
    if not parts:
        to = "" if last is None else f" to {last}"
        warn(f"no session from {first}{to} could be measured: one must have closed, with 60 daily bars before it")
        return pl.DataFrame(schema=SCHEMA)
    together = pl.concat(parts)
    return together.sort(pl.col("z").abs(), "symbol", "session", descending=[True, False, False])


def _moves(
    connection: duckdb.DuckDBPyConnection,
    instrument: Concerned,
    numbers: Measured,
    sessions: KnownSessions,
    *,
    options: tuple[date, date | None, float, datetime, str],
) -> pl.DataFrame:
    """Return the unexplained sessions of one instrument."""
    first, last, least, moment, date_only = options
    z = numbers.outcomes.z[: sessions.closed, 0, 0]
    labels = sessions.labels[: sessions.closed]
    extreme = np.flatnonzero((np.abs(np.nan_to_num(z)) >= least) & _inside(sessions, first, last))
    if len(extreme) == 0:
        return pl.DataFrame(schema=SCHEMA)
    near = _events(connection, instrument, labels[0], moment)
    placed = place_on_exchanges(near, [instrument.exchange], date_only=date_only)
    events = placed.filter(pl.col("day_zero").is_not_null())
    rows = labels.search_sorted(events["day_zero"]).to_numpy().astype(np.int64) if events.height else np.zeros(0, int)
    known = np.sort(np.abs(z[np.isfinite(z)]))
    moves = []
    for row in extreme.tolist():
        if np.isin([row, row - 1], rows).any():
            continue
        nearest = int(np.argmin(np.abs(rows - row))) if len(rows) else None
        event = {} if nearest is None else events.row(nearest, named=True)
        moves.append(
            (
                instrument.symbol,
                labels[row],
                float(numbers.outcomes.car[row, 0, 0]),
                float(z[row]),
                float((len(known) - np.searchsorted(known, abs(z[row]))) / len(known)),
                bool(numbers.locked[row]),
                None if nearest is None else int(rows[nearest] - row),
                event.get("event_id"),
                event.get("category"),
                event.get("headline"),
            )
        )
    return pl.DataFrame(moves, schema=SCHEMA, orient="row")


def _inside(sessions: KnownSessions, first: date, last: date | None) -> Mask:
    """Return which closed sessions lie between ``first`` and ``last``."""
    labels = sessions.labels[: sessions.closed]
    return np.asarray((labels >= first).to_numpy() & (True if last is None else (labels <= last).to_numpy()))


def _events(
    connection: duckdb.DuckDBPyConnection, instrument: Concerned, first: date, moment: datetime
) -> pl.DataFrame:
    """Return events that concern the instrument, and articles without an event that name it."""
    countries = (instrument.country,) if instrument.country else ()
    since = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=14)
    near = near_events(connection, Reach((instrument.symbol,), countries, since, moment))
    pairs = concerning(connection, near, [(instrument.symbol, instrument.country)])
    columns = ("event_id", "category", "headline", "known_at", "known_precision")
    events = near.join(pairs.select("event_id"), on="event_id", how="semi", maintain_order="left").select(columns)
    named = query(
        connection,
        f"""
        SELECT NULL::BIGINT AS event_id, NULL::VARCHAR AS category, a.headline, a.published_at AS known_at,
            a.published_precision AS known_precision
        FROM links AS l JOIN articles AS a ON a.article_id = l.article_id AND a.version = 1
        WHERE l.kind = 'named' AND l.symbol = $symbol AND a.published_at >= $since
            AND {public_by("a.published_at", "a.published_precision")}
            AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.article_id = a.article_id)
        ORDER BY a.published_at, a.article_id
        """,
        {"symbol": instrument.symbol, "since": since, **public_parameters(moment)},
    )
    return pl.concat([events, named], how="vertical_relaxed")


def _reach(first: date, moment: datetime) -> int:
    """Return the number of sessions to read: those of a brief before ``first``, and those since."""
    return HISTORY + max((moment.date() - first).days, 0) * 5 // 7
