"""Damaged files at every verb that reads one: one line each, a documented exit code, and the store as it was.

python tests/faults/damaged.py [--files 100] [--seed 0] [--write]
"""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
from figures import option, publish

from correlator.intake.prices import add_prices
from correlator.resources import data_path
from correlator.store.db import Store
from correlator.store.verify import verify

BARS = pl.read_csv(data_path("sample", "AIRLINK.csv"), infer_schema_length=None)


def seeds() -> dict[str, bytes]:
    """Whole files of every kind, by ending."""
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
    """Cut off, overwritten in places, or noise from somewhere on."""
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
    ("check", "prices", "{file}", "--symbol", "AIRLINK", "--exchange", "XKAR"),
    ("study", "--prices", "{file}", "--events", "{file}"),
    ("report", "run", "{file}"),
    ("strip", "{file}"),
    ("code", "{file}"),
    ("store", "restore", "{file}"),
    ("--store", "{file}", "list", "bars"),
)


def main() -> None:
    files, chance = int(option("files", 100)), random.Random(int(option("seed", 0)))
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        store = Store(work / "m.duckdb")
        add_prices(store, data_path("sample", "KSE100.csv"), symbol="KSE100", exchange="XKAR")
        whole = {**seeds(), ".duckdb": store.path.read_bytes()}
        environment = {**os.environ, "CORRELATOR_STORE": str(work / "scratch.duckdb")}
        for n in range(files):
            ending = chance.choice(sorted(whole))
            path = work / f"damaged{n}{ending}"
            path.write_bytes(damaged(whole[ending], chance))
            verb = VERBS[n % len(VERBS)]
            (work / "scratch.duckdb").write_bytes(whole[".duckdb"])
            command = [sys.executable, "-c", "from correlator.cli.main import run; run()", "-q"]
            done = subprocess.run(
                [*command, *(part.format(file=path) for part in verb)],
                capture_output=True, text=True, errors="replace", cwd=work, env=environment, timeout=300,
            )  # fmt: skip
            outcomes["runs"] += 1
            outcomes["refused" if done.returncode else "read"] += 1
            said = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
            broken = done.returncode < 0 or "Traceback" in done.stderr or "internal error" in done.stderr
            if broken or (done.returncode and len(said) != 1):
                outcomes["not one line"] += 1
                print(" ".join(verb), path.name, done.returncode, done.stderr[-300:], flush=True)
            if (work / "scratch.duckdb").exists() and set(verify(Store(work / "scratch.duckdb"))["check"]):
                outcomes["unsound store"] += 1
                print(" ".join(verb), path.name, verify(Store(work / "scratch.duckdb")).rows(), flush=True)
    names = ("runs", "refused", "read", "not one line", "unsound store")
    publish("damaged", {name: outcomes[name] for name in names})


if __name__ == "__main__":
    main()
