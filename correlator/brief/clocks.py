"""When each exchange can react: day 0 and its reason, the minutes to its close, and the holidays ahead."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from correlator.brief.model import Clock, Holiday
from correlator.research.known import KnownSessions
from correlator.sessions.calendars import AFTER_CLOSE, holidays_known_until, place_instants, sessions_between
from correlator.sessions.exchanges import exchange_named

_LOOK = timedelta(days=14)


def clock_of(
    exchange: str,
    known_at: datetime,
    precision: str,
    at: datetime,
    *,
    sessions: KnownSessions | None,
    date_only: str = AFTER_CLOSE,
) -> Clock:
    """Return the clock of ``exchange`` at the instant ``at``, for news public since ``known_at``."""
    place = exchange_named(exchange)
    zone = ZoneInfo(place.zone)
    placed = place_instants(exchange, pl.Series([known_at]), [precision], date_only=date_only).row(0, named=True)
    day, reason = placed["session"], str(placed["reason"])
    opens = closes = None
    if day is not None:
        hours = sessions_between(exchange, day, day)
        opens, closes = hours["opens_at"][0], hours["closes_at"][0]
    return Clock(
        exchange,
        place.zone,
        day,
        reason,
        opens,
        closes,
        None if closes is None else f"{closes.astimezone(zone):%a %d %b %H:%M}",
        None if closes is None else int((closes - at).total_seconds() // 60),
        None if sessions is None else sessions.last,
        _holidays(exchange, at.astimezone(zone).date(), place.weekend),
        holidays_known_until(exchange),
    )


def _holidays(exchange: str, today: date, weekend: frozenset[int]) -> tuple[Holiday, ...]:
    """Return the days of the next two weeks that have no session and are not on the weekend."""
    ahead = [today + timedelta(days=step) for step in range(_LOOK.days + 1)]
    traded = set(sessions_between(exchange, ahead[0], ahead[-1])["session"])
    return tuple(Holiday(day, f"{day:%a}") for day in ahead if day.isoweekday() not in weekend and day not in traded)
