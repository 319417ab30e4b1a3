"""Fit how like two headlines of one event are: ``python tools/fit_stories.py HEADLINES.csv[.gz]``.

HEADLINES.csv holds the Reuters headlines whose pairs ``benchmarks/story_training.csv`` labels by the identifiers in
their addresses, none of them a pair that ``benchmarks/story_labels.csv`` measures. The weights are written to
``data/news/story_weights.toml``; the figures are of pairs that the fit has not seen (ten folds).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from correlator.news.read import read_news
from correlator.news.stories import compared, differ
from correlator.news.story_pairs import FEATURES, LIKELY, difference_of, features
from correlator.news.story_words import headline_words

ROOT = Path(__file__).parents[1]
LABELS = ROOT / "benchmarks" / "story_training.csv"
OUT = ROOT / "data" / "news" / "story_weights.toml"
FOLDS = 10
WEAK = 10.0  # inverse of the penalty: features are few and within 0 to 3

Rows = NDArray[np.float64]


def examples(path: Path) -> tuple[list[Rows], NDArray[np.int64]]:
    """For each labelled pair the features of what is compared of it (none where rules decide), and its label."""
    articles = pl.concat([batch.articles for batch in read_news(path)])
    named = articles.with_columns(name=pl.col("url").str.extract(r"-id([A-Z]{2}[A-Z0-9]+)$")).unique(
        "name", keep="first", maintain_order=True
    )
    known = {name: row for name, *row in named.select("name", "headline", "published_at").rows()}
    rows, labels = [], []
    for left, right, label in pl.read_csv(LABELS).rows():
        (one, first), (two, second) = known[left], known[right]
        hours = abs((second - first).total_seconds()) / 3600
        each = [
            features(
                headline_words(a), headline_words(b), difference_of(headline_words(a), headline_words(b)), hours=hours
            )
            for a, b in compared(one, two)
            if differ(a, b) is None
        ]
        rows.append(np.array(each).reshape(-1, len(FEATURES)))
        labels.append(label)
    return rows, np.array(labels)


def fitted(rows: list[Rows], labels: NDArray[np.int64]) -> LogisticRegression:
    """The model of some pairs."""
    each = np.concatenate(rows)
    label = np.concatenate([np.full(len(row), label) for row, label in zip(rows, labels, strict=True)])
    return LogisticRegression(C=WEAK, max_iter=1000).fit(each, label)


def main(path: str) -> None:
    rows, labels = examples(Path(path))
    folds = np.random.default_rng(1).integers(0, FOLDS, len(labels))
    odds = np.full(len(labels), -np.inf)
    for fold in range(FOLDS):
        seen = folds != fold
        model = fitted([row for row, use in zip(rows, seen, strict=True) if use], labels[seen])
        for place in np.flatnonzero(~seen):
            if len(rows[place]):
                odds[place] = model.decision_function(rows[place]).max()
    print(f"pairs {len(labels)}, told again {labels.sum()}, decided by rules {np.isinf(odds).sum()}")
    for least in (LIKELY - 1, LIKELY, LIKELY + 1):
        joined = odds >= least
        print(f"{least:4.1f}  precision {labels[joined].mean():.3f}  recall {labels[joined].sum() / labels.sum():.3f}")
    model = fitted(rows, labels)
    lines = [f"intercept = {model.intercept_[0]:.3f}"]
    lines += [f"{name} = {weight:.3f}" for name, weight in zip(FEATURES, model.coef_[0], strict=True)]
    head = "# Weights of how like two headlines are as tellings of one event. Made by tools/fit_stories.py.\n"
    OUT.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: fit_stories.py HEADLINES.csv[.gz]")
    main(sys.argv[1])
