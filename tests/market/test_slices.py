"""A long file read in slices gives the same bars, rejects and refusals as one read whole."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from correlator.base import arrow_files
from correlator.containers import slices as containers
from correlator.errors import InputError
from correlator.intake import prices
from correlator.intake.prices import add_prices
from correlator.market.reading import slices
from correlator.market.reading.files import PriceOptions, read_file
from correlator.market.reading.slices import bars_in_slices
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store

SESSIONS = sessions_between("XNYS", date(2023, 1, 3), date(2023, 12, 29))["session"]
NAMES = ("LAMP", "WICK", "BULB", "FUSE")


def made(order: list[str], form: str = "%Y-%m-%d") -> pl.DataFrame:
    parts = []
    for seed, name in enumerate(NAMES):
        close = 50 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, len(SESSIONS))))
        columns = {"Date": SESSIONS, "Open": close * 0.999, "High": close * 1.01, "Low": close * 0.99, "Close": close}
        parts.append(pl.DataFrame({**columns, "Volume": np.arange(len(SESSIONS)) + 100, "Name": name}))
    rows = pl.concat(parts).with_columns(pl.col("Open", "High", "Low", "Close").round(4)).sort(order)
    return rows.with_columns(pl.col("Date").dt.strftime(form))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(slices, "LONG_FILE", 1000)
    monkeypatch.setattr(prices, "MOST_CHECKED", 100)
    monkeypatch.setattr(containers, "SLICE_BYTES", 4096)
    monkeypatch.setattr(containers, "SLICE_ROWS", 150)
    monkeypatch.setattr(arrow_files, "_BATCH_ROWS", 100)


def written(tmp_path: Path, rows: pl.DataFrame, text: str | None = None) -> Path:
    path = tmp_path / "long.csv"
    path.write_text(text or rows.write_csv(), encoding="utf-8")
    return path


def both(path: Path, **options) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bars in slices and of the whole file, in order."""
    asked = PriceOptions(**options)
    key = ["symbol", "bar_start"]
    with bars_in_slices(path, asked) as sliced:
        assert sliced is not None
        assert sliced.count > 3
        mine = pl.concat(sliced.frames())
    return mine.sort(key), read_file(path, asked).bars.sort(key)


@pytest.mark.parametrize("order", [["Name", "Date"], ["Date", "Name"]])
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y%m%d", "%Y-%m-%d 00:00:00"])
@pytest.mark.usefixtures("small")
def test_the_same_bars(tmp_path, order, form):
    mine, whole = both(written(tmp_path, made(order, form)), exchange="XNYS")
    assert mine.equals(whole)


@pytest.mark.parametrize("order", [["Name", "Date"], ["Date", "Name"]])
@pytest.mark.parametrize("kind", ["texts", "typed"])
@pytest.mark.parametrize("container", ["parquet", "arrow"])
@pytest.mark.usefixtures("small")
def test_the_same_bars_of_columns(tmp_path, order, kind, container):
    rows = made(order).with_columns(pl.col("Volume").cast(pl.Int32))
    if kind == "typed":
        rows = rows.with_columns(pl.col("Date").str.to_date(), pl.col("Name").cast(pl.Categorical))
    else:
        rows = rows.cast(pl.String)
    path = tmp_path / f"long.{container}"
    if container == "parquet":
        rows.write_parquet(path, row_group_size=120)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.to_arrow().schema) as writer:
            writer.write_table(rows.to_arrow(), max_chunksize=90)
    mine, whole = both(path, exchange="XNYS")
    assert mine.equals(whole)
    sliced, asked = Store(tmp_path / "sliced.duckdb"), tmp_path / "whole.csv"
    rows.write_csv(asked)
    for store, file in ((sliced, path), (Store(tmp_path / "whole.duckdb"), asked)):
        assert add_prices(store, file, exchange="XNYS").added == rows.height
    assert add_prices(sliced, asked, exchange="XNYS").known == rows.height


@pytest.mark.usefixtures("small")
def test_rows_of_columns_keep_their_numbers(tmp_path):
    rows = made(["Name", "Date"])
    closes = rows["Close"].cast(pl.String).scatter(699, "broken")
    path = tmp_path / "long.parquet"
    rows.with_columns(closes).write_parquet(path)
    with bars_in_slices(path, PriceOptions(exchange="XNYS")) as sliced:
        assert sliced is not None
        assert [part["source_line"].to_list() for part in sliced.rejects] == [[700]]
    assert read_file(path, PriceOptions(exchange="XNYS")).rejects["source_line"].to_list() == [700]


