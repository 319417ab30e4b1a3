"""Small rules of news against cases written out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from correlator.errors import InputError
from correlator.intake.news import preview_news
from correlator.news import text_lines
from correlator.news.charset import mostly_utf8
from correlator.news.corpora.records import read_records
from correlator.news.pages.agreement import _repeats
from correlator.news.pages.bodies import _Block, _share, _trimmed
from correlator.news.pages.headlines import _is_name, alike
from correlator.news.stories.article_words import _is_daily
from correlator.news.stories.joining import cluster_stories
from correlator.news.stories.words import words_of
from correlator.news.strips.figures import _percent_agrees
from correlator.news.strips.strip import parse_strip
from correlator.news.times.calendar_words import fold, with_numbers
from correlator.news.times.printed_dates import _full_year


def test_titles_that_differ_by_one_letter_in_five_are_alike() -> None:
    """80 of 100 by the ratio is enough, less is not."""
    assert alike("abcde", "abcdx")
    assert not alike("abcd", "abcx")
    assert alike("one title that is longer than twenty letters", "One title that is longer than")


def test_a_part_of_a_title_that_is_the_name_of_the_site() -> None:
    site = ["guardian", "dailylamp"]
    assert _is_name("The Guardian", site)
    assert _is_name("Daily Lamp", site)
    assert not _is_name("Economy", site)


def test_share_of_pairs_of_words() -> None:
    pairs = {("rates", "rise"), ("rise", "again")}
    assert _share(["rates", "rise", "again", "today", "here"], pairs) == 0.5
    assert _share(["rates"], pairs) == 0.0


def test_the_only_block_is_kept_though_it_looks_like_a_title() -> None:
    title = _Block("p", "Rates Rise Again", False)
    text = _Block("p", "The bank raised its rate by half a point on Monday, and said that more may follow.", False)
    assert list(_trimmed([title])) == [title]
    assert list(_trimmed([title, text, title])) == [text]


@pytest.mark.parametrize(("percent", "agrees"), [(0.10, True), (0.11, True), (0.13, False)])
def test_a_small_change_has_a_small_rounding_error(percent: float, agrees: bool) -> None:
    """0.05 over 49.95 is 0.1001 %; one unit of the second decimal, and 0.0001 for the price of one decimal."""
    assert _percent_agrees("50.0", "0.05", 0.05, percent) is agrees


@pytest.mark.parametrize(("percent", "agrees"), [(0.50, True), (0.54, True), (0.57, False)])
def test_a_change_of_one_decimal_carries_its_rounding(percent: float, agrees: bool) -> None:
    """0.5 over 99.5 is 0.5025 %, where the change may be 0.05 more or less: 0.05 %."""
    assert _percent_agrees("100.0", "0.5", 0.5, percent) is agrees


def test_years_of_two_digits_are_not_in_the_future() -> None:
    this = datetime.now(UTC).year
    assert _full_year(f"{this % 100:02d}") == this
    assert _full_year(f"{(this + 1) % 100:02d}") == this - 99
    assert _full_year("1999") == 1999


def test_headlines_of_one_word_are_one_story() -> None:
    start = datetime(2024, 5, 1, tzinfo=UTC)
    times = [start, start + timedelta(hours=1), start + timedelta(hours=2)]
    articles = pl.DataFrame({"headline": ["Devaluation", "Devaluation", "Floods"], "published_at": times})
    assert cluster_stories(articles).to_list() == [0, 0, 2]


def test_a_preview_names_five_problems_of_all_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        rows = "\n".join(f"{name} {n} happened,no date" for n in range(4))
        (tmp_path / f"{name}.csv").write_text(f"headline,published_at\n{rows}\n", encoding="utf-8")
    preview = preview_news(tmp_path)
    assert preview.rejected == 8
    assert len(preview.notes) == 5


@pytest.mark.parametrize(
    ("written", "clock"), [("下午3時05分", "15:05"), ("上午12時05分", "00:05"), ("下午12時05分", "12:05")]
)
def test_hours_before_and_after_noon_in_chinese(written: str, clock: str) -> None:
    assert clock in with_numbers(fold(f"2024年5月1日 {written}"))


def test_two_words_of_every_day_make_a_daily_headline() -> None:
    first, second = sorted(words_of().daily - words_of().market)[:2]
    assert _is_daily(f"{first} {second}")
    assert not _is_daily(f"{first} lampshade")


def test_a_statement_is_repeated_within_two_minutes() -> None:
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    said: Any = SimpleNamespace(instant=noon)
    near, far = (SimpleNamespace(instant=noon + timedelta(minutes=minutes)) for minutes in (2, 3))
    assert _repeats(said, [far, near])  # type: ignore[list-item]
    assert not _repeats(said, [far])  # type: ignore[list-item]


def test_only_bytes_beyond_ascii_say_what_the_encoding_is() -> None:
    assert mostly_utf8("é".encode() + b"\x7f" * 10)
    assert not mostly_utf8(b"\xe9\xe8 and no more")
    assert not mostly_utf8(b"plain")


def test_quotes_of_several_layouts_come_in_the_order_of_the_text() -> None:
    text = "LAMP 50.50 \u25b2 0.50 (1%) WICK 20.20 Increased By \u25b2 0.20 (1%) GLOW 10.10 \u25b2 0.10 (1%)"
    assert [quote.symbol for quote in parse_strip(text)] == ["LAMP", "WICK", "GLOW"]


def test_rows_of_parquet_may_be_as_long_as_text_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_lines, "UNCHECKED", 0)
    pl.DataFrame({"headline": [f"Rates rise again {n}" for n in range(50)]}).write_parquet(tmp_path / "news.parquet")
    records = read_records(tmp_path / "news.parquet")
    assert records.names == ["headline"]
    assert len(list(records.rows([], None))) == 50
    monkeypatch.setattr(text_lines, "MAX_RATIO", 0)
    with pytest.raises(InputError, match="unpacks to more than"):
        list(read_records(tmp_path / "news.parquet").rows([], None))
