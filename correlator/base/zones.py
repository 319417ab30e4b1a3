"""Time zones of the IANA database by name: one answer to whether a name is a zone."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@lru_cache(maxsize=1024)
def zone_called(name: str) -> ZoneInfo | None:
    """Return the zone with this IANA name, such as Asia/Karachi; None if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of the database, such as Asia
        return None
