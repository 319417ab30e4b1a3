"""A real `correlator` process, and a store with the sample in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_in(tmp_path)


@pytest.fixture(scope="session")
def sample() -> Path:
    return SAMPLE


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with m.duckdb that holds the sample: both price series and the page."""
    folder = tmp_path_factory.mktemp("loaded")
    run = run_in(folder)
    for symbol in ("AIRLINK", "KSE100"):
        run("--store", "m.duckdb", "add", "prices", SAMPLE / f"{symbol}.csv", "--symbol", symbol, "--exchange", "XKAR")
    run("--store", "m.duckdb", "add", "news", SAMPLE / "page.txt")
    return folder
