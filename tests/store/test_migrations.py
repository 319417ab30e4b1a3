"""Every earlier schema becomes today's: once, whole, with a copy of the store as it was beside it."""

from __future__ import annotations

import os

import duckdb
import pytest
from earlier_schemas import ARRIVED, made_by_schema

from correlator.errors import StoreError
from correlator.store import migrations
from correlator.store.db import Store
from correlator.store.migrations import NEWEST, schema_version
from correlator.tables import ACTIONS, ADDRESSES, REPEATS, UNFINISHED


@pytest.mark.parametrize(
    ("door", "version"), [("reader", 1), ("reader", NEWEST - 1), *(("writer", version) for version in range(1, NEWEST))]
)
def test_every_earlier_schema_becomes_todays(tmp_path, version, door):
    path = tmp_path / "m.duckdb"
    made_by_schema(version, path)
    if door == "writer":
        with Store(path).transaction():
            pass
    store = Store(path)
    assert store.frame("SELECT close FROM bars").rows() == [(10.0,)]
    with store.reading() as connection:
        assert schema_version(connection) == NEWEST
    fresh = Store(tmp_path / "fresh.duckdb")
    with fresh.transaction():
        pass
    layout = (
        "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
    )
    assert store.frame(layout).rows() == fresh.frame(layout).rows()
    keys = "SELECT table_name, constraint_type, constraint_column_names FROM duckdb_constraints() ORDER BY ALL"
    assert store.frame(keys).rows() == fresh.frame(keys).rows()
    with duckdb.connect(str(tmp_path / f"m.duckdb.schema-{version}"), read_only=True) as connection:
        assert schema_version(connection) == version
        assert connection.execute("SELECT count(*) FROM bars").fetchall() == [(1,)]


def test_copies_of_events_are_healed_and_the_first_stays(tmp_path):
    path = tmp_path / "m.duckdb"
    made_by_schema(4, path)
    healed = Store(path).frame("SELECT event_id, coder, event_key FROM events ORDER BY event_id").rows()
    assert [row[:2] for row in healed] == [(1, "user"), (2, "gdelt"), (5, "gdelt")]
    assert [row[2] for row in healed[1:]] == ["gdelt:771", "gdelt:772"]


@pytest.mark.parametrize("step", range(1, NEWEST))
def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path, monkeypatch, step):
    path = tmp_path / "m.duckdb"
    made_by_schema(1, path)

    def broken(connection):
        migrations.MIGRATIONS_OF_TEST[step](connection)
        raise duckdb.IOException("IO Error: No space left on device")

    steps = list(migrations.MIGRATIONS)
    monkeypatch.setattr(migrations, "MIGRATIONS_OF_TEST", list(steps), raising=False)
    steps[step] = broken
    monkeypatch.setattr(migrations, "MIGRATIONS", tuple(steps))
    with pytest.raises(StoreError, match="No space left"), Store(path).transaction():
        pass
    with duckdb.connect(str(path), read_only=True) as connection:
        assert schema_version(connection) == 1
        assert connection.execute("SELECT count(*) FROM events").fetchall() == [(5,)]
    monkeypatch.undo()
    assert Store(path).frame("SELECT count(*) AS n FROM events").item() == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_earlier_store_that_may_not_be_written_is_refused_by_readers(tmp_path):
    path = tmp_path / "m.duckdb"
    made_by_schema(4, path)
    path.chmod(0o444)
    with pytest.raises(StoreError, match="without write permission"):
        Store(path).frame("SELECT 1")


def test_the_fixtures_name_every_table_that_came_later():
    assert {ACTIONS.name, ADDRESSES.name, REPEATS.name, UNFINISHED.name} == set(ARRIVED)
