"""A load of several transactions: never taken for a whole before it is one, and whole when it is run again."""

from __future__ import annotations

import pytest

from correlator.errors import InputError, StoreError
from correlator.intake import news, prices
from correlator.intake.news import add_news
from correlator.intake.parts import Tally, load_parts
from correlator.intake.prices import add_prices
from correlator.research.study import study
from correlator.store.changes import delete_rows, insert_new
from correlator.store.db import Store
from correlator.store.unfinished import Load
from correlator.tables import LINKS

PAGES = [f"2025-05-{day:02d}T06:00:00+05:00,{text}\n" for day in range(12, 29) for text in (
    f"Pakistan and Azerbaijan sign trade pact number {day}",
    f"Update: Pakistan and Azerbaijan sign trade pact number {day}",
)]  # fmt: skip


class PowerCut(BaseException):
    """What no code catches."""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "news.csv").write_text("published,headline\n" + "".join(PAGES))
    days = [f"2025-0{month}-{day:02d}" for month in (3, 4, 5) for day in range(1, 29)]
    for symbol, base in (("LAMP", 10), ("INDEX", 100)):
        rows = [f"{day},{base + (k * 7919 % 13) / 10}\n" for k, day in enumerate(days)]
        (tmp_path / f"{symbol}.csv").write_text("Date,Close\n" + "".join(rows))
    return tmp_path


def load_all(store, folder):
    for symbol in ("LAMP", "INDEX"):
        add_prices(store, folder / f"{symbol}.csv", symbol=symbol, exchange="XKAR")
    add_news(store, folder / "news.csv", layout="corpus")


def measured(store):
    result = study(
        store, "LAMP", benchmark="INDEX", estimation="-40:-5", window="-1:1", minimum_observations=10, links=["country"]
    )  # fmt: skip
    return result.car.drop("event_id", strict=False).rows()


def contents(store):
    tables = {
        "articles": "* EXCLUDE (loaded_at, load_id)",
        "events": "* EXCLUDE load_id",
        "links": "* EXCLUDE load_id",
        "quotes": "* EXCLUDE load_id",
        "bars": "* EXCLUDE (retrieved_at, load_id)",
    }
    return {name: store.frame(f"SELECT {what} FROM {name} ORDER BY ALL").rows() for name, what in tables.items()}


def cut_at(monkeypatch, store_class, number):
    """The process dies at the end of its transaction ``number``, before it is committed."""
    original = store_class.transaction
    begun = []

    from contextlib import contextmanager

    @contextmanager
    def counted(self):
        begun.append(1)
        with original(self) as connection:
            yield connection
            if len(begun) == number:
                raise PowerCut

    monkeypatch.setattr(store_class, "transaction", counted)
    return begun


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(news, "PART_ROWS", 10)
    monkeypatch.setattr(news, "SMALL", 5)
    monkeypatch.setattr(prices, "PART_ROWS", 40)


@pytest.mark.lake_slow
@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("step", [23, pytest.param(1, marks=pytest.mark.slow)])
def test_a_load_that_dies_in_a_transaction_is_refused_or_not_there_and_whole_when_run_again(
    folder, new_store, monkeypatch, step
):
    whole = new_store("whole")
    with monkeypatch.context() as patch:
        begun = cut_at(patch, Store, 0)
        load_all(whole, folder)
    reference = contents(whole)
    assert len(begun) >= 10
    assert whole.frame("SELECT kind, rows_added FROM loads ORDER BY load_id").rows() == [
        ("prices", 84), ("prices", 84), ("news", 34),
    ]  # fmt: skip
    expected = measured(whole)
    for number in range(2, len(begun) + 1, step):
        store = new_store(f"{number}")
        with monkeypatch.context() as patch:
            cut_at(patch, Store, number)
            with pytest.raises(PowerCut):
                load_all(store, folder)
        if store.exists() and store.frame("SELECT count(*) AS n FROM unfinished").item():
            with pytest.raises(StoreError, match="has not ended"):
                measured(store)
        load_all(store, folder)
        assert contents(store) == reference, number
        assert store.frame("SELECT count(*) AS n FROM unfinished").item() == 0
        assert measured(store) == expected


def test_a_small_load_is_one_transaction_with_its_stories(folder, new_store, monkeypatch):
    store = new_store("m")
    begun = cut_at(monkeypatch, Store, 0)
    add_news(store, folder / "news.csv", layout="corpus")
    assert len(begun) == 1
    assert store.frame("SELECT count(*) AS n FROM articles WHERE story_id IS NULL").item() == 0


def test_a_part_that_cannot_be_read_leaves_those_before_it_and_the_mark(new_store):
    store = new_store("m")

    def parts():
        yield from range(3)
        raise InputError("line 7 is longer than 64 MB")

    def write(connection, part):
        link = "SELECT $n::BIGINT AS article_id, 'LAMP' AS symbol, 'printed' AS kind, 'x' AS evidence"
        insert_new(connection, LINKS, link, {"n": part})
        return Tally(added=1)

    for _ in range(2):
        with pytest.raises(InputError, match="line 7"):
            load_parts(store, Load("news", "big.csv", None), parts(), write)
        assert store.frame("SELECT source, rows_taken FROM unfinished").rows() == [("big.csv", 2)]
        assert store.frame("SELECT count(*) AS n FROM loads").item() == 0
        with store.transaction() as connection:
            delete_rows(connection, LINKS, "true")
    load_parts(store, Load("news", "big.csv", None), range(3), write)
    assert store.frame("SELECT rows_added FROM loads").rows() == [(3,)]
    assert store.frame("SELECT count(*) AS n FROM unfinished").item() == 0


@pytest.mark.usefixtures("small_parts")
def test_bytes_that_are_loaded_again_under_another_name_end_the_load(folder, new_store, monkeypatch):
    store = new_store("m")
    with monkeypatch.context() as patch:
        cut_at(patch, Store, 3)
        with pytest.raises(PowerCut):
            add_prices(store, folder / "LAMP.csv", symbol="LAMP", exchange="XKAR")
    assert store.frame("SELECT count(*) AS n FROM unfinished").item() == 1
    (folder / "LAMP.csv").rename(folder / "moved.csv")
    add_prices(store, folder / "moved.csv", symbol="LAMP", exchange="XKAR")
    assert store.frame("SELECT count(*) AS n FROM unfinished").item() == 0


def test_parts_that_only_the_journal_knows_are_read_and_the_last_one_takes_it_in(folder, tmp_path, monkeypatch):
    store = Store(tmp_path / "m.duckdb")
    monkeypatch.setattr(prices, "PART_ROWS", 20)
    monkeypatch.setattr(prices, "_SECONDS_HELD", 0.0)
    with monkeypatch.context() as patch:
        cut_at(patch, Store, 4)
        with pytest.raises(PowerCut):
            add_prices(store, folder / "LAMP.csv", symbol="LAMP", exchange="XKAR")
    journal = tmp_path / "m.duckdb.wal"
    assert journal.exists()
    assert store.frame("SELECT count(*) AS n FROM bars").item() == 60
    assert journal.exists()
    add_prices(store, folder / "LAMP.csv", symbol="LAMP", exchange="XKAR")
    assert store.frame("SELECT count(*) AS n FROM bars").item() == 84
    assert not journal.exists()
