"""Fit the weights of the full coder: ``python tools/fit_coder.py GOLD_DIR HEADLINES.csv [--folds 5]``.

GOLD_DIR holds sentences that people coded (``coder_accuracy.py`` says in which form), HEADLINES.csv the Reuters
business headlines that ``benchmarks/reuters_labels.csv`` labels. Run ``fit_gate.py`` first: its weights are among the
features.

Two models are fitted, with and without sentence embeddings, each of two regressions over the same features. One tells
the category (or none), from the gold, the lexicon's own examples, our own training headlines and, at little weight,
business headlines without an event; the other whether a headline tells an event, from the business headlines and our
own. Written to ``data/events/full_weights.npz`` are numbers per hashed bucket: no word of the texts.

First it prints figures on folds that the fit has not seen (texts of one cluster or month stay in one fold), for all
texts and for the half (by a hash of the text) that was out of view when the rules were written.

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

from correlator.events.category import candidates
from correlator.events.embed import WIDTH, embed
from correlator.events.features import BUCKETS, CLASSES, NAMED, NONE, grams, masked, rule_features
from correlator.events.fitted import SURE, choose
from correlator.events.gate import tells_nobody
from correlator.events.phrases import phrases
from correlator.events.scan import scan
from correlator.events.text import prepare

sys.path.insert(0, str(Path(__file__).parent))
from training_rows import (
    BUSINESS,
    EVENTS,
    QUAD_OF,
    Row,
    business_rows,
    folds_of,
    gold_rows,
    own_rows,
    print_elsewhere,
    print_events,
)

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from coder_accuracy import half_of, scores

MEASURED = (
    ("plv_zsp", "root"), ("plv_zsp", "quad"), ("plover_gsr", "root"), ("plover_gsr", "quad"),
    ("cameo_class_conflibert", "quad"), ("ngec_headline_templates", "quad"), ("own", "root"), ("own", "quad"),
)  # fmt: skip
OUT = EVENTS / "full_weights.npz"
UNSURE_WEIGHT = 0.6
PENALTY = 8.0
EVENT_PENALTY = 0.5
GRAM_SCALE = 1.5
EMBEDDING_SCALE = 1.6
# Lexicon and gold have met, so the rules look better in the fit than on new text: shrunk where there is more to go by.
RULES_SCALE = {False: 1.0, True: 0.4}
ROUNDS = 90
EVENT_ROUNDS = 400


@dataclass(frozen=True)
class Features:
    """Hashed counts (rows, buckets), what the rules found, embeddings less their mean, rule scores per class.

    ``plain`` are embeddings of headlines with the names of their actors, less their mean; of other texts nothing.
    ``nobody``: headlines that name no actor.
    """

    counts: sparse.csr_matrix
    rules: NDArray[np.float32]
    vectors: NDArray[np.float32]
    centre: NDArray[np.float32]
    scores: NDArray[np.float32]
    plain: NDArray[np.float32]
    plain_centre: NDArray[np.float32]
    nobody: NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """A fit: the buckets kept, their idf, and coefficients (features, columns) with intercepts.

    Columns are the classes, and last whether a headline tells an event, to which ``plain`` adds its embedding.
    """

    buckets: NDArray[np.int64]
    idf: NDArray[np.float32]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    plain: NDArray[np.float64]


def embedded_once(texts: list[str], cache: Path | None) -> NDArray[np.float32]:
    """Embeddings of the texts; those in ``cache`` are not made again."""
    known: dict[str, NDArray[np.float32]] = {}
    if cache is not None and cache.is_file():
        with np.load(cache) as kept:
            known = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))
    new = [text for text in dict.fromkeys(texts) if text not in known]
    known.update(zip(new, embed(new), strict=True))
    if cache is not None:
        np.savez(cache, texts=np.array(list(known)), vectors=np.array(list(known.values())))
    return np.array([known[text] for text in texts])


def features_of(rows: list[Row], cache: Path | None = None) -> Features:
    """Every row's features; the slow part is the embedding."""
    counts = sparse.lil_matrix((len(rows), BUCKETS), dtype=np.float32)
    rules, texts, nobody = [], [], np.zeros(len(rows), dtype=np.bool_)
    found_scores = np.zeros((len(rows), len(CLASSES)), dtype=np.float32)
    for number, row in enumerate(rows):
        text = prepare(row.text)
        mentions, hits = scan(text)
        found = candidates(text, hits)
        texts.append(masked(text, mentions).words)
        hashed = grams(texts[-1])
        counts[number, hashed.buckets] = hashed.counts
        actors = phrases(text, mentions, None)
        rules.append(rule_features(text, mentions, hits, found, actors))
        nobody[number] = tells_nobody(text, actors)
        for candidate in found:
            column = CLASSES.index(candidate.category)
            found_scores[number, column] = max(found_scores[number, column], candidate.score)
    named = np.array(rules)[:, NAMED] > 0
    vectors = embedded_once(texts + [row.text for row, told in zip(rows, named, strict=True) if told], cache)
    centre, plain_centre = vectors[: len(rows)].mean(axis=0), vectors[len(rows) :].mean(axis=0)
    plain = np.zeros((len(rows), WIDTH), dtype=np.float32)
    plain[named] = vectors[len(rows) :] - plain_centre
    found = vectors[: len(rows)] - centre
    return Features(counts.tocsr(), np.array(rules), found, centre, found_scores, plain, plain_centre, nobody)


