"""Selections by what a user remembers: words, publisher, symbol, day, session, load; the same everywhere."""

from __future__ import annotations

import polars as pl
import pytest

from correlator.errors import CorrelatorError, InputError, NotFoundError
from correlator.events.selection.select import fields_of, select_events
from correlator.eventstudy.request.spec import study_spec
from correlator.intake.events import add_events
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.listing import listing
from correlator.research.selection import events_of_symbols, stored_events
from correlator.store.db import Store

ROWS = (
    ("2025-05-26T05:00:00Z", "dawn", "Pakistan and China sign a water agreement"),
    ("2025-05-27T20:00:00Z", "dawn", "India threatens Pakistan over the Indus waters"),  # after the close of the 27th
    ("2025-05-29T05:00:00Z", "geo", "Turkey praises Greece"),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    made = Store(tmp_path_factory.mktemp("find") / "m.duckdb")
    bars = pl.DataFrame({"Date": [f"2025-05-{day}" for day in (23, 26, 27, 29, 30)], "Close": [1.0, 2, 3, 4, 5]})
    add_prices(made, bars, symbol="HBL", exchange="XKAR")
    for publisher in ("dawn", "geo"):
        rows = [{"published": when, "headline": text} for when, whose, text in ROWS if whose == publisher]
        add_news(made, pl.DataFrame(rows).with_columns(publisher=pl.lit(publisher)))
    add_events(made, pl.DataFrame({"date": ["2025-05-27"], "category": ["EARNINGS"], "symbol": ["HBL"]}))
    return made


@pytest.mark.parametrize(
    ("selection", "events"),
    [
        ("headline has water", 1),
        ("headline has (water, 'waters indus')", 2),
        ("not headline has pakistan", 2),
        ("publisher = Dawn", 2),
        ("publisher in (dawn, geo) and headline has greece", 1),
        ("date = 2025-05-27", 2),
        ("date <= 2025-05-27", 3),
        ("date > 2025-05-27", 1),
        ("date = 20250527", 2),
        ("date <= 20250527", 3),
        ("date > 2025-W22-2", 1),
        ("known_at <= 2025-05-27T12:00:00Z", 2),
        ("load = 2", 2),
        ("load >= 3", 2),
        ("symbol = HBL", 3),
        ("symbol = hbl and category = EARNINGS", 1),
        ("category = earnings", 1),
        ("day_zero = 2025-05-29 and publisher = dawn", 1),
        ("day_zero >= 2025-05-26 and day_zero <= 2025-05-27", 1),
        ("day0 = 2025-05-26", 1),
    ],
)
def test_the_same_events_in_list_and_study(store, selection, events):
    listed = listing(store, "events", events=selection)
    assert listed.height == events
    with store.reading() as connection:
        stored = stored_events(connection, study_spec(events=selection))
        concerned = events_of_symbols(connection, ["HBL"], "XKAR", study_spec(events=selection))
    assert sorted(stored["event_id"]) == sorted(listed["event_id"])
    assert set(concerned["event_id"]) <= set(listed["event_id"])


@pytest.mark.parametrize(
    ("selection", "error", "said"),
    [
        ("publisher = dwan", InputError, "did you mean dawn"),
        ("symbol = HBK", NotFoundError, "did you mean HBL"),
        ("hedline has water", InputError, "did you mean headline"),
        ("goldstein has water", InputError, "'has' needs a text field, got goldstein"),
        ("headline has ''", InputError, "needs at least one word"),
        ("date = yesterday", InputError, "compared with a date or time"),
        ("load = x", InputError, "compared with a number"),
        ("category = EARNING", InputError, "did you mean EARNINGS"),
    ],
)
def test_wrong_words_get_the_likely_name_from_the_right_list(store, selection, error, said):
    with pytest.raises(error, match=said) as raised:
        listing(store, "events", events=selection)
    assert isinstance(raised.value, CorrelatorError)


def test_a_publisher_without_events_is_no_error_and_a_session_needs_an_exchange(store):
    assert listing(store, "events", events="publisher = reuters").is_empty()
    assert listing(store, "events", selection="publisher = reuters").is_empty()  # the former name
    events = store.frame("SELECT * FROM told_events")
    with pytest.raises(InputError, match="day_zero needs an exchange"):
        select_events(events, "day_zero = 2025-05-26")


def test_symbols_narrow_every_listing_that_has_them(store):
    assert listing(store, "events", symbol="hbl").height == 3
    assert listing(store, "bars", symbol="HBL").height == 1
    with pytest.raises(InputError, match="articles have no symbol"):
        listing(store, "articles", symbol="HBL")
    with pytest.raises(NotFoundError, match="did you mean HBL"):
        listing(store, "bars", symbol="HBM")


def test_the_fields_and_values_of_a_selection_are_seen():
    assert fields_of("symbol in (A, B) and not (load = 3 or headline has x)") == {
        "symbol": ["A", "B"],
        "load_id": ["3"],
        "headline": [],
    }


@pytest.mark.parametrize("limit", [0, -1, 1.5, True])
@pytest.mark.parametrize("what", ["events", "bars"])
def test_a_limit_below_one_is_refused(tmp_path, what, limit):
    """With a symbol, 0 listed all rows and -1 all but one."""
    with pytest.raises(InputError, match="limit must be"):
        listing(Store(tmp_path / "m.duckdb"), what, symbol="HBL", limit=limit)
