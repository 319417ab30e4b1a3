"""Limits of memory and threads of this process, which DuckDB, polars and the engine observe."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, replace

from correlator.errors import InputError

MEMORY_VARIABLE = "CORRELATOR_MEMORY"
THREADS_VARIABLE = "CORRELATOR_THREADS"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(|K|M|G|T)(I?)B?", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_LEAST = 64 * 10**6
_MOST = 8 * 10**18
_MOST_THREADS = 1_024
"""DuckDB starts every thread that it is allowed, and ends the process where the system refuses one."""
_POOLS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Environment variables from which libraries take their number of threads when they are first imported."""


@dataclass(frozen=True)
class Limits:
    """Bytes of ``memory`` for the database and for a chunk of the engine, and number of ``threads``; None: no limit."""

    memory: int | None = None
    threads: int | None = None


_chosen: Limits | None = None


def use_limits(*, memory: str | int | None = None, threads: int | None = None) -> Limits:
    """Set limits for this process; None leaves a limit unchanged.

    Parameters
    ----------
    memory
        Such as ``"1GiB"`` or ``"500MB"``, or a number of bytes. Limits the memory of the database and the chunks of the
        engine; results and files that are read as a whole need further memory.
    threads
        Number of threads of the database and the engine, and of polars if it is not imported yet.

    Returns
    -------
    Limits
        The current limits.

    Raises
    ------
    InputError
        If ``memory`` is not a size or less than 64 MB, or ``threads`` is less than 1.

    Examples
    --------
    >>> use_limits(memory="1GiB").memory
    1073741824
    """
    global _chosen
    current = limits()
    if memory is not None:
        current = replace(current, memory=size_in_bytes(memory))
    if threads is not None:
        current = replace(current, threads=_checked_threads(threads))
        for name in _POOLS:
            os.environ[name] = str(threads)
        if "pyarrow" in sys.modules:
            sys.modules["pyarrow"].set_cpu_count(threads)
    _chosen = current
    return current


def limits() -> Limits:
    """Return the limits set by ``use_limits``, else those of ``$CORRELATOR_MEMORY`` and ``$CORRELATOR_THREADS``."""
    if _chosen is not None:
        return _chosen
    memory, threads = os.environ.get(MEMORY_VARIABLE), os.environ.get(THREADS_VARIABLE)
    return Limits(size_in_bytes(memory) if memory else None, _checked_threads(threads) if threads else None)


def thread_count() -> int:
    """Return the number of threads to use: the limit, else the processors available to this process."""
    allowed = limits().threads
    if allowed is not None:
        return allowed
    usable = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    return usable or 1


def size_in_bytes(size: str | int) -> int:
    """Convert ``1GiB``, ``500MB`` or a number of bytes to bytes; raise InputError for less than 64 MB."""
    match = _SIZE.fullmatch(str(size).strip())
    if match is None:
        raise InputError(f"memory must be a size such as 1GiB or 500MB, got {size!r}", argument="memory")
    base = 1024 if match[3] else 1000
    amount = float(match[1]) * base ** _POWERS[match[2].upper()]
    if amount > _MOST:
        raise InputError("memory must be at most 8 EB", argument="memory")
    if amount < _LEAST:
        raise InputError(f"memory must be at least 64MB, got {size}", argument="memory")
    return int(amount)


def _checked_threads(threads: int | str) -> int:
    try:
        number = int(threads)
    except ValueError:
        number = 0
    if not 1 <= number <= _MOST_THREADS:
        raise InputError(f"threads must be from 1 to {_MOST_THREADS:,}, got {threads}", argument="threads")
    return number
