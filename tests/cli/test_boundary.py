"""Whatever goes wrong becomes one line on stderr and a documented exit code, whoever says it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from correlator.base.limits import Limits, limits, size_in_bytes, thread_count, use_limits
from correlator.cli.boundary import error_line, foreign_errors
from correlator.cli.exit_codes import ExitCode
from correlator.errors import CorrelatorError, InputError
from correlator.intake.prices import add_prices
from correlator.store.db import Store


def correlator(*arguments, **options):
    command = [sys.executable, "-c", "from correlator.cli.main import run; run()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("boundary") / "m.duckdb")
    rows = pl.DataFrame({"Date": pl.date_range(pl.date(2020, 1, 1), pl.date(2024, 12, 31), eager=True), "Close": 1.0})
    add_prices(store, rows, symbol="LAMP", exchange="XNYS")
    return store.path


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), None, ExitCode.FAILURE),
        (PermissionError(errno.EACCES, "Permission denied", "a.csv"), "a.csv: Permission denied", ExitCode.INPUT),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device (free some", ExitCode.FAILURE),
        (duckdb.IOException("IO Error: bad\nmore"), "IO Error: bad (please", ExitCode.FAILURE),
        (pl.exceptions.ComputeError("cannot\nmore"), "cannot (please", ExitCode.FAILURE),
        (pl.exceptions.PanicException("index out of bounds"), "index out of bounds (please", ExitCode.FAILURE),
        (pa.ArrowInvalid("bad"), "bad (please", ExitCode.FAILURE),
        (MemoryError(), "not enough memory", ExitCode.FAILURE),
        (
            UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
            "'\\ud800' contains bytes",
            ExitCode.INPUT,
        ),
        (UnicodeEncodeError("ascii", "\u0627", 0, 1, "ordinal not in range(128)"), "'ascii' codec", ExitCode.FAILURE),
    ],
)
def test_errors_of_libraries_and_the_system_are_one_line(error, line, code):
    assert isinstance(error, foreign_errors())
    said, left = error_line(error)
    assert left == code
    assert said is None if line is None else (said.startswith(line) and "\n" not in said)
    assert not isinstance(error, CorrelatorError)


def test_an_error_nobody_has_met_is_one_line_too(tmp_path):
    code = "from correlator.cli.boundary import install_excepthook as i; i(); {}['x']"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == ExitCode.FAILURE
    assert done.stderr.startswith("error: internal error in <string> line 1: KeyError: 'x'")
    assert done.stderr.count("\n") == 1
    shown = {**os.environ, "CORRELATOR_TRACEBACK": "1"}
    assert "Traceback" in subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=shown).stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_ends_it_quietly(path, unbuffered):
    command = [sys.executable, "-c", "from correlator.cli.main import run; run()", "--store", str(path), "sql"]
    query = "SELECT b.* FROM bars AS b, range(20)"
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    process = subprocess.Popen(
        [*command, query, "--format", "csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    process.stdout.read(10)
    process.stdout.close()
    assert (process.wait(), process.stderr.read()) == (ExitCode.FAILURE, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_told(path):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from correlator.cli.main import run; run()", "--store", str(path), "list", "bars"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    line = "error: No space left on device (free some disk space, then run the command again)\n"
    assert (done.returncode, done.stderr) == (1, line)


@pytest.mark.skipif(os.name == "nt", reason="needs a shell that closes streams")
@pytest.mark.parametrize(
    ("closed", "code", "said"),
    [(">&-", 1, "error: stdout is closed"), (">&- --to bars.csv", 0, ""), ("2>&-", 0, "")],
)
def test_a_stream_closed_before_the_start_is_no_other_file(path, tmp_path, closed, code, said):
    start = f'{sys.executable} -c "from correlator.cli.main import run; run()" --store {path} list bars {closed}'
    done = subprocess.run(["sh", "-c", start], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == code
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == bool(said)
    assert done.stdout.startswith("symbol,interval,bars") == (closed == "2>&-")
    assert (tmp_path / "bars.csv").exists() == ("--to" in closed)


INTERRUPTED_VERB = """
import os, signal, time
import correlator.store.db
def verb(*_):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
correlator.store.db.Store.reading = verb
from correlator.cli.main import run
run()
"""


def test_an_interrupt_is_one_line_and_130():
    command = [sys.executable, "-c", INTERRUPTED_VERB, "list", "bars"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (ExitCode.INTERRUPTED, "error: interrupted\n")


def test_an_output_never_lands_on_the_store(path):
    before = path.read_bytes()
    done = correlator("--store", path, "list", "bars", "--format", "csv", "--to", path)
    assert done.returncode in range(2, 11)
    assert path.read_bytes() == before


def test_limits_are_kept_by_the_database(path, monkeypatch):
    monkeypatch.setattr("correlator.base.limits._chosen", None)
    for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setenv("CORRELATOR_MEMORY", "300MB")
    assert limits() == Limits(300_000_000, None)
    use_limits(memory="1GiB", threads=1)
    assert limits() == Limits(2**30, 1)
    assert thread_count() == 1
    with Store(path).reading() as connection:
        ((memory, threads),) = connection.execute(
            "SELECT current_setting('memory_limit'), current_setting('threads')"
        ).fetchall()
    assert (memory, threads) == ("1.0 GiB", 1)


@pytest.mark.parametrize("size", ["3", "1 apple", "", "-1GB", "63MB"])
def test_what_is_no_memory_is_refused(size):
    with pytest.raises(InputError, match="memory"):
        size_in_bytes(size)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--memory", "1 apple"], 3),
        (["--threads", "0"], 2),
        (["--wait", "-1"], 2),
        (["--wait", "0", "--threads", "1", "--memory", "100MB"], 0),
    ],
)
def test_options_before_the_verb(path, options, code):
    done = correlator(*options, "--store", path, "list", "bars", "--format", "csv")
    assert done.returncode == code
    assert done.stderr.count("\n") == (0 if code == 0 else 1)


def test_a_file_whose_name_has_a_line_end_tells_no_second_line(tmp_path):
    (tmp_path / "a\nerror: none.csv").write_text("title,date\nA talk,2025-05-28\n")
    done = correlator("--store", "m.duckdb", "add", "news", "a\nerror: none.csv", cwd=tmp_path)
    assert done.stderr == "a\\u000aerror: none.csv: 1 new, 0 known already\n"


INTERRUPTED_QUERY = """
import correlator.store.db
reading = correlator.store.db.Store.reading
def slow(store, *given):
    with reading(store, *given):
        raise RuntimeError("Query interrupted")
correlator.store.db.Store.reading = slow
from correlator.cli.main import run
run()
"""


def test_an_interrupt_of_a_query_is_one_line_and_130(path):
    """DuckDB has a RuntimeError of this wording in place of the KeyboardInterrupt."""
    command = [sys.executable, "-c", INTERRUPTED_QUERY, "--store", path, "list", "bars"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (ExitCode.INTERRUPTED, "error: interrupted\n")
