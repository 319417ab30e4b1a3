"""Feeds and pages over HTTP, from a server on this machine."""

from functools import partial

import pytest
from news_server import rss, serving

from correlator.base.web import Limits, get
from correlator.errors import InputError, SourceError
from correlator.intake import news as loading
from correlator.news import fetch as fetching
from correlator.news import read as reading
from correlator.news.feed import MAX_FEED_BYTES
from correlator.news.fetch import Validators
from correlator.store.db import Store

# The server is on this machine, which a user has to allow.
add_news = partial(loading.add_news, allow_private=True)
read_news = partial(reading.read_news, allow_private=True)
fetch = partial(fetching.fetch, allow_private=True)


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "m.duckdb")


def test_an_unchanged_feed_is_not_read_again(server, store):
    server.body, server.etag = rss("One headline of the day"), '"1"'
    url = server.url("feed")
    assert add_news(store, url).added == 1
    again = add_news(store, url)
    assert (again.added, again.notes) == (0, ("not modified since it was last read",))
    assert server.asked[-1] == ("/feed", '"1"', None)
    server.body, server.etag = rss("One headline of the day", "Another headline"), '"2"'
    third = add_news(store, url)
    assert (third.added, third.known) == (1, 1)
    assert store.frame("SELECT address, etag FROM addresses").rows() == [(url, '"2"')]


def test_a_polled_feed_may_have_no_items_and_that_is_said(server, store):
    server.body = rss()
    report = add_news(store, server.url("feed"))
    assert (report.added, report.notes) == (0, ("it has no items",))


def test_a_feed_with_rejects_is_read_in_full_again(server, store):
    server.body, server.etag = rss("One headline of the day", date="27 Aug 2018 19:37 QQT"), '"3"'
    assert add_news(store, server.url("feed")).rejected == 1
    add_news(store, server.url("feed"))
    assert server.asked[-1][1] is None


def test_validators_go_out_as_they_came(server):
    server.body, server.etag = rss("One headline of the day"), '"4"'
    answer = fetch(server.url("feed"), Validators('"old"', "Mon, 27 Aug 2018 19:37:39 GMT"))
    assert server.asked[-1] == ("/feed", '"old"', "Mon, 27 Aug 2018 19:37:39 GMT")
    assert answer.validators == Validators('"4"', None)
    assert fetch(server.url("feed"), answer.validators).body is None


def test_a_packed_feed_is_unpacked(server):
    server.body = rss("One headline of the day")
    (batch,) = read_news(server.url("packed"))
    assert batch.articles["headline"].to_list() == ["One headline of the day"]


def test_a_page_at_an_address(server):
    server.body = (
        b"<!DOCTYPE html><html><head><meta property='og:title' content='Envoys meet'>"
        b"<meta property='article:published_time' content='2025-05-28T06:02:00+05:00'></head></html>"
    )
    server.etag = '"5"'
    (batch,) = read_news(server.url("feed"))
    assert batch.articles.select("headline", "url").row(0) == ("Envoys meet", server.url("feed"))


@pytest.mark.parametrize(
    ("path", "reason"),
    [("bomb", "larger than"), ("endless", "larger than"), ("short", "ended early"), ("none", "404")],
)
def test_what_goes_wrong_is_one_error(server, path, reason):
    server.body = rss("One headline of the day")
    with pytest.raises(SourceError, match=reason):
        fetch(server.url(path))
    assert server.sent < 3 * MAX_FEED_BYTES


@pytest.mark.parametrize("path", ["drip", "headers"])
def test_an_answer_that_drips_is_given_up(server, path):
    with pytest.raises(SourceError, match="took"):
        fetch(server.url(path), timeout=1.0)


@pytest.mark.parametrize("path", ["drip", "silent"])
def test_the_request_itself_gives_up_with_the_same_words(server, path):
    with pytest.raises(SourceError, match=r"took longer than 0\.3 s"):
        get(server.url(path), {}, Limits(0.3, MAX_FEED_BYTES, allow_private=True))


def test_a_failed_fetch_leaves_no_store(server, store):
    with pytest.raises(SourceError):
        add_news(store, server.url("none"))
    server.body, server.etag = b"no feed at all", '"6"'
    with pytest.raises(InputError, match="not an RSS"):
        add_news(store, server.url("feed"))
    assert not store.path.exists()


def test_an_address_that_is_none():
    with pytest.raises(SourceError):
        fetch("http://127.0.0.1:9/nothing", timeout=5)
