"""Exchange sessions, and the session that an instant belongs to.

A *session* is the label of a trading day (a date at the exchange), an *instant* a point in time (UTC). Sessions come
from ``data/sessions/calendars.parquet``, which is generated from exchange_calendars and avoids its slow import; for
exchanges missing there, the weekly hours that the user gives or exchange_calendars itself are used.
``data/sessions/<exchange>.csv`` corrects errors of a calendar by dated rows with a source each.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from correlator.base.resources import data_path
from correlator.errors import InputError, NotFoundError
from correlator.sessions.corrections import (
    SCHEMA,
    corrections_file,
    read_corrections,
    read_user_corrections,
    shipped_corrections,
    with_corrections,
    with_own_corrections,
)
from correlator.sessions.exchanges import Exchange, calendar_of_library, exchange_named
from correlator.sessions.own_exchanges import own_exchanges, own_exchanges_state, weekly_sessions
from correlator.sessions.user_files import state_of

OFF_SESSION = ("next", "previous", "drop")
AFTER_CLOSE = "after-close"
"""The default day 0 of news known by its date alone: the session after that date."""
DATE_ONLY = (AFTER_CLOSE, "same-day")

_INSTANT = pl.Datetime("us", "UTC")
_MINUTE = 60_000_000


def sessions_between(exchange: str, start: date, end: date, *, overrides: bool | str | Path = True) -> pl.DataFrame:
    """Return the sessions of ``exchange`` from ``start`` to ``end``, both included, in order.

    Parameters
    ----------
    exchange
        Market identifier code (ISO 10383), such as XKAR.
    start, end
        First and last date.
    overrides
        True for the corrections that the package ships, False for none, a path for a file of the same layout.

    Returns
    -------
    polars.DataFrame
        session (Date), opens_at and closes_at (instants, UTC).

    Raises
    ------
    NotFoundError
        For an unknown exchange.
    InputError
        For a range that the calendar does not reach, or a broken file of corrections.

    Examples
    --------
    >>> sessions_between("XNYS", date(2024, 7, 3), date(2024, 7, 5))["session"].to_list()
    [datetime.date(2024, 7, 3), datetime.date(2024, 7, 5)]
    """
    if isinstance(start, datetime) or isinstance(end, datetime):
        raise InputError("start and end must be dates, not datetimes", hint="pass date objects")
    if start > end:
        raise InputError(f"start {start} is after end {end}", hint="swap them")
    known = _sessions(exchange, overrides if isinstance(overrides, bool) else str(overrides))
    _check_reach(exchange, known, start, end)
    return known.filter(pl.col("session").is_between(start, end))


def calendar_reach(exchange: str) -> tuple[date, date]:
    """Return the first and last session of the calendar of ``exchange``."""
    sessions = _sessions(exchange, True)["session"]
    return sessions[0], sessions[-1]


def session_overrides(exchange: str, *, path: str | Path | None = None) -> pl.DataFrame:
    """Return the corrections of the calendar of ``exchange``, one row each, in the order in which they are applied.

    Columns: date, until (null: that one day, or with weekdays: from then on), weekdays (digits, Monday is 1),
    change (closed, open, hours, halt), opens and closes (local time HH:MM), source, note. Later rows win: those shipped
    for the calendar, those shipped for the exchange, the user's own (``$CORRELATOR_SESSIONS``). With ``path`` that file
    alone. A halt does not change a session: it says that trading stopped within it. Empty when nothing is put right.
    """
    place = exchange_named(exchange)
    if path is not None:
        return read_corrections(Path(path))
    return pl.concat([shipped_corrections(place.code, place.calendar), _user_corrections(place)])


def _user_corrections(place: Exchange) -> pl.DataFrame:
    """Return the rows of the user's file for an exchange. Raises InputError if any exchange in the file is unknown."""
    path = corrections_file()
    if path is None:
        return pl.DataFrame(schema=SCHEMA)
    rows = read_user_corrections(path)
    for code in rows["exchange"].unique(maintain_order=True):
        try:
            exchange_named(code)
        except NotFoundError as error:
            raise InputError(f"corrections file {path.name}: {error.message}", hint=error.hint) from None
    return rows.filter(pl.col("exchange").is_in([place.code, place.calendar])).select(*SCHEMA)


