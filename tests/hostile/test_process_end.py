"""A process that could not read an Arrow file leaves in order, whatever Arrow's threads are still about."""

from __future__ import annotations

import subprocess
import sys

import polars as pl

LEAVE = """
import sys
from correlator.errors import InputError
from correlator.base.files import read_arrow

sys.setswitchinterval(0.5)  # a thread that asks for the interpreter gets it too late
try:
    read_arrow(sys.argv[1])
except InputError as error:
    sys.exit(str(error))
"""


def test_no_thread_needs_the_interpreter_on_its_way_out(tmp_path):
    file = tmp_path / "bars.arrow"
    pl.DataFrame({"date": ["2025-05-27"], "close": [1.0]}).write_ipc(file)
    content = file.read_bytes()
    file.write_bytes(content[:-200] + bytes(180) + content[-20:])
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", LEAVE, file], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "cannot be read as Arrow" in done.stderr
