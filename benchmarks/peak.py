"""The most memory that a process and its children hold at once, as Linux counts it."""

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
    """KiB of all processes, pages that several share counted once (``pss``) and in each (``rss``)."""

    pss: int = 0
    rss: int = 0

    def __str__(self) -> str:
        return f"peak of all processes: PSS {self.pss // 1024:,} MiB, RSS {self.rss // 1024:,} MiB"

    def look(self) -> None:
        """Count what is held now."""
        sums = {"Pss:": 0, "Rss:": 0}
        for process in _family(os.getpid()):
            for line in _lines(f"/proc/{process}/smaps_rollup"):
                name, *rest = line.split()
                if name in sums:
                    sums[name] += int(rest[0])
        self.pss, self.rss = max(self.pss, sums["Pss:"]), max(self.rss, sums["Rss:"])


@contextmanager
def peak_of_all() -> Iterator[Peak]:
    """The peak while the block runs; 0 where there is no ``/proc``."""
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
    """Lines of a file of ``/proc``; none where its process has ended."""
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
