"""Processes load into one lake and one is killed: what was acknowledged is there once, and readers see whole states."""

from __future__ import annotations

import sys
from pathlib import Path

FAULTS = str(Path(__file__).parents[1] / "faults")


def test_every_acknowledged_load_is_there_once_and_whole(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(FAULTS)
    import lake_writers

    found = lake_writers.contest(tmp_path, writers=3, kills=1, seconds=8)
    sys.modules.pop("lake_writers")
    assert found["loads acknowledged"] > 1
    assert found["of them missing"] == 0
    assert found["loads present but not acknowledged (killed before they could be recorded)"] <= 3
    assert found["loads that are incomplete or duplicated"] == 0
    assert found["of them not of a single version"] == 0
    assert found["findings of verify"] == 0
