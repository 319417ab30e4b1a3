"""Throughput and peak memory of the news readers: headlines from CSV, story clustering, GDELT events.

    python benchmarks/news_load.py headlines HEADLINES.csv.gz [ROWS]
    python benchmarks/news_load.py gdelt FILE.export.CSV [ROWS]

The source is repeated with variation up to ROWS (default 1,000,000) in a temporary file; each line is one measurement.
"""

from __future__ import annotations

import csv
import gzip
import resource
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from correlator.intake.events import add_events
from correlator.intake.stories import join_stories
from correlator.news.corpora.gdelt import read_events
from correlator.news.read import read_news
from correlator.store.db import Store
from correlator.store.writing.news import write_articles


def headlines(source: Path, rows: int, folder: Path) -> None:
    """Measure rows per second from CSV to stored articles without known ones, then of stories."""
    path = folder / "headlines.csv"
    with gzip.open(source, "rt", encoding="utf-8") as file:
        read = list(csv.reader(file))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(read[0])
        body = read[1:]
        for number in range(rows):
            headline, time, url = body[number % len(body)]
            turn = number // len(body)
            writer.writerow((f"{headline} part {turn}" if turn else headline, time, f"{url}-{turn}"))
    store = Store(folder / "bench.duckdb")
    start = moment()
    taken = 0
    for batch in read_news(path):
        with store.transaction() as connection:
            taken += write_articles(connection, batch.articles, datetime.now(UTC)).height
    report("headlines into the store", taken, start)
    again = moment()
    with store.transaction() as connection:
        join_stories(connection)
    report("stories", taken, again)
    report("both", taken, start)
    print(f"stories: {store.frame('SELECT count(DISTINCT story_id) FROM articles').item():,} of {taken:,} articles")


def gdelt(source: Path, rows: int, folder: Path) -> None:
    """Measure rows per second of a GDELT file to frames of events, and to stored events."""
    lines = source.read_bytes().splitlines(keepends=True)
    path = folder / source.name
    with path.open("wb") as file:
        for number in range(rows):
            file.write(b"%d%s" % (1_000_000_000 + number, lines[number % len(lines)].lstrip(b"0123456789")))
    start = moment()
    taken = sum(batch.rows.height for batch in read_events(path))
    report("GDELT events into frames", taken, start)
    start = moment()
    added = add_events(Store(folder / "events.duckdb"), path).added
    report("GDELT events into the store", added, start)


def moment() -> tuple[float, float]:
    """Return elapsed seconds and seconds of processor time on all cores."""
    return perf_counter(), process_time()


def report(what: str, rows: int, since: tuple[float, float]) -> None:
    """Print one line: rows, rows per second (elapsed and of processor time), peak memory of the process so far."""
    seconds, processor = (now - before for now, before in zip(moment(), since, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rates = f"{rows / seconds:,.0f} rows/s by the clock, {rows / processor:,.0f} of processor time"
    print(f"{what}: {rows} rows in {seconds:.1f} s, {rates}, peak {peak:,.0f} MiB")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in ("headlines", "gdelt"):
        sys.exit("usage: news_load.py headlines|gdelt FILE [ROWS]")
    kind, file, *count = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        {"headlines": headlines, "gdelt": gdelt}[kind](Path(file), int(count[0]) if count else 1_000_000, Path(name))
