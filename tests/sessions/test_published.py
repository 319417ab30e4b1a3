"""The calendars agree with published lists of holidays (the sources stand in ``published_holidays.csv``)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from published_sessions import compared

LISTS = compared()


@pytest.mark.parametrize("each", LISTS, ids=lambda each: f"{each.exchange}-{each.year}")
def test_no_day_differs(each):
    assert each.differ == ()


def test_enough_is_compared():
    assert len({each.exchange for each in LISTS if each.year}) >= 10
    assert sum(len(each.open) for each in LISTS) >= 400
    assert sum(len(each.closed) for each in LISTS) >= 300
