"""Would the tests notice? Change one operator at a time, seeded, and run the tests that reach its line.

    python tools/mutate.py --count 200 --seed 1 > mutants.csv

First the suite runs once under coverage to learn which tests reach which line (kept in ``--map`` and used again); then
every mutant runs in a copy of the tree with only those tests, until one fails. Rows on stdout: file, line, operator,
its replacement, kind, verdict (killed, survived, not reached), seconds. The shares by kind are on stderr.
"""

from __future__ import annotations

import argparse
import ast
import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tokenize
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("eventstudy", "research", "align", "market", "store", "news", "correlation", "intake")
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "//": "*", "%": "*", "**": "*"}
COMPARISON = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
PATIENCE = 300
MOST_TESTS = 60


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
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and not _is_text(node):
            found += _between(path, tokens, node.left, node.right, ARITHMETIC, "arithmetic")
        elif isinstance(node, ast.Compare):
            left = node.left
            for right in node.comparators:
                found += _between(path, tokens, left, right, COMPARISON, "comparison")
                left = right
        elif isinstance(node, ast.AugAssign) and not _is_text(node.value):
            found += _augmented(path, tokens, node)
    return found


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


def tests_by_line(target: Path) -> dict[str, dict[str, list[str]]]:
    """Tests that reach each line of each file, from one run of the suite under coverage; kept in ``target``."""
    if target.is_file():
        return dict(json.loads(target.read_text(encoding="utf-8")))
    from coverage import CoverageData

    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "rc")
        settings.write_text(f"[run]\nsource = correlator\ndata_file = {folder}/data\ndynamic_context = test_function\n")
        command = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest", "-q"]
        subprocess.run([*command, "-p", "no:cacheprovider"], cwd=ROOT, stdout=sys.stderr, check=False)
        data = CoverageData(basename=f"{folder}/data")
        data.read()
        table = {
            str(Path(file).relative_to(ROOT)): {
                str(line): sorted(name for name in names if name)
                for line, names in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
    target.write_text(json.dumps(table), encoding="utf-8")
    return table


def node_of(context: str) -> str:
    """The pytest expression of a coverage context ``tests.room.test_file.test_name``."""
    return context.rsplit(".", 1)[-1]


def verdict_of(mutant: Mutant, tree: Path, contexts: list[str]) -> str:
    """Whether the tests that reach the mutant's line fail with it in the copied ``tree``."""
    if not contexts:
        return "not reached"
    path = tree / mutant.file
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    line = lines[mutant.line - 1]
    end = mutant.column + len(mutant.operator)
    lines[mutant.line - 1] = line[: mutant.column] + mutant.replacement + line[end:]
    files, names = _targets(tree, contexts)
    path.write_text("".join(lines), encoding="utf-8")
    try:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            *files,
            "-k",
            " or ".join(names),
        ]
        environment = {**os.environ, "PYTHONPATH": str(tree), "HYPOTHESIS_STORAGE_DIRECTORY": str(tree / ".hypothesis")}
        try:
            done = subprocess.run(
                command, cwd=tree, env=environment, capture_output=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            return "killed"
        return "survived" if done.returncode == 0 else "killed"
    finally:
        path.write_text(source, encoding="utf-8")


def _targets(tree: Path, contexts: list[str]) -> tuple[list[str], list[str]]:
    """Files and names of at most ``MOST_TESTS`` of the tests; of many, those of the most files."""
    chosen = random.Random(0).sample(contexts, min(MOST_TESTS, len(contexts)))
    files = {str(path.relative_to(tree)): path.stem for path in (tree / "tests").rglob("test_*.py")}
    stems = {context.rsplit(".", 2)[-2] if context.count(".") else "" for context in chosen}
    return sorted(f for f, stem in files.items() if stem in stems), sorted({node_of(context) for context in chosen})


def main() -> None:
    """Run the mutants and print their rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", action="append", choices=ROOMS)
    parser.add_argument("--map", type=Path, default=Path(tempfile.gettempdir(), "correlator-tests-by-line.json"))
    chosen = parser.parse_args()
    reached = tests_by_line(chosen.map)
    files = [path for room in chosen.room or ROOMS for path in sorted((ROOT / "correlator" / room).rglob("*.py"))]
    mutants = [mutant for path in files for mutant in mutants_of(path)]
    sample = random.Random(chosen.seed).sample(mutants, min(chosen.count, len(mutants)))
    rows = csv.writer(sys.stdout)
    rows.writerow(["file", "line", "operator", "replacement", "kind", "verdict", "seconds"])
    tally: dict[str, list[int]] = {"arithmetic": [0, 0], "comparison": [0, 0]}
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "*_cache", "__pycache__", "site"))
        for mutant in sample:
            start = time.monotonic()
            verdict = verdict_of(mutant, tree, reached.get(mutant.file, {}).get(str(mutant.line), []))
            tally[mutant.kind][0] += verdict == "killed"
            tally[mutant.kind][1] += 1
            seconds = round(time.monotonic() - start, 1)
            rows.writerow(
                [mutant.file, mutant.line, mutant.operator, mutant.replacement, mutant.kind, verdict, seconds]
            )
            sys.stdout.flush()
    for kind, (killed, count) in tally.items():
        print(f"{kind}: {killed} of {count} killed", file=sys.stderr)


if __name__ == "__main__":
    main()
