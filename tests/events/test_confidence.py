"""The one probability that a headline tells an act across a border."""

from __future__ import annotations

import numpy as np
import pytest

from correlator.events.acts.gate import log_odds, logistic
from correlator.events.coder import code_text
from correlator.events.full import placed, roles_of
from correlator.events.grammar.reading import named, read
from correlator.events.learned.confidence import BOTH, LINEAR, SURE, likelihood, signs_of, weights
from correlator.events.learned.features import CLASSES, NONE
from correlator.events.learned.fitted import Judgement
from correlator.events.model import CATEGORIES

VIEWS = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05]], dtype=np.float32)


def signs(text, stated, views=None, category="REQUEST"):
    reading = named(read(text))
    judgement = Judgement(category, 0.9, stated, None)
    reading = placed(reading, judgement)
    return signs_of(reading, judgement, roles_of(reading, None), views)


def test_every_sign_has_its_weight_and_every_weight_a_sign():
    both = {"linear": 1.0, "encoder": 1.0, "across": 1.0}
    seen = {LINEAR: set(), BOTH: set()}
    for text in ("Peru urges Chile to cut duties", "Rebels shell a village", "Peru and Chile as seen by Bolivia"):
        for category in CATEGORIES:
            seen[LINEAR] |= signs(text, {"linear": 1.0}, category=category).keys()
            seen[BOTH] |= signs(text, both, VIEWS, category).keys()
    assert {models: set(known) for models, known in weights().items()} == seen
    assert {name for name in CLASSES if name != NONE} == {
        sign.removeprefix("category ") for sign in weights()[LINEAR] if sign.startswith("category ")
    }


@pytest.mark.parametrize("stated", [{"linear": -2.0}, {"linear": -2.0, "encoder": -1.0, "across": -3.0}])
def test_what_the_models_say_and_two_countries_raise_it(stated):
    views = VIEWS if "encoder" in stated else None
    doubted = likelihood(signs("Peru urges Chile to cut duties", stated, views))
    surer = likelihood(signs("Peru urges Chile to cut duties", dict.fromkeys(stated, 3.0), views))
    alone = likelihood(signs("Peru urges bakers to cut waste", stated, views))
    assert 0.0 < alone < doubted < SURE < surer < 1.0


def test_log_odds_are_bounded_and_undone_by_logistic():
    assert logistic(log_odds(0.3)) == pytest.approx(0.3)
    assert np.isfinite([log_odds(0.0), log_odds(1.0)]).all()


def test_confidence_is_that_of_the_event_times_that_of_the_category():
    event = code_text("Peru urges Chile to cut duties", coder="full")[0]
    assert 0.5 < event.confidence < 1.0
