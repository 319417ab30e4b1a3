"""Access to the store's file: one writer at a time, and readers never starve a writer.

DuckDB locks its file, but a lock alone is not a queue: overlapping readers could hold it forever. So a writer first
closes a gate (a lock file next to the store), and readers pass the gate before they open the file. While it is closed,
no new reader enters and those inside finish, so that the writer waits no longer than the longest read. This also works
between the threads of one process, since each opens the lock file itself.
"""

from __future__ import annotations

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

from correlator.base.locks import locks
from correlator.errors import warn

PAUSE = 0.01
BREATH = 0.025
"""Seconds for which a process leaves the gate open between two of its own transactions, so that others can enter."""


QUIET = 10.0
"""Seconds of waiting that are not worth a warning."""


class Patience:
    """A waiting limit with short, randomised pauses, so that processes do not poll in step."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._said = False

    def pause(self) -> bool:
        """Pause briefly and return True; return False at once if the limit has been reached. Warns of a long wait."""
        left = self._end - time.monotonic()
        if left <= 0:
            return False
        if self.seconds - left > QUIET and not self._said:
            self._said = True
            warn(f"the store is locked by another process; waiting for it, {self.seconds:g} s at most")
        time.sleep(min(left, PAUSE * random.uniform(0.5, 1.5)))
        return True


@dataclass(frozen=True)
class Holder:
    """The process that has locked the store: its id, its program, and since when (None if unknown)."""

    pid: int
    program: str
    since: datetime | None

    def __str__(self) -> str:
        if self.pid == os.getpid():
            return "another thread of this process"
        since = f", since {self.since:%Y-%m-%dT%H:%M:%SZ}" if self.since else ""
        return f"process {self.pid} ({self.program}{since})"


class Gate:
    """The gate of one store: ``.NAME.lock`` next to it. Always open if no lock file can be created."""

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(f".{store.name}.lock")
        self._key = str(store.absolute())

    @contextmanager
    def closed(self, patience: Patience) -> Iterator[bool]:
        """Keep the gate closed for the block; yields False if it could not be closed in time."""
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
        """Wait until the gate is open; return False if it stays closed for too long."""
        file = self._lock_file(create=False)
        if file is None:
            return True
        with file:
            return _take(file, patience, shared=True)

    def holder(self) -> Holder | None:
        """Return the process that keeps the gate closed, as recorded in the lock file; None if it is open."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            return Holder(int(content["pid"]), str(content["program"]), datetime.fromisoformat(content["since"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _lock_file(self, *, create: bool) -> IO[bytes] | None:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT if create else os.O_RDONLY, 0o666)
        except OSError:  # no lock file yet, or a read-only folder
            return None
        return os.fdopen(handle, "r+b" if create else "rb", buffering=0)


_released: dict[str, float] = {}


def started_at(pid: int) -> datetime | None:
    """Return the start time of a process; None if the system does not tell (only Linux does)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
        seconds = int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _breathe(key: str) -> None:
    """Wait until ``BREATH`` has passed since this process's last transaction, so that waiting readers can enter."""
    left = _released.get(key, -BREATH) + BREATH - time.monotonic()
    if left > 0:
        time.sleep(left)


def _take(file: IO[bytes], patience: Patience, *, shared: bool = False) -> bool:
    while not locks(file, shared=shared):
        if not patience.pause():
            return False
    return True


def _write_holder(file: IO[bytes]) -> None:
    program = Path(sys.argv[0] if os.path.isfile(sys.argv[0]) else sys.executable).name
    text = json.dumps({"pid": os.getpid(), "program": program, "since": datetime.now(UTC).isoformat()})
    _erase(file)
    try:
        file.write(text.encode())
    except OSError:  # disk full: the lock works without a name
        _erase(file)


def _erase(file: IO[bytes]) -> None:
    try:
        file.seek(0)
        file.truncate()
    except OSError:  # the lock works whatever the file says
        return
