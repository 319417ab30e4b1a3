"""Would the tests notice? Change one operator at a time, seeded, and run the tests nearest to its module.

    python tools/mutate.py --count 200 --seed 1 > mutants.csv
    python tools/mutate.py --count 200 --seed 1 --only survived --files 30 mutants.csv > again.csv

The tests of a module are the files that import it, then those that import what imports it, and so on (``--files`` of
them at most). Every mutant runs in a copy of the tree, in a child of a process that has loaded the heavy packages
already; a test that fails with the mutant counts where it passes without. Rows on stdout: file, line, column, operator,
its replacement, kind, verdict (killed, survived), the test that killed it, seconds. The shares by kind are on stderr.
"""

from __future__ import annotations

import argparse
import ast
import csv
import io
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("eventstudy", "research", "align", "market", "store", "news", "correlation", "intake")
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "//": "*", "%": "*", "**": "*"}
COMPARISON = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
PROCESSOR_SECONDS, PATIENCE = 120, 1_200
HEAVY = (
    "numpy",
    "polars",
    "duckdb",
    "pyarrow.parquet",
    "scipy.stats",
    "pandas",
    "numba",
    "pytest",
    "hypothesis",
    "typer",
)


@dataclass(frozen=True)
class Mutant:
    """One operator of one file: where it is, what it becomes, and whether it is arithmetic or a comparison."""

    file: str
    line: int
    column: int
    operator: str
    replacement: str
    kind: str


def mutants_of(path: Path) -> list[Mutant]:
    """Every operator of ``path`` that can be changed; joined texts and annotations are left alone."""
    source = path.read_text(encoding="utf-8")
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.OP]
    mutants = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and not _is_text(node):
            mutants += _between(path, tokens, node.left, node.right, ARITHMETIC, "arithmetic")
        elif isinstance(node, ast.Compare):
            left = node.left
            for right in node.comparators:
                mutants += _between(path, tokens, left, right, COMPARISON, "comparison")
                left = right
        elif isinstance(node, ast.AugAssign) and not _is_text(node.value):
            mutants += _augmented(path, tokens, node)
    return mutants


def _is_text(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.JoinedStr | ast.List) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in ast.walk(node)
    )


def _between(
    path: Path, tokens: list[tokenize.TokenInfo], left: ast.expr, right: ast.expr, table: dict[str, str], kind: str
) -> list[Mutant]:
    start, end = (left.end_lineno, left.end_col_offset), (right.lineno, right.col_offset)
    for token in tokens:
        if start <= token.start < end and token.string in table:
            name = str(path.relative_to(ROOT))
            return [Mutant(name, token.start[0], token.start[1], token.string, table[token.string], kind)]
    return []


def _augmented(path: Path, tokens: list[tokenize.TokenInfo], node: ast.AugAssign) -> list[Mutant]:
    start, end = (node.target.end_lineno, node.target.end_col_offset), (node.value.lineno, node.value.col_offset)
    for token in tokens:
        if start <= token.start < end and (operator := token.string.removesuffix("=")) in ARITHMETIC:
            name = str(path.relative_to(ROOT))
            replacement = ARITHMETIC[operator] + "="
            return [Mutant(name, token.start[0], token.start[1], token.string, replacement, "arithmetic")]
    return []


