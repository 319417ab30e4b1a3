"""Run a user's SQL, which can read the store and nothing else.

The SQL runs in a separate process: read-only connection, no access to files or network, locked configuration, limits
on time, memory and the size of the result. A process is needed because neither DuckDB's memory limit nor an interrupt
works inside some expressions (``range(1000000000)``); the limits of the operating system always do.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from correlator import errors
from correlator.base.source_limits import check_dates, check_encodable
from correlator.errors import CorrelatorError, InputError, StoreError

if TYPE_CHECKING:
    import polars as pl

DEFAULT_TIMEOUT = 60.0
DEFAULT_MEMORY = "2GB"
GRACE_SECONDS = 2.0
"""Time in seconds that an interrupted query has to end by itself."""
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(|K|M|G|T)I?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_LEAST_MEMORY, _MOST_MEMORY = 64 * 10**6, 2**62
_LONGEST_TEXT = 1_000_000
_LONGEST_TIMEOUT = 86_400
_MODULE = "correlator.store.user_sql_process"


@dataclass(frozen=True)
class Request:
    """Request to the process: ``timeout`` in seconds, ``memory`` in bytes; ``unsafe`` lifts the access limits."""

    address: str
    text: str
    timeout: float
    memory: int
    unsafe: bool
    lock_wait: float


def sql_request(address: str, text: str, *, timeout: float, memory: str, unsafe: bool, lock_wait: float) -> Request:
    """Return a validated request; raise InputError for invalid limits and for SQL that is too long.

    ``timeout``: in seconds; ``memory``: limit of the query such as ``2GB``, a quarter of it for its result; ``unsafe``:
    whether the SQL may use files and settings; the store stays read-only.
    """
    if not 0 < timeout <= _LONGEST_TIMEOUT:
        raise InputError(f"timeout must be more than 0 and at most {_LONGEST_TIMEOUT:,} seconds, got {timeout:g}")
    if len(text) > _LONGEST_TEXT:
        raise InputError(f"SQL must have at most {_LONGEST_TEXT:,} characters, got {len(text):,}")
    check_encodable(text, "SQL")
    return Request(address, text, timeout, _bytes(memory), unsafe, lock_wait)


def run_user_sql(request: Request) -> pl.DataFrame:
    """Return the rows that the request selects.

    Raises InputError for SQL that is refused, fails or exceeds a limit, StoreError and StoreLockedError.
    """
    done = _run(request)
    if done.returncode == 0:
        return _frame(done.stdout)
    raise _error_of(done, request)


def _run(request: Request) -> subprocess.CompletedProcess[bytes]:
    # -P keeps the current folder, which may contain anything, out of sys.path; our own root is passed explicitly.
    root = str(Path(__file__).parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
    try:
        return subprocess.run(
            [sys.executable, "-P", "-m", _MODULE],
            input=json.dumps(asdict(request)).encode(),
            capture_output=True,
            env=environment,
            timeout=request.timeout + request.lock_wait + 30,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_long(request) from None
    except OSError as problem:
        raise StoreError(f"cannot start a process for the query: {problem}") from problem


def _frame(stream: bytes) -> pl.DataFrame:
    """Return the Arrow stream as a frame, timestamps in UTC."""
    import polars as pl
    import pyarrow as pa

    if not stream:
        return pl.DataFrame()
    table = pa.ipc.open_stream(stream).read_all()
    table = table.rename_columns(_distinct(table.column_names))
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    check_dates(frame, "the result", hint="cast it to text, such as x::text")
    return frame.with_columns(pl.selectors.datetime(time_zone="*").dt.convert_time_zone("UTC"))


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names, with a number appended to repeated ones."""
    given: dict[str, int] = {}  # each name with the number to try next
    for name in names:
        candidate = name
        while candidate in given:
            candidate, given[name] = f"{name}_{given[name]}", given[name] + 1
        given[candidate] = 1
    return list(given)


def _error_of(done: subprocess.CompletedProcess[bytes], request: Request) -> CorrelatorError:
    """Return the error that the process wrote to stderr; without one it was killed by its limits."""
    for line in reversed(done.stderr.decode("utf-8", "replace").splitlines()):  # libraries may print after it
        try:
            content = json.loads(line)
            kind = getattr(errors, content["error"])
            return kind(content["message"], hint=content["hint"])  # type: ignore[no-any-return]
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    if done.returncode == EXIT_TIMEOUT:
        return _too_long(request)
    if done.returncode == EXIT_MEMORY or done.returncode < 0:
        return too_much_memory(request)
    return StoreError(f"the query process exited with status {done.returncode}", hint="select less at once")


EXIT_TIMEOUT, EXIT_MEMORY, EXIT_REFUSED = 91, 92, 93


def too_much_memory(request: Request) -> InputError:
    """Return the error for a query or result that exceeds the memory limit."""
    return InputError(
        f"the query needs more memory than the limit of {request.memory / 1e9:.3g} GB",
        hint="add LIMIT or a condition, or raise --memory",
    )


def _too_long(request: Request) -> InputError:
    return InputError(f"the query took longer than {request.timeout:g} s", hint="raise --timeout, or select less")


def _bytes(size: str) -> int:
    match = _SIZE.fullmatch(size.strip())
    if match is None:
        raise InputError(f"memory {size!r} is not a size", hint="write a size such as 2GB or 500MB")
    number = float(match[1]) * _UNITS[match[2].upper()]
    if number < _LEAST_MEMORY:
        raise InputError(f"memory must be at least {_LEAST_MEMORY // 10**6} MB, got {size}")
    return int(min(number, _MOST_MEMORY))
