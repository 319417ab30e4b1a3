"""Turn any error into one line on stderr and an exit code.

Libraries raise their own exceptions: DuckDB, polars (whose panics do not derive from ``Exception``), Arrow, the
operating system. Only libraries that are already imported are considered, so that ``--help`` stays fast.
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
    """Return the exception classes of libraries and of the system that may reach the command line."""
    kinds: list[type[BaseException]] = [OSError, MemoryError, RecursionError, UnicodeError]
    for module, names in _LIBRARIES.items():
        loaded = sys.modules.get(module)
        kinds += [getattr(loaded, name) for name in names if loaded is not None]
    return tuple(kinds)


def error_line(error: BaseException) -> tuple[str | None, ExitCode]:
    """Return the line that describes ``error`` (None for a broken pipe: nobody reads it) and the exit code."""
    if isinstance(error, BrokenPipeError):
        return None, ExitCode.FAILURE
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        where = f"{error.filename}: " if error.filename else ""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = " (free some disk space, then run the command again)" if full else ""
        return f"{where}{reason}{hint}", ExitCode.INPUT if error.filename else ExitCode.FAILURE
    if isinstance(error, UnicodeEncodeError) and "surrogates" in error.reason:
        return f"{error.object[:40]!r} contains bytes that are not valid UTF-8", ExitCode.INPUT
    if isinstance(error, MemoryError):
        return "not enough memory (process less at once, or set --memory)", ExitCode.FAILURE
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return f"{first} (please report this, with the command that was run)", ExitCode.FAILURE


def install_excepthook() -> None:
    """Print uncaught exceptions as one line too; ``CORRELATOR_TRACEBACK=1`` adds the traceback."""
    sys.excepthook = _print_uncaught


class _Closed(io.RawIOBase):
    """Stand-in for a stdout that was closed before the process started: every write fails."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, _content: object) -> int:
        raise OSError(errno.EBADF, "stdout is closed (leave it open, or use --to if the verb has it)")


def reserve_closed_streams() -> None:
    """Occupy the file descriptors of standard streams that were closed before the process started.

    Otherwise a file opened later, such as the store, could get one of them and be written to as if it were the stream.
    Output to a closed stderr is discarded.
    """
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_Closed(), encoding="utf-8", write_through=True)


def replace_unencodable_characters() -> None:
    """Print characters that the terminal's encoding lacks as ASCII look-alikes; data tables are UTF-8 regardless."""
    register()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAIN)


def close_stdout() -> None:
    """Flush stdout, so that a full disk or a broken pipe raises here and not at interpreter exit."""
    try:
        sys.stdout.flush()
    except OSError:
        silence_stdout()
        raise


def silence_stdout() -> None:
    """Redirect stdout to the null device after its reader has closed the pipe."""
    handle = os.open(os.devnull, os.O_WRONLY)
    os.dup2(handle, sys.stdout.fileno())
    os.close(handle)


def _print_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("error: interrupted", file=sys.stderr)
        os._exit(ExitCode.INTERRUPTED)
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(kind, error, trace)
    frames = traceback.extract_tb(trace)
    where = f" in {os.path.basename(frames[-1].filename)} line {frames[-1].lineno}" if frames else ""
    first = next(iter(str(error).splitlines()), "")
    hint = f"please report it; set {TRACEBACK_VARIABLE}=1 for the traceback"
    print(f"error: internal error{where}: {kind.__name__}: {first} ({hint})", file=sys.stderr)