def holidays_known_until(exchange: str) -> date | None:
    """Return the last day whose holidays the calendar of ``exchange`` knows; None if holidays follow from rules.

    After it every usual weekday counts as a session unless the calendar or a correction says otherwise.
    """
    own = own_exchanges().get(exchange)
    if own is not None:
        return own.since
    rows = pl.read_csv(data_path("sessions", "known.csv"), try_parse_dates=True)
    until = rows.filter(pl.col("calendar") == exchange_named(exchange).calendar)["holidays_known_until"]
    return until[0] if len(until) else None


def place_instants(
    exchange: str,
    instants: pl.Series | Sequence[datetime | None],
    precision: pl.Series | Sequence[str],
    *,
    off_session: str = "next",
    date_only: str = AFTER_CLOSE,
) -> pl.DataFrame:
    """Return day 0 of each instant: the first session of ``exchange`` whose close comes after it.

    ``precision``: minute, second, day or unknown, one each. An instant of day precision is a label, midnight UTC of the
    printed date: its day 0 is the first session after that date (``date_only="after-close"``: not assumed known before
    that day's close) or the first from that date on (``"same-day"``). ``off_session`` says where an instant after the
    close, on a weekend or on a holiday goes: the ``next`` session, the ``previous`` one, or none (``drop``).

    Returns session (Date) and reason (String), one row per instant: intraday, pre-open, after-close, holiday, weekend,
    date-only, no-time, or beyond-calendar; the session is null for the last two, and where it was dropped. Raises
    NotFoundError for an unknown exchange, InputError for an unknown policy and for instants without a time zone.
    """
    _check_choice("off_session", off_session, OFF_SESSION)
    _check_choice("date_only", date_only, DATE_ONLY)
    place = exchange_named(exchange)
    times = _instants(instants)
    kinds = pl.Series("precision", precision, dtype=pl.String)
    if len(kinds) != len(times):
        raise InputError(
            f"instants and precision differ in length: {len(times)} and {len(kinds)}",
            hint="give one precision per instant",
        )
    sessions = _sessions(exchange, True)
    labels = sessions["session"].to_physical().to_numpy().astype(np.int64)
    opens, closes = (sessions[name].to_physical().to_numpy() for name in ("opens_at", "closes_at"))
    local_days = times.dt.convert_time_zone(place.zone).dt.date().to_physical().fill_null(0).to_numpy().astype(np.int64)
    label_days = times.dt.date().to_physical().fill_null(0).to_numpy().astype(np.int64)
    moments = times.to_physical().fill_null(0).to_numpy()
    no_time = (times.is_null() | ~kinds.is_in(["minute", "second", "day"]).fill_null(False)).to_numpy()
    by_date = (kinds == "day").fill_null(False).to_numpy() & ~no_time

    day_zero = np.searchsorted(closes, moments, side="right")
    reasons = _reasons(day_zero, moments, local_days, labels, opens=opens, weekend=place.weekend)
    if off_session == "previous":
        day_zero = np.where(reasons <= _INSIDE, day_zero, day_zero - 1)
    first_day = label_days + (date_only == AFTER_CLOSE)
    day_zero = np.where(by_date, np.searchsorted(labels, first_day), day_zero)
    reasons = np.where(by_date, _DATE_ONLY, reasons)
    days = np.where(by_date, label_days, local_days)
    beyond = (day_zero < 0) | (day_zero >= len(labels)) | (days < labels[0]) | (days > labels[-1])
    reasons = np.where(beyond, _BEYOND, reasons)
    reasons = np.where(no_time, _NO_TIME, reasons)
    none = no_time | beyond
    if off_session == "drop":
        none |= (reasons > _INSIDE) & ~by_date
    chosen = pl.Series("session", labels[np.clip(day_zero, 0, len(labels) - 1)].astype(np.int32)).cast(pl.Date)
    return pl.DataFrame({"session": chosen}).select(
        pl.when(pl.Series(~none)).then(pl.col("session")).alias("session"),
        pl.Series("reason", reasons).replace_strict(list(range(len(REASONS))), REASONS, return_dtype=pl.String),
    )


