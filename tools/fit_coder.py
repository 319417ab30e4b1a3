"""Fit the weights of the full coder: ``python tools/fit_coder.py GOLD_DIR [--folds 5]``.

GOLD_DIR holds sentences that people coded (``coder_accuracy.py`` says in which form). Two models are fitted, with and
without sentence embeddings, and written to ``data/events/full_weights.npz``. What is stored are numbers per hashed
bucket: no word of the texts. The lexicon's own examples and the headlines of ``data/events/training_headlines.tsv``
and ``training_business.tsv`` (our own wording) are learnt from too, and with ``--business HEADLINES.csv`` the Reuters
headlines that ``benchmarks/reuters_labels.csv`` calls its development sample: those without a diplomatic event as such,
the others as an event of whatever category. Figures on them are of folds, too.

First it prints figures on folds that the fit has not seen (texts of one cluster stay in one fold), for all texts and
for the half (by a hash of the text) that was out of view when the rules were written.

Where a file gives only the quad class, or YIELD for two categories, the category is the likeliest of those allowed
under a first fit on the certain rows.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from correlator.events.category import candidates
from correlator.events.embed import embed
from correlator.events.features import BUCKETS, CLASSES, NONE, grams, masked, rule_features
from correlator.events.fitted import choose
from correlator.events.lexicon import load_lexicon
from correlator.events.model import CATEGORIES
from correlator.events.scan import scan
from correlator.events.text import prepare

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from coder_accuracy import SHORT, half_of, scores
from reuters_precision import read_headlines, read_labels

FILES = ("plv_zsp", "plover_gsr", "cameo_manual_examples", "cameo_class_conflibert", "ngec_headline_templates")
BUSINESS = "business"
MEASURED = (
    ("plv_zsp", "root"), ("plv_zsp", "quad"), ("plover_gsr", "root"), ("plover_gsr", "quad"),
    ("cameo_class_conflibert", "quad"), ("ngec_headline_templates", "quad"), ("own", "root"), ("own", "quad"),
)  # fmt: skip
EVENTS = Path(__file__).parent.parent / "data" / "events"
OWN = {"own": EVENTS / "training_headlines.tsv", "own business": EVENTS / "training_business.tsv"}
OUT = EVENTS / "full_weights.npz"
QUAD_OF = {name: SHORT[CATEGORIES[name].quad_class] if name != NONE else "NEUTRAL" for name in CLASSES}
UNSURE_WEIGHT = 0.6
HEADLINE_WEIGHT = 6.0
OWN_WEIGHT = 0.7
BUSINESS_WEIGHT = 0.2
PENALTY = 5.0
GRAM_SCALE = 1.5
EMBEDDING_SCALE = 1.6
# Lexicon and gold have met, so the rules look better in the fit than on new text: shrunk where there is more to go by.
RULES_SCALE = {False: 1.0, True: 0.4}
ROUNDS = 90


@dataclass(frozen=True)
class Row:
    """One text with the classes that its label allows (none: not learnt from)."""

    file: str
    text: str
    allowed: tuple[str, ...]
    cluster: str
    weight: float
    gold: dict[str, str]


@dataclass(frozen=True)
class Features:
    """Hashed counts (rows, buckets), what the rules found, embeddings less their mean, rule scores per class."""

    counts: sparse.csr_matrix
    rules: NDArray[np.float32]
    vectors: NDArray[np.float32]
    centre: NDArray[np.float32]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class Fitted:
    """A fit: the buckets kept, their idf, and coefficients (features, classes) with intercepts."""

    buckets: NDArray[np.int64]
    idf: NDArray[np.float32]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]


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


def read_rows(folder: Path) -> list[Row]:
    """Gold, the lexicon's examples and our own training headlines."""
    rows = []
    for file in FILES:
        for path in folder.glob(f"{file}.*jsonl"):
            for line in path.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                gold = {key: record[key] for key in ("root", "quad") if record.get(key)}
                cluster = record.get("cluster") or record["text"]
                weight = HEADLINE_WEIGHT if file == "ngec_headline_templates" else 1.0
                rows.append(Row(file, record["text"], allowed_classes(file, record), cluster, weight, gold))
    for entry in load_lexicon():
        label = entry.category if entry.category in CATEGORIES else NONE if entry.category == "WITHOUT" else None
        if label is not None:
            rows.append(Row("lexicon", entry.example, (label,), f"lexicon {entry.number}", 1.0, {}))
    for name, path in OWN.items():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            category, text = line.split("\t")
            gold = {"root": category, "quad": QUAD_OF[category]} if name == "own" else {}
            rows.append(Row(name, text, (category,), f"{name} {number}", OWN_WEIGHT, gold))
    return rows


