"""Record which tests execute which lines, once per test file, in ``build/touched`` for ``mutate.py``.

    python tools/touched.py                    # every test file that changed since it was recorded
    python tools/touched.py tests/study        # of one folder
    python tools/touched.py --plain tests/study/test_event_sums.py    # loops that numba compiles run as plain Python

Every file runs in a child of a process that has imported the package, under coverage, with one context for each test.
What a fixture of wider scope than a test ran belongs to all tests of the file (``shared``). Only tests that passed are
kept: their seconds of processor time, their lines. What runs in further processes is not seen.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "touched"
HEAVY = ("numpy", "polars", "duckdb", "pyarrow.parquet", "scipy.stats", "pandas", "numba", "pytest", "hypothesis")
SHARED, BETWEEN = "shared", "between"

Lines = dict[str, list[int]]


@dataclass(frozen=True)
class Touched:
    """What one test file touches: seconds of every test that passed, and lines by context, as paths from the root."""

    file: str
    digest: str
    seconds: Mapping[str, float]
    lines: Mapping[str, Lines]
    sources: Mapping[str, str]

    def contexts_at(self, source: str, line: int | None) -> set[str]:
        """The tests that touch a line; without one, or where the source has changed since, those of any line of it."""
        same = line is not None and self.sources.get(source) == digest_of(ROOT / source)
        return {name for name, files in self.lines.items() if source in files and (not same or line in files[source])}


def digest_of(path: Path) -> str:
    """Return a short digest of a file's content; empty if the file does not exist."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""


def recorded(*, plain: bool = False) -> Iterator[Touched]:
    """Return the records of existing test files; ``plain``: of runs without compiled loops."""
    for path in sorted((FOLDER / "plain" if plain else FOLDER).glob("*.json")):
        touched = Touched(**json.loads(path.read_text(encoding="utf-8")))
        if (ROOT / touched.file).exists():
            yield touched


class Recorder:
    """A pytest plugin that gives every test its own context."""

    def __init__(self, coverage: Any, most_seconds: tuple[float, float]) -> None:
        self.coverage, self.most_seconds = coverage, most_seconds
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self._context = BETWEEN
        self._start = self._test_start = time.process_time()

    def _switch(self, context: str) -> str:
        previous, self._context = self._context, context
        self.coverage.switch_context(context)
        return previous

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Lines from here on belong to ``nodeid``, which has its time."""
        signal.setitimer(signal.ITIMER_PROF, self.most_seconds[0])
        self._switch(nodeid)
        self._test_start = time.process_time()

    def pytest_runtest_setup(self) -> None:
        """Skip the rest of a file that takes long."""
        import pytest

        if time.process_time() - self._start > self.most_seconds[1]:
            pytest.skip("the file's time is over")

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Record a test that did not pass."""
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Record the processor time of a test."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._switch(BETWEEN)
        self.seconds[nodeid] = time.process_time() - self._test_start

    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        """A fixture of a file or a session belongs to all of the file's tests."""
        if fixturedef.scope == "function":
            return (yield)
        previous = self._switch(SHARED)
        try:
            return (yield)
        finally:
            self._switch(previous)


def load_package() -> None:
    """Import every module of the package whose needs are installed."""
    for path in sorted((ROOT / "correlator").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        with contextlib.suppress(ImportError):
            importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))


def record(file: str, most_seconds: tuple[float, float]) -> Touched:
    """Run the tests of ``file`` (from the root) in this process, and return what they executed."""
    import coverage
    import pytest

    Recorder.pytest_fixture_setup = pytest.hookimpl(wrapper=True)(Recorder.pytest_fixture_setup)  # type: ignore[method-assign]
    cover = coverage.Coverage(data_file=None, include=["correlator/*"], config_file=False, messages=False)
    signal.signal(signal.SIGPROF, _too_long)
    recorder = Recorder(cover, most_seconds)
    cover.start()
    cover.switch_context(BETWEEN)
    pytest.main(["-q", "-p", "no:cacheprovider", "--no-header", file], plugins=[recorder])
    cover.stop()
    data = cover.get_data()
    lines: dict[str, Lines] = {}
    for measured in sorted(data.measured_files()):
        source = str(Path(measured).relative_to(ROOT))
        for line, contexts in data.contexts_by_lineno(measured).items():
            for context in contexts:
                if context not in recorder.failed:
                    lines.setdefault(context, {}).setdefault(source, []).append(line)
    seconds = {name: round(took, 3) for name, took in recorder.seconds.items() if name not in recorder.failed}
    sources = {source: digest_of(ROOT / source) for source in {name for files in lines.values() for name in files}}
    return Touched(file, digest_of(ROOT / file), seconds, lines, sources)


def _too_long(*_: object) -> None:
    import pytest

    pytest.fail("this test takes too long to be recorded")


def without_compiling() -> None:
    """Run the loops of this process as plain Python."""
    importlib.import_module("numba").config.DISABLE_JIT = True


def _record_in_child(file: str, most_seconds: tuple[float, float], folder: Path) -> None:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    touched = record(file, most_seconds)
    target = folder / (file.removesuffix(".py").replace("/", "+") + ".json")
    target.with_suffix(".part").write_text(json.dumps(vars(touched)), encoding="utf-8")
    target.with_suffix(".part").replace(target)
    os._exit(0)


def main() -> None:
    """Record the test files named, or all, that changed since."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("tests", nargs="*", default=["tests"], help="test files or folders")
    parser.add_argument("--test-seconds", type=float, default=2, help="for a test; longer ones are left out")
    parser.add_argument("--file-seconds", type=float, default=12, help="for a file; further tests are left out")
    parser.add_argument("--plain", action="store_true", help="run compiled loops as plain Python")
    parser.add_argument("--again", action="store_true", help="those that did not change as well")
    arguments = parser.parse_args()
    for name in HEAVY:
        importlib.import_module(name)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    load_package()
    folder = FOLDER / "plain" if arguments.plain else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.plain:
        without_compiling()
    known = {touched.file: touched.digest for touched in recorded(plain=arguments.plain)}
    for named in map(Path, arguments.tests):
        for path in [named] if named.is_file() else sorted(named.rglob("test_*.py")):
            if arguments.again or known.get(str(path)) != digest_of(path):
                start = time.monotonic()
                _record_in_child(str(path), (arguments.test_seconds, arguments.file_seconds), folder)
                print(f"{path} {time.monotonic() - start:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
