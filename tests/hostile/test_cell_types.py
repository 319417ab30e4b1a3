"""Frames with columns of every type through every door of frames: read, or refused in one line."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from io import StringIO
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from correlator.base.tabular import as_text, csv_of, to_polars
from correlator.errors import CorrelatorError, InputError
from correlator.events.files.coded_file import read_coded_lines
from correlator.eventstudy.panel.frames import read_wide
from correlator.eventstudy.placing.event_table import read_events
from correlator.market.reading.files import read_prices
from correlator.news.read import read_news

CELLS = [
    *((pl.Binary, b"1.5"), (pl.Binary, b"\xff"), (pl.Boolean, True), (pl.Time, time(1)), (pl.Null, None)),
    *((pl.Duration("ms"), timedelta(1)), (pl.Object, object()), (pl.Struct({"a": pl.Int64}), {"a": 1})),
    *((pl.Enum(["1.5"]), "1.5"), (pl.Categorical, "1.5"), (pl.List(pl.Float64), [1.5]), (pl.List(pl.String), [None])),
    *((pl.Array(pl.Float64, 1), [1.5]), (pl.Decimal(10, 2), 1.5), (pl.Int128, 2**100), (pl.Float64, float("inf"))),
    *(
        (pl.Date, date(2025, 1, 1)),
        (pl.Datetime("ns"), datetime(2025, 1, 1)),
        (pl.Datetime("us", "UTC"), datetime(2025, 1, 1)),
    ),
]
DAYS = [date(2025, 5, 26), date(2025, 5, 27)]
PRICES = {"Date": DAYS, "Close": [1.5, 2.0], "Volume": [3, 4], "Symbol": ["A", "A"], "extra": ["x", "y"]}
WIDE = {"date": DAYS, "A": [1.5, 2.0]}
EVENTS = {"symbol": ["A", "B"], "date": DAYS, "exchange": ["XKAR", "XKAR"], "extra": [1, 2]}
CODED = {
    "date": ["2025-05-26", "2025-05-27"],
    "category": ["CONSULT", "AGREE"],
    "source": ["PAK", "PAK"],
    "tone": [0.1, 0.2],
}
NEWS = {
    "title": ["A talk", "B talk"],
    "date": ["2025-05-26", "2025-05-27"],
    "url": [f"https://a.example/{n}" for n in "12"],
}
DOORS = {
    "prices": (PRICES, lambda frame: read_prices(frame, symbol="A", exchange="XKAR")),
    "study prices": (WIDE, lambda frame: read_wide(frame, "prices")),
    "study events": (EVENTS, lambda frame: read_events(frame)),
    "coded events": (CODED, lambda frame: list(read_coded_lines(StringIO(csv_of(frame)), Path("frame")))),
    "news": (NEWS, lambda frame: list(read_news(frame))),
}


@pytest.mark.parametrize(("kind", "value"), CELLS, ids=[str(kind) for kind, _ in CELLS])
@pytest.mark.parametrize("door", DOORS)
def test_a_column_of_any_type_is_read_or_refused(door, kind, value):
    columns, read = DOORS[door]
    for name in columns:
        frame = pl.DataFrame(columns).with_columns(pl.Series(name, [value, value], dtype=kind))
        refused = ""
        try:
            read(frame)
        except CorrelatorError as error:
            refused = str(error)
        assert "\n" not in refused


@pytest.mark.parametrize(
    "column", [[[1.5], [2.0]], [True, False], [time(1), time(2)], DAYS, [timedelta(1)] * 2, [b"\xff"] * 2]
)
def test_what_is_no_figure_is_no_price(column):
    """A list is no price, and neither is a day, though a day can be cast to the number of days since 1970."""
    with pytest.raises(InputError, match="close .* is not a number"):
        read_prices(pl.DataFrame(PRICES | {"Close": column}), symbol="A", exchange="XKAR")


def test_text_of_cells_of_every_type():
    assert as_text(pl.Series([[1, None], None])).to_list() == ["[1, null]", None]
    assert as_text(pl.Series([{"a": date(2025, 1, 1)}])).to_list() == ['{"a": "2025-01-01"}']
    assert as_text(pl.Series([b"A\xff"])).to_list() == ["A\\xff"]
    assert as_text(pl.Series([1.5, 2.0])).to_list() == ["1.5", "2.0"]


def test_a_type_that_no_frame_has_is_named_before_a_library_panics(capfd):
    with pytest.raises(InputError, match="'a' has the unsupported type decimal256"):
        to_polars(pa.table({"a": pa.array([1], pa.decimal256(70, 3))}), "prices")
    assert capfd.readouterr().err == ""
