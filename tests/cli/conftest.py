"""A real `correlator` process, and a store with the sample in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_process import SAMPLE, Run, run_in


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_in(tmp_path)


@pytest.fixture(scope="session")
def sample() -> Path:
    return SAMPLE


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with m.duckdb, which contains the sample: both price series and the page."""
    folder = tmp_path_factory.mktemp("loaded")
    run = run_in(folder)
    for symbol in ("AIRLINK", "KSE100"):
        run("--store", "m.duckdb", "add", "prices", SAMPLE / f"{symbol}.csv", "--symbol", symbol, "--exchange", "XKAR")
    run("--store", "m.duckdb", "add", "news", SAMPLE / "page.txt")
    return folder
