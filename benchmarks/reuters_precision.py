"""How many of the events found in business headlines are diplomatic: ``reuters_precision.py HEADLINES.csv``.

HEADLINES.csv (or .csv.gz, a column ``headline``) is a file of 45,315 Reuters business headlines of 2006-2009, whose
wording is not ours to ship. ``reuters_labels.csv`` has row numbers (1 = first row under the header) with a label given
by reading each headline; ``reuters_labels.md`` says what counts as diplomatic and how each sample was drawn. Samples:

* ``first``: 200 that the rules coded at the time; ``development``: rules and weights were made with these in view;
* ``fresh``: of days that no rule, word or weight was made with, labelled before any coder was asked. It has every
  headline of a stratum, or a random part of it; ``weight`` says how many headlines each label stands for.

Printed are precision, with the share of the diplomatic headlines found where a sample allows to tell.
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
SAMPLES = ("first", "development", "fresh")


class Label(NamedTuple):
    """One reading: ``grade`` is abroad or home (both diplomatic) or none."""

    row: int
    sample: str
    grade: str
    weight: float

    @property
    def diplomatic(self) -> bool:
        return self.grade != "none"


def read_headlines(path: Path) -> list[str]:
    """The column ``headline`` of a CSV file, packed or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        return [row["headline"] for row in csv.DictReader(lines)]


def read_labels(path: Path = LABELS) -> list[Label]:
    """Every label, in file order."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            Label(int(row["row"]), row["sample"], row["grade"], float(row["weight"] or 1))
            for row in csv.DictReader(lines)
        ]


def figures(labels: Sequence[Label], coded: Sequence[Sequence[CodedEvent]]) -> dict[str, tuple[float, float, int]]:
    """Share, half a 95 % interval and count of labels behind it: precision, also of some events, and recall."""
    pairs = list(zip(labels, coded, strict=True))
    found = [(label, events) for label, events in pairs if events]
    dyads = [label for label, events in found if events[0].dyad]
    sure = [label for label, events in found if events[0].confidence >= SURE]
    told = [(label, bool(events)) for label, events in pairs if label.diplomatic]
    return {
        "precision": _share([(label.weight, label.diplomatic) for label, _ in found]),
        "across a border": _share([(label.weight, label.grade == "abroad") for label, _ in found]),
        f"confidence {SURE}": _share([(label.weight, label.diplomatic) for label in sure]),
        "two countries": _share([(label.weight, label.diplomatic) for label in dyads]),
        "recall": _share([(label.weight, right) for label, right in told]),
        "recall across a border": _share([(label.weight, right) for label, right in told if label.grade == "abroad"]),
    }


def _share(rows: Sequence[tuple[float, bool]]) -> tuple[float, float, int]:
    """Weighted share of the true, 1.96 linearised standard errors of it, and how many rows there are."""
    total = sum(weight for weight, _ in rows)
    if not total:
        return math.nan, math.nan, 0
    share = sum(weight for weight, right in rows if right) / total
    spread = math.sqrt(sum((weight * (right - share)) ** 2 for weight, right in rows)) / total
    return share, 1.96 * spread, len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("headlines", type=Path)
    parser.add_argument("--coder", choices=CODERS, default="rules")
    parser.add_argument("--sample", choices=SAMPLES, action="append", help="default: every sample")
    chosen = parser.parse_args()
    texts = read_headlines(chosen.headlines)
    for sample in chosen.sample or SAMPLES:
        labels = [label for label in read_labels() if label.sample == sample]
        coded = code_headlines([texts[label.row - 1] for label in labels], coder=chosen.coder)
        diplomatic = sum(label.diplomatic for label in labels)
        print(f"{chosen.coder}, {sample} sample: {len(labels)} labelled, {diplomatic} of them diplomatic")
        for name, (share, half, count) in figures(labels, coded).items():
            print(f"  {name:<24}{share:.3f} +- {half:.3f}  of {count}")


if __name__ == "__main__":
    main()
