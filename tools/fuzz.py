"""Fuzz every door: ``python tools/fuzz.py [TARGET ...] [--runs 10000 | --seconds 1800] [--jobs 2]``.

Each target runs in a process of its own. Where the package atheris is installed it looks for new branches of this
package's code (libFuzzer underneath); else seeded mutations of the same inputs are tried. A crash is any exception but
an error of this package, an abort of a library, more than 1 GiB of memory, or an input that takes more than 5 seconds.
Prints one line a target, a table at the end, and exits with 1 where anything crashed; inputs that crash stay in
``build/fuzz``.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
CRASHES = ROOT / "build" / "fuzz"
SLOWEST_SECONDS, MOST_MEMORY_MB = 5, 1024
sys.path.insert(0, str(ROOT / "tests" / "fuzz"))


@dataclass(frozen=True)
class Outcome:
    """What came of a target: inputs, edges seen (0 without atheris), peak memory, first line of a crash."""

    name: str
    inputs: int
    edges: int
    memory_mb: int
    seconds: float
    crash: str

    def row(self) -> str:
        edges = f"{self.edges:,}" if self.edges else "-"
        cells = (self.name, f"{self.inputs:,}", edges, f"{self.memory_mb:,}", f"{self.seconds:,.0f}", self.crash or "0")
        return f"| {' | '.join(cells)} |"


def main() -> int:
    arguments = _arguments()
    if arguments.child:
        return _child(arguments.child, arguments.runs, arguments.seconds, arguments.seed)
    from targets import TARGETS

    unknown = [name for name in arguments.targets if name not in TARGETS]
    if unknown:
        sys.exit(f"no target {unknown[0]!r}; targets are {', '.join(TARGETS)}")
    CRASHES.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        tried = [pool.submit(_run, name, arguments) for name in arguments.targets or TARGETS]
        outcomes = [each.result() for each in tried]
    print(
        "| target | inputs | edges seen | memory, MiB | seconds | crashes |\n| --- | ---: | ---: | ---: | ---: | --- |"
    )
    print("\n".join(outcome.row() for outcome in outcomes))
    return 1 if any(outcome.crash for outcome in outcomes) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", help="Doors to fuzz; all of them by default.")
    parser.add_argument("--runs", type=int, default=10_000, help="Inputs per target.")
    parser.add_argument("--seconds", type=int, default=0, help="Seconds per target instead of a number of inputs.")
    parser.add_argument("--seed", type=int, default=1, help="The same seed gives the same inputs.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="Targets at the same time.")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(name: str, arguments: argparse.Namespace) -> Outcome:
    """One target in a process of its own."""
    options = ["--runs", str(arguments.runs), "--seconds", str(arguments.seconds), "--seed", str(arguments.seed)]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, __file__, "--child", name, *options],
        capture_output=True, text=True, errors="replace", check=False, cwd=CRASHES,
        env={**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    said = done.stdout + done.stderr
    (CRASHES / f"{name.replace(' ', '-')}.log").write_text(said[-200_000:], encoding="utf-8")
    inputs = [int(each) for each in re.findall(r"(?m)^(?:#|Done )(\d+)", said)]
    edges = [int(each) for each in re.findall(r"cov: (\d+)", said)]
    memory = [int(each) for each in re.findall(r"rss: (\d+)Mb", said)]
    crash = ""
    if done.returncode:
        found = re.findall(r"(?m)^(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit)\b.*|^.*ERROR: libFuzzer.*", said)
        crash = (found[0] if found else f"exit status {done.returncode}")[:120].replace("|", "/")
    outcome = Outcome(
        name, max(inputs, default=0), max(edges, default=0), max(memory, default=0), time.monotonic() - began, crash
    )
    print(outcome.row(), file=sys.stderr, flush=True)
    return outcome


def _child(name: str, runs: int, seconds: int, seed: int) -> int:
    """The process of one target."""
    if find_spec("atheris") is None:
        return _by_mutation(name, runs, seconds, seed)
    import atheris

    with atheris.instrument_imports(include=["correlator"], enable_loader_override=False):
        from targets import TARGETS, attempt

        target = TARGETS[name]
        for data in target.seeds:  # so that modules which a door imports when it is used are instrumented as well
            attempt(target, data)
    corpus = CRASHES / f"corpus-{name.replace(' ', '-')}"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(data)
    length = [f"-max_total_time={seconds}"] if seconds else [f"-runs={runs}"]
    limits = [f"-timeout={SLOWEST_SECONDS}", f"-rss_limit_mb={MOST_MEMORY_MB}", "-max_len=16384"]
    options = [
        *length,
        *limits,
        f"-seed={seed}",
        *_dictionary(name, target.words),
        f"-artifact_prefix={name.replace(' ', '-')}-",
    ]
    atheris.Setup([name, *options, str(corpus)], lambda data: attempt(target, data))
    atheris.Fuzz()
    return 0


def _dictionary(name: str, words: Sequence[bytes]) -> list[str]:
    """libFuzzer's option for pieces that it may put in; it takes no empty dictionary."""
    if not words:
        return []
    file = CRASHES / f"words-{name.replace(' ', '-')}"
    file.write_text("".join(_word(each) for each in words), encoding="ascii")
    return [f"-dict={file}"]


def _word(piece: bytes) -> str:
    """A line of libFuzzer's dictionary."""
    digits = "".join("\\x" + format(byte, "02x") for byte in piece)
    return f'"{digits}"\n'


def _by_mutation(name: str, runs: int, seconds: int, seed: int) -> int:
    from mutate import mutated
    from targets import TARGETS, attempt

    target, began, number = TARGETS[name], time.monotonic(), 0
    for data in mutated(target.seeds, target.words, count=runs or 10**9, seed=seed):
        number += 1
        (CRASHES / f"{name.replace(' ', '-')}-last").write_bytes(data)
        started = time.monotonic()
        attempt(target, data)
        taken = time.monotonic() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if taken > SLOWEST_SECONDS or memory > MOST_MEMORY_MB:
            print(f"ResourceError: an input took {taken:.1f} s and {memory} MiB")
            return 1
        if seconds and time.monotonic() - began > seconds:
            break
    print(f"Done {number}\nrss: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}Mb")
    return 0


if __name__ == "__main__":
    sys.exit(main())
