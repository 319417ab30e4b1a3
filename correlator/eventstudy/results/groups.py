"""Groups of a study that have what a test across events compares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, Protocol, TypeVar

from correlator.errors import StudyError, warn

Compared = TypeVar("Compared")


class Explained(Protocol):
    """A result that knows why nothing was measured."""

    def why_nothing(self) -> str:
        """Empty where something was."""


class Measured(Explained, Protocol):
    """A result that knows windows without a figure, too."""

    def windows_without_car(self) -> list[str]:
        """Empty where every window has one."""


def with_two(
    groups: Iterable[tuple[dict[str, Any], Compared]], count: Callable[[Compared], int], unit: str
) -> list[tuple[dict[str, Any], Compared]]:
    """The groups that have two of what a test compares; others that have a name with a warning."""
    enough = []
    for values, part in groups:
        if count(part) >= 2:
            enough.append((values, part))
        elif values:
            group = ", ".join(f"{name}={value}" for name, value in values.items())
            warn(f"group {group} has {count(part)} {unit}: no statistic across {unit}s")
    return enough


def warn_of_gaps(result: Measured) -> None:
    """Warn where no event was measured, or none over a window."""
    if nothing := result.why_nothing():
        warn(f"{nothing} (read result.excluded)")
    elif empty := result.windows_without_car():
        warn(f"no event has a CAR over {', '.join(empty)} (the flags of result.car say why)")


def too_few(result: Explained, measured: int) -> NoReturn:
    """Raise StudyError for so many ``measured`` events, none of which has another beside it."""
    if nothing := result.why_nothing():
        raise StudyError(nothing, hint="read the output excluded")
    who = "1 event has" if measured == 1 else f"{measured} events in groups of one have"
    raise StudyError(
        f"{who} no cross-section, so no statistic across events",
        hint="read ar and car: they carry standard errors, t and p for one event",
    )
