"""The store among several real processes: waiting for the lock, naming its holder, surviving a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from correlator.errors import InputError, NotFoundError, StoreError, StoreLockedError
from correlator.store.db import Store

HOLD = """
import sys, time
from correlator.store.db import Store
with Store(sys.argv[1]).transaction() as connection:
    print("holding", flush=True)
    time.sleep(float(sys.argv[2]))
"""
WRITE_FOREVER = """
import sys
from datetime import UTC, datetime
from correlator.store.db import Store
from correlator.store.statements import execute
store, n = Store(sys.argv[1]), 0
while True:
    n += 1
    with store.transaction() as connection:
        for part in range(2):
            values = {"n": n, "symbol": str(part)}
            columns = "(article_id, symbol, kind, evidence)"
            execute(connection, f"INSERT INTO links {columns} VALUES ($n, $symbol, 'printed', 'x')", values)
    print(n, flush=True)
"""


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "m.duckdb"
    with Store(target).transaction():
        pass
    return target


def test_a_reader_waits_for_a_writer(path):
    holder = start(HOLD, str(path), "1.0")
    assert holder.stdout.readline() == "holding\n"
    assert Store(path, lock_wait=30).frame("SELECT count(*) AS n FROM bars")["n"].to_list() == [0]
    assert holder.wait() == 0


def test_waiting_ends_with_the_holder_named(path):
    holder = start(HOLD, str(path), "60")
    try:
        assert holder.stdout.readline() == "holding\n"
        with pytest.raises(StoreLockedError, match=str(holder.pid)):
            Store(path, lock_wait=0.3).frame("SELECT 1")
    finally:
        holder.kill()
        holder.wait()


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.05])
def test_a_killed_writer_leaves_whole_transactions(path, delay):
    writer = start(WRITE_FOREVER, str(path))
    assert int(writer.stdout.readline()) == 1
    time.sleep(delay)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    with Store(path).transaction() as connection:
        halves = connection.execute("SELECT article_id FROM links GROUP BY 1 HAVING count(*) <> 2").fetchall()
    assert halves == []
    assert Store(path).frame("SELECT count(*) AS n FROM links")["n"][0] >= 2


def test_what_is_no_store_is_refused_in_one_line(tmp_path):
    text = tmp_path / "notes.duckdb"
    text.write_text("no database " * 1000)
    with pytest.raises(StoreError) as refused:
        Store(text).frame("SELECT 1")
    assert "\n" not in str(refused.value)
    with pytest.raises(NotFoundError, match="no store"):
        Store(tmp_path / "absent.duckdb").frame("SELECT 1")
    with pytest.raises(NotFoundError, match="does not exist"), Store(tmp_path / "no" / "m.duckdb").transaction():
        pass


def test_users_sql_reads_and_never_writes(path):
    store = Store(path)
    assert store.sql("SELECT count(*) AS n FROM bars")["n"].to_list() == [0]
    for text in ("DELETE FROM bars", "SELECT nonsense FROM bars"):
        with pytest.raises(InputError):
            store.sql(text)
