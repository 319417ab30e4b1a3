"""What a study from the command line may not import: each would cost it a fifth of its time or more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

NOT_NEEDED = {
    "pandas",
    "exchange_calendars",
    "scipy.stats",
    "scipy.optimize",
    "statsmodels",
    "numba",
    "plotly",
    "yfinance",
    "correlator.containers",
    "correlator.market.layout.recognise",
    "correlator.market.reading.files",
    "correlator.eventstudy.parts.stream",
}
SCRIPT = """
import sys
from correlator.cli.main import run
try:
    run()
except SystemExit as ended:
    assert not ended.code, ended.code
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("output", ["ar", "car", "summary"])
def test_a_study_of_a_store_imports_no_more_than_it_needs(loaded: Path, output: str) -> None:
    words = ["--store", "m.duckdb", "study", "--symbol", "AIRLINK", "--benchmark", "KSE100"]
    windows = ["--estimation", "-145:-26", "--window", "-5:5", "--output", output]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words, *windows], cwd=loaded, capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") > 1
    assert NOT_NEEDED & set(done.stderr.splitlines()[-1].split()) == set()