def modules_in(root: Path) -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    names = {}
    for path in sorted((root / "correlator").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imported_by(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """The modules of the package that ``path`` imports, inside of functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names & modules.keys()


def tests_of(root: Path) -> dict[str, list[str]]:
    """Test files of each module's file, the nearest first: by steps of import, then the smaller file first."""
    modules = modules_in(root)
    users: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for used in imported_by(path, modules) - {name}:
            users[used].add(name)
    tests: dict[str, set[Path]] = {name: set() for name in modules}
    for path in (root / "tests").rglob("test_*.py"):
        for used in imported_by(path, modules):
            tests[used].add(path)
    nearest = {}
    for name, path in modules.items():
        files: dict[str, None] = {}
        for layer in _layers(name, users):
            layer_files = {file for module in layer for file in tests[module]}
            for file in sorted(layer_files, key=lambda file: (not _same_word(file, path), file.stat().st_size)):
                files[str(file.relative_to(root))] = None
        nearest[str(path.relative_to(root))] = list(files)
    return nearest


def _layers(name: str, users: Mapping[str, set[str]]) -> Iterator[set[str]]:
    seen, layer = {name}, {name}
    while layer:
        yield layer
        layer = {user for module in layer for user in users[module]} - seen
        seen |= layer


def _same_word(test: Path, module: Path) -> bool:
    return module.stem in test.stem


class Tests:
    """Runs tests on the copy of the tree in children of this process."""

    def __init__(self, tree: Path, most_files: int) -> None:
        self.tree, self.most_files = tree, most_files
        self.nearest = tests_of(tree)
        self._passes: dict[str, bool] = {}

    def killer(self, mutant: Mutant) -> str:
        """The test that fails with ``mutant`` and passes without it, empty where none does."""
        files = self.nearest.get(mutant.file, [])[: self.most_files]
        path = self.tree / mutant.file
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines(keepends=True)
        line = lines[mutant.line - 1]
        end = mutant.column + len(mutant.operator)
        lines[mutant.line - 1] = line[: mutant.column] + mutant.replacement + line[end:]
        sound = list(files)
        while sound:
            path.write_text("".join(lines), encoding="utf-8")
            try:
                failed = self._first_failure(sound)
            finally:
                path.write_text(source, encoding="utf-8")
            if failed in ("", "timeout") or self._passes_without(failed):
                return failed
            sound = [file for file in sound if file != failed.split("::")[0]]
        return ""

    def _passes_without(self, test: str) -> bool:
        if test not in self._passes:
            self._passes[test] = self._first_failure([test]) == ""
        return self._passes[test]

    def _first_failure(self, tests: Iterable[str]) -> str:
        """The first of ``tests`` that fails, ``timeout`` where they do not end; empty where all pass.

        What does not end is told by its processor time: the machine may be busy.
        """
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as out:
            child = os.fork()
            if child == 0:
                self._run_and_exit(list(tests), out.name)
            until = time.monotonic() + PATIENCE
            while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
                if time.monotonic() > until:
                    os.killpg(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    return "timeout"
                time.sleep(0.05)
            text = out.read()
        code = os.waitstatus_to_exitcode(ended[1])
        if code == 0:
            return ""
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return "timeout"
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", text, re.MULTILINE)
        return failed[1] if failed else next(iter(tests))

    def _run_and_exit(self, tests: list[str], out: str) -> None:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
        target = os.open(out, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(target, stream)
        os.chdir(self.tree)
        sys.path.insert(0, str(self.tree))
        os.environ["PYTHONPATH"] = str(self.tree)
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(self.tree / ".hypothesis")
        import pytest

        code = pytest.main(["-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "--no-header", *tests])
        sys.stdout.flush()
        os._exit(int(code))


def chosen_mutants(arguments: argparse.Namespace) -> list[Mutant]:
    """The seeded sample, or the rows of an earlier run that had the verdict asked for."""
    if arguments.rows is not None:
        with arguments.rows.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["verdict"] == arguments.only]
        words = ("file", "operator", "replacement", "kind")
        return [
            Mutant(**{word: row[word] for word in words}, line=int(row["line"]), column=int(row["column"]))
            for row in rows
        ]
    rooms = arguments.room or ROOMS
    files = [path for room in rooms for path in sorted((ROOT / "correlator" / room).rglob("*.py"))]
    mutants = [mutant for path in files for mutant in mutants_of(path)]
    sample = random.Random(arguments.seed).sample(mutants, min(arguments.count, len(mutants)))
    return sample[arguments.first :]


def main() -> None:
    """Run the mutants and print their rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("rows", type=Path, nargs="?", help="rows of an earlier run instead of a sample")
    parser.add_argument("--only", default="survived", help="the verdict of those rows to run again")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="how many of the sample to leave out, being done")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", action="append", choices=ROOMS)
    parser.add_argument("--files", type=int, default=6, help="test files for a mutant, at most")
    arguments = parser.parse_args()
    for name in HEAVY:
        __import__(name)
    rows = csv.writer(sys.stdout)
    rows.writerow(["file", "line", "column", "operator", "replacement", "kind", "verdict", "test", "seconds"])
    tally: dict[str, list[int]] = {"arithmetic": [0, 0], "comparison": [0, 0]}
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        ignored = shutil.ignore_patterns(".git", ".venv", "*_cache", "__pycache__", "site")
        shutil.copytree(ROOT, tree, ignore=ignored)
        tests = Tests(tree, arguments.files)
        for mutant in chosen_mutants(arguments):
            start = time.monotonic()
            killer = tests.killer(mutant)
            tally[mutant.kind][0] += killer != ""
            tally[mutant.kind][1] += 1
            verdict = "killed" if killer else "survived"
            where = (mutant.file, mutant.line, mutant.column, mutant.operator, mutant.replacement, mutant.kind)
            rows.writerow([*where, verdict, killer, round(time.monotonic() - start, 1)])
            sys.stdout.flush()
    for kind, (killed, count) in tally.items():
        print(f"{kind}: {killed} of {count} killed", file=sys.stderr)


if __name__ == "__main__":
    main()
