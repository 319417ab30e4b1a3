"""Mutation testing: change one operator at a time, seeded, and run the tests that execute its line.

    python tools/touched.py                      # which tests touch which lines; again after tests have changed
    python tools/touched.py --plain tests/study  # the same where loops that numba compiles run as plain Python
    python tools/mutate.py --count 200 --seed 1  # goes on where it was stopped
    python tools/mutate.py --survivors           # once more those that survived, after new tests

A mutant is known by its function and the number of its operator in it; a sample holds those whose names hash lowest and
stays the same while the code around them changes. Every mutant runs in a child of a process that has imported the
package: the code of its function is replaced in place (outside of a function, the package is imported again), then the
tests that touch its line run, the quickest first, to the first that fails with the mutant and passes without it. A line
that no test touches is a survivor at once. Compiled loops run as plain Python. ``tests/mutants.toml`` names the mutants
that change nothing, and why.

``build/mutants.csv`` keeps the verdicts, stdout has the survivors, stderr the shares by kind and by room.
"""

from __future__ import annotations

import argparse
import ast
import csv
import gc
import hashlib
import importlib
import importlib.abc
import importlib.util
import io
import os
import re
import resource
import signal
import sys
import tempfile
import time
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import touched
from touched import HEAVY, ROOT, SHARED, Touched

ROOMS = ("eventstudy", "research", "align", "market", "store", "news", "correlation", "intake")
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "//": "*", "%": "*", "**": "*"}
COMPARISON = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
VERDICTS = ROOT / "build" / "mutants.csv"
CHANGES_NOTHING = ROOT / "tests" / "mutants.toml"
_PLAIN = ("-p", "no:anyio", "-p", "no:xdist")
COLUMNS = ("name", "file", "line", "operator", "replacement", "kind", "verdict", "test", "seconds")


@dataclass(frozen=True)
class Mutant:
    """One operator of one file: its place, its replacement, and whether it is arithmetic or a comparison."""

    name: str
    file: str
    line: int
    column: int
    operator: str
    replacement: str
    kind: str

    @property
    def room(self) -> str:
        """The subpackage that contains the file."""
        return self.file.split("/")[1]

    @property
    def at_import(self) -> bool:
        """Whether it is outside of functions and classes."""
        return self.name.partition(":")[2].startswith(" ")

    def source(self) -> str:
        """The text of the file with this operator replaced."""
        lines = (ROOT / self.file).read_text(encoding="utf-8").splitlines(keepends=True)
        line, end = lines[self.line - 1], self.column + len(self.operator)
        lines[self.line - 1] = line[: self.column] + self.replacement + line[end:]
        return "".join(lines)


def mutants_of(path: Path) -> list[Mutant]:
    """Every operator of ``path`` that can be changed; joined texts and annotations are left alone."""
    source = path.read_text(encoding="utf-8")
    file = str(path.relative_to(ROOT))
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.OP]
    numbers: Counter[str] = Counter()
    mutants = []
    for place, node in _with_places(ast.parse(source), ""):
        for token, operator, replacement, kind in _changes(tokens, node):
            numbers[f"{place} {operator}"] += 1
            name = f"{file}:{place} {operator} {numbers[f'{place} {operator}']}"
            mutants.append(Mutant(name, file, token.start[0], token.start[1], token.string, replacement, kind))
    return mutants


def _with_places(node: ast.AST, place: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield from _with_places(child, f"{place}.{child.name}".lstrip("."))
        else:
            yield place, child
            yield from _with_places(child, place)


Change = tuple[tokenize.TokenInfo, str, str, str]


def _changes(tokens: Sequence[tokenize.TokenInfo], node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BinOp) and not _is_text(node):
        yield from _between(tokens, (node.left, node.right), ARITHMETIC, "arithmetic")
    elif isinstance(node, ast.Compare):
        for pair in zip([node.left, *node.comparators], node.comparators, strict=False):
            yield from _between(tokens, pair, COMPARISON, "comparison")
    elif isinstance(node, ast.AugAssign) and not _is_text(node.value):
        table = {f"{operator}=": f"{other}=" for operator, other in ARITHMETIC.items()}
        yield from _between(tokens, (node.target, node.value), table, "arithmetic")


def _is_text(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.JoinedStr | ast.List) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in ast.walk(node)
    )