def business_rows(headlines: Path) -> list[Row]:
    """The development sample of labelled business headlines; the same wording stays in one fold."""
    texts = read_headlines(headlines)
    chosen = [label for label in read_labels() if label.sample == "development"]
    return [
        Row(
            BUSINESS,
            texts[label.row - 1],
            tuple(CATEGORIES) if label.diplomatic else (NONE,),
            texts[label.row - 1].lower(),
            BUSINESS_WEIGHT,
            {"event": "yes" if label.diplomatic else "no"},
        )
        for label in chosen
    ]


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
    rules, texts, found_scores = [], [], np.zeros((len(rows), len(CLASSES)), dtype=np.float32)
    for number, row in enumerate(rows):
        text = prepare(row.text)
        mentions, hits = scan(text)
        found = candidates(text, hits)
        texts.append(masked(text, mentions))
        hashed = grams(texts[-1])
        counts[number, hashed.buckets] = hashed.counts
        rules.append(rule_features(text, mentions, hits, found))
        for candidate in found:
            column = CLASSES.index(candidate.category)
            found_scores[number, column] = max(found_scores[number, column], candidate.score)
    vectors = embedded_once(texts, cache)
    centre = vectors.mean(axis=0)
    return Features(counts.tocsr(), np.array(rules), vectors - centre, centre, found_scores)


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
    """Fit on the certain rows, label the open ones by that, and fit on all."""
    filled = np.asarray((features.counts[train] > 0).sum(axis=0)).ravel()
    buckets = np.flatnonzero(filled >= 2)
    idf = (np.log((1 + len(train)) / (1 + filled[buckets])) + 1).astype(np.float32)
    matrix = design(features, buckets, idf, embedded)
    mask = np.array([[name in row.allowed for name in CLASSES] for row in rows])
    sure = mask.sum(axis=1) == 1
    labels = np.where(mask, features.scores, -1.0).argmax(axis=1)
    weights = np.array([row.weight for row in rows]) * np.where(sure, 1.0, UNSURE_WEIGHT)
    usable = train[mask[train].any(axis=1)]
    model = LogisticRegression(C=PENALTY, max_iter=ROUNDS)
    first = usable[sure[usable]]
    model.fit(matrix[first], labels[first], sample_weight=weights[first])
    shares = np.zeros((len(rows), len(CLASSES)))
    shares[:, model.classes_] = model.predict_proba(matrix)
    labels = np.where(sure, labels, np.where(mask, shares, -1.0).argmax(axis=1))
    model.fit(matrix[usable], labels[usable], sample_weight=weights[usable])
    coefficients = np.zeros((matrix.shape[1], len(CLASSES)))
    intercept = np.full(len(CLASSES), -20.0)
    coefficients[:, model.classes_] = model.coef_.T
    intercept[model.classes_] = model.intercept_
    return Fitted(buckets, idf, coefficients, intercept)


def predicted(fitted: Fitted, features: Features, embedded: bool) -> list[str]:
    """The class that the shipped code would choose for every row."""
    logits = design(features, fitted.buckets, fitted.idf, embedded) @ fitted.coefficients + fitted.intercept
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return [CLASSES[choose(row / row.sum())] for row in shares]


def cross_validated(rows: list[Row], features: Features, folds: int, embedded: bool) -> None:
    """Print accuracy and macro-F1 on folds that the fit has not seen."""
    clusters = {name: number for number, name in enumerate(sorted({row.cluster for row in rows}))}
    groups = np.array([clusters[row.cluster] for row in rows])
    labels = [""] * len(rows)
    for train, test in GroupKFold(folds).split(features.counts, groups=groups):
        found = predicted(fit(rows, features, train, embedded), features, embedded)
        for number in test:
            labels[number] = found[number]
    print(f"{'with' if embedded else 'without'} embeddings, {folds} folds: accuracy/macro-F1, all and unseen half")
    for file, key in MEASURED:
        parts = []
        for half in (None, 1):
            chosen = [
                n for n, row in enumerate(rows)
                if row.file == file and key in row.gold and (half is None or half_of(row.text) == half)
            ]  # fmt: skip
            gold = [rows[n].gold[key] for n in chosen]
            coded = [QUAD_OF[labels[n]] if key == "quad" else merged(labels[n], "YIELD" in gold) for n in chosen]
            figure = scores(gold, coded)
            parts.append(f"{figure.accuracy:.3f}/{figure.macro_f1:.3f} of {figure.count}")
        print(f"  {file}/{key}: {', '.join(parts)}")
    told = [
        (row.gold["event"] == "yes", label != NONE)
        for row, label in zip(rows, labels, strict=True)
        if row.file == BUSINESS
    ]
    if told:
        right = sum(gold and coded for gold, coded in told)
        precision, recall = right / sum(coded for _, coded in told), right / sum(gold for gold, _ in told)
        print(f"  business headlines: {len(told)}, precision {precision:.3f}, recall {recall:.3f}, by the model alone")


def merged(label: str, yields: bool) -> str:
    """CONCEDE and RETREAT as YIELD where the gold merges them."""
    return "YIELD" if yields and label in ("CONCEDE", "RETREAT") else label


def stored(fitted: Fitted, centre: NDArray[np.float32], embedded: bool) -> dict[str, NDArray[np.generic]]:
    """The arrays to ship: n-gram weights as 8-bit numbers with one scale per class."""
    kept, rules = len(fitted.buckets), len(fitted.buckets) + fitted_rule_width(fitted, embedded)
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
        part["intercept"] = (fitted.intercept - centre @ embedding).astype(np.float32)
    return {f"{'with' if embedded else 'without'}_{key}": value for key, value in part.items()}


def fitted_rule_width(fitted: Fitted, embedded: bool) -> int:
    """How many of the coefficients belong to the rules' findings."""
    from correlator.events.embed import WIDTH

    return fitted.coefficients.shape[0] - len(fitted.buckets) - (WIDTH if embedded else 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--cache", type=Path, help="file that keeps the embeddings between fits")
    parser.add_argument("--business", type=Path, help="CSV of the business headlines that reuters_labels.csv labels")
    parser.add_argument("--out", type=Path, default=OUT, help="file to write")
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    rows = read_rows(chosen.folder) + (business_rows(chosen.business) if chosen.business else [])
    features = features_of(rows, chosen.cache)
    arrays: dict[str, NDArray[np.generic]] = {}
    everything = np.arange(len(rows))
    for embedded in (False, True):
        if chosen.folds > 1:
            cross_validated(rows, features, chosen.folds, embedded)
        arrays |= stored(fit(rows, features, everything, embedded), features.centre, embedded)
    np.savez_compressed(chosen.out, **arrays)
    print(f"{len(rows)} texts; {chosen.out.name} has {chosen.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
