"""The protocol of a source of bars, the content of a download, and the installed sources.

A source is a class without constructor arguments, registered in the entry point group ``correlator.sources``; other
packages add theirs the same way. ``add prices --source NAME`` and ``update`` then find it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import entry_points
from typing import Protocol

import polars as pl

from correlator.errors import InputError, NotFoundError, likeliest
from correlator.sessions.calendars import sessions_between

GROUP = "correlator.sources"
ACTION_SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "session": pl.Date(),
    "kind": pl.String(),
    "value": pl.Float64(),
    "source": pl.String(),
}


@dataclass(frozen=True)
class Patience:
    """Retry policy: number of attempts, and the first and longest wait in seconds (with jitter)."""

    attempts: int = 5
    first_wait: float = 2.0
    longest_wait: float = 60.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Request:
    """A request for bars: the source's own name of the symbol, and dates (``end`` excluded, None: until now).

    ``interval``: 1d, or minutes and hours as the source has them; ``exchange``: market identifier code, if the caller
    names one.
    """

    symbol: str
    start: date
    end: date | None = None
    interval: str = "1d"
    exchange: str | None = None


@dataclass(frozen=True)
class Download:
    """The downloaded data of one symbol.

    ``bars``: columns of ``tables.BARS`` without vintage and retrieved_at, with the source's name in ``source``; prices
    as the source gives them, and ``adjusted_close`` if it has one; ``actions``: symbol, session, kind (dividend, split,
    capital-gain), value, source; ``instrument``: columns of ``tables.INSTRUMENTS``; ``rejects``: source, source_line,
    reason, content; ``notes``: remarks for the user.
    """

    symbol: str
    bars: pl.DataFrame
    actions: pl.DataFrame
    instrument: dict[str, str | None]
    rejects: pl.DataFrame
    retrieved_at: datetime
    notes: tuple[str, ...] = ()


class BarSource(Protocol):
    """A source of bars."""

    name: str
    title: str

    def name_of(self, symbol: str, instrument: dict[str, str | None] | None, exchange: str | None) -> str:
        """Return the source's own name of a symbol; ``instrument``: what the store knows of it."""
        ...

    def earliest(self, interval: str) -> date:
        """Return the first day for which the source has bars of the interval."""
        ...

    def download(self, request: Request) -> Download:
        """Return the requested bars; raise NotFoundError if there are none, and SourceError if the source fails."""
        ...


def closed_sessions(bars: pl.DataFrame, exchange: str, now: datetime) -> tuple[pl.DataFrame, list[date]]:
    """Return the bars of sessions that have closed by ``now`` (UTC), and the skipped days."""
    if bars.is_empty():
        return bars, []
    days = bars["session"]
    sessions = sessions_between(exchange, days.min(), days.max())  # type: ignore[arg-type]
    still_open = pl.col("session").is_in(sessions.filter(pl.col("closes_at") > now)["session"].implode())
    return bars.filter(~still_open), bars.filter(still_open)["session"].unique().sort().to_list()


def source_names() -> list[str]:
    """Return the names of the installed sources in alphabetical order."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def source_named(name: str) -> BarSource:
    """Return the installed source ``name``.

    Raise NotFoundError for an unknown name, and InputError if the source of another package cannot be loaded.
    """
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            try:
                source: BarSource = entry.load()()
            except (ImportError, AttributeError, TypeError) as problem:
                raise InputError(f"source {name} ({entry.value}) cannot be loaded: {problem}") from None
            return source
    known = source_names()
    raise NotFoundError(f"unknown source {name!r}", hint=likeliest(name, known, "sources are"))
