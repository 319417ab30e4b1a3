"""Bars as arrays: the same as the frame of bars says, vintages and days off the calendar included."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from correlator.errors import InputError, NotFoundError
from correlator.market.reading.files import read_prices
from correlator.sessions.calendars import sessions_between
from correlator.store.bar_arrays import FIELDS, bar_span, read_bar_arrays
from correlator.store.reading import read_bars
from correlator.store.writing.bars import write_bars

FIRST, SECOND = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)


def made(symbol: str, days: list[date], factor: float = 1.0) -> pl.DataFrame:
    rows = pl.DataFrame({"Date": days, "Close": [factor * (10.0 + k) for k in range(len(days))]})
    return read_prices(rows, symbol=symbol).bars


@pytest.fixture
def store(new_store):
    days = sessions_between("XKAR", date(2024, 1, 1), date(2024, 2, 29))["session"].to_list()
    made_store = new_store("m")
    with made_store.transaction() as connection:
        write_bars(connection, made("AAA", days), FIRST)
        write_bars(connection, made("BBB", [*days[3:-3], date(2024, 2, 25)]), FIRST)
        write_bars(connection, made("AAA", days[:5], 0.5), SECOND)
    return made_store


@pytest.mark.parametrize("as_of", [None, FIRST, SECOND])
def test_arrays_say_what_the_frame_says(store, as_of):
    names = ["BBB", "AAA"]
    with store.reading() as connection:
        labels = sessions_between("XKAR", *bar_span(connection, names, as_of))["session"]
        grid = read_bar_arrays(connection, names, labels, as_of=as_of)
        bars = read_bars(connection, names, as_of=as_of)
    assert set(grid.fields) == set(FIELDS)
    assert (grid.off_count, grid.off_first) == (1, ("BBB", date(2024, 2, 25)))
    for column, name in enumerate(names):
        own = bars.filter(pl.col("symbol") == name)
        on_labels = pl.DataFrame({"session": labels}).join(own, on="session", how="left")
        np.testing.assert_array_equal(grid.fields["close"][:, column], on_labels["close"].fill_null(np.nan).to_numpy())
    assert np.isnan(grid.fields["volume"]).all()


def test_what_was_not_known_yet_is_not_there(store):
    with store.reading() as connection, pytest.raises(NotFoundError, match="AAA"):
        bar_span(connection, ["AAA"], datetime(2020, 1, 1, tzinfo=UTC))
    with store.reading() as connection, pytest.raises(InputError, match="unknown bar field"):
        read_bar_arrays(connection, ["AAA"], pl.Series([date(2024, 1, 1)]), fields=["colour"])


def test_a_batch_that_repeats_a_bar_keeps_the_first(new_store):
    days = [date(2024, 1, 2), date(2024, 1, 3)]
    repeated = pl.concat([made("AAA", days), made("AAA", days, 2.0)])
    store = new_store("m")
    with store.transaction() as connection:
        written = write_bars(connection, repeated, FIRST)
        assert write_bars(connection, made("AAA", days), SECOND).added == 0
    assert written.added == 2
    assert store.frame("SELECT close FROM bars ORDER BY session").to_series().to_list() == [10.0, 11.0]
