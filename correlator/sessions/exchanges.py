"""Exchanges by their market identifier codes: zone, weekend, currency and country, and the calendar that each follows.

Those of ``data/sessions/exchanges.csv`` are shipped; others are described by the user or known to exchange_calendars.
"""

from __future__ import annotations

import difflib
import warnings
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl

from correlator.base.resources import data_path
from correlator.base.zones import zone_called
from correlator.errors import InputError, NotFoundError
from correlator.sessions.own_exchanges import own_exchanges

ALWAYS_OPEN, WEEKDAYS = "24/7", "24/5"
"""Calendars of exchange_calendars whose days end at midnight UTC: every day, and Monday to Friday."""
_FIRST = date(1962, 1, 1)
_KINDS_OF_MARKETS = {"CRYPTO": ALWAYS_OPEN, "24X7": ALWAYS_OPEN, "FOREX": WEEKDAYS, "FX": WEEKDAYS, "24X5": WEEKDAYS}


@dataclass(frozen=True)
class Exchange:
    """One exchange: market identifier code, calendar, IANA zone, weekdays it never trades (Monday is 1)."""

    code: str
    calendar: str
    zone: str
    weekend: frozenset[int]
    currency: str | None = None
    country: str | None = None
    name: str | None = None


def exchange_named(exchange: str) -> Exchange:
    """Return the exchange with this market identifier code; raise NotFoundError with the likeliest spelling."""
    known = _own_exchange(exchange) or _exchanges().get(exchange)
    if known is not None:
        return known
    if exchange.upper() in _exchanges() or exchange.upper() in _other_names():
        raise _unknown(exchange)
    return _from_library(exchange)


def _own_exchange(code: str) -> Exchange | None:
    """Return an exchange that the user's file describes, or None. Raises InputError if the file has a shipped one."""
    own = own_exchanges()
    shipped = next((each for each in own if each in _exchanges()), None)
    if shipped is not None:
        raise InputError(
            f"exchanges file: {shipped} has a calendar here", hint="correct it with a corrections file (--sessions)"
        )
    if code not in own:
        return None
    row = own[code]
    weekend = frozenset(range(1, 8)) - row.weekdays
    return Exchange(code, code, row.zone, weekend, row.currency, row.country, row.name)


def exchange_zone(exchange: str) -> str:
    """Return the exchange's IANA time zone, such as Asia/Karachi; raise NotFoundError for an unknown exchange."""
    return exchange_named(exchange).zone


def zone_named(zone: str) -> str:
    """Return an IANA time zone by its name or the code of an exchange; raise InputError for any other name."""
    if zone_called(zone) is not None:
        return zone
    with suppress(NotFoundError):
        return exchange_zone(zone)
    raise InputError(f"zone {zone!r} is not a known time zone", hint="write an IANA name such as Asia/Karachi")


def is_utc(zone: str) -> bool:
    """Whether a zone name means UTC: UTC, GMT or Z, in any case."""
    return zone.upper() in ("UTC", "GMT", "Z")


def zone_written(zone: str) -> str:
    """Return the zone as ``zone_named``, with UTC also as tables write it."""
    return "UTC" if is_utc(zone) else zone_named(zone)


def exchange_codes() -> list[str]:
    """Return the market identifier codes of the shipped exchanges and the user's own in alphabetical order."""
    return sorted({*_exchanges(), *own_exchanges()})


@lru_cache(maxsize=1)
def _exchanges() -> dict[str, Exchange]:
    rows = _exchange_rows()
    return {
        row["exchange"]: Exchange(
            row["exchange"],
            row["calendar"],
            row["zone"],
            frozenset(int(digit) for digit in row["weekend"]),
            row["currency"],
            row["country"],
            row["name"],
        )
        for row in rows
    }


@lru_cache(maxsize=1)
def _other_names() -> dict[str, str]:
    """Return common names of exchanges, in capitals, with their codes."""
    return {name: row["exchange"] for row in _exchange_rows() for name in (row["aliases"] or "").split(";") if name}


def _exchange_rows() -> list[dict[str, str]]:
    path = data_path("sessions", "exchanges.csv")
    return pl.read_csv(path, schema_overrides={"weekend": pl.String}).to_dicts()


def _unknown(exchange: str) -> NotFoundError:
    code = exchange.upper()
    names = _other_names() | _KINDS_OF_MARKETS
    codes = [code] if code in _exchanges() else [names[code]] if code in names else []
    codes = codes or difflib.get_close_matches(code, _exchanges(), n=1, cutoff=0.5)
    hint = f"did you mean {codes[0]}?" if codes else "use a market identifier code (ISO 10383) such as XKAR or XNYS"
    if len(code) == len("XKAR") and code.isalnum() and code.startswith("X") and code not in _exchanges():
        hint += f" Else {code} has no calendar here: describe it (--exchanges), or study its files (study --prices)"
    return NotFoundError(f"unknown exchange {exchange!r}", hint=hint)


def _from_library(exchange: str) -> Exchange:
    """Return an exchange that only exchange_calendars knows."""
    import exchange_calendars

    if exchange not in exchange_calendars.get_calendar_names(include_aliases=False):
        raise _unknown(exchange)
    zone, schedule = calendar_of_library(exchange)
    traded = {label.isoweekday() for label in schedule.index[-250:]}
    return Exchange(exchange, exchange, zone, frozenset(range(1, 8)) - traded)


def calendar_of_library(name: str) -> tuple[str, Any]:
    """Return zone and schedule of a calendar of exchange_calendars, without the warnings of its dependencies.

    The schedule begins in 1962 or where the calendar does, as in ``calendars.parquet``; the library's own default is
    twenty years before the day of the call, by which the same study would lose events from one day to the next.
    """
    import exchange_calendars

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bound = type(exchange_calendars.get_calendar(name)).bound_min()
            start = _FIRST if bound is None else max(_FIRST, bound.date())
            calendar = exchange_calendars.get_calendar(name, start=str(start))
            return str(calendar.tz), calendar.schedule
    except (ValueError, NotImplementedError) as problem:
        raise InputError(
            f"exchange_calendars cannot build its calendar {name}: {str(problem)[:100]}", hint="upgrade it"
        ) from problem
