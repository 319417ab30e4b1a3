"""Estimate the probability that a headline reports a cross-border act, from the findings of all steps.

The weights are in ``data/events/confidence.csv``: two logistic regressions (with and without the encoder) that
``tools/fit_confidence.py`` fits to the models' predictions for held-out months.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from typing import Final

from correlator.base.resources import data_path
from correlator.events.acts.gate import doubts, log_odds, logistic
from correlator.events.grammar.clause import Roles
from correlator.events.grammar.reading import Reading
from correlator.events.learned.encoder import Floats
from correlator.events.learned.fitted import Judgement

# Least probability of a cross-border act; higher for headlines with signs of companies, goods or a market.
SURE: Final = 0.6
DOUBTED: Final = 0.7
LINEAR: Final = "linear"
BOTH: Final = "both"
ALWAYS: Final = "always"
_SOURCE, _TARGET = 0, 1
_MOST_COUNTRIES = 3


def signs_of(reading: Reading, judgement: Judgement, roles: Roles, views: Floats | None) -> dict[str, float]:
    """Return the signs for and against a cross-border act, by name.

    ``views``: probabilities that each actor is source, target or neither, shape (actors, 3); None without encoder.
    """
    source, target = (phrases[0].actor.country if phrases else None for phrases in (roles.sources, roles.targets))
    countries = {actor.actor.country for actor in reading.actors if actor.actor.country}
    first = reading.candidates[0].category if reading.candidates else None
    signs = {
        ALWAYS: 1.0,
        **judgement.stated,
        "share": log_odds(judgement.share),
        "dyad": float(source is not None and target is not None and source != target),
        "one country": float(source is not None and source == target),
        "no source": float(source is None),
        "no target": float(target is None),
        "no country": float(not countries),
        "countries": float(min(len(countries), _MOST_COUNTRIES)),
        "no words": float(first is None),
        "other words": float(first is not None and reading.choice is not reading.candidates[0]),
        "doubts": float(doubts(reading)),
        f"category {judgement.category}": 1.0,
    }
    if views is not None and len(views):
        signs["source"] = log_odds(float(views[:, _SOURCE].max()))
        signs["target"] = log_odds(float(views[:, _TARGET].max()))
    return signs


def likelihood(signs: Mapping[str, float]) -> float:
    """Return the probability of a cross-border act from the weighted signs."""
    known = weights()[BOTH if "encoder" in signs else LINEAR]
    return logistic(sum(known.get(name, 0.0) * value for name, value in signs.items()))


def is_likely_event(event: float, signs: Mapping[str, float]) -> bool:
    """Whether a probability is high enough for an event."""
    return event >= (DOUBTED if signs["doubts"] else SURE)


@cache
def weights() -> dict[str, dict[str, float]]:
    """Return the fitted weight of each sign, with and without the encoder."""
    out: dict[str, dict[str, float]] = {LINEAR: {}, BOTH: {}}
    with data_path("events", "confidence.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            out[row["models"]][row["sign"]] = float(row["weight"])
    return out
