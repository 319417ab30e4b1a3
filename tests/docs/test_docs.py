"""The docs say what is: pages made from code are fresh, every code block runs, the site builds without a warning."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.parametrize("name", ["commands", "tables"])
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


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_runs(page, tmp_path):
    (tmp_path / "data").symlink_to(ROOT / "data")
    bin_folder = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": bin_folder + os.pathsep + os.environ["PATH"], "NO_COLOR": "1"}
    environment.pop("CORRELATOR_STORE", None)

    def run(language: str, code: str) -> None:
        command = [sys.executable, "-c", code] if language == "python" else ["bash", "-euc", code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{code}\n{done.stderr}"

    if SAMPLE in page.read_text(encoding="utf-8"):
        names = ("AIRLINK", "KSE100", "HBL", "HUBC", "LUCK", "OGDC")
        run("sh", "\n".join(f"correlator add prices data/sample/{name}.csv --symbol {name}" for name in names))
        run("sh", "correlator add news data/sample/page.txt")
        run("sh", "correlator add news data/sample/headlines.csv --column published=date --profile generic")
    for language, code in blocks(page):
        run(language, code)


def test_the_site_builds(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "tutorial" / "index.html").is_file()
