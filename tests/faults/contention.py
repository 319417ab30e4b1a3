"""Run writers and readers on one store at once: count failures, measure waits, compare the result with a serial run.

python tests/faults/contention.py [--writers 4] [--readers 8] [--seconds 180] [--threads 5] [--write]

Writers load files and readers read without any pause except the store's own. Threads: two write, the others read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parent))
from figures import option, publish

from correlator.errors import CorrelatorError
from correlator.intake.events import add_events
from correlator.intake.prices import add_prices
from correlator.store.db import Store
from correlator.store.verify import verify

READ = """
    SELECT symbol, "interval", count(*) AS n, sum(close) AS total, max(vintage) AS vintage FROM bars
    GROUP BY ALL ORDER BY ALL
"""


def load(store: Store, writer: int, turn: int, folder: Path) -> None:
    """Run the ``turn``-th load of a writer: prices of its own symbol, or events that every writer loads."""
    if turn % 3 == 2:
        path = folder / f"events{turn}.csv"
        if not path.exists():
            rows = [f"2025-{month:02d}-{1 + turn % 28:02d},AGREE,PAK,AZE\n" for month in range(1, 13)]
            draft = folder / f"{writer}-{turn}.draft"
            draft.write_text("date,category,source,target\n" + "".join(rows))
            draft.replace(path)
        add_events(store, path)
        return
    path = folder / f"W{writer}-{turn}.csv"
    rows = [
        f"2024-{month:02d}-{day:02d},{writer + turn + day / 10}\n" for month in range(1, 13) for day in range(1, 29)
    ]
    path.write_text("Date,Close\n" + "".join(rows))
    add_prices(store, path, symbol=f"W{writer}T{turn % 7}", exchange="XNYS")


class Timed(Store):
    """A store that records how long its blocks waited to open, and how long each blocked others."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, lock_wait=60)
        self.turn = 0
        self.waits: list[float] = [0.0]
        self.holds: list[tuple[float, str]] = [(0.0, "")]

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        begun = time.monotonic()
        with super().transaction() as connection:
            opened, busy = time.monotonic(), time.process_time()
            yield connection
            written = time.monotonic()
        closed = time.monotonic()
        self.waits.append(opened - begun)
        phases = f"written {written - opened:.2f}, kept {closed - written:.2f}, busy {time.process_time() - busy:.2f}"
        self.holds.append((closed - opened, f"load {self.turn + 1}: {phases}"))

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        begun = time.monotonic()
        with super().reading() as connection:
            self.waits.append(time.monotonic() - begun)
            yield connection


def work(role: str, number: int, path: Path, seconds: float) -> dict[str, object]:
    """Write or read for the given time; return waits and failures."""
    store, folder = Timed(path), path.parent
    end, failures, turn = time.monotonic() + seconds, [], 0
    while time.monotonic() < end:
        store.turn = turn
        try:
            if role == "writer":
                load(store, number, turn, folder)
            else:
                store.frame(READ)
        except CorrelatorError as error:
            failures.append(str(error))
        turn += 1
    waits = {"wait": max(store.waits), "holds": sorted(store.holds, reverse=True)[:3]}
    return {"role": role, "number": number, "turns": turn, "failures": failures, **waits}


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Return the contents of the store, without numbers and times of loads."""
    queries = {
        "bars": "SELECT symbol, session, vintage, close FROM bars ORDER BY ALL",
        "events": "SELECT event_key, known_at, category FROM events ORDER BY ALL",
    }
    return {name: store.frame(query).rows() for name, query in queries.items()}


def begun(path: Path) -> Store:
    """Make a store with one load, so that readers find it."""
    store = Store(path)
    load(store, 99, 0, path.parent)
    return store


def serial(done: list[dict[str, object]], folder: Path) -> Store:
    """Run the same loads one after the other into a new store."""
    store = begun(folder / "serial.duckdb")
    for each in done:
        if each["role"] == "writer":
            for turn in range(int(str(each["turns"]))):
                load(store, int(str(each["number"])), turn, folder)
    return store


def processes(writers: int, readers: int, seconds: float, path: Path) -> list[dict[str, object]]:
    jobs = [("writer", n) for n in range(writers)] + [("reader", n) for n in range(readers)]
    started = [
        subprocess.Popen(
            [sys.executable, __file__, "--work", role, str(number), str(path), str(seconds)],
            stdout=subprocess.PIPE, text=True,
        )
        for role, number in jobs
    ]  # fmt: skip
    return [json.loads(process.communicate()[0]) for process in started]


def threads(count: int, seconds: float, path: Path) -> list[dict[str, object]]:
    done: list[dict[str, object]] = []
    jobs = [("writer", 0), ("writer", 1)] + [("reader", n) for n in range(count - 2)]
    running = [
        threading.Thread(target=lambda role=role, n=n: done.append(work(role, n, path, seconds))) for role, n in jobs
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sorted(done, key=lambda each: (str(each["role"]), int(str(each["number"]))))


def outcome(done: list[dict[str, object]], path: Path) -> dict[str, object]:
    """Return the figures of one run; vintages of a symbol depend only on the order of one writer's loads."""
    failures = [failure for each in done for failure in each["failures"]]  # type: ignore[attr-defined]
    longest = {role: max(float(str(e["wait"])) for e in done if e["role"] == role) for role in ("writer", "reader")}
    holds = sorted((tuple(hold) for each in done for hold in each["holds"]), reverse=True)  # type: ignore[attr-defined]
    for seconds, phases in holds[:5]:
        print(f"held {seconds:.2f} s, {phases}")
    turns = {role: sum(int(str(e["turns"])) for e in done if e["role"] == role) for role in ("writer", "reader")}
    store = Store(path)
    return {
        "loads": turns["writer"],
        "reads": turns["reader"],
        "failures": len(failures) if not failures else f"{len(failures)}: {failures[0]}",
        "longest wait of a writer (s)": f"{longest['writer']:.2f}",
        "longest wait of a reader (s)": f"{longest['reader']:.2f}",
        "longest hold of a writer (s)": f"{holds[0][0]:.2f}",
        "contents equal to a serial run": contents(store) == contents(serial(done, path.parent)),
        "findings of verify": verify(store).height,
    }


def main() -> None:
    if "--work" in sys.argv:
        role, number, path, seconds = sys.argv[sys.argv.index("--work") + 1 :][:4]
        print(json.dumps(work(role, int(number), Path(path), float(seconds))))
        return
    writers, readers, seconds = int(option("writers", 4)), int(option("readers", 8)), option("seconds", 180)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.duckdb"
        begun(path)
        done = processes(writers, readers, seconds, path)
        publish(
            "processes",
            {"seconds": f"{seconds:g}", "writers x readers": f"{writers} x {readers}", **outcome(done, path)},
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.duckdb"
        count = int(option("threads", 5))
        begun(path)
        done = threads(count, seconds / 3, path)
        publish("threads", {"seconds": f"{seconds / 3:g}", "threads": f"2 + {count - 2}", **outcome(done, path)})


if __name__ == "__main__":
    main()
