"""The wheel carries what the package needs: built, installed into an empty environment, and run there."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_ships_its_data(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("sample/page.txt", "sample/AIRLINK.csv", "sessions/XKAR.csv", "instruments/instruments.csv"):
        assert f"correlator/_data/{name}" in names
    assert "correlator/py.typed" in names


def test_the_demo_runs_from_the_wheel(wheel, tmp_path):
    """Only correlator itself is installed anew; its dependencies are those of the running environment."""
    home = tmp_path / "empty"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
    )
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, timeout=120)
    # a .pth line appends the dependencies after the wheel's own files; the editable hook of this checkout is not run
    theirs = subprocess.run(
        [sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    (site / "dependencies.pth").write_text(theirs)
    folder = tmp_path / "work"
    folder.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [home / "bin" / "correlator", "demo"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "2025-05-29" in done.stdout
    for name in ("abnormal_returns.csv", "airlink.html", "demo.duckdb"):
        assert (folder / "correlator-demo" / name).stat().st_size > 0
    where = subprocess.run(
        [python, "-c", "import correlator; print(correlator.__file__)"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(site) in where
