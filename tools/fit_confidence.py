"""Fit how likely a headline reports an act across a border: ``python tools/fit_confidence.py GOLD_DIR HEADLINES.csv``.

GOLD_DIR and HEADLINES.csv are those of ``fit_coder.py``, ``--encoder`` what ``fine_tune_encoder.py --fold 0/3`` wrote.
The linear model is fitted without the same third, so that neither model has seen the months from which the weights are
fitted: one set for both models, one for the linear model alone. Printed are expected error, precision and recall of
events across a border, strictly read, on months that the weights have not seen, too; written is
``data/events/confidence.csv``.
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from correlator.events.acts.gate import has_gate, is_clear
from correlator.events.full import placed, roles_of
from correlator.events.grammar.reading import Reading, named, read
from correlator.events.learned.confidence import ALWAYS, BOTH, LINEAR, is_likely_event, signs_of
from correlator.events.learned.encoder import Encoded
from correlator.events.learned.fitted import judgement_of
from correlator.events.learned.learned_roles import views_of

sys.path.insert(0, str(Path(__file__).parent))
from encoder_rows import encoded_by
from fit_coder import FOLDS, LEFT_OUT, design, features_of, fit
from training_rows import BUSINESS, EVENTS, ROLES, Row, business_rows, fold_of, gold_rows, own_rows, role_rows

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from reuters_precision import share

OUT = EVENTS / "confidence.csv"
OURS = ("own", "own business", ROLES)
# Our own headlines calibrate categories on other pages; at this weight the business headlines stay calibrated.
OUR_WEIGHT = 0.03
PENALTY = 0.1
ROUNDS = 3000
MONTHS_APART = 5
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


def linear_logits(gold: Path, headlines: Path) -> tuple[list[Row], Floats]:
    """The business headlines and our own of the third left out, and what a linear model of the others says of them."""
    rows = gold_rows(gold) + own_rows() + business_rows(headlines) + [row for row, _ in role_rows()]
    features = features_of(rows)
    parts = np.array([fold_of(row.cluster, FOLDS) for row in rows])
    fitted = fit(rows, features, np.flatnonzero(parts != LEFT_OUT))
    some = np.flatnonzero((parts == LEFT_OUT) & np.array([row.file in (BUSINESS, *OURS) for row in rows]))
    logits = design(features, fitted.buckets, fitted.idf)[some] @ fitted.coefficients + fitted.intercept
    return [rows[n] for n in some], np.asarray(logits)


def is_measured(row: Row, reading: Reading) -> bool:
    """A headline with a gate; of our own events those that name two countries, as the others may be domestic."""
    if not has_gate(reading.text, reading.actors):
        return False
    named_countries = {actor.actor.country for actor in reading.actors} - {None}
    return row.file == BUSINESS or not row.is_event or len(named_countries) > 1


def signs_by(
    readings: list[Reading], logits: Floats, encoded: Encoded | None, encoder: Path
) -> tuple[list[dict[str, float]], Flags]:
    """Return the signs of each headline by both models, or by the linear one, and whether it is kept in any case."""
    out, clear = [], []
    for number, reading in enumerate(readings):
        judgement = judgement_of(logits[number].astype(np.float32), encoded, number, headline=True)
        reading = placed(reading, judgement)
        views = views_of(reading, judgement.roles, encoder) if judgement.roles is not None else None
        out.append(signs_of(reading, judgement, roles_of(reading, views), views))
        clear.append(is_clear(reading))
    return out, np.array(clear)


def model() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=ROUNDS))


def fitted_to(matrix: Floats, across: Flags, ours: Flags) -> Pipeline:
    weights = np.where(ours, OUR_WEIGHT, 1.0)
    return model().fit(matrix, across, standardscaler__sample_weight=weights, logisticregression__sample_weight=weights)


def out_of_month(matrix: Floats, across: Flags, rows: list[Row]) -> Floats:
    """Return probabilities of headlines of months that the fit has not seen."""
    parts = np.array([fold_of(f"confidence {row.cluster}", MONTHS_APART) for row in rows])
    ours = np.array([row.file in OURS for row in rows])
    likely = np.zeros(len(across))
    for part in range(MONTHS_APART):
        fitted = fitted_to(matrix[parts != part], across[parts != part], ours[parts != part])
        likely[parts == part] = fitted.predict_proba(matrix[parts == part])[:, 1]
    return likely


def expected_error(likely: Floats, events: Flags) -> float:
    """Return the mean distance between predicted and observed shares over ten bins, weighted by their counts."""
    bins = np.minimum((likely * 10).astype(int), 9)
    return float(sum(abs((likely - events)[bins == each].sum()) for each in range(10)) / len(likely))


def print_figures(name: str, likely: Floats, across: Flags, told: Flags) -> None:
    """Expected error, precision and recall of what is ``told`` as shipped, and at other least probabilities."""
    print(
        f"{name}: {len(across)} headlines, {across.sum()} across a border, error {expected_error(likely, across):.3f}"
    )
    for least in THRESHOLDS:
        print_share(f"at least {least:.2f}", likely >= least, across)
    print_share("as shipped", told, across)


def print_share(name: str, told: Flags, across: Flags) -> None:
    print(f"  {name}: precision {share(across[told].tolist())}, recall {share(told[across].tolist())}")


def weights_of(fitted: Pipeline, names: list[str]) -> dict[str, float]:
    """Weights of the signs as they are; the intercept is that of the sign that is always there."""
    scaler, logistic = fitted[0], fitted[1]
    raw = logistic.coef_[0] / scaler.scale_
    out = dict(zip(names, raw.tolist(), strict=True))
    out[ALWAYS] = float(logistic.intercept_[0] - (raw * scaler.mean_).sum())
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="folder of the gold")
    parser.add_argument("headlines", type=Path, help="CSV of the business headlines that reuters_labels.csv labels")
    parser.add_argument("--encoder", type=Path, required=True, help="encoder that has not seen a third (fold 0/3)")
    parser.add_argument("--out", type=Path, default=OUT, help="file to write")
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    rows, logits = linear_logits(chosen.folder, chosen.headlines)
    readings = [named(read(row.text)) for row in rows]
    kept = [n for n, (row, reading) in enumerate(zip(rows, readings, strict=True)) if is_measured(row, reading)]
    rows, logits, readings = [rows[n] for n in kept], logits[kept], [readings[n] for n in kept]
    across = np.array([row.gold["grade"] == "abroad" if row.file == BUSINESS else row.is_event for row in rows])
    ours = np.array([row.file in OURS for row in rows])
    lines = []
    for name, encoded in ((LINEAR, None), (BOTH, encoded_by(readings, chosen.encoder))):
        signs, clear = signs_by(readings, logits, encoded, chosen.encoder)
        vectors = DictVectorizer(sparse=False)
        matrix = vectors.fit_transform([{name: each[name] for name in each if name != ALWAYS} for each in signs])
        likely = out_of_month(matrix, across, rows)
        told = clear | np.array([is_likely_event(event, each) for event, each in zip(likely, signs, strict=True)])
        print_figures(name, likely[~ours], across[~ours], told[~ours])
        print_figures(f"{name}, our own", likely[ours], across[ours], told[ours])
        names = vectors.get_feature_names_out().tolist()
        found = weights_of(fitted_to(matrix, across, ours), names)
        lines += [(name, sign, f"{weight:.3f}") for sign, weight in found.items()]
    with chosen.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("models", "sign", "weight"))
        writer.writerows(lines)


if __name__ == "__main__":
    main()
