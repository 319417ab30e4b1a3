"""What enters the store: once, numbered, with vintages and versions."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from correlator.errors import NotFoundError
from correlator.news.batch import make_batch
from correlator.store.db import Store
from correlator.store.reading import read_bars, read_instrument
from correlator.store.writing.bars import write_bars, write_instruments
from correlator.store.writing.events import write_events, write_links
from correlator.store.writing.loads import write_load
from correlator.store.writing.news import write_articles, write_quotes, write_rejects
from correlator.tables import BARS, EVENTS

MONDAY = datetime(2025, 5, 26, 12, tzinfo=UTC)
TUESDAY = datetime(2025, 5, 27, 12, tzinfo=UTC)


def bars(close: float, symbol: str = "LAMP", session: date = date(2025, 5, 23)) -> pl.DataFrame:
    row = {
        "symbol": symbol,
        "interval": "1d",
        "session": session,
        "bar_start": datetime(session.year, session.month, session.day, tzinfo=UTC),
        "open": 10.0,
        "high": 12.0,
        "low": 9.0,
        "close": close,
        "adjusted_close": None,
        "volume": 5.0,
        "source": "test",
    }
    return pl.DataFrame([row], schema=BARS.schema(row))


def article(headline: str = "Lamp makers meet in Lahore", body: str = "Text.", published: datetime = MONDAY):
    return {
        "publisher": "generic",
        "headline": headline,
        "body": body,
        "url": "https://news.example/1",
        "published_at": published,
        "published_precision": "minute",
        "published_rule": "test",
        "source": "page.txt",
        "source_line": 1,
    }


@pytest.fixture
def store(new_store) -> Store:
    return new_store("m")


def test_equal_bars_are_known_and_changed_ones_add_a_vintage(store):
    with store.transaction() as connection:
        first = write_bars(connection, bars(11.0), MONDAY)
        again = write_bars(connection, bars(11.0), TUESDAY)
        changed = write_bars(connection, bars(11.5), TUESDAY)
    assert (first.added, again.added, again.known, changed.added) == (1, 0, 1, 1)
    with store.reading() as connection:
        newest = read_bars(connection, ["LAMP"])
        before = read_bars(connection, ["LAMP"], as_of=MONDAY)
    assert newest["close"].to_list() == [11.5]
    assert newest["vintage"].to_list() == [2]
    assert before["close"].to_list() == [11.0]


def test_a_change_back_is_a_third_vintage(store):
    with store.transaction() as connection:
        for close in (11.0, 11.5, 11.0):
            write_bars(connection, bars(close), MONDAY)
    assert store.frame("SELECT close FROM bars ORDER BY vintage")["close"].to_list() == [11.0, 11.5, 11.0]


def test_bars_of_one_write_are_held_each_against_the_newest_of_its_own(store):
    def day(number: int) -> date:
        return date(2025, 5, number)

    stored = [bars(close, symbol, day(n)) for symbol in ("BELL", "LAMP") for n, close in ((6, 10.0), (8, 11.0))]
    with store.transaction() as connection:
        write_bars(connection, pl.concat(stored), MONDAY)
        write_bars(connection, bars(12.0, "LAMP", day(8)), MONDAY)
    fresh = [
        bars(9.0, "BELL", day(5)),
        bars(10.0, "BELL", day(6)),
        bars(11.5, "BELL", day(8)),
        bars(10.5, "LAMP", day(7)),
        bars(12.0, "LAMP", day(8)),
        bars(1.0, "NEWS", day(6)),
    ]
    with store.transaction() as connection:
        written = write_bars(connection, pl.concat(fresh), TUESDAY)
    assert (written.added, written.known) == (4, 2)
    rows = store.frame(
        "SELECT symbol, day(session), vintage FROM bars WHERE retrieved_at > $at ORDER BY ALL", {"at": MONDAY}
    )
    assert rows.rows() == [("BELL", 5, 1), ("BELL", 8, 2), ("LAMP", 7, 1), ("NEWS", 6, 1)]


def test_unknown_symbols_come_with_the_likely_spelling(store):
    with store.transaction() as connection:
        write_bars(connection, bars(11.0), MONDAY)
    with store.reading() as connection, pytest.raises(NotFoundError, match="did you mean LAMP"):
        read_bars(connection, ["LAPM"])


def test_an_edited_article_is_a_new_version_of_the_same(store):
    with store.transaction() as connection:
        first = write_articles(connection, make_batch([article()]).articles, MONDAY)
        again = write_articles(connection, make_batch([article()]).articles, TUESDAY)
        edited = write_articles(connection, make_batch([article(body="Other text.")]).articles, TUESDAY)
        other = write_articles(
            connection, make_batch([article() | {"url": "https://news.example/2"}]).articles, TUESDAY
        )
    assert first.select("article_id", "version").rows() == [(1, 1)]
    assert again.is_empty()
    assert edited.select("article_id", "version").rows() == [(1, 2)]
    assert other.select("article_id", "version").rows() == [(2, 1)]


def test_versions_inside_one_batch_count_on(store):
    batch = make_batch([article(), article(body="Second."), article(body="Third.")])
    with store.transaction() as connection:
        rows = write_articles(connection, batch.articles, MONDAY)
    assert rows.select("article_id", "version").rows() == [(1, 1), (1, 2), (1, 3)]


def test_quotes_belong_to_their_article_once(store):
    page = make_batch([article()])
    key, content = page.articles.select("article_key", "content_hash").row(0)
    quote = {
        "article_key": key,
        "content_hash": content,
        "strip": 1,
        "position": 1,
        "symbol": "LAMP",
        "price": 11.0,
        "change": 1.0,
        "change_pct": 10.0,
        "direction": "up",
        "line": "LAMP 11.0 Increased By 1.0 (10%)",
        "previous_close": 10.0,
    }
    batch = make_batch([article()], [quote])
    with store.transaction() as connection:
        write_articles(connection, batch.articles, MONDAY)
        assert write_quotes(connection, batch.quotes).added == 1
        assert write_quotes(connection, batch.quotes).added == 0
    assert store.frame("SELECT article_id, symbol FROM quotes").rows() == [(1, "LAMP")]


def test_events_are_numbered_once_per_key(store):
    event = {name: None for name in EVENTS.column_names if name != "event_id"} | {
        "event_key": "article:1:1:0",
        "known_precision": "minute",
        "coder": "rules",
        "category": "CONSULT",
        "quad_class": "verbal-cooperation",
    }
    schema = {name: kind for name, kind in EVENTS.schema().items() if name != "event_id"}
    frame = pl.DataFrame([event, event | {"event_key": "article:1:1:1"}], schema=schema)
    with store.transaction() as connection:
        assert write_events(connection, frame).added == 2
        assert write_events(connection, frame).added == 0
    assert store.frame("SELECT event_id FROM events ORDER BY 1")["event_id"].to_list() == [1, 2]


def test_instruments_are_filled_in_and_never_emptied(store):
    with store.transaction() as connection:
        write_instruments(connection, [{"symbol": "LAMP", "exchange": "XKAR", "name": "Lamp Ltd"}])
        write_instruments(connection, [{"symbol": "LAMP", "exchange": "XKAR", "name": None, "currency": "PKR"}])
    with store.reading() as connection:
        found = read_instrument(connection, "LAMP")
    assert (found["name"], found["currency"]) == ("Lamp Ltd", "PKR")


def test_a_failing_transaction_leaves_nothing(store):
    with store.transaction() as connection:
        write_bars(connection, bars(11.0), MONDAY)

    def fail() -> None:
        with store.transaction() as connection:
            write_bars(connection, bars(12.0, "SHADE"), MONDAY)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail()
    assert store.frame("SELECT DISTINCT symbol FROM bars")["symbol"].to_list() == ["LAMP"]


def test_rejects_links_and_journal(store):
    rejects = make_batch(rejects=[{"source": "a.csv", "source_line": 3, "reason": "no date", "content": "x"}]).rejects
    links = pl.DataFrame(
        [(1, "LAMP", "printed", "strip", 1)],
        schema=["article_id", "symbol", "kind", "evidence", "version"],
        orient="row",
    )
    with store.transaction() as connection:
        assert write_rejects(connection, rejects, MONDAY).added == 1
        assert write_rejects(connection, rejects, TUESDAY).added == 0
        assert write_links(connection, links).added == 1
        write_load(connection, "news", "a.csv", None, rows=(0, 0, 1), finished_at=MONDAY)
        write_load(connection, "news", "a.csv", None, rows=(0, 0, 0), finished_at=TUESDAY)
    assert store.frame("SELECT load_id, rows_rejected FROM loads ORDER BY 1").rows() == [(1, 1), (2, 0)]
