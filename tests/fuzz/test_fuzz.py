"""Every target with seeded mutations of valid inputs: a result or one line, within seconds, for any bytes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mutate import mutated
from targets import TARGETS, attempt

sys.path.append(str(Path(__file__).parents[2] / "tools"))
import fuzz_record
from fuzz_record import Outcome


@pytest.mark.parametrize("name", TARGETS)
def test_doors(name):
    target = TARGETS[name]
    for data in mutated(target.inputs, target.words, count=25, seed=1):
        attempt(target, data)


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_read(name):
    for data in TARGETS[name].seeds:  # a fuzzer learns nothing from an input that is refused at once
        TARGETS[name].run(data)


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if target.samples])
def test_samples_are_read_or_refused(name):
    for data in TARGETS[name].samples:
        attempt(TARGETS[name], data)


def test_the_same_seed_gives_the_same_inputs():
    target = TARGETS["formula"]
    first, second = (list(mutated(target.inputs, target.words, count=50, seed=3)) for _ in range(2))
    assert first == second
    assert len(set(first)) > 30


def test_seconds_of_fuzzing_add_up_and_a_crash_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz_record, "RECORD", tmp_path / "record.csv")
    for commit, seconds, crash in [("a", 100, ""), ("a", 50, ""), ("b", 7, "")]:
        fuzz_record.add(Outcome("page", commit, 10, seconds, 90, 0, crash))
    fuzz_record.add(Outcome("feed", "b", 10, 400, 90, 0, ""))
    rows = fuzz_record.outcomes()
    assert [(row.target, row.commit, row.seconds) for row in rows] == [
        ("page", "a", 150),
        ("page", "b", 7),
        ("feed", "b", 400),
    ]
    assert fuzz_record.since_crash(rows, "page").seconds == 157
    assert fuzz_record.next_targets(rows, ["feed", "page", "strip"], 300, "b") == ["strip", "page"]
    fuzz_record.add(Outcome("page", "b", 3, 1, 90, 0, "IndexError: list index out of range"))
    rows = fuzz_record.outcomes()
    assert fuzz_record.since_crash(rows, "page") is None
    assert fuzz_record.next_targets(rows, ["feed", "page", "strip"], 300, "b") == ["strip"]
    assert fuzz_record.next_targets(rows, ["feed", "page", "strip"], 300, "c") == ["page", "strip"]
