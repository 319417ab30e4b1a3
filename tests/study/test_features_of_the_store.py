"""Attributes of events from the store, as known at the close of day 0."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from correlator.eventstudy.regression.cross_section import event_features
from correlator.research.features import stored_features
from correlator.sessions.calendars import sessions_between
from correlator.workspace import open_workspace

DAY = "2023-05-10"
HEADLINE = "Pakistan and India sign trade agreement on rice"


def test_an_article_dated_only_day_zero_is_not_in_the_size_of_its_story(tmp_path):
    rng = np.random.default_rng(1)
    days = sessions_between("XKAR", date(2022, 9, 1), date(2023, 6, 30))["session"]
    store = open_workspace(tmp_path / "m.duckdb")
    for symbol in ("LAMP", "WICK"):
        closes = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, len(days))))
        bars = pl.DataFrame({"Date": days, "Close": closes, "Volume": 1_000.0})
        store.add_prices(bars, symbol=symbol, exchange="XKAR", currency="PKR")
    store.edit_instrument("LAMP", country="PAK")
    published = [f"{DAY}T05:00:00Z", f"{DAY}T06:00:00Z", DAY, "2023-05-09"]
    urls = [f"https://news.example/{number}" for number in range(4)]
    store.add_news(pl.DataFrame({"published": published, "headline": [HEADLINE] * 4, "url": urls}))
    result = store.study("LAMP", benchmark="WICK", estimation="-100:-11", window="0:0")
    features = stored_features(store, result)
    assert features.select("session", "story_size").rows() == [(date(2023, 5, 10), 3), (date(2023, 5, 11), 4)]
    assert event_features(result)["hour"].to_list() == [None, None]  # both are known by their dates alone
