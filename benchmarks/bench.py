"""Every stage at x1, x10 and x100 with peers beside: seconds, processor time, memory, and how far from copying.

    make bench                                            x1, x10, x100 into build/bench: CSV and a figure
    python benchmarks/bench.py --sizes 1,10 --gate        small, with gates on ratios (make bench-small)
    python benchmarks/bench.py --cluster local            the study on a cluster beside the one in this process

x1 is 1,000 events of 50 shares with 1,000 sessions each (50,000 bars), all made up and seeded; shares grow by a tenth
of the size. Each stage runs once; its memory is the highest of the process while it runs. ``copies`` is how often the
stage's own input could have been copied in memory in its processor time: the fewer, the closer to what the machine can.
The peer runs in the same process on the same events: the loop that most people write (pandas and statsmodels, one
regression an event), on at most 1,000 events; its CAR must be ours.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from correlator.cluster import cluster_at
from correlator.events.coder import code_headlines
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.request.spec import study_spec
from correlator.intake.events import add_events
from correlator.research.cluster_rows import write_rows
from correlator.research.cluster_study import run_cluster_study
from correlator.research.panel import stored_panel
from correlator.research.study import run_study
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store
from correlator.store.lake_upkeep import export
from correlator.store.writing.bars import write_bars, write_instruments
from correlator.tables import BARS

EVENTS, SHARES, SESSIONS = 1_000, 50, 1_000
MOST_OF_PEER, MOST_OF_PLACEBO, MOST_OF_CODER = 1_000, 10_000, 20_000
OPTIONS: dict[str, Any] = {
    "benchmark": "MKT",
    "estimation": "-160:-11",
    "window": "-10:10",
    "windows": ["-1:1", "-10:10"],
    "flagged": "keep",
}
CALLER, WORKERS = "on a cluster: the caller", "on a cluster: the workers"
ONE_PROCESS = ("study: select, align, fit", "tests across events", "tables to Parquet")
SETTLED = 1_000
"""Size from which the start of workers is a small part of their work."""
GATES = {"growth": 1.15, "slower than the loop": 0.2, "cluster": 1.5}
"""Limits: time over linear growth, our time per event over that of the loop, and processor time of the cluster over
that of one process."""


@dataclass(frozen=True)
class Row:
    """One stage at one size."""

    stage: str
    size: int
    items: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    copies: float


class Bench:
    """Rows so far, and how fast this machine copies."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        source = np.ones(2**25)
        target = np.empty_like(source)
        np.copyto(target, source)
        begun = time.process_time()
        for _ in range(4):
            np.copyto(target, source)
        self.bandwidth = 4 * source.nbytes / (time.process_time() - begun)

    def run(self, stage: str, size: int, items: int, data: float, work: Callable[[], Any]) -> Any:
        """Run ``work``, record its figures and return its result; ``data``: bytes of its input."""
        with _peak() as peak:
            cpu, wall = _cpu(), time.perf_counter()
            result = work()
            cpu, wall = _cpu() - cpu, time.perf_counter() - wall
        self.rows.append(Row(stage, size, items, wall, cpu, peak[0], cpu * self.bandwidth / data))
        row = self.rows[-1]
        print(
            f"x{size:<4}{stage:<26}{items:>10,} {wall:8.2f} s {cpu:8.2f} s cpu {row.peak_mib:8.0f} MiB"
            f" {row.copies:10.1f} copies",
            flush=True,
        )
        return result


