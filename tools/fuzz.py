"""Fuzz every reader: ``python tools/fuzz.py [TARGET ...] [--runs 10000 | --seconds 1800] [--jobs 2]``.

Seconds are of the processor, so that a busy machine does not count as fuzzing.

Each target runs in a process of its own. Where the package atheris is installed it looks for new branches of this
package's code (libFuzzer underneath); else seeded mutations of the same inputs are tried. A crash is any exception but
an error of this package, an abort of a library, more than 1 GiB of memory, or an input that takes more than 5 seconds
of processor time. Prints one line a target, a table at the end, and exits with 1 where anything crashed; inputs that
crash stay in ``build/fuzz``.

``--continue`` goes on where earlier runs ended: targets with the least processor time on record first, ``--slice``
seconds at a time, until each has ``--seconds`` since its last crash; every slice is put on record when it ends, so that
a run may be stopped at any time. ``--branches`` says which branches the inputs take, by coverage.py. Both write data
beside the targets, of which ``python tools/make_docs.py`` makes the table in docs/safety.md.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from fuzz_record import Branches, Outcome, add, next_targets, outcomes, put_branches, since_crash

ROOT = Path(__file__).parents[1]
CRASHES = ROOT / "build" / "fuzz"
SLOWEST_SECONDS, MOST_MEMORY_MB = 5, 1024
PATIENCE = 12
"""Elapsed time of an input over the slowest allowed: other processes may use the processor as well."""
MUTATIONS = 1_000
"""Seeded mutations whose branches are counted, in addition to the inputs that a fuzzer kept."""
HEADINGS = (
    "| target | inputs | edges seen | memory, MiB | processor seconds | crashes |\n"
    "| --- | ---: | ---: | ---: | ---: | --- |"
)
sys.path[:0] = [str(ROOT / "tests" / "fuzz"), str(ROOT)]


def main() -> int:
    arguments = _arguments()
    if arguments.child:
        return _child(arguments.child, arguments)
    from targets import TARGETS

    unknown = [name for name in arguments.targets if name not in TARGETS]
    if unknown:
        sys.exit(f"no target {unknown[0]!r}; targets are {', '.join(TARGETS)}")
    CRASHES.mkdir(parents=True, exist_ok=True)
    names = arguments.targets or list(TARGETS)
    if arguments.branches:
        return _measure_branches(names)
    if arguments.goes_on:
        return _go_on(names, arguments)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        length = _length(arguments.runs, arguments.seconds)
        done = list(pool.map(lambda name: _run(name, length, arguments.seed), names))
    print("\n".join((HEADINGS, *(outcome.row() for outcome in done))))
    return 1 if any(outcome.crash for outcome in done) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", help="Doors to fuzz; all of them by default.")
    parser.add_argument("--runs", type=int, default=10_000, help="Inputs per target.")
    parser.add_argument("--seconds", type=int, default=0, help="Processor seconds per target instead of inputs.")
    parser.add_argument("--seed", type=int, default=1, help="The same seed gives the same inputs.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="Targets at the same time.")
    parser.add_argument("--continue", dest="goes_on", action="store_true", help="Go on where the record ends.")
    parser.add_argument("--slice", type=int, default=120, help="With --continue: such seconds at a time.")
    parser.add_argument("--branches", action="store_true", help="Count the branches that the inputs take.")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _length(runs: int, seconds: int) -> list[str]:
    return ["--seconds", str(seconds)] if seconds else ["--runs", str(runs)]


def _go_on(names: Sequence[str], arguments: argparse.Namespace) -> int:
    """Slices of the targets that lack time, until none does; returns the exit status."""
    goal, commit, crashed = arguments.seconds or 1800, _commit(), False
    length = _length(0, arguments.slice)
    running: dict[Future[Outcome], str] = {}
    with ThreadPoolExecutor(arguments.jobs) as pool:
        while True:
            record = outcomes()
            waiting = [n for n in next_targets(record, names, goal, commit) if n not in running.values()]
            for name in waiting[: arguments.jobs - len(running)]:
                total = since_crash(record, name)  # the number of inputs so far is a seed that no slice had before
                seed = 1 + (total.inputs if total else 0) % 2**31
                running[pool.submit(_run, name, length, seed)] = name
            if not running:
                return 1 if crashed else 0
            for ended in wait(running, return_when=FIRST_COMPLETED).done:
                del running[ended]
                add(ended.result())
                crashed |= bool(ended.result().crash)


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.strip()


def _run(name: str, length: Sequence[str], seed: int) -> Outcome:
    """Run one target in a child process."""
    with tempfile.TemporaryFile() as said_to:
        child = subprocess.Popen(
            [sys.executable, __file__, "--child", name, *length, "--seed", str(seed)],
            stdout=said_to, stderr=subprocess.STDOUT, cwd=CRASHES,
            env={**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said_to.seek(0)
        said = said_to.read().decode("utf-8", "replace")
    (CRASHES / f"{_as_file(name)}.log").write_text(said[-200_000:], encoding="utf-8")
    inputs, edges, memory = (
        [int(each) for each in re.findall(pattern, said)]
        for pattern in (r"(?m)^(?:#|Done )(\d+)", r"cov: (\d+)", r"rss: (\d+)Mb")
    )
    ready = [float(each) for each in re.findall(r"(?m)^ready after ([\d.]+) s", said)]
    spent = usage.ru_utime + usage.ru_stime - max(ready, default=0.0)
    crash = _crash(said, child.returncode)
    outcome = Outcome(name, _commit(), max(inputs, default=0), round(spent), max(memory, default=0),
                      max(edges, default=0), crash)  # fmt: skip
    print(outcome.row(), file=sys.stderr, flush=True)
    return outcome


def _crash(said: str, status: int) -> str:
    """Return the first line of a crash, "" if the process ended normally."""
    if not status:
        return ""
    lines = re.findall(r"(?m)^(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit)\b.*|^.*ERROR: libFuzzer.*", said)
    return str(lines[0] if lines else f"exit status {status}")[:120].replace("|", "/").strip()


def _as_file(name: str) -> str:
    return name.replace(" ", "-")


def _child(name: str, arguments: argparse.Namespace) -> int:
    """Run the process of one target."""
    if arguments.branches:
        print(json.dumps(_branches_taken(name)))
        return 0
    if find_spec("atheris") is None:
        return _by_mutation(name, arguments)
    import atheris

    with atheris.instrument_imports(include=["correlator"], enable_loader_override=False):
        from targets import TARGETS, attempt

        target = TARGETS[name]
        for data in target.inputs:  # so that modules which a door imports when it is used are instrumented as well
            attempt(target, data)
    corpus = _corpus(name)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.inputs):
        (corpus / f"seed-{number}").write_bytes(data)
    seconds = arguments.seconds
    options = [
        *([] if seconds else [f"-runs={arguments.runs}"]),
        f"-timeout={SLOWEST_SECONDS * PATIENCE}", f"-rss_limit_mb={MOST_MEMORY_MB}", "-max_len=16384",
        f"-seed={arguments.seed}", *_dictionary(name, target.words), f"-artifact_prefix={_as_file(name)}-",
    ]  # fmt: skip
    atheris.Setup([name, *options, str(corpus)], _watched(lambda data: attempt(target, data), seconds))
    _ready()
    atheris.Fuzz()
    return 0


def _ready() -> None:
    """Print the seconds of the set-up, which are not time of the target."""
    print(f"ready after {time.process_time():.2f} s", flush=True)


def _watched(attempt: Callable[[bytes], None], seconds: int) -> Callable[[bytes], None]:
    """``attempt``, which raises where an input takes too much processor time.

    The process ends well after so many ``seconds`` of it (0: never): a clock would count the time of others.
    """
    inputs, end = count(1), time.process_time() + seconds

    def run(data: bytes) -> None:
        began, number = time.process_time(), next(inputs)
        attempt(data)
        ended = time.process_time()
        if ended - began > SLOWEST_SECONDS:
            raise TimeoutError(f"an input took {ended - began:.1f} s")
        if seconds and ended > end:
            print(f"Done {number}\nrss: {_memory_mb()}Mb", flush=True)
            os._exit(0)

    return run


def _corpus(name: str) -> Path:
    """Return the folder where a fuzzer keeps the inputs that take new branches."""
    return CRASHES / f"corpus-{_as_file(name)}"


def _dictionary(name: str, words: Sequence[bytes]) -> list[str]:
    """libFuzzer's option for pieces that it may put in; it takes no empty dictionary."""
    if not words:
        return []
    file = CRASHES / f"words-{_as_file(name)}"
    file.write_text("".join(_word(each) for each in words), encoding="ascii")
    return [f"-dict={file}"]


