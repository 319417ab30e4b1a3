"""Dates and instants written in ISO 8601: the one place that decides which texts are read as such.

Python's own parsers also take some numbers for dates: to them ``1732060800``, a count of seconds, is 8 June 1732.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from correlator.errors import TimeError

_DATE = r"\d{4}(?:-\d\d-\d\d|\d{4}|-W\d\d(?:-\d)?|W\d\d\d?)"
_ISO_DATE = re.compile(_DATE, re.ASCII)
_ISO_MOMENT = re.compile(rf"{_DATE}[T ]\d.*", re.ASCII)


def iso_date(text: str) -> date:
    """Return the date of a text such as 2025-05-28 or 20250528; raises ValueError for any other text.

    Examples
    --------
    >>> iso_date("2025-05-28")
    datetime.date(2025, 5, 28)
    """
    if not _ISO_DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def iso_moment(text: str) -> date:
    """Return the date or datetime of a text such as 2025-05-28T16:05+05:00; raises ValueError for any other text.

    Examples
    --------
    >>> iso_moment("2025-05-28 16:05"), iso_moment("2025-05-28")
    (datetime.datetime(2025, 5, 28, 16, 5), datetime.date(2025, 5, 28))
    """
    if not _ISO_MOMENT.fullmatch(text):
        return iso_date(text)
    return datetime.fromisoformat(text)


def read_day(value: Any, argument: str) -> date:
    """Return a caller's date, datetime (its date) or ISO 8601 text as a date; raises TimeError naming ``argument``.

    Examples
    --------
    >>> read_day(" 2025-05-28", "since")
    datetime.date(2025, 5, 28)
    """
    try:
        if isinstance(value, datetime):
            return value.date()
        return value if isinstance(value, date) else iso_date(value.strip())
    except (ValueError, AttributeError):
        raise TimeError(f"{argument} {value!r} is not a date", hint="write 2025-05-28", argument=argument) from None
