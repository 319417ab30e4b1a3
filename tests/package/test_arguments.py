"""No function takes more than eight arguments, or more than four by position; typer's commands take their options.

What is public and takes more than three says in its ``help()`` what they are, what comes back, what it raises, and an
example.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import correlator

PACKAGE = Path(__file__).parents[2] / "correlator"
MOST, MOST_BY_POSITION = 8, 4


def too_many(path: Path) -> Iterator[str]:
    """The functions of ``path`` that take more than they may, with how many."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    of_class = {id(f) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for f in node.body}
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if path.parent.name in {"cli", "verbs"} and not node.name.startswith("_"):
            continue
        static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in node.decorator_list)
        by_position = len(node.args.posonlyargs + node.args.args) - (id(node) in of_class and not static)
        every = by_position + len(node.args.kwonlyargs)
        if every > MOST or by_position > MOST_BY_POSITION:
            yield f"{path}:{node.lineno} {node.name}: {every}, {by_position} by position"


def test_functions_take_few_arguments() -> None:
    assert [line for path in sorted(PACKAGE.rglob("*.py")) for line in too_many(path)] == []


def test_long_lists_are_noticed(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text(
        "def f(a, b, c, d, e): ...\ndef g(*, a, b, c, d, e, f, g, h, i): ...\ndef h(a, b, c, d, *, e): ...\n"
    )
    assert [line.split()[1] for line in too_many(sample)] == ["f:", "g:"]


def public_functions() -> Iterator[tuple[str, object, int]]:
    """The functions and methods that the package exports, by name, and how many arguments each takes."""
    for name in correlator.__all__:
        value = getattr(correlator, name)
        if inspect.isfunction(value):
            yield name, value, len(inspect.signature(value).parameters)
        elif inspect.isclass(value) and value.__module__.startswith("correlator"):
            for method, function in inspect.getmembers(value, inspect.isfunction):
                if not method.startswith("_"):
                    yield f"{name}.{method}", function, len(inspect.signature(function).parameters) - 1


def test_help_of_long_functions_has_every_section() -> None:
    missing = [
        f"{name}: {section}"
        for name, function, arguments in public_functions()
        if arguments > 3
        for section in ("Parameters", "Returns", "Raises", "Examples")
        if f"{section}\n{'-' * len(section)}" not in (inspect.getdoc(function) or "")
    ]
    assert missing == []