def _between(
    tokens: Sequence[tokenize.TokenInfo], pair: tuple[ast.expr, ast.expr], table: dict[str, str], kind: str
) -> Iterator[Change]:
    start, end = (pair[0].end_lineno, pair[0].end_col_offset), (pair[1].lineno, pair[1].col_offset)
    for token in tokens:
        if start <= token.start < end and token.string in table:
            yield (
                token,
                token.string.removesuffix("=") if kind == "arithmetic" else token.string,
                table[token.string],
                kind,
            )
            return


def sample(rooms: Iterable[str], count: int, seed: int) -> list[Mutant]:
    """Return ``count`` mutants of ``rooms``, the same ones as long as their functions do not change."""
    files = [path for room in rooms for path in sorted((ROOT / "correlator" / room).rglob("*.py"))]
    mutants = [mutant for path in files for mutant in mutants_of(path)]
    return sorted(mutants, key=lambda mutant: hashlib.sha256(f"{seed} {mutant.name}".encode()).digest())[:count]


def files_with_loops() -> set[str]:
    """Return files with functions that are compiled for many events."""
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in (ROOT / "correlator").rglob("*.py")
    }
    loops = {name for text in texts.values() for name in re.findall(r"\bcompiled\((\w+)\)", text)}
    return {file for file, text in texts.items() if loops & set(re.findall(r"^def (\w+)", text, re.MULTILINE))}


def live_functions() -> dict[str, list[FunctionType]]:
    """Every function of the package in this process, by its file."""
    functions: dict[str, list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType):
            functions.setdefault(thing.__code__.co_filename, []).append(thing)
    return functions


def put_in_place(mutant: Mutant, functions: Mapping[str, list[FunctionType]]) -> None:
    """Make this process run ``mutant``: the code of its ``functions``, or the whole package imported again."""
    path = ROOT / mutant.file
    changed = compile(mutant.source(), str(path), "exec")
    sound = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    live = functions.get(str(path), [])
    replaced = [(f, new) for old, new in _changed_functions(sound, changed) for f in live if f.__code__ == old]
    if not replaced:
        _import_again(mutant.file, changed)
    for function, new in replaced:
        function.__code__ = new


