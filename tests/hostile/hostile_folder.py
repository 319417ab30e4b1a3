"""Secrets that must not be read from a folder, and a fingerprint of what must not change in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

CANARY = "canary-4711"


def fingerprint(folder: Path) -> dict[str, str]:
    """Return every file below ``folder`` with the hash of its bytes."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
