"""Fit the weights of the full coder's linear model: ``python tools/fit_coder.py GOLD_DIR HEADLINES.csv [--folds 3]``.

GOLD_DIR holds sentences that people coded (``coder_accuracy.py`` says in which form), HEADLINES.csv the Reuters
business headlines that ``benchmarks/reuters_labels.csv`` labels. Run ``fit_gate.py`` first: its weights are among the
features.

Two regressions are fitted over the same features. One tells the category (or none), from the gold, the lexicon's own
examples, our own training headlines and, at little weight, business headlines without an event; the other whether a
headline tells an event, from the business headlines and our own. Written to ``data/events/full_weights.npz`` are
numbers per hashed bucket: no word of the texts.

First it prints figures on folds that the fit has not seen (texts of one cluster or month stay in one fold). With
``--encoder FILE`` (what ``fine_tune_encoder.py --fold 0/3`` wrote) also those of the mean with the encoder, on the
third that the encoder has not seen either.

Where a file gives only the quad class, or YIELD for two categories, the category is the likeliest of those allowed
under a first fit on the certain rows.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from correlator.events.acts.gate import names_no_actor
from correlator.events.grammar.reading import named, read
from correlator.events.learned.confidence import SURE
from correlator.events.learned.features import BUCKETS, CLASSES, NAMED, NONE, grams, masked, rule_features
from correlator.events.learned.fitted import choose

sys.path.insert(0, str(Path(__file__).parent))
from encoder_rows import encoded_by
from training_rows import (
    BUSINESS,
    EVENTS,
    QUAD_OF,
    ROLES,
    Row,
    business_rows,
    fold_of,
    folds_of,
    gold_rows,
    own_rows,
    print_elsewhere,
    print_events,
    role_rows,
)

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from coder_accuracy import scores

MEASURED = (
    ("plv_zsp", "root"), ("plv_zsp", "quad"), ("plover_gsr", "root"), ("plover_gsr", "quad"),
    ("cameo_class_conflibert", "quad"), ("ngec_headline_templates", "quad"), ("own", "root"), ("own", "quad"),
)  # fmt: skip
OUT = EVENTS / "full_weights.npz"
UNSURE_WEIGHT = 0.6
PENALTY = 8.0
EVENT_PENALTY = 0.5
GRAM_SCALE = 1.5
ROUNDS = 90
EVENT_ROUNDS = 400
# The part of the clusters that the encoder of --encoder was not trained on.
FOLDS, LEFT_OUT = 3, 0


@dataclass(frozen=True)
class Features:
    """Hashed counts (rows, buckets), what the rules found, rule scores per class; ``nobody``: rows without an actor."""

    counts: sparse.csr_matrix
    rules: NDArray[np.float32]
    scores: NDArray[np.float32]
    nobody: NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """A fit: the buckets kept, their idf, and coefficients (features, columns) with intercepts.

    Columns are the classes, and last whether a headline tells an event.
    """

    buckets: NDArray[np.int64]
    idf: NDArray[np.float32]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]


def features_of(rows: list[Row]) -> Features:
    """Return the features of every row."""
    counts = sparse.lil_matrix((len(rows), BUCKETS), dtype=np.float32)
    rules, nobody = [], np.zeros(len(rows), dtype=np.bool_)
    found_scores = np.zeros((len(rows), len(CLASSES)), dtype=np.float32)
    for number, row in enumerate(rows):
        reading = named(read(row.text))
        hashed = grams(masked(reading.text, reading.mentions).words)
        counts[number, hashed.buckets] = hashed.counts
        rules.append(rule_features(reading))
        nobody[number] = names_no_actor(reading.text, reading.actors)
        for candidate in reading.candidates:
            column = CLASSES.index(candidate.category)
            found_scores[number, column] = max(found_scores[number, column], candidate.score)
    return Features(counts.tocsr(), np.array(rules), found_scores, nobody)


def design(features: Features, buckets: NDArray[np.int64], idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """The matrix that is fitted: normalised n-grams and rules."""
    weighted = features.counts[:, buckets].multiply(idf).tocsr()
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1))).ravel()
    parts = [sparse.diags(GRAM_SCALE / np.maximum(norms, 1e-9)) @ weighted, sparse.csr_matrix(features.rules)]
    return sparse.hstack(parts).tocsr().astype(np.float32)


def fit(rows: list[Row], features: Features, train: NDArray[np.int64]) -> Fitted:
    """Both regressions on the rows ``train``."""
    filled = np.asarray((features.counts[train] > 0).sum(axis=0)).ravel()
    buckets = np.flatnonzero(filled >= 2)
    idf = (np.log((1 + len(train)) / (1 + filled[buckets])) + 1).astype(np.float32)
    matrix = design(features, buckets, idf)
    coefficients = np.zeros((matrix.shape[1], len(CLASSES) + 1))
    intercept = np.full(len(CLASSES) + 1, -20.0)
    model, labels = fit_category(rows, features, train, matrix)
    coefficients[:, labels] = model.coef_.T
    intercept[labels] = model.intercept_
    told = train[tells_event(rows, features)[train]]
    events = np.array([rows[n].is_event for n in told])
    model = LogisticRegression(C=EVENT_PENALTY, max_iter=EVENT_ROUNDS).fit(matrix[told], events)
    coefficients[:, -1] = model.coef_[0]
    intercept[-1] = model.intercept_[0]
    return Fitted(buckets, idf, coefficients, intercept)


def tells_event(rows: list[Row], features: Features) -> NDArray[np.bool_]:
    """Return the rows that state whether a headline with an actor reports an event."""
    ours = np.array([row.file in (BUSINESS, ROLES, "own", "own business") for row in rows])
    return ours & (features.rules[:, NAMED] > 0)


def fit_category(
    rows: list[Row], features: Features, train: NDArray[np.int64], matrix: sparse.csr_matrix
) -> tuple[LogisticRegression, NDArray[np.int64]]:
    """Fit on the certain rows, label the open ones by that, and fit on all; the model and its columns."""
    train = train[np.array([rows[n].file != BUSINESS or not rows[n].is_event for n in train])]
    mask = np.array([[name in row.allowed for name in CLASSES] for row in rows])
    sure = mask.sum(axis=1) == 1
    labels = np.where(mask, features.scores, -1.0).argmax(axis=1)
    weights = np.array([row.weight for row in rows]) * np.where(sure, 1.0, UNSURE_WEIGHT)
    usable = train[mask[train].any(axis=1)]
    model = LogisticRegression(C=PENALTY, max_iter=ROUNDS)
    first = usable[sure[usable]]
    model.fit(matrix[first], labels[first], sample_weight=weights[first])
    open_rows = usable[~sure[usable]]
    shares = np.zeros((len(rows), len(CLASSES)))
    shares[np.ix_(open_rows, model.classes_)] = model.predict_proba(matrix[open_rows])
    labels = np.where(sure, labels, np.where(mask, shares, -1.0).argmax(axis=1))
    model.fit(matrix[usable], labels[usable], sample_weight=weights[usable])
    return model, np.asarray(model.classes_)


@dataclass(frozen=True)
class Said:
    """Predictions of a model: probability of each class (rows, classes), and of an event (rows,)."""

    shares: NDArray[np.float64]
    likely: NDArray[np.float64]

    def mean(self, other: Said) -> Said:
        return Said((self.shares + other.shares) / 2, (self.likely + other.likely) / 2)


def said(fitted: Fitted, features: Features, some: NDArray[np.int64]) -> Said:
    """Return the predictions of a fit for some rows."""
    logits = design(features, fitted.buckets, fitted.idf)[some] @ fitted.coefficients + fitted.intercept
    return Said(softmax(logits[:, :-1]), 1.0 / (1.0 + np.exp(-logits[:, -1])))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def labels_of(found: Said, features: Features, some: NDArray[np.int64], sure: float) -> NDArray[np.int64]:
    """Return for some rows the class that the shipped code would choose."""
    gated, none = features.rules[some, NAMED] > 0, CLASSES.index(NONE)
    shares = found.shares.copy()
    shares[gated, none] = 0.0
    chosen = np.array([choose(row / row.sum()) for row in shares])
    return np.where(features.nobody[some] | (gated & (found.likely < sure)), none, chosen)


def cross_validated(rows: list[Row], features: Features, folds: int, encoder: Path | None) -> None:
    """Print accuracy and macro-F1, and precision of events, on folds that the fits have not seen."""
    everything = np.arange(len(rows))
    linear = Said(np.zeros((len(rows), len(CLASSES))), np.zeros(len(rows)))
    for train, test in folds_of(rows, folds):
        found = said(fit(rows, features, train), features, test)
        linear.shares[test], linear.likely[test] = found.shares, found.likely
    print_figures("linear model alone", rows, features, everything, linear)
    if encoder is None:
        return
    some = np.flatnonzero([fold_of(row.cluster, FOLDS) == LEFT_OUT for row in rows])
    encoded = encoded_by([named(read(rows[n].text)) for n in some], encoder)
    learned = Said(softmax(encoded.category), 1.0 - softmax(encoded.scope)[:, 0])
    own = Said(linear.shares[some], linear.likely[some])
    print_figures("linear model on the encoder's third", rows, features, some, own)
    print_figures("encoder alone", rows, features, some, learned)
    print_figures("mean of both", rows, features, some, own.mean(learned))


def print_figures(name: str, rows: list[Row], features: Features, some: NDArray[np.int64], found: Said) -> None:
    """Figures of one model on some rows."""
    labels = labels_of(found, features, some, SURE)
    print(f"{name}: accuracy/macro-F1")
    for file, key in MEASURED:
        chosen = [place for place, n in enumerate(some) if rows[n].file == file and key in rows[n].gold]
        gold = [rows[some[place]].gold[key] for place in chosen]
        names = [CLASSES[labels[place]] for place in chosen]
        coded = [QUAD_OF[each] if key == "quad" else merged(each, "YIELD" in gold) for each in names]
        figure = scores(gold, coded)
        print(f"  {file}/{key}: {figure.accuracy:.3f}/{figure.macro_f1:.3f} of {figure.count}")
    kept = [rows[n] for n in some]
    told = tells_event(rows, features)[some]
    print_events(kept, found.likely, told, SURE)
    print_elsewhere(kept, found.likely, told)


def merged(label: str, yields: bool) -> str:
    """Return labels with CONCEDE and RETREAT as YIELD if the labels of the file merge them."""
    return "YIELD" if yields and label in ("CONCEDE", "RETREAT") else label


def stored(fitted: Fitted) -> dict[str, NDArray[np.generic]]:
    """The arrays to ship: n-gram weights as 8-bit numbers with one scale per column."""
    kept = len(fitted.buckets)
    raw = fitted.coefficients[:kept] * GRAM_SCALE
    scale = np.abs(raw).max(axis=0) / 127.0
    scale[scale == 0] = 1.0
    small = np.round(raw / scale).astype(np.int8)
    used = np.abs(small).max(axis=1) > 0
    return {
        "buckets": fitted.buckets[used].astype(np.int32),
        "idf": fitted.idf[used].astype(np.float16),
        "grams": small[used],
        "scale": scale.astype(np.float32),
        "rules": fitted.coefficients[kept:].astype(np.float32),
        "intercept": fitted.intercept.astype(np.float32),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="folder of the gold")
    parser.add_argument("headlines", type=Path, help="CSV of the business headlines that reuters_labels.csv labels")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--encoder", type=Path, help="encoder that has not seen a third (fold 0/3)")
    parser.add_argument("--out", type=Path, default=OUT, help="file to write")
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    rows = gold_rows(chosen.folder) + own_rows() + business_rows(chosen.headlines) + [row for row, _ in role_rows()]
    features = features_of(rows)
    if chosen.folds > 1:
        cross_validated(rows, features, chosen.folds, chosen.encoder)
    np.savez_compressed(chosen.out, **stored(fit(rows, features, np.arange(len(rows)))))
    print(f"{len(rows)} texts; {chosen.out.name} has {chosen.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
