"""Selections, windows, instants and zones: each is read by its own grammar, and nothing else is."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from correlator.base.files import toml_document
from correlator.errors import CorrelatorError, InputError
from correlator.events.linking.link import read_watchlist
from correlator.events.selection.select import parse_selection
from correlator.eventstudy.request.readers import instant
from correlator.eventstudy.request.windows import parse_windows
from correlator.report.schedule import parse_daily_time
from correlator.report.spec import read_spec
from correlator.watch.spec import read_watch

INPUTS = tomllib.loads((Path(__file__).parent / "selections.toml").read_text(encoding="utf-8"))["input"]
DOORS = {
    "selection": parse_selection,
    "window": parse_windows,
    "instant": instant,
    "zone": lambda text: parse_daily_time(f"16:15 {text}"),
}


@pytest.mark.parametrize("case", INPUTS, ids=[f"{case['door']}: {case['text'][:40]}" for case in INPUTS])
def test_what_the_grammar_does_not_know_is_refused(case):
    with pytest.raises(CorrelatorError, match=case["refused"]) as caught:
        DOORS[case["door"]](case["text"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["not " * 5_000 + "category = AGREE", "(" * 5_000 + "category = AGREE", " and ".join(["category = AGREE"] * 3_000)],
)
def test_a_selection_without_end_is_refused_before_it_is_built(text):
    with pytest.raises(InputError, match="expected at most"):
        parse_selection(text)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_an_instant_beyond_the_calendar(text):
    with pytest.raises(CorrelatorError, match="is out of range"):
        instant(text)


def test_a_number_of_thousands_of_digits_in_toml():
    with pytest.raises(InputError, match="too many digits"):
        toml_document(b"a = " + b"9" * 5_000, "x.toml")


def test_a_long_word_is_looked_at_once():
    assert toml_document(b"a = '" + b"x" * 900_000 + b"'", "x.toml")  # minutes, where every letter began a look


@pytest.mark.parametrize(
    "line",
    [
        'folder = "a\\u0000b"',
        'folder = "a\\nb"',
        'webhook = "https://a.example/\\r\\nHost: b"',
        'exec = ["sh", "a\\u0000b"]',
        'secret_variable = "\\u202eX"',
        'exec = "rm -rf /"',
        'webhook = ["https://a.example"]',
    ],
)
def test_sinks_of_a_watch_that_nobody_can_read_as_they_stand(tmp_path, line):
    path = tmp_path / "watch.toml"
    path.write_text(f'[[feed]]\nurl = "https://feeds.example/rss"\n[sinks]\n{line}\n')
    with pytest.raises(InputError, match="of sinks"):
        read_watch(path)


@pytest.mark.parametrize("name", ["daily\\n", "../evil", "CON", "nul.txt", "LATEST", "daily.", "-rf", "a" * 65])
def test_a_report_has_the_name_of_a_folder_on_every_system(tmp_path, name):
    path = tmp_path / "daily.toml"
    path.write_text(f'name = "{name}"\n[study]\nsymbols = ["A"]\nbenchmark = "B"\nwindows = "-1:1"\n')
    with pytest.raises(InputError, match="not a valid folder name"):
        read_spec(path)


def test_a_long_list_is_no_deep_one():
    values = ", ".join(["PAK"] * 40_000)  # joined one in another they ended the process
    frame = pl.DataFrame({"source_country": ["PAK", "IRN", None]})
    assert frame.select(kept=parse_selection(f"source in ({values})"))["kept"].to_list() == [True, False, False]


def test_the_last_day_of_the_calendar_ends():
    frame = pl.DataFrame({"known_at": [datetime(9999, 12, 31, 12, tzinfo=UTC)]})
    assert frame.select(kept=parse_selection("known_at <= 9999-12-31"))["kept"].to_list() == [True]


def test_what_a_message_quotes_without_end_is_cut():
    with pytest.raises(InputError, match=r" \.\.\. ") as caught:
        parse_selection("'" * 99_999)
    assert len(str(caught.value)) < 3_000


@pytest.mark.parametrize("title", ["one\\nSubject: other", "\\u001b[2J", "x\\u202ey"])
def test_a_title_is_one_line_that_can_be_seen(tmp_path, title):
    path = tmp_path / "daily.toml"
    path.write_text(f'title = "{title}"\n[study]\nsymbols = ["A"]\nbenchmark = "B"\nwindows = "-1:1"\n')
    with pytest.raises(InputError, match="non-printable characters"):
        read_spec(path)


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://[::1", "is invalid"), ("https://a\\u202e.example/", "control characters"), ("https://", "no host"),
     ("https://a.example/\\nX: y", "control characters"), ("https://a.example:99999/", "port")],
)  # fmt: skip
def test_a_feed_that_can_never_be_asked_is_refused_before_the_watch_begins(url, said, tmp_path):
    (tmp_path / "w.toml").write_text(
        f'events = "category = AGREE"\nsymbols = ["A"]\nwindows = "0:1"\n[[feed]]\nurl = "{url}"\n', encoding="utf-8"
    )
    with pytest.raises(InputError, match=said):
        read_watch(tmp_path / "w.toml")


def test_a_symbol_of_a_watchlist_can_be_seen(tmp_path):
    (tmp_path / "w.csv").write_text("symbol,words\n\u202e,lamps\n", encoding="utf-8")
    with pytest.raises(InputError, match="blank or non-printable symbol"):
        read_watchlist(tmp_path / "w.csv")