def design(
    features: Features, buckets: NDArray[np.int64], idf: NDArray[np.float32], embedded: bool
) -> sparse.csr_matrix:
    """The matrix that is fitted: normalised n-grams, rules, and embeddings where asked for."""
    weighted = features.counts[:, buckets].multiply(idf).tocsr()
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1))).ravel()
    parts = [
        sparse.diags(GRAM_SCALE / np.maximum(norms, 1e-9)) @ weighted,
        sparse.csr_matrix(features.rules * RULES_SCALE[embedded]),
    ]
    if embedded:
        parts.append(sparse.csr_matrix(features.vectors * EMBEDDING_SCALE))
    return sparse.hstack(parts).tocsr().astype(np.float32)


def fit(rows: list[Row], features: Features, train: NDArray[np.int64], embedded: bool) -> Fitted:
    """Both regressions on the rows ``train``."""
    filled = np.asarray((features.counts[train] > 0).sum(axis=0)).ravel()
    buckets = np.flatnonzero(filled >= 2)
    idf = (np.log((1 + len(train)) / (1 + filled[buckets])) + 1).astype(np.float32)
    matrix = design(features, buckets, idf, embedded)
    coefficients = np.zeros((matrix.shape[1], len(CLASSES) + 1))
    intercept = np.full(len(CLASSES) + 1, -20.0)
    model, labels = fit_category(rows, features, train, matrix)
    coefficients[:, labels] = model.coef_.T
    intercept[labels] = model.intercept_
    told = train[tells_event(rows, features)[train]]
    events = np.array([rows[n].is_event for n in told])
    seen = sparse.hstack([matrix, features.plain * (EMBEDDING_SCALE if embedded else 0.0)]).tocsr()[told]
    model = LogisticRegression(C=EVENT_PENALTY, max_iter=EVENT_ROUNDS).fit(seen, events)
    coefficients[:, -1] = model.coef_[0, : matrix.shape[1]]
    intercept[-1] = model.intercept_[0]
    return Fitted(buckets, idf, coefficients, intercept, model.coef_[0, matrix.shape[1] :])


def tells_event(rows: list[Row], features: Features) -> NDArray[np.bool_]:
    """The rows that say whether a headline with an actor tells an event."""
    ours = np.array([row.file in (BUSINESS, "own", "own business") for row in rows])
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


