"""The exceptions of the package: one root and a few branches, and the warning category.

Every error has a one-line message that says what is wrong, where, and what to do. Branches also inherit from the
builtin exception that they refine, so ``except ValueError`` works for callers who do not know this package.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from types import FrameType


def likeliest(name: str, known: Iterable[str], otherwise: str = "there are") -> str:
    """Return a hint: the one of ``known`` that is closest to ``name``, else a list of them after ``otherwise``."""
    import difflib

    names = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {names[close[0]]}?"
    return f"{otherwise} {listed(names.values(), 20)}"


def listed(names: Iterable[object], most: int = 5, between: str = ", ") -> str:
    """Return the first ``most`` names and how many more there are.

    >>> listed(["A", "B", "C"]), listed(range(1_500), 2)
    ('A, B, C', '0, 1 and 1,498 more')
    """
    each = [str(name) for name in names]
    more = len(each) - most
    return between.join(each[:most]) + (f" and {more:,} more" if more > 0 else "")


def written(value: object) -> str:
    """Return the value of an option as a caller would write it: a string in quotes, a list separated by commas.

    >>> print(written("volume"), written(["-1:1", "0:0"]))
    'volume' -1:1,0:0
    """
    if isinstance(value, list | tuple):
        return ",".join(str(part) for part in value)
    return repr(value) if isinstance(value, str) else str(value)


def counted(number: int, word: str) -> str:
    """Return a number with its noun: ``1 event``, ``1,234 events``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


_LONGEST_MESSAGE = 2_000


def _one_line(text: str) -> str:
    """Return ``text`` on one line; of a very long one, its beginning and its end."""
    line = " ".join(text.split())
    half = _LONGEST_MESSAGE // 2
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:half]} ... {line[-half:]}"


class CorrelatorError(Exception):
    """Root of every error that this package raises on purpose.

    ``message`` says what is wrong and where; ``hint`` what to do about it. ``str()`` joins both on one line.
    ``argument``: the Python argument that the message begins with, if any; the command line shows its option instead.
    """

    def __init__(self, message: str, *, hint: str | None = None, argument: str | None = None) -> None:
        self.message = _one_line(message)
        self.argument = argument
        self.hint = _one_line(hint) if hint else None
        super().__init__(f"{self.message} ({self.hint})" if self.hint else self.message)


class InputError(CorrelatorError, ValueError):
    """A file, a text or an argument that is invalid."""


def refuse_unknown(options: Iterable[str], known: Iterable[str]) -> None:
    """Raise InputError for the first of ``options`` that is not ``known``, suggesting the closest name."""
    names = list(known)
    for name in options:
        if name not in names:
            raise InputError(f"option {name!r} is not known", hint=likeliest(name, names, "options are"))


class NotFoundError(CorrelatorError, LookupError):
    """Something named by the caller (file, symbol, article, exchange, column) that does not exist."""


class TimeError(InputError):
    """A time that cannot be determined: not a date, an unknown time zone, an ambiguous format."""


class StudyError(CorrelatorError, ValueError):
    """A study that cannot be computed, for example a cross-section of one event."""


class StoreError(CorrelatorError, RuntimeError):
    """The store cannot be used: newer schema, damaged file, failed transaction."""


class StoreLockedError(StoreError):
    """Another process holds the store open for writing."""


class StoreConflictError(StoreLockedError):
    """Another process changed the lake while a block was writing to it: nothing of the block was kept."""


class StaleDataError(StoreError):
    """The store lacks closed sessions, so a report would be based on old data."""


class SourceError(CorrelatorError, OSError):
    """A remote source that failed or refused (rate limit, HTTP error), as opposed to one that has no data.

    ``retry_after``: seconds to wait before the next request, if the source named them.
    """

    retry_after: float | None = None


class ClusterError(SourceError):
    """A cluster that cannot be reached, runs other versions, or lost too many workers."""


class MissingDependencyError(CorrelatorError, ImportError):
    """An optional package or system program that a feature needs is not installed."""


class CorrelatorWarning(UserWarning):
    """A warning about a result that is valid nevertheless; one line."""


_OURS = (__name__.partition(".")[0], "functools", "contextlib")


def warn(text: str) -> None:
    """Warn with ``text`` as a ``CorrelatorWarning``, attributed to the calling line outside this package."""
    frame: FrameType | None = sys._getframe()
    level = 1
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _OURS:
        frame, level = frame.f_back, level + 1
    warnings.warn(" ".join(text.split()), CorrelatorWarning, stacklevel=level)