def _changed_functions(sound: CodeType, changed: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Pairs of codes that differ: functions, methods, and functions inside of them."""
    for old, new in zip(sound.co_consts, changed.co_consts, strict=False):
        if isinstance(old, CodeType) and old != new:
            yield old, new
            yield from _changed_functions(old, new)


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from given code."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(self, fullname: str, *_: object) -> object:
        """The module's spec, with this as its loader."""
        if fullname != self.name:
            return None
        spec = importlib.util.spec_from_file_location(fullname, self.path)
        if spec is not None:
            spec.loader = self
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed code in ``module``."""
        exec(self.code, module.__dict__)


def _import_again(file: str, code: CodeType) -> None:
    parts = Path(file).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    for loaded in [module for module in sys.modules if module.split(".")[0] == "correlator"]:
        del sys.modules[loaded]
    sys.meta_path.insert(0, _Changed(name, ROOT / file, code))


class Tests:
    """Runs the tests that touch a mutant, in children of this process."""

    def __init__(self, recorded: Iterable[Touched], most_seconds: float) -> None:
        self.recorded, self.most_seconds = list(recorded), most_seconds
        self.plain, self.with_loops = list(touched.recorded(plain=True)), files_with_loops()
        self.functions = live_functions()
        gc.freeze()
        self._passes: dict[str, bool] = {}

    def touching(self, mutant: Mutant) -> list[str]:
        """The tests that touch ``mutant``, the quickest first, within the time for it.

        After those that ran its line come the others of the same files: what is kept from one test may serve another.
        """
        order: dict[str, tuple[bool, float]] = {}
        for touched_file in self.plain if mutant.file in self.with_loops else self.recorded:
            contexts = touched_file.contexts_at(mutant.file, None if mutant.at_import else mutant.line)
            tests = touched_file.seconds if SHARED in contexts else contexts & touched_file.seconds.keys()
            for test in tests:
                order[test] = (False, touched_file.seconds[test])
            if tests:
                for test in touched_file.seconds.keys() - set(tests):
                    order[test] = (True, touched_file.seconds[test])
        chosen, spent = [], 0.0
        for test in sorted(order, key=lambda test: (order[test], test)):
            spent += order[test][1] + 0.01
            if spent > self.most_seconds:
                break
            chosen.append(test)
        return chosen

    def killer(self, mutant: Mutant) -> str:
        """Return the test that fails with ``mutant`` and passes without it, or an empty text."""
        tests = self.touching(mutant)
        while tests:
            failed = self._first_failure(tests, mutant)
            if failed in ("", "timeout") or self._passes_without(failed):
                return failed
            tests = [test for test in tests if test != failed]
        return ""

    def _passes_without(self, test: str) -> bool:
        if test not in self._passes:
            self._passes[test] = self._first_failure([test], None) == ""
        return self._passes[test]

    def _first_failure(self, tests: Sequence[str], mutant: Mutant | None) -> str:
        """Return the first of ``tests`` that fails, ``timeout`` if they do not end, or an empty text if all pass."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as out:
            child = os.fork()
            if child == 0:
                self._run_and_exit(tests, mutant, out.name)
            _, status = os.waitpid(child, 0)
            text = out.read()
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            return ""
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return "timeout"
        failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", text, re.MULTILINE)
        return failed[1] if failed else tests[0]

    def _run_and_exit(self, tests: Sequence[str], mutant: Mutant | None, out: str) -> None:
        limit = int(4 * self.most_seconds + 20 + time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        target = os.open(out, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(target, stream)
        import pytest

        if mutant is not None:
            put_in_place(mutant, self.functions)
            if mutant.file in self.with_loops:
                touched.without_compiling()
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no", *_PLAIN, *tests])
        sys.stdout.flush()
        os._exit(int(code))


def _verdicts() -> dict[str, dict[str, str]]:
    """The latest row of every mutant that has run."""
    if not VERDICTS.exists():
        return {}
    with VERDICTS.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def _reasons() -> dict[str, str]:
    """Return why a mutant changes nothing, by its name."""
    return tomllib.loads(CHANGES_NOTHING.read_text(encoding="utf-8"))


def _note(row: Sequence[object]) -> None:
    new = not VERDICTS.exists()
    with VERDICTS.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(COLUMNS)
        writer.writerow(row)


def run(mutants: Iterable[Mutant], tests: Tests) -> None:
    """Run ``mutants`` and record their verdicts."""
    for mutant in mutants:
        start = time.monotonic()
        killer = tests.killer(mutant)
        verdict = "killed" if killer else "survived"
        where = (mutant.name, mutant.file, mutant.line, mutant.operator, mutant.replacement, mutant.kind)
        _note([*where, verdict, killer, round(time.monotonic() - start, 1)])


def report(mutants: Sequence[Mutant]) -> None:
    """Print the survivors, and how many were killed of each kind and each room."""
    rows = _verdicts()
    reasons = _reasons()
    counts: Counter[tuple[str, str]] = Counter()
    for mutant in mutants:
        verdict = rows[mutant.name]["verdict"] if mutant.name in rows else "not run"
        if verdict == "survived" and mutant.name in reasons:
            verdict = "changes nothing"
        if verdict == "survived":
            print(f"{mutant.name} -> {mutant.replacement}  (line {mutant.line})")
        counts.update([(mutant.kind, verdict), (mutant.room, verdict), ("all", verdict)])
    for group in dict.fromkeys(group for group, _ in counts):
        shares = {verdict: count for (name, verdict), count in counts.items() if name == group}
        print(
            f"{group}: {', '.join(f'{count} {verdict}' for verdict, count in sorted(shares.items()))}", file=sys.stderr
        )


def main() -> None:
    """Run the mutants of the sample that have not run, and report on all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", action="append", choices=ROOMS)
    parser.add_argument("--seconds", type=float, default=20, help="of tests for a mutant, at most")
    parser.add_argument("--survivors", action="store_true", help="run again what survived")
    parser.add_argument("--report", action="store_true", help="run nothing")
    arguments = parser.parse_args()
    mutants = sample(arguments.room or ROOMS, arguments.count, arguments.seed)
    rows = _verdicts()
    survived = {name for name, row in rows.items() if row["verdict"] == "survived"} - _reasons().keys()
    chosen = [m for m in mutants if m.name not in rows or (arguments.survivors and m.name in survived)]
    if chosen and not arguments.report:
        for name in HEAVY:
            importlib.import_module(name)
        os.chdir(ROOT)
        sys.path.insert(0, str(ROOT))
        touched.load_package()
        run(chosen, Tests(touched.recorded(), arguments.seconds))
        gc.unfreeze()
    report(mutants)


if __name__ == "__main__":
    main()
