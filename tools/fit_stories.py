"""Fit how like two headlines of one event are: ``python tools/fit_stories.py HEADLINES.csv[.gz]``.

HEADLINES.csv holds the Reuters headlines whose pairs ``benchmarks/story_training.csv`` labels by the identifiers in
their addresses, none of them a pair that ``benchmarks/story_labels.csv`` measures. The weights are written to
``data/news/story_weights.toml``; the figures are of pairs of days that the fit has not seen (ten folds), and the least
log odds are those that have the precision asked for there.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from correlator.news.read import read_news
from correlator.news.stories.joining import compared, differ, is_about
from correlator.news.stories.pairs import FEATURES, difference_of, features, is_easy, may_be_alike
from correlator.news.stories.words import headline_words

ROOT = Path(__file__).parents[1]
LABELS = ROOT / "benchmarks" / "story_training.csv"
OUT = ROOT / "data" / "news" / "story_weights.toml"
FOLDS = 10
PRECISION = 0.99  # of pairs that the fit has not seen
EASIER = 1.0
WEAK = 10.0  # inverse of the penalty: features are few and within 0 to 3

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """A labelled pair: whether it is one event, its day, and what is compared of it.

    ``rows`` are the features of what the log odds decide; ``easy`` says of each whether less is asked of it; ``told``
    is whether rules alone hold the pair for one event.
    """

    same: bool
    day: str
    rows: Rows
    easy: NDArray[np.bool_]
    told: bool


def examples(path: Path) -> list[Pair]:
    """Return the labelled pairs of ``benchmarks/story_training.csv``."""
    articles = pl.concat([batch.articles for batch in read_news(path)])
    named = articles.with_columns(name=pl.col("url").str.extract(r"-id([A-Z]{2}[A-Z0-9]+)$")).unique(
        "name", keep="first", maintain_order=True
    )
    known = {name: row for name, *row in named.select("name", "headline", "published_at").rows()}
    return [_example(known[left], known[right], same=bool(label)) for left, right, label in pl.read_csv(LABELS).rows()]


def _example(left: list[Any], right: list[Any], *, same: bool) -> Pair:
    (one, first), (two, second) = left, right
    hours = abs((second - first).total_seconds()) / 3600
    about = is_about(one) != is_about(two)
    rows, easy, told = [], [], headline_words(one).words == headline_words(two).words
    for each in compared(one, two):
        words = [headline_words(text) for text in each]
        decided = differ(*each)
        told |= decided is False
        if decided is None and may_be_alike(*words):
            difference = difference_of(*words)
            rows.append(features(*words, difference, hours=hours, about=about))
            easy.append(is_easy(*words, difference))
    return Pair(same, f"{first:%Y-%m-%d}", np.array(rows).reshape(-1, len(FEATURES)), np.array(easy, dtype=bool), told)


def fitted(pairs: list[Pair]) -> LogisticRegression:
    """Return the model fitted to some pairs."""
    each = np.concatenate([pair.rows for pair in pairs])
    label = np.concatenate([np.full(len(pair.rows), pair.same) for pair in pairs])
    return LogisticRegression(C=WEAK, max_iter=2000).fit(each, label)


def unseen_odds(pairs: list[Pair]) -> NDArray[np.float64]:
    """Log odds of each pair by a fit that has seen no pair of its day; ``EASIER`` more where less is asked."""
    days = sorted({pair.day for pair in pairs})
    folds = dict(zip(days, np.random.default_rng(1).integers(0, FOLDS, len(days)), strict=True))
    odds = np.array([np.inf if pair.told else -np.inf for pair in pairs])
    for fold in range(FOLDS):
        model = fitted([pair for pair in pairs if folds[pair.day] != fold])
        for place, pair in enumerate(pairs):
            if folds[pair.day] == fold and len(pair.rows):
                odds[place] = max(odds[place], (model.decision_function(pair.rows) + EASIER * pair.easy).max())
    return odds


def main(path: str) -> None:
    pairs = examples(Path(path))
    labels, odds = np.array([pair.same for pair in pairs]), unseen_odds(pairs)
    print(f"pairs {len(labels)}, told again {labels.sum()}, apart by rules {np.isneginf(odds).sum()}")
    chosen = np.inf
    for least in np.arange(-1, 6, 0.25)[::-1]:
        joined = odds >= least
        precision, recall = labels[joined].mean(), labels[joined].sum() / labels.sum()
        chosen = least if precision >= PRECISION and least < chosen else chosen
        print(f"{least:5.2f}  precision {precision:.3f}  recall {recall:.3f}")
    model = fitted(pairs)
    lines = [f"least = {chosen}", f"easier = {EASIER}", f"intercept = {model.intercept_[0]:.3f}"]
    lines += [f"{name} = {weight:.3f}" for name, weight in zip(FEATURES, model.coef_[0], strict=True)]
    head = (
        "# Weights of how like two headlines are as tellings of one event, and the log odds from which on they are.\n"
    )
    head += (
        "# Easier: how much less where one only adds words, or both tell one figure. Made by tools/fit_stories.py.\n"
    )
    OUT.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: fit_stories.py HEADLINES.csv[.gz]")
    main(sys.argv[1])
