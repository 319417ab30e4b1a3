"""Measure how long the tutorial takes in a clean folder and a clean environment.

    python benchmarks/tutorial_time.py

Makes a virtual environment with the pinned packages in a temporary folder, then runs the blocks of docs/tutorial.md in
their order, each as its own process: the seconds of setting up (which the network decides) and of every block. Nothing
is compiled or cached before the first block.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from study_docs import machine

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)


def main() -> None:
    """Print the seconds of the set-up and of each block."""
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        bin_folder = _environment(folder / "venv")
        print(f"{time.perf_counter() - began:8.1f} s  virtual environment and packages")
        work = folder / "work"
        work.mkdir()
        (work / "data").symlink_to(ROOT / "data")
        seconds = [_run(block, work, bin_folder) for block in BLOCK.findall((ROOT / "docs/tutorial.md").read_text())]
        print(f"{sum(seconds):8.1f} s  the {len(seconds)} blocks of the tutorial")


def _environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements.txt")], check=True)
    subprocess.run([*pip, "--no-deps", str(ROOT)], check=True)
    return folder / "bin"


def _run(block: tuple[str, str], folder: Path, bin_folder: Path) -> float:
    language, code = block
    command = [str(bin_folder / "python"), "-c", code] if language == "python" else ["bash", "-euc", code]
    environment = {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    environment.pop("CORRELATOR_STORE", None)
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{code}\n{done.stderr}")
    print(f"{seconds:8.1f} s  {code.strip().splitlines()[0]}")
    return seconds


if __name__ == "__main__":
    main()
