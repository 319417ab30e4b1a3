"""Day 0 of news known by its date alone is the caller's choice, in every table that shows it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from correlator.errors import InputError
from correlator.explain import explain
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.listing import listing
from correlator.research.correlate import news_and_returns
from correlator.store.db import Store

DAY = date(2025, 5, 28)  # a Wednesday on which New York traded
NEXT = date(2025, 5, 29)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    days = pl.date_range(date(2025, 4, 1), date(2025, 6, 20), eager=True)
    days = days.filter(
        (days.dt.weekday() <= 5) & ~days.is_in([date(2025, 4, 18), date(2025, 5, 26), date(2025, 6, 19)])
    )
    bars = pl.DataFrame({"date": days, "close": [100.0 + n % 7 for n in range(len(days))]})
    bars.write_csv(tmp_path / "LAMP.csv")
    add_prices(store, tmp_path / "LAMP.csv", symbol="LAMP", exchange="XNYS")
    news = tmp_path / "n.csv"
    news.write_text("date,headline\n2025-05-28,Peru urges Chile to cut duties\n")
    add_news(store, news, columns={"published": "date"}, profile="generic")
    return store


@pytest.mark.parametrize(("chosen", "day"), [(None, NEXT), ("after-close", NEXT), ("same-day", DAY)])
def test_day_zero_follows_the_choice_in_every_table(store, chosen, day):
    assert listing(store, "events", date_only=chosen)["day_zero"].to_list() == [day]
    selection = f"day0 = {day}"
    assert listing(store, "events", events=selection, date_only=chosen).height == 1
    explained = explain(store, 1, date_only=chosen).facts()
    assert explained.filter(pl.col("decision") == f"day 0 {day}").height == 1
    news = news_and_returns(store, ["LAMP"], by="all", date_only=chosen).intensity.table
    assert news.filter(pl.col("events") > 0)["session"].to_list() == [day]


def test_a_listing_without_day_zero_refuses_the_choice(store):
    with pytest.raises(InputError, match="articles have no day 0"):
        listing(store, "articles", date_only="same-day")
