"""Files that end a reader or a machine: one line says what is wrong with each, and nothing of them is run."""

from __future__ import annotations

import time

import polars as pl
import pytest
from hostile_files import BARS_OF_ODS, BLANKS, COLUMNS, ROWS, news, ods, prices, row

from correlator.errors import InputError
from correlator.events.vocabulary.language import language_of
from correlator.eventstudy.panel.frames import read_wide
from correlator.market.reading.files import read_prices
from correlator.news.read import read_news
from correlator.news.strips.strip import compile_layout, parse_strip, unread_quotes

PRICES, NEWS = list(prices()), list(news())


@pytest.mark.parametrize(("name", "data", "said"), PRICES, ids=[name for name, _, _ in PRICES])
def test_files_given_as_prices(name, data, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=said) as refused:
        read_prices(name, symbol="AIRLINK", exchange="XKAR")
    assert len(str(refused.value)) < 500
    assert "\n" not in str(refused.value)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("name", "data", "said"), NEWS, ids=[name for name, _, _ in NEWS])
def test_files_given_as_news(name, data, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=said) as refused:
        list(read_news(name))
    assert "\n" not in str(refused.value)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_workbook_that_repeats_empty_cells_to_its_end_is_read(tmp_path):
    rest = row(f"<table:table-cell {COLUMNS}/>", words=ROWS)
    (tmp_path / "p.ods").write_bytes(ods(*BARS_OF_ODS, rest))
    assert read_prices(tmp_path / "p.ods", symbol="AIRLINK", exchange="XKAR").bars["close"].to_list() == [1.5, 1.6]


def test_days_of_small_whole_numbers_are_not_days_written_in_digits():
    with pytest.raises(InputError):
        read_wide(pl.DataFrame({"date": pl.Series([1, 2], dtype=pl.UInt8), "A": [1.0, 2.0]}), "prices")


def test_a_strip_layout_has_each_part_once():
    with pytest.raises(InputError, match=r"must contain \{arrow\} exactly once"):
        compile_layout("{symbol} {price} {arrow} {arrow} {change} {percent}")


def test_many_strips_with_figures_of_their_own_are_not_compared_with_each_other():
    quote = "AIR {} Decreased By ▼ -5.00 (-{:.2f}%) ".format
    text = "".join(quote(f"{price}.00", 500 / (price + 5)) for price in range(50, 2_050))
    began = time.process_time()
    assert [len(parse_strip(text)), len(parse_strip(text + text))] == [2_000, 2_000]
    assert len(unread_quotes("A 1 1 1% \n" * 20_000)) == 1
    assert time.process_time() - began < 3  # minutes for a long page, where each was compared with all before it


def test_the_language_of_a_word_without_end_is_found_at_once():
    began = time.process_time()
    assert language_of("Envoys met " + "é" * 50_000) == "en"
    assert time.process_time() - began < 2  # a minute, where every letter began a look


def test_a_text_of_blanks_is_looked_at_once(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"date": "2025-05-28", "title": "A b", "text": "x%sy"}\n' % BLANKS)
    assert sum(batch.articles.height + batch.rejects.height for batch in read_news(tmp_path / "a.jsonl")) == 1
