"""Precision of links of kind ``named`` on sampled headlines: ``named_links.py REUTERS.csv[.gz] BENZINGA.csv``.

``named_links.csv`` has source, row (1 = first row under the header of the Reuters file, first article of the Benzinga
one), symbol and whether the headline, read by hand, means that instrument; never its wording. Sampled by a seed, at
most twelve links of a symbol and source, of the shipped instruments and ``OTHERS`` (names and tickers that are words).
Printed are how many of the labelled links are still made, and how many of these are right.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from reuters_precision import read_headlines, share

from correlator.base.resources import data_path
from correlator.events.linking.link import Linker
from correlator.news.read import read_news

LABELS = Path(__file__).parent / "named_links.csv"
OTHERS: tuple[tuple[str, str, str | None], ...] = (
    ("IBM", "International Business Machines Corporation", "IBM"),
    ("GE", "General Electric Company", None),
    ("F", "Ford Motor Company", "Ford"),
    ("BA", "Boeing Company", "Boeing"),
    ("CAT", "Caterpillar Inc.", None),
    ("C", "Citigroup Inc.", None),
    ("HD", "Home Depot Inc.", "Home Depot"),
    ("T", "AT&T Inc.", "AT&T"),
    ("V", "Visa Inc.", None),
    ("TGT", "Target Corporation", None),
    ("GAP", "Gap Inc.", None),
    ("NKE", "Nike Inc.", None),
    ("DAL", "Delta Air Lines Inc.", "Delta"),
    ("SYK", "Stryker", None),
    ("ORCL", "Oracle Corporation", None),
    ("AMZN", "Amazon.com Inc.", "Amazon"),
    ("WMT", "Walmart Inc.", "Wal-Mart"),
    ("GS", "Goldman Sachs Group Inc.", "Goldman Sachs|Goldman"),
    ("UBS", "UBS Group AG", None),
    ("BP", "BP plc", None),
    ("GOOG", "Alphabet Inc.", "Google"),
    ("INTC", "Intel Corporation", None),
    ("KO", "Coca-Cola Company", "Coca-Cola"),
    ("MS", "Morgan Stanley", None),
    ("S", "Sprint Corporation", None),
    ("ALL", "Allstate Corp", None),
    ("CSCO", "Cisco Systems Inc.", None),
)


def linker() -> Linker:
    """The linker of the shipped instruments and ``OTHERS``."""
    with data_path("instruments", "instruments.csv").open(encoding="utf-8", newline="") as lines:
        shipped = [
            (row["symbol"], row["name"], (row["aliases"] or "").replace(";", "|")) for row in csv.DictReader(lines)
        ]
    return Linker([*shipped, *OTHERS])


def main(reuters: Path, benzinga: Path) -> None:
    texts = {
        "reuters": read_headlines(reuters),
        "benzinga": [text for batch in read_news(benzinga) for text in batch.articles["headline"]],
    }
    links, made, kept = linker(), 0, []
    with LABELS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            made += 1
            found = links.link(texts[row["source"]][int(row["row"]) - 1], None, ())
            if any(link.symbol == row["symbol"] and link.kind == "named" for link in found):
                kept.append(row["right"] == "1")
    print(f"{len(kept)} of {made} labelled links made, right: {share(kept)}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: named_links.py REUTERS.csv[.gz] BENZINGA.csv")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
