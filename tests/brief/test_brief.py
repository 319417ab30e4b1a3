"""A brief knows nothing later than its instant, says what it lacks, and comes out of every door the same."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import forked
import numpy as np
import polars as pl
import pytest

from correlator.brief.make import brief
from correlator.errors import InputError, NotFoundError, TimeError
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.store.db import Store
from correlator.workspace import Workspace

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
AT = "2025-05-28T01:10Z"


@pytest.fixture(scope="module")
def page(sample_store):
    return brief(sample_store, SAMPLE / "page.txt", at=AT)


def test_the_page_of_the_sample(page):
    (event,) = page.events
    (clock,) = page.clocks
    airlink = page.instruments[0]
    assert (event["category"], event["dyad"]) == ("AGREE", "AZE-PAK")
    assert (str(clock.day_zero), clock.reason, clock.minutes_to_close) == ("2025-05-29", "holiday", 2000)
    assert str(clock.holidays[0].day) == "2025-05-28"
    assert airlink.symbol == "AIRLINK"
    assert airlink.why[0] == ("printed", "on the page's strip")
    # The strip's previous close of 162.82 is the official one of 23 May: it is of 26 May, older than the last close.
    assert (str(airlink.market.strip.session), str(airlink.market.last_session)) == ("2025-05-26", "2025-05-27")
    assert airlink.market.later is None
    assert airlink.market.last_close == 157.65
    assert not airlink.honest
    assert airlink.verdict.startswith("not enough precedents")
    assert airlink.outlooks[0].estimate is None
    assert airlink.outlooks[0].intervals == ()


def test_a_store_without_an_earlier_event_is_briefed(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    for symbol in ("AIRLINK", "KSE100"):
        add_prices(store, SAMPLE / f"{symbol}.csv", symbol=symbol, exchange="XKAR")
    made = brief(store, "Pakistan, Azerbaijan sign trade pact", at=AT)
    assert [each.verdict.partition(":")[0] for each in made.instruments] == ["not enough precedents"] * 2
    assert all(outlook.estimate is None for each in made.instruments for outlook in each.outlooks)


def test_nothing_later_is_used(early_store, page):
    """With all that came after 28 May 2025 in the store and without it: the same bytes."""
    early = brief(early_store, SAMPLE / "page.txt", at=AT)
    assert early.to_json() == page.to_json()
    assert early.to_html() == page.to_html()
    assert str(early) == str(page)


def test_precedents_with_censored_returns_say_so(page):
    """AIRLINK ended at its limit on 12 May 2025, the day after a ceasefire."""
    marks = {str(each.session): each.flagged for each in page.instruments[0].precedents}
    assert marks["2025-05-12"] == ("limit-locked",)
    assert "limit-locked bars in their windows" in str(page)


def test_flagged_bars_are_named_kept_or_dropped_as_the_caller_says(sample_store, page):
    def numbers(made):
        return {str(each.session): (each.flagged, each.cars["0:0"]) for each in made.instruments[0].precedents}

    kept, dropped = (brief(sample_store, SAMPLE / "page.txt", at=AT, flagged=how) for how in ("keep", "drop"))
    marked, kept_numbers, dropped_numbers = numbers(page), numbers(kept), numbers(dropped)
    assert {day: car for day, (_, car) in kept_numbers.items()} == {day: car for day, (_, car) in marked.items()}
    assert not any(words for words, _ in kept_numbers.values())
    assert dropped_numbers["2025-05-12"] == (("limit-locked",), None)
    assert marked["2025-05-12"][1] is not None
    assert dropped.instruments[0].sessions_measured < page.instruments[0].sessions_measured
    with pytest.raises(InputError, match="must be one of mark, keep, drop"):
        brief(sample_store, SAMPLE / "page.txt", at=AT, flagged="hide")


def test_headlines_told_alike_are_nearer_where_the_encoder_is(sample_store, monkeypatch):
    """Vectors by hand: the headline and the one of the ceasefire are the same, all others are at right angles."""
    ceasefire, headline = "India and Pakistan agree to ceasefire", "Pakistan and Saudi Arabia agree on an oil loan"

    def embed(texts):
        return np.array([[1.0, 0.0] if text in (headline, ceasefire) else [0.0, 1.0] for text in texts])

    def ranks():
        made = brief(sample_store, headline, at="2025-09-30T06:00Z", symbols="AIRLINK", coder="full")
        return {each.headline: each.similarity for each in made.instruments[0].precedents}, made.unknown

    monkeypatch.setattr("correlator.events.learned.encoder.embed", embed)
    monkeypatch.setattr("correlator.events.learned.fitted.has_encoder", lambda: False)
    folder = {"correlator.events.learned.encoder.model_folder", "correlator.brief.make.model_folder"}
    for name in folder:
        monkeypatch.setattr(name, lambda: None)
    plain, told = ranks()
    assert any("encoder is not installed" in sentence for sentence in told)
    for name in folder:
        monkeypatch.setattr(name, lambda: SAMPLE)
    near, told = ranks()
    assert not any("encoder" in sentence for sentence in told)
    assert near[ceasefire] == pytest.approx(1 - 0.8 * (1 - plain[ceasefire]), abs=1e-4)
    assert {name: each for name, each in near.items() if name in plain and name != ceasefire} == {
        name: each for name, each in plain.items() if name != ceasefire
    }


def test_precedents_had_closed(page):
    for instrument in page.instruments:
        for precedent in instrument.precedents:
            assert str(precedent.session) < "2025-05-28"
            assert precedent.known_at < page.at


def test_intervals_are_nested_and_estimates_come_with_dates(sample_store):
    made = brief(
        sample_store, "Pakistan and Saudi Arabia agree on an oil loan", at="2025-09-30T06:00Z", benchmark="none"
    )
    honest = [each for each in made.instruments if each.honest]
    assert honest
    for outlook in (outlook for each in honest for outlook in each.outlooks):
        assert outlook.dates >= 5
        assert 0.0 < outlook.placebo_p <= outlook.placebo_p_adjusted <= 1.0
        fifty, eighty, most = outlook.intervals
        assert most.low < eighty.low < fifty.low < fifty.high < eighty.high < most.high


def test_what_came_is_told_of_a_window_that_has_closed(sample_store):
    later = brief(sample_store, SAMPLE / "page.txt", at="2025-06-20T00:00Z", symbols="AIRLINK")
    (airlink,) = later.instruments
    # the study of the sample measures the same day: log return -2.5 % against an index that moved little
    assert airlink.outlooks[0].came is not None
    assert later.clocks[0].minutes_to_close < 0
    assert all(str(each.session) != "2025-05-29" for each in airlink.precedents)


def test_a_headline_without_event_shows_its_instruments(sample_store):
    made = brief(sample_store, "OGDC names a new chairman", at=AT)
    assert made.no_event is not None
    assert [each.symbol for each in made.instruments] == ["OGDC"]
    assert made.instruments[0].outlooks == ()
    assert made.instruments[0].market.last_close is not None


def test_a_date_alone_is_not_known_before_it_is_over(sample_store):
    """A stored headline of 10 May 2025, of which only the date is known."""
    headline = "India and Pakistan agree to a new round of talks"
    during = brief(sample_store, headline, at="2025-05-10T12:00Z", symbols="OGDC")
    after = brief(sample_store, headline, at="2025-05-12T12:00Z", symbols="OGDC")
    asked = "India and Pakistan agree to ceasefire"
    assert asked not in [each.headline for each in during.confounds]
    assert asked in [each.headline for each in after.confounds]


@pytest.mark.parametrize(
    ("source", "options", "error", "says"),
    [
        ("", {}, InputError, "headline is empty"),
        (99_999, {}, NotFoundError, "no article 99999"),
        ("missing.txt", {}, NotFoundError, "does not exist"),
        ("<html><title>Pakistan and Iran sign a pact</title></html>", {}, TimeError, "no publication date.*and --at"),
        ("https://news.example.org/1.html", {}, InputError, "is an address.*add news"),
        ("Pakistan and Iran sign a pact", {"at": "2025-05-28T01:10"}, TimeError, "no time zone"),
        ("Pakistan and Iran sign a pact", {"symbols": "NOSUCH"}, NotFoundError, "NOSUCH"),
        ("Pakistan and Iran sign a pact", {"windows": "-1:1"}, InputError, "between day 0 and day 12"),
        ("Pakistan and Iran sign a pact", {"benchmark": "NOSUCH"}, InputError, "not in the store"),
        ("Pakistan and Iran sign a pact", {"at": "2999-01-01T00:00Z"}, InputError, "is in the future"),
        ("Pakistan and Iran sign a pact", {"date_only": "midnight"}, InputError, "date_only"),
    ],
)
def test_what_cannot_be_briefed_is_refused(sample_store, source, options, error, says):
    with pytest.raises(error, match=says):
        brief(sample_store, source, **options)


def test_day_zero_of_what_is_known_by_its_date_alone_is_as_the_caller_says(sample_store):
    with sample_store.reading() as connection:
        rows = connection.execute(
            "SELECT article_id FROM articles WHERE published_precision = 'day' AND published_at = '2025-05-07 00:00+00'"
        ).fetchall()
    article = rows[0][0]
    careful, same = (
        brief(sample_store, article, at="2025-06-30T01:10Z", date_only=policy) for policy in ("after-close", "same-day")
    )
    assert [str(made.clocks[0].day_zero) for made in (careful, same)] == ["2025-05-08", "2025-05-07"]
    assert careful.clocks == brief(sample_store, article, at="2025-06-30T01:10Z").clocks
    early, late = (
        {precedent.event_id: precedent.session for each in made.instruments for precedent in each.precedents}
        for made in (same, careful)
    )
    moved = [(early[number], late[number]) for number in early.keys() & late.keys()]
    assert moved
    assert all(one < two for one, two in moved)


@pytest.mark.parametrize("called", ["KSE-100", "kse100"])
def test_a_benchmark_is_known_by_its_other_names(sample_store, called):
    made, again = (brief(sample_store, "OGDC names a chairman", at=AT, benchmark=name) for name in (called, "KSE100"))
    assert made.instruments[0].benchmark == "KSE100"
    assert made.instruments[0].sessions_measured == again.instruments[0].sessions_measured > 0


def test_an_edit_that_tells_another_event_was_not_public_before_it(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    first = {
        "headline": "Clouds gather over the hills",
        "url": "https://lamp.example/1",
        "published": "2025-05-20T06:00Z",
    }
    told = {**first, "headline": "Pakistan and Kenya agree on a tea deal", "updated": "2025-05-27T06:00Z"}
    again = {**told, "headline": "Pakistan, Kenya agree on a big tea deal", "updated": "2025-05-27T09:00Z"}
    for number, row in enumerate((first, told, again)):
        path = tmp_path / f"{number}.csv"
        pl.DataFrame([row]).write_csv(path)
        add_news(store, path, profile="generic")
    early, late = (brief(store, 1, at=at) for at in ("2025-05-26T00:00Z", "2025-05-28T01:10Z"))
    assert (early.events, early.known_at.day) == ((), 20)
    assert late.headline == again["headline"]
    assert store.frame("SELECT headline FROM told_events")["headline"].to_list() == [told["headline"]]
    assert late.known_at == datetime(2025, 5, 27, 6, tzinfo=UTC)  # since when it says so, not since its last words


def test_a_close_of_another_exchange_is_not_used_before_it(sample_store, tmp_path):
    """Karachi closed at 10:30 UTC, New York at 20:00."""
    closes = pl.read_csv(SAMPLE / "KSE100.csv").select("Date", "Close")
    for name, factor in (("as_is", 1.0), ("moved", 1.4)):
        moved = pl.when(pl.col("Date") >= "2025-05-27").then(factor).otherwise(1.0)
        closes.with_columns(pl.col("Close") * moved).write_csv(tmp_path / f"{name}.csv")
        shutil.copy(sample_store.path, tmp_path / f"{name}.duckdb")
        add_prices(Store(tmp_path / f"{name}.duckdb"), tmp_path / f"{name}.csv", symbol="NYX9", exchange="XNYS")
    then, later = (
        [
            brief(Store(tmp_path / f"{name}.duckdb"), "OGDC names a chairman", at=at, benchmark="NYX9").instruments[0]
            for name in ("as_is", "moved")
        ]
        for at in ("2025-05-27T12:00Z", "2025-05-27T21:00Z")
    )
    assert then[0] == then[1]
    assert then[0].market.regime is not None
    assert later[0].market.regime != later[1].market.regime


def test_the_last_return_is_not_that_of_a_split(tmp_path):
    (tmp_path / "a.csv").write_text("Date,Close,Adj Close\n2025-05-26,100,10\n2025-05-27,10.5,10.5\n")
    store = Store(tmp_path / "m.duckdb")
    add_prices(store, tmp_path / "a.csv", symbol="LAMP", exchange="XKAR")
    market = brief(store, "A headline without an event", at=AT, symbols="LAMP").instruments[0].market
    assert market.last_close == 10.5
    assert market.last_return == pytest.approx(np.log(1.05))


def test_news_published_after_the_instant_is_refused(sample_store):
    with pytest.raises(InputError, match="was published at 2025-05-28T01:02:00Z"):
        brief(sample_store, SAMPLE / "page.txt", at="2025-05-28T01:00Z")


def test_the_page_runs_nothing(sample_store):
    made = brief(sample_store, "Pakistan <script>alert(1)</script> and Iran agree \u202e\x1b[2J", at=AT)
    assert "<script" not in made.to_html()
    assert "\x1b" not in str(made)
    assert not re.search(r"(?:src|href)=\"(?!data:)", made.to_html())


def test_workspace_command_line_and_stdin_agree(sample_store, tmp_path):
    def run(*arguments, code=0, **options):
        done = forked.run(["--store", sample_store.path, *arguments], cwd=tmp_path, **options)
        assert done.returncode == code, done.stderr
        return done

    made = Workspace(sample_store.path).brief(SAMPLE / "page.txt", at=AT).to_json()
    assert run("brief", str(SAMPLE / "page.txt"), "--at", AT, "--format", "json").stdout == made
    text = (SAMPLE / "page.txt").read_text()
    assert run("brief", "-", "--at", AT, "--format", "json", stdin=text).stdout == made
    run("brief", "OGDC names a new chairman", "--at", AT, "--to", "x.html", code=12)
    assert (tmp_path / "x.html").read_text().startswith("<!DOCTYPE html>")
    assert json.loads(made)["brief_id"]
    assert "has the extension of html" in run("brief", "x", "--to", "x.html", "--format", "json", code=3).stderr
