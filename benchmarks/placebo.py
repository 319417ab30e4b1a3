"""Measure time and memory of placebo inference: 10,000 draws of a study of 1,000 events and 5 windows.

    python benchmarks/placebo.py [--events 1000] [--symbols 1000] [--draws 10000] [--repeats 3]

Simulated returns of 5,000 sessions; the panel, the study and the loading of the compiled loop are made before. The
first run fits every placement as every other does; nothing is kept between runs.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from datetime import date, timedelta

import numpy as np
import polars as pl

from correlator.eventstudy.estimation import kernel
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.request.spec import study_spec

SESSIONS = 5_000
WINDOWS = "0:0,-1:1,0:5,-5:5,-10:10"


def build(symbols: int, seed: int = 1) -> Panel:
    rng = np.random.default_rng(seed)
    market = rng.standard_normal(SESSIONS) * 0.01
    returns = market[:, None] + rng.standard_normal((SESSIONS, symbols)) * 0.02
    days = (date(2000, 1, 3) + timedelta(days=n) for n in range(2 * SESSIONS))
    labels = pl.Series("session", [day for day in days if day.weekday() < 5][:SESSIONS])
    return Panel(labels, tuple(f"S{i:04}" for i in range(symbols)), returns, market[:, None], ("M",))


def events_of(panel: Panel, count: int, seed: int = 2) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(300, SESSIONS - 20, count), rng.integers(0, len(panel.symbols), count)
    names = pl.Series("symbol", panel.symbols)[columns]
    return pl.DataFrame({"event_id": np.arange(count), "symbol": names, "date": panel.labels[rows]})


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--symbols", type=int, default=1_000)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    began = time.perf_counter()
    kernel.compiled()
    print(
        f"processors {os.cpu_count()}; loading the compiled loop {time.perf_counter() - began:.2f} s, not in the times"
    )
    panel = build(chosen.symbols)
    result = study_panel(panel, events_of(panel, chosen.events), study_spec(windows=WINDOWS), keep_residuals=False)
    before = peak_mib()
    for _ in range(chosen.repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        found = placebo_test(result, draws=chosen.draws)
        found.table  # noqa: B018
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(
            f"{chosen.draws:,} draws x {len(result.estimates):,} events x {len(result.spec.windows)} windows of "
            f"{chosen.symbols:,} symbols: {wall:.2f} s wall, {cpu:.2f} s CPU, peak {peak_mib():,.0f} MiB "
            f"({before:,.0f} before)",
            flush=True,
        )


if __name__ == "__main__":
    main()
