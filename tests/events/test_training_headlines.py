"""The headlines that the full coder learns from: enough of each category, and none like those it is measured with."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

from correlator.base.resources import data_path
from correlator.events.grammar.scan import scan
from correlator.events.learned.features import CLASSES, NONE, masked
from correlator.events.vocabulary.text import prepare

MEASURE = Path(__file__).parent / "headlines"
LEAST = {NONE: 300}
SAME = 0.6
STOP_WORDS = frozenset(
    ("actor", "s", "a", "an", "the", "and", "in", "of", "to", "on", "for", "at", "with", "by", "from", "over")
)


_MARK = re.compile(r"[ST]\[([^\]]*)\]")


def role_lines() -> list[str]:
    """Our sentences with source and target marked, without the marks."""
    lines = data_path("events", "training_roles.tsv").read_text("utf-8").splitlines()
    return [_MARK.sub(r"\1", line.split("\t")[1]) for line in lines]


def training() -> list[list[str]]:
    return [line.split("\t") for line in data_path("events", "training_headlines.tsv").read_text("utf-8").splitlines()]


def measuring() -> list[str]:
    with (MEASURE / "dated.csv").open(encoding="utf-8", newline="") as lines:
        dated = [row["headline"] for row in csv.DictReader(lines)]
    events = [line.split("\t")[3] for line in (MEASURE / "events.tsv").read_text("utf-8").splitlines()]
    return [*dated, *events, *(MEASURE / "without.txt").read_text("utf-8").splitlines()]


def content(text: str) -> frozenset[str]:
    """The words of a headline without names of actors and without the commonest words."""
    ready = prepare(text)
    words = masked(ready, scan(ready)[0]).words.split()
    return frozenset(word for word in words if word.isalnum() and word not in STOP_WORDS)


def test_every_category_has_headlines():
    counts = Counter(category for category, _ in training())
    assert set(counts) == set(CLASSES)
    assert {name: count for name, count in counts.items() if count < LEAST.get(name, 90)} == {}


def test_no_headline_is_written_twice():
    texts = Counter(text.lower() for _, text in training())
    assert [text for text, count in texts.items() if count > 1] == []


def test_no_training_headline_is_nearly_one_of_those_that_measure():
    having = defaultdict(list)
    for other in set(map(content, measuring())):
        for word in other:
            having[word].append(other)

    def is_near(words: frozenset[str]) -> bool:
        shared = Counter(other for word in words for other in having.get(word, ()))
        return any(count >= SAME * len(words | other) for other, count in shared.items())

    texts = [*(text for _, text in training()), *role_lines()]
    assert [text for text in texts if is_near(content(text))] == []
