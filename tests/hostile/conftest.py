"""A folder with a store and canaries, which hostile input must neither read nor change."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_folder import CANARY, fingerprint


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is copied for every input."""
    from correlator.intake.prices import add_prices
    from correlator.store.db import Store

    folder = tmp_path_factory.mktemp("made")
    (folder / "canary.csv").write_text(f"canary\n{CANARY}\n")
    (folder / "canary.json").write_text(f'{{"canary": "{CANARY}"}}\n')
    prices = folder / "p.csv"
    prices.write_text("Date,Close\n2025-05-26,1.0\n2025-05-27,1.1\n2025-05-28,1.2\n")
    add_prices(Store(folder / "store.duckdb"), prices, symbol="AIRLINK", exchange="XKAR")
    add_prices(Store(folder / "other.duckdb"), prices, symbol="AIRLINK", exchange="XKAR")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with canaries and a store, for one test."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def untouched(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, shared by many tests: they must leave it unchanged."""
    before = fingerprint(made)
    monkeypatch.chdir(made)
    yield made
    assert fingerprint(made) == before
