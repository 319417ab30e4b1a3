"""Measure how often the coder agrees with people.

``python benchmarks/coder_accuracy.py GOLD_DIR [--coder rules|full]``

GOLD_DIR holds ``*.jsonl`` with ``text``, ``root`` (PLOVER; YIELD = CONCEDE + RETREAT), ``quad`` (VC MC VK MK NEUTRAL),
``source`` and ``target`` (three letters of country, then role; several joined by a bar; IGO for any organisation).
Printed per file: accuracy and macro-F1 of category and quad class, share answered, the figures of both halves (texts
parted by a hash; rules were written with half 0 in view only), actors, and with ``--detail`` precision and recall per
class and the confusion. The quad map is that of ``correlator/events/model.py``. Leaves with 1 under the floors of the
coder. The shipped weights of ``full`` were fitted on such files: ``tools/fit_coder.py`` prints figures on unseen folds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from correlator.events.coder import code_headlines
from correlator.events.model import CATEGORIES, CodedEvent

HUMAN = ("plv_zsp", "plover_gsr", "cameo_manual_examples", "cameo_class_conflibert", "petr2_gsr")
ALSO = ("ngec_headline_templates",)
SHORT = {
    "verbal-cooperation": "VC",
    "material-cooperation": "MC",
    "verbal-conflict": "VK",
    "material-conflict": "MK",
    "neutral": "NEUTRAL",
}
# (file, measure) -> least value, on whatever folder is given.
FLOORS = {
    "rules": {("plv_zsp", "root"): 0.60, ("plv_zsp", "quad"): 0.72, ("plv_zsp", "answered"): 0.90},
    "full": {
        ("plv_zsp", "root"): 0.80,
        ("plover_gsr", "root"): 0.74,
        ("plv_zsp", "quad"): 0.87,
        ("plover_gsr", "quad"): 0.85,
        ("cameo_class_conflibert", "quad"): 0.82,
        ("ngec_headline_templates", "quad"): 0.80,
    },
}
ACTOR_FLOORS = {"source": 0.90, "target": 0.85, "dyad": 0.82, "dyad+quad": 0.70}
# Codes of the labels that are not ISO 3166-1.
SPELLINGS = {"JAP": "JPN", "VTN": "VNM", "TLS": "TLS", "KSV": "XKX"}


@dataclass(frozen=True)
class Scores:
    """The agreement of two lists of labels."""

    count: int
    accuracy: float
    macro_f1: float
    per_class: dict[str, tuple[float, float, int]]
    confusion: Counter[tuple[str, str]]


def scores(gold: Sequence[str], coded: Sequence[str]) -> Scores:
    """Accuracy, macro-F1 over the gold's classes, (precision, recall, count) per class, confusion."""
    pairs = Counter(zip(gold, coded, strict=True))
    said, meant = Counter(coded), Counter(gold)
    per_class = {}
    for name in sorted(meant):
        right = pairs[name, name]
        per_class[name] = (right / said[name] if said[name] else 0.0, right / meant[name], meant[name])
    f1 = [2 * p * r / (p + r) if p + r else 0.0 for p, r, _ in per_class.values()]
    right = sum(count for (a, b), count in pairs.items() if a == b)
    return Scores(len(gold), right / max(len(gold), 1), sum(f1) / max(len(f1), 1), per_class, pairs)


def half_of(text: str) -> int:
    """Return 0 or 1 by a hash of the text: the same text is always in the same half."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2


def category_of(events: Sequence[CodedEvent], yields: bool) -> str:
    """Category of the main event, NONE without; CONCEDE and RETREAT as YIELD where the gold merges them."""
    if not events:
        return "NONE"
    return "YIELD" if yields and events[0].category in ("CONCEDE", "RETREAT") else events[0].category


def quad_of(events: Sequence[CodedEvent]) -> str:
    """Quad class of the main event in the gold's letters; NEUTRAL without."""
    return SHORT[events[0].quad_class] if events else "NEUTRAL"


def countries(code: str | None) -> set[str]:
    """Countries of a gold actor field; any organisation is IGO."""
    parts = [part.split(":")[0][:3] for part in (code or "").split("|") if part]
    return {SPELLINGS.get(part, part) for part in parts}


def coded_country(events: Sequence[CodedEvent], side: str) -> str | None:
    """Country of the main event's source or target; IGO for an organisation."""
    actor = getattr(events[0], side) if events else None
    if actor is None or actor.country is None:
        return None
    if actor.role == "IMG":
        return "IMG"
    return "IGO" if actor.role in ("IGO", "NGO") or len(actor.country) != 3 or actor.country == "IMF" else actor.country


