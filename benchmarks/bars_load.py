"""Bars at scale: from Parquet and CSV into the store, and from the store into the engine's arrays.

``python benchmarks/bars_load.py [--symbols 2000] [--sessions 5000] [--repeat 3] [--csv-symbols 200]
[--baseline FOLDER]``. Figures are the best of the repeats, each in a process of its own; seconds of a clock, and of all
processors. ``FOLDER`` is a checkout of an earlier version, measured by turns in the same run. Nothing is read from a
network. Made-up prices on the real sessions of XNYS, seeded.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

ROOT = Path(__file__).resolve().parent.parent
WORDS = {
    "csv": "bars into DuckDB",
    "parquet": "bars into DuckDB",
    "known": "bars known already",
    "arrays": "bars into arrays",
}


def made_bars(symbols: int, sessions: int) -> pl.DataFrame:
    """Bars of ``symbols`` shares on the last ``sessions`` sessions, stacked: symbol, date, OHLC, volume."""
    import numpy as np
    import polars as pl

    from correlator.sessions.calendars import sessions_between

    labels = sessions_between("XNYS", date(2000, 1, 3), date(2024, 12, 31))["session"].tail(sessions)
    sessions = len(labels)
    rng = np.random.default_rng(1)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.01, (symbols, sessions)), axis=1))
    open_ = close * np.exp(rng.normal(0, 0.003, close.shape))
    names = np.repeat([f"S{number:05d}" for number in range(symbols)], sessions)
    return pl.DataFrame(
        {
            "symbol": names,
            "date": pl.concat([labels] * symbols),
            "open": open_.round(4).ravel(),
            "high": (np.maximum(open_, close) * 1.002).round(4).ravel(),
            "low": (np.minimum(open_, close) * 0.998).round(4).ravel(),
            "close": close.round(4).ravel(),
            "volume": rng.integers(1_000, 1_000_000, close.size).astype(float),
        }
    )


def make_files(folder: Path, symbols: int, sessions: int, csv_symbols: int) -> dict[str, int]:
    """Write ``made_bars``; returns rows by figure."""
    rows = made_bars(symbols, sessions)
    rows.write_parquet(folder / "bars.parquet")
    few = rows.head(csv_symbols * (rows.height // symbols))
    few.write_csv(folder / "bars.csv")
    return {"csv": few.height, "parquet": rows.height, "known": rows.height, "arrays": rows.height}


def load(folder: Path, store: Path) -> Callable[[], object]:
    """Return the function that loads the file of ``folder`` with the name of the store into ``store``."""
    from correlator.intake.prices import add_prices
    from correlator.store.db import Store

    return lambda: add_prices(Store(store), folder / f"bars.{store.name.partition('-')[0]}", exchange="XNYS")


def read_arrays(folder: Path, store: Path) -> Callable[[], object]:
    """Read what a study reads: the panel of all symbols."""
    import polars as pl

    from correlator.store.db import Store

    names = sorted(pl.read_parquet(folder / "bars.parquet", columns=["symbol"])["symbol"].unique())
    panel_of: Callable[..., object]
    try:
        from correlator.eventstudy.request.spec import study_spec
        from correlator.research.panel import stored_panel
    except ImportError:  # an early version
        from correlator.study.setup.stored_panel import stored_panel as panel_of  # type: ignore[import-not-found]

        rest: tuple[object, ...] = (None, "XNYS")
    else:
        panel_of, rest = stored_panel, ("XNYS", study_spec(holes="drop"))

    def work() -> object:
        with Store(store).reading() as connection:
            return panel_of(connection, names, *rest)

    return work


def measure_one(figure: str, folder: Path, store: Path) -> None:
    """Print the seconds of one piece of work, by the clock and of all processors, as JSON."""
    work = (read_arrays if figure == "arrays" else load)(folder, store)
    begun, busy = time.perf_counter(), time.process_time()
    with redirect_stdout(sys.stderr):
        work()
    print(json.dumps([time.perf_counter() - begun, time.process_time() - busy]))


def in_process(figure: str, folder: Path, store: Path, package: Path) -> tuple[float, float]:
    """As ``measure_one``, in a process that imports the package of the checkout ``package``."""
    command = [sys.executable, __file__, "--one", figure, str(folder), str(store)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(package)}
    )
    clock, busy = json.loads(done.stdout)
    return clock, busy


def measure(folder: Path, heights: dict[str, int], packages: dict[str, Path], repeat: int) -> None:
    """Print a line per figure and checkout: the best of the repeats, the checkouts by turns."""
    for figure, height in heights.items():
        best: dict[str, tuple[float, float]] = {}
        for number in range(1 if figure == "known" else repeat):
            for name, package in packages.items():
                made = "csv" if figure == "csv" else "parquet"
                store = folder / f"{made}-{name}.duckdb"
                if figure in ("csv", "parquet"):
                    store.unlink(missing_ok=True)
                seconds = in_process(figure, folder, store, package)
                best[name] = tuple(map(min, best.get(name, seconds), seconds)) if number else seconds  # type: ignore[assignment]
        for name, (clock, busy) in best.items():
            what = f"{figure:<8}{height:>11,} {WORDS[figure]:<18}"
            print(f"{what}{clock:7.2f} s {height / clock:>12,.0f} rows/s  processors {busy:6.2f} s  {name}".rstrip())


def main() -> None:
    """Measure and print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=2000)
    parser.add_argument("--sessions", type=int, default=5000)
    parser.add_argument("--csv-symbols", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--baseline", type=Path, help="checkout of an earlier version")
    parser.add_argument("--one", nargs=3, metavar=("FIGURE", "FOLDER", "STORE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        figure, folder, store = options.one
        measure_one(figure, Path(folder), Path(store))
        return
    from study_docs import machine

    print(machine())
    packages = {"": ROOT} if options.baseline is None else {"now": ROOT, "baseline": options.baseline.resolve()}
    folder = Path(tempfile.mkdtemp(prefix="bars-"))
    try:
        heights = make_files(folder, options.symbols, options.sessions, options.csv_symbols)
        measure(folder, heights, packages, options.repeat)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
