"""How a store comes to be: whole, by one rename; what is not a store is refused in the same words everywhere."""

from __future__ import annotations

import os
import sqlite3

import duckdb
import pytest

from correlator.errors import InputError, NotFoundError, StoreError
from correlator.store.db import Store
from correlator.store.migrations import NEWEST
from correlator.store.opening import database_errors
from correlator.store.statements import execute

INSERT = "INSERT INTO links (article_id, symbol, kind, evidence) VALUES (1, 'LAMP', 'printed', 'x')"


def fill(path):
    with Store(path).transaction() as connection:
        execute(connection, INSERT)


def links(path):
    return Store(path).frame("SELECT count(*) AS n FROM links").item()


def shown(folder):
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def test_a_first_load_that_fails_leaves_nothing_and_the_next_makes_the_store(tmp_path):
    path = tmp_path / "m.duckdb"

    def fail():
        with Store(path).transaction() as connection:
            execute(connection, INSERT)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert shown(tmp_path) == []
    with pytest.raises(NotFoundError, match="no store at"):
        links(path)
    fill(path)
    assert links(path) == 1
    assert shown(tmp_path) == ["m.duckdb"]


@pytest.mark.parametrize("left", ["empty file", "database without tables"])
def test_what_a_stopped_first_load_left_is_no_store_to_readers_and_healed_by_the_next_load(tmp_path, left):
    path = tmp_path / "m.duckdb"
    if left == "empty file":
        path.touch()
    else:
        duckdb.connect(str(path)).close()
    with pytest.raises(NotFoundError, match="no store at"):
        links(path)
    fill(path)
    assert links(path) == 1


def test_remains_of_a_killed_first_load_and_of_a_deleted_store_are_put_away(tmp_path):
    path = tmp_path / "m.duckdb"
    (tmp_path / ".m.duckdb.99999999.new").write_text("half")
    (tmp_path / "m.duckdb.wal").write_text("journal of a store that was deleted")
    fill(path)
    assert links(path) == 1
    assert shown(tmp_path) == ["m.duckdb", "m.duckdb.wal.orphan"]
    assert not (tmp_path / ".m.duckdb.99999999.new").exists()


def test_a_database_of_somebody_else_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE bars (a INTEGER)")
    for door in (fill, links):
        with pytest.raises(StoreError, match="not a correlator store"):
            door(path)
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("bars",)]


def test_a_newer_store_is_refused_by_readers_and_writers_in_the_same_words(tmp_path):
    path = tmp_path / "m.duckdb"
    fill(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (?)", [NEWEST + 1])
    for door in (fill, links):
        with pytest.raises(StoreError, match="newer version of correlator .upgrade correlator"):
            door(path)


@pytest.mark.parametrize(
    "address", [":memory:", "md:sample", "MD:", "https://host/m.duckdb", "sqlite:x.db", "", "  ", "."]
)
def test_what_is_not_a_path_is_refused(address):
    with pytest.raises(InputError, match="path"):
        Store(address)


def test_a_folder_and_a_sqlite_file_are_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        Store(tmp_path)
    path = tmp_path / "x.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bars (a)")
    for door in (fill, links):
        with pytest.raises(StoreError, match="cannot open store"):
            door(path)


@pytest.mark.parametrize("name", ["a[1].duckdb", "a b;.duckdb", "run2025-05-28T06:02.duckdb", "it's.duckdb"])
def test_any_name_of_a_file_is_a_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    fill(name)
    assert links(name) == 1
    assert shown(tmp_path) == [name]


def test_a_store_that_is_replaced_while_it_is_written_is_noticed(tmp_path):
    path, other = tmp_path / "m.duckdb", tmp_path / "other.duckdb"
    fill(path)
    fill(other)

    def write():
        with Store(path).transaction() as connection:
            execute(
                connection, "INSERT INTO links (article_id, symbol, kind, evidence) VALUES (2, 'LAMP', 'printed', 'x')"
            )
            other.replace(path)

    with pytest.raises(StoreError, match="replaced or deleted"):
        write()
    assert links(path) == 1


@pytest.mark.parametrize("there", [True, False], ids=["a file", "not yet a file"])
def test_a_link_to_a_store_is_the_store(tmp_path, there):
    path, link = tmp_path / "m.duckdb", tmp_path / "link.duckdb"
    link.symlink_to(path.name)
    fill(path if there else link)
    assert link.is_symlink()
    assert links(path) == links(link) == 1
    assert [name for name in os.listdir(tmp_path) if name.endswith(".lock")] == [".m.duckdb.lock"]


def test_a_full_disk_is_told_with_its_remedy():
    with pytest.raises(StoreError, match="free some disk space"), database_errors("m.duckdb"):
        raise duckdb.IOException('Could not write file "m.duckdb.wal": No space left on device')
