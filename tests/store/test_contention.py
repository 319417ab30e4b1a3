"""Writers and readers at once: nobody fails, nobody starves, and whoever holds the store is named as what it is."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from correlator.errors import CorrelatorWarning, StoreError, StoreLockedError
from correlator.store.db import Store
from correlator.store.gate import Gate, Holder, Patience, started_at
from correlator.store.statements import execute

READ_ON = """
import sys
from correlator.store.db import Store
store = Store(sys.argv[1], lock_wait=60)
print("reading", flush=True)
while True:
    store.frame("SELECT count(*) FROM links")
"""
HOLD = """
import sys, time
from correlator.store.db import Store
with Store(sys.argv[1]).reading():
    print("reading", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "m.duckdb", lock_wait=60)
    with made.transaction():
        pass
    return made


def insert(store, number):
    with store.transaction() as connection:
        execute(
            connection,
            "INSERT INTO links (article_id, symbol, kind, evidence) VALUES ($n, 'LAMP', 'printed', 'x')",
            {"n": number},
        )


def started(code, store, count=1):
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(store.path)], stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout.readline() == "reading\n"
    return processes


def test_a_writer_gets_in_beside_readers_that_never_pause(store):
    readers = started(READ_ON, store, 3)
    try:
        for number in range(5):
            insert(store, number)
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
    assert store.frame("SELECT count(*) AS n FROM links").item() == 5


def test_threads_are_treated_like_processes(store):
    failures, per_thread = [], 4

    def work(first):
        try:
            for number in range(first, first + per_thread):
                insert(store, number)
                store.frame("SELECT count(*) FROM links")
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.frame("SELECT count(*) AS n FROM links").item() == 5 * per_thread


def test_a_reader_that_holds_the_store_is_named_with_its_start(store):
    (holder,) = started(HOLD, store)
    try:
        begun = started_at(holder.pid)
        with pytest.raises(StoreLockedError) as refused:
            insert(Store(store.path, lock_wait=0.2), 1)
    finally:
        holder.kill()
        holder.wait()
    assert f"process {holder.pid} (python" in str(refused.value)
    assert f"since {begun:%Y-%m-%dT%H:%M:%SZ}" in str(refused.value)
    assert "--wait" in str(refused.value)
    assert "close" not in str(refused.value)


def test_a_thread_that_would_wait_for_itself_is_refused_at_once(store):
    begun = time.monotonic()
    for outer, inner in ((store.reading, store.transaction), (store.transaction, store.reading)):
        with outer(), pytest.raises(StoreError, match="in an enclosing block"), inner():
            pass
    with store.reading(), store.reading() as connection:
        assert execute(connection, "SELECT 1") == [(1,)]
    assert time.monotonic() - begun < 30


def test_the_gate_says_who_keeps_it_and_where_no_file_can_be_it_is_open(tmp_path):
    gate = Gate(tmp_path / "m.duckdb")
    assert gate.holder() is None
    assert gate.passed(Patience(0))
    with gate.closed(Patience(0)) as ours:
        assert ours
        assert str(gate.holder()) == "another thread of this process"
        assert not gate.passed(Patience(0))
        with Gate(tmp_path / "m.duckdb").closed(Patience(0)) as second:
            assert not second
    assert gate.holder() is None
    with Gate(tmp_path / "no" / "m.duckdb").closed(Patience(0)) as ours:
        assert ours
    assert str(Holder(-1, "python", None)) == "process -1 (python)"


def test_a_long_wait_for_the_store_is_said_once(monkeypatch):
    monkeypatch.setattr("correlator.store.gate.QUIET", -1.0)
    patience = Patience(5)
    with pytest.warns(CorrelatorWarning, match="locked by another process") as said:
        assert [patience.pause() for _ in range(2)] == [True, True]
    assert len(said) == 1
