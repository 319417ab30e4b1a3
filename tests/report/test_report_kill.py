"""A report killed at any moment leaves the previous one whole: real processes, SIGKILL, seeded moments."""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from pathlib import Path

import forked
import pytest
from report_process import SPEC, run_report_verb

DAY = "2025-06-05"


def whole(folder: Path) -> str:
    """The title of the report in ``folder``, after every file was found to be what the manifest says."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert {path.name for path in folder.iterdir()} == {*manifest["files"], "manifest.json"}
    for name, said in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == said["sha256"], name
    return str(manifest["parameters"]["title"])


def killed(work: Path, number: int, longest: float, chance: random.Random) -> bool:
    """Start a report with a title of its own and kill it: at a moment of its life, or (odd ones) once it publishes.

    Returns whether it was still running then.
    """
    (work / "daily.toml").write_text(SPEC.replace("AIRLINK every evening", f"number {number}"))
    environment = {**os.environ, "CORRELATOR_STORE": str(work / "m.duckdb")}
    with open(os.devnull, "r+b") as nowhere:
        files = [nowhere.fileno()] * 3
        arguments = ["--quiet", "report", "run", "daily.toml", "--as-of", DAY]
        process = forked.start(arguments, cwd=work, env=environment, files=files)
    if number % 2:
        runs = work / "reports/daily/runs"
        while process.poll() is None and not list(runs.glob(".draft-*")):
            time.sleep(0.0002)
        time.sleep(chance.uniform(0, 0.02))
    else:
        time.sleep(chance.uniform(0, longest))
    process.kill()
    return process.wait(60) != 0


def kill_often(work: Path, times: int) -> None:
    began = time.monotonic()
    run_report_verb(work, "run", "daily.toml", "--as-of", DAY)
    longest = time.monotonic() - began
    latest, chance = work / "reports/daily/latest", random.Random(times)
    before, died = whole(latest), 0
    for number in range(times):
        died += killed(work, number, longest, chance)
        after = whole(latest)
        assert after in (before, f"number {number}")
        assert whole(work / "reports/daily" / DAY) == after
        before = after
    assert died >= times / 3
    run_report_verb(work, "run", "daily.toml", "--as-of", DAY)
    assert whole(latest) == f"number {times - 1}"
    assert not list(work.glob("reports/daily/**/.draft-*"))


def test_killed_at_three_moments(work):
    kill_often(work, 3)


@pytest.mark.slow
def test_killed_at_fifty_moments(work):
    kill_often(work, 50)
