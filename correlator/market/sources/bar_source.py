"""Where bars can be downloaded: a protocol, what a download holds, and the sources that are installed.

A source is a class without arguments that is entered under the entry point group ``correlator.sources``; other packages
add theirs the same way. ``add prices --source NAME`` and ``update`` then know it.
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
    """How often to ask again: attempts in all, and seconds of the first and the longest wait (jittered between)."""

    attempts: int = 5
    first_wait: float = 2.0
    longest_wait: float = 60.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Request:
    """Which bars are asked for: the source's own name of the symbol, dates (``end`` excluded, None: until now).

    ``interval``: 1d, or minutes and hours as the source has them; ``exchange``: market identifier code, where the
    caller names one.
    """

    symbol: str
    start: date
    end: date | None = None
    interval: str = "1d"
    exchange: str | None = None


@dataclass(frozen=True)
class Download:
    """What a source has of one symbol.

    ``bars``: columns of ``tables.BARS`` without vintage and retrieved_at, ``source`` the source's name; prices as the
    source gives them, and ``adjusted_close`` where it has one; ``actions``: symbol, session, kind (dividend, split,
    capital-gain), value, source; ``instrument``: columns of ``tables.INSTRUMENTS``; ``rejects``: source, source_line,
    reason, content; ``notes``: what a user should know.
    """

    symbol: str
    bars: pl.DataFrame
    actions: pl.DataFrame
    instrument: dict[str, str | None]
    rejects: pl.DataFrame
    retrieved_at: datetime
    notes: tuple[str, ...] = ()


class BarSource(Protocol):
    """A place that bars come from."""

    name: str
    title: str

    def name_of(self, symbol: str, instrument: dict[str, str | None] | None, exchange: str | None) -> str:
        """The source's own name of a symbol; ``instrument``: what the store knows of it."""
        ...

    def earliest(self, interval: str) -> date:
        """The first day for which the source gives bars of the interval."""
        ...

    def download(self, request: Request) -> Download:
        """The bars of the request. Raises NotFoundError for what it does not have, SourceError where it fails."""
        ...


def closed_sessions(bars: pl.DataFrame, exchange: str, now: datetime) -> tuple[pl.DataFrame, list[date]]:
    """Bars of sessions that have closed by ``now`` (UTC), and the days left out."""
    if bars.is_empty():
        return bars, []
    days = bars["session"]
    sessions = sessions_between(exchange, days.min(), days.max())  # type: ignore[arg-type]
    still_open = pl.col("session").is_in(sessions.filter(pl.col("closes_at") > now)["session"].implode())
    return bars.filter(~still_open), bars.filter(still_open)["session"].unique().sort().to_list()


def source_names() -> list[str]:
    """Names of the installed sources, in order."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def source_named(name: str) -> BarSource:
    """The installed source ``name``.

    Raises NotFoundError for another name, InputError where what another package entered cannot be loaded.
    """
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            try:
                source: BarSource = entry.load()()
            except (ImportError, AttributeError, TypeError) as problem:
                raise InputError(f"the source {name} ({entry.value}) cannot be loaded: {problem}") from None
            return source
    known = source_names()
    raise NotFoundError(f"there is no source {name!r}", hint=likeliest(name, known, "sources are"))