def _cpu() -> float:
    """Processor seconds of this process and of those it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@contextmanager
def _peak() -> Iterator[list[float]]:
    """The highest memory of the process in the block, MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    peak = [0.0]
    yield peak
    line = next(each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM"))
    peak[0] = int(line.split()[1]) / 1024


def made_bars(shares: int, rng: np.random.Generator) -> tuple[pl.DataFrame, list[date]]:
    """Daily bars of shares and their market, in order of symbol and day."""
    days = sessions_between("XNYS", date(2015, 1, 2), date(2020, 1, 1))["session"].to_list()[:SESSIONS]
    market = rng.normal(0, 0.01, SESSIONS)
    names = ["MKT", *(f"S{number:05}" for number in range(shares))]
    returns = np.vstack([market, 0.9 * market + rng.normal(0, 0.02, (shares, SESSIONS))])
    closes = (50 * np.exp(returns.cumsum(axis=1))).ravel()
    opens = closes * np.exp(rng.normal(0, 0.005, len(closes)))
    high, low = np.maximum(opens, closes) * 1.004, np.minimum(opens, closes) * 0.996
    rows = {
        "symbol": np.repeat(names, SESSIONS),
        "interval": ["1d"] * len(closes),
        "session": days * len(names),
        "bar_start": [datetime(each.year, each.month, each.day, tzinfo=UTC) for each in days] * len(names),
        **dict(
            zip(("open", "high", "low", "close", "adjusted_close"), (opens, high, low, closes, closes), strict=True)
        ),
        "volume": rng.integers(10**4, 10**6, len(closes)).astype(float),
        "source": ["made"] * len(closes),
    }
    return pl.DataFrame(rows, schema=BARS.schema(rows)), days


def stages(bench: Bench, size: int, folder: Path, cluster: str | None) -> None:
    """Run every stage once at ``size``."""
    rng = np.random.default_rng(size)
    shares, events = SHARES * max(1, size // 10), EVENTS * size
    frame, days = made_bars(shares, rng)
    store, lake = Store(folder / f"m{size}.duckdb"), Store(f"{folder}/lake{size}/")
    picked = rng.integers(200, SESSIONS - 20, events)
    whose = rng.integers(0, shares, events)
    path = folder / f"events{size}.csv"
    lines = (
        f"{days[day]},S{share:05},AGREE,{number}\n"
        for number, (day, share) in enumerate(zip(picked, whose, strict=True))
    )
    path.write_text("date,symbol,category,id\n" + "".join(lines))
    bars, cells = frame.height, shares * SESSIONS * 8.0
    names = sorted(set(frame["symbol"]) - {"MKT"})

    def load_bars() -> None:
        with store.transaction() as connection:
            kinds = [{"symbol": name, "exchange": "XNYS", "kind": "share"} for name in names]
            kinds.append({"symbol": "MKT", "exchange": "XNYS", "kind": "index"})
            write_instruments(connection, kinds)
            write_bars(connection, frame, datetime(2024, 1, 1, tzinfo=UTC))

    bench.run("load bars", size, bars, frame.estimated_size(), load_bars)
    bench.run("load events", size, events, path.stat().st_size, lambda: add_events(store, path))
    bench.run("export to a lake", size, bars, frame.estimated_size(), lambda: export(store, lake.address))
    spec, windows = study_spec(**OPTIONS), events * 171 * 8.0
    for place, of in (("file", store), ("lake", lake)):

        def read(of: Store = of) -> Any:
            with of.reading() as connection:
                return stored_panel(connection, names, "XNYS", spec)

        panel = bench.run(f"read bars of the {place}", size, bars, 6 * cells, read)
    result = bench.run("study: select, align, fit", size, events, cells + windows, lambda: run_study(lake, spec))
    again = result.events
    bench.run("fit alone", size, events, windows, lambda: study_panel(panel, again, result.spec))
    bench.run("tests across events", size, events, windows, lambda: result.significance)
    bench.run(
        "tables to Parquet", size, events, events * 23 * 8, lambda: result.car.write_parquet(folder / "car.parquet")
    )
    if events <= MOST_OF_PLACEBO:
        bench.run("placebo, 1,000 draws", size, events, windows, lambda: placebo_test(result, draws=1_000))
    texts = [f"Pakistan and {name} sign trade pact number {k}" for k in range(min(events, MOST_OF_CODER) // 2)
             for name in ("Azerbaijan", "Turkey")]  # fmt: skip
    bench.run("coder, rules", size, len(texts), sum(map(len, texts)), lambda: code_headlines(texts))
    if cluster is not None:
        with cluster_at(cluster) as opened:
            begun = sum(opened.cpu_seconds().values())
            spread = bench.run(
                CALLER, size, events, cells + windows,
                lambda: (each := run_cluster_study(lake, spec, opened), each.frame("significance"),
                         write_rows(each, "car", lake, f"x{size}")),
            )  # fmt: skip
            workers = sum(opened.cpu_seconds().values()) - begun
            bench.rows.append(
                Row(WORKERS, size, events, 0.0, workers, 0.0, workers * bench.bandwidth / (cells + windows))
            )
            print(f"     of which workers {workers:.2f} s cpu")
            whole = sum(row.cpu_seconds for row in bench.rows if row.size == size and row.stage in ONE_PROCESS)
            print(f"     one process: study and tests {whole:.2f} s cpu")
            same = spread[1].equals(result.significance, null_equal=True)
            print(f"     {'the same bytes' if same else 'NOT the same'} as in one process")
    if size == 1:
        kept = result.estimates.kept[:MOST_OF_PEER]
        bench.run(
            "peer: pandas + statsmodels", size, len(kept), len(kept) * 171 * 8, lambda: loop(result.panel, result, kept)
        )


def loop(panel: Any, result: Any, kept: Any) -> list[float]:
    """Run the loop that most people write: one regression per event, CAR by hand."""
    import pandas as pd
    import statsmodels.api as sm

    returns = pd.DataFrame(panel.returns, columns=list(panel.symbols))
    market = pd.Series(panel.factors[:, 0])
    cars = []
    for event in range(len(kept)):
        day, share = int(result.estimates.day_zero[event]), panel.symbols[int(result.estimates.symbol_index[event])]
        y, x = returns[share].iloc[day - 160 : day - 10], sm.add_constant(market.iloc[day - 160 : day - 10])
        fit = sm.OLS(y, x, missing="drop").fit()
        window = slice(day - 10, day + 11)
        expected = fit.params.iloc[0] + fit.params.iloc[1] * market.iloc[window]
        cars.append(float((returns[share].iloc[window] - expected).sum()))
    ours = result.estimates.car[: len(kept), 1]
    assert np.allclose(cars, ours, atol=1e-9), "the peer's CAR is not ours"
    return cars


def broken(rows: list[Row]) -> list[str]:
    """Return the gates that the figures break: only ratios, never seconds."""
    found = []
    by = {(row.stage, row.size): row for row in rows}
    sizes = sorted({row.size for row in rows})
    for (stage, size), row in by.items():
        before = by.get((stage, sizes[sizes.index(size) - 1])) if size != sizes[0] else None
        if before is not None and row.items > before.items:
            growth = (row.cpu_seconds / max(before.cpu_seconds, 0.001)) / (row.items / before.items)
            if growth > GATES["growth"] and row.cpu_seconds > 1.0:
                found.append(f"{stage}: x{before.size} to x{size} grows {growth:.2f} times linear")
    for size in (each for each in sizes if each >= SETTLED and (WORKERS, each) in by):
        cluster = by[WORKERS, size].cpu_seconds + by[CALLER, size].cpu_seconds
        ratio = cluster / sum(by[stage, size].cpu_seconds for stage in ONE_PROCESS)
        if ratio > GATES["cluster"]:
            found.append(f"cluster at x{size}: {ratio:.2f} times the processor time of one process")
    peer, ours = by.get(("peer: pandas + statsmodels", 1)), by.get(("fit alone", 1))
    if peer and ours:
        ratio = (ours.cpu_seconds / ours.items) / (peer.cpu_seconds / peer.items)
        if ratio > GATES["slower than the loop"]:
            found.append(f"fit: {ratio:.2f} of the loop's time an event")
    return found


def draw(rows: list[Row], path: Path) -> None:
    """Processor time by items, one line a stage, on logarithmic axes."""
    import plotly.graph_objects as go

    from correlator.plot.image import write_image

    figure = go.Figure()
    for number, stage in enumerate(dict.fromkeys(row.stage for row in rows)):
        own = [row for row in rows if row.stage == stage]
        figure.add_scatter(
            x=[row.items for row in own],
            y=[row.cpu_seconds for row in own],
            name=stage,
            mode="lines+markers",
            line={"dash": ("solid", "dash")[number // 10]},  # colours repeat after ten
        )
    figure.update_layout(
        title="Processor time of each stage by number of items; a line that rises a decade a decade is linear",
        xaxis={"type": "log", "title": "events, bars or headlines", "dtick": 1},
        yaxis={"type": "log", "title": "processor seconds", "dtick": 1},
        template="plotly_white",
        width=1000,
        height=600,
    )
    write_image(figure, path)


def write(rows: list[Row], page: Path) -> None:
    """Write the table between its marks in the page."""
    head = "| stage | size | items | seconds | processor seconds | MiB | copies |\n| --- |" + " --- |" * 6
    lines = [
        f"| {row.stage} | x{row.size} | {row.items:,} | {row.seconds:.2f} | {row.cpu_seconds:.2f} |"
        f" {row.peak_mib:,.0f} | {row.copies:,.0f} |"
        for row in rows
    ]
    text = page.read_text(encoding="utf-8")
    begin, end = "<!-- bench -->", "<!-- end of bench -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    page.write_text("\n".join([before + begin, head, *lines, end + after]), encoding="utf-8")


def main() -> int:
    """Run, print, write; 1 where a gate is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1,10,100")
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--cluster")
    parser.add_argument("--write", action="store_true", help="put the table and the figure into docs/scaling.md")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen.out.mkdir(parents=True, exist_ok=True)
    bench = Bench()
    print(f"copying: {bench.bandwidth / 1e9:.1f} GB/s of processor time")
    with tempfile.TemporaryDirectory() as folder:
        for size in (int(each) for each in chosen.sizes.split(",")):
            stages(bench, size, Path(folder), chosen.cluster)
    with (chosen.out / "bench.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(asdict(bench.rows[0])))
        writer.writeheader()
        writer.writerows(asdict(row) for row in bench.rows)
    if len(chosen.sizes.split(",")) > 1 and not chosen.gate:
        draw(bench.rows, chosen.out / "bench.svg")
    if chosen.write:
        docs = Path(__file__).resolve().parent.parent / "docs"
        write(bench.rows, docs / "scaling.md")
        draw(bench.rows, docs / "images" / "bench.svg")
    failures = broken(bench.rows)
    print("\n".join(failures) or "every ratio within its gate")
    return bool(failures and chosen.gate)


if __name__ == "__main__":
    sys.exit(main())
