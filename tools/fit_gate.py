"""Fit the weights of a headline's signs, by which rules recognise an event: ``python tools/fit_gate.py HEADLINES.csv``.

HEADLINES.csv holds the Reuters business headlines that ``benchmarks/reuters_labels.csv`` labels; the weights are fitted
to these and to our own training headlines, and written to ``data/events/gate.csv``. Figures are of folds that the fit
has not seen; a month is in one fold.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from correlator.events.acts.gate import SURE, has_gate
from correlator.events.acts.signs import Signs, signs
from correlator.events.grammar.reading import chosen, named, read

sys.path.insert(0, str(Path(__file__).parent))
from training_rows import EVENTS, Row, business_rows, folds_of, own_rows, print_events, role_rows

OUT = EVENTS / "gate.csv"
PENALTY = 1.0
ROUNDS = 2000
SMALLEST = 0.005


def signs_of(text: str) -> Signs | None:
    """Return the signs of a headline that names an actor and has a word that denotes an event."""
    reading = named(read(text))
    if not reading.candidates or not has_gate(reading.text, reading.actors):
        return None
    return signs(chosen(reading, reading.candidates[0]))


def in_settings(found: Signs) -> dict[str, float]:
    """Return one number per setting and sign."""
    return {f"{setting},{name}": value for setting in found.settings for name, value in found.values.items()}


def cross_validated(rows: list[Row], matrix: NDArray[np.float64], events: NDArray[np.bool_], folds: int) -> None:
    """Print precision and recall on folds that the fit has not seen."""
    likely = np.zeros(len(rows))
    for train, test in folds_of(rows, folds):
        model = LogisticRegression(C=PENALTY, max_iter=ROUNDS).fit(matrix[train], events[train])
        likely[test] = model.predict_proba(matrix[test])[:, 1]
    print_events(rows, likely, np.ones(len(rows), dtype=bool), SURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("headlines", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=OUT, help="file to write")
    chosen = parser.parse_args()
    trained = own_rows() + business_rows(chosen.headlines) + [row for row, _ in role_rows()]
    pairs = [(row, signs_of(row.text)) for row in trained]
    rows = [row for row, found in pairs if found is not None]
    vectors = DictVectorizer(sparse=False)
    matrix = vectors.fit_transform([in_settings(found) for _, found in pairs if found is not None])
    events = np.array([row.is_event for row in rows])
    if chosen.folds > 1:
        cross_validated(rows, matrix, events, chosen.folds)
    model = LogisticRegression(C=PENALTY, max_iter=ROUNDS).fit(matrix, events)
    weights = dict(zip(vectors.get_feature_names_out(), model.coef_[0], strict=True))
    weights["any,always"] += model.intercept_[0]
    with chosen.out.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(("setting", "sign", "weight"))
        for name, weight in weights.items():
            if abs(weight) >= SMALLEST:
                writer.writerow((*name.split(",", 1), f"{weight:.3f}"))
    print(f"{len(rows)} headlines, {len(weights)} weights to {chosen.out.name}")


if __name__ == "__main__":
    main()
