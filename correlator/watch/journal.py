"""The journal of a sink, kept next to the store and flushed to disk, for exactly-once delivery.

A line is written before a delivery, and another after it. If the second line is missing after the process was killed,
the sink itself shows how much was delivered.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from correlator.base.files import flush_folder, write_atomically

_LONGEST = 1_000_000
"""Bytes after which a journal is restarted with its last line."""


class Journal:
    """The journal of one sink in the file ``path``; its last line is the current state."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def last(self) -> dict[str, Any] | None:
        """Return the last complete line, or None. A truncated line was never acted on."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return None
        for line in reversed(lines[:-1]):
            try:
                read = json.loads(line)
            except ValueError:
                continue
            return read if isinstance(read, dict) else None
        return None

    def since_done(self) -> list[dict[str, Any]]:
        """Return the complete lines from the last one with ``done`` on, that one included."""
        try:
            lines = self.path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        entries: list[dict[str, Any]] = []
        for line in lines:
            try:
                read = json.loads(line)
            except ValueError:
                continue
            entries = [read] if "done" in read else [*entries, read]
        return entries

    def write(self, line: Mapping[str, Any]) -> None:
        """Append a line and flush it to disk."""
        content = json.dumps(line, ensure_ascii=False) + "\n"
        size = self.path.stat().st_size if self.path.exists() else 0
        if size > _LONGEST and "done" in line:
            write_atomically(self.path, content)
            return
        with self.path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(content.encode())
            file.flush()
            os.fsync(file.fileno())
        if size == 0:
            flush_folder(self.path.parent)
