"""Measure peak memory of loads and listings of one, ten and a hundred times as many rows, each in its own process.

python tests/faults/memory.py [--scale 1] [--only prices|events|news] [--write]

The scale multiplies the rows. A listing or a check reads the store that the load before it has made.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
from figures import option, publish

from correlator.intake.checks import check_prices
from correlator.intake.events import add_events
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.listing import listing
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store

DAYS = 2_500
FACTORS = (1, 10, 100)


def shares(rows: int) -> Iterator[pl.DataFrame]:
    """Make random walks on sessions of the exchange: checks have few findings, so that memory is that of reading."""
    days = sessions_between("XNYS", date(2015, 1, 1), date(2025, 1, 1))["session"][:DAYS]
    for share in range(rows // DAYS):
        rng = np.random.default_rng(share)
        close = (100 * np.exp(np.cumsum(rng.normal(0, 0.01, DAYS)))).round(4)
        opened, volume = np.append(100.0, close[:-1]), rng.integers(1_000, 9_000, DAYS)
        high, low = (np.maximum(opened, close) * 1.002).round(4), (np.minimum(opened, close) / 1.002).round(4)
        names = {"symbol": [f"S{share}"] * DAYS, "date": days}
        yield pl.DataFrame(names | {"open": opened, "high": high, "low": low, "close": close, "volume": volume})


def prices(folder: Path, rows: int) -> None:
    path = folder / "prices.csv"
    with path.open("w") as file:
        for number, share in enumerate(shares(rows)):
            file.write(share.write_csv(include_header=not number))
    add_prices(Store(folder / "m.duckdb"), path, exchange="XNYS")


def prices_in_columns(folder: Path, rows: int) -> None:
    path, schema = folder / "prices.parquet", next(shares(DAYS)).to_arrow().schema
    with pq.ParquetWriter(path, schema) as file:
        for share in shares(rows):
            file.write_table(share.to_arrow())
    add_prices(Store(folder / "columns.duckdb"), path, exchange="XNYS")


def news(folder: Path, rows: int) -> None:
    path = folder / "news.csv"
    with path.open("w") as file:
        file.write("published,headline\n")
        for n in range(rows):
            hour, day = n % 24, date(2015, 1, 1) + timedelta(hours=n // 10)
            file.write(f"{day}T{hour:02d}:00:00Z,Country {n} and country {n * 7 % rows} sign pact number {n}\n")
    add_news(Store(folder / "m.duckdb"), path, layout="corpus")


def events(folder: Path, rows: int) -> None:
    path = folder / "events.csv"
    with path.open("w") as file:
        file.write("date,category,source,target,id\n")
        for n in range(rows):
            file.write(f"{date(2015, 1, 1) + timedelta(days=n % DAYS)},AGREE,PAK,AZE,{n}\n")
    add_events(Store(folder / "m.duckdb"), path)


def five_articles(folder: Path, _: int) -> None:
    listing(Store(folder / "m.duckdb"), "articles", limit=5)


def five_events(folder: Path, _: int) -> None:
    listing(Store(folder / "m.duckdb"), "events", limit=5)


def checked(folder: Path, _: int) -> None:
    check_prices(Store(folder / "m.duckdb"))


STEPS: dict[str, tuple[int, dict[str, Callable[[Path, int], None]]]] = {
    "prices": (20_000, {"add prices": prices, "check prices": checked, "add prices in Parquet": prices_in_columns}),
    "events": (20_000, {"add events": events, "list events --limit 5": five_events}),
    "news": (5_000, {"add news": news, "list articles --limit 5": five_articles}),
}
"""Rows of the smallest store, and the steps in order."""


def peak(step: Callable[[Path, int], None], folder: Path, rows: int) -> str:
    """Return the peak memory of a child process in MiB, including libraries."""
    command = [sys.executable, __file__, "--work", step.__name__, str(folder), str(rows)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]


def own_peak() -> int:
    """Return the peak of this process in MiB; getrusage includes the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


def main() -> None:
    if "--work" in sys.argv:
        name, folder, rows = sys.argv[sys.argv.index("--work") + 1 :][:3]
        globals()[name](Path(folder), int(rows))
        print(own_peak())
        return
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else None
    table: dict[str, str] = {}
    for what, (least, steps) in STEPS.items():
        if only not in (None, what):
            continue
        rows = int(least * option("scale", 1))
        peaks: dict[str, list[str]] = {name: [] for name in steps}
        for factor in FACTORS:
            with tempfile.TemporaryDirectory() as folder:
                for name, step in steps.items():
                    begun = time.monotonic()
                    peaks[name].append(peak(step, Path(folder), rows * factor))
                    print(f"{name}, {rows * factor:,} rows: {peaks[name][-1]} MiB, {time.monotonic() - begun:.0f} s")
        sizes = " / ".join(f"{rows * factor:,}" for factor in FACTORS)
        table |= {f"{name}, {sizes} rows": " / ".join(each) + " MiB" for name, each in peaks.items()}
    publish("memory", table)


if __name__ == "__main__":
    main()
