"""A lake: what many write at once is there once and whole, whoever dies between two commits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import deltalake
import polars as pl
import pytest

from correlator.errors import InputError, NotFoundError, StoreConflictError, StoreError
from correlator.store import lake as lake_module
from correlator.store.changes import delete_rows, insert_new, put_rows, update_rows
from correlator.store.db import Store
from correlator.store.lake_upkeep import export, vacuum
from correlator.store.migrations import NEWEST
from correlator.store.reading import read_bars
from correlator.store.upkeep import backup, compact
from correlator.store.verify import verify
from correlator.store.writing.bars import write_bars, write_instruments
from correlator.store.writing.loads import write_load
from correlator.tables import BARS, LINKS, TABLES

NOON = datetime(2025, 5, 26, 12, tzinfo=UTC)
FIRST = date(2025, 1, 1)


class PowerCut(BaseException):
    """What no code catches."""


def bars(symbol: str, days: int = 3, close: float = 10.0) -> pl.DataFrame:
    sessions = [FIRST + timedelta(days=day) for day in range(days)]
    columns = {
        "symbol": [symbol] * days,
        "interval": ["1d"] * days,
        "session": sessions,
        "bar_start": [datetime(each.year, each.month, each.day, tzinfo=UTC) for each in sessions],
        **dict.fromkeys(("open", "high", "low", "adjusted_close", "volume"), [None] * days),
        "close": [close + day for day in range(days)],
        "source": ["test"] * days,
    }
    return pl.DataFrame(columns, schema=BARS.schema(columns))


def add(connection, symbol, **how):
    write_instruments(connection, [{"symbol": symbol, "exchange": "XKAR"}])
    written = write_bars(connection, bars(symbol, **how), NOON)
    write_load(connection, "prices", symbol, None, rows=(written.added, written.known, 0), finished_at=NOON)


def load(store, symbol, **how):
    store.transact(lambda connection: add(connection, symbol, **how))


def contents(store):
    with store.reading() as connection:
        return {table.name: connection.sql(f"SELECT * FROM {table.name} ORDER BY ALL").pl().rows() for table in TABLES}


@pytest.fixture
def lake(tmp_path) -> Store:
    return Store(f"{tmp_path}/lake/")


@pytest.fixture
def without_gate(monkeypatch):
    """Writers as on several machines: nothing but the commit of ``versions`` keeps them apart."""
    made = lake_module.Lake.__init__

    def init(self, *arguments):
        made(self, *arguments)
        self._gate = None

    monkeypatch.setattr(lake_module.Lake, "__init__", init)


def test_changes_mean_the_same_on_every_engine(new_store):
    def link(*articles, evidence="x"):
        rows = " UNION ALL ".join(f"SELECT {article}::BIGINT AS article_id" for article in articles)
        return f"SELECT article_id, 'LAMP' AS symbol, 'named' AS kind, '{evidence}' AS evidence FROM ({rows})"

    store = new_store("m")
    for _ in range(2):  # in one block, and on what an earlier one left
        with store.transaction() as connection:
            counts = [
                insert_new(connection, LINKS, link(1, 2, 3)),
                insert_new(connection, LINKS, link(3, 4)),
                put_rows(connection, LINKS, link(1, 5, evidence="put")),
                update_rows(connection, LINKS, ["evidence"], link(2, 9, evidence="updated")),
                delete_rows(connection, LINKS, "article_id = $gone", {"gone": 3}),
                insert_new(connection, LINKS, link(3, evidence="again")),
            ]
        rows = store.frame("SELECT article_id, evidence FROM links ORDER BY ALL").rows()
        assert rows == [(1, "put"), (2, "updated"), (3, "again"), (4, "x"), (5, "put")]
    assert counts == [0, 0, 2, 1, 1, 1]


def test_a_writer_that_dies_between_its_commits_leaves_no_trace(lake, monkeypatch):
    load(lake, "LAMP")
    before = contents(lake)

    def die(*_):
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(lake_module.Lake, "publish", die)
        with pytest.raises(PowerCut):
            load(lake, "LOST")
    assert contents(lake) == before
    load(lake, "WICK")
    after = contents(lake)
    assert {row[0] for row in after["bars"]} == {row[0] for row in after["instruments"]} == {"LAMP", "WICK"}
    assert [row[2] for row in after["loads"]] == ["LAMP", "WICK"]
    assert verify(lake).is_empty()


def test_a_first_load_that_dies_leaves_no_store_and_the_next_makes_it(lake, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(lake_module.Lake, "publish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            load(lake, "LOST")
    assert not Store(lake.address).exists()
    with pytest.raises(NotFoundError, match="no store at"):
        contents(lake)
    load(lake, "LAMP")
    assert {row[0] for row in contents(lake)["bars"]} == {"LAMP"}


@pytest.mark.usefixtures("without_gate")
def test_of_two_that_write_at_once_the_second_does_its_work_again(tmp_path):
    one, other = Store(f"{tmp_path}/lake/"), Store(f"{tmp_path}/lake/")
    load(one, "BASE")

    def write_beside():
        with one.transaction() as connection:
            add(connection, "LAMP")
            load(other, "WICK")

    with pytest.raises(StoreConflictError):
        write_beside()
    attempts = []

    def work(connection):
        attempts.append(1)
        add(connection, "LAMP")
        if len(attempts) == 1:
            load(other, "OIL")

    one.transact(work)
    assert len(attempts) == 2
    rows = contents(one)
    assert [(row[0], row[2]) for row in rows["loads"]] == [(1, "BASE"), (2, "WICK"), (3, "OIL"), (4, "LAMP")]
    assert len(rows["bars"]) == 4 * 3
    assert verify(one).is_empty()


@pytest.mark.usefixtures("without_gate")
def test_the_key_of_a_bar_is_upheld_between_writers(tmp_path):
    one, other = Store(f"{tmp_path}/lake/"), Store(f"{tmp_path}/lake/")
    seen = []

    def work(connection):
        if not seen:
            load(other, "LAMP", days=2)
        seen.append(write_bars(connection, bars("LAMP"), NOON).added)

    one.transact(work)
    assert seen == [3, 1]
    assert one.frame("SELECT count(*) AS n, max(vintage) AS newest FROM bars").row(0) == (3, 1)


def test_a_reader_keeps_the_state_it_began_with(lake):
    load(lake, "LAMP")
    with Store(lake.address).reading() as connection:
        load(lake, "WICK")
        load(lake, "LAMP", close=20.0)
        assert connection.execute("SELECT count(*), max(vintage) FROM bars").fetchall() == [(3, 1)]
        assert connection.execute("SELECT count(*) FROM loads").fetchall() == [(1,)]
    with lake.reading() as connection:
        assert read_bars(connection, ["LAMP"])["close"].to_list() == [20.0, 21.0, 22.0]


def test_compacting_and_vacuuming_change_files_and_no_row(lake, tmp_path):
    for number in range(4):
        load(lake, "LAMP", close=10.0 + number)
    before = contents(lake)
    files = sorted((tmp_path / "lake" / "bars").rglob("*.parquet"))
    assert len(files) == 4
    compact(lake)
    assert contents(lake) == before
    assert len(deltalake.DeltaTable(f"{tmp_path}/lake/bars").file_uris()) == 1
    assert vacuum(lake, 0) >= 4
    assert len(sorted((tmp_path / "lake" / "bars").rglob("*.parquet"))) == 1
    assert contents(Store(lake.address)) == before
    load(lake, "WICK")
    assert verify(lake).is_empty()


def test_vacuum_keeps_what_counts_where_a_stopped_load_was_the_last_to_commit(lake, monkeypatch):
    load(lake, "LAMP")
    load(lake, "LAMP", close=20.0)
    before = contents(lake)
    with monkeypatch.context() as patch:
        patch.setattr(lake_module.Lake, "publish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lake.transact(lambda connection: delete_rows(connection, BARS, "true"))
    vacuum(lake, 0)
    assert contents(Store(lake.address)) == before


def test_an_exported_store_says_the_same_and_goes_nowhere_else(tmp_path):
    file = Store(tmp_path / "m.duckdb")
    for symbol in ("LAMP", "WICK", "OIL"):
        load(file, symbol)
    with pytest.raises(InputError, match="must not contain '\\['"):
        export(file, f"{tmp_path}/a[1]")
    rows = export(file, f"{tmp_path}/new lake#1")
    assert rows["bars"] == 9
    lake = Store(tmp_path / "new lake#1")
    assert contents(lake) == contents(file)
    load(file, "TAR")
    load(lake, "TAR")
    assert contents(lake) == contents(file)
    with pytest.raises(StoreError, match="a store already exists at"):
        export(file, str(tmp_path / "new lake#1"))
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "a.txt").write_text("x")
    with pytest.raises(InputError, match="not the address of a new lake"):
        export(file, str(tmp_path / "papers"))
    with pytest.raises(InputError, match="is a lake"):
        backup(lake, tmp_path / "b.duckdb")
    with pytest.raises(InputError, match="in one file"):
        vacuum(file)


def test_a_users_sql_reads_the_lake_and_nothing_else(lake, tmp_path):
    load(lake, "LAMP")
    (tmp_path / "secret.csv").write_text("a\n1\n")
    assert lake.sql("SELECT count(*) AS n FROM newest_bars").item() == 3
    for text in (f"SELECT * FROM read_csv('{tmp_path}/secret.csv')", f"SELECT * FROM '{tmp_path}/lake/../secret.csv'"):
        with pytest.raises(InputError, match="SQL failed"):
            lake.sql(text)


def test_a_newer_lake_is_refused_by_readers_and_writers(lake, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(lake_module, "NEWEST", NEWEST + 1)
        load(lake, "LAMP")
    for door in (contents, lambda store: load(store, "WICK")):
        with pytest.raises(StoreError, match="newer version of correlator .upgrade correlator"):
            door(lake)


def test_a_folder_of_other_files_is_no_lake(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputError, match="is a folder, not a store"):
        Store(f"{tmp_path}/")
    with pytest.raises(NotFoundError, match="does not exist"):
        load(Store(f"{tmp_path}/no/lake/"), "LAMP")
