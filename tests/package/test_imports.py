"""The command line stays light: heavy packages load only when a verb needs them."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"pandas", "polars", "duckdb", "plotly", "yfinance", "exchange_calendars", "scipy", "statsmodels", "numpy"}


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(done.stdout.split()) & HEAVY


@pytest.mark.parametrize("code", ["import correlator", "import correlator.cli.app"])
def test_imports_are_light(code):
    assert loaded_by(code) == set()


def test_every_public_name_is_there():
    import correlator

    for name in correlator.__all__:
        assert getattr(correlator, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        correlator.nonsense  # noqa: B018
