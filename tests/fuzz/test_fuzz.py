"""Every door with seeded mutations of good inputs: a result or one line, within seconds, whatever the bytes."""

from __future__ import annotations

import pytest
from mutate import mutated
from targets import TARGETS, attempt


@pytest.mark.parametrize("name", TARGETS)
def test_doors(name):
    target = TARGETS[name]
    for data in mutated(target.seeds, target.words, count=25, seed=1):
        attempt(target, data)


def test_the_same_seed_gives_the_same_inputs():
    target = TARGETS["formula"]
    first, second = (list(mutated(target.seeds, target.words, count=50, seed=3)) for _ in range(2))
    assert first == second
    assert len(set(first)) > 30
