"""Run the benchmarks of the study engine and write what they print into docs/study.md.

    python benchmarks/study_docs.py [--peer PYTHON]

``--peer``: a Python that has the package ``eventstudy``; it is timed in the same run. Takes some two minutes.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "study.md"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
RETURNS = ROOT / "tests" / "golden" / "estudy2_input_log_returns.csv"


def machine() -> str:
    """Describe the machine: processor, number of processors, operating system, Python."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return f"{name}, {os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}"


def printed(script: str, *options: str) -> str:
    """Return what a benchmark prints."""
    command = [sys.executable, str(ROOT / "benchmarks" / script), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip()


def one_study_from_the_command_line(repeats: int = 5) -> str:
    """Measure the wall time of a whole process that studies one event of a file."""
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.csv"
        events.write_text("symbol,date\nAMZN,2020-03-09\n")
        study = f"study --returns {RETURNS} --events {events} --benchmark GSPC --estimation -150:-11 --output car"
        call = "from correlator.cli.main import run; run()"
        times = []
        for _ in range(repeats):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", call, *study.split()], capture_output=True, check=True)
            times.append(time.perf_counter() - begun)
    return f"one event of a CSV, a new process each time: {min(times):.2f} s to {max(times):.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="a Python that has the package eventstudy")
    peer = parser.parse_args().peer
    parts = {
        "Estimates in memory: `python benchmarks/engine.py`": printed("engine.py", *(["--peer", peer] if peer else [])),
        "Streamed into Parquet: `python benchmarks/engine.py --events 10000000 --stream`": printed(
            "engine.py", "--events", "10000000", "--stream"
        ),
        "From DuckDB to every statistic in Parquet: `python benchmarks/significance.py`": printed("significance.py"),
        "One study from the command line": one_study_from_the_command_line(),
    }
    blocks = "\n\n".join(f"{title}\n\n```text\n{text}\n```" for title, text in parts.items())
    page = PAGE.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\nMachine: {machine()}.\n\n{blocks}\n\n{END}{after}")


if __name__ == "__main__":
    main()
