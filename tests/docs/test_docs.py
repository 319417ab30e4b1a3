"""The docs say what is: pages made from code are fresh, every code block runs, the site builds without a warning."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import forked
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(<!-- not run: [^>]+ -->\n)?```(sh|python)\n(.*?)```", re.DOTALL)
SAMPLE = "<!-- with the sample loaded -->"
SETUP = re.compile(r"^(make|pip) ")

sys.path.insert(0, str(ROOT / "tools"))


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and code of the blocks that are run; lines that set the machine up are left out."""
    found = []
    for skipped, language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if not skipped:
            found.append((language, "\n".join(line for line in code.splitlines() if not SETUP.match(line))))
    return found


@pytest.mark.parametrize("name", ["commands", "study", "tables", "methods", "safety"])
def test_pages_made_from_code_are_fresh(name):
    import make_docs

    page = getattr(make_docs, f"{name}_page")()
    assert (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") == page, "run python tools/make_docs.py"


def test_every_command_has_help_and_an_example():
    import make_docs
    import typer

    from correlator.cli.app import app

    def leaves(command, path):
        if hasattr(command, "commands"):
            for name, child in command.commands.items():
                yield from leaves(child, f"{path} {name}")
        else:
            yield path, command

    for path, command in leaves(typer.main.get_command(app), "correlator"):
        assert "Example: correlator" in (command.help or ""), path
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{path} {parameter.name}"
    assert make_docs.commands_page()


@pytest.fixture(scope="module")
def sample_store(tmp_path_factory) -> Path:
    """The store that pages with the mark ``SAMPLE`` begin with."""
    from correlator.intake.news import add_news
    from correlator.intake.prices import add_prices
    from correlator.store.db import Store

    store = Store(tmp_path_factory.mktemp("sample") / "correlator.duckdb")
    for name in ("AIRLINK", "KSE100", "HBL", "HUBC", "LUCK", "OGDC"):
        add_prices(store, ROOT / "data/sample" / f"{name}.csv", symbol=name)
    add_news(store, ROOT / "data/sample/page.txt")
    add_news(store, ROOT / "data/sample/headlines.csv", columns={"published": "date"}, profile="generic")
    return store.path


COLD_BLOCKS = 2
"""Of the first page, what a reader runs first: in processes that have imported nothing."""


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_runs(page, tmp_path, sample_store):
    (tmp_path / "data").symlink_to(ROOT / "data")
    if SAMPLE in page.read_text(encoding="utf-8"):
        shutil.copy(sample_store, tmp_path)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "TZ": "UTC"}
    environment.pop("CORRELATOR_STORE", None)
    warm = environment | {"PATH": str(forked.CLIENT.parent) + os.pathsep + path, "FORKED_SERVER": forked.address()}
    for place, (language, code) in enumerate(blocks(page)):
        if place >= (COLD_BLOCKS if page.name == "README.md" else 0):
            environment = warm
        if language == "python":
            done = forked.run_code(code, cwd=tmp_path, env=environment)
        else:
            command = ["bash", "-euc", code]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{code}\n{done.stderr}"


def test_every_page_is_in_the_navigation_and_every_picture_is_there():
    import yaml

    def leaves(entry):
        if isinstance(entry, str):
            yield entry
        else:
            for part in entry.values() if isinstance(entry, dict) else entry:
                yield from leaves(part)

    named = set(leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    assert {str(page.relative_to(ROOT / "docs")) for page in PAGES[1:]} == named
    for page in PAGES:
        for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / picture).is_file(), f"{page.name}: {picture}"


def test_every_exit_code_is_documented():
    from correlator.cli.exit_codes import ExitCode

    rows = re.findall(
        r"^\| (\d+) \| ([A-Z_]+) \|", (ROOT / "docs/exit-codes.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {(int(code), name) for code, name in rows} == {(code.value, code.name) for code in ExitCode}


def test_every_public_name_is_on_the_python_page():
    import correlator

    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert [
        name for name in correlator.__all__ if name not in page and name not in ("CorrelatorError", "__version__")
    ] == []


def test_the_site_builds(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "tutorial" / "index.html").is_file()


def test_mutants_that_change_nothing_are_in_the_code():
    spec = importlib.util.spec_from_file_location("tools_mutate", ROOT / "tools" / "mutate.py")
    mutate = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = mutate  # its dataclasses look it up
    spec.loader.exec_module(mutate)
    named = tomllib.loads(mutate.CHANGES_NOTHING.read_text(encoding="utf-8"))
    files = {name.split(":")[0] for name in named}
    assert set(named) <= {each.name for file in files for each in mutate.mutants_of(ROOT / file)}
