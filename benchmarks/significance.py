"""From a DuckDB file to every statistic across events in Parquet, and what the plain definitions would take.

    python benchmarks/significance.py                       100k, 250k, 500k, 1M events
    python benchmarks/significance.py --events 1000000 --against CHECKOUT   and by how much the benchmark of another
                                                                            commit, checked out there, is quicker

A store of 2,000 symbols x 5,000 sessions with 3.5 % of the prices missing, made up and seeded, and its events in a
table of the same file. Market model on an equal-weighted index, 240 sessions of estimation, a window of 21 sessions,
CAR over five windows; 19 statistics for each of the 26 columns, ranks included. Timed each time: bars and events out of
the file, the study, the statistics, Parquet written. Peers in the same run: the same statistics by the plain numpy
definitions on a sample of the events, and scipy's ranks alone. Each share's own benchmark, the mean of the others, is
made with the bars; ``--against`` also counts bars with one mean for all, as commits before it had.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from bars_load import made_bars

from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED, equal_weighted
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.request.spec import study_spec
from correlator.eventstudy.results.result import StudyResult
from correlator.eventstudy.significance.arrays import study_arrays
from correlator.eventstudy.significance.evidence import evidence_of
from correlator.intake.prices import add_prices
from correlator.research.panel import stored_panel
from correlator.store.db import Store
from correlator.store.statements import query

SYMBOLS, SESSIONS, MISSING = 2_000, 5_000, 0.035
PLAN = study_spec(windows="0:0,-1:1,-5:5,-10:10,0:5")
BARS = study_spec(benchmark=EQUAL_WEIGHTED, holes="drop")


@dataclass(frozen=True)
class Stages:
    """Seconds of each stage of one run."""

    bars: float
    events: float
    study: float
    statistics: float
    parquet: float

    @property
    def total(self) -> float:
        return sum(getattr(self, field.name) for field in fields(self))


def build_store(path: Path, most_events: int) -> None:
    """Bars and events in one DuckDB file."""
    rng = np.random.default_rng(3)
    rows = made_bars(SYMBOLS, SESSIONS)
    rows = rows.filter(pl.Series(rng.random(rows.height) >= MISSING))
    parquet = path.with_suffix(".parquet")
    rows.write_parquet(parquet)
    add_prices(Store(path), parquet, exchange="XNYS")
    names = sorted(rows["symbol"].unique().to_list())
    days = rows["date"].unique().sort()
    requests = pl.DataFrame(
        {
            "event_id": np.arange(1, most_events + 1),
            "symbol": pl.Series(names)[rng.integers(0, len(names), most_events)],
            "date": days[rng.integers(251, len(days) - 11, most_events)],
        }
    )
    with duckdb.connect(str(path)) as connection:
        connection.register("given", requests.to_arrow())
        connection.execute("CREATE TABLE requests AS SELECT * FROM given")


def bars_with_one_mean(connection: duckdb.DuckDBPyConnection, names: list[str]) -> Panel:
    """Bars whose benchmark is the mean return of all shares, for every share the same."""
    panel = stored_panel(connection, names, "XNYS", replace(BARS, benchmark=None), flags=False)
    return replace(panel, factors=equal_weighted(panel.returns)[:, None], factor_names=(EQUAL_WEIGHTED,))


def one_run(path: Path, names: list[str], events: int, out: Path, *, own: bool = True) -> tuple[Stages, StudyResult]:
    """Run all stages once; ``own``: each share's own benchmark is made, too."""
    marks = [time.perf_counter()]
    with Store(path).reading() as connection:
        if own:
            panel = stored_panel(connection, names, "XNYS", BARS, flags=False)
        else:
            panel = bars_with_one_mean(connection, names)
        panel = replace(panel, own_benchmark=None)  # one index for all shares: a market with a benchmark is timed
        marks.append(time.perf_counter())
        wanted = query(connection, "SELECT * FROM requests WHERE event_id <= $events", {"events": events})
    marks.append(time.perf_counter())
    result = study_panel(panel, wanted, PLAN, keep_returns=False)
    marks.append(time.perf_counter())
    table = result.significance
    marks.append(time.perf_counter())
    table.write_parquet(out)
    marks.append(time.perf_counter())
    return Stages(*np.diff(marks).tolist()), result


