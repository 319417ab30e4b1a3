"""The options of a brief, parsed once: its instant, instruments, windows and method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from correlator.errors import InputError
from correlator.eventstudy.request.readers import instant
from correlator.eventstudy.request.spec import FLAGGED, MARK
from correlator.eventstudy.request.windows import AsWindow, OffsetWindow, parse_windows
from correlator.research.known import AHEAD
from correlator.sessions.calendars import AFTER_CLOSE

WINDOWS = "0:0,0:1,0:4"
_AHEAD_OF_CLOCK = timedelta(days=1)
"""How far an instant may be in the future: clocks differ, and a date means its end."""


@dataclass(frozen=True)
class BriefRequest:
    """The parsed options of a brief, described in ``brief``."""

    at: datetime
    symbols: tuple[str, ...]
    windows: tuple[OffsetWindow, ...]
    benchmark: str | None
    coder: str
    date_only: str = AFTER_CLOSE
    flagged: str = MARK


class BriefOptions(TypedDict, total=False):
    """The options of ``brief`` besides source and instant; ``brief_request`` has the defaults."""

    symbols: str | Sequence[str] | None
    windows: AsWindow | Sequence[AsWindow]
    benchmark: str | None
    coder: str
    date_only: str
    flagged: str


def brief_request(
    at: str | datetime | None,
    symbols: str | Sequence[str] | None = None,
    windows: AsWindow | Sequence[AsWindow] = WINDOWS,
    benchmark: str | None = None,
    *,
    coder: str = "rules",
    date_only: str = AFTER_CLOSE,
    flagged: str = MARK,
) -> BriefRequest:
    """Parse the options of ``brief``. Raises InputError."""
    now = datetime.now(UTC)
    moment = instant(at, "at") if at is not None else now.replace(microsecond=0)
    assert moment is not None
    if moment > now + _AHEAD_OF_CLOCK:  # data loaded until then would change the brief
        raise InputError(f"at {moment:%Y-%m-%dT%H:%M:%SZ} is in the future", hint="omit it", argument="at")
    given = [symbols] if isinstance(symbols, str) else list(symbols or ())
    names = tuple(dict.fromkeys(part.strip() for each in given for part in each.split(",") if part.strip()))
    return BriefRequest(moment, names, brief_windows(windows), benchmark, coder, date_only, checked_flagged(flagged))


def checked_flagged(flagged: str) -> str:
    """Return ``flagged``, the treatment of flagged bars. Raises InputError for an unknown one."""
    if flagged not in FLAGGED:
        raise InputError(f"flagged must be one of {', '.join(FLAGGED)}, got {flagged!r}", argument="flagged")
    return flagged


def brief_windows(windows: object) -> tuple[OffsetWindow, ...]:
    """Parse the windows of a brief. Raises InputError for one that begins before day 0 or ends too late."""
    chosen = parse_windows(windows)
    for window in chosen:
        if not isinstance(window, OffsetWindow) or window.first < 0 or window.last >= AHEAD - 2:
            raise InputError(
                f"window {window.label} of a brief must lie between day 0 and day {AHEAD - 3}",
                hint=f"for example {WINDOWS}",
                argument="windows",
            )
    return tuple(window for window in chosen if isinstance(window, OffsetWindow))
