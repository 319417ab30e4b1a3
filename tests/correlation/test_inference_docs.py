"""The Python on the pages of this room runs, and the verbs they show exist with their options."""

import re
import shlex
from pathlib import Path

import click
import pytest
import typer

from correlator.cli.app import app

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("placebo.md", "correlation.md", "look-ahead.md")


@pytest.mark.parametrize("page", PAGES)
def test_python_runs(page):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)


@pytest.mark.parametrize("page", PAGES)
def test_commands_parse(page):
    lines = re.findall(r"^correlator .*$", (DOCS / page).read_text(), re.MULTILINE)
    assert lines
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group) or hasattr(group, "commands")
    for line in lines:
        _, verb, *arguments = shlex.split(line)
        group.commands[verb].make_context(verb, arguments, resilient_parsing=False)
