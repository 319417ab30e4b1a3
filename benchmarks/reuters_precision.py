"""Measure how many of the events found in business headlines are diplomatic: ``reuters_precision.py HEADLINES.csv``.

HEADLINES.csv (or .csv.gz, a column ``headline``) is a file of 45,315 Reuters business headlines of 2006-2009, whose
wording is not ours to ship. ``reuters_labels.csv`` has row numbers (1 = first row under the header) with a label given
by reading each headline; ``reuters_labels.md`` says what counts as diplomatic. Every wording that names an actor is
labelled once.

Printed are precision, and the share of the diplomatic headlines found. The shipped weights are fitted to these labels:
on text that the fit has not seen, ``tools/fit_gate.py`` (rules) and ``tools/fit_coder.py`` (full) print them by folds.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from correlator.events.coder import CODERS, code_headlines
from correlator.events.model import CodedEvent

LABELS = Path(__file__).parent / "reuters_labels.csv"
SURE = 0.8


class Label(NamedTuple):
    """One label: ``grade`` is abroad or home (both diplomatic) or none; ``month`` is year and month of the page."""

    row: int
    month: str
    grade: str

    @property
    def diplomatic(self) -> bool:
        return self.grade != "none"


class Share(NamedTuple):
    """A share, half its 95 % interval, and the number of headlines."""

    value: float
    half: float
    count: int

    def __str__(self) -> str:
        return f"{self.value:.3f} +- {self.half:.3f} of {self.count}"


def read_headlines(path: Path) -> list[str]:
    """Return the column ``headline`` of a CSV file, compressed or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        return [row["headline"] for row in csv.DictReader(lines)]


def read_labels(path: Path = LABELS) -> list[Label]:
    """Return every label, in file order."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [Label(int(row["row"]), row["month"], row["grade"]) for row in csv.DictReader(lines)]


def figures(labels: Sequence[Label], coded: Sequence[Sequence[CodedEvent]]) -> dict[str, Share]:
    """Return the precision, also of some of the events, and the recall."""
    pairs = list(zip(labels, coded, strict=True))
    found = [(label, events[0]) for label, events in pairs if events]
    told = [(label, bool(events)) for label, events in pairs if label.diplomatic]
    return {
        "precision": share([label.diplomatic for label, _ in found]),
        "across a border": share([label.grade == "abroad" for label, _ in found]),
        f"confidence {SURE}": share([label.diplomatic for label, event in found if event.confidence >= SURE]),
        "two countries": share([label.diplomatic for label, event in found if event.dyad]),
        "recall": share([right for _, right in told]),
        "recall across a border": share([right for label, right in told if label.grade == "abroad"]),
    }


def share(flags: Sequence[bool]) -> Share:
    """Return the share of true values with half a normal 95 % interval."""
    if not flags:
        return Share(math.nan, math.nan, 0)
    value = sum(flags) / len(flags)
    return Share(value, 1.96 * math.sqrt(value * (1 - value) / len(flags)), len(flags))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("headlines", type=Path)
    parser.add_argument("--coder", choices=CODERS, default="rules")
    chosen = parser.parse_args()
    texts, labels = read_headlines(chosen.headlines), read_labels()
    coded = code_headlines([texts[label.row - 1] for label in labels], coder=chosen.coder)
    diplomatic = sum(label.diplomatic for label in labels)
    print(f"{chosen.coder}: {len(labels)} headlines, {diplomatic} of them diplomatic")
    for name, figure in figures(labels, coded).items():
        print(f"  {name:<24}{figure}")


if __name__ == "__main__":
    main()
