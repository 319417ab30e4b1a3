"""Strips dated by vote. Closes are PSX figures of May 2025 and November 2024 (public market data)."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.align.strip_dating import SCHEMA, date_strip
from correlator.news.strips.strip import parse_strip, strip_frame

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


RANGES = CLOSES.with_columns(low=pl.col("close") - 2, high=pl.col("close") + 2)


def test_a_price_that_was_not_traded_is_no_match():
    line = "AIRLINK 170.00 Increased By ▲ 7.18 (4.41%)"
    assert dated(line)[0]["session"] == date(2025, 5, 26)
    (row,) = dated(line, RANGES)
    assert row["session"] is None
    assert "did not trade at 170.00 on 2025-05-26" in row["session_reason"]


def test_one_share_without_change_that_moved_is_no_zero_return():
    (row,) = dated("AIRLINK 156.09 No Change ▼ 0.00 (0%)", RANGES)
    assert row["session"] is None


def test_a_share_printed_in_thousands_is_no_index():
    closes = pl.DataFrame(
        [("NESTLE", date(2025, 5, 20), 7490.3), ("NESTLE", date(2025, 5, 21), 7500.0)],
        schema=["symbol", "session", "close"],
        orient="row",
    )
    assert dated("NESTLE 7,500.00 Increased By ▲ 9.70 (0.13%)", closes)[0]["session"] == date(2025, 5, 21)
    assert dated("NESTLE 7,500.00 Increased By ▲ 10.00 (0.13%)", closes)[0]["session"] is None


def test_a_hole_in_the_bars_is_no_jump_to_a_later_session():
    bars = CLOSES.filter(pl.col("session") != date(2025, 5, 23))
    strip = strip_frame(parse_strip("AIRLINK 163.50 Decreased By ▼ -1.33 (-0.81%)"))
    strip = strip.with_columns(article_id=pl.lit(7, pl.Int64))
    row = date_strip(strip, bars, sessions=[date(2025, 5, 23)]).row(0, named=True)
    assert (row["session"], row["official_close"]) == (date(2025, 5, 23), None)
    assert date_strip(strip, bars)["session"][0] == date(2025, 5, 26)


@settings(deadline=None)
@given(
    st.lists(st.integers(-300, 300), min_size=3, max_size=40),
    st.data(),
)
def test_a_strip_of_a_known_session_gets_that_session_or_none(moves, data):
    """Bars with ranges, and a strip with any price traded in one of the sessions: never another session."""
    closes = [10_000]
    for move in moves:
        closes.append(max(closes[-1] + move, 100))
    days = [date(2025, 1, 1) + timedelta(days=place) for place in range(len(closes))]
    place = data.draw(st.integers(1, len(closes) - 1))
    low, high = (pick(closes[place - 1 : place + 1]) for pick in (min, max))
    cents = data.draw(st.integers(low, high))
    change = cents - closes[place - 1]
    word = "Increased By ▲" if change > 0 else "Decreased By ▼" if change < 0 else "No Change ▼"
    line = f"A {cents / 100:.2f} {word} {change / 100:.2f} ({100 * change / closes[place - 1]:.2f}%)"
    rows = [
        ("A", day, close / 100, min(pair) / 100, max(pair) / 100)
        for day, close, pair in zip(days, closes, zip(closes, [closes[0], *closes], strict=False), strict=True)
    ]
    frame = pl.DataFrame(rows, schema=["symbol", "session", "close", "low", "high"], orient="row")
    (row,) = dated(line, frame)
    before = closes[place - 1]
    same = [day for day, close in zip(days[1:], closes, strict=False) if close == before]
    # Price and change are printed to the cent, what has not changed may be a strip from before the opening, and what
    # follows the last close a session whose bar is not loaded.
    alone = change != 0 and sum(abs(close - before) <= 1 for close in closes) == 1
    assert row["session"] in ([days[place]] if alone else [*same, None])


@pytest.mark.parametrize(("high", "session"), [(119930.8, date(2025, 5, 21)), (119929.0, None)])
def test_a_whole_number_may_be_half_a_point_beyond_the_high(high, session):
    """119,931 is printed without decimals: up to 119930.5 it may be the high of the session."""
    bars = [("KSE100", 20, 118971.0, 119000.0, 118000.0), ("KSE100", 21, 119800.0, high, 118900.0)]
    closes = pl.DataFrame(
        [(name, date(2025, 5, day), *figures) for name, day, *figures in bars],
        schema=["symbol", "session", "close", "high", "low"],
        orient="row",
    )
    (row,) = dated("KSE100 119,931 Increased By \u25b2 960 (0.81%)", closes)
    assert row["session"] == session
