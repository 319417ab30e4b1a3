"""Paths that are none, names that are not UTF-8, and texts that no file can hold: one line, at every door."""

from __future__ import annotations

import os

import pytest

from correlator.base.files import write_atomically
from correlator.errors import CorrelatorError
from correlator.events.linking.link import read_watchlist
from correlator.eventstudy.parts.study_files import read_events_file, read_wide_file
from correlator.intake.events import add_events
from correlator.market.factors import read_factors
from correlator.market.names.instruments import read_instruments
from correlator.market.reading.files import read_prices
from correlator.news.read import read_news
from correlator.report.spec import read_spec
from correlator.store.db import Store
from correlator.watch.spec import read_watch

DOORS = {
    "prices": lambda path: read_prices(path, symbol="A", exchange="XKAR"),
    "news": lambda path: list(read_news(path)),
    "instruments": read_instruments,
    "factors": read_factors,
    "watchlist": read_watchlist,
    "events": lambda path: add_events(Store("m.duckdb"), path),
    "report": read_spec,
    "watch": read_watch,
    "study events": read_events_file,
    "study prices": read_wide_file,
    "output": lambda path: write_atomically(path, b"x"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("path", ["a\0b", "x" * 300, "x/" * 3_000, "nowhere/x.csv", "a.csv/x"])
def test_a_path_that_is_none(door, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("a\n")
    with pytest.raises(CorrelatorError) as caught:
        DOORS[door](path)
    assert "\n" not in str(caught.value)


def test_a_page_whose_name_is_not_utf_8_is_read_with_its_name_escaped(tmp_path):
    page = "<html><title>A b c</title><meta property='article:published_time' content='2025-05-28T10:00:00Z'><h1>A b c"
    with open(os.fsencode(tmp_path) + b"/\xff.html", "w") as file:
        file.write(page)
    (batch,) = read_news(tmp_path)
    assert batch.articles["source"].item().endswith("\\udcff.html")


@pytest.mark.parametrize("options", [{"encoding": "a\0b"}, {"encoding": "\udcff"}, {"zone": "\udcff"}])
def test_options_of_news_that_cannot_be_written(options, tmp_path):
    (tmp_path / "a.csv").write_text("date,title\n2025-05-28T10:00:00Z,A b c\n")
    with pytest.raises(CorrelatorError):
        list(read_news(tmp_path / "a.csv", **options))


def test_a_symbol_that_cannot_be_written(tmp_path):
    (tmp_path / "a.csv").write_text("Date,Close,Name\n2025-05-27,1,a\n2025-05-28,2,a\n")
    with pytest.raises(CorrelatorError, match="unpaired surrogate"):
        read_prices(tmp_path / "a.csv", symbol="\udcff", exchange="XKAR")
