"""Windows as the command line writes them."""

from __future__ import annotations

from datetime import date

import pytest

from correlator.errors import InputError
from correlator.eventstudy.request.windows import DateWindow, OffsetWindow, parse_window, parse_windows


def test_offsets_and_dates() -> None:
    assert parse_window("-145:-26") == OffsetWindow(-145, -26)
    assert len(OffsetWindow(-145, -26)) == 120
    assert parse_window(" +1 : 5 ") == OffsetWindow(1, 5)
    assert parse_window("2019-04-01:2020-03-13") == DateWindow(date(2019, 4, 1), date(2020, 3, 13))
    assert [w.label for w in parse_windows("0:0,-1:1, -5:5")] == ["0:0", "-1:1", "-5:5"]
    assert parse_window("2020-03-16:2020-03-20").label == "2020-03-16:2020-03-20"


def test_windows_as_papers_print_them() -> None:
    assert parse_window("[-2, +2]") == parse_window("(\N{MINUS SIGN}2;2)") == OffsetWindow(-2, 2)
    assert [w.label for w in parse_windows("[0,0],[-1,+1], -5:5")] == ["0:0", "-1:1", "-5:5"]
    assert [w.label for w in parse_windows(["(0,1)", "[-1,0],[0,2]"])] == ["0:1", "-1:0", "0:2"]
    assert parse_window("\N{EN DASH}2:2") == OffsetWindow(-2, 2)


@pytest.mark.parametrize(
    "text",
    ["", "5", "1:0", "a:b", "2020-03-20:2020-03-16", "2020-02-30:2020-03-01", "1:2:3", "[1,2", "[2,1]", "[1,2,3]"],
)
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(InputError, match="window"):
        parse_windows(text)
