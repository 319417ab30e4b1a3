"""How many of the events found in business headlines are diplomatic: ``reuters_precision.py HEADLINES.csv``.

HEADLINES.csv (or .csv.gz, a column ``headline``) is a file of 45,315 Reuters business headlines of 2006-2009, whose
wording is not ours to ship. ``reuters_labels.csv`` has row numbers (1 = first row under the header) with a label given
by reading each headline; ``reuters_labels.md`` says what counts as diplomatic. Every wording that names an actor is
labelled once. Samples are whole months:

* ``fitted``: weights are fitted to these;
* ``held``: no weight is fitted to these. ``unseen`` are those of them that nobody looked at while rules and words were
  made either.

Printed are precision, and the share of the diplomatic headlines found among those that name an actor.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from correlator.events.coder import CODERS, code_headlines
from correlator.events.model import CodedEvent

LABELS = Path(__file__).parent / "reuters_labels.csv"
SURE = 0.8
FITTED: Final = "fitted"
HELD: Final = "held"


class Label(NamedTuple):
    """One reading: ``grade`` is abroad or home (both diplomatic) or none; ``in_view`` while the rules were made."""

    row: int
    month: str
    sample: str
    grade: str
    in_view: bool

    @property
    def diplomatic(self) -> bool:
        return self.grade != "none"


class Share(NamedTuple):
    """A share, half its 95 % interval, and how many headlines are behind it."""

    value: float
    half: float
    count: int


SAMPLES: Final[dict[str, Callable[[Label], bool]]] = {
    FITTED: lambda label: label.sample == FITTED,
    HELD: lambda label: label.sample == HELD,
    "unseen": lambda label: label.sample == HELD and not label.in_view,
}


def read_headlines(path: Path) -> list[str]:
    """The column ``headline`` of a CSV file, packed or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        return [row["headline"] for row in csv.DictReader(lines)]


def read_labels(path: Path = LABELS) -> list[Label]:
    """Every label, in file order."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            Label(int(row["row"]), row["month"], row["sample"], row["grade"], row["in_view"] == "yes")
            for row in csv.DictReader(lines)
        ]


def figures(labels: Sequence[Label], coded: Sequence[Sequence[CodedEvent]]) -> dict[str, Share]:
    """Precision, also of some of the events, and recall."""
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
    """Share of the true with half a normal 95 % interval."""
    if not flags:
        return Share(math.nan, math.nan, 0)
    value = sum(flags) / len(flags)
    return Share(value, 1.96 * math.sqrt(value * (1 - value) / len(flags)), len(flags))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("headlines", type=Path)
    parser.add_argument("--coder", choices=CODERS, default="rules")
    parser.add_argument("--sample", choices=list(SAMPLES), action="append", help="default: every sample")
    chosen = parser.parse_args()
    texts = read_headlines(chosen.headlines)
    for sample in chosen.sample or SAMPLES:
        labels = [label for label in read_labels() if SAMPLES[sample](label)]
        coded = code_headlines([texts[label.row - 1] for label in labels], coder=chosen.coder)
        diplomatic = sum(label.diplomatic for label in labels)
        print(f"{chosen.coder}, {sample}: {len(labels)} headlines, {diplomatic} of them diplomatic")
        for name, (value, half, count) in figures(labels, coded).items():
            print(f"  {name:<24}{value:.3f} +- {half:.3f}  of {count}")


if __name__ == "__main__":
    main()
