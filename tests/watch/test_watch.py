"""One brief for a story, whatever feeds, sinks and kills do."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import forked
import polars as pl
import pytest
from feed_server import FeedServer, Item, serving

from correlator.base.web import retry_after_seconds
from correlator.brief.make import brief_on
from correlator.brief.options import brief_request
from correlator.errors import InputError, NotFoundError, StoreError, StoreLockedError, TimeError
from correlator.intake.news import add_news
from correlator.intake.undo import undo_load
from correlator.store.db import Store
from correlator.watch.age import Polls
from correlator.watch.home import alone, home_of, status_of
from correlator.watch.journal import Journal
from correlator.watch.outbox import ReadyBrief
from correlator.watch.run import BATCH, Permissions, Watch, _after
from correlator.watch.sinks import CommandSink, FolderSink, StdoutSink, WebhookSink, signature
from correlator.watch.spec import read_watch

AGREE = "Pakistan and Iran agree to deepen trade"
MEET = "President of Azerbaijan meets the prime minister of Turkiye in Baku"


class Collected:
    """A sink that keeps what it has had."""

    name = "collected"

    def __init__(self) -> None:
        self.had: list[dict[str, object]] = []

    def take(self, briefs):
        self.had += [json.loads(each.content) for each in briefs]
        return [each.brief_number for each in briefs]


@pytest.fixture
def server():
    with serving() as made:
        yield made


def watch(folder: Path, server: FeedServer, sinks, events: str = "category in (AGREE, CONSULT)") -> Watch:
    file = folder / "feeds.toml"
    file.write_text(f'events = "{events}"\nevery = 1\n[[feed]]\nurl = "{server.url()}"\n')
    home_of(Store(folder / "m.duckdb")).mkdir(exist_ok=True)
    return Watch(
        Store(folder / "m.duckdb"), read_watch(file), sinks, Permissions(allow_private=True), say=lambda _: None
    )


def again(made: Watch) -> None:
    """A cycle that does not wait for its second."""
    for feed in made._feeds:
        feed.due_at = 0.0
    made._hosts.clear()
    made.cycle()


def test_a_story_is_briefed_once_and_a_changed_feed_changes_nothing(tmp_path, server):
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    server.add("Rain is expected in Lahore", AGREE)
    again(made)
    again(made)
    assert [each["headline"] for each in sink.had] == [AGREE]
    assert server.asked[-1] is not None  # the second question was conditional
    with server.lock:
        server.items.reverse()
    server.add(MEET)
    again(made)
    assert [each["headline"] for each in sink.had] == [AGREE, MEET]
    with server.lock:  # withdrawn, and told again by another page
        server.items.pop()
    server.add(AGREE)
    again(made)
    assert len(sink.had) == 2
    assert len({each["brief_id"] for each in sink.had}) == 2


def test_a_restart_briefs_nothing_twice_and_nothing_old(tmp_path, server):
    server.add(AGREE)
    first = Collected()
    again(watch(tmp_path, server, [first]))
    second = Collected()
    again(watch(tmp_path, server, [second]))
    server.add(MEET)
    third = Collected()
    again(watch(tmp_path, server, [third]))
    assert [len(each.had) for each in (first, second, third)] == [1, 0, 1]


def test_what_is_made_leaves_before_all_is_made(tmp_path, server, monkeypatch):
    """A process that is killed over many briefs has brought those that were made: the next one goes on from there."""
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    countries = ("Iran", "China", "Azerbaijan", "Qatar", "Russia", "Japan", "Egypt", "India", "Kenya", "Brazil", "Peru")
    topics = (
        "trade",
        "energy",
        "railways",
        "fishing",
        "visas",
        "mining",
        "health",
        "tourism",
        "space",
        "water",
        "arts",
    )
    server.add(*(f"Pakistan and {c} agree to deepen {t} ties" for c, t in zip(countries, topics, strict=True)))
    one, calls = made._one, []

    def killed(connection, owed, shared):
        calls.append(owed.brief_number)
        if len(calls) > BATCH + 1:
            raise KeyboardInterrupt
        return one(connection, owed, shared)

    monkeypatch.setattr(made, "_one", killed)
    with pytest.raises(KeyboardInterrupt):
        again(made)
    assert len(sink.had) == BATCH
    again(watch(tmp_path, server, [sink]))
    assert len({each["headline"] for each in sink.had}) == len(sink.had) > BATCH + 1


def test_an_edit_that_changes_the_event_is_a_correction(tmp_path, server):
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    server.add(AGREE)
    again(made)
    server.items[0].title = "Pakistan and Iran agree to deepen their trade"
    again(made)
    assert len(sink.had) == 1  # other words, the same event
    server.items[0].title = "Pakistan accuses Iran of breaking a trade agreement"
    again(made)
    assert [each["kind"] for each in sink.had] == ["news", "correction"]
    assert sink.had[1]["corrects"] == sink.had[0]["brief_id"]
    assert sink.had[1]["events"][0]["category"] == "ACCUSE"
    server.items[0].title = "A trade fair in Karachi"
    again(made)
    assert sink.had[2]["no_event"] is not None
    assert sink.had[2]["corrects"] == sink.had[1]["brief_id"]


def test_a_server_that_is_down_is_asked_less_and_less(tmp_path, server):
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    server.status = 503
    server.add(AGREE)
    said: list[str] = []
    made._say = said.append
    for _ in range(4):
        again(made)
    assert sink.had == []
    assert [line.rpartition("; ")[2] for line in said] == [f"next attempt in {wait} s" for wait in (2, 4, 8, 16)]
    server.status = 200
    again(made)
    assert len(sink.had) == 1
    assert made._feeds[0].failures == 0


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def aged(age: timedelta, title: str, number: int = 50) -> Item:
    return Item(number, title, datetime.now(UTC) - age)


def test_what_is_old_when_it_is_first_read_is_no_news(tmp_path, server):
    """The first poll of a feed with days of items; then an old item that is new to the feed."""
    sink, said = Collected(), []
    made = watch(tmp_path, server, [sink])
    made._say = said.append
    server.items = [aged(HOUR / 3, MEET), aged(2 * HOUR, AGREE, 51), aged(3 * DAY, "Iran and China agree to trade", 52)]
    again(made)
    assert [each["headline"] for each in sink.had] == [MEET]
    assert (sink.had[0]["kind"], sink.had[0]["age_minutes"]) == ("news", 20)
    assert said[0].startswith(f"{server.url()}: 2 stories are not briefed, public for more than 1 h (max_age)")
    server.items.append(aged(5 * HOUR, "Pakistan and China agree to build railways", 53))
    again(made)
    assert len(sink.had) == 1
    assert made.tally.old == 3


def test_a_story_that_the_store_has_had_for_long_is_no_news(tmp_path, server):
    """The same story by another address and a fresh time: moved items, and a second publisher."""
    store = Store(tmp_path / "m.duckdb")
    told = {"published_at": [datetime.now(UTC) - 9 * HOUR], "headline": [AGREE], "publisher": ["Wire"]}
    add_news(store, pl.DataFrame(told))
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    server.add(AGREE)
    again(made)
    assert (sink.had, made.tally.old) == ([], 1)
    with store.reading() as connection:
        card = brief_on(connection, 2, brief_request(None, None, "0:0", None, coder="rules"))
    assert (card.told_before.article_id, card.age_minutes) == (1, 540)
    assert "told before by Wire" in str(card)
    assert ", 9 h ago, article 1" in str(card)


def test_what_broke_while_nobody_polled_is_late(tmp_path, server):
    made = watch(tmp_path, server, [Collected()])
    made.run(lambda: False, once=True)
    status = home_of(made._store) / "status.json"
    asleep = datetime.now(UTC) - 5 * HOUR
    status.write_text(status.read_text().replace(f"{made._feeds[0].last_ok:%Y-%m-%dT%H:%M:%SZ}", f"{asleep:%FT%TZ}"))
    server.items = [aged(3 * HOUR, AGREE), aged(9 * HOUR, MEET, 51)]
    sink = Collected()
    again(watch(tmp_path, server, [sink]))
    assert [(each["headline"], each["kind"], each["age_minutes"]) for each in sink.had] == [(AGREE, "late", 180)]


def test_an_edit_of_old_news_is_no_fresh_headline(tmp_path, server):
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    server.items = [aged(2 * DAY, "A trade fair in Karachi")]
    again(made)
    server.items[0].title = AGREE
    again(made)
    (edit,) = sink.had
    assert (edit["kind"], edit["age_minutes"]) == ("edit", 2880)
    assert edit["told_before"]["article_id"] == edit["article_id"]


def test_an_earlier_publication_stated_later_is_a_correction(tmp_path, server):
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    server.add(AGREE)
    for age in (HOUR / 60, 3 * HOUR, -HOUR / 120, 3 * HOUR):  # a later time is that of an edit
        server.items[0].at = datetime.now(UTC) - age
        again(made)
    assert [(each["kind"], each["age_minutes"]) for each in sink.had] == [("news", 1), ("correction", 180)]
    assert "corrected, it stated" in sink.had[1]["rule"]


def test_a_feed_that_answers_with_a_page_has_failed(tmp_path, server, monkeypatch):
    """A page of maintenance, or the home page that a moved feed leads to, is no news."""
    page = "<!doctype html><html><head><meta property='article:published_time' content='{}'></head><body><h1>{}</h1>"
    monkeypatch.setattr(server, "body", lambda: page.format(datetime.now(UTC).isoformat(), AGREE).encode())
    said: list[str] = []
    made = watch(tmp_path, server, [Collected()])
    made._say = said.append
    again(made)
    assert said == [
        f"{server.url()} answered with a page, not a feed (give the address of a feed); next attempt in 2 s"
    ]


def test_a_signal_ends_a_cycle_before_the_next_feed(tmp_path, server):
    made = watch(tmp_path, server, [Collected()])
    made.cycle(lambda: True)
    assert made.tally.polls == 0


def test_the_numbers_of_an_undone_load_are_not_used_again(tmp_path, server):
    """Else the next event would count as considered, and its article as briefed."""
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    server.add(AGREE)
    again(made)
    undo_load(made._store, 1)
    server.items.clear()
    server.add(MEET)
    again(made)
    assert [(each["headline"], each["article_id"]) for each in sink.had] == [(AGREE, 1), (MEET, 2)]


def test_old_news_whose_event_a_later_coding_finds_is_no_news(tmp_path, server):
    """Its number is that of a new event."""
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    server.add(AGREE)
    made._poll(made._feeds[0])
    hours = "INTERVAL 5 HOUR"
    with made._store.transaction() as connection:
        connection.execute(
            f"UPDATE articles SET published_at = published_at - {hours}, loaded_at = loaded_at - {hours}"
        )
        connection.execute("UPDATE marks SET place = 0")
    made._make_and_deliver()
    assert (sink.had, made.tally.old) == ([], 1)


def test_a_date_without_a_time_is_old_when_it_is_over(tmp_path, server):
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    today = datetime.combine(datetime.now(UTC).date(), datetime.min.time(), UTC)
    server.items = [Item(50, AGREE, today), Item(51, MEET, today - 3 * DAY)]
    again(made)
    assert [(each["headline"], each["precision"], each["age_minutes"]) for each in sink.had] == [(AGREE, "day", None)]


def test_of_two_items_of_a_story_the_earlier_is_briefed(tmp_path, server):
    sink = Collected()
    server.items = [aged(HOUR / 6, AGREE), aged(HOUR / 3, AGREE, 51)]
    again(watch(tmp_path, server, [sink]))
    assert [each["age_minutes"] for each in sink.had] == [20]


def test_an_item_of_the_future_waits_for_its_time(tmp_path, server):
    """A time that no clock can excuse is a reject; the item comes when its time has come."""
    sink = Collected()
    made = watch(tmp_path, server, [sink])
    server.add(AGREE)
    server.items[0].at = datetime.now(UTC) + timedelta(days=3)
    again(made)
    assert sink.had == []
    server.items[0].at = datetime.now(UTC)
    again(made)
    assert len(sink.had) == 1


def test_news_that_states_a_later_time_was_public_when_its_feed_had_it(tmp_path, server):
    again(watch(tmp_path, server, [Collected()]))
    store = Store(tmp_path / "m.duckdb")
    server.add(AGREE)
    again(watch(tmp_path, server, [Collected()]))
    request = brief_request("2020-01-01T00:00Z", None, "0:0", None, coder="rules")
    with store.reading() as connection:
        made = brief_on(connection, 1, request, public_by_then=True)
        with pytest.raises(InputError, match="after 2020-01-01"):
            brief_on(connection, 1, request)
    assert made.known_at == made.at
    assert "was public before" in made.rule


def test_what_a_sink_cannot_take_is_offered_again(tmp_path, server):
    server.add(AGREE)
    server.post_status = 500
    secret = b"a secret of some length"
    sink = WebhookSink(server.url("hook"), secret, allow_private=True)
    made = watch(tmp_path, server, [sink])
    again(made)
    assert made._outlets[0].failures == 1
    assert "answered 500" in made._outlets[0].last_error
    server.post_status = 200
    made._outlets[0].due_at = 0.0
    again(made)
    ((headers, body),) = server.posted
    seconds, _, given = headers["Correlator-Signature"].partition(",v1=")
    expected = hmac.new(secret, f"{seconds[2:]}.".encode() + body, hashlib.sha256).hexdigest()
    assert given == expected
    assert headers["Correlator-Brief-Id"] == json.loads(body)["brief_id"]
    assert signature(secret, body, int(seconds[2:])).endswith(expected)


def test_briefs_that_wait_for_a_sink_of_before_are_told(tmp_path, server):
    server.add(AGREE)
    server.post_status = 500
    sink = WebhookSink(server.url("hook"), b"a secret of some length", allow_private=True)
    watch(tmp_path, server, [sink]).run(lambda: False, once=True)
    told: list[str] = []
    spec = read_watch(tmp_path / "feeds.toml")
    for _ in range(2):
        Watch(Store(tmp_path / "m.duckdb"), spec, [Collected()], Permissions(allow_private=True), say=told.append).run(
            lambda: False, once=True
        )
    assert told == [f"1 brief waiting for {sink.name}, which this watch lacks: run it once with that sink"]


def test_a_command_gets_the_brief_without_a_shell(tmp_path):
    script = "import os,sys; open(sys.argv[1],'a').write(os.environ['CORRELATOR_BRIEF_ID']+sys.stdin.read())"
    sink = CommandSink([sys.executable, "-c", script, str(tmp_path / "out; touch bad")])
    assert sink.take([ReadyBrief(1, "abc", '{"a": 1}')]) == [1]
    assert (tmp_path / "out; touch bad").read_text() == 'abc{"a": 1}\n'


BRIEFS = [
    ReadyBrief(number, f"id{number}", json.dumps({"brief_id": f"id{number}", "text": "x" * 50})) for number in range(5)
]


@pytest.mark.parametrize("cut", [0, 10, 80, 81, 200, 405])
def test_stdout_to_a_file_is_had_once_wherever_the_process_was_killed(tmp_path, cut):
    """The file holds ``cut`` bytes of what was about to leave when the process was killed."""
    path, journal = tmp_path / "out.jsonl", Journal(tmp_path / "j")
    path.write_bytes(b'{"brief_id": "earlier"}\n')
    content = b"".join(each.content.encode() + b"\n" for each in BRIEFS)
    status = path.stat()
    where = {"device": status.st_dev, "inode": status.st_ino, "offset": status.st_size}
    journal.write({"begun": [each.brief_id for each in BRIEFS], **where, "length": len(content)})
    with path.open("ab") as file:
        file.write(content[:cut])
    with path.open("ab") as file:
        sink = StdoutSink(journal, file.fileno())
        assert sink.take(BRIEFS) == list(range(5))
        assert sink.take([]) == []
    assert [json.loads(line)["brief_id"] for line in path.read_bytes().splitlines()] == [
        "earlier", *(each.brief_id for each in BRIEFS)
    ]  # fmt: skip


def test_stdout_that_had_left_before_the_mark_is_not_written_again(tmp_path):
    path, journal = tmp_path / "out.jsonl", Journal(tmp_path / "j")
    for _ in range(2):  # the second process finds no mark in the store, but the journal
        with path.open("ab") as file:
            StdoutSink(journal, file.fileno()).take(BRIEFS)
    assert len(path.read_bytes().splitlines()) == 5


def test_a_file_that_was_moved_away_does_not_come_again(tmp_path):
    folder, home = tmp_path / "briefs", tmp_path
    FolderSink.at(folder, home).take(BRIEFS[:2])
    (folder / "id0.json").rename(tmp_path / "taken.json")
    FolderSink.at(folder, home).take(BRIEFS[:3])
    assert sorted(path.name for path in folder.iterdir()) == ["id1.json", "id2.json"]


def test_a_file_that_was_begun_and_not_named_is_named(tmp_path):
    folder = tmp_path / "briefs"
    sink = FolderSink.at(folder, tmp_path)
    (folder / ".id0.partial").write_text("{")
    sink._journal.write({"begun": "id0"})
    FolderSink.at(folder, tmp_path).take(BRIEFS[:1])
    assert json.loads((folder / "id0.json").read_text())["brief_id"] == "id0"


def test_an_article_that_is_gone_does_not_hold_up_the_others(tmp_path, server):
    """A load may be taken back between the owing and the making of a brief."""
    made = watch(tmp_path, server, [Collected()])
    server.add(AGREE)
    made._poll(made._feeds[0])
    store = Store(tmp_path / "m.duckdb")
    made._outbox.owe(made._spec, Polls(datetime.now(UTC), {}))
    with store.transaction() as connection:
        connection.execute("DELETE FROM articles")
        connection.execute("DELETE FROM events")
    sink = Collected()
    after = watch(tmp_path, server, [sink])
    after._make_and_deliver()
    assert "no article" in sink.had[0]["problem"]


@pytest.mark.parametrize("asked", ['symbols = ["NOSUCH"]', 'benchmark = "NOSUCH"', 'events = "symbol = NOSUCH"'])
def test_a_symbol_that_the_store_lacks_is_refused_at_the_start(tmp_path, server, asked):
    (tmp_path / "feeds.toml").write_text(f'{asked}\n[[feed]]\nurl = "{server.url()}"\n')
    store = Store(tmp_path / "m.duckdb")
    with pytest.raises((NotFoundError, InputError), match="NOSUCH"):
        Watch(store, read_watch(tmp_path / "feeds.toml"), [Collected()], Permissions(), say=print)


def test_one_watch_at_a_time(tmp_path):
    home = home_of(Store(tmp_path / "m.duckdb"))
    with alone(home), pytest.raises(StoreLockedError, match="another watch"), alone(home):
        pass


def test_status(tmp_path, server):
    with pytest.raises(InputError, match="no watch"):
        status_of(Store(tmp_path / "m.duckdb"))
    server.add(AGREE)
    made = watch(tmp_path, server, [Collected()])
    made.run(lambda: False, once=True)
    told = status_of(Store(tmp_path / "m.duckdb"))
    assert told["briefs"] == {"owed": 0, "made": 1, "waiting for collected": 0}
    assert told["feeds"][0]["articles"] == 1
    assert told["runs"] is False
    (home_of(made._store) / "status.json").write_text('{"feeds": []}')
    with pytest.raises(InputError, match="no watch"):
        status_of(made._store)
    watch(tmp_path, server, [Collected()])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no feeds"),
        ('[[feed]]\nurl = "ftp://x.example"', "not an http or https"),
        ('every = 0.1\n[[feed]]\nurl = "https://x.example"', "must be between 1 s"),
        ('every = "soon"\n[[feed]]\nurl = "https://x.example"', "must be a duration"),
        ('event = "x"\n[[feed]]\nurl = "https://x.example"', "did you mean events"),
        ('events = "category ~ X"\n[[feed]]\nurl = "https://x.example"', "="),
        ('[[feed]]\nurl = "https://x.example"\n[[feed]]\nurl = "https://x.example"', "twice"),
        ('events = "category = NOSUCH"\n[[feed]]\nurl = "https://x.example"', "unknown category 'NOSUCH'"),
        ('events = "publisher = brecoder"\n[[feed]]\nurl = "https://x.example"', "did you mean brecorder"),
        ('[[feed]]\nurl = "https://x.example"\nzone = "Asia/Nowhere"', "unknown time zone"),
        ('[[feed]]\nurl = "https://x.example"\nencoding = "nowhere"', "unknown encoding"),
        ('flagged = "hide"\n[[feed]]\nurl = "https://x.example"', "must be one of mark, keep, drop"),
        ('[[feed]]\nurl = "https://x.example"\n[sinks]\nexec = "rm -rf"', "list of strings"),
    ],
)
def test_a_file_that_is_not_a_watch_is_refused(tmp_path, text, says):
    (tmp_path / "feeds.toml").write_text(text)
    with pytest.raises((InputError, TimeError), match=says):
        read_watch(tmp_path / "feeds.toml")


def test_the_command_line(tmp_path, server):
    server.add(AGREE, "Rain in Lahore")
    (tmp_path / "feeds.toml").write_text(f'events = "category = AGREE"\n[[feed]]\nurl = "{server.url()}"\n')

    def run(*arguments, code=0):
        done = forked.run(["watch", *arguments], cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return done

    refused = run("feeds.toml", "--once", code=8)
    assert "allow-private" in refused.stderr or "private" in refused.stderr
    (line,) = run("feeds.toml", "--once", "--to", "briefs", "--allow-private").stdout.splitlines()
    assert json.loads(line)["headline"] == AGREE
    assert [json.loads(path.read_text())["headline"] for path in (tmp_path / "briefs").iterdir()] == [AGREE]
    assert run("feeds.toml", "--once", "--allow-private").stdout == ""
    assert json.loads(run("--status").stdout)["briefs"]["made"] == 1


def test_once_fails_where_a_sink_did_and_the_next_run_brings_what_waits(tmp_path, server):
    """One line per sink that failed; what another sink took is not sent to it again."""
    server.add(AGREE)
    (tmp_path / "feeds.toml").write_text(f'every = 1\n[[feed]]\nurl = "{server.url()}"\n')

    sinks = ["--to", "briefs", "--no-stdout", "--exec", json.dumps(["test", "-e", "ready"])]

    def run(code: int) -> list[str]:
        done = forked.run(["watch", "feeds.toml", "--once", "--allow-private", *sinks], cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return done.stderr.splitlines()

    assert run(8) == [
        'exec ["test", "-e", "ready"]: test exited with status 1; undelivered briefs wait for the next run',
        "1 polls, 1 articles, 1 briefs, 1 deliveries",
    ]
    assert len([*(tmp_path / "briefs").iterdir()]) == 1
    (tmp_path / "ready").touch()
    assert run(0) == ["1 polls, 0 articles, 0 briefs, 1 deliveries"]


def test_once_says_that_briefs_wait_for_a_load(tmp_path, server, monkeypatch):
    server.add(AGREE)
    said: list[str] = []
    made = watch(tmp_path, server, [Collected()])
    made._say = said.append

    def unfinished(_self):
        raise StoreError("a load of bars.csv has not ended")

    monkeypatch.setattr(Store, "studying", unfinished)
    assert made.run(lambda: False, once=True).waiting
    assert said == ["a load of bars.csv has not ended; briefs wait until then"]


def test_why_items_are_rejected_is_said_once(tmp_path, server):
    said: list[str] = []
    made = watch(tmp_path, server, [Collected()])
    made._say = said.append
    server.items.insert(0, Item(50, AGREE, datetime.now(UTC) + timedelta(days=3)))
    again(made)
    server.add(MEET)
    again(made)
    assert len(said) == 1
    assert server.url() in said[0]
    assert "1 rejected" in said[0]
    assert "is in the future" in said[0]
    server.items.insert(0, Item(51, AGREE, datetime.now(UTC) + timedelta(days=3)))  # in the line of the one before
    again(made)
    with made._store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM rejects").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sun, 29 Nov 2026 00:10:00 GMT", 600.0),
        ("Sat, 28 Nov 2026 23:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_the_time_that_a_server_asks_for(retry_after, seconds):
    assert retry_after_seconds(retry_after, "Sun, 29 Nov 2026 00:00:00 GMT") == seconds


@pytest.mark.parametrize(("status", "asked", "waits"), [(429, "900", 900.0), (503, "90000", 3600.0), (500, "900", 2.0)])
def test_a_server_that_asks_to_be_left_alone_is_left_alone(tmp_path, server, status, asked, waits):
    server.status, server.retry_after = status, asked
    made = watch(tmp_path, server, [])
    made.cycle()
    (feed,) = made._feeds
    assert waits - 5.0 < feed.due_at - time.monotonic() <= waits
    if status == 429:  # and so are other feeds of this host
        assert made._hosts[feed.host] - time.monotonic() > waits - 5.0


@pytest.mark.parametrize(("took", "next_after"), [(0.3, 1.0), (0.9, 1.8), (5.0, 6.0)])
def test_a_feed_is_asked_at_its_pace_and_left_alone_as_long_as_it_took(monkeypatch, took, next_after):
    monkeypatch.setattr("time.monotonic", lambda: 100.0 + took)
    assert _after(100.0, 1.0) == pytest.approx(100.0 + next_after)


def test_a_webhook_that_asks_to_be_left_alone_is_left_alone(tmp_path, server):
    server.add(AGREE)
    server.post_status, server.retry_after = 429, "700"
    made = watch(tmp_path, server, [WebhookSink(server.url("hook"), b"0123456789abcdef", True)])
    made.cycle()
    assert 690.0 < made._outlets[0].due_at - time.monotonic() <= 700.0


def test_a_watch_of_a_lake(tmp_path, server):
    pytest.importorskip("deltalake")
    file = tmp_path / "feeds.toml"
    file.write_text(f'every = 1\n[[feed]]\nurl = "{server.url()}"\n')
    store = Store(f"{tmp_path}/lake/")
    home_of(store).mkdir()
    server.add(AGREE)
    sinks = Collected(), Collected()
    for sink in sinks:
        again(Watch(store, read_watch(file), [sink], Permissions(allow_private=True), say=print))
    assert [len(sink.had) for sink in sinks] == [1, 0]
