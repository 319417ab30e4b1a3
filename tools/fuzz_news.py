"""Coverage-guided fuzzing of every news reader (needs ``pip install atheris``; the test suite has a seeded version).

    python tools/fuzz_news.py [CORPUS_FOLDER] [-max_total_time=600] [-rss_limit_mb=2048] [-timeout=20]

The first byte chooses how the input begins and the name of its file, so that every reader is reached. What is found is
written as ``crash-*``, ``timeout-*`` or ``oom-*``, by libFuzzer, whose options these are.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "news"))
with atheris.instrument_imports(include=["correlator.news", "feedparser", "every_reader"]):
    from every_reader import HEADS, NAMES, read_everything

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-news-"))


def one_input(raw: bytes) -> None:
    """Read one input in every way."""
    choice = raw[0] if raw else 0
    head = HEADS[choice % len(HEADS)]
    read_everything(head + raw[1:], FOLDER, NAMES[choice // len(HEADS) % len(NAMES)])


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
