"""How fast the study engine is, and how far from the machine's limit.

    python benchmarks/engine.py                              10k, 100k and 1M events
    python benchmarks/engine.py --events 10000000 --stream   10M events into Parquet, chunk after chunk
    python benchmarks/engine.py --peer PYTHON                also times the package `eventstudy` installed for PYTHON

A panel of 2,000 symbols x 5,000 sessions with 3 % of the bars missing; market model, 240 sessions of estimation, a
window of 21 sessions, CAR over five windows, every standard error. Prints the time of loading the compiled loop apart,
then per number of events the least wall time of several runs, CPU time, peak memory, the machine's copy bandwidth in
the same run, and the ratio to the lower bound: bytes that must move (the panel read once, the results written once)
over that bandwidth.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from correlator.eventstudy.estimation.engine import fit_events
from correlator.eventstudy.estimation.estimates import Bars, Placement
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.parts.stream import study_stream
from correlator.eventstudy.request.spec import study_spec

SYMBOLS, SESSIONS, MISSING = 2_000, 5_000, 0.03
WINDOWS = "0:0,-1:1,-5:5,-10:10,0:5"
CAR_COLUMNS = np.array([[10, 10], [9, 11], [5, 15], [0, 20], [10, 15]])

PEER = """
import sys, time, warnings
import numpy as np, pandas as pd
warnings.filterwarnings("ignore")
from eventstudy import Single
Single.import_returns(sys.argv[1])
events = pd.read_csv(sys.argv[2], parse_dates=["date"])
best = float("inf")
for _ in range(3):
    start = time.perf_counter()
    for symbol, day in zip(events.symbol, events.date):
        when = np.datetime64(day, "D")
        Single.market_model(symbol, "M", when, event_window=(-10, 10), estimation_size=240, buffer_size=0)
    best = min(best, time.perf_counter() - start)
print(best / len(events))
"""


@dataclass(frozen=True)
class Timing:
    """Seconds of the best run: wall, CPU of all threads."""

    wall: float
    cpu: float


def build_panel(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Returns (T, S), one symbol's bars side by side in memory, and the benchmark (T, 1)."""
    rng = np.random.default_rng(seed)
    market = rng.standard_normal(SESSIONS) * 0.01
    returns = np.empty((SYMBOLS, SESSIONS))
    for row in returns:
        row[:] = rng.normal(1, 0.3) * market + rng.standard_normal(SESSIONS) * 0.02
        row[rng.random(SESSIONS) < MISSING] = np.nan
    return returns.T, market[:, None]


def best_of(repeats: int, work: Callable[[], object]) -> Timing:
    """The least wall time of ``repeats`` runs and the CPU time of that run."""
    runs = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        runs.append(Timing(time.perf_counter() - wall, time.process_time() - cpu))
    return min(runs, key=lambda run: run.wall)


def copy_bandwidth(megabytes: int = 512) -> float:
    """Bytes per second read plus written by copying an array in memory that is mapped already."""
    source = np.ones(megabytes << 17)
    target = np.zeros_like(source)
    return 2 * source.nbytes / best_of(5, lambda: np.copyto(target, source)).wall


def bytes_that_must_move(events: int) -> int:
    """The panel once, four positions per event in, AR and se per day, CAR, se and count per window, four more out."""
    return 8 * (SYMBOLS * SESSIONS + events * (4 + 2 * 21 + 3 * len(CAR_COLUMNS) + 4))


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def positions(events: int, seed: int = 2) -> Placement:
    rng = np.random.default_rng(seed)
    symbol, day_zero = rng.integers(0, SYMBOLS, events), rng.integers(250, SESSIONS - 10, events)
    estimation, window = (day_zero - 250, day_zero - 11), (day_zero - 10, day_zero + 10)
    return Placement.at(symbol, day_zero, estimation, window, car_columns=CAR_COLUMNS)


def time_in_memory(returns: np.ndarray, market: np.ndarray, events: int, repeats: int) -> Timing:
    where, bars = positions(events), Bars(returns, market)
    return best_of(repeats, lambda: fit_events(bars, where, keep_returns=False, engine="compiled"))


