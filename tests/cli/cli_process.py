"""The real command line, as a child process in a folder."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import forked

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
Run = Callable[..., subprocess.CompletedProcess[str]]


def run_in(folder: Path) -> Run:
    def run(*arguments: object, code: int = 0, **options: object) -> subprocess.CompletedProcess[str]:
        done = forked.run(arguments, cwd=folder, **options)
        assert done.returncode == code, f"exit code {done.returncode}: {done.stderr}"
        return done

    return run
