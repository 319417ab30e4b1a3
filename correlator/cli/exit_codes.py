"""Exit codes of the command line; docs/exit-codes.md lists the same."""

from __future__ import annotations

from enum import IntEnum

from correlator.errors import (
    CorrelatorError,
    InputError,
    MissingDependencyError,
    NotFoundError,
    SourceError,
    StaleDataError,
    StoreError,
    StoreLockedError,
    StudyError,
)


class ExitCode(IntEnum):
    """Exit code of the process."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    INPUT = 3
    NOT_FOUND = 4
    STUDY = 5
    STORE = 6
    LOCKED = 7
    SOURCE = 8
    MISSING_DEPENDENCY = 9
    FINDINGS = 10
    STALE = 11
    NO_EVENT = 12
    INTERRUPTED = 130


_BY_ERROR: tuple[tuple[type[CorrelatorError], ExitCode], ...] = (
    (StoreLockedError, ExitCode.LOCKED),
    (StaleDataError, ExitCode.STALE),
    (StoreError, ExitCode.STORE),
    (StudyError, ExitCode.STUDY),
    (NotFoundError, ExitCode.NOT_FOUND),
    (SourceError, ExitCode.SOURCE),
    (MissingDependencyError, ExitCode.MISSING_DEPENDENCY),
    (InputError, ExitCode.INPUT),
)


def exit_code_of(error: CorrelatorError) -> ExitCode:
    """Return the exit code for the class of ``error``."""
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return code
    return ExitCode.FAILURE
