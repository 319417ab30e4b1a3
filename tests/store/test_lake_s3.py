"""The lake in an object store: a server on loopback that speaks S3, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import polars as pl
import pytest
from deltalake import DeltaTable
from test_lake import contents, load

from correlator.errors import InputError, NotFoundError, StoreError
from correlator.store import delta, written_rows
from correlator.store.db import Store
from correlator.store.lake_upkeep import export, vacuum
from correlator.store.upkeep import compact
from correlator.store.verify import verify

ACCESS = {
    "AWS_ACCESS_KEY_ID": "someone",
    "AWS_SECRET_ACCESS_KEY": "something",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def server():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | ACCESS)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(address, timeout=5).close()
            except OSError:
                time.sleep(0.1)
            else:
                break
        urllib.request.urlopen(urllib.request.Request(f"{address}/desk", method="PUT"), timeout=30).close()
        yield address
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def access(server, monkeypatch):
    for name, value in {**ACCESS, "AWS_ENDPOINT_URL": server}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("access")
def test_a_lake_in_an_object_store_is_a_store(tmp_path):
    file, lake = Store(tmp_path / "m.duckdb"), Store("s3://desk/copy/of it")
    with pytest.raises(NotFoundError, match="no store at s3://desk/copy/of it"):
        contents(lake)
    for symbol in ("LAMP", "WICK"):
        load(file, symbol)
    export(file, lake.address)
    for store in (file, lake):  # the others of this module make a lake by loading
        load(store, "LAMP", close=20.0)
    assert lake.sql("SELECT count(*) AS n FROM bars WHERE symbol = 'LAMP'").item() == 6
    compact(lake)
    assert vacuum(lake, 0) > 0
    assert contents(Store(lake.address)) == contents(file)


@pytest.mark.usefixtures("access")
def test_a_table_that_several_make_at_once_is_made_once():
    """A second making must not become version 1: it would be a commit that has no rows."""
    schema = delta.arrow_schema({"name": "VARCHAR"})
    together = Barrier(4)

    def make(table: str) -> None:
        together.wait()
        delta.DeltaRoot("s3://desk/made").create(table, schema, [])

    for table in ("first", "second"):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(make, [table] * 4))
        assert delta.DeltaRoot("s3://desk/made").open(table).version == 0


@pytest.mark.usefixtures("access")
def test_writers_of_several_machines_lose_nothing_to_each_other():
    """Nothing but conditional puts keeps them apart: an object store has no lock."""
    symbols = ["S0", "S1"]
    with ThreadPoolExecutor(len(symbols)) as pool:
        list(pool.map(lambda symbol: load(Store("s3://desk/many", lock_wait=60), symbol), symbols))
    lake = Store("s3://desk/many")
    rows = contents(lake)
    assert sorted(row[0] for row in rows["instruments"]) == symbols
    assert len(rows["bars"]) == 3 * len(symbols)
    assert [row[0] for row in rows["loads"]] == [1, 2]
    assert verify(lake).is_empty()


@pytest.mark.usefixtures("access")
def test_a_bucket_that_is_not_there_is_told_in_one_line():
    with pytest.raises(StoreError) as caught:
        load(Store("s3://nobodys-bucket/lake"), "LAMP")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("access")
def test_rows_of_several_writers_are_one_table_at_once():
    address = written_rows.table_address("s3://desk/one", "accords", "car")
    frames = [pl.DataFrame({"event_id": [number], "car": [number / 10], "flags": [""]}) for number in range(3)]
    files = [each for frame in frames for each in written_rows.write_files(address, frame)]
    assert not DeltaTable.is_deltatable(address)
    written_rows.name_files(address, frames[0], files[:2], {"table": "car"})
    assert pl.DataFrame(DeltaTable(address).to_pyarrow_table()).sort("event_id").equals(pl.concat(frames[:2]))
    with pytest.raises(InputError, match="a table already exists"):
        written_rows.refuse_present(address)
