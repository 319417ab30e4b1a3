"""A lake of many bars and events, studied in one process and on a cluster: are the bytes the same, and at what cost?

    python benchmarks/cluster_scale.py --bars 1000000 --events 100000
    python benchmarks/cluster_scale.py --bars 100000000 --events 5000000 --cluster tcp://scheduler:8786

Bars are made by DuckDB (5,000 sessions a share, a market and noise, by hash: the same each time) and go into the lake
as an export writes them. One process writes the rows of ``car`` into a Parquet file, workers write theirs into the
lake. Printed: processor seconds and peak memory of each step, and of all processes together; whether ``significance``
and ``car`` are equal to the last bit. ``--only lake`` makes the lake and stops, ``--lake FOLDER/`` keeps it; ``--only
one`` and ``--only cluster`` study it by one of both and print a hash of ``significance``; ``--as-of DATE`` takes the
events known by then alone; ``--no-rows`` is group statistics alone; ``--profile`` names the functions of one process
that take most time.
"""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import pstats
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import polars as pl
from bench import Bench
from deltalake import DeltaTable
from peak import peak_of_all

from correlator.base.database import connect
from correlator.base.limits import use_limits
from correlator.cluster import LOCAL, cluster_at
from correlator.eventstudy.request.spec import study_spec
from correlator.research.cluster_rows import write_rows
from correlator.research.cluster_study import run_cluster_study
from correlator.research.study import run_study
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store
from correlator.store.lake import Lake, in_order, stream
from correlator.tables import BARS, EVENTS, INSTRUMENTS, Table

SESSIONS = 5_000
PLAN = study_spec(
    benchmark="MKT", estimation="-250:-31", window="-10:10", windows=["-1:1", "-10:10"], flagged="keep", holes="drop"
)
_BARS = """
    SELECT symbol, '1d' AS "interval", session, session::TIMESTAMPTZ AS bar_start, 1 AS vintage, close AS open,
        close AS high, close AS low, close, NULL AS adjusted_close, 1000.0 AS volume, 'made' AS source,
        TIMESTAMPTZ '2000-01-01 00:00:00+00' AS retrieved_at
    FROM (
        SELECT if(share = 0, 'MKT', 'S' || share) AS symbol, session,
            50 * exp(0.2 * sin(day / 40.0) + (hash(day) % 1000) / 50000.0
                + if(share = 0, 0, (hash(share, day) % 1000) / 25000.0)) AS close
        FROM range($shares) AS s(share), days
    )
"""
_EVENTS = """
    SELECT number AS event_id, 'user:' || number AS event_key, NULL AS article_id,
        (session + INTERVAL 15 HOUR)::TIMESTAMPTZ AS known_at, 'minute' AS known_precision, 'user' AS coder,
        'AGREE' AS category, 'verbal-cooperation' AS quad_class, NULL AS cameo_root, NULL AS goldstein, NULL AS tone,
        1.0 AS confidence, NULL AS source_country, NULL AS source_role, NULL AS target_country, NULL AS target_role,
        NULL AS dyad, 'S' || (1 + hash(number) % ($shares - 1)) AS symbol, '' AS evidence
    FROM range($events) AS t(number) JOIN days ON days.day = 300 + hash(number, 7) % 4600
"""
_INSTRUMENTS = """
    SELECT if(share = 0, 'MKT', 'S' || share) AS symbol, 'XNYS' AS exchange, 'USD' AS currency, 'USA' AS country,
        NULL AS name, if(share = 0, 'index', 'share') AS kind, NULL AS benchmark, NULL AS aliases
    FROM range($shares) AS s(share)
"""


