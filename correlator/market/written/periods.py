"""Recognise periods where a day is needed: ``2018-01``, ``2024-W05``, ``2018Q1``."""

from __future__ import annotations

import calendar
import re
from datetime import date

from correlator.market.vocabulary import month_number

_YEAR = r"(?P<year>(?:19|20)\d\d)"
_FORMS = {
    "week": re.compile(rf"{_YEAR}-?W(?P<week>\d{{1,2}})", re.I),
    "quarter": re.compile(rf"{_YEAR}[-\s/]?Q(?P<quarter>[1-4])|Q(?P<first>[1-4])[-\s/]?(?P<late>(?:19|20)\d\d)", re.I),
    "month": re.compile(
        rf"{_YEAR}[-/M]?(?P<month>0[1-9]|1[0-2]|(?<=\D)[1-9])|(?P<first>0?[1-9]|1[0-2])[-/](?P<late>(?:19|20)\d\d)",
        re.I,
    ),
    "named month": re.compile(
        rf"{_YEAR}[-\s/.]*(?P<month>[^\W\d_]{{3,}})\.?|(?P<first>[^\W\d_]{{3,}})\.?[-\s/.,]*(?P<late>(?:19|20)\d\d)"
    ),
    "year": re.compile(_YEAR),
}


def period_of(cell: str, *, named: str | None = None) -> tuple[str, date] | None:
    """Return the kind of a period (``2018-01``, ``Jan 2018``, ``2024-W05``, ``2018Q1``) and its last day, or None.

    ``named``: the part of a date that the column is named after; a plain ``2018`` is a year only in a year column.

    >>> period_of("2018-02"), period_of("2024-W05")
    (('month', datetime.date(2018, 2, 28)), ('week', datetime.date(2024, 2, 2)))
    """
    for kind, form in _FORMS.items():
        match = form.fullmatch(cell.strip())
        if match is None or (kind == "year" and named != "year"):
            continue
        groups = match.groupdict()
        year = int(groups["year"] or groups["late"])
        within = next((groups[name] for name in ("week", "quarter", "month", "first") if groups.get(name)), "12")
        last = _last_day(year, kind, within)
        if last is not None:
            return kind.split()[-1], last
    return None


def _last_day(year: int, kind: str, within: str) -> date | None:
    """Return the last day of a period (of a week its Friday), or None for an unknown month or week."""
    if kind == "week":
        try:
            return date.fromisocalendar(year, int(within), 5)
        except ValueError:
            return None
    number = month_number(within) if kind == "named month" else int(within) * (3 if kind == "quarter" else 1)
    return None if number is None else date(year, number, calendar.monthrange(year, number)[1])


def period_remedy(cell: str, *, named: str | None = None) -> tuple[str, str] | None:
    """Return message and hint for a cell that is a period where a day is needed, or None if it is not a period."""
    period = period_of(cell, named=named)
    if period is None:
        return None
    kind, last = period
    return f"{cell.strip()!r} is a {kind}, not a day", f"write the day of each row, for this {kind} its last: {last}"