def plain_seconds(result: StudyResult, sample: int) -> tuple[float, float]:
    """Measure seconds per event of the plain definitions, and of scipy's ranks only, on the first ``sample`` events."""
    from scipy.stats import rankdata

    part = study_panel(result.panel, result.events.head(sample), PLAN, keep_residuals=True)
    arrays = study_arrays(part.estimates, part.day_labels, part.window_labels, part.car_columns)
    begun = time.perf_counter()
    evidence_of(arrays, "numpy")
    plain = time.perf_counter() - begun
    few = np.concatenate([arrays.residuals, arrays.ar], axis=1)[:1_000]
    begun = time.perf_counter()
    for row in few:
        rankdata(row, nan_policy="omit")
    return plain / len(arrays), (time.perf_counter() - begun) / len(few)


def of_commit(checkout: Path, events: int, repeats: int) -> tuple[float, float]:
    """Measure seconds and peak MiB by the benchmark in ``checkout``, with the packages of this Python."""
    command = [sys.executable, checkout / "benchmarks/significance.py", "--events", str(events)]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [*command, "--repeats", str(repeats)], cwd=checkout, env=environment, capture_output=True, text=True, check=True
    )
    line = next(line for line in done.stdout.splitlines() if line.lstrip().startswith(f"{events:,} events:"))
    print(f"{checkout.name}: {line.strip()}", flush=True)
    seconds, peak = re.findall(r"events: ([0-9.]+) s|peak ([0-9,]+) MiB", line)
    return float(seconds[0]), float(peak[1].replace(",", ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[100_000, 250_000, 500_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--against", type=Path, help="a checkout of another commit, whose benchmark runs in turn")
    parser.add_argument("--build", type=Path, help="only write the store of that name")
    arguments = parser.parse_args()
    if arguments.build:
        build_store(arguments.build, max(arguments.events))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bars.duckdb"
        most = str(max(arguments.events))
        subprocess.run([sys.executable, __file__, "--build", path, "--events", most], check=True)
        with Store(path).reading() as connection:
            names = query(connection, "SELECT DISTINCT symbol FROM bars ORDER BY symbol", {})["symbol"].to_list()
        print(f"processors {os.cpu_count()}, file {path.stat().st_size / 2**20:.0f} MiB")
        begun = time.perf_counter()
        _, result = one_run(path, names, 20_000, Path(folder) / "few.parquet")
        print(f"loading (first time: compiling) the loops: {time.perf_counter() - begun:.1f} s, not in the times below")
        for events in arguments.events:
            runs = [one_run(path, names, events, Path(folder) / "out.parquet")[0] for _ in range(arguments.repeats)]
            best = min(runs, key=lambda run: run.total)
            stages = ", ".join(f"{field.name} {getattr(best, field.name):.2f}" for field in fields(best))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{events:>10,} events: {best.total:.2f} s ({stages}), "
                f"{(best.study + best.statistics) / events * 1e6:.2f} us an event, peak {peak:,.0f} MiB",
                flush=True,
            )
            if arguments.against:
                one_mean = min(
                    one_run(path, names, events, Path(folder) / "out.parquet", own=False)[0].total
                    for _ in range(arguments.repeats)
                )
                seconds, other_peak = of_commit(arguments.against.resolve(), events, arguments.repeats)
                print(
                    f"{best.total / seconds:.2f} times its time, {one_mean / seconds:.2f} with one mean for all shares "
                    f"({one_mean:.2f} s), {peak / other_peak:.2f} times its memory",
                    flush=True,
                )
        plain, ranks = plain_seconds(result, 5_000)
        print(f"peers: plain numpy {plain * 1e6:.1f} us an event, scipy's ranks alone {ranks * 1e6:.0f} us an event")


if __name__ == "__main__":
    main()
