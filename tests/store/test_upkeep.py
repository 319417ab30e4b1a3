"""Is the store sound, and copies of it: verify finds what is wrong and names what to do; copies are whole."""

from __future__ import annotations

import os

import duckdb
import pytest

from correlator.base.resources import data_path
from correlator.errors import InputError, NotFoundError, StoreError
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.intake.repair import repair
from correlator.store.db import Store
from correlator.store.statements import execute
from correlator.store.unfinished import Load, mark_unfinished
from correlator.store.upkeep import backup, compact, restore
from correlator.store.verify import verify

BAR = (
    "INSERT INTO bars (symbol, interval, session, bar_start, vintage, close, source, retrieved_at)"
    " VALUES ('AIRLINK', '1d', '2020-01-02', '{start}', {vintage}, {close}, 'x', '2025-05-29')"
)
EVENT = (
    "INSERT INTO events (event_id, event_key, known_at, known_precision, coder, category, quad_class, goldstein)"
    " VALUES ({id}, '{key}', {known}, '{precision}', 'user', 'x', 'neutral', {goldstein})"
)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("sound") / "m.duckdb")
    for symbol in ("AIRLINK", "KSE100"):
        add_prices(store, data_path("sample", f"{symbol}.csv"), symbol=symbol, exchange="XKAR")
    add_news(store, data_path("sample", "page.txt"))
    return store


@pytest.fixture
def store(loaded, tmp_path):
    path = tmp_path / "m.duckdb"
    path.write_bytes(loaded.path.read_bytes())
    return Store(path)


def test_the_sample_is_sound(loaded):
    assert verify(loaded).rows() == []
    assert verify(loaded, quick=True).rows() == []


@pytest.mark.parametrize(
    ("sabotage", "check"),
    [
        ("UPDATE articles SET story_id = NULL", "article without a story"),
        ("UPDATE articles SET story_id = 77", "story_id without its article"),
        ("UPDATE articles SET version = 2", "versions that do not count from 1"),
        ("DELETE FROM articles", "article_id without its article"),
        ("UPDATE quotes SET session = NULL, session_reason = NULL", "strip never dated"),
        ("UPDATE quotes SET price = price + 1", "quote that does not add up"),
        ("UPDATE quotes SET official_close = official_close + 1", "official close of a strip that no bar has"),
        ("DELETE FROM instruments WHERE symbol = 'KSE100'", "bars of a symbol without an instrument"),
        ("UPDATE bars SET close = 'nan'::DOUBLE WHERE symbol = 'KSE100'", "figure that is not a number"),
        ("INSERT INTO bars SELECT * FROM bars LIMIT 1", "key more than once"),
        (BAR.format(start="2020-01-02 00:00:00+00", vintage=2, close=1), "vintages that do not count from 1"),
        (
            BAR.format(start="2020-01-02 05:00:00+00", vintage=1, close=1),
            "daily bar that does not start on its session",
        ),
        (BAR.format(start="2020-02-02 00:00:00+00", vintage=1, close=1), "bar more than a day away from its session"),
        (
            ";".join(BAR.format(start="2020-01-02 00:00:00+00", vintage=n, close=1) for n in (1, 2)),
            "vintage equal to the one before",
        ),
        (
            ";".join(EVENT.format(id=n, key="k", known="'2020-01-02'", precision="day", goldstein=1) for n in (91, 92)),
            "copy of an event",
        ),
        (
            EVENT.format(id=91, key="k", known="NULL", precision="day", goldstein=1),
            "instant and precision contradict",
        ),
        (EVENT.format(id=91, key="k", known="NULL", precision="unknown", goldstein=11), "goldstein outside -10 to 10"),
        ("UPDATE events SET dyad = 'USA-XXX'", "dyad is not that of the actors"),
    ],
)
def test_verify_names_what_breaks_an_invariant(store, sabotage, check):
    with store.transaction() as connection:
        for statement in sabotage.split(";"):
            execute(connection, statement)
    findings = verify(store)
    assert check in findings["check"].to_list()
    assert all(findings["remedy"].str.len_chars() > 0)


