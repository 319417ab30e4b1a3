"""A store that somebody else made reads no other file and runs nothing; what is no file is never a store."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hostile_folder import CANARY

from correlator.errors import CorrelatorError, InputError, StoreError
from correlator.intake.prices import add_prices
from correlator.store.db import Store

pytestmark = pytest.mark.usefixtures("folder")
INPUTS = tomllib.loads((Path(__file__).parent / "stores.toml").read_text(encoding="utf-8"))["input"]


@pytest.mark.parametrize("case", INPUTS, ids=[case["name"] for case in INPUTS])
def test_stores_of_others(case):
    store = "empty.duckdb" if case.get("empty") else "store.duckdb"
    with duckdb.connect(store) as connection:
        for statement in case["make"]:
            connection.execute(statement).fetchall()
    for use in (
        lambda: Store(store).frame("select * from bars"),
        lambda: Store(store).sql("select 1"),
        lambda: add_prices(Store(store), "p.csv", symbol="B", exchange="XKAR"),
    ):
        with pytest.raises(CorrelatorError, match=case["refused"]) as caught:
            use()
        assert CANARY not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("lake", [False, True], ids=["file", "lake"])
def test_no_view_of_a_store_reads_another_file(lake):
    address = "lake/" if lake else "store.duckdb"
    if lake:
        add_prices(Store(address), "p.csv", symbol="B", exchange="XKAR")
    engine = Store(address).engine
    for open_block in (engine.reading, engine.writing):
        with pytest.raises(CorrelatorError, match="disabled by configuration"), open_block(1.0) as connection:
            connection.execute("select * from read_text('canary.csv')").fetchall()


def test_a_file_that_changed_since_it_was_checked_is_checked_again():
    assert Store("store.duckdb").frame("select max(close) as m from bars").item() == 1.2
    with duckdb.connect("store.duckdb") as connection:
        connection.execute("create macro max(a) as 7")
    with pytest.raises(CorrelatorError, match="function max"):
        Store("store.duckdb").frame("select max(close) as m from bars")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pipe", "is a device, a pipe or a link"),
        ("round", "is a device, a pipe or a link"),
        ("to-pipe", "is a device, a pipe or a link"),
        ("p.csv/x", "Not a directory"),
        ("x" * 300, "too long"),
        ("x" * 300 + "/", "too long"),
        ("a\0b", "null"),
        ("\udcff.duckdb", "unpaired surrogate"),
    ],
)
def test_a_path_that_is_no_file_is_no_store_and_stays(name, said):
    os.mkfifo("pipe")
    os.symlink("round", "round")
    os.symlink("pipe", "to-pipe")
    with pytest.raises(InputError, match=said) as caught:
        add_prices(Store(name), "p.csv", symbol="B", exchange="XKAR")
    assert "\n" not in str(caught.value)
    assert Path("pipe").is_fifo()
    assert Path("round").is_symlink()


@pytest.mark.parametrize(
    "versions",
    [
        {"name": ["bars"], "version": [1]},
        {"x": ["bars"], "version": [1]},
        {"name": ["schema", "oldest schema"], "version": ["a", "b"]},
        {"name": ["schema", "oldest schema"], "version": pa.nulls(2, pa.int64())},
    ],
    ids=["no schema", "no names", "words", "nothing"],
)
def test_a_lake_of_another_program_is_refused(versions):
    deltalake = pytest.importorskip("deltalake")
    for _ in range(2):
        deltalake.write_deltalake("lake/versions", pa.table(versions), mode="overwrite")
    with pytest.raises(StoreError, match="is not a lake of correlator"):
        Store("lake").frame("select 1")
