"""The real command line, in a folder with a store and a report file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import forked

SPEC = """
title = "AIRLINK every evening"
[study]
symbols = ["AIRLINK"]
benchmark = "KSE100"
estimation = "-145:-26"
window = "-5:5"
windows = ["-1:1", "0:0"]
"""


def correlator_command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "correlator.cli.main", *map(str, arguments)]


def run_report_verb(folder: Path, *arguments: object, code: int = 0, path: str | None = None):
    """Run ``correlator report ...`` in ``folder`` as a child process; its exit code must be ``code``."""
    environment = {**os.environ, "CORRELATOR_STORE": str(folder / "m.duckdb"), "TZ": "UTC"}
    if path is not None:
        environment |= {"PATH": path + os.pathsep + os.environ["PATH"], "HOME": str(folder)}
    done = forked.run(["report", *arguments], cwd=folder, env=environment)
    assert done.returncode == code, f"exit code {done.returncode}: {done.stderr}"
    return done
