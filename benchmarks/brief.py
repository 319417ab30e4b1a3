"""Measure the coverage of the intervals of briefs, and how long a brief takes.

    python benchmarks/brief.py record STOCKS.csv INDEX.csv [--seeds 1,2,3] [--jobs 2]  with and without planted effects
    python benchmarks/brief.py speed [--events 1000000] [--bars 10000000]  a brief of a large store, as a new process

``record`` takes wide files of daily closes (Date, a column per share; Date, one column) and gives every share events on
days of its own, 40 sessions and more apart, of eight categories. Planted, an event moves its share's price on day 0 by
the effect of its category. Every event is then forecast from what had closed before it was known
(``correlator brief --evaluate``), and intervals are held against what came: a share is in the band where it lies in the
binomial 99 % band of its level for so many dates. Each seed draws other days and other categories; the last table is of
all of them.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

from correlator.base.files import read_csv
from correlator.brief.evaluate import Evaluation, evaluate
from correlator.intake.events import add_events
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store
from correlator.store.writing.bars import write_bars, write_instruments
from correlator.store.writing.events import write_outside_events

EFFECTS = {
    "AGREE": 0.02, "SUPPORT": 0.01, "CONSULT": 0.0, "COOPERATE": 0.0,
    "ACCUSE": -0.01, "THREATEN": -0.02, "SANCTION": 0.0, "ASSAULT": -0.03,
}  # fmt: skip
APART = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    record = verbs.add_parser("record")
    record.add_argument("stocks", type=Path)
    record.add_argument("index", type=Path)
    record.add_argument("--seeds", default="1,2,3", help="numbers with commas between")
    record.add_argument("--jobs", type=int, default=1, help="seeds that are walked side by side")
    speed = verbs.add_parser("speed")
    speed.add_argument("--events", type=int, default=1_000_000)
    speed.add_argument("--bars", type=int, default=10_000_000)
    speed.add_argument("--store", type=Path, help="keep the store here, and use it again")
    asked = parser.parse_args()
    if asked.verb == "record":
        for planted in (False, True):
            print("planted by category" if planted else "no effect")
            seeds = [int(seed) for seed in asked.seeds.split(",")]
            print_record(asked.stocks, asked.index, seeds, planted=planted, jobs=asked.jobs)
    else:
        measure_speed(asked.events, asked.bars, asked.store)


def print_record(stocks: Path, index: Path, seeds: list[int], *, planted: bool, jobs: int) -> None:
    """The panel with events drawn by each seed: its line by window, the table of all seeds, and its transform; last
    how many shares of all seeds' lines lie in their band.
    """
    forecasts, inside, shares = [], 0, 0
    walk = partial(walked, stocks, index, planted=planted)
    with (
        pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=240, tbl_hide_dataframe_shape=True, float_precision=3),
        ProcessPoolExecutor(jobs, get_context("spawn")) as pool,
    ):
        for seed, found in zip(seeds, pool.map(walk, seeds), strict=True):
            lines = found.table().filter(pl.col("category") == "all")
            print(f"seed {seed}", lines, sep="\n", flush=True)
            bands = lines.select(pl.selectors.starts_with("in_band_"))
            inside, shares = inside + int(bands.sum().sum_horizontal().item()), shares + bands.height * bands.width
            forecasts.append(found.forecasts)
        whole = Evaluation(pl.concat(forecasts).sort("window", maintain_order=True), ())
        print("all seeds", whole.table(), whole.pit().pivot("tenth", index="window", values="briefs"), sep="\n")
        print(f"{inside} of {shares} shares of the seeds lie in their band", flush=True)


def walked(stocks: Path, index: Path, seed: int, *, planted: bool) -> Evaluation:
    """Return the forecasts of one seed with their outcomes."""
    with tempfile.TemporaryDirectory() as folder:
        return evaluate(made_store(Path(folder), read_csv(stocks), read_csv(index), seed, planted))


def made_store(folder: Path, stocks: pl.DataFrame, index: pl.DataFrame, seed: int, planted: bool) -> Store:
    """Make a store with the shares, their index, and events that move them (or not)."""
    rng = np.random.default_rng(seed)
    store = Store(folder / "bench.duckdb")
    name = index.columns[1]
    frames = [daily(index[index.columns[0]], index[name].cast(pl.Float64), name)]
    dates = stocks[stocks.columns[0]].cast(pl.String).str.slice(0, 10).str.to_date()
    rows: list[tuple[str, str, str]] = []
    for symbol in stocks.columns[1:]:
        price = stocks[symbol].cast(pl.Float64).to_numpy().copy()
        gaps = APART + rng.integers(0, 60, 2 * len(price) // APART)
        days = np.cumsum(gaps)
        for day in days[days < len(price) - 10]:
            category = str(rng.choice(list(EFFECTS)))
            rows.append((f"{dates[int(day)]}T18:00:00Z", symbol, category))
            if planted:
                price[day:] *= np.exp(EFFECTS[category])
        frames.append(daily(dates, pl.Series(price), symbol))
    # Every event is of its own share: without a country no other share is concerned.
    none = {"name": None, "aliases": None, "country": None, "exchange": "XNYS", "currency": "USD"}
    with store.transaction() as connection:
        write_instruments(connection, [{**none, "symbol": name, "kind": "index", "benchmark": None}])
        shares = [{**none, "symbol": symbol, "kind": "share", "benchmark": name} for symbol in stocks.columns[1:]]
        write_instruments(connection, shares)
        write_bars(connection, pl.concat(frames), datetime(2023, 1, 1, tzinfo=UTC))
    events = pl.DataFrame(rows, schema=["date", "symbol", "category"], orient="row")
    others = rng.choice(["CHN", "RUS", "IRN", "MEX", "GBR", "DEU"], events.height)
    add_events(store, events.with_columns(source=pl.lit("USA"), target=pl.Series(others)))
    return store


def daily(dates: pl.Series, prices: pl.Series, symbol: str) -> pl.DataFrame:
    """Bars of one series of closes, as ``write_bars`` takes them."""
    days = dates.cast(pl.String).str.slice(0, 10).str.to_date()
    return bars_of(pl.DataFrame({"session": days, "close": prices}).drop_nulls("close"), symbol)


def bars_of(closes: pl.DataFrame, symbol: str) -> pl.DataFrame:
    """Bars of ``closes`` (session, close) whose other prices are the close."""
    return closes.with_columns(
        symbol=pl.lit(symbol),
        interval=pl.lit("1d"),
        open=pl.col("close"),
        high=pl.col("close"),
        low=pl.col("close"),
        adjusted_close=pl.lit(None, pl.Float64),
        volume=pl.lit(1e6),
        bar_start=pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        source=pl.lit("made"),
    )


def measure_speed(events: int, bars: int, kept: Path | None) -> None:
    """Seconds of ``correlator brief`` as a new process, on a store of so many events and bars, by the clock and of
    processors. As after any installation, the package's modules are compiled; a first run sees to it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = kept or Path(folder) / "large.duckdb"
        if not path.exists():
            make_large(path, events, bars)
        headline = "Pakistan and Azerbaijan agree to deepen trade and investment ties"
        command = [sys.executable, "-m", "correlator.cli.main", "--store", str(path), "brief", headline]
        command += ["--at", "2021-06-01T06:00Z", "--format", "json"]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        subprocess.run(command, capture_output=True, check=True, env=environment)
        for run in range(7):
            start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(command, capture_output=True, check=True, env=environment)
            took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"run {run}: {took:.2f} s, {busy:.2f} s of processors, {len(done.stdout):,} bytes", flush=True)