def make(store: Store, bars: int, events: int) -> None:
    """Make the lake with this number of bars and events."""
    engine = store.engine
    assert isinstance(engine, Lake)
    days = sessions_between("XNYS", date(1995, 1, 3), date(2020, 1, 1)).head(SESSIONS).select("session")
    values = {"shares": max(2, bars // SESSIONS + 1), "events": events}
    with connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("days", days.with_row_index("day"))

        def rows(table: Table, text: str) -> Callable[[], Any]:
            for name, value in values.items():
                text = text.replace(f"${name}", str(value))
            return lambda: stream(connection, in_order(table, text))

        made = ((BARS, _BARS), (EVENTS, _EVENTS), (INSTRUMENTS, _INSTRUMENTS))
        engine.create({table.name: rows(table, text) for table, text in made})


def digest(frame: pl.DataFrame) -> str:
    """Return a hash of ``frame``, numbers to their last bit, so that separate runs can be compared."""
    return hashlib.sha256(frame.write_csv().encode()).hexdigest()[:16]


def rows_at(address: str) -> pl.DataFrame:
    """Return the rows that workers wrote, sorted."""
    return in_order_of_rows(pl.DataFrame(DeltaTable(address).to_pyarrow_table()))


def in_order_of_rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("event_id", "symbol", "window")


def profile(work: Callable[[], Any], most: int = 10) -> None:
    """Print the functions that take most processor time in ``work``, done once before: loops are loaded then."""
    work()
    watch = cProfile.Profile(time.process_time)
    watch.runcall(work)
    # What the class keeps is not typed: for each function (file, line, name) calls, own and cumulated seconds.
    rows: dict[tuple[str, int, str], Any] = pstats.Stats(watch).stats  # type: ignore[attr-defined]
    whole = sum(row[2] for row in rows.values())
    print(f"{whole:.2f} s of processor time, of which")
    for (file, _, name), row in sorted(rows.items(), key=lambda each: -each[1][2])[:most]:
        where = "" if file == "~" else f"{Path(file).parent.name}/{Path(file).name} "
        print(f"| {where}`{name}` | {row[0]:,} | {row[2]:.2f} | {100 * row[2] / whole:.0f} % |")


def main() -> int:
    """Make, study twice, compare; 1 where the bytes differ."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--cluster", default=LOCAL)
    parser.add_argument("--lake")
    parser.add_argument("--only", choices=["lake", "one", "cluster"])
    parser.add_argument(
        "--rows", action=argparse.BooleanOptionalAction, default=True, help="write the rows of car, too"
    )
    parser.add_argument("--memory", help="for the database and the chunks of the engine, as correlator takes it")
    parser.add_argument("--as-of", help="study the events known by then alone")
    parser.add_argument("--profile", action="store_true", help="of one process in one thread: where its time goes")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    use_limits(memory=chosen.memory)
    plan = replace(PLAN, as_of=study_spec(as_of=chosen.as_of).as_of)
    bench, data = Bench(), 8.0 * chosen.bars
    with tempfile.TemporaryDirectory() as folder:
        store = Store(chosen.lake or f"{folder}/lake/")
        if not store.exists():
            bench.run("make the lake", 1, chosen.bars, data, lambda: make(store, chosen.bars, chosen.events))
        if chosen.only == "lake":
            return 0

        def one() -> dict[str, Any]:
            result = run_study(store, plan)
            frames = {"significance": result.frame("significance")}
            if chosen.rows:
                frames["car"] = result.frame("car")
                frames["car"].write_parquet(f"{folder}/car.parquet", compression="zstd", compression_level=1)
            return frames

        if chosen.profile:
            use_limits(threads=1)
            profile(one)
            return 0
        whole = None
        if chosen.only != "cluster":
            with peak_of_all() as peak:
                whole = bench.run("one process", 1, chosen.events, data, one)
            print(peak)
            print(f"significance of one process {digest(whole['significance'])}")
        if chosen.only == "one":
            return 0
        with peak_of_all() as peak, cluster_at(chosen.cluster) as cluster:
            before = sum(cluster.cpu_seconds().values())

            def spread() -> dict[str, Any]:
                result = run_cluster_study(store, plan, cluster)
                frames: dict[str, Any] = {"significance": result.frame("significance")}
                if chosen.rows:
                    frames["car"] = write_rows(result, "car", store, uuid.uuid4().hex)[0]
                return frames

            parts = bench.run("the caller of the cluster", 1, chosen.events, data, spread)
            workers = sum(cluster.cpu_seconds().values()) - before
        caller = bench.rows[-1].cpu_seconds
        print(peak)
        print(f"workers {workers:.2f} s cpu, with the caller {workers + caller:.2f}")
        print(f"significance of the cluster {digest(parts['significance'])}")
        if whole is None:
            return 0
        print(f"{(workers + caller) / bench.rows[-2].cpu_seconds:.2f} times the processor time of one process")
        same = parts["significance"].equals(whole["significance"], null_equal=True) and (
            not chosen.rows or rows_at(parts["car"]).equals(in_order_of_rows(whole["car"]), null_equal=True)
        )
        print("the same bytes" if same else "NOT the same bytes")
        return int(not same)


if __name__ == "__main__":
    sys.exit(main())
