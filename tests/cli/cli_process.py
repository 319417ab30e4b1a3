"""The real command line, as a process of its own in a folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
Run = Callable[..., subprocess.CompletedProcess[str]]


def run_in(folder: Path) -> Run:
    def run(*arguments: object, code: int = 0, **options: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "correlator.cli.main", *map(str, arguments)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            **options,
        )
        assert done.returncode == code, f"exit code {done.returncode}: {done.stderr}"
        return done

    return run
