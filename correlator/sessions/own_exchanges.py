"""Exchanges that a user describes: zone, weekdays and hours, for those without a calendar here.

The file is a CSV with the columns of ``COLUMNS``, one row per exchange, given by ``--exchanges`` or
``$CORRELATOR_EXCHANGES``. Every one of its weekdays is a session; holidays and other hours are corrections.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import available_timezones

import polars as pl

from correlator.base.resources import EXCHANGES_VARIABLE
from correlator.sessions.user_files import (
    WEEKDAYS,
    State,
    at_local,
    file_in_environment,
    hours_faults,
    own_table,
    refuse_faults,
    refuse_skipped_hours,
    state_of,
    texts_of,
)

COLUMNS = ("exchange", "zone", "weekdays", "opens", "closes", "since", "currency", "country", "name")
_NEEDED = COLUMNS[:5]
_WHAT = "exchanges file"
_SINCE, _EARLIEST = date(1990, 1, 1), date(1900, 1, 1)
_AHEAD = timedelta(days=2 * 365)


@dataclass(frozen=True)
class OwnExchange:
    """One row of the file; ``opens`` and ``closes`` are local times HH:MM, Monday is 1."""

    code: str
    zone: str
    weekdays: frozenset[int]
    opens: str
    closes: str
    since: date
    currency: str | None
    country: str | None
    name: str | None


def own_exchanges() -> Mapping[str, OwnExchange]:
    """Return the exchanges of the user's file by their codes; raise InputError for a row that is wrong."""
    return _read(own_exchanges_state())


def own_exchanges_state() -> State | None:
    """Return what identifies the state of the user's file; None without one."""
    return state_of(file_in_environment(EXCHANGES_VARIABLE, _WHAT))


def _places() -> list[str]:
    """Return the zones named after a place, and UTC; EST and Etc/GMT+5 are the same all year, and not of a place."""
    return [name for name in available_timezones() if "/" in name and not name.startswith("Etc/")] + ["UTC"]


@lru_cache(maxsize=8)
def _read(state: State | None) -> Mapping[str, OwnExchange]:
    return {} if state is None else read_exchanges(Path(state[0]))


def read_exchanges(path: Path) -> dict[str, OwnExchange]:
    """Return the exchanges of a file by their codes; raise InputError for the first row that describes none."""
    where = f"{_WHAT} {path.name}"
    texts = texts_of(own_table(path, _WHAT), where, COLUMNS, _NEEDED)
    code, since = pl.col("exchange"), pl.col("since")
    faults = {
        "needs a market identifier code of four capitals or digits": ~code.str.contains("^[A-Z0-9]{4}$").fill_null(
            False
        ),
        "describes an exchange that another row describes": code.is_duplicated(),
        "needs a zone such as Asia/Dhaka": ~pl.col("zone").is_in(_places()).fill_null(False),
        "needs weekdays as digits from 1 (Monday) to 7": ~pl.col("weekdays").str.contains(WEEKDAYS).fill_null(False),
        **hours_faults(pl.lit(True)),
        "has a since that is not a past date such as 2015-01-04": since.is_not_null()
        & ~since.str.to_date("%Y-%m-%d", strict=False).is_between(_EARLIEST, date.today()).fill_null(False),
        "has a currency that is not three capitals": ~pl.col("currency").str.contains("^[A-Z]{3}$"),
        "has a country that is not three capitals, such as BGD": ~pl.col("country").str.contains("^[A-Z]{3}$"),
    }
    refuse_faults(texts, faults, where)
    return {
        row["exchange"]: OwnExchange(
            row["exchange"],
            row["zone"],
            frozenset(int(digit) for digit in row["weekdays"]),
            row["opens"],
            row["closes"],
            date.fromisoformat(row["since"]) if row["since"] else _SINCE,
            row["currency"],
            row["country"],
            row["name"],
        )
        for row in texts.iter_rows(named=True)
    }


def weekly_sessions(own: OwnExchange) -> pl.DataFrame:
    """Return every weekday of an exchange as a session, to two years ahead: session, opens_at, closes_at (UTC).

    Raises InputError if its clock skips the hour of the opening or close on some day.
    """
    days = pl.DataFrame({"session": pl.date_range(own.since, date.today() + _AHEAD, eager=True)})
    days = days.filter(pl.col("session").dt.weekday().is_in(sorted(own.weekdays)))
    sessions = days.with_columns(at_local("opens_at", own.opens, own.zone), at_local("closes_at", own.closes, own.zone))
    refuse_skipped_hours(sessions, own.zone)
    return sessions
