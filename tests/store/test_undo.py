"""Undoing a load: the store is then what it was before, whatever came in between, or nothing has happened."""

from __future__ import annotations

import polars as pl
import pytest

from correlator.base.resources import data_path
from correlator.errors import InputError, NotFoundError
from correlator.intake.events import add_events
from correlator.intake.merge import merge_instruments
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.intake.undo import load_of, undo_load
from correlator.store.changes import update_rows
from correlator.store.db import Store
from correlator.store.verify import verify
from correlator.tables import BARS

TABLES = ("articles", "quotes", "bars", "events", "links", "rejects")


def bars(*closes: float) -> pl.DataFrame:
    return pl.DataFrame({"Date": [f"2025-05-{day}" for day in (26, 27, 29, 30)][: len(closes)], "Close": closes})


def news(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame([{"published": f"{day}T09:00:00Z", "headline": text} for day, text in rows])


def state(store: Store) -> dict[str, pl.DataFrame]:
    """Every row without the clock."""
    return {
        name: store.frame(f"SELECT * FROM {name} ORDER BY ALL").drop("loaded_at", "retrieved_at", strict=False)
        for name in TABLES
    }


@pytest.fixture
def store(new_store) -> Store:
    made = new_store("m")
    add_prices(made, bars(10.0, 11.0, 12.0), symbol="HBL", exchange="XKAR")
    add_news(made, news(("2025-05-27", "Pakistan and China sign trade agreement")))
    return made


def same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    for name, frame in one.items():
        assert frame.equals(other[name]), name


@pytest.mark.parametrize("kind", ["prices", "news", "events"])
def test_the_store_is_what_it_was_before(store, kind):
    before = state(store)
    if kind == "prices":
        add_prices(store, bars(10.0, 99.0, 12.0, 13.0), symbol="HBL", exchange="XKAR")
    elif kind == "news":
        again = "Pakistan and China sign trade agreement in Beijing"
        add_news(store, news(("2025-05-27", again), ("2025-05-29", "India suspends talks with Pakistan")))
    else:
        add_events(store, pl.DataFrame({"date": ["2025-05-27"], "category": ["EARNINGS"], "symbol": ["HBL"]}))
    assert not state(store)["bars"].equals(before["bars"]) or kind != "prices"
    told = undo_load(store, 3)
    assert told.rows["rows"].sum() > 0
    same(before, state(store))
    assert verify(store).is_empty()
    assert store.frame("SELECT undone_at IS NOT NULL AS gone FROM loads ORDER BY load_id")["gone"].to_list()[2]


def test_a_wrong_file_goes_and_the_right_one_after_it_stays(store):
    add_prices(store, bars(10.0, 99.0, 12.0), symbol="HBL", exchange="XKAR")
    add_prices(store, bars(10.0, 11.0, 12.5), symbol="HBL", exchange="XKAR")
    undo_load(store, 3)
    found = store.frame("SELECT session, vintage, close FROM bars ORDER BY session, vintage")
    assert found["close"].to_list() == [10.0, 11.0, 12.0, 12.5]  # 11.0 after 99.0 is not a vintage any more
    assert found["vintage"].to_list() == [1, 1, 1, 2]
    assert verify(store).is_empty()


@pytest.mark.lake_slow
def test_what_was_undone_loads_again_and_only_once(store):
    before = state(store)["bars"]
    undo_load(store, 1)
    assert state(store)["bars"].is_empty()
    with pytest.raises(InputError, match="load 1 was already undone"):
        undo_load(store, 1)
    assert add_prices(store, bars(10.0, 11.0, 12.0), symbol="HBL", exchange="XKAR").added == before.height
    with pytest.raises(NotFoundError, match="load 9 does not exist"):
        load_of(store, 9)


def test_an_edited_article_is_undone_from_its_last_version(store, tmp_path):
    page = data_path("sample", "page.txt").read_text(encoding="utf-8")
    first, second = tmp_path / "page.txt", tmp_path / "edited.txt"
    first.write_text(page, encoding="utf-8")
    second.write_text(page.rstrip() + "\nThe statement was corrected later.\n", encoding="utf-8")
    add_news(store, first)
    between = state(store)
    add_news(store, second)
    if store.frame("SELECT max(version) AS v FROM articles")["v"][0] > 1:
        with pytest.raises(InputError, match="load 4 added later versions"):
            undo_load(store, 3)
    undo_load(store, 4)
    same(between, state(store))
    undo_load(store, 3)
    assert verify(store).is_empty()


@pytest.mark.lake_slow
def test_an_older_store_says_that_it_cannot_know(store):
    with store.transaction() as connection:
        rows = 'SELECT symbol, "interval", bar_start, vintage, NULL::BIGINT AS load_id FROM bars'
        update_rows(connection, BARS, ("load_id",), rows)
    with pytest.raises(InputError, match="predates load numbers on rows"):
        undo_load(store, 1)


def events(*days: str) -> pl.DataFrame:
    return pl.DataFrame({"date": days, "category": ["EARNINGS"] * len(days), "symbol": ["HBL"] * len(days)})


def days_of_events(store: Store) -> list[str]:
    said = store.frame("SELECT known_at FROM events WHERE coder = 'user' ORDER BY known_at")["known_at"]
    return [f"{each:%d}" for each in said]


@pytest.mark.lake_slow
def test_an_event_that_a_later_file_has_too_stays(store):
    before = state(store)
    add_events(store, events("2025-05-26", "2025-05-27", "2025-05-28"))
    add_events(store, events("2025-05-28", "2025-05-26", "2025-05-29"))
    told = undo_load(store, 3)
    assert told.rows.rows() == [("events", 1)]
    assert any("2 rows of events remain" in note for note in told.notes)
    assert days_of_events(store) == ["26", "28", "29"]
    assert store.frame("SELECT DISTINCT load_id FROM events WHERE coder = 'user'")["load_id"].to_list() == [4]
    add_events(store, events("2025-05-26"))
    undo_load(store, 4)
    assert days_of_events(store) == ["26"]
    undo_load(store, 5)
    same(before, state(store))
    assert store.frame("SELECT * FROM repeats").is_empty()
    assert verify(store).is_empty()


@pytest.mark.lake_slow
def test_a_load_that_only_said_again_is_undone_and_takes_nothing(store):
    add_events(store, events("2025-05-26", "2025-05-27"))
    add_events(store, events("2025-05-26"))
    undo_load(store, 4)
    assert days_of_events(store) == ["26", "27"]
    undo_load(store, 3)
    assert days_of_events(store) == []


@pytest.mark.lake_slow
def test_bars_that_came_between_are_not_those_of_a_run(store):
    first, last, between = (bars(10.0, 11.0, 12.0)[each] for each in (0, 2, 1))
    undo_load(store, 1)
    for rows in (pl.concat([first, last]), pl.concat([first, last]), between):
        add_prices(store, rows, symbol="HBL", exchange="XKAR")
    undo_load(store, 5)
    undo_load(store, 3)
    assert store.frame("SELECT close FROM bars ORDER BY session")["close"].to_list() == [10.0, 12.0]
    undo_load(store, 4)
    assert store.frame("SELECT close FROM bars").is_empty()


@pytest.mark.lake_slow
def test_a_file_of_prices_that_grew_keeps_what_it_has(store):
    add_prices(store, bars(10.0, 99.0, 12.0, 13.0), symbol="HBL", exchange="XKAR")
    undo_load(store, 1)
    found = store.frame("SELECT close, vintage FROM bars ORDER BY session, vintage")
    assert found.rows() == [(10.0, 1), (99.0, 1), (12.0, 1), (13.0, 1)]
    assert verify(store).is_empty()


@pytest.mark.lake_slow
def test_an_article_that_a_later_file_has_too_stays_with_its_events(store):
    add_news(
        store,
        news(
            ("2025-05-27", "Pakistan and China sign trade agreement"),
            ("2025-05-29", "India suspends talks with Pakistan"),
        ),
    )
    before = state(store)
    assert undo_load(store, 2).rows.is_empty()
    after = state(store)
    for name in ("articles", "events", "links"):
        assert after[name].drop("load_id").equals(before[name].drop("load_id")), name
        assert after[name]["load_id"].to_list() == [3] * after[name].height
    assert verify(store).is_empty()
    undo_load(store, 3)
    assert state(store)["articles"].is_empty()
    assert state(store)["events"].is_empty()


def test_what_was_said_again_under_another_symbol_stays_after_a_merge(store):
    """Load 1 of HBL: 26, 27, 29. HBLX: 29 and 30, and 30 once more."""
    for days in (("2025-05-29", "2025-05-30"), ("2025-05-30",)):
        frame = pl.DataFrame({"Date": days, "Close": [12.0, 13.0][-len(days) :]})
        add_prices(store, frame, symbol="HBLX", exchange="XKAR")
    merge_instruments(store, "HBL", "HBLX")
    loads = store.frame("SELECT load_id FROM loads WHERE kind = 'prices' ORDER BY load_id")["load_id"].to_list()
    days = "SELECT session::VARCHAR AS day FROM bars WHERE symbol = 'HBL' ORDER BY ALL"
    undo_load(store, loads[1])
    assert store.frame(days)["day"].to_list() == ["2025-05-26", "2025-05-27", "2025-05-29", "2025-05-30"]
    undo_load(store, loads[0])
    assert store.frame(days)["day"].to_list() == ["2025-05-30"]
    assert verify(store).is_empty()


@pytest.mark.lake_slow
def test_the_load_of_a_bar_that_gave_way_in_a_merge_still_says_it(store):
    add_prices(store, bars(10.0, 11.0), symbol="HBLX", exchange="XKAR")
    merge_instruments(store, "HBL", "HBLX")
    undo_load(store, store.frame("SELECT min(load_id) AS first FROM loads WHERE kind = 'prices'").item())
    assert store.frame("SELECT close FROM bars ORDER BY ALL")["close"].to_list() == [10.0, 11.0]
