"""An explanation has each event once, with its day 0 on every exchange."""

from __future__ import annotations

from datetime import date

import polars as pl

from correlator.explain import Explanation
from correlator.sessions.calendars import sessions_between
from correlator.workspace import open_workspace


def test_an_event_is_explained_once_for_all_exchanges(tmp_path):
    store = open_workspace(tmp_path / "m.duckdb")
    for symbol, exchange, currency in (("LAMP", "XKAR", "PKR"), ("WICK", "XNYS", "USD")):
        days = sessions_between(exchange, date(2023, 5, 1), date(2023, 6, 30))["session"]
        bars = pl.DataFrame({"Date": days, "Close": 100.0})
        store.add_prices(bars, symbol=symbol, exchange=exchange, currency=currency)
    headline = "India and China sign trade agreement on rice"
    published = "2023-05-10T12:00:00Z"  # after the close in Karachi, before the open in New York
    store.add_news(pl.DataFrame({"published": [published], "headline": [headline], "url": ["https://news.example/1"]}))
    lines = [line for line in str(store.explain(1)).splitlines() if line.startswith("event 1")]
    assert [line.split(":")[0] for line in lines] == ["event 1", "event 1 on XKAR", "event 1 on XNYS"]
    assert [line.rsplit(" ", 1)[1] for line in lines[1:]] == ["2023-05-11", "2023-05-10"]


def test_quotes_are_explained_with_all_their_decimals():
    quotes = pl.DataFrame(
        {
            "symbol": ["USDPKR", "LAMP"],
            "session": [None, date(2023, 5, 10)],
            "official_close": [None, 160.0],
            "price": [278.4567, 159.1],
            "change": [0.0123, -3.77],
            "session_reason": ["nothing matches", "matches"],
        }
    )
    facts = Explanation({}, quotes, pl.DataFrame(), pl.DataFrame())._quote_facts()
    assert [decision for _, decision, _ in facts] == [
        "278.4567 +0.0123 belongs to no session",
        "159.10 -3.77 belongs to 2023-05-10; official close 160.00",
    ]
