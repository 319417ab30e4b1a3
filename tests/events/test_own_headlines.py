"""Floors of the coder on 300 headlines of our own that nothing is fitted on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from correlator.events.coder import code_headlines

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from own_headlines import figures, read_dated, read_labels

FLOORS = {
    "rules": {"answered": 0.87, "category": 0.78, "quad": 0.82, "dyad": 0.78, "non-events left alone": 0.95},
    "full": {"answered": 0.88, "category": 0.78, "quad": 0.82, "dyad": 0.80, "non-events left alone": 0.93},
}


def test_there_are_200_events_and_100_without():
    labels = read_labels()
    assert [sum(label.category is None for label in labels), len({label.text for label in labels})] == [100, 300]


@pytest.mark.parametrize("coder", list(FLOORS))
def test_floors(coder):
    labels = read_labels()
    found = figures(labels, code_headlines([label.text for label in labels], coder=coder))
    short = {name: found[name] for name, least in FLOORS[coder].items() if found[name] < least}
    assert short == {}


UNSEEN = {
    "rules": {"answered": 0.83, "category": 0.68, "quad": 0.74, "dyad": 0.62, "non-events left alone": 0.95},
    "full": {"answered": 0.83, "category": 0.68, "quad": 0.74, "dyad": 0.62, "non-events left alone": 0.93},
}


@pytest.mark.parametrize("coder", list(UNSEEN))
def test_floors_of_headlines_that_no_rule_was_written_with(coder):
    labels = read_dated("unseen")
    found = figures(labels, code_headlines([label.text for label in labels], coder=coder))
    short = {name: found[name] for name, least in UNSEEN[coder].items() if found[name] < least}
    assert short == {}
