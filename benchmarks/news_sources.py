"""Print what the readers find in a folder of news, by source: the table of docs/news.md.

    python benchmarks/news_sources.py FOLDER
    python benchmarks/news_sources.py --set FOLDER [-v] [--half view|blind] [LIBRARY ...]

With ``--set`` the folder is a public test set with expected records (``news_sets.py``): instants, headlines and bodies
are held against them, ours beside newspaper4k, trafilatura and htmldate; ``-v`` names our misses, ``--half`` takes one
half of the publishers, drawn by a hash: rules are made with one in view and measured on the other.

Files whose names share what stands before the first ``__`` are one source.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import polars as pl

from correlator.errors import CorrelatorError
from correlator.news.batch import Batch, make_batch, reject
from correlator.news.read import read_news


def sources(folder: Path) -> dict[str, list[Path]]:
    """Return files by source, sorted by name."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".md" and "schema" not in path.name:
            source = f"{path.parent.name}/{path.name.split('__')[0]}" if "__" in path.name else path.name
            found.setdefault(source, []).append(path)
    return found


def read(path: Path) -> list[Batch]:
    """Return the batches of a file; an unreadable file gives a reject."""
    try:
        return list(read_news(path))
    except CorrelatorError as error:
        return [make_batch(rejects=[reject(path.name, 0, str(error), path.name)])]


def row(source: str, files: list[Path]) -> str:
    """Return one line of the table."""
    parts = [(path, batch) for path in files for batch in read(path)]
    batches = [batch for _, batch in parts]
    articles = pl.concat([batch.articles for batch in batches])
    reasons = Counter(
        reason.split(" (")[0].removeprefix(f"{path} ") for path, batch in parts for reason in batch.rejects["reason"]
    )
    kinds = Counter(articles["published_precision"])
    times = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    refused = "; ".join(f"{count:,} {reason[:70]}" for reason, count in reasons.most_common(3))
    body = articles["body"].is_not_null().sum()
    return f"| {source} | {len(files)} | {articles.height:,} | {body:,} | {times} | {refused} |"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--set"]:
        from news_sets import LIBRARIES, compare

        options = sys.argv[3:]
        half = options.pop(options.index("--half") + 1) if "--half" in options else None
        names = [name for name in options if not name.startswith("-")] or list(LIBRARIES)
        if unknown := [name for name in names if name not in LIBRARIES]:
            sys.exit(f"there is no library {unknown[0]}; there are {', '.join(LIBRARIES)}")
        compare(Path(sys.argv[2]), names, "-v" in options, half)
        sys.exit(0)
    print("| source | files | articles with headline | with body | publication to the | rejects |")
    print("|---|---|---|---|---|---|")
    for name, paths in sources(Path(sys.argv[1])).items():
        print(row(name, paths), flush=True)
