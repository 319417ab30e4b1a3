"""The data classes of a brief. Returns are log returns, as fractions; instants are UTC."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any

DIGITS = 6
"""Significant digits of computed numbers in JSON, so that it is the same on every machine."""
_PRICES = ("last_close", "price", "change")
"""Fields with prices, which are given and not computed: all their digits are kept."""


@dataclass(frozen=True)
class Holiday:
    """A day without a session that is not on the exchange's weekend."""

    day: date
    weekday: str


@dataclass(frozen=True)
class Clock:
    """When an exchange can react: ``day_zero`` and its ``reason``, the session's hours (UTC and local), minutes from
    the instant to its close (negative if it has closed), holidays of the next two weeks.
    """

    exchange: str
    zone: str
    day_zero: date | None
    reason: str
    opens_at: datetime | None
    closes_at: datetime | None
    closes_local: str | None
    minutes_to_close: int | None
    last_closed: date | None
    holidays: tuple[Holiday, ...]
    holidays_known_until: date | None


@dataclass(frozen=True)
class Move:
    """A price later than the last close: its origin (``of``), and the log return since that close."""

    price: float
    of: str
    since_close: float | None


@dataclass(frozen=True)
class StripQuote:
    """A quote printed on the page, with the ``session`` inferred from its figures and the reason."""

    symbol: str
    price: float
    change: float
    session: date | None
    reason: str


@dataclass(frozen=True)
class Market:
    """The market of one instrument: last close and its session, the number of sessions missing since, its log return,
    whether it ended at the limit; a later price; residual volatility per session, relative to the 125 sessions before
    (``regime``) and to its own history (``regime_percentile``, 0 to 1); flags of its last bar, ``limit-locked`` or
    ``zero-volume`` (``flagged``).
    """

    last_close: float | None
    last_session: date | None
    sessions_missing: int | None
    last_return: float | None
    limit_locked: bool | None
    recent_limit_locks: int
    later: Move | None
    strip: StripQuote | None
    volatility: float | None
    regime: float | None
    regime_percentile: float | None
    flagged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interval:
    """A central interval of the CAR, with probability ``level`` between ``low`` and ``high``."""

    level: float
    low: float
    high: float


@dataclass(frozen=True)
class Coverage:
    """Coverage of intervals of ``level``: ``inside`` of ``briefs`` earlier outcomes, on ``dates`` distinct days 0."""

    level: float
    inside: int
    briefs: int
    dates: int


@dataclass(frozen=True)
class Outlook:
    """The forecast from precedents for one window.

    ``dates``: number of precedents whose window had closed; ``mean``: their raw mean CAR; ``placebo_p``: the p-value of
    that mean among other sessions, also adjusted for all tests of the brief; ``estimate``: the shrunken estimate with
    its standard error and intervals; ``ordinary``: intervals of an ordinary session; ``came``: the realised CAR if the
    window has closed; ``record``: coverage of earlier forecasts.
    """

    window: str
    closes_on: date | None
    dates: int
    mean: float | None
    placebo_p: float | None
    placebo_p_adjusted: float | None
    estimate: float | None
    standard_error: float | None
    intervals: tuple[Interval, ...]
    ordinary: tuple[Interval, ...]
    came: float | None
    record: tuple[Coverage, ...]


@dataclass(frozen=True)
class Precedent:
    """One earlier event: similarity (0 to 1), day 0, its codes and headline, its CAR by window (None: not measured).

    ``limit_locked``: day 0 ended at the price limit. ``flagged``: flags of bars in its longest window, ``limit-locked``
    (the return is censored) and ``zero-volume`` (nobody traded).
    """

    event_id: int
    similarity: float
    session: date
    known_at: datetime
    category: str
    dyad: str | None
    headline: str | None
    cars: dict[str, float | None]
    limit_locked: bool
    flagged: tuple[str, ...]


@dataclass(frozen=True)
class Instrument:
    """An instrument that the headline concerns: why, its market, and its precedents.

    ``verdict``: one sentence; ``honest``: whether there are enough precedents for an estimate.
    """

    symbol: str
    exchange: str
    name: str | None
    kind: str
    currency: str | None
    why: tuple[tuple[str, str], ...]
    benchmark: str | None
    benchmark_reason: str
    market: Market
    honest: bool
    verdict: str
    sessions_measured: int
    events_compared: int
    outlooks: tuple[Outlook, ...]
    precedents: tuple[Precedent, ...]


@dataclass(frozen=True)
class Confound:
    """Another public story in the window."""

    event_id: int
    known_at: datetime
    symbols: tuple[str, ...]
    session: date | None
    category: str
    headline: str | None


@dataclass(frozen=True)
class Telling:
    """An article of the story: its number, publisher, and when it was public."""

    article_id: int
    publisher: str
    known_at: datetime
    precision: str


@dataclass(frozen=True)
class Brief:
    """A headline's brief as of ``at``, with only what was known then.

    Attributes
    ----------
    at, known_at
        The instant of the brief, and the time when the news became public (UTC).
    age_minutes
        Minutes from the first telling of the story in the store to the instant; None if only a date is known, and for a
        typed headline.
    told_before
        The first telling of the story in the store, if it is an earlier one, such as the article before an edit.
    events
        The events in the headline, as from ``CodedEvent.as_dict``, the main one first; empty if none.
    instruments, more_instruments, without_bars
        Instruments concerned, the closest first; the number of further ones; named companies without stored prices.
    clocks
        When each exchange can react.
    confounds, confounds_more
        Other stories in the window.
    unknown
        Sentences about what is not known yet.
    """

    headline: str
    source: str
    publisher: str | None
    url: str | None
    article_id: int | None
    story_id: int | None
    known_at: datetime
    precision: str
    rule: str
    at: datetime
    age_minutes: int | None
    told_before: Telling | None
    events: tuple[dict[str, Any], ...]
    no_event: str | None
    clocks: tuple[Clock, ...]
    instruments: tuple[Instrument, ...]
    more_instruments: int
    without_bars: tuple[str, ...]
    confounds: tuple[Confound, ...]
    confounds_more: int
    unknown: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready values with ``brief_id``, a digest of the content: equal briefs have equal ids."""
        values: dict[str, Any] = plain(self)
        content = json.dumps(values, ensure_ascii=False, sort_keys=True)
        return {"brief_id": hashlib.sha256(content.encode()).hexdigest()[:16], "returns": "log", **values}

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return the brief as JSON; the same brief gives the same bytes."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=indent) + "\n"

    def to_html(self) -> str:
        """Return the brief as one HTML file without scripts, laid out for phones."""
        from correlator.brief.page import page

        return page(self)

    def _repr_html_(self) -> str:
        """Return the card for a notebook."""
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"

    def __str__(self) -> str:
        from correlator.brief.card import plain_card

        return plain_card(self)


def plain(value: object) -> Any:
    """Convert ``value`` for JSON: instants and dates as ISO 8601, numbers to ``DIGITS`` digits, NaN as null."""
    if is_dataclass(value) and not isinstance(value, type):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: each if name in _PRICES else plain(each) for name, each in given.items()}
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}{f'.{value.microsecond:06d}' if value.microsecond else ''}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value
