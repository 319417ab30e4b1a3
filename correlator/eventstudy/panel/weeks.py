"""Whether dates stand a day off: the week that they run through, or the sessions of their exchange, show it."""

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
    """``late`` for dates (T,) from Tuesday to Saturday, which is no market's week, ``early`` for Sunday to Thursday,
    which is one of the Gulf and else Monday to Friday a day early; else empty.

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
        raise _stand_off(what, f"stand one day late: they run from Tuesday to Saturday, first {labels[0]}")
    if off == "early":
        warn(
            f"dates of {what} run from Sunday to Thursday, first {labels[0]}: where the exchange trades from Monday to "
            "Friday they stand one day early; give exchange='XSAU' or whichever it is to have them checked"
        )


def warn_of_long_bars(labels: pl.Series, what: str) -> None:
    """Warn where dates are those of weekly, monthly or yearly bars, which windows count as sessions."""
    spacing = spacing_of_days(labels) if labels.dtype == pl.Date else "1d"
    if spacing != "1d":
        warn(f"rows of {what} are {WORDS[spacing]}: windows count these rows, not days")


def check_sessions(labels: pl.Series, sessions: pl.Series, what: str) -> None:
    """Raise InputError where most ``labels`` (T,) become ``sessions`` when moved by a day; warn where some do."""
    for shift in shifts_by_calendar(labels, sessions):
        if shift.last - shift.first + 1 >= _MOST * len(labels):
            raise _stand_off(what, shift.seen, shift.unit)
        warn(f"{what}: {shift.evidence}")


def check_same_week(labels: pl.Series, others: pl.Series, what: str) -> None:
    """Raise InputError where dates to be put on the dates ``others`` run through another week: a day late or early."""
    off = off_by(labels)
    if off and off != off_by(others):
        raise _stand_off(what, f"stand one day {off} of the others: first {labels[0]}")


def _stand_off(what: str, how: str, unit: str = DAY) -> InputError:
    return InputError(f"dates of {what} {how}", hint=f"move them by a {unit}: a bar has the date on which it closes")