def predicted(
    fitted: Fitted, features: Features, some: NDArray[np.int64], embedded: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For some rows the class that the shipped code would choose, and how likely an event is."""
    logits = design(features, fitted.buckets, fitted.idf, embedded)[some] @ fitted.coefficients + fitted.intercept
    event = logits[:, -1] + features.plain[some] @ fitted.plain * (EMBEDDING_SCALE if embedded else 0.0)
    likely = 1.0 / (1.0 + np.exp(-event))
    gated, none = features.rules[some, NAMED] > 0, CLASSES.index(NONE)
    classes = logits[:, :-1].copy()
    classes[gated, none] = -np.inf
    shares = np.exp(classes - classes.max(axis=1, keepdims=True))
    chosen = np.array([choose(row / row.sum()) for row in shares])
    return np.where(features.nobody[some] | (gated & (likely < SURE[embedded])), none, chosen), likely


def cross_validated(rows: list[Row], features: Features, folds: int, embedded: bool) -> None:
    """Print accuracy and macro-F1, and precision of events, on folds that the fit has not seen."""
    labels, likely = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows))
    for train, test in folds_of(rows, folds):
        labels[test], likely[test] = predicted(fit(rows, features, train, embedded), features, test, embedded)
    print(f"{'with' if embedded else 'without'} embeddings, {folds} folds: accuracy/macro-F1, all and unseen half")
    for file, key in MEASURED:
        parts = []
        for half in (None, 1):
            chosen = [
                n for n, row in enumerate(rows)
                if row.file == file and key in row.gold and (half is None or half_of(row.text) == half)
            ]  # fmt: skip
            gold = [rows[n].gold[key] for n in chosen]
            names = [CLASSES[labels[n]] for n in chosen]
            coded = [QUAD_OF[name] if key == "quad" else merged(name, "YIELD" in gold) for name in names]
            figure = scores(gold, coded)
            parts.append(f"{figure.accuracy:.3f}/{figure.macro_f1:.3f} of {figure.count}")
        print(f"  {file}/{key}: {', '.join(parts)}")
    told = tells_event(rows, features)
    print_events(rows, likely, told, SURE[embedded])
    print_elsewhere(rows, likely, told)


def merged(label: str, yields: bool) -> str:
    """CONCEDE and RETREAT as YIELD where the gold merges them."""
    return "YIELD" if yields and label in ("CONCEDE", "RETREAT") else label


def stored(fitted: Fitted, features: Features, embedded: bool) -> dict[str, NDArray[np.generic]]:
    """The arrays to ship: n-gram weights as 8-bit numbers with one scale per column."""
    kept = len(fitted.buckets)
    rules = len(fitted.coefficients) - (WIDTH if embedded else 0)
    raw = fitted.coefficients[:kept] * GRAM_SCALE
    scale = np.abs(raw).max(axis=0) / 127.0
    scale[scale == 0] = 1.0
    small = np.round(raw / scale).astype(np.int8)
    used = np.abs(small).max(axis=1) > 0
    part: dict[str, NDArray[np.generic]] = {
        "buckets": fitted.buckets[used].astype(np.int32),
        "idf": fitted.idf[used].astype(np.float16),
        "grams": small[used],
        "scale": scale.astype(np.float32),
        "rules": (fitted.coefficients[kept:rules] * RULES_SCALE[embedded]).astype(np.float32),
        "intercept": fitted.intercept.astype(np.float32),
    }
    if embedded:
        embedding = fitted.coefficients[rules:] * EMBEDDING_SCALE
        part["embedding"] = embedding.astype(np.float16)
        part["plain"] = (fitted.plain * EMBEDDING_SCALE).astype(np.float16)
        part["intercept"] = (fitted.intercept - features.centre @ embedding).astype(np.float32)
        part["intercept"][-1] -= features.plain_centre @ part["plain"].astype(np.float32)
    return {f"{'with' if embedded else 'without'}_{key}": value for key, value in part.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="folder of the gold")
    parser.add_argument("headlines", type=Path, help="CSV of the business headlines that reuters_labels.csv labels")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--cache", type=Path, help="file that keeps the embeddings between fits")
    parser.add_argument("--out", type=Path, default=OUT, help="file to write")
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    rows = gold_rows(chosen.folder) + own_rows() + business_rows(chosen.headlines)
    features = features_of(rows, chosen.cache)
    arrays: dict[str, NDArray[np.generic]] = {}
    everything = np.arange(len(rows))
    for embedded in (False, True):
        if chosen.folds > 1:
            cross_validated(rows, features, chosen.folds, embedded)
        arrays |= stored(fit(rows, features, everything, embedded), features, embedded)
    np.savez_compressed(chosen.out, **arrays)
    print(f"{len(rows)} texts; {chosen.out.name} has {chosen.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
