"""The texts that the coder's weights are fitted to, with the labels that people gave them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from correlator.events.learned.features import CLASSES, NONE
from correlator.events.model import CATEGORIES
from correlator.events.vocabulary.lexicon import lexicon_with

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from coder_accuracy import SHORT
from reuters_precision import read_headlines, read_labels, share

FILES = ("plv_zsp", "plover_gsr", "cameo_manual_examples", "cameo_class_conflibert", "ngec_headline_templates")
BUSINESS = "business"
ROLES = "roles"
EVENTS = Path(__file__).parent.parent / "data" / "events"
OWN = {"own": EVENTS / "training_headlines.tsv", "own business": EVENTS / "training_business.tsv"}
QUAD_OF = {name: SHORT[CATEGORIES[name].quad_class] if name != NONE else "NEUTRAL" for name in CLASSES}
HEADLINE_WEIGHT = 6.0
OWN_WEIGHT = 0.7
ROLE_FILE = EVENTS / "training_roles.tsv"
_MARK = re.compile(r"([ST])\[([^\]]*)\]")
BUSINESS_WEIGHT = 0.03
WANTED = 0.91
HALVINGS = 200
HALVINGS_SEED = 0


@dataclass(frozen=True)
class Row:
    """One text with the classes that its label allows (none: not learnt from)."""

    file: str
    text: str
    allowed: tuple[str, ...]
    cluster: str
    weight: float
    gold: dict[str, str]

    @property
    def is_event(self) -> bool:
        """Whether its label is an event."""
        return NONE not in self.allowed


def allowed_classes(file: str, record: dict[str, str]) -> tuple[str, ...]:
    """The classes that a gold label leaves open. Statements (CAMEO 01) are no events, appeals (02) are requests."""
    root, quad = record.get("root"), record.get("quad")
    if root == "YIELD":
        return ("CONCEDE", "RETREAT")
    if root in CATEGORIES:
        return (str(root),)
    if file == "cameo_manual_examples":
        return {"01": (NONE,), "02": ("REQUEST",)}.get(record.get("cameo_root", ""), ())
    names = tuple(name for name in CLASSES if QUAD_OF[name] == quad)
    # this file counts sanctions as verbal conflict
    return (*names, "SANCTION", "COERCE") if file == "cameo_class_conflibert" and quad == "VK" else names


def gold_rows(folder: Path) -> list[Row]:
    """Sentences and templates that people coded."""
    rows = []
    for file in FILES:
        for path in folder.glob(f"{file}.*jsonl"):
            for line in path.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                gold = {key: record[key] for key in ("root", "quad", "source", "target") if record.get(key)}
                cluster = record.get("cluster") or record["text"]
                weight = HEADLINE_WEIGHT if file == "ngec_headline_templates" else 1.0
                rows.append(Row(file, record["text"], allowed_classes(file, record), cluster, weight, gold))
    return rows


def own_rows() -> list[Row]:
    """The lexicon's examples and our own training headlines."""
    rows = []
    for entry in lexicon_with(None):
        label = entry.category if entry.category in CATEGORIES else NONE if entry.category == "WITHOUT" else None
        if label is not None:
            rows.append(Row("lexicon", entry.example, (label,), f"lexicon {entry.number}", 1.0, {}))
    for name, path in OWN.items():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            category, text = line.split("\t")
            gold = {"root": category, "quad": QUAD_OF[category]} if name == "own" else {}
            rows.append(Row(name, text, (category,), f"{name} {number}", OWN_WEIGHT, gold))
    return rows


def role_rows() -> list[tuple[Row, dict[str, list[tuple[int, int]]]]]:
    """Our own sentences with source (S) and target (T) marked, and the spans of the marks in their text."""
    rows = []
    for number, line in enumerate(ROLE_FILE.read_text(encoding="utf-8").splitlines(), 1):
        category, marked = line.split("\t")
        spans: dict[str, list[tuple[int, int]]] = {"S": [], "T": []}
        text, place = "", 0
        for mark in _MARK.finditer(marked):
            text += marked[place : mark.start()]
            spans[mark[1]].append((len(text), len(text) + len(mark[2])))
            text, place = text + mark[2], mark.end()
        rows.append((Row(ROLES, text + marked[place:], (category,), f"{ROLES} {number}", 1.0, {}), spans))
    return rows


def business_rows(headlines: Path) -> list[Row]:
    """The labelled business headlines; a cluster is a month, so that a story is seldom in two folds."""
    return [row for row, _ in graded_business_rows(headlines)]


def graded_business_rows(headlines: Path) -> list[tuple[Row, str]]:
    """The labelled business headlines with their grade: abroad, home or none."""
    texts = read_headlines(headlines)
    rows = []
    for label in read_labels():
        allowed = tuple(CATEGORIES) if label.diplomatic else (NONE,)
        gold = {"grade": label.grade}
        row = Row(BUSINESS, texts[label.row - 1], allowed, f"{BUSINESS} {label.month}", BUSINESS_WEIGHT, gold)
        rows.append((row, label.grade))
    return rows


def folds_of(rows: list[Row], folds: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows to fit to and rows to measure with; a cluster is in one fold, the same whatever else is fitted."""
    parts = np.array([fold_of(row.cluster, folds) for row in rows])
    for part in range(folds):
        yield np.flatnonzero(parts != part), np.flatnonzero(parts == part)


def fold_of(cluster: str, folds: int) -> int:
    """Return the fold that leaves a cluster out."""
    return crc32(cluster.encode()) % folds


def print_events(rows: list[Row], likely: NDArray[np.float64], told: NDArray[np.bool_], sure: float) -> None:
    """Precision and recall of events among the headlines that name an actor, at the threshold and others."""
    events = np.array([row.is_event for row in rows])
    for file in (BUSINESS, "own", "own business"):
        some = told & np.array([row.file == file for row in rows])
        print(f"  headlines of {file}, {some.sum()} with an actor, {(events & some).sum()} events:")
        for least in sorted({0.5, 0.7, 0.8, 0.85, 0.9, 0.95, sure}):
            found = some & (likely >= least)
            precision, recall = share(events[found].tolist()), share((likely >= least)[some & events].tolist())
            mark = " *" if least == sure else ""
            print(f"    likelier than {least:.2f}: precision {precision}, recall {recall}{mark}")


def print_elsewhere(rows: list[Row], likely: NDArray[np.float64], told: NDArray[np.bool_]) -> None:
    """Precision of business events on half of the months, at the likelihood that gives ``WANTED`` on the others."""
    some = np.flatnonzero(told & np.array([row.file == BUSINESS for row in rows]))
    events, likely = np.array([rows[n].is_event for n in some]), likely[some]
    months = np.array([rows[n].cluster for n in some])
    known, seeded, shares = np.unique(months), np.random.default_rng(HALVINGS_SEED), []
    for _ in range(HALVINGS):
        there = np.isin(months, seeded.permutation(known)[: len(known) // 2])
        order = np.flatnonzero(there)[np.argsort(-likely[there])]
        right = np.cumsum(events[order]) / np.arange(1, len(order) + 1)
        reached = np.flatnonzero(right >= WANTED)
        if len(reached):
            shares.append(events[~there & (likely >= likely[order[reached[-1]]])].mean())
    if not shares:
        print(f"    no likelihood gives {WANTED} on half of the months")
        return
    print(
        f"    likelihood chosen for {WANTED} on half of the months, precision on the others: {np.mean(shares):.3f} "
        f"(sd {np.std(shares):.3f}, {HALVINGS} halvings)"
    )
