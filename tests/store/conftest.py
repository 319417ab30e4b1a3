"""Stores of every engine: a test that takes ``new_store`` runs on a DuckDB file and on a lake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from correlator.store.db import Store

ENGINES = ("file", "lake")


@pytest.fixture(params=ENGINES)
def engine_name(request) -> str:
    return request.param


@pytest.fixture
def new_store(engine_name, tmp_path: Path) -> Callable[[str], Store]:
    """A function that returns a store with a given name, which does not exist yet."""
    endings = {"file": ".duckdb", "lake": "/"}
    return lambda name: Store(f"{tmp_path / name}{endings[engine_name]}")
