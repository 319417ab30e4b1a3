"""Who may open the store's file now: one writer at a time, and readers never keep a writer out.

DuckDB locks its file, but a lock alone is not a queue: readers that come one after the other hold it together for
ever. So a writer first closes a gate (a lock file next to the store); readers pass the gate before they open the file.
While it is closed no reader comes in, those inside finish, and the writer waits no longer than the longest read.
Threads of one process meet at the same gate: each opens the lock file by itself.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

PAUSE = 0.01
BREATH = 0.025
"""Seconds that a process leaves the gate open between two of its own transactions, for others to come in."""


class Patience:
    """A limit of waiting: pauses are short and not in step with those of other processes."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def pause(self) -> bool:
        """Wait a moment; False, and at once, where the limit is reached."""
        left = self._end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, PAUSE * random.uniform(0.5, 1.5)))
        return True


@dataclass(frozen=True)
class Holder:
    """A process that holds the store: its number, program, and the instant since when (None: not known)."""

    pid: int
    program: str
    since: datetime | None

    def __str__(self) -> str:
        if self.pid == os.getpid():
            return "another thread of this process"
        since = f", since {self.since:%Y-%m-%dT%H:%M:%SZ}" if self.since else ""
        return f"process {self.pid} ({self.program}{since})"


class Gate:
    """The gate of one store: ``.NAME.lock`` next to it. Where no lock file can be, the gate is always open."""

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(f".{store.name}.lock")
        self._key = str(store.absolute())

    @contextmanager
    def closed(self, patience: Patience) -> Iterator[bool]:
        """Keep the gate closed for the block; yields False, the gate not being ours, where patience ends."""
        _breathe(self._key)
        file = self._lock_file(create=True)
        if file is None:
            yield True
            return
        with file:
            if not _take(file, patience):
                yield False
                return
            _write_holder(file)
            try:
                yield True
            finally:
                _erase(file)
                _released[self._key] = time.monotonic()

    def passed(self, patience: Patience) -> bool:
        """Wait until the gate is open; False where patience ends before."""
        file = self._lock_file(create=False)
        if file is None:
            return True
        with file:
            return _take(file, patience, shared=True)

    def holder(self) -> Holder | None:
        """The process that keeps the gate closed, as it says itself; None where nobody does."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            return Holder(int(content["pid"]), str(content["program"]), datetime.fromisoformat(content["since"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _lock_file(self, *, create: bool) -> IO[bytes] | None:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT if create else os.O_RDONLY, 0o666)
        except OSError:  # no lock file yet, or a folder that may not be written
            return None
        return os.fdopen(handle, "r+b" if create else "rb", buffering=0)


_released: dict[str, float] = {}


def started_at(pid: int) -> datetime | None:
    """When a process started, where the system tells (Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
        seconds = int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _breathe(key: str) -> None:
    """Leave the gate open for a moment since this process's last transaction: waiting readers come in."""
    left = _released.get(key, -BREATH) + BREATH - time.monotonic()
    if left > 0:
        time.sleep(left)


def _take(file: IO[bytes], patience: Patience, *, shared: bool = False) -> bool:
    while True:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if not patience.pause():
                return False
        except OSError:  # a file system without locks
            return True
        else:
            return True


def _write_holder(file: IO[bytes]) -> None:
    program = Path(sys.argv[0] if os.path.isfile(sys.argv[0]) else sys.executable).name
    text = json.dumps({"pid": os.getpid(), "program": program, "since": datetime.now(UTC).isoformat()})
    _erase(file)
    try:
        file.write(text.encode())
    except OSError:  # a full disk: the lock holds without a name
        _erase(file)


def _erase(file: IO[bytes]) -> None:
    try:
        file.seek(0)
        file.truncate()
    except OSError:  # the lock holds whatever the file says
        return
