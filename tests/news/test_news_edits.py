"""An edited text is known from its edit on: not before its publication, nor at a stamp that an earlier text had."""

from datetime import UTC, datetime

import pytest

from correlator.intake.news import add_news
from correlator.listing import listing
from correlator.store.db import Store

FEED = '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>G</title><entry><title>{}</title><link href="https://g.example/1"/><published>2025-05-28T10:00:00Z</published><updated>{}</updated><summary>{}</summary></entry></feed>'
EDITED = "Iran and Israel sign trade pact"


@pytest.mark.parametrize(
    ("first", "second", "stated"),
    [
        ("2025-05-28T10:00:00Z", "2025-05-28T12:00:00Z", True),
        ("2025-05-28T12:00:00Z", "2025-05-28T12:00:00Z", False),
        ("2025-05-28T12:00:00Z", "2025-05-28T11:00:00Z", False),
        ("2025-05-28T10:00:00Z", "2025-05-27T09:00:00Z", False),
    ],
)
def test_an_edit_is_known_from_an_update_of_its_own_or_from_its_load(tmp_path, first, second, stated):
    store = Store(tmp_path / "m.duckdb")
    (tmp_path / "f.xml").write_text(FEED.format("Iran threatens Israel over raid", first, "one"))
    add_news(store, tmp_path / "f.xml")
    before = datetime.now(UTC)
    (tmp_path / "f.xml").write_text(FEED.format(EDITED, second, "two"))
    add_news(store, tmp_path / "f.xml")
    known = store.frame("SELECT max(known_at) AS t, count(*) AS n FROM events WHERE category <> 'THREATEN'")
    assert known["n"][0] > 0
    assert listing(store, "stories")["headline"].to_list() == ["Iran threatens Israel over raid"]
    if stated:
        assert known["t"][0] == datetime(2025, 5, 28, 12, tzinfo=UTC)
    else:
        assert known["t"][0] >= before


def test_a_load_of_which_every_row_was_rejected_says_so_each_time(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    (tmp_path / "bad.csv").write_text("title,when\nA,sometime\nB,never\n")
    for _ in range(2):
        report = add_news(store, tmp_path / "bad.csv", columns={"headline": "title", "published": "when"})
        assert report.empty_handed
        assert report.rejected == 2
        assert any("2 rejected, such as: 'never'" in note for note in report.notes)
    (tmp_path / "good.csv").write_text("title,when\nA,2025-05-28\nB,never\n")
    for _ in range(2):
        assert not add_news(store, tmp_path / "good.csv", columns={"published": "when"}).empty_handed


def test_symbols_that_a_corpus_names_are_links_with_their_column(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    row = "2025-05-28 09:14:00 UTC,One rises,{},https://x.org/1\n"
    for symbol in ("AAA", "BBB"):  # the second file names another symbol for the article that is known
        path = tmp_path / f"{symbol}.csv"
        path.write_text("Date,Article_title,Stock_symbol,Url\n" + row.format(symbol))
        add_news(store, path)
    links = store.frame("SELECT symbol, kind, evidence FROM links ORDER BY symbol").rows()
    assert [(symbol, kind) for symbol, kind, _ in links] == [("AAA", "named"), ("BBB", "named")]
    assert "Stock_symbol" in links[0][2]
