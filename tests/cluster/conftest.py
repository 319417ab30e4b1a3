"""A store with bars and events, as a DuckDB file and as a lake."""

from __future__ import annotations

import pytest
from cluster_data import filled_store

from correlator.store.db import Store
from correlator.store.lake_upkeep import export


@pytest.fixture(scope="session")
def file_store(tmp_path_factory) -> Store:
    return filled_store(tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="session")
def lake(file_store, tmp_path_factory) -> Store:
    address = f"{tmp_path_factory.mktemp('lake')}/lake/"
    export(file_store, address)
    return Store(address)
