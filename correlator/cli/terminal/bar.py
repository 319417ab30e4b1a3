"""The progress bar: what is done, how many of how many, per second, elapsed, left."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

PATIENCE = 1.0
"""Seconds of work before a bar is drawn."""


class Bar:
    """A bar on stderr that appears once the work has lasted ``PATIENCE`` seconds and goes when it ends."""

    def __init__(self, description: str, total: int | None) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        # Lines printed meanwhile go above the bar on a terminal; data that go elsewhere must stay there.
        above = sys.stdout.isatty()
        self._bars = Progress(*columns, console=Console(file=sys.stderr), transient=True, redirect_stdout=above)
        self._task = self._bars.add_task(description, total=total)
        self._began = time.monotonic()
        self._drawn = False

    def advance(self, items: int) -> None:
        self._bars.advance(self._task, items)
        if not self._drawn and time.monotonic() - self._began > PATIENCE:
            self._bars.start()
            self._drawn = True

    def close(self) -> None:
        if self._drawn:
            self._bars.stop()


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.1f}/s" if speed < 10 else f"{speed:,.0f}/s")
