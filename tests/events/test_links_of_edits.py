"""A share that only a later version of an article names is not linked to the events of the versions before."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from correlator.intake.watchlist import add_watchlist
from correlator.research.precedents import Reach, concerning, near_events
from correlator.sessions.calendars import sessions_between
from correlator.workspace import open_workspace

FIRST = "India and China sign trade agreement on rice"
EDITED = "India imposes sanctions on China"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = open_workspace(tmp_path_factory.mktemp("edits") / "m.duckdb")
    days = sessions_between("XKAR", date(2022, 9, 1), date(2023, 6, 30))["session"]
    for symbol, cycle in (("LAMP", 7), ("WICK", 5)):
        bars = pl.DataFrame({"Date": days, "Close": [100.0 + n % cycle for n in range(len(days))], "Volume": 1_000.0})
        opened.add_prices(bars, symbol=symbol, exchange="XKAR", currency="PKR")
    opened.edit_instrument("LAMP", name="Brightwater Lamps")
    page = {"published": "2023-05-10T05:00:00Z", "url": "https://news.example/1", "body": "Officials met."}
    opened.add_news(pl.DataFrame([page | {"headline": FIRST}]))
    body = "Officials met. Brightwater Lamps will supply lights."
    opened.add_news(pl.DataFrame([page | {"headline": EDITED, "body": body, "updated": "2023-05-15T05:00:00Z"}]))
    return opened


def test_a_study_measures_only_the_event_of_the_version_that_names_the_share(store):
    assert store.list("links").select("symbol", "kind").rows() == [("LAMP", "named")]
    result = store.study("LAMP", benchmark="WICK", links="named", window="0:0", estimation="-100:-11")
    assert result.events["date"].to_list() == [date(2023, 5, 15)]


def test_a_brief_knows_only_that_event_of_the_share(store):
    reach = Reach(("LAMP",), (), datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 6, 1, tzinfo=UTC))
    with store.reading() as connection:
        near = near_events(connection, reach)
        pairs = concerning(connection, near, [("LAMP", None)])
    assert near["event_key"].to_list() == ["article:1:2:0"]
    assert pairs["event_id"].to_list() == near["event_id"].to_list()


@pytest.mark.parametrize("door", ["words", "column", "watchlist"])
def test_two_versions_of_one_load_keep_their_own_links(tmp_path, door):
    """Whatever says that the second version concerns a share: its text, the source, or a user's words for all texts."""
    opened = open_workspace(tmp_path / "m.duckdb")
    days = sessions_between("XKAR", date(2023, 5, 1), date(2023, 6, 30))["session"]
    opened.add_prices(pl.DataFrame({"Date": days, "Close": 100.0}), symbol="LAMP", exchange="XKAR", currency="PKR")
    if door == "words":
        opened.edit_instrument("LAMP", name="Brightwater Lamps")
    page = {"published": "2023-05-10T05:00:00Z", "url": "https://news.example/1"}
    later = {"headline": EDITED, "body": "Brightwater Lamps will supply lights.", "updated": "2023-05-15T05:00:00Z"}
    first = {"headline": FIRST, "body": "Officials met."}
    if door == "column":
        first, later = first | {"symbols": ""}, later | {"symbols": "LAMP"}
    opened.add_news(pl.DataFrame([page | first, page | later], infer_schema_length=None))
    if door == "watchlist":
        (tmp_path / "words.csv").write_text("symbol,words,kind\nLAMP,Brightwater Lamps,watchlist\n")
        add_watchlist(opened, tmp_path / "words.csv")
    linked = "SELECT event_key FROM linked_events JOIN events USING (event_id) WHERE linked_events.symbol = 'LAMP'"
    with opened.reading() as connection:
        assert connection.execute(linked).fetchall() == [("article:1:2:0",)]
    assert opened.list("links")["evidence"][0].endswith(", since version 2")


def test_attributes_can_be_changed_while_the_benchmark_is_not_in_the_store(tmp_path):
    """The benchmark of a listed share is known before its bars are."""
    opened = open_workspace(tmp_path / "m.duckdb")
    days = sessions_between("XKAR", date(2023, 5, 1), date(2023, 6, 30))["session"]
    opened.add_prices(pl.DataFrame({"Date": days, "Close": 100.0}), symbol="HBL", exchange="XKAR", currency="PKR")
    before, after = opened.edit_instrument("HBL", name="Habib")
    assert before["benchmark"] == after["benchmark"] == "KSE100"
    assert after["name"] == "Habib"
