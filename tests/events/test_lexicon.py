"""Every line of the lexicon is met by its own example."""

from __future__ import annotations

import pytest

from correlator.events.coder import code_text
from correlator.events.grammar.scan import scan
from correlator.events.model import CATEGORIES
from correlator.events.vocabulary.lexicon import expand, inflect, irregular_verbs, lexicon_with
from correlator.events.vocabulary.text import prepare

ENTRIES = lexicon_with(None)
# Examples whose words also speak for something else, so that the rules choose another category or none, and short ones
# that name one country only, which the gate of headlines takes for news of that country.
LEAST_AGREEMENT = 0.90


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"line {entry.number}")
def test_pattern_is_found_in_its_example(entry):
    _, hits = scan(prepare(entry.example))
    assert entry in {hit.entry for hit in hits}


def test_examples_are_coded_as_their_category():
    own = [entry for entry in ENTRIES if entry.category in CATEGORIES]
    coded = [code_text(entry.example) for entry in own]
    right = sum(bool(events) and events[0].category == entry.category for events, entry in zip(coded, own, strict=True))
    assert right / len(own) >= LEAST_AGREEMENT


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.category == "WITHOUT"], ids=lambda e: f"line {e.number}")
def test_examples_without_event_give_none(entry):
    assert code_text(entry.example) == []


def test_inflection_and_alternatives():
    assert inflect("deny", {}) == ("deny", "denies", "denied", "denying")
    assert inflect("urge", {}) == ("urge", "urges", "urged", "urging")
    assert "met" in inflect("meet", irregular_verbs())
    assert set(expand("step~_down|quit", {})) >= {"steps down", "stepped down", "quit"}
