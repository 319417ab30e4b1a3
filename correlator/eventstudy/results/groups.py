"""Groups of a study that are large enough for tests across events; errors and warnings for those that are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, Protocol, TypeVar

from correlator.errors import StudyError, warn

Compared = TypeVar("Compared")


class Explained(Protocol):
    """A result that can say why no event was measured."""

    def why_nothing(self) -> str:
        """Return why no event was measured; empty if one was."""


class Measured(Explained, Protocol):
    """A result that also knows windows without a CAR."""

    def windows_without_car(self) -> list[str]:
        """Return the labels of windows without a CAR."""


def with_two(
    groups: Iterable[tuple[dict[str, Any], Compared]], count: Callable[[Compared], int], unit: str
) -> list[tuple[dict[str, Any], Compared]]:
    """Return the groups with at least two ``unit``s (by ``count``); warn of the other groups that have a name."""
    enough = []
    for values, part in groups:
        if count(part) >= 2:
            enough.append((values, part))
        elif values:
            group = ", ".join(f"{name}={value}" for name, value in values.items())
            warn(f"group {group} has {count(part)} {unit}: no statistic across {unit}s")
    return enough


def warn_of_gaps(result: Measured) -> None:
    """Warn if no event was measured, or none over some window."""
    if nothing := result.why_nothing():
        warn(f"{nothing} (read result.excluded)")
    elif empty := result.windows_without_car():
        warn(f"no event has a CAR over {', '.join(empty)} (the flags of result.car say why)")


def too_few(result: Explained, measured: int) -> NoReturn:
    """Raise StudyError for ``measured`` events of which no group has two."""
    if nothing := result.why_nothing():
        raise StudyError(nothing, hint="read the output excluded")
    who = "1 event has" if measured == 1 else f"{measured} events in groups of one have"
    raise StudyError(
        f"{who} no cross-section, so there is no statistic across events",
        hint="read ar and car: they have standard errors, t and p for one event",
    )
