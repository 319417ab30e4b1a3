"""Decide whether a text reports a diplomatic event: by fitted weights of a headline's signs, by a score for a sentence.

The weights are in ``data/events/gate.csv``: a logistic regression that ``tools/fit_gate.py`` fits to labelled
headlines.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from functools import cache
from typing import Final

from correlator.base.resources import data_path
from correlator.events.acts.signs import SETTINGS, Signs, only_modifies, signs
from correlator.events.grammar.direction import TOGETHER
from correlator.events.grammar.parties import OFFICIAL, in_sentence_case
from correlator.events.grammar.phrases import Phrase
from correlator.events.grammar.reading import Reading
from correlator.events.vocabulary.text import Text

# Least probability of an event in the rules coder.
SURE: Final = 0.74
_ARMED = frozenset({"MIL", "COP", "REB", "OPP", "GOV", "CVL"})
_OPEN_CONFLICT = frozenset({"ASSAULT", "PROTEST", "MOBILIZE", "COERCE", "THREATEN", "RETREAT"})
# For a long sentence the remaining score must reach the floor.
_FLOOR = 1.2
_AGAINST = 0.75
_AGAINST_DYAD = 0.4
_NO_COUNTRY = 2.6
_NO_OFFICIAL = 0.7
_BUSINESS = 1.5
_LOGIT_SCALE = 2.0
_BOUND = 2.0
_LEAST_SHARE = 1e-4
SEEN: Final = (
    "no party", "organisation", "pair", "armed", "market", "company", "goods", "firm", "bare", "unsaid",
    "only modifies",
)  # fmt: skip
SIGNALS: Final = 3 + len(SEEN)
_CLEAR_SCORE: Final = 4.0
_CLEAR: Final = {"dyad", "pair"}
_UNCLEAR: Final = {
    "no party", "market", "company", "goods", "firm", "unsaid", "only modifies", "other subject", "warning",
}  # fmt: skip
_OF_TRADE: Final = {"company", "goods"}


def likelihood(reading: Reading) -> float:
    """Return the probability that the rules' finding is an event; for a sentence, 1 or 0."""
    if has_gate(reading.text, reading.actors):
        return logistic(logit(signs(reading)))
    return float(outweighs_doubt(reading))


def outweighs_doubt(reading: Reading) -> bool:
    """Whether the deciding words of a long sentence outweigh the evidence against an event."""
    return reading.choice is not None and reading.choice.score - _sentence_cost(reading) >= _FLOOR


def logit(evidence: Signs) -> float:
    """Return the weighted sum of the signs, each once per applicable setting."""
    known = weights()
    values = evidence.values.items()
    return sum(known[setting].get(name, 0.0) * value for setting in evidence.settings for name, value in values)


def logistic(value: float) -> float:
    """Convert log odds to a probability."""
    return 1.0 / (1.0 + math.exp(-value))


def log_odds(share: float) -> float:
    """Convert a probability to bounded log odds."""
    bounded = min(max(share, _LEAST_SHARE), 1.0 - _LEAST_SHARE)
    return math.log(bounded / (1.0 - bounded))


@cache
def weights() -> dict[str, dict[str, float]]:
    """Return the fitted weight of each sign by setting."""
    out: dict[str, dict[str, float]] = {setting: {} for setting in SETTINGS}
    with data_path("events", "gate.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            out[row["setting"]][row["sign"]] = float(row["weight"])
    return out


def signals(evidence: Signs) -> tuple[float, ...]:
    """Return the signs of a headline as features of the fitted model: ``SIGNALS`` numbers from -2 to 2."""
    lead = max(-_BOUND, min(logit(evidence) / _LOGIT_SCALE, _BOUND))
    flags = (float(name in evidence.values) for name in SEEN)
    return (lead, evidence.values["words abroad"], float("two" in evidence.settings), *flags)


def is_clear(reading: Reading) -> bool:
    """Whether a plain verb links two named states or organisations and no company is involved: *Kenya repays China*."""
    if reading.choice is None or reading.roles is None or not reading.candidates:
        return False
    if reading.choice.category != reading.candidates[0].category or reading.choice.score < _CLEAR_SCORE:
        return False
    shown = signs(reading).values.keys()
    unclear = _UNCLEAR & shown
    if reading.choice.settles:  # *Malta bars Nimbus from selling chips to Chad* is about a company's trade
        unclear -= _OF_TRADE
    if reading.roles.rule == TOGETHER and not only_modifies(reading.text, reading.choice, reading.roles.targets[0]):
        unclear -= {"only modifies"}  # the first of two subjects, before the second
    return shown >= _CLEAR and not unclear


def doubts(reading: Reading) -> int:
    """Return the number of signs of companies, goods, a market or a missing party: *Cuba Nickel halts sales*."""
    return len(_UNCLEAR & signs(reading).values.keys()) if reading.choice is not None else 0


def has_gate(text: Text, actors: Sequence[Phrase]) -> bool:
    """Whether a text is a headline that names an actor, so that its signs can be weighed.

    In Title Case names of companies cannot be recognised, so a country must be named.
    """
    if not actors or not text.is_headline:
        return False
    return in_sentence_case(text) or any(actor.actor.country for actor in actors)


def names_no_actor(text: Text, actors: Sequence[Phrase]) -> bool:
    """Whether a headline in sentence case, where names can be recognised, names no actor."""
    return not actors and text.is_headline and in_sentence_case(text)


def _sentence_cost(reading: Reading) -> float:
    """Return the penalty of a long sentence, by whether it names a country or an official."""
    best, roles, actors, opposing = reading.choice, reading.roles, reading.actors, reading.opposing
    if best is None or roles is None:
        raise ValueError("a sentence is weighed when its deciding words are chosen")
    countries = {actor.actor.country for actor in actors if actor.actor.country}
    slots = any(actor.actor.country is None and actor.actor.role is None for actor in actors)
    dyad = len(countries) > 1
    official = any(actor.actor.role in OFFICIAL for actor in (*roles.sources, *roles.targets))
    cost = (_AGAINST_DYAD if dyad else _AGAINST) * opposing
    if not countries and not slots:
        armed = any(actor.actor.role in _ARMED for actor in actors) and best.category in _OPEN_CONFLICT
        cost += 0.0 if armed and opposing == 0 else _NO_COUNTRY
    elif not dyad and not official and not slots:
        cost += _NO_OFFICIAL
    return cost + (_BUSINESS if roles.sources and roles.sources[0].actor.role == "BUS" else 0.0)
