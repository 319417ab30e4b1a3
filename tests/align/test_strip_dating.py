"""Strips dated by vote. Closes are PSX figures of May 2025 and November 2024 (public market data)."""

from datetime import date

import polars as pl
import pytest

from correlator.align.strip_dating import SCHEMA, date_strip
from correlator.news.strip import parse_strip, strip_frame

CLOSES = pl.DataFrame(
    [
        ("AIRLINK", date(2025, 5, 20), 156.09),
        ("AIRLINK", date(2025, 5, 21), 160.53),
        ("AIRLINK", date(2025, 5, 22), 164.83),
        ("AIRLINK", date(2025, 5, 23), 162.82),
        ("AIRLINK", date(2025, 5, 26), 159.26),
        ("KSE100", date(2025, 5, 20), 118971.12),
        ("KSE100", date(2025, 5, 21), 119931.46),
    ],
    schema=["symbol", "session", "close"],
    orient="row",
)


def dated(text, closes=CLOSES, hint=None):
    strip = strip_frame(parse_strip(text)).with_columns(article_id=pl.lit(7, pl.Int64), hint=pl.lit(hint, pl.Date))
    return date_strip(strip, closes).rows(named=True)


def test_the_seeds_strip_is_of_the_26th():
    (row,) = dated(" date 2025-05-28 AIRLINK 159.05 Decreased By ▼ -3.77 (-2.32%)")
    assert (row["session"], row["official_close"]) == (date(2025, 5, 26), 159.26)
    assert (row["votes_for"], row["votes_against"]) == (1, 0)
    assert "previous close 162.82 is the official close of 2025-05-23" in row["session_reason"]
    assert "next session 2025-05-26" in row["session_reason"]


def test_shares_and_indices_vote():
    rows = dated("AIRLINK 160.48 Increased By ▲ 4.39 (2.81%)\nKSE100 119,931 Increased By 960.3 (0.81%)")
    assert [row["session"] for row in rows] == [date(2025, 5, 21)] * 2
    assert rows[0]["votes_for"] == 2


def test_a_split_vote_is_no_session():
    rows = dated("AIRLINK 160.48 Increased By ▲ 4.39 (2.81%)\nKSE100 110,000 Increased By 960.3 (0.88%)")
    assert rows[0]["session"] is None
    assert "disagree" in rows[0]["session_reason"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("AIRLINK 100.00 Increased By ▲ 5.00 (5.26%)", "nothing matches"),
        ("BAFL 38.16 Increased By ▲ 2.66 (7.49%)", "no official closes"),
        ("AIRLINK 160.00 Increased By ▲ 0.74 (0.46%)", "after the last bar"),
    ],
)
def test_no_match_is_null_with_a_reason(line, reason):
    (row,) = dated(line)
    assert row["session"] is None
    assert reason in row["session_reason"]


def test_a_reset_before_the_opening_is_no_zero_return():
    shares = "AIRLINK 160.53 No Change ▼ 0.00 (0%)\nBOP 6.67 No Change ▼ 0.00 (0%)\n"
    text = shares + "KSE100 119,931 Increased By 960.3 (0.81%)"
    share, _, index = dated(text)
    assert share["session"] is None
    assert "pre-open reset" in share["session_reason"]
    assert index["session"] == date(2025, 5, 21)


TWICE = pl.DataFrame(
    [
        ("A", date(2025, 1, 1), 10.0),
        ("A", date(2025, 1, 2), 10.5),
        ("A", date(2025, 3, 3), 10.0),
        ("A", date(2025, 3, 4), 10.52),
    ],
    schema=["symbol", "session", "close"],
    orient="row",
)


def test_a_tie_is_broken_by_the_pages_date_only_and_else_is_null():
    line = "A 10.50 Increased By ▲ 0.50 (5%)"
    assert dated(line, TWICE)[0]["session"] is None
    assert "ambiguous" in dated(line, TWICE)[0]["session_reason"]
    assert dated(line, TWICE, date(2025, 3, 5))[0]["session"] == date(2025, 3, 4)


def test_an_empty_frame_gives_an_empty_frame():
    empty = strip_frame([]).with_columns(article_id=pl.lit(None, pl.Int64))
    assert date_strip(empty, CLOSES).schema == SCHEMA
