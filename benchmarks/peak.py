"""Measure the peak memory of a process and its children, as Linux counts it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.3


@dataclass
class Peak:
    """KiB of all processes, with shared pages counted once (``pss``) and in each process (``rss``)."""

    pss: int = 0
    rss: int = 0

    def __str__(self) -> str:
        return f"peak of all processes: PSS {self.pss // 1024:,} MiB, RSS {self.rss // 1024:,} MiB"

    def look(self) -> None:
        """Count the memory in use now."""
        sums = {"Pss:": 0, "Rss:": 0}
        for process in _family(os.getpid()):
            for line in _lines(f"/proc/{process}/smaps_rollup"):
                name, *rest = line.split()
                if name in sums:
                    sums[name] += int(rest[0])
        self.pss, self.rss = max(self.pss, sums["Pss:"]), max(self.rss, sums["Rss:"])


@contextmanager
def peak_of_all() -> Iterator[Peak]:
    """Measure the peak while the block runs; 0 without ``/proc``."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY):
            peak.look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _family(process: int) -> Iterator[int]:
    yield process
    for task in Path(f"/proc/{process}/task").glob("*"):
        for line in _lines(str(task / "children")):
            for child in line.split():
                yield from _family(int(child))


def _lines(path: str) -> list[str]:
    """Return the lines of a file of ``/proc``; empty if its process has ended."""
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
