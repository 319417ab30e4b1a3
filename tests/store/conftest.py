"""Stores of every engine: a test that takes ``new_store`` runs on a DuckDB file and on a lake.

With the mark ``lake_slow`` it runs on a lake only where the tests marked ``slow`` do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from correlator.store.db import Store

ENGINES = ("file", "lake")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        on_lake = isinstance(item, pytest.Function) and "lake" in item.name.partition("[")[2]
        if on_lake and item.get_closest_marker("lake_slow"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(params=ENGINES)
def engine_name(request) -> str:
    return request.param


@pytest.fixture
def new_store(engine_name, tmp_path: Path) -> Callable[[str], Store]:
    """A function that returns a store with a given name, which does not exist yet."""
    endings = {"file": ".duckdb", "lake": "/"}
    return lambda name: Store(f"{tmp_path / name}{endings[engine_name]}")