def make_large(path: Path, events: int, bars: int) -> None:
    """Bars of shares of four exchanges, and events of forty dyads, a fifth of them with Pakistan."""
    rng = np.random.default_rng(1)
    store = Store(path)
    places = {"XKAR": "PAK", "XBOM": "IND", "XNYS": "USA", "XIST": "TUR"}
    each = 2_500
    symbols = [f"S{number:04d}" for number in range(bars // each)]
    exchanges = [list(places)[number % 4] for number in range(len(symbols))]
    rows = [
        {"symbol": s, "exchange": x, "currency": "USD", "country": places[x], "kind": "share", "benchmark": f"I{x}"}
        for s, x in zip(symbols, exchanges, strict=True)
    ]
    rows += [
        {"symbol": f"I{x}", "exchange": x, "currency": "USD", "country": c, "kind": "index"} for x, c in places.items()
    ]
    with store.transaction() as connection:
        write_instruments(connection, [{"name": None, "aliases": None, "benchmark": None, **row} for row in rows])
    labels = {
        x: sessions_between(x, datetime(2010, 6, 1).date(), datetime(2022, 6, 30).date())["session"][-each:]
        for x in places
    }
    known = datetime(2022, 1, 1, tzinfo=UTC)
    for part in range(0, len(rows), 100):
        frames = []
        for row in rows[part : part + 100]:
            days = labels[row["exchange"]]
            close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.015, len(days))))
            frames.append(bars_of(pl.DataFrame({"session": days, "close": close}), row["symbol"]))
        with store.transaction() as connection:
            write_bars(connection, pl.concat(frames), known)
    countries = ["PAK", "IND", "USA", "TUR", "AZE", "CHN", "IRN", "SAU", "GBR"]
    categories = list(EFFECTS)
    quads = {"AGREE": "verbal-cooperation", "SUPPORT": "verbal-cooperation", "CONSULT": "verbal-cooperation"}
    start = datetime(2010, 1, 1, tzinfo=UTC)
    for part in range(0, events, 100_000):
        count = min(100_000, events - part)
        seconds = rng.integers(0, int(timedelta(days=12 * 365).total_seconds()), count)
        source, target = (np.array(countries)[rng.integers(0, len(countries), count)] for _ in range(2))
        kinds = np.array(categories)[rng.integers(0, len(categories), count)]
        frame = pl.DataFrame({"source_country": source, "target_country": target, "category": kinds}).with_columns(
            known_at=pl.Series([start + timedelta(seconds=int(s)) for s in seconds], dtype=pl.Datetime("us", "UTC")),
            known_precision=pl.lit("second"), coder=pl.lit("gdelt"), article_id=pl.lit(None, pl.Int64),
            quad_class=pl.col("category").replace_strict(quads, default="verbal-conflict"), cameo_root=pl.lit("03"),
            goldstein=pl.lit(1.0), tone=pl.lit(0.0), confidence=pl.lit(0.9), source_role=pl.lit("GOV"),
            target_role=pl.lit("GOV"), symbol=pl.lit(None, pl.String), user_id=pl.lit(""),
            dyad=pl.when(pl.col("source_country") < pl.col("target_country"))
            .then(pl.concat_str("source_country", "target_country", separator="-"))
            .otherwise(pl.concat_str("target_country", "source_country", separator="-")),
            source_line=pl.int_range(part, part + count),
            evidence=pl.concat_str(pl.lit('{"GLOBALEVENTID":"'), pl.int_range(part, part + count), pl.lit('"}')),
        )  # fmt: skip
        with store.transaction() as connection:
            write_outside_events(connection, frame)


if __name__ == "__main__":
    main()
