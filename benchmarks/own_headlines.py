"""Measure the coder on our own Pakistani headlines: ``python benchmarks/own_headlines.py [--coder rules|full]``.

Three sets in ``tests/events/headlines`` (its README has the guidelines); nothing is fitted on them. The second one was
labelled before any coder had read it; half of its events were looked at later, and are shown apart. With ``--detail``
every headline of the first set that is coded otherwise.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

from correlator.events.coder import code_headlines
from correlator.events.model import CATEGORIES, CodedEvent
from correlator.events.scope import DOMESTIC

HOMES = (None, "PAK")
FRESH = ("fresh", "fresh2", "fresh3", "fresh4", "fresh5", "fresh6", "fresh7")
FOLDER = Path(__file__).parent.parent / "tests" / "events" / "headlines"


class Label(NamedTuple):
    """The label of a headline; all None if it reports no event."""

    text: str
    source: str | None
    target: str | None
    category: str | None


def read_labels(folder: Path = FOLDER) -> list[Label]:
    """Return the 300 labelled headlines, events first."""
    labels = []
    for line in (folder / "events.tsv").read_text(encoding="utf-8").splitlines():
        source, target, category, text = line.split("\t")
        labels.append(Label(text, source, target, category))
    without = (folder / "without.txt").read_text(encoding="utf-8").splitlines()
    return labels + [Label(text, None, None, None) for text in without]


def read_dated(half: str, folder: Path = FOLDER) -> list[Label]:
    """The labelled headlines of the second set: events of one ``half``, seen or unseen, and with it non-events."""
    with (folder / "dated.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["half"] == half]
    return [Label(row["headline"], _code(row["source"]), _code(row["target"]), row["category"] or None) for row in rows]


def read_fresh(name: str, folder: Path = FOLDER) -> list[Label]:
    """Return the labelled headlines of a fresh set, events first."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [
        Label(row["headline"], row["source"] or None, row["target"] or None, _category(row["category"])) for row in rows
    ]


def _category(name: str) -> str | None:
    return None if name == "NONE" else name


def _code(actor: str) -> str | None:
    return actor.split(":")[0] or None


def print_actors(coder: str, folder: Path = FOLDER) -> None:
    """Print the share of the answered texts of ``actors.tsv`` with source and target right."""
    labels = [line.split("\t") for line in (folder / "actors.tsv").read_text(encoding="utf-8").splitlines()]
    coded = code_headlines([text for _, _, text in labels], coder=coder)
    right = [
        _both(events[0]) == (source, target)
        for (source, target, _), events in zip(labels, coded, strict=True)
        if events
    ]
    print(f"actors.tsv: both sides right in {sum(right) / len(right):.3f} of {len(right)} answered of {len(labels)}")


def figures(labels: list[Label], coded: list[list[CodedEvent]]) -> dict[str, float]:
    """Shares right: of events answered, category, quad, source, target and dyad; of non-events those left alone.

    The last line also counts as left alone what is told, but marked as domestic.
    """
    pairs = [(label, events[0] if events else None) for label, events in zip(labels, coded, strict=True)]
    told = [(label, event) for label, event in pairs if label.category is not None]
    quiet = [event is None for label, event in pairs if label.category is None]
    within = [event is None or event.scope == DOMESTIC for label, event in pairs if label.category is None]
    found = [(label, event) for label, event in told if event is not None]
    count = len(told)
    return {
        "answered": len(found) / count,
        "category": sum(event.category == label.category for label, event in found) / count,
        "quad": sum(event.quad_class == CATEGORIES[label.category or ""].quad_class for label, event in found) / count,
        "source": sum(_country(event, "source") == label.source for label, event in found) / count,
        "target": sum(_country(event, "target") == label.target for label, event in found) / count,
        "dyad": sum(_both(event) == (label.source, label.target) for label, event in found) / count,
        "dyad and quad": sum(
            _both(event) == (label.source, label.target)
            and event.quad_class == CATEGORIES[label.category or ""].quad_class
            for label, event in found
        )
        / count,
        "non-events left alone": sum(quiet) / len(quiet) if quiet else float("nan"),
        "... or domestic": sum(within) / len(within) if within else float("nan"),
    }


def _country(event: CodedEvent, side: str) -> str | None:
    actor = event.source if side == "source" else event.target
    return actor.country if actor else None


def _both(event: CodedEvent) -> tuple[str | None, str | None]:
    return _country(event, "source"), _country(event, "target")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--coder", choices=("rules", "full"), default="rules")
    parser.add_argument("--detail", action="store_true")
    parser.add_argument("--fresh", choices=FRESH, help="a fresh set, without and with the country of the page")
    chosen = parser.parse_args()
    if chosen.fresh:
        fresh = read_fresh(chosen.fresh)
        texts = [label.text for label in fresh]
        coded_at = {str(home): figures(fresh, code_headlines(texts, coder=chosen.coder, home=home)) for home in HOMES}
        print(f"{chosen.coder:<24}" + "".join(f"{f'home {home}':>16}" for home in coded_at))
        for measure in coded_at["None"]:
            print(f"{measure:<24}" + "".join(f"{column[measure]:>16.3f}" for column in coded_at.values()))
        return
    sets = {"first set": read_labels(), "second, unseen": read_dated("unseen"), "second, seen": read_dated("seen")}
    columns = {}
    for name, labels in sets.items():
        columns[name] = figures(labels, code_headlines([label.text for label in labels], coder=chosen.coder))
    print(f"{chosen.coder:<24}" + "".join(f"{name:>16}" for name in columns))
    for measure in columns["first set"]:
        print(f"{measure:<24}" + "".join(f"{column[measure]:>16.3f}" for column in columns.values()))
    print_actors(chosen.coder)
    if not chosen.detail:
        return
    labels = read_labels()
    coded = code_headlines([label.text for label in labels], coder=chosen.coder)
    for label, events in zip(labels, coded, strict=True):
        got = (*_both(events[0]), events[0].category) if events else (None, None, None)
        if got != (label.source, label.target, label.category):
            print(f"{label.source} {label.target} {label.category} coded {got}: {label.text}")


if __name__ == "__main__":
    main()
