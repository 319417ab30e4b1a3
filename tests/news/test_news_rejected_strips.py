"""A page that is not taken as an article keeps its strip: dated, listed, undone with its load."""

import json
from datetime import date

import polars as pl
import pytest

from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.intake.strip_prices import add_strip_prices
from correlator.intake.undo import undo_load
from correlator.store.db import Store
from correlator.store.verify import verify

CLOSES = {date(2025, 1, 6): 100.0, date(2025, 1, 7): 104.0, date(2025, 1, 8): 98.8, date(2025, 1, 9): 101.27}
QUOTED = {"one": (104.0, 4.0, 100.0), "two": (98.8, -5.2, 104.0)}
FOUND = [
    (date(2025, 1, 7), "ACME"),
    (date(2025, 1, 7), "OTHER"),
    (date(2025, 1, 8), "ACME"),
    (date(2025, 1, 8), "OTHER"),
]


def strip(symbol, price, change, before):
    word = "Increased By ▲" if change > 0 else "Decreased By ▼"
    return f"{symbol} {price:.2f} {word} {change:.2f} ({100 * change / before:.2f}%)"


def page(name):
    quotes = "\n".join(strip(symbol, *QUOTED[name]) for symbol in ("ACME", "OTHER"))
    return f"{quotes}\n\nA page {name} that has no date\n\nIts text is here."


def folder_of_text(place):
    for name in QUOTED:
        (place / f"{name}.txt").write_text(page(name), encoding="utf-8")
    return place


def folder_of_html(place):
    for name in QUOTED:
        lines = "".join(f"<p>{line}</p>" for line in page(name).split("\n") if line)
        (place / f"{name}.html").write_text(f"<html><body>{lines}</body></html>", encoding="utf-8")
    return place


def table(place):
    path = place / "pages.jsonl"
    path.write_text("\n".join(json.dumps({"text": page(name)}) for name in QUOTED), encoding="utf-8")
    return path


@pytest.fixture
def store(tmp_path):
    pl.DataFrame({"Date": CLOSES.keys(), "Close": CLOSES.values()}).write_csv(tmp_path / "ACME.csv")
    store = Store(tmp_path / "m.duckdb")
    add_prices(store, tmp_path / "ACME.csv", symbol="ACME", exchange="XKAR")
    return store


def quotes(store):
    return store.frame("SELECT article_id, session, symbol FROM quotes ORDER BY session, symbol").rows()


@pytest.mark.parametrize("kind", [folder_of_text, folder_of_html, table])
def test_strips_of_rejected_pages_are_dated_quotes(store, tmp_path, kind):
    place = tmp_path / "pages"
    place.mkdir()
    source = kind(place)
    report = add_news(store, source)
    assert (report.added, report.rejected) == (0, 2)
    assert quotes(store) == [(0, *found) for found in FOUND]
    assert "ACME" in store.frame("SELECT content FROM rejects")["content"][0]
    assert add_news(store, source).rejected == 2
    assert len(quotes(store)) == 4  # known
    assert add_strip_prices(store, ["OTHER"]).added > 0
    assert verify(store).filter(pl.col("table") == "quotes").is_empty()


def test_they_are_undone_with_their_load(store, tmp_path):
    place = tmp_path / "pages"
    place.mkdir()
    add_news(store, folder_of_text(place))
    undo_load(store, store.frame("SELECT max(load_id) AS load_id FROM loads").item())
    assert quotes(store) == []


def test_beside_articles_each_has_its_own(store, tmp_path):
    place = tmp_path / "pages"
    place.mkdir()
    folder_of_text(place)
    taken = page("one").replace("Its text", "NNI Published 08 Jan, 2025 06:02am\n\nIts text")
    (place / "three.txt").write_text(taken, encoding="utf-8")
    assert add_news(store, place).added == 1
    assert sorted(quotes(store)) == sorted([*((0, *found) for found in FOUND), *((1, *found) for found in FOUND[:2])])


@pytest.mark.parametrize("name", ["page.txt", "page.html"])
def test_what_looks_like_a_quote_and_is_none_is_a_reject_beside_its_article(tmp_path, name):
    lines = [strip("ACME", *QUOTED["one"]), "OTHER 10.00 ▲ -0.50 (-4.76%)", "Riga pact signed"]
    text = "\n\n".join([*lines, "Published May 28, 2025 09:00am", "The pact was signed in Riga on Wednesday."])
    if name.endswith("html"):
        text = (
            "<html><head><meta property='article:published_time' content='2025-05-28T09:00:00Z'></head><body>"
            + "".join(f"<p>{line}</p>" for line in lines[:2])
            + f"<article><h1>{lines[2]}</h1><p>The pact was signed in Riga on Wednesday.</p></article></body></html>"
        )
    (tmp_path / name).write_text(text, encoding="utf-8")
    store = Store(tmp_path / "m.duckdb")
    report = add_news(store, tmp_path / name, zone="UTC")
    assert (report.added, report.rejected, report.details["quotes"]) == (1, 1, 1)
    assert "a quote of the strip is not read" in report.notes[0]
    with store.reading() as connection:
        assert connection.sql("SELECT content FROM rejects").fetchall() == [(lines[1],)]
