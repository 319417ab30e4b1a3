"""Refit the encoder's head for the scope of a headline: ``python tools/fit_scope.py GOLD_DIR HEADLINES.csv``.

Its layers stay as ``fine_tune_encoder.py`` made them, so that this takes a minute instead of twenty: for training
headlines that came after them. The head is moved from where it was no farther than the loss asks for (a ridge over the
differences, in units of each state's deviation). ``--folds N`` prints first how many of the headlines without an event
and of those with one are taken for one, before and after, the latter by fits that have not seen them. Written is
``data/events/encoder.npz``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from encoder_rows import Example, examples
from numpy.typing import NDArray
from scipy.optimize import minimize
from training_rows import BUSINESS, fold_of

from correlator.events.learned.encoder import mean_states, shipped_weights

RIDGE = 100.0
ROUNDS = 300
SEED = 20
# Number of business headlines without an event that are drawn, and their weight.
QUIET, BUSINESS_WEIGHT = 3500, 0.15
SCOPES = 3
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """Weights (384, 3) and biases (3,) of the logits of none, domestic and cross-border."""

    weight: Floats
    bias: Floats

    def shares(self, states: Floats) -> Floats:
        """Probability of each scope, shape (texts, 3)."""
        logits = states @ self.weight + self.bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def kept_rows(rows: list[Example]) -> list[Example]:
    """Headlines whose scope is known; business ones without an event are drawn."""
    known = [row for row in rows if row.headline and row.scopes.sum() < SCOPES]
    quiet = [row for row in known if row.file == BUSINESS and row.scopes[0] == 1]
    others = [row for row in known if not (row.file == BUSINESS and row.scopes[0] == 1)]
    drawn = np.random.default_rng(SEED).permutation(len(quiet))[:QUIET]
    return [*others, *(quiet[n] for n in drawn)]


def moved(head: Head, states: Floats, allowed: Floats, weights: Floats) -> Head:
    """Return the head that minimises the weighted -log of the allowed labels plus the ridge."""
    scale = states.std(axis=0)
    scaled = (states - states.mean(axis=0)) / scale
    start = states @ head.weight + head.bias

    def loss(values: Floats) -> tuple[float, Floats]:
        steps = values.reshape(-1, SCOPES)
        logits = start + scaled @ steps[1:] + steps[0]
        shares = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        right = np.logaddexp.reduce(np.where(allowed > 0, shares, -np.inf), axis=1)
        slopes = weights[:, None] * (np.exp(shares) - np.where(allowed > 0, np.exp(shares - right[:, None]), 0.0))
        ridge = 0.5 * RIDGE * float((steps[1:] ** 2).sum())
        slope = np.vstack([slopes.sum(axis=0), scaled.T @ slopes + RIDGE * steps[1:]])
        return -float(weights @ right) + ridge, slope.ravel()

    size = (states.shape[1] + 1) * SCOPES
    steps = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS}).x.reshape(
        -1, SCOPES
    )
    turned = steps[1:] / scale[:, None]
    return Head(head.weight + turned, head.bias + steps[0] - states.mean(axis=0) @ turned)


def print_folds(head: Head, states: Floats, rows: list[Example], folds: int) -> None:
    """Shares taken for an event (none less likely than not) of both kinds, before and after, by file."""
    allowed, weights = allowed_of(rows), weights_of(rows)
    parts = np.array([fold_of(f"scope {row.cluster}", folds) for row in rows])
    before, after = head.shares(states)[:, 0] < 0.5, np.zeros(len(rows), dtype=bool)
    for part in range(folds):
        fitted = moved(head, states[parts != part], allowed[parts != part], weights[parts != part])
        after[parts == part] = fitted.shares(states[parts == part])[:, 0] < 0.5
    for file in sorted({row.file for row in rows}):
        for name, none in (("without an event", True), ("with one", False)):
            some = np.array([row.file == file and (row.scopes[0] == 1) == none for row in rows])
            if some.any():
                print(f"{file}, {some.sum()} {name}: taken for one {before[some].mean():.3f}, {after[some].mean():.3f}")


def allowed_of(rows: list[Example]) -> Floats:
    return np.array([row.scopes for row in rows], dtype=np.float64)


def weights_of(rows: list[Example]) -> Floats:
    return np.array([BUSINESS_WEIGHT if row.file == BUSINESS else 1.0 for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("gold", type=Path)
    parser.add_argument("headlines", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--out", type=Path, default=shipped_weights(), help="file to write")
    chosen = parser.parse_args()
    with np.load(shipped_weights()) as stored:
        arrays = {name: stored[name] for name in stored.files}
    head = Head(arrays["head.scope"].astype(np.float64), arrays["head.scope_bias"].astype(np.float64))
    rows = kept_rows(examples(chosen.gold, chosen.headlines))
    states = mean_states([row.words for row in rows]).astype(np.float64)
    if chosen.folds:
        print_folds(head, states, rows, chosen.folds)
    fitted = moved(head, states, allowed_of(rows), weights_of(rows))
    arrays["head.scope"] = fitted.weight.astype(np.float32)
    arrays["head.scope_bias"] = fitted.bias.astype(np.float32)
    np.savez_compressed(chosen.out, **arrays)
    print(f"{len(rows)} headlines; {chosen.out.name} has {chosen.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
