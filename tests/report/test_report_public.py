"""News with only a date is in a report once that date is over at the exchange, and is new there once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from correlator.report.as_of import moment_of, slice_store
from correlator.report.run import run_report
from correlator.report.spec import parse_spec
from correlator.sessions.calendars import sessions_between
from correlator.views import date_over
from correlator.workspace import open_workspace

LAST = date(2023, 6, 27)


@pytest.mark.parametrize(
    ("at", "zone", "day"),
    [
        (datetime(2023, 6, 28, 3, 59, 59, tzinfo=UTC), "America/New_York", 27),
        (datetime(2023, 6, 28, 3, 59, 58, tzinfo=UTC), "America/New_York", 26),
        (datetime(2023, 6, 27, 23, 59, 59, 999_999, tzinfo=UTC), "UTC", 27),
        (datetime(2023, 6, 27, 12, tzinfo=UTC), "UTC", 26),
        (datetime(2023, 6, 27, 18, 59, 59, tzinfo=UTC), "Asia/Karachi", 27),
    ],
)
def test_a_date_is_over_with_its_last_second(at, zone, day):
    assert date_over(at, zone) == datetime(2023, 6, day, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two shares in New York, an event with a time and one dated only the day after ``LAST``, both of one share."""
    rng = np.random.default_rng(1)
    days = sessions_between("XNYS", date(2022, 6, 1), date(2023, 7, 31))["session"]
    opened = open_workspace(tmp_path_factory.mktemp("public") / "m.duckdb")
    for symbol in ("LAMP", "WICK"):
        closes = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, len(days))))
        bars = pl.DataFrame({"Date": days, "Close": closes, "Volume": 1_000.0})
        opened.add_prices(bars, symbol=symbol, exchange="XNYS", currency="USD")
    dates = ["2023-06-20T14:00:00Z", "2023-06-28"]
    opened.add_events(pl.DataFrame({"date": dates, "category": ["CONSULT", "AID"], "symbol": ["LAMP", "LAMP"]}))
    return opened


def test_news_dated_tomorrow_is_not_in_the_report_of_today(store, tmp_path):
    sliced = [
        slice_store(store, tmp_path / f"{day}.duckdb", moment_of("XNYS", day), None)[1].events
        for day in (LAST, date(2023, 6, 28))
    ]
    assert sliced == [1, 2]


def test_it_is_new_in_the_first_report_that_has_it(store, tmp_path):
    study = {"symbols": ["LAMP"], "benchmark": "WICK", "estimation": "-100:-11", "window": "0:0"}
    spec = parse_spec({"study": study, "outputs": {"tables": ["new", "events"], "tear_sheet": False}}, default_name="r")
    new = []
    for day in (LAST, date(2023, 6, 28), date(2023, 6, 29)):
        folder = run_report(spec, store, out=tmp_path, as_of=day).folder
        new.append(pl.read_csv(folder / "new.csv").filter(pl.col("kind") == "event")["what"].to_list())
    assert new == [[], ["AID"], []]


def test_a_later_edit_of_an_article_changes_no_byte_of_an_earlier_report(store, tmp_path):
    page = {"published": "2023-06-20T05:00:00Z", "url": "https://news.example/1", "body": "Officials met."}
    study = {"symbols": ["LAMP"], "benchmark": "WICK", "estimation": "-100:-11", "window": "0:0"}
    spec = parse_spec({"study": study, "outputs": {"tables": ["events"], "tear_sheet": False}}, default_name="r")
    folders = []
    first = page | {"headline": "India and China agree to deepen trade"}
    edited = page | {"headline": "India imposes sanctions on China", "updated": "2023-07-10T05:00:00Z"}
    for stated in (first, edited):
        opened = open_workspace(store.path)
        assert opened.add_news(pl.DataFrame([stated])).added == 1
        folders.append(run_report(spec, store, out=tmp_path, as_of=LAST).folder)
    assert folders[0] == folders[1]
