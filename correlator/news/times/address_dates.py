"""Find the date in an address: in its folders or at the end of its slug, but not in other numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from correlator.news.times.timestamps import Stamp

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_Y, _M, _D = r"(?P<y>(?:19|20)\d\d)", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})"
_END = r"(?=[/?#]|$|\.[a-z]{3,5}(?:[?#]|$))"
# Whole folders; a slug that begins with a number (/2025/05/10-facts) is not one.
_FOLDERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"/{_Y}/{_M}/{_D}{_END}",
        rf"/{_Y}[\-_]{_M}[\-_]{_D}{_END}",
        rf"/{_Y}-(?P<m>\d\d)/(?P<d>\d\d){_END}",
        rf"/{_Y}/?(?P<m>\d\d)(?P<d>\d\d){_END}",
        rf"/{_Y}/(?P<m>{'|'.join(_MONTH_NAMES)})[a-z]{{0,6}}/{_D}{_END}",
    )
)
LAST_RESORT = "last resort: date in the address"
_FILINGS = "/Archives/edgar/"  # filings of the SEC are named by the end of the period they report
_SLUGS = (re.compile(rf"[\-_]{_Y}(?P<m>\d\d)(?P<d>\d\d)(?:\d{{6}})?{_END}"),)


def day_in_folders(url: str | None) -> Stamp | None:
    """Return the day that whole folders of an address name (``/2025/05/28/``), or None."""
    return _day(url, _FOLDERS)


def date_in_address(url: str | None) -> Stamp | None:
    """Return the day in the folders of an address (``/2025/05/28/``) or after its slug (``-20250528``), or None.

    This is the last resort if nothing on the page states a time; the rule of the stamp says so.
    """
    return _day(url, (*_FOLDERS, *_SLUGS))


def _day(url: str | None, patterns: tuple[re.Pattern[str], ...]) -> Stamp | None:
    path = re.sub(r"^[a-zA-Z]{2,8}://[^/]*", "", (url or "")[:2000])
    if _FILINGS in path:
        return None
    for pattern in patterns:
        for match in pattern.finditer(path):
            month = match["m"]
            number = int(month) if month.isdigit() else 1 + _MONTH_NAMES.index(month[:3].lower())
            try:
                day = datetime(int(match["y"]), number, int(match["d"]), tzinfo=UTC)
            except ValueError:
                continue
            if day <= datetime.now(UTC):
                return Stamp(day, "day", f"{LAST_RESORT}, {match[0].strip('/-_')}")
    return None