def time_stream(returns: np.ndarray, market: np.ndarray, events: int, outputs: tuple[str, ...]) -> Timing:
    """Events come chunk by chunk too, so that they are not held either."""
    labels = session_labels()
    panel = Panel(labels, tuple(f"S{i:04}" for i in range(SYMBOLS)), returns, market, ("M",))
    names = pl.Series("symbol", panel.symbols)

    def chunks(size: int = 250_000):
        for start in range(0, events, size):
            symbol, day_zero, *_ = positions(min(size, events - start), seed=start)
            ids = np.arange(start, start + len(symbol))
            yield pl.DataFrame({"event_id": ids, "symbol": names[symbol], "date": labels[day_zero]})

    with tempfile.TemporaryDirectory() as folder:
        return best_of(
            1, lambda: study_stream(panel, chunks(), study_spec(windows=WINDOWS), Path(folder) / "out", outputs=outputs)
        )


def session_labels() -> pl.Series:
    days = (date(2000, 1, 3) + timedelta(days=n) for n in range(2 * SESSIONS))
    return pl.Series("session", [day for day in days if day.weekday() < 5][:SESSIONS])


def time_peer(python: str, returns: np.ndarray, market: np.ndarray, events: int) -> float:
    """Seconds per event of `eventstudy` on events of 20 of the symbols without holes, reading the file left out."""
    labels = session_labels()
    symbol, day_zero, *_ = positions(events)
    table = {"date": labels, **{f"S{i}": np.nan_to_num(returns[:, i]) for i in range(20)}, "M": market[:, 0]}
    with tempfile.TemporaryDirectory() as folder:
        bars, wanted = Path(folder) / "returns.csv", Path(folder) / "events.csv"
        pl.DataFrame(table).write_csv(bars)
        pl.DataFrame({"symbol": [f"S{i % 20}" for i in symbol], "date": labels[day_zero]}).write_csv(wanted)
        done = subprocess.run([python, "-c", PEER, bars, wanted], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--stream", action="store_true", help="write CAR and models to Parquet instead of keeping arrays"
    )
    parser.add_argument("--outputs", nargs="+", default=["car", "models", "excluded"], help="what --stream writes")
    parser.add_argument("--peer", help="a Python that has the package eventstudy")
    arguments = parser.parse_args()
    returns, market = build_panel()
    with_panel = peak_mib()
    start = time.perf_counter()
    fit_events(Bars(returns, market), positions(5_000), engine="compiled")
    print(f"processors {os.cpu_count()}, panel {returns.nbytes / 2**20:.0f} MiB, peak with it {with_panel:.0f} MiB")
    print(f"loading (first time: compiling) the loop: {time.perf_counter() - start:.2f} s, not in the times below")
    peer = time_peer(arguments.peer, returns, market, 300) if arguments.peer else None
    for events in arguments.events:
        if arguments.stream:
            report("streamed", events, time_stream(returns, market, events, tuple(arguments.outputs)), with_panel, peer)
            continue
        run = time_in_memory(returns, market, events, arguments.repeats)
        report("in memory", events, run, with_panel, peer)
        bandwidth = copy_bandwidth()
        bound = bytes_that_must_move(events) / bandwidth
        print(
            f"    copy {bandwidth / 1e9:.1f} GB/s, lower bound {bound / events * 1e6:.3f} us an event, "
            f"{run.wall / bound:.1f} times it",
            flush=True,
        )


def report(name: str, events: int, run: Timing, with_panel: float, peer: float | None) -> None:
    """One line: how long, at what cost, against the peer."""
    peak = peak_mib()
    beside = (
        "" if peer is None else f"; eventstudy {peer * 1e6:,.0f} us an event, {peer * events / run.wall:,.0f} times"
    )
    print(
        f"{events:>11,} events, {name}: {run.wall:.3f} s wall, {run.cpu:.3f} s CPU, {run.wall / events * 1e6:.3f} us "
        f"an event, peak {peak:,.0f} MiB ({peak - with_panel:,.0f} above the panel){beside}",
        flush=True,
    )


if __name__ == "__main__":
    main()
