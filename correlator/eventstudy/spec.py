"""What a study was asked to do, written into its result so that figures and reports can say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from correlator.errors import StudyError
from correlator.eventstudy.windows import OffsetWindow, Window, parse_window, parse_windows


@dataclass(frozen=True)
class Plan:
    """The choices of a study.

    ``windows``: CAR windows inside ``window``; ``minimum_observations``: bars the estimation window must have, None for
    the engine's default; ``by``: event columns (also ``symbol``, ``year``) that split averages and statistics;
    ``off_session``: ``next``, ``previous`` or ``exclude``; ``currency``: what returns were turned into, None for none.
    """

    model: str
    returns_kind: str
    estimation: Window
    window: Window
    windows: tuple[Window, ...]
    minimum_observations: int | None = None
    by: tuple[str, ...] = ()
    off_session: str = "next"
    benchmark: str | None = None
    currency: str | None = None

    def offsets(self) -> tuple[OffsetWindow, OffsetWindow]:
        """Estimation and event window; raises StudyError where any window is one of calendar dates."""
        parts = (self.estimation, self.window, *self.windows)
        if not all(isinstance(part, OffsetWindow) for part in parts):
            raise StudyError("windows of calendar dates cannot be moved to other dates", hint="give windows as offsets")
        return cast(OffsetWindow, self.estimation), cast(OffsetWindow, self.window)


def make_plan(
    *,
    model: str = "market",
    returns_kind: str = "log",
    estimation: str | Window = "-250:-11",
    window: str | Window = "-10:10",
    windows: str | tuple[Window, ...] | None = None,
    minimum_observations: int | None = None,
    by: str | tuple[str, ...] | list[str] | None = None,
    off_session: str = "next",
    benchmark: str | None = None,
    currency: str | None = None,
) -> Plan:
    """A plan from the forms that the command line and notebooks use.

    ``windows`` default to day 0 and the whole event window, or the latter alone where day 0 is not in it.
    """
    event = parse_window(window) if isinstance(window, str) else window
    groups = (by,) if isinstance(by, str) else tuple(by or ())
    return Plan(
        model=model,
        returns_kind=returns_kind,
        estimation=parse_window(estimation) if isinstance(estimation, str) else estimation,
        window=event,
        windows=_car_windows(windows, event),
        minimum_observations=minimum_observations,
        by=tuple(part.strip() for group in groups for part in group.split(",") if part.strip()),
        off_session=off_session,
        benchmark=benchmark,
        currency=currency,
    )


def _car_windows(windows: str | tuple[Window, ...] | None, event: Window) -> tuple[Window, ...]:
    if windows is None:
        zero = OffsetWindow(0, 0)
        holds_zero = isinstance(event, OffsetWindow) and event.first <= 0 <= event.last and event != zero
        return (zero, event) if holds_zero else (event,)
    return parse_windows(windows) if isinstance(windows, str) else windows
