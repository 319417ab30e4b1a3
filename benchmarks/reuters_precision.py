"""How many of the events found in business headlines are diplomatic: ``reuters_precision.py HEADLINES.csv``.

HEADLINES.csv (or .csv.gz, a column ``headline``) is a file of Reuters business headlines of 2006-2009, whose wording is
not ours to ship. ``reuters_labels.csv`` has the row numbers (1 = first row under the header) of 200 headlines drawn
with seed 20250528 from those that the rules coded when they were drawn, and a label given by reading each: diplomatic
if a government, parliament or international organisation acts or speaks as such towards somebody. Printed is the
precision over those that are still coded; a rule that drops one does not change the labels.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path

from correlator.events.coder import code_headlines

LABELS = Path(__file__).parent / "reuters_labels.csv"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("headlines", type=Path)
    parser.add_argument("--coder", choices=("rules", "full"), default="rules")
    chosen = parser.parse_args()
    opened = gzip.open if chosen.headlines.suffix == ".gz" else open
    with opened(chosen.headlines, "rt", encoding="utf-8", newline="") as lines:
        texts = [row["headline"] for row in csv.DictReader(lines)]
    with LABELS.open(encoding="utf-8", newline="") as lines:
        labels = [(int(row["row"]), row["diplomatic"] == "1") for row in csv.DictReader(lines)]
    coded = code_headlines([texts[row - 1] for row, _ in labels], coder=chosen.coder)
    found = [(right, events[0].dyad is not None) for (_, right), events in zip(labels, coded, strict=True) if events]
    dyads = [right for right, dyad in found if dyad]
    print(f"labelled {len(labels)}, diplomatic {sum(right for _, right in labels)}")
    print(f"still coded {len(found)}, precision {sum(right for right, _ in found) / len(found):.3f}")
    print(f"with two countries {len(dyads)}, precision {sum(dyads) / len(dyads):.3f}")


if __name__ == "__main__":
    main()
