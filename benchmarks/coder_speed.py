"""Measure how fast the coder reads headlines on one processor: ``python benchmarks/coder_speed.py HEADLINES.csv.gz``.

HEADLINES has a header and the headline in its first column. Prints headlines a second of processor time: rules on
all of them and of the full coder on the first 5,000 (2,000 where the encoder is installed), and the peak of memory.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import platform
import resource
import time
from pathlib import Path

from correlator.events.coder import code_headlines
from correlator.events.learned.encoder import model_folder


def read_headlines(path: Path) -> list[str]:
    """Return the first column without its header."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return [row[0] for row in csv.reader(lines) if row][1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("headlines", type=Path)
    headlines = read_headlines(parser.parse_args().headlines)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    embedded = model_folder() is not None
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, one processor")
    for coder, texts in (("rules", headlines), ("full", headlines[: 2_000 if embedded else 5_000])):
        code_headlines(texts[:100], coder=coder)
        begun = time.process_time()
        code_headlines(texts, coder=coder)
        rate = len(texts) / (time.process_time() - begun)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with_them = f", embeddings {'installed' if embedded else 'not installed'}" if coder == "full" else ""
        print(f"{coder}{with_them}: {len(texts):,} headlines, {rate:,.0f}/s, peak {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
