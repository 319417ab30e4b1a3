"""Headlines that tell no act: each line of the table by its example, and acts that look like them."""

from __future__ import annotations

import pytest

from correlator.events.acts.no_act import PERSON, SPORT, TEAM, kinds, no_act
from correlator.events.coder import code_text
from correlator.events.grammar.reading import named, read


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.example)
def test_an_example_is_of_its_kind_and_no_event(kind):
    reading = named(read(kind.example))
    if kind.name == PERSON:
        assert any(kind.pattern.match(reading.text.lowered, actor.end - 1) for actor in reading.actors)
    else:
        assert no_act(reading) == (SPORT if kind.name == TEAM else kind.name)
    assert code_text(kind.example) == []


@pytest.mark.parametrize(
    "text",
    [
        "UN report accuses Mali of war crimes",
        "Peru recalls envoy from Chile",
        "Ghana protests on anniversary of Togo raid",
        "Oman, Iran sign accord during summit",
        "Chad walks out of Sudan talks",
        "Norway names envoy to Mali",
        "Kenya wins 10-15 patrol boats from Japan",
    ],
)
def test_an_act_in_like_words_is_of_no_kind(text):
    assert no_act(named(read(text))) is None


@pytest.mark.parametrize(
    "text", ["50 years ago: Turkey lands troops in Mali", "Norway is at war with Chad, historian writes"]
)
def test_history_and_its_writers_tell_no_act(text):
    assert code_text(text) == []


def test_a_long_sentence_is_of_no_kind():
    text = "On this day in Lima the government of Peru signed an agreement with Chile on trade and fishing rights."
    assert no_act(named(read(text))) is None