@pytest.mark.usefixtures("small")
def test_a_long_file_of_few_bars_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(prices, "MOST_CHECKED", 250_000)
    rows = made(["Name", "Date"]).with_columns(
        Close=pl.when(pl.int_range(pl.len()) == 400).then(5000.0).otherwise("Close")
    )
    report = add_prices(Store(tmp_path / "m.duckdb"), written(tmp_path, rows), exchange="XNYS")
    assert any("check before use" in note for note in report.notes)


@pytest.mark.usefixtures("small")
def test_words_above_the_table_quotes_and_one_symbol(tmp_path):
    rows = made(["Name", "Date"]).filter(pl.col("Name") == "LAMP").drop("Name")
    text = "Prices of a share\n\n" + rows.write_csv(quote_style="always")
    mine, whole = both(written(tmp_path, rows, text), symbol="LAMP", exchange="XNYS")
    assert mine.equals(whole)


@pytest.mark.usefixtures("small")
def test_rows_that_cannot_be_read_keep_their_lines(tmp_path):
    lines = made(["Name", "Date"]).write_csv().splitlines()
    lines[700] = lines[700].replace(lines[700].split(",")[4], "broken")
    path = written(tmp_path, pl.DataFrame(), "\n".join(lines) + "\n")
    with bars_in_slices(path, PriceOptions(exchange="XNYS")) as sliced:
        assert sliced is not None
        assert [part["source_line"].to_list() for part in sliced.rejects] == [[701]]
    assert read_file(path, PriceOptions(exchange="XNYS")).rejects["source_line"].to_list() == [701]


@pytest.mark.usefixtures("small")
def test_a_store_holds_the_same(tmp_path, monkeypatch):
    path = written(tmp_path, made(["Date", "Name"]))
    sliced = Store(tmp_path / "sliced.duckdb")
    report = add_prices(sliced, path, exchange="XNYS")
    monkeypatch.setattr(slices, "LONG_FILE", 1 << 40)
    whole = Store(tmp_path / "whole.duckdb")
    assert (report.added, report.rejected) == (len(NAMES) * len(SESSIONS), 0)
    assert add_prices(whole, path, exchange="XNYS").added == report.added
    question = "SELECT * EXCLUDE (retrieved_at) FROM bars ORDER BY ALL"
    assert sliced.frame(question).equals(whole.frame(question))
    assert add_prices(sliced, path, exchange="XNYS").known == report.added


@pytest.mark.usefixtures("small")
def test_contradictions_far_apart_are_refused(tmp_path):
    rows = made(["Name", "Date"])
    again = rows.head(1).with_columns(pl.col("Close") + 1)
    path = written(tmp_path, pl.concat([rows, again]))
    with pytest.raises(InputError, match="has different bars of BULB on 2023-01-03"):
        add_prices(Store(tmp_path / "m.duckdb"), path, exchange="XNYS")


@pytest.mark.usefixtures("small")
def test_repeats_far_apart_are_one(tmp_path):
    rows = made(["Name", "Date"])
    path = written(tmp_path, pl.concat([rows, rows.head(2)]))
    assert add_prices(Store(tmp_path / "m.duckdb"), path, exchange="XNYS").added == rows.height


@pytest.mark.usefixtures("small")
def test_figures_with_commas_are_read_whole(tmp_path):
    rows = made(["Name", "Date"]).with_columns(pl.col("Close").cast(pl.String).str.replace(r"\.", ","))
    with bars_in_slices(written(tmp_path, rows), PriceOptions(exchange="XNYS")) as sliced:
        assert sliced is None


@pytest.mark.usefixtures("small")
def test_dates_of_two_orders_are_refused(tmp_path):
    day_first, month_first = (made(["Name", "Date"], form) for form in ("%d/%m/%Y", "%m/%d/%Y"))
    half = day_first.height // 2
    path = written(tmp_path, pl.concat([day_first.head(half), month_first.tail(half)]))
    with pytest.raises(InputError, match="day first"):
        add_prices(Store(tmp_path / "m.duckdb"), path, exchange="XNYS")


@pytest.mark.usefixtures("small")
def test_lines_within_quotes_and_a_quote_too_many(tmp_path):
    rows = made(["Name", "Date"]).with_columns(Note=pl.lit("two\nlines"))
    mine, whole = both(written(tmp_path, rows, rows.write_csv(quote_style="necessary")), exchange="XNYS")
    assert mine.equals(whole)
    lines = made(["Name", "Date"]).write_csv().splitlines()
    lines[500] = lines[500].replace("20", '2"0', 1)
    path = written(tmp_path, rows, "\n".join(lines) + "\n")
    whole = read_file(path, PriceOptions(exchange="XNYS"))
    with bars_in_slices(path, PriceOptions(exchange="XNYS")) as sliced:
        assert sliced is None or sum(part.height for part in sliced.frames()) == whole.bars.height
