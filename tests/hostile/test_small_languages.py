"""Selections, windows, instants and zones: each is read by its own grammar, and nothing else is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from correlator.errors import CorrelatorError
from correlator.events.select import parse_selection
from correlator.eventstudy.readers import instant
from correlator.eventstudy.windows import parse_windows
from correlator.report.schedule import parse_daily_time

INPUTS = tomllib.loads((Path(__file__).parent / "selections.toml").read_text(encoding="utf-8"))["input"]
DOORS = {
    "selection": parse_selection,
    "window": parse_windows,
    "instant": instant,
    "zone": lambda text: parse_daily_time(f"16:15 {text}"),
}


@pytest.mark.parametrize("case", INPUTS, ids=[f"{case['door']}: {case['text'][:40]}" for case in INPUTS])
def test_what_the_grammar_does_not_know_is_refused(case):
    with pytest.raises(CorrelatorError, match=case["refused"]) as caught:
        DOORS[case["door"]](case["text"])
    assert "\n" not in str(caught.value)
