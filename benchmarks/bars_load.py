"""Bars at scale: from Parquet and CSV into the store, and from the store into the engine's arrays.

``python benchmarks/bars_load.py [--symbols 2000] [--sessions 5000] [--repeat 3] [--csv-symbols 200]``. Figures are the
best of the repeats; nothing is read from a network. Made-up prices on the real sessions of XNYS, seeded.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from study_docs import machine

from correlator.intake.prices import add_prices
from correlator.sessions import sessions_between
from correlator.store.db import Store


def made_bars(symbols: int, sessions: int) -> pl.DataFrame:
    """Bars of ``symbols`` shares on the last ``sessions`` sessions, stacked: symbol, date, OHLC, volume."""
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


def best_of(repeat: int, work: Callable[[int], object]) -> float:
    """Seconds of the quickest of ``repeat`` runs."""
    times = []
    for number in range(repeat):
        begun = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - begun)
    return min(times)


def main() -> None:
    """Measure and print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=2000)
    parser.add_argument("--sessions", type=int, default=5000)
    parser.add_argument("--csv-symbols", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    folder = Path(tempfile.mkdtemp(prefix="bars-"))
    try:
        measure(folder, options.symbols, options.sessions, options.csv_symbols, options.repeat)
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, symbols: int, sessions: int, csv_symbols: int, repeat: int) -> None:
    """All figures, in ``folder``."""
    rows = made_bars(symbols, sessions)
    parquet, csv = folder / "bars.parquet", folder / "bars.csv"
    rows.write_parquet(parquet)
    few = rows.head(csv_symbols * rows.filter(pl.col("symbol") == "S00000").height)
    few.write_csv(csv)

    def load(file: Path) -> Callable[[int], object]:
        def work(number: int) -> object:
            path = folder / f"{file.suffix[1:]}{number}.duckdb"
            path.unlink(missing_ok=True)
            return add_prices(Store(path), file, exchange="XNYS")

        return work

    for file, height in ((csv, few.height), (parquet, rows.height)):
        seconds = best_of(repeat, load(file))
        print(f"{file.suffix[1:]:<8}{height:>12,} bars into DuckDB {seconds:8.2f} s {height / seconds:>12,.0f} rows/s")
    again = best_of(1, lambda _: add_prices(Store(folder / "parquet0.duckdb"), parquet, exchange="XNYS"))
    print(f"parquet {rows.height:>12,} bars known already {again:5.2f} s")
    store = Store(folder / "parquet0.duckdb")
    names = sorted(rows["symbol"].unique())
    seconds = best_of(repeat, lambda _: read_arrays(store, names))
    print(f"arrays  {rows.height:>12,} bars into arrays {seconds:8.2f} s {rows.height / seconds:>12,.0f} rows/s")


def read_arrays(store: Store, names: list[str]) -> object:
    """What a study reads: the panel of all symbols."""
    from correlator.eventstudy.spec import study_spec
    from correlator.research.panel import stored_panel

    with store.reading() as connection:
        return stored_panel(connection, names, "XNYS", study_spec(holes="drop"))


if __name__ == "__main__":
    main()
