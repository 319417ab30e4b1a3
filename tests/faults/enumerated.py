"""Let the k-th write, flush or rename fail, or the process end there, for every k, and check what is left.

python tests/faults/enumerated.py [--every 1] [--only NAME] [--jobs 2] [--write]

Needs a C compiler: a small library intercepts system calls (shim.c). Every case runs in its own process.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import pickle
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from figures import option, publish
from scenarios import SCENARIOS, Figures, Scenario, copied, judged, number, prepare, rows

from correlator.errors import CorrelatorError
from correlator.store.db import Store
from correlator.store.verify import verify

HOW = {"fails once": 1, "disk full from there": 2, "dies before": 3, "dies after": 4}
"""Ending after a call leaves the same state as before the next one, so it is tried only if the next has no fault."""


def in_a_process(work: Any, *arguments: Any) -> tuple[int, Any]:
    """Run ``work`` in a forked process; return exit status and value. The parent opens no database."""
    return ended(*begun(work, *arguments))


def begun(work: Any, *arguments: Any) -> tuple[int, int]:
    """Start ``work`` in a forked process; return its number and the pipe for its answer."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:  # the child must never continue the parent's work
            os.close(reading)
            warnings.simplefilter("ignore")
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(work(*arguments), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    return pid, reading


def ended(pid: int, reading: int) -> tuple[int, Any]:
    """Return the answer of a process of ``begun`` and its exit status."""
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(pid, 0)
    return status, pickle.loads(content) if content else None


def struck(scenario: Scenario, folder: Path, k: int, how: int) -> tuple[int, str]:
    """Run with the fault active; return the number of calls and the kind of error."""
    shim = ctypes.CDLL(None)
    shim.fault_arm(ctypes.c_long(k), ctypes.c_int(how))
    try:
        scenario.act(folder)
        said = "done"
    except CorrelatorError:
        said = "refused"
    except OSError:  # the command line reports these in one line
        said = "refused"
    calls = shim.fault_calls()
    shim.fault_arm(ctypes.c_long(0), ctypes.c_int(0))
    return calls, said


def reference(scenario: Scenario, folder: Path) -> tuple[Figures, Figures, list[str]]:
    """Return the states before and after an undisturbed run, and the modules that it imported."""
    store = Store(folder / "m.duckdb")
    before: Figures = {"number": number(store)}
    scenario.act(folder)
    after: Figures = {"number": number(store), "rows": rows(store)}
    verify(store)
    return before, after, [name for name in sys.modules if name.split(".")[0] in ("correlator", "numpy", "scipy")]


def faults(calls: range) -> Iterator[tuple[int, str, int]]:
    """Return every kind of fault at each of these calls, as ``(k, what, how)``."""
    for k in calls:
        for what, how in HOW.items():
            if what != "dies after" or k + 1 not in calls:
                yield k, what, how


def strikes(
    scenario: Scenario, folder: Path, planned: Sequence[tuple[int, str, int]], before: Figures, after: Figures
) -> Counter[str]:
    """Return what the planned faults leave in ``folder``, each in a new copy of the base next to it."""
    outcomes: Counter[str] = Counter()
    for k, what, how in planned:
        copied(folder.with_name("base"), folder)
        status, result = in_a_process(struck, scenario, folder, k, how)
        outcomes["strikes"] += 1
        if result is None and not os.WIFSIGNALED(status):
            outcomes["traceback"] += 1
            print(f"{scenario.name}: {what} at {k}: traceback", flush=True)
        _, wrong = in_a_process(judged, folder, before, after, scenario)
        if wrong is None or wrong:
            outcomes["wrong"] += 1
            print(f"{scenario.name}: {what} at {k}: {wrong}", flush=True)
    return outcomes


def check(scenario: Scenario, work: Path, every: int, jobs: int) -> Counter[str]:
    """Run all faults of one scenario, in ``jobs`` processes."""
    base = work / "base"
    base.mkdir()
    in_a_process(prepare, scenario, base)
    _, (before, after, modules) = in_a_process(reference, scenario, copied(base, work / "whole"))
    for module in modules:  # imported once here, not in every process
        importlib.import_module(module)
    _, (calls, _) = in_a_process(struck, scenario, copied(base, work / "counted"), 0, 0)
    outcomes: Counter[str] = Counter(calls=calls)
    planned = list(faults(range(1, calls + 1, every)))
    workers = [
        begun(strikes, scenario, work / f"struck by {job}", planned[job::jobs], before, after) for job in range(jobs)
    ]
    for status, counts in [ended(*worker) for worker in workers]:
        outcomes.update(counts or Counter(wrong=1, broken=status))
    return outcomes


def main() -> None:
    here = Path(__file__)
    if "LD_PRELOAD" not in os.environ:
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "shim.so"
            compiled = [
                "cc",
                "-shared",
                "-fPIC",
                "-O1",
                "-w",
                "-o",
                str(library),
                str(here.with_name("shim.c")),
                "-ldl",
            ]
            subprocess.run(compiled, check=True)
            environment = {**os.environ, "LD_PRELOAD": str(library), "POLARS_MAX_THREADS": "1"}
            sys.exit(subprocess.call([sys.executable, *sys.argv], env=environment))
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else None
    table: Figures = {}
    for scenario in SCENARIOS:
        if only in (None, scenario.name):
            with tempfile.TemporaryDirectory() as folder:
                found = check(scenario, Path(folder), int(option("every", 1)), int(option("jobs", 2)))
            table[scenario.name] = (
                f"{found['calls']} calls, {found['strikes']} faults: {found['wrong']} wrong or unusable,"
                f" {found['traceback']} without a one-line error"
            )
            publish("enumerated", table)  # after each scenario, since the whole run takes most of an hour


if __name__ == "__main__":
    main()
