"""Recoding, editing and merging what the store holds: what changes is told, everything else stays."""

from __future__ import annotations

import polars as pl
import pytest

from correlator.errors import InputError, NotFoundError
from correlator.intake.instruments import add_instruments, edit_instrument
from correlator.intake.merge import merge_instruments
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.intake.recode import recode_events
from correlator.intake.undo import undo_load
from correlator.store.changes import update_rows
from correlator.store.db import Store
from correlator.store.verify import verify
from correlator.tables import EVENTS

HEADLINES = ("Pakistan and China sign trade agreement", "India threatens Pakistan over water", "Rain in Lahore")


@pytest.fixture
def store(new_store) -> Store:
    made = new_store("m")
    rows = [{"published": f"2025-05-{26 + n}T09:00:00Z", "headline": text} for n, text in enumerate(HEADLINES)]
    add_news(made, pl.DataFrame(rows))
    return made


def test_coding_again_changes_nothing_and_keeps_numbers(store):
    before = store.frame("SELECT * FROM events ORDER BY event_id")
    assert recode_events(store, "rules").is_empty()
    assert store.frame("SELECT * FROM events ORDER BY event_id").equals(before)


def test_what_a_coder_says_otherwise_is_told_and_undoing_the_news_takes_it_along(store):
    with store.transaction() as connection:
        rows = "SELECT event_id, 'AID' AS category, 1.0 AS goldstein FROM events WHERE event_id = 1"
        update_rows(connection, EVENTS, ("category", "goldstein"), rows)
    changed = recode_events(store, "rules")
    assert changed["change"].to_list() == ["gone", "new"]
    assert changed["headline"].to_list() == [HEADLINES[0]] * 2
    assert "AID" in changed["before"][0]
    assert "CHN" in changed["after"][1]
    assert verify(store).is_empty()
    undo_load(store, 1)
    assert store.frame("SELECT * FROM events").is_empty()
    with pytest.raises(InputError, match="coder must be rules or full, got 'ful'"):
        recode_events(store, "ful")


def test_articles_are_linked_to_names_that_were_loaded_after_them(store):
    rows = {"symbol": ["KIWI"], "exchange": ["XNYS"], "name": ["Kiwi Lantern Inc"]}
    headline = "Kiwi Lantern opens a yard in Lahore"
    add_news(store, pl.DataFrame([{"published": "2025-05-30T09:00:00Z", "headline": headline}]))
    report = add_instruments(store, pl.DataFrame(rows))
    assert report.notes == (
        "4 stored articles not yet searched for these names: run `correlator store recode --coder rules`",
    )
    changed = recode_events(store, "rules")
    assert changed.rows() == [(4, "new", None, "named KIWI (headline: Kiwi Lantern)", headline)]
    assert recode_events(store, "rules").is_empty()
    assert store.frame("SELECT load_id FROM links").rows() == [(2,)]
    edit_instrument(store, "KIWI", name="Kiwi Lamps")
    assert recode_events(store, "rules")["change"].to_list() == ["gone"]
    assert store.frame("SELECT * FROM links").is_empty()
    assert add_instruments(store, pl.DataFrame(rows | {"name": ["Kiwi Lamps"], "currency": ["USD"]})).notes == ()
    assert verify(store).is_empty()


def bars(*closes: float) -> pl.DataFrame:
    return pl.DataFrame({"Date": [f"2025-05-{day}" for day in (26, 27, 29, 30)][: len(closes)], "Close": closes})


def test_two_names_of_one_instrument_become_one(store):
    add_prices(store, bars(10.0, 11.0), symbol="HBL", exchange="XKAR")
    add_prices(store, bars(10.0, 11.5, 12.0), symbol="HBLX", exchange="XKAR")
    add_prices(store, bars(10.0), symbol="MSFT", exchange="XNAS")
    told = merge_instruments(store, "HBL", "HBLX")
    assert told == [
        "HBLX is now another name of HBL; moved: 1 bars",
        "1 bar had different closes; kept those of HBL",
    ]
    found = store.frame("SELECT symbol, close FROM bars WHERE symbol LIKE 'HBL%' ORDER BY session")
    assert found.rows() == [("HBL", 10.0), ("HBL", 11.0), ("HBL", 12.0)]
    assert add_prices(store, bars(10.0, 11.0, 12.0), symbol="HBLX", exchange="XKAR").added == 0
    assert verify(store).is_empty()
    with pytest.raises(InputError, match="are on different exchanges"):
        merge_instruments(store, "HBL", "MSFT")
    with pytest.raises(InputError, match="HBL cannot be merged with itself"):
        merge_instruments(store, "HBL", "HBL")
    with pytest.raises(NotFoundError, match="did you mean HBL"):
        merge_instruments(store, "HBL", "HBK")


def test_symbols_that_differ_in_most_closes_stay_two(store):
    add_prices(store, bars(10.0, 11.0, 12.0), symbol="HBL", exchange="XKAR")
    add_prices(store, bars(10.0, 110.0, 120.0), symbol="KSE", exchange="XKAR")
    with pytest.raises(InputError, match="differ in the close of 2 of 3 common bars"):
        merge_instruments(store, "HBL", "KSE")
    assert store.frame("SELECT count(*) FROM bars").item() == 6


def test_an_instrument_is_edited_and_checked(store):
    add_prices(store, bars(10.0), symbol="HBL", exchange="XKAR")
    _, after = edit_instrument(store, "hbl", name="Habib", benchmark="")
    assert (after["name"], after["benchmark"]) == ("Habib", None)
    for wrong, said in (({"kind": "shaer"}, "did you mean share"), ({"benchmark": "KSE"}, "not an instrument")):
        with pytest.raises(InputError, match=said):
            edit_instrument(store, "HBL", **wrong)
    with pytest.raises(NotFoundError, match="did you mean HBL"):
        edit_instrument(store, "HBM", name="x")
