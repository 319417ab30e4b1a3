"""The progress bar: description, count and total, rate, time elapsed and time left."""

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
"""Seconds of work before the bar is drawn."""


class Bar:
    """A bar on stderr that appears after ``PATIENCE`` seconds of work and disappears when the work ends."""

    def __init__(self, description: str, total: int | None) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        # On a terminal, lines printed meanwhile go above the bar; a redirected stdout must not be captured.
        above = sys.stdout.isatty()
        self._bars = Progress(*columns, console=Console(file=sys.stderr), transient=True, redirect_stdout=above)
        self._task = self._bars.add_task(description, total=total)
        self._started = time.monotonic()
        self._drawn = False

    def advance(self, items: int) -> None:
        self._bars.advance(self._task, items)
        if not self._drawn and time.monotonic() - self._started > PATIENCE:
            self._bars.start()
            self._drawn = True

    def close(self) -> None:
        if self._drawn:
            self._bars.stop()


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.1f}/s" if speed < 10 else f"{speed:,.0f}/s")
