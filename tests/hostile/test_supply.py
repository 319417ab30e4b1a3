"""What comes with the package: bounds, licences, and no code that runs what it reads."""

from __future__ import annotations

import ast
import json
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
pytest.importorskip("packaging")
NEVER = {
    "eval", "exec", "compile", "__import__",
    "pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.loads", "joblib.load", "dill.loads", "shelve.open",
    "yaml.load", "os.system", "os.popen", "pl.read_pickle", "pd.read_pickle", "pandas.read_pickle",
}  # fmt: skip


def test_every_dependency_has_an_upper_bound_and_a_licence():
    from make_licences import direct
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for text in (
        *project["dependencies"],
        *(each for texts in project["optional-dependencies"].values() for each in texts),
    ):
        operators = {specifier.operator for specifier in Requirement(text).specifier}
        assert "<" in operators, f"{text} has no upper bound"
        assert ">=" in operators, f"{text} has no lower bound"
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    missing = [name for name in direct() if f"| {name} |" not in page]
    assert missing == [], "run python tools/make_licences.py"


def test_the_matrix_has_every_dependency_as_it_is_allowed():
    from make_matrix import PAGE, allowed, requirements
    from packaging.version import Version

    rows = [line.split("|")[1:5] for line in PAGE.read_text(encoding="utf-8").splitlines() if "` | " in line]
    known = {
        name.strip(): (bounds.strip(" `"), Version(old), Version(new))
        for name, bounds, old, new in rows
        if old.strip()[0].isdigit()
    }
    for each in requirements():
        bounds, oldest, newest = known[each.name.lower().replace("_", "-")]
        assert bounds == allowed(each), "run python tools/make_matrix.py"
        assert oldest <= newest
        assert oldest in each.specifier


def test_the_bill_of_materials_and_the_page_say_the_same():
    bill = json.loads((ROOT / "docs" / "sbom.json").read_text(encoding="utf-8"))
    rows = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8").splitlines()
    listed = {tuple(cell.strip() for cell in row.split("|")[1:3]) for row in rows if row.startswith("| ")} - {
        ("package", "version"),
        ("---", "---"),
    }
    assert {(each["name"], each["version"]) for each in bill["components"]} == listed
    assert bill["bomFormat"] == "CycloneDX"


def test_nothing_that_is_read_is_run():
    found = []
    for file in sorted((ROOT / "correlator").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                shell = any(word.arg == "shell" for word in node.keywords)
                unpickled = any(
                    word.arg == "allow_pickle" and ast.unparse(word.value) != "False" for word in node.keywords
                )
                if called in NEVER or shell or unpickled:
                    found.append(f"{file.name}:{node.lineno} {called}")
    assert found == []


def test_the_table_of_hostile_inputs_is_large():
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in (ROOT / "tests" / "hostile").glob("*.toml")]
    assert sum(len(table["input"]) for table in tables) >= 250
