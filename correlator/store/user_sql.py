"""A user's own SQL, which reads the store and touches nothing else.

The text runs in a process of its own: read-only connection, no access to files or network, configuration locked, limits
on time, memory and the size of the answer. A process, because DuckDB computes some expressions (``range(1000000000)``)
where neither its memory limit nor an interrupt reaches it; the operating system's limits always do.
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
from correlator.base.source_limits import check_dates, check_whole
from correlator.errors import CorrelatorError, InputError, StoreError

if TYPE_CHECKING:
    import polars as pl

DEFAULT_TIMEOUT = 60.0
DEFAULT_MEMORY = "2GB"
GRACE_SECONDS = 2.0
"""Time that an interrupted query has to end by itself."""
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(|K|M|G|T)I?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_LEAST_MEMORY = 64 * 10**6
_LONGEST_TEXT = 1_000_000
_LONGEST_TIMEOUT = 86_400
_MODULE = "correlator.store.user_sql_process"


@dataclass(frozen=True)
class Request:
    """What the process is asked: seconds of ``timeout``, bytes of ``memory``, and whether limits on access are off."""

    address: str
    text: str
    timeout: float
    memory: int
    unsafe: bool
    lock_wait: float


def sql_request(address: str, text: str, *, timeout: float, memory: str, unsafe: bool, lock_wait: float) -> Request:
    """A request that is within what may be asked; raises InputError for limits that are none and for too long a text.

    ``timeout`` in seconds; ``memory`` such as ``2GB``, for the query, a quarter of it for its result. ``unsafe`` lets
    the text use files and settings; the store itself stays read-only.
    """
    if not 0 < timeout <= _LONGEST_TIMEOUT:
        raise InputError(f"timeout must be more than 0 and at most {_LONGEST_TIMEOUT:,} seconds, got {timeout:g}")
    if len(text) > _LONGEST_TEXT:
        raise InputError(f"SQL of {len(text):,} characters is longer than the limit of {_LONGEST_TEXT:,}")
    check_whole(text, "SQL")
    return Request(address, text, timeout, _bytes(memory), unsafe, lock_wait)


def run_user_sql(request: Request) -> pl.DataFrame:
    """The rows that the request selects, as polars makes them of DuckDB's Arrow.

    Raises InputError for text that is refused, fails or goes beyond a limit, StoreError and StoreLockedError.
    """
    done = _run(request)
    if done.returncode == 0:
        return _frame(done.stdout)
    raise _error_of(done, request)


def _run(request: Request) -> subprocess.CompletedProcess[bytes]:
    # -P: Python does not look for modules in the current folder, which may hold anything; ours it is told.
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
        raise StoreError(f"no process could be started for the query: {problem}") from problem


def _frame(stream: bytes) -> pl.DataFrame:
    """The Arrow stream as a frame, instants in UTC."""
    import polars as pl
    import pyarrow as pa

    if not stream:
        return pl.DataFrame()
    table = pa.ipc.open_stream(stream).read_all()
    table = table.rename_columns(_distinct(table.column_names))
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    check_dates(frame, "the answer", hint="cast it to text, such as x::text")
    zoned = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone]
    return frame.with_columns(pl.col(zoned).dt.convert_time_zone("UTC")) if zoned else frame


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, repeated ones with a number behind them."""
    given: dict[str, int] = {}  # each name with the number to try next
    for name in names:
        candidate = name
        while candidate in given:
            candidate, given[name] = f"{name}_{given[name]}", given[name] + 1
        given[candidate] = 1
    return list(given)


def _error_of(done: subprocess.CompletedProcess[bytes], request: Request) -> CorrelatorError:
    """What the process said went wrong on its stderr; one that said nothing died of its limits."""
    for line in reversed(done.stderr.decode("utf-8", "replace").splitlines()):  # libraries may write after it
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
    return StoreError(f"the process of the query ended with status {done.returncode}", hint="ask for less at once")


EXIT_TIMEOUT, EXIT_MEMORY, EXIT_REFUSED = 91, 92, 93


def too_much_memory(request: Request) -> InputError:
    """The query or its result needs more memory than it may have."""
    return InputError(
        f"the query needs more memory than the limit of {request.memory / 1e9:.3g} GB",
        hint="add LIMIT or a condition, or raise --memory",
    )


def _too_long(request: Request) -> InputError:
    return InputError(f"the query took longer than {request.timeout:g} s", hint="raise --timeout, or ask for less")


def _bytes(size: str) -> int:
    match = _SIZE.fullmatch(size.strip())
    if match is None:
        raise InputError(f"memory {size!r} is not a size", hint="write 2GB or 500MB")
    number = int(float(match[1]) * _UNITS[match[2].upper()])
    if number < _LEAST_MEMORY:
        raise InputError(f"memory must be at least {_LEAST_MEMORY // 10**6} MB, got {size}")
    return number
