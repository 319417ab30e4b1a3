"""Load into one lake from many processes and kill some: every acknowledged row must be there once, and no other.

python tests/faults/lake_writers.py [--writers 10] [--kills 3] [--seconds 60] [--write]

A writer notes a load in a file of its own after ``transact`` has returned: that is the acknowledgement. A load that was
killed before it could be noted may be there or not, but whole. A reader looks at the lake all the while: what it sees
is whole at any moment.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
from figures import option, publish

from correlator.store.db import Store
from correlator.store.verify import verify
from correlator.store.writing.bars import write_bars, write_instruments
from correlator.store.writing.events import write_events
from correlator.store.writing.loads import write_load
from correlator.tables import BARS, EVENTS

ROWS = 20
FIRST = date(2024, 1, 1)
NOON = datetime(2025, 5, 26, 12, tzinfo=UTC)


def bars_of(symbol: str) -> pl.DataFrame:
    """Return the bars of one load, on days of its own."""
    days = [FIRST + timedelta(days=day) for day in range(ROWS)]
    columns = {
        "symbol": [symbol] * ROWS,
        "interval": ["1d"] * ROWS,
        "session": days,
        "bar_start": [datetime(each.year, each.month, each.day, tzinfo=UTC) for each in days],
        **dict.fromkeys(("open", "high", "low", "adjusted_close", "volume"), [None] * ROWS),
        "close": [float(day) for day in range(ROWS)],
        "source": [symbol] * ROWS,
    }
    return pl.DataFrame(columns, schema=BARS.schema(columns))


def events_of(symbol: str) -> pl.DataFrame:
    """Return the events of one load."""
    names = [name for name in EVENTS.column_names if name != "event_id"]
    rows = {name: [None] * ROWS for name in names} | {
        "event_key": [f"{symbol}:{number}" for number in range(ROWS)],
        "known_at": [NOON] * ROWS,
        "known_precision": ["minute"] * ROWS,
        "coder": ["user"] * ROWS,
        "category": ["AGREE"] * ROWS,
        "quad_class": ["verbal-cooperation"] * ROWS,
        "symbol": [symbol] * ROWS,
    }
    return pl.DataFrame(rows, schema=EVENTS.schema(names))


def load(store: Store, symbol: str) -> None:
    """Run one load: four tables, one commit."""

    def work(connection) -> None:  # type: ignore[no-untyped-def]
        write_instruments(connection, [{"symbol": symbol, "exchange": "XNYS"}])
        written = write_bars(connection, bars_of(symbol), NOON)
        write_events(connection, events_of(symbol))
        write_load(connection, "prices", symbol, None, rows=(written.added, written.known, 0), finished_at=NOON)

    store.transact(work)


def write_on(address: str, writer: int, notes: Path) -> None:
    """Load without a pause until killed, and record each acknowledged load."""
    store = Store(address, lock_wait=120)
    with notes.open("a") as file:
        for turn in range(10**6):
            symbol = f"W{writer}T{turn}"
            load(store, symbol)
            file.write(f"{symbol}\n")
            file.flush()
            os.fsync(file.fileno())


def torn(store: Store) -> int:
    """Return loads that are incomplete in the state that is read: each has its instrument, bars, events and line."""
    sql = f"""
        SELECT count(*) FROM (
            SELECT symbol FROM instruments UNION SELECT symbol FROM bars UNION SELECT symbol FROM events
            UNION SELECT source FROM loads
        ) AS every(symbol)
        LEFT JOIN (SELECT symbol, count(*) AS bars FROM bars GROUP BY symbol) USING (symbol)
        LEFT JOIN (SELECT symbol, count(*) AS events FROM events GROUP BY symbol) USING (symbol)
        LEFT JOIN (SELECT source AS symbol, count(*) AS loads FROM loads GROUP BY source) USING (symbol)
        LEFT JOIN (SELECT symbol, 1 AS named FROM instruments) USING (symbol)
        WHERE bars IS DISTINCT FROM {ROWS} OR events IS DISTINCT FROM {ROWS} OR loads IS DISTINCT FROM 1
            OR named IS NULL
    """
    return int(store.frame(sql).item())


def wait_for_a_load(notes: list[Path], processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait until a writer has recorded its first load, or all have ended: their start is not measured."""
    while not any(note.exists() and note.stat().st_size for note in notes):
        if all(process.poll() is not None for process in processes):
            raise RuntimeError("every writer ended before its first load")
        time.sleep(0.05)


def contest(folder: Path, *, writers: int, kills: int, seconds: float, seed: int = 0) -> dict[str, int]:
    """Let ``writers`` load for ``seconds`` after the first load, kill some at random, and count what is wrong."""
    chance = random.Random(seed)
    address = f"{folder}/lake/"
    load(Store(address), "FIRST")
    notes = [folder / f"notes{number}.txt" for number in range(writers)]
    arguments = [[address, str(number), str(note)] for number, note in enumerate(notes)]
    processes = [subprocess.Popen([sys.executable, __file__, "--writer", *each]) for each in arguments]
    wait_for_a_load(notes, processes)
    begun = time.monotonic()
    moments = sorted(chance.uniform(0.3, 0.9) * seconds for _ in range(kills))
    reads = torn_reads = killed = 0
    reader = Store(address)
    while time.monotonic() - begun < seconds or killed < kills:
        torn_reads += torn(reader) > 0
        reads += 1
        if killed < kills and time.monotonic() - begun >= moments[killed]:
            processes[killed].kill()
            killed += 1
    for process in processes:
        process.kill()
        process.wait()
    acknowledged = {line for note in notes if note.exists() for line in note.read_text().splitlines()} | {"FIRST"}
    store = Store(address)
    there = set(store.frame("SELECT symbol FROM instruments")["symbol"])
    load(store, "LAST")
    return {
        "writers": writers,
        "killed at random": kills,
        "loads acknowledged": len(acknowledged),
        "of them missing": len(acknowledged - there),
        "loads present but not acknowledged (killed before they could be recorded)": len(there - acknowledged),
        "loads that are incomplete or duplicated": torn(store),
        "reads meanwhile": reads,
        "of them not of a single version": torn_reads,
        "findings of verify": verify(store).height,
    }


if __name__ == "__main__":
    if "--writer" in sys.argv:
        at = sys.argv.index("--writer")
        write_on(sys.argv[at + 1], int(sys.argv[at + 2]), Path(sys.argv[at + 3]))
    with tempfile.TemporaryDirectory() as work:
        seconds = option("seconds", 60)
        figures = contest(
            Path(work), writers=int(option("writers", 10)), kills=int(option("kills", 3)), seconds=seconds
        )
        publish("lake", {"seconds": f"{seconds:g}", **figures})
        sys.exit(bool(figures["of them missing"] or figures["loads that are incomplete or duplicated"]))