def actor_figures(rows: Sequence[dict[str, str]], coded: Sequence[list[CodedEvent]]) -> dict[str, tuple[float, int]]:
    """Share of rows whose coded country is among the gold's: source, target, both in order, both and the quad class."""
    hits: dict[str, list[bool]] = {"source": [], "target": [], "dyad": [], "dyad+quad": []}
    for row, events in zip(rows, coded, strict=True):
        ends = {side: countries(row[side]) for side in ("source", "target")}
        right = {side: coded_country(events, side) in ends[side] for side in ends}
        for side in ends:
            if ends[side]:
                hits[side].append(right[side])
        if all(ends.values()):
            hits["dyad"].append(all(right.values()))
            hits["dyad+quad"].append(all(right.values()) and quad_of(events) == row["quad"])
    return {name: (sum(found) / max(len(found), 1), len(found)) for name, found in hits.items()}


def label_figures(
    rows: Sequence[dict[str, str]], coded: Sequence[list[CodedEvent]], key: str, yields: bool
) -> tuple[list[str], list[str]]:
    """Gold and coded labels of the rows that carry ``key``."""
    read: Callable[[list[CodedEvent]], str] = quad_of if key == "quad" else lambda e: category_of(e, yields)
    kept = [(row[key], read(events)) for row, events in zip(rows, coded, strict=True) if row.get(key)]
    return [gold for gold, _ in kept], [label for _, label in kept]


def report(name: str, rows: list[dict[str, str]], coder: str, detail: bool) -> dict[str, float]:
    """Print the figures of one file; return those that have a least value."""
    coded = code_headlines([row["text"] for row in rows], coder=coder)
    yields = any(row.get("root") == "YIELD" for row in rows)
    events = [bool(e) for row, e in zip(rows, coded, strict=True) if row.get("quad") not in (None, "NEUTRAL")]
    figures = {"answered": sum(events) / max(len(events), 1)}
    print(f"\n{name}: {len(rows)} texts, answered {figures['answered']:.3f} of {len(events)} with an event")
    for key in ("root", "quad"):
        parts = []
        for half in (None, 0, 1):
            chosen = [i for i, row in enumerate(rows) if half is None or half_of(row["text"]) == half]
            gold, labels = label_figures([rows[i] for i in chosen], [coded[i] for i in chosen], key, yields)
            if not gold:
                break
            found = scores(gold, labels)
            parts.append(f"{found.accuracy:.3f}/{found.macro_f1:.3f}")
            if half is None:
                figures[key], whole = found.accuracy, found
        if not parts:
            continue
        print(f"  {key:5} accuracy/macro-F1 {parts[0]}  halves {' '.join(parts[1:])}")
        if detail:
            print_detail(whole)
    if any(row.get("source") for row in rows):
        for measure, (share, count) in actor_figures(rows, coded).items():
            figures[f"actor {measure}"] = share
            print(f"  {measure:9} {share:.3f} of {count}")
    return figures


def print_detail(found: Scores) -> None:
    """Precision and recall per class and the commonest confusions."""
    for label, (precision, recall, count) in found.per_class.items():
        print(f"    {label:10} precision {precision:.2f} recall {recall:.2f} of {count}")
    wrong = [(count, pair) for pair, count in found.confusion.items() if pair[0] != pair[1]]
    worst = ", ".join(f"{a} as {b} {count}" for count, (a, b) in sorted(wrong, reverse=True)[:12])
    print(f"    confused: {worst}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--coder", choices=("rules", "full"), default="rules")
    parser.add_argument("--detail", action="store_true")
    chosen = parser.parse_args()
    below = []
    pooled: list[dict[str, str]] = []
    for name in (*HUMAN, *ALSO):
        for path in sorted(chosen.folder.glob(f"{name}.*jsonl")):
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
            rows = [row for row in rows if row.get("root") is None or row["root"] in (*CATEGORIES, "YIELD")]
            figures = report(name, rows, chosen.coder, chosen.detail)
            pooled += [{**row, "root": _merged(row.get("root"))} for row in rows if name in HUMAN]
            wanted = {m: floor for (file, m), floor in FLOORS[chosen.coder].items() if file == name}
            if name == "plover_gsr":
                wanted |= {f"actor {measure}": floor for measure, floor in ACTOR_FLOORS.items()}
            below += [f"{name} {m} {figures[m]:.3f} < {floor}" for m, floor in wanted.items() if figures[m] < floor]
    report("pooled human gold", pooled, chosen.coder, chosen.detail)
    print("\n" + ("below the floors: " + "; ".join(below) if below else "every floor holds"))
    return 1 if below else 0


def _merged(root: str | None) -> str:
    return "YIELD" if root in ("CONCEDE", "RETREAT") else root or ""


if __name__ == "__main__":
    sys.exit(main())
