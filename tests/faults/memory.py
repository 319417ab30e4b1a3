"""Peak memory of loads and listings of one, ten and a hundred times as many rows; each in a process of its own.

python tests/faults/memory.py [--rows 20000] [--write]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from figures import option, publish

from correlator.intake.checks import check_prices
from correlator.intake.events import add_events
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.listing import listing
from correlator.store.db import Store

DAYS = 2_500


def prices(folder: Path, rows: int) -> None:
    path, first = folder / "prices.csv", date(2015, 1, 1)
    with path.open("w") as file:
        file.write("symbol,date,open,high,low,close,volume\n")
        for n in range(rows):
            day = first + timedelta(days=n % DAYS)
            file.write(f"S{n // DAYS},{day},{n % 97 + 1},{n % 97 + 2},{n % 97 + 0.5},{n % 97 + 1.5},1000\n")
    add_prices(Store(folder / "m.duckdb"), path, exchange="XNYS")


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


CASES: dict[str, tuple[Callable[[Path, int], None], ...]] = {
    "add prices": (prices,),
    "add news": (news,),
    "add events": (events,),
    "list articles --limit 5": (news, five_articles),
    "list events --limit 5": (events, five_events),
    "check prices": (prices, checked),
}


def main() -> None:
    if "--work" in sys.argv:
        name, folder, rows = sys.argv[sys.argv.index("--work") + 1 :][:3]
        globals()[name](Path(folder), int(rows))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return
    rows, table = int(option("rows", 20_000)), {}
    for case, steps in CASES.items():
        peaks = []
        for factor in (1, 10, 100):
            with tempfile.TemporaryDirectory() as folder:
                for step in steps:
                    command = [sys.executable, __file__, "--work", step.__name__, folder, str(rows * factor)]
                    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
                peaks.append(f"{int(said.split()[-1]):,}")
        table[case] = " / ".join(peaks) + " MiB"
        print(case, table[case], flush=True)
    publish("memory", {"rows": f"{rows:,} / {10 * rows:,} / {100 * rows:,}", **table})


if __name__ == "__main__":
    main()
