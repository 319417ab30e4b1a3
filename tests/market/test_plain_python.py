"""Lists of rows, dictionaries of columns, Series and turned tables through the doors of Python, each as a frame is."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

import correlator as co
from correlator.base.tabular import from_plain
from correlator.errors import InputError
from correlator.sessions.calendars import sessions_between

DAYS = sessions_between("XNYS", date(2023, 1, 3), date(2024, 3, 28))["session"].to_list()
LAMP = [100 + (n * 37 % 11) / 10 for n in range(len(DAYS))]
MARKET = [50 + (n * 17 % 13) / 10 for n in range(len(DAYS))]
BARS = [{"date": day.isoformat(), "symbol": "LAMP", "close": close} for day, close in zip(DAYS, LAMP, strict=True)]
INDEX = pd.DatetimeIndex(DAYS)
WIDE = {"date": DAYS, "LAMP": LAMP, "MKT": MARKET}
EVENT = {"symbol": "LAMP", "date": DAYS[250]}
TURNED = pd.DataFrame({"LAMP": LAMP, "MKT": MARKET}, index=INDEX).T
TABLES = {
    "columns": WIDE,
    "rows": pl.DataFrame(WIDE).to_dicts(),
    "arrays": {"date": np.array(DAYS, dtype="datetime64[D]"), "LAMP": np.array(LAMP), "MKT": np.array(MARKET)},
    "polars series": {name: pl.Series(values) for name, values in WIDE.items()},
    "series of shares": {"LAMP": pd.Series(LAMP, index=INDEX), "MKT": pd.Series(MARKET, index=INDEX)},
    "columns of shares": {"LAMP": {"date": DAYS, "close": LAMP}, "MKT": {"date": DAYS, "close": MARKET}},
    "rows of shares": {
        name: [{"date": day, "close": close} for day, close in zip(DAYS, values, strict=True)]
        for name, values in (("LAMP", LAMP), ("MKT", MARKET))
    },
    "bars with letters": [
        {"symbol": name, "t": day, "o": c, "h": c, "l": c, "c": c}
        for name, values in (("LAMP", LAMP), ("MKT", MARKET))
        for day, c in zip(DAYS, values, strict=True)
    ],
    "turned": TURNED,
    "turned, days as text": TURNED.rename(columns=lambda day: f"{day:%Y-%m-%d}"),
}


def cars(prices: object, events: object) -> pl.DataFrame:
    result = co.study(prices=prices, events=events, benchmark="MKT", window=(-1, 1), estimation=(-130, -11))
    return result.frame("car")


EXPECTED = cars(pl.DataFrame(WIDE), pl.DataFrame([EVENT]))


@pytest.mark.parametrize("name", TABLES)
def test_prices_of_a_study(name):
    assert cars(TABLES[name], pl.DataFrame([EVENT])).equals(EXPECTED)


@pytest.mark.parametrize("events", [[EVENT], {name: [value] for name, value in EVENT.items()}])
def test_events_of_a_study(events):
    assert cars(pl.DataFrame(WIDE), events).equals(EXPECTED)


def test_a_turned_file_of_a_study(tmp_path):
    TURNED.to_csv(tmp_path / "turned.csv", index_label="Symbol")
    assert cars(tmp_path / "turned.csv", pl.DataFrame([EVENT])).equals(EXPECTED)
    twice = pd.concat([TURNED, TURNED.tail(1)])
    with pytest.raises(InputError, match="several rows of MKT"):
        cars(twice, pl.DataFrame([EVENT]))


BY_DAY = {
    "closes by day": dict(zip(DAYS, LAMP, strict=True)),
    "bars by day": {f"{day}": {"close": close} for day, close in zip(DAYS, LAMP, strict=True)},
    "columns by day": {"close": dict(zip(INDEX, LAMP, strict=True))},
    "columns as series": {"date": pd.Series(DAYS), "close": pd.Series(LAMP)},
    "fields of an array": pd.DataFrame({"close": LAMP}, index=INDEX.rename("date")).to_records(),
}


@pytest.mark.parametrize("name", BY_DAY)
def test_values_by_day_and_fields_of_numpy(name):
    bars = co.read_prices(BY_DAY[name], symbol="LAMP").bars
    assert (bars["session"].to_list(), bars["close"].to_list()) == (DAYS, LAMP)


@pytest.mark.parametrize("bars", [BARS, {name: [row[name] for row in BARS] for name in BARS[0]}])
def test_prices_of_a_store(tmp_path, bars):
    workspace = co.open_workspace(tmp_path / "s.duckdb")
    assert workspace.add_prices(bars, exchange="XNYS").added == len(DAYS)
    assert workspace.add_prices(pl.DataFrame(BARS), exchange="XNYS").added == 0
    series = pd.Series(LAMP, index=INDEX, name="LAMP")
    assert workspace.add_prices(series, exchange="XNYS").added == 0
    assert workspace.list("loads")["source"][0] == ("list of rows" if isinstance(bars, list) else "dict of columns")


@pytest.mark.parametrize("as_columns", [False, True])
def test_news_events_and_instruments_of_a_store(tmp_path, as_columns):
    workspace = co.open_workspace(tmp_path / "s.duckdb")

    def plain(row: dict[str, object]) -> object:
        return {name: [value] for name, value in row.items()} if as_columns else [row]

    assert workspace.add_instruments(plain({"symbol": "LAMP", "exchange": "XNYS"})).added == 1
    assert workspace.add_events(plain({"date": "2024-01-05", "category": "recall", "symbol": "LAMP"})).added == 1
    article = {"published": datetime.fromisoformat("2024-01-05T10:00Z"), "headline": "Lamp Oil recalls its lamps"}
    assert workspace.add_news(plain(article)).added == 1
    assert workspace.list("articles")["published_at"][0] == article["published"]
    assert co.code_file(plain({"headline": "Iran and Oman sign a pact"}))["text"].to_list() == [
        "Iran and Oman sign a pact"
    ]


@pytest.mark.parametrize("bad", [[(DAYS[0], 1.0)], EVENT, (row for row in BARS), LAMP, np.array(LAMP)])
def test_what_is_no_table_is_refused_with_what_is_one(bad):
    with pytest.raises(InputError, match="a list of rows"):
        co.read_prices(bad, symbol="LAMP")
    with pytest.raises(InputError, match="a list of rows"):
        cars(pl.DataFrame(WIDE), bad)


def test_columns_of_several_types_or_lengths_are_refused():
    with pytest.raises(InputError, match="a single type and the same length"):
        from_plain({"date": ["2024-01-02", "2024-01-03"], "close": [1.0]})
    with pytest.raises(InputError, match="events cannot be read as a list of rows"):
        from_plain([{"date": "2024-01-02"}, {"date": [3]}], "events")
    assert from_plain([{"close": 0.1 + 0.2}, {"close": "7.5"}])["close"].to_list() == ["0.30000000000000004", "7.5"]
    assert from_plain([{"a": 1}, {"b": 2.5}]).rows() == [(1, None), (None, 2.5)]
