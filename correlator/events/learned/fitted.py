"""The fitted models of the ``full`` coder: a linear model over hashed n-grams and the rules' findings, and the encoder.

The linear model's weights are shipped as numbers in ``data/events/full_weights.npz``; ``tools/fit_coder.py`` fits them
and says on what. It is two logistic regressions over the same features: a multinomial one for the category, and for
headlines one for whether there is an event at all. Where the encoder is installed, probabilities are the mean of both.
The quad class with the greatest summed probability is chosen first, then the likeliest category within it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from correlator.base.resources import data_path
from correlator.events.acts.gate import log_odds
from correlator.events.grammar.reading import Reading
from correlator.events.learned.encoder import Encoded, Floats, encode, model_folder
from correlator.events.learned.features import (
    BUCKETS,
    CLASSES,
    NAMED,
    NONE,
    Grams,
    Masked,
    grams,
    masked,
    rule_features,
)
from correlator.events.model import CATEGORIES

_QUADS: Final = tuple(CATEGORIES[name].quad_class if name != NONE else NONE for name in CLASSES)
# The mean of two models is underconfident: probabilities are sharpened by this power (fitted to a held-out fold).
_SHARPER = 1.35
_NO_EVENT, _CROSS_BORDER = 0, 2


@dataclass(frozen=True)
class Judgement:
    """The prediction of the fitted models for a text.

    ``category``: the most likely one, NONE only if the text has no gate; ``share``: its probability, given an event;
    ``stated``: log odds of an event by the linear model, and of any event and a cross-border one by the encoder;
    ``roles``: logits of each actor (source, target, neither) before the grammar's hints, None without the encoder.
    """

    category: str
    share: float
    stated: dict[str, float]
    roles: Floats | None


@dataclass(frozen=True)
class Weights:
    """The linear model. ``row`` maps a bucket to its row of ``grams`` (-1: not used), ``grams``: (rows, columns).

    Columns are the classes, and last whether a headline reports an event.
    """

    row: NDArray[np.int64]
    idf: Floats
    grams: Floats
    rules: Floats
    intercept: Floats

    def contributions(self, grams_of_text: Grams) -> tuple[Floats, float]:
        """Return the weighted n-grams of shape (used, classes), divided by the norm, and that norm."""
        rows = self.row[grams_of_text.buckets]
        used = rows >= 0
        values = grams_of_text.counts[used] * self.idf[rows[used]]
        norm = float(np.sqrt((values**2).sum())) or 1.0
        return np.asarray(self.grams[rows[used]] * (values / norm)[:, None]), norm


@cache
def load_weights() -> Weights:
    """Load the shipped weights of the linear model."""
    with np.load(data_path("events", "full_weights.npz")) as stored:
        part = {name: stored[name] for name in stored.files}
    row = np.full(BUCKETS, -1, dtype=np.int64)
    row[part["buckets"]] = np.arange(len(part["buckets"]))
    return Weights(
        row,
        part["idf"].astype(np.float32),
        part["grams"].astype(np.float32) * part["scale"].astype(np.float32),
        part["rules"].astype(np.float32),
        part["intercept"].astype(np.float32),
    )


@cache
def has_encoder() -> bool:
    """Whether the encoder's base weights are installed."""
    return model_folder() is not None


def judge(readings: Sequence[Reading]) -> list[Judgement]:
    """Return the predictions for each reading with actors, in order."""
    if not readings:
        return []
    shown = [masked(reading.text, reading.mentions) for reading in readings]
    encoded = _encoded(readings, shown) if has_encoder() else None
    return [
        _judge(reading, each.words, encoded, n) for n, (reading, each) in enumerate(zip(readings, shown, strict=True))
    ]


def _encoded(readings: Sequence[Reading], shown: Sequence[Masked]) -> Encoded:
    spans = [
        [each.span(actor.start, actor.end) for actor in reading.actors]
        for reading, each in zip(readings, shown, strict=True)
    ]
    return encode([each.words for each in shown], spans)


def _judge(reading: Reading, words: str, encoded: Encoded | None, number: int) -> Judgement:
    weights = load_weights()
    rules = rule_features(reading)
    contributions, _ = weights.contributions(grams(words))
    logits = weights.intercept + contributions.sum(axis=0) + rules @ weights.rules
    return judgement_of(logits, encoded, number, headline=bool(rules[NAMED]))


def judgement_of(logits: Floats, encoded: Encoded | None, number: int, *, headline: bool) -> Judgement:
    """Return the joint prediction of both models for text ``number`` of those ``encoded``.

    ``logits``: the linear model's, shape (classes + 1,), last that of an event; ``headline``: whether the text has a
    gate.
    """
    classes, stated = _softmax(logits[:-1]), {"linear": float(logits[-1])}
    if encoded is not None:
        classes = _sharpened((classes + _softmax(encoded.category[number])) / 2.0)
        scope = _softmax(encoded.scope[number])
        stated["encoder"] = log_odds(1.0 - float(scope[_NO_EVENT]))
        stated["across"] = log_odds(float(scope[_CROSS_BORDER]))
    if headline:
        classes[CLASSES.index(NONE)] = 0.0
        classes = classes / classes.sum()
    best = choose(classes)
    roles = encoded.roles[number] if encoded is not None else None
    return Judgement(CLASSES[best], float(classes[best]), stated, roles)


def _sharpened(shares: Floats) -> Floats:
    sharper = shares**_SHARPER
    return np.asarray(sharper / sharper.sum(), dtype=np.float32)


def _softmax(logits: Floats) -> Floats:
    shares = np.exp(logits - logits.max())
    return np.asarray(shares / shares.sum(), dtype=np.float32)


def choose(shares: NDArray[np.floating]) -> int:
    """Return the most likely class within the quad class of the largest summed probability."""
    sums: dict[str, float] = {}
    for quad, share in zip(_QUADS, shares, strict=True):
        sums[quad] = sums.get(quad, 0.0) + float(share)
    best = max(sums, key=lambda quad: sums[quad])
    return max((n for n, quad in enumerate(_QUADS) if quad == best), key=lambda n: float(shares[n]))


def loudest(reading: Reading, category: str) -> str:
    """Return the word whose n-grams add most to a category in the linear model."""
    weights, chosen = load_weights(), CLASSES.index(category)
    words = masked(reading.text, reading.mentions).words
    best, most = "", -np.inf
    for word in dict.fromkeys(words.split()):
        if not word.isalpha() or word == "actor":
            continue
        contributions, norm = weights.contributions(grams(word))
        total = float(contributions[:, chosen].sum()) * norm
        if total > most:
            best, most = word, total
    return best
