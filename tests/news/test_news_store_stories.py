"""Stories of stored articles: joined once a load, after an interruption too, and the same for every version."""

from datetime import UTC, datetime, timedelta

from correlator.intake import stories
from correlator.intake.stories import join_stories
from correlator.news.batch import make_batch
from correlator.store.db import Store
from correlator.store.writing.news import write_articles

DAY = datetime(2025, 5, 28, tzinfo=UTC)
TOLD = "Two capitals plan a wider trade pact"


def row(headline, hours, body=None, url=None):
    return {
        "publisher": "x",
        "url": url,
        "headline": headline,
        "body": body,
        "published_at": DAY + timedelta(hours=hours),
        "published_precision": "minute",
        "published_rule": "made",
        "source": "made",
        "source_line": 1,
    }


def write(store, *rows):
    with store.transaction() as connection:
        write_articles(connection, make_batch(rows).articles, DAY)


def joined(store):
    with store.transaction() as connection:
        join_stories(connection)
    return store.frame("SELECT story_id FROM articles ORDER BY article_id, version")["story_id"].to_list()


def test_articles_of_an_interrupted_load_get_their_story_in_the_next(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    write(store, row(TOLD, 0))
    assert joined(store) == [1]
    write(store, row(f"UPDATE 1-{TOLD}", 1))  # killed before its stories were joined
    write(store, row(f"{TOLD} this year", 2), row("Ministers open a bridge in the north", 2))
    assert joined(store) == [1, 1, 1, 4]
    assert joined(store) == [1, 1, 1, 4]


def test_a_further_version_keeps_the_story_of_the_first(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    write(store, row(TOLD, 0), row(f"{TOLD} this year", 1, url="https://x.org/1"))
    assert joined(store) == [1, 1]
    write(store, row(f"{TOLD} this year", 1, body="An edit.", url="https://x.org/1"))
    assert joined(store) == [1, 1, 1]


def test_slices_of_a_load_are_joined_across_their_borders(tmp_path, monkeypatch):
    monkeypatch.setattr(stories, "SLICE_ROWS", 1)
    store = Store(tmp_path / "m.duckdb")
    write(store, row(f"{TOLD} this year", 5), row(TOLD, 0), row(f"UPDATE 2-{TOLD}", 9))
    assert joined(store) == [1, 1, 1]


def test_words_that_come_back_months_later_do_not_part_a_story(tmp_path):
    """As a load of all at once has it, and loads one after the other."""
    tellings = [row(TOLD, hours, url=f"https://wire.example/{hours}") for hours in (10, 25, 24 * 100)]
    at_once, in_parts = Store(tmp_path / "once.duckdb"), Store(tmp_path / "parts.duckdb")
    write(at_once, *tellings)
    for telling in tellings:
        write(in_parts, telling)
        stories_so_far = joined(in_parts)
    assert joined(at_once) == stories_so_far == [1, 1, 3]


def test_words_of_every_day_are_no_story(tmp_path):
    store = Store(tmp_path / "daily.duckdb")
    write(store, *(row(TOLD, 24 * day, url=f"https://wire.example/{day}") for day in range(4)))
    assert joined(store) == [1, 2, 3, 4]
