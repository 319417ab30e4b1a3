"""Texts that a spreadsheet would run are led by an apostrophe; numbers and all else stay."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from correlator.report.safe_cells import safe_cells, unsafe_count


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(1)", " =1", "\t=1", "\n@x", "＝1", "\tplain", '"=1+1"'],
)
def test_formulas_are_defused(text):
    assert safe_cells(pl.DataFrame({"a": [text]}))["a"].to_list() == ["'" + text]


@pytest.mark.parametrize(
    "text", ["-3.77", "+5%", "1e-3", "-1:1", "-1,234.5", "", "Pakistan - India", "a=b", "2025-05-28"]
)
def test_plain_cells_stay(text):
    frame = pl.DataFrame({"a": [text, None], "n": [-1.5, None]})
    assert safe_cells(frame).equals(frame)
    assert unsafe_count(frame) == 0


@given(st.lists(st.text(max_size=12) | st.none(), min_size=1, max_size=8))
def test_nothing_is_lost_and_twice_is_once(texts):
    frame = pl.DataFrame({"a": texts}, schema={"a": pl.String()})
    safe = safe_cells(frame)
    for text, cell in zip(texts, safe["a"], strict=True):
        assert cell in (text, None if text is None else "'" + text)
    assert unsafe_count(frame) == sum(a != b for a, b in zip(texts, safe["a"], strict=True))
    assert not any((cell or "").lstrip().startswith(("=", "@")) for cell in safe["a"])
