"""Locks of files between processes, which end with the process that holds them."""

from __future__ import annotations

import fcntl
from typing import IO, Any


def locks(file: IO[Any], *, shared: bool = False) -> bool:
    """Lock an open file until it is closed; return False if another process has locked it.

    On a file system without locks, every request is granted.
    """
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as problem:
        return not isinstance(problem, BlockingIOError)
    return True