def test_damaged_blocks_are_found(loaded, tmp_path):
    content = bytearray(loaded.path.read_bytes())
    hits = 0
    for place in range(3 * 4096, len(content), 256 * 1024):
        damaged = bytearray(content)
        damaged[place + 100 : place + 400] = os.urandom(300)
        path = tmp_path / "damaged.duckdb"
        path.write_bytes(damaged)
        try:
            hits += "damaged blocks" in verify(Store(path))["check"].to_list()
        except StoreError as error:
            hits += "\n" not in str(error)
    assert hits >= 2


def test_repair_finishes_what_a_stopped_load_left(store):
    with store.transaction() as connection:
        execute(connection, "UPDATE articles SET story_id = NULL")
        execute(connection, "UPDATE quotes SET session = NULL, session_reason = NULL")
        mark_unfinished(connection, Load("news", "a.csv", None), 3)
    assert verify(store, quick=True).height == 3
    assert len(repair(store)) == 3
    assert verify(store).rows() == []
    assert repair(store) == []


def test_backup_and_restore(store, tmp_path):
    copy = backup(store, tmp_path / "it's a copy.duckdb")
    with pytest.raises(InputError, match="already exists"):
        backup(store, copy)
    with pytest.raises(NotFoundError, match="no store at"):
        backup(Store(tmp_path / "absent.duckdb"), tmp_path / "b.duckdb")
    with store.transaction() as connection:
        execute(connection, "DELETE FROM bars")
    replaced = restore(store, copy)
    assert store.frame("SELECT count(*) > 0 FROM bars").item()
    assert Store(replaced).frame("SELECT count(*) FROM bars").item() == 0
    assert verify(store).rows() == []
    with pytest.raises(InputError, match="the store itself"):
        restore(store, store.path)


@pytest.mark.parametrize("damage", ["absent", "noise", "cut", "foreign"])
def test_restore_takes_the_place_of_a_damaged_store_and_of_nothing_else(store, tmp_path, damage):
    copy = backup(store, tmp_path / "copy.duckdb")
    content = store.path.read_bytes()
    store.path.unlink()
    if damage == "noise":
        store.path.write_bytes(b"noise" * 5_000)
    elif damage == "cut":
        store.path.write_bytes(content[: len(content) // 3])
    elif damage == "foreign":
        with duckdb.connect(str(store.path)) as connection:
            connection.execute("CREATE TABLE precious (a INTEGER)")
    before = store.path.read_bytes() if store.path.exists() else None
    if damage == "foreign":
        with pytest.raises(StoreError, match="not a correlator store"):
            restore(store, copy)
        assert store.path.read_bytes() == before
        return
    replaced = restore(store, copy)
    assert verify(store).rows() == []
    assert (replaced.read_bytes() if replaced else None) == before


def test_a_damaged_backup_leaves_the_store(store, tmp_path):
    bad = tmp_path / "bad.duckdb"
    bad.write_bytes(store.path.read_bytes()[:20_000])
    before = store.path.read_bytes()
    with pytest.raises(StoreError):
        restore(store, bad)
    assert store.path.read_bytes() == before
    assert sorted(name for name in os.listdir(tmp_path) if not name.startswith(".")) == ["bad.duckdb", "m.duckdb"]


def test_compact_frees_the_room_of_rows_that_are_gone(store):
    with store.transaction() as connection:
        execute(
            connection,
            "INSERT INTO links SELECT range, range::VARCHAR, 'printed', repeat(hash(range)::VARCHAR, 20), NULL"
            " FROM range(30000)",
        )
    with store.transaction() as connection:
        execute(connection, "DELETE FROM links WHERE article_id > 1")
    rows = store.frame("SELECT count(*) FROM bars").item()
    before, after = compact(store)
    assert after < before / 2
    assert store.frame("SELECT count(*) FROM bars").item() == rows
