"""The price figure: what it draws, what it says when there is nothing, and that its page needs no network."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from correlator.errors import InputError, MissingDependencyError, NotFoundError, SourceError
from correlator.plot.html import figure_page, write_html
from correlator.plot.image import image_bytes, write_image
from correlator.plot.price import price_figure, sessions_around

SESSIONS = [day for n in range(60) if (day := date(2025, 4, 1) + timedelta(days=n)).weekday() < 5]


@pytest.fixture
def bars() -> pl.DataFrame:
    closes = [100.0 + (n * 7) % 11 for n in range(len(SESSIONS))]
    return pl.DataFrame(
        {"session": SESSIONS, "close": closes, "volume": [1000.0 + n for n in range(len(SESSIONS))]}
    ).with_columns(open=pl.col("close") - 1, high=pl.col("close") + 2, low=pl.col("close") - 3)


@pytest.fixture
def events() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "day_zero": [SESSIONS[10], SESSIONS[10], SESSIONS[20], date(2030, 1, 1)],
            "category": ["CONSULT", "CONSULT", "THREATEN", "AID"],
            "headline": ["A meets <b>B</b> for $5", "A and B talk", None, "later"],
            "publisher": ["dawn", None, "geo", "geo"],
            "reason": ["holiday", "intraday", None, None],
            "published_at": [datetime(2025, 4, 14, 1, 2, tzinfo=UTC), None, None, None],
        }
    )


def trace(figure, name):
    return next(each for each in figure.data if each.name == name)


def test_lane_has_one_row_a_category_and_hover_tells_headline_publisher_day_zero_and_reason(bars, events):
    figure = price_figure(bars, events=events, symbol="X")
    consult = trace(figure, "CONSULT")
    assert len(consult.x) == 1
    hover = consult.text[0]
    assert "A meets &lt;b&gt;B&lt;/b&gt; for &#36;5" in hover
    assert "dawn, 14 Apr 2025 01:02 UTC" in hover
    assert "reason for day 0: holiday" in hover
    assert "(no headline)" in trace(figure, "THREATEN").text[0]
    assert "(1 more outside it)" in figure.layout.title.subtitle.text.replace("<br>", " ")


def test_conflict_and_cooperation_differ_in_colour(bars, events):
    figure = price_figure(bars, events=events, symbol="X")
    assert trace(figure, "CONSULT").marker.color != trace(figure, "THREATEN").marker.color


def test_around_shows_that_many_sessions_on_each_side(bars):
    figure = price_figure(bars, symbol="X", around=SESSIONS[20], sessions_each_side=5)
    assert list(figure.data[0].x) == SESSIONS[15:26]


def test_a_day_without_session_is_said(bars):
    figure = price_figure(bars, symbol="X", around=date(2025, 4, 5), sessions_each_side=3)
    assert "05 Apr 2025 was not a session" in figure.layout.title.subtitle.text.replace("<br>", " ")


def test_sessions_on_each_side_are_sessions_of_bars_within_them_too():
    starts = [datetime(2025, 5, day, hour) for day in (19, 20, 21, 22, 23) for hour in range(9, 16)]
    bars = pl.DataFrame({"session": starts, "close": [10.0 + k for k in range(len(starts))]})
    drawn = {each: sessions_around(bars, date(2025, 5, 21), each)["session"] for each in (None, 0, 2)}
    assert [len(shown) for shown in drawn.values()] == [21, 7, 35]
    assert drawn[0].dt.date().unique().to_list() == [date(2025, 5, 21)]
    figure = price_figure(bars, symbol="X", around=date(2025, 5, 21), zone="Asia/Karachi")
    assert figure.layout.meta["subtitle"].endswith("21\u00a0bars; no events in this range; Asia/Karachi time")


def test_days_without_a_session_are_left_out_of_the_axis(bars):
    gap = bars.filter(pl.col("session") != SESSIONS[3])
    breaks = price_figure(gap, symbol="X").layout.xaxis.rangebreaks
    assert breaks[0].bounds == ("sat", "mon")
    assert breaks[1]["values"] == (SESSIONS[3].isoformat(),)


def test_the_axis_begins_a_session_before_the_first_and_ends_one_after_the_last(bars):
    week = bars.filter(pl.col("session").is_between(date(2025, 4, 7), date(2025, 4, 11)))  # Monday to Friday
    assert price_figure(week, symbol="X").layout.xaxis.range == ("2025-04-04T12:00:00", "2025-04-14T12:00:00")


def test_bars_without_open_are_a_line(bars):
    figure = price_figure(bars.with_columns(open=pl.lit(None, pl.Float64)), symbol="X")
    assert figure.data[0].type == "scatter"


def test_no_bars_says_why(bars):
    figure = price_figure(bars.head(0), symbol="X")
    assert "There are no bars of X" in figure.layout.annotations[0].text


@pytest.mark.parametrize("count", [0, 1])
def test_no_events_and_none_are_said(bars, events, count):
    figure = price_figure(bars, events=events.head(count), symbol="X")
    subtitle = figure.layout.title.subtitle.text.replace("<br>", " ")
    assert ("1\u00a0event" if count else "no events in this range") in subtitle


def test_page_is_the_same_twice_and_asks_no_network(bars, events, tmp_path):
    figure = price_figure(bars, events=events, symbol="X </script>")
    first = write_html(figure, tmp_path / "a.html").read_bytes()
    again = price_figure(bars, events=events, symbol="X </script>")
    assert first == write_html(again, tmp_path / "b.html").read_bytes()
    page = re.sub(r"<script>/\*\*.*?</script>", "", figure_page(figure), flags=re.S)
    assert "default-src 'none'" in page
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    assert page.count("</script>") <= 2


def test_folder_that_does_not_exist(bars, tmp_path):
    with pytest.raises(NotFoundError, match="does not exist"):
        write_html(price_figure(bars, symbol="X"), tmp_path / "no" / "a.html")


def test_unknown_image_format(bars, tmp_path):
    with pytest.raises(InputError, match=r"a\.bmp: unsupported figure format \.bmp"):
        write_image(price_figure(bars, symbol="X"), tmp_path / "a.bmp")


def test_png(bars):
    pytest.importorskip("kaleido")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.skip("no Chromium on this machine")
    drawn = image_bytes(price_figure(bars.head(5), symbol="X"), "png", width=390, scale=1)
    assert drawn.startswith(b"\x89PNG")


def test_no_browser_is_one_clear_line(bars, monkeypatch):
    pytest.importorskip("kaleido")
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    with pytest.raises(MissingDependencyError, match="needs Chromium or Chrome"):
        image_bytes(price_figure(bars.head(5), symbol="X"), "png")


def test_a_browser_that_cannot_open_is_closed_and_an_image_is_refused(bars, monkeypatch):
    pytest.importorskip("kaleido")
    closed = []

    class Broken:
        def __init__(self, **_):
            pass

        async def open(self):
            raise RuntimeError("no page answers")

        async def close(self):
            closed.append(True)

    monkeypatch.setattr("correlator.plot.chromium.Drawer", Broken)
    with pytest.raises(SourceError, match="Chromium could not draw the figure: no page answers"):
        image_bytes(price_figure(bars.head(5), symbol="X"), "png")
    assert closed == [True]


def test_a_page_that_cannot_answer_yet_has_no_state():
    pytest.importorskip("kaleido")
    from correlator.plot.chromium import _state

    assert _state({"error": {"message": "no context yet"}}) == ""
    assert _state({"result": {"result": {"type": "string", "value": "complete"}}}) == "complete"


def test_the_change_is_adjusted_for_a_split_and_the_bars_say_that_they_are_not(bars, events):
    half = pl.when(pl.col("session") < SESSIONS[20]).then(2.0).otherwise(1.0)
    split = bars.with_columns(
        pl.col("close").alias("adjusted_close"), *(pl.col(name) * half for name in ("open", "high", "low", "close"))
    )
    whole, halved = (price_figure(frame, events=events, symbol="X") for frame in (bars, split))
    assert halved.layout.meta["title"] == whole.layout.meta["title"]
    assert "bars unadjusted (-" in halved.layout.meta["subtitle"].replace("\u2212", "-")
    assert "adjusted" not in whole.layout.meta["subtitle"]
