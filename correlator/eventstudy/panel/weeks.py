"""Whether dates are off by a day, judged by the days of the week or by the sessions of their exchange."""

from __future__ import annotations

import polars as pl

from correlator.errors import InputError, warn
from correlator.market.audit.shifts import DAY, shifts_by_calendar
from correlator.market.audit.spacing import WORDS, spacing_of_days

_ENOUGH = 20
_USUAL, _HARDLY_EVER = 0.1, 0.01
_MONDAY, _FRIDAY, _SATURDAY, _SUNDAY = 1, 5, 6, 7
_MOST = 0.9


def off_by(labels: pl.Series) -> str:
    """Return ``late`` for dates (T,) from Tuesday to Saturday, ``early`` for Sunday to Thursday, else an empty string.

    No market trades from Tuesday to Saturday. Sunday to Thursday is a week of the Gulf, or else Monday to Friday dated
    a day early.

    >>> from datetime import date
    >>> days = pl.date_range(date(2024, 1, 1), date(2024, 3, 1), eager=True)
    >>> off_by(days.filter(days.dt.weekday().is_between(2, 6)))
    'late'
    """
    if labels.dtype != pl.Date or len(labels) < _ENOUGH:
        return ""
    days = labels.dt.weekday()
    share = {day: (days == day).sum() / len(days) for day in (_MONDAY, _FRIDAY, _SATURDAY, _SUNDAY)}
    if share[_SATURDAY] > _USUAL and max(share[_SUNDAY], share[_MONDAY]) < _HARDLY_EVER:
        return "late"
    if share[_SUNDAY] > _USUAL and max(share[_FRIDAY], share[_SATURDAY]) < _HARDLY_EVER:
        return "early"
    return ""


def check_week(labels: pl.Series, what: str) -> None:
    """Raise InputError for dates from Tuesday to Saturday; warn of Sunday to Thursday, which may be right."""
    off = off_by(labels)
    if off == "late":
        raise _off_by_a_day(what, f"are one day late: they run from Tuesday to Saturday, first {labels[0]}")
    if off == "early":
        warn(
            f"dates of {what} run from Sunday to Thursday, first {labels[0]}: if the exchange trades from Monday to "
            "Friday they are one day early; give the exchange, such as exchange='XSAU', to check them"
        )


def warn_of_long_bars(labels: pl.Series, what: str) -> None:
    """Warn of weekly, monthly or yearly bars, which windows count as sessions."""
    spacing = spacing_of_days(labels) if labels.dtype == pl.Date else "1d"
    if spacing != "1d":
        warn(f"rows of {what} are {WORDS[spacing]}: windows count rows, not days")


def check_sessions(labels: pl.Series, sessions: pl.Series, what: str) -> None:
    """Raise InputError if most ``labels`` (T,) become ``sessions`` when moved by a day; warn if some do."""
    for shift in shifts_by_calendar(labels, sessions):
        if shift.last - shift.first + 1 >= _MOST * len(labels):
            raise _off_by_a_day(what, shift.seen, shift.unit)
        warn(f"{what}: {shift.evidence}")


def check_same_week(labels: pl.Series, others: pl.Series, what: str) -> None:
    """Raise InputError if dates that are matched with the dates ``others`` run through another week, a day off."""
    off = off_by(labels)
    if off and off != off_by(others):
        raise _off_by_a_day(what, f"are one day {off} compared with the others: first {labels[0]}")


def _off_by_a_day(what: str, how: str, unit: str = DAY) -> InputError:
    return InputError(f"dates of {what} {how}", hint=f"move them by a {unit}: a bar has the date on which it closes")
