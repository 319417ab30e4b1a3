"""Write the table of docs/safety.md with the oldest and newest versions of each dependency that the suite was run with.

``make oldest`` makes the environment ``build/oldest``; then ``python tools/make_matrix.py [FOLDER]`` reads the versions
in it (FOLDER: another environment of that kind) and in the one that runs this, which has the pinned, newest ones.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "safety.md"
BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"


def requirements() -> list[Requirement]:
    """The dependencies of pyproject.toml and of its extras, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"], *(text for extra in project["optional-dependencies"].values() for text in extra)]
    return sorted((Requirement(text) for text in texts), key=lambda each: canonicalize_name(each.name))


def allowed(requirement: Requirement) -> str:
    """Return the bounds of a requirement, the lower one first."""
    return ", ".join(sorted(map(str, requirement.specifier), key=lambda bound: bound.startswith("<")))


def table(oldest: dict[str, str]) -> str:
    """The table; ``oldest``: versions in the environment of the oldest, by name."""
    rows = ["| dependency | allowed | oldest | newest |", "| --- | --- | --- | --- |"]
    for each in requirements():
        name = canonicalize_name(each.name)
        rows.append(f"| {name} | `{allowed(each)}` | {oldest[name]} | {distribution(name).version} |")
    return "\n".join(rows)


def versions_in(environment: Path) -> dict[str, str]:
    """Versions of the packages of a virtual environment, by name."""
    folders = [str(each) for each in environment.glob("lib/python*/site-packages")]
    return {canonicalize_name(each.metadata["Name"]): each.version for each in distributions(path=folders)}


if __name__ == "__main__":
    environment = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "oldest"
    versions = versions_in(environment)
    if not versions:
        sys.exit(f"there is no environment in {environment}; `make oldest` makes one")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(versions)}\n\n{END}{after}", encoding="utf-8")