def _word(piece: bytes) -> str:
    """A line of libFuzzer's dictionary."""
    digits = "".join("\\x" + format(byte, "02x") for byte in piece)
    return f'"{digits}"\n'


def _by_mutation(name: str, arguments: argparse.Namespace) -> int:
    from mutate import mutated
    from targets import TARGETS, attempt

    target, number = TARGETS[name], 0
    watched = _watched(lambda data: attempt(target, data), arguments.seconds)
    _ready()
    for data in mutated(target.inputs, target.words, count=arguments.runs or 10**9, seed=arguments.seed):
        number += 1
        (CRASHES / f"{_as_file(name)}-last").write_bytes(data)
        watched(data)
        memory = _memory_mb()
        if memory > MOST_MEMORY_MB:
            raise MemoryError(f"an input took {memory} MiB")
    print(f"Done {number}\nrss: {_memory_mb()}Mb")
    return 0


def _memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _measure_branches(names: Sequence[str]) -> int:
    """Record the branches of the targets."""
    for name in names:
        done = subprocess.run(
            [sys.executable, __file__, "--child", name, "--branches"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{name}: {done.stderr.strip()[-2000:]}")
        inputs, taken, branches = json.loads(done.stdout.splitlines()[-1])
        put_branches(Branches(name, _commit(), inputs, taken, branches))
        print(f"{name}: {taken:,} of {branches:,} branches by {inputs:,} inputs", file=sys.stderr, flush=True)
    return 0


def _branches_taken(name: str) -> tuple[int, int, int]:
    """Inputs, branches that they take, branches of the functions that they enter."""
    import coverage

    measured = coverage.Coverage(branch=True, source=[str(ROOT / "correlator")], data_file=None)
    measured.start()
    from targets import TARGETS, attempt

    inputs = 0
    for data in _inputs(name):
        attempt(TARGETS[name], data)
        inputs += 1
    measured.stop()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        with contextlib.redirect_stdout(io.StringIO()):
            measured.json_report(outfile=str(report))
        files = json.loads(report.read_text(encoding="utf-8"))["files"].values()
    entered = [
        function["summary"]
        for file in files
        for place, function in file["functions"].items()
        if place and function["executed_lines"]
    ]
    return (
        inputs,
        sum(each["covered_branches"] for each in entered),
        sum(each["num_branches"] for each in entered),
    )


def _inputs(name: str) -> Iterator[bytes]:
    """The seeds, mutations of them, and what a fuzzer kept on this machine."""
    from mutate import mutated
    from targets import TARGETS

    target = TARGETS[name]
    yield from target.inputs
    yield from mutated(target.inputs, target.words, count=MUTATIONS, seed=1)
    for file in sorted(_corpus(name).glob("*")):
        yield file.read_bytes()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; slices that had ended are on record")
