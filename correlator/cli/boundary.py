"""The one place where whatever goes wrong becomes one line on stderr and an exit code.

Libraries fail in their own words: DuckDB, polars (whose panics are no ``Exception``), Arrow, the operating system. Only
those already loaded are asked for, so that ``--help`` stays quick.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from types import TracebackType

from correlator.cli.exit_codes import ExitCode
from correlator.cli.terminal.plain import PLAIN, register

TRACEBACK_VARIABLE = "CORRELATOR_TRACEBACK"
_LIBRARIES = {
    "duckdb": ("Error",),
    "polars.exceptions": ("PolarsError", "PanicException"),
    "pyarrow.lib": ("ArrowException",),
}


def foreign_errors() -> tuple[type[BaseException], ...]:
    """Errors of libraries and of the system that may reach the command line."""
    kinds: list[type[BaseException]] = [OSError, MemoryError, RecursionError, UnicodeError]
    for module, names in _LIBRARIES.items():
        loaded = sys.modules.get(module)
        kinds += [getattr(loaded, name) for name in names if loaded is not None]
    return tuple(kinds)


def error_line(error: BaseException) -> tuple[str | None, ExitCode]:
    """The line that says what went wrong (None: nobody listens), and the code to leave with."""
    if isinstance(error, BrokenPipeError):
        return None, ExitCode.FAILURE
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        where = f"{error.filename}: " if error.filename else ""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = " (make room, then run it again)" if full else ""
        return f"{where}{reason}{hint}", ExitCode.INPUT if error.filename else ExitCode.FAILURE
    if isinstance(error, MemoryError):
        return "there is not enough memory (ask for less at once, or give --memory)", ExitCode.FAILURE
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return f"{first} (please report how this happened)", ExitCode.FAILURE


def install_last_word() -> None:
    """From here on an error that nobody has met is one line as well; ``CORRELATOR_TRACEBACK=1`` shows where it rose."""
    sys.excepthook = _last_word


class _Closed(io.RawIOBase):
    """A stdout that was closed before the start: whatever is written to it is refused."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, _content: object) -> int:
        raise OSError(errno.EBADF, "stdout is closed (leave it open, or give --to where the verb has it)")


def hold_closed_streams() -> None:
    """Take the numbers of standard streams that were closed before the start, so that no file opened later, such as the
    store, gets one and is written to as if it were the stream. What goes to a closed stderr is lost, not on stdout.
    """
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_Closed(), encoding="utf-8", write_through=True)


def show_what_can_be_shown() -> None:
    """Characters that the terminal's encoding does not have are shown by their like in ASCII; tables that are data
    leave as UTF-8 anyway.
    """
    register()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAIN)


def close_stdout() -> None:
    """Have what was printed leave, so that a full disk or a reader that left is met here and not at the very end."""
    try:
        sys.stdout.flush()
    except OSError:
        silence_stdout()
        raise


def silence_stdout() -> None:
    """Nothing more goes to stdout: its reader has left."""
    handle = os.open(os.devnull, os.O_WRONLY)
    os.dup2(handle, sys.stdout.fileno())
    os.close(handle)


def _last_word(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("error: interrupted", file=sys.stderr)
        os._exit(ExitCode.INTERRUPTED)
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(kind, error, trace)
    frames = traceback.extract_tb(trace)
    where = f" in {os.path.basename(frames[-1].filename)} line {frames[-1].lineno}" if frames else ""
    first = next(iter(str(error).splitlines()), "")
    hint = f"please report it; {TRACEBACK_VARIABLE}=1 shows more"
    print(f"error: internal error{where}: {kind.__name__}: {first} ({hint})", file=sys.stderr)