REASONS = ["intraday", "pre-open", "after-close", "holiday", "weekend", "date-only", "beyond-calendar", "no-time"]
"""The position of an instant relative to its session, or why it has none."""
_INSIDE, _AFTER_CLOSE, _HOLIDAY, _WEEKEND, _DATE_ONLY, _BEYOND, _NO_TIME = range(1, 8)


def _reasons(
    day_zero: np.ndarray,
    moments: np.ndarray,
    local_days: np.ndarray,
    labels: np.ndarray,
    *,
    opens: np.ndarray,
    weekend: frozenset[int],
) -> np.ndarray:
    """Return the index into ``REASONS`` of each instant, by its session and its date at the exchange."""
    at = np.clip(day_zero, 0, len(labels) - 1)
    is_session = labels[np.clip(np.searchsorted(labels, local_days), 0, len(labels) - 1)] == local_days
    weekdays = (local_days + 3) % 7 + 1
    on_weekend = np.isin(weekdays, sorted(weekend))
    closed = np.where(is_session, _AFTER_CLOSE, np.where(on_weekend, _WEEKEND, _HOLIDAY))
    before = np.where(labels[at] == local_days, _INSIDE, closed)
    return np.where(moments >= opens[at], 0, before)


def _instants(instants: pl.Series | Sequence[datetime | None]) -> pl.Series:
    times = instants if isinstance(instants, pl.Series) else pl.Series("instants", instants)
    if times.dtype == pl.Null:
        return times.cast(_INSTANT)
    if not isinstance(times.dtype, pl.Datetime) or times.dtype.time_zone is None:
        raise InputError(f"instants must have a time zone, got {times.dtype}", hint="give time-zone-aware datetimes")
    return times.dt.convert_time_zone("UTC").cast(_INSTANT)


def _check_choice(parameter: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InputError(f"{parameter} must be one of {', '.join(choices)}, got {value!r}", argument=parameter)


def _check_reach(exchange: str, known: pl.DataFrame, start: date, end: date) -> None:
    first, last = known["session"][0], known["session"][-1]
    slack = timedelta(days=31)
    if start < first - slack or end > last + slack:
        raise InputError(
            f"the calendar of {exchange} covers {first} to {last}, not {start} to {end}",
            hint="request a shorter range, or add sessions to a corrections file",
        )


def _sessions(exchange: str, overrides: bool | str) -> pl.DataFrame:
    """Return every session of the exchange in order."""
    corrections = state_of(corrections_file()) if overrides is True else None
    return _corrected_sessions(exchange, overrides, (own_exchanges_state(), corrections))


@lru_cache(maxsize=64)
def _corrected_sessions(exchange: str, overrides: bool | str, _user: object) -> pl.DataFrame:
    """Return ``_sessions``, cached until a file of the user's changes."""
    place = exchange_named(exchange)
    plain = _calendar(place.calendar)
    if overrides is False:
        return plain
    if overrides is not True:
        path = Path(overrides)
        return with_own_corrections(plain, read_corrections(path), place.zone, path.name)
    shipped = with_corrections(plain, shipped_corrections(place.code, place.calendar), place.zone)
    file = corrections_file()
    return shipped if file is None else with_own_corrections(shipped, _user_corrections(place), place.zone, file.name)


def _calendar(name: str) -> pl.DataFrame:
    own = own_exchanges().get(name)
    if own is not None:
        return weekly_sessions(own)
    path = data_path("sessions", "calendars.parquet")
    rows = pl.scan_parquet(path).filter(pl.col("calendar") == name).collect()
    if rows.is_empty():
        return _calendar_of_library(name)
    midnight = pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return rows.select(
        "session",
        (midnight + pl.duration(minutes="opens")).alias("opens_at"),
        (midnight + pl.duration(minutes="closes")).alias("closes_at"),
    )


def _calendar_of_library(name: str) -> pl.DataFrame:
    _, schedule = calendar_of_library(name)
    return pl.DataFrame(
        {
            "session": [label.date() for label in schedule.index],
            "opens_at": [instant.to_pydatetime() for instant in schedule["open"]],
            "closes_at": [instant.to_pydatetime() for instant in schedule["close"]],
        },
        schema={"session": pl.Date, "opens_at": _INSTANT, "closes_at": _INSTANT},
    )
