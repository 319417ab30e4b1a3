"""Every notebook runs from top to bottom, and is kept without outputs."""

from __future__ import annotations

from pathlib import Path

import forked
import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
IN_A_SHELL = """
import warnings
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in {cells!r}:
    shell.run_cell(cell, store_history=True).raise_error()
"""


def cells_of(path: Path) -> list[str]:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert all(not cell.outputs for cell in cells), "strip the outputs before committing"
    return [cell.source for cell in cells]


@pytest.mark.parametrize("path", NOTEBOOKS[1:], ids=lambda path: path.stem)
def test_notebook_runs(path, tmp_path):
    done = forked.run_code(IN_A_SHELL.format(cells=cells_of(path)), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_notebook_runs_in_a_kernel(tmp_path):
    """One suffices: a kernel takes long to start, and runs the same cells."""
    assert cells_of(NOTEBOOKS[0])
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
