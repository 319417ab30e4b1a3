"""The checks that live beside the project, where they do: real files, exact commands, what must come out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).parents[3] / "shared" / "checks"


@pytest.mark.skipif(not CHECKS.is_dir(), reason="there is no folder with checks beside the project")
@pytest.mark.parametrize("name", ["seed-case", "golden", "strips", pytest.param("coder", marks=pytest.mark.slow)])
def test_check(name):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("CORRELATOR_STORE", None)
    done = subprocess.run([CHECKS / name], env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
