"""Give damaged files to every verb that reads one: an error of one line, a documented exit code, an unchanged store.

python tests/faults/damaged.py [--files 100] [--jobs N] [--seed 0] [--write]
"""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
from figures import option, publish

from correlator.base.resources import data_path
from correlator.cli.exit_codes import ExitCode
from correlator.intake.prices import add_prices
from correlator.store.db import Store
from correlator.store.verify import verify

BARS = pl.read_csv(data_path("sample", "AIRLINK.csv"), infer_schema_length=None)


def seeds() -> dict[str, bytes]:
    """Return valid files of every kind, by ending."""
    parquet, arrow, workbook = io.BytesIO(), io.BytesIO(), io.BytesIO()
    BARS.write_parquet(parquet)
    BARS.write_ipc(arrow)
    BARS.write_excel(workbook)
    return {
        ".csv": BARS.write_csv().encode(),
        ".parquet": parquet.getvalue(),
        ".arrow": arrow.getvalue(),
        ".xlsx": workbook.getvalue(),
        ".txt": data_path("sample", "page.txt").read_bytes(),
        ".json": BARS.write_json().encode(),
    }


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Truncate the bytes, overwrite parts of them, or replace the rest by noise."""
    data = bytearray(content)
    place = chance.randrange(len(data))
    how = chance.choice(("cut", "bytes", "tail", "zeros", "noise"))
    if how == "cut":
        return bytes(data[:place])
    if how == "noise":
        return bytes(data[:place]) + chance.randbytes(200)
    if how == "tail":
        place = max(0, len(data) - chance.randrange(1, 400))
    width = chance.choice((1, 4, 64))
    data[place : place + width] = bytes(width) if how == "zeros" else chance.randbytes(width)
    return bytes(data)


VERBS = (
    ("add", "prices", "{file}", "--symbol", "AIRLINK", "--exchange", "XKAR"),
    ("add", "news", "{file}"),
    ("add", "events", "{file}"),
    ("add", "instruments", "{file}"),
    ("add", "watchlist", "{file}"),
    ("check", "prices", "{file}", "--symbol", "AIRLINK", "--exchange", "XKAR"),
    ("sessions", "check", "{file}"),
    ("study", "--prices", "AIRLINK={file}", "--events", "{file}", "--exchange", "XKAR", "--model", "mean"),
    ("report", "run", "{file}"),
    ("strip", "{file}"),
    ("code", "{file}"),
    ("store", "restore", "{file}"),
    ("--store", "{file}", "list", "bars"),
)
FIGURES = ("files", "runs", "refused", "read", "not a one-line error", "damaged store", "changed numbers")
KEPT = "SELECT count(*), sum(close), sum(volume) FROM bars WHERE symbol = 'KSE100'"
"""The contents of the store before: damaged files may only add to them."""


@dataclass(frozen=True)
class Scratch:
    """A folder for one run at a time, and a store of which each run gets a copy."""

    folder: Path
    whole: bytes
    numbers: tuple[object, ...]

    def run(self, verb: Sequence[str], file: Path) -> Counter[str]:
        """Return the outcome of one verb with one file, described if it is wrong."""
        store = self.folder / "scratch.duckdb"
        store.write_bytes(self.whole)
        typed = [part.format(file=file) for part in verb]
        done = subprocess.run(
            [sys.executable, "-c", "from correlator.cli.main import run; run()", "-q", *typed],
            capture_output=True, text=True, errors="replace", cwd=self.folder, timeout=300, check=False,
            env={**os.environ, "CORRELATOR_STORE": str(store)},
        )  # fmt: skip
        said = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
        broken = done.returncode < 0 or "Traceback" in done.stderr or "internal error" in done.stderr
        wrong = Counter[str]()
        wrong["not a one-line error"] += broken or (done.returncode not in (0, ExitCode.FINDINGS) and len(said) != 1)
        wrong["damaged store"] += bool(set(verify(Store(store))["check"]))
        wrong["changed numbers"] += Store(store).frame(KEPT).row(0) != self.numbers
        if wrong.total():
            print(dict(wrong), *typed, done.returncode, done.stderr[-300:], flush=True)
        return wrong + Counter(["runs", "read" if done.returncode in (0, ExitCode.FINDINGS) else "refused"])


def main() -> None:
    files, jobs = int(option("files", 100)), int(option("jobs", os.cpu_count() or 1))
    chance = random.Random(int(option("seed", 0)))
    outcomes = Counter(files=files)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        store = Store(work / "m.duckdb")
        add_prices(store, data_path("sample", "KSE100.csv"), symbol="KSE100", exchange="XKAR")
        whole = {**seeds(), ".duckdb": store.path.read_bytes()}
        free: Queue[Scratch] = Queue()
        for job in range(jobs):
            (work / str(job)).mkdir()
            free.put(Scratch(work / str(job), whole[".duckdb"], store.frame(KEPT).row(0)))

        def at_every_verb(path: Path) -> Counter[str]:
            scratch = free.get()
            try:
                return sum((scratch.run(verb, path) for verb in VERBS), Counter[str]())
            finally:
                free.put(scratch)

        paths = []
        for n in range(files):
            ending = chance.choice(sorted(whole))
            paths.append(work / f"damaged{n}{ending}")
            paths[-1].write_bytes(damaged(whole[ending], chance))
        with ThreadPoolExecutor(jobs) as pool:
            outcomes += sum(pool.map(at_every_verb, paths), Counter[str]())
    publish("damaged", {name: f"{outcomes[name]:,}" for name in FIGURES})


if __name__ == "__main__":
    main()
