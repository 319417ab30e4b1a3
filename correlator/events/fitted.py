"""The fitted part of the ``full`` coder: a linear model over hashed n-grams, the rules' findings and embeddings.

Weights are shipped as numbers in ``data/events/full_weights.npz``; ``tools/fit_coder.py`` fits them and says on what.
Two logistic regressions over the same features: a multinomial one for the category (the quad class with the greatest
summed probability is chosen first, then the likeliest category within it), and for headlines one for whether there is
an event at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from correlator.events.embed import Floats, embed, model_folder
from correlator.events.features import BUCKETS, CLASSES, NAMED, NONE, Grams, grams, masked, rule_features
from correlator.events.gate import logistic
from correlator.events.model import CATEGORIES
from correlator.events.phrases import Phrase
from correlator.events.rules import Scanned
from correlator.resources import data_path

# How likely an event must be in a headline, without and with embeddings: nine in ten are then right on business pages.
SURE: Final = {False: 0.87, True: 0.85}
_QUADS: Final = tuple(CATEGORIES[name].quad_class if name != NONE else NONE for name in CLASSES)


@dataclass(frozen=True)
class Judgement:
    """The category that the model decides for (NONE: no event), its probability, and the word that says it loudest."""

    category: str
    probability: float
    word: str


@dataclass(frozen=True)
class Weights:
    """One fitted model. ``row`` maps a bucket to its row of ``grams`` (-1: not used), ``grams``: (rows, columns).

    Columns are the classes, and last whether a headline tells an event, to which the embedding with the names of its
    actors (``plain``) adds; an event must be as likely as ``sure``.
    """

    sure: float

    row: NDArray[np.int64]
    idf: Floats
    grams: Floats
    rules: Floats
    embedding: Floats | None
    plain: Floats | None
    intercept: Floats

    def contributions(self, found: Grams) -> tuple[Floats, float]:
        """Weighted n-grams of shape (used, classes), already divided by the norm, and that norm."""
        rows = self.row[found.buckets]
        used = rows >= 0
        values = found.counts[used] * self.idf[rows[used]]
        norm = float(np.sqrt((values**2).sum())) or 1.0
        return np.asarray(self.grams[rows[used]] * (values / norm)[:, None]), norm


@cache
def load_weights(with_embedding: bool) -> Weights:
    """The shipped weights, of the model with or without sentence embeddings."""
    with np.load(data_path("events", "full_weights.npz")) as stored:
        name = "with" if with_embedding else "without"
        part = {key.removeprefix(f"{name}_"): stored[key] for key in stored.files if key.startswith(f"{name}_")}
    row = np.full(BUCKETS, -1, dtype=np.int64)
    row[part["buckets"]] = np.arange(len(part["buckets"]))
    return Weights(
        SURE[with_embedding],
        row,
        part["idf"].astype(np.float32),
        part["grams"].astype(np.float32) * part["scale"].astype(np.float32),
        part["rules"].astype(np.float32),
        part["embedding"].astype(np.float32) if with_embedding else None,
        part["plain"].astype(np.float32) if with_embedding else None,
        part["intercept"].astype(np.float32),
    )


def judge(scanned: Sequence[Scanned], actors: Sequence[Sequence[Phrase]]) -> list[Judgement]:
    """The model's decision for each text and its actors, in order."""
    weights = load_weights(model_folder() is not None)
    texts = [masked(item.text, item.mentions).words for item in scanned]
    rules = [rule_features(*item, named) for item, named in zip(scanned, actors, strict=True)]
    gated = [bool(found[NAMED]) for found in rules]
    headlines = {n: item.text.original for n, item in enumerate(scanned) if gated[n]}
    added = _from_embeddings(weights, texts, headlines)
    return [_judge(weights, *each) for each in zip(texts, rules, gated, added, strict=True)]


def _from_embeddings(weights: Weights, texts: Sequence[str], headlines: Mapping[int, str]) -> Floats:
    """What the embeddings of texts, and of the headlines among them (by place), add to the columns of each text."""
    out = np.zeros((len(texts), len(CLASSES) + 1), dtype=np.float32)
    if weights.embedding is None or weights.plain is None or not texts:
        return out
    vectors = embed([*texts, *headlines.values()])
    out += vectors[: len(texts)] @ weights.embedding
    out[list(headlines), -1] += vectors[len(texts) :] @ weights.plain
    return out


def _judge(weights: Weights, words: str, rules: Floats, gated: bool, added: Floats) -> Judgement:
    contributions, _ = weights.contributions(grams(words))
    logits = weights.intercept + contributions.sum(axis=0) + added + rules @ weights.rules
    shares, event = _shares(logits, gated)
    chosen = choose(shares)
    category = CLASSES[chosen] if event >= weights.sure else NONE
    return Judgement(category, round(event * float(shares[chosen]), 3), _loudest(weights, words, chosen))


def _shares(logits: Floats, headline: bool) -> tuple[Floats, float]:
    """Probability of each class, and that of an event where another regression tells it: in a headline."""
    classes = logits[:-1].copy()
    if headline:
        classes[CLASSES.index(NONE)] = -np.inf
    shares = np.exp(classes - classes.max())
    return shares / shares.sum(), logistic(float(logits[-1])) if headline else 1.0


def choose(shares: NDArray[np.floating]) -> int:
    """The class within the quad class of the greatest summed probability."""
    sums: dict[str, float] = {}
    for quad, share in zip(_QUADS, shares, strict=True):
        sums[quad] = sums.get(quad, 0.0) + float(share)
    best = max(sums, key=lambda quad: sums[quad])
    return max((n for n, quad in enumerate(_QUADS) if quad == best), key=lambda n: float(shares[n]))


def _loudest(weights: Weights, words: str, chosen: int) -> str:
    """The word whose n-grams add most to the chosen class."""
    best, most = "", -np.inf
    for word in dict.fromkeys(words.split()):
        if not word.isalpha() or word == "actor":
            continue
        contributions, norm = weights.contributions(grams(word))
        total = float(contributions[:, chosen].sum()) * norm
        if total > most:
            best, most = word, total
    return best
