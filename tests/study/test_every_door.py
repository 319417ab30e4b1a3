"""One study through every door: frames of every kind, files, the store, the command line, reports, every format.

The events carry clocks, on a half day, around a change of clocks and after the close, so placing them is part of it.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

import correlator as co
from correlator.cli.app import app

WRITTEN = (
    ("AAA", "2023-11-24T13:05:00-05:00", "BEAT"),
    ("BBB", "2023-11-24T12:55:00-05:00", "MISS"),
    ("aaa", "2023-11-03T16:05:00-04:00", "BEAT"),
    ("BBB", "2023-12-25T10:00:00-05:00", "BEAT"),
    ("AAA", "2024-02-01T21:05:00Z", "MISS"),
    ("AAA", "2024-02-01T16:05:00-05:00", "MISS"),
    ("ZZZ", "2024-02-01T16:05:00-05:00", "BEAT"),
)
OPTIONS = {"benchmark": "MKT", "window": "-3:3", "windows": "-1:1,-3:3"}
TYPED = [word for name, value in OPTIONS.items() for word in (f"--{name}", value)]
NUMBERS = ["car", "se", "t", "p_value"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Wide files, a file of events, and a store of the same."""
    folder = tmp_path_factory.mktemp("doors")
    days = co.sessions_between("XNAS", date(2022, 6, 1), date(2024, 6, 28))["session"]
    rng = np.random.default_rng(8)
    market = rng.normal(0, 0.01, len(days))
    moves = {"MKT": market, "AAA": market + rng.normal(0, 0.01, len(days)), "BBB": rng.normal(0, 0.02, len(days))}
    wide = pl.DataFrame({"Date": days, **{name: 100 * np.exp(np.cumsum(move)) for name, move in moves.items()}})
    wide.write_csv(folder / "wide.csv")
    wide.write_parquet(folder / "wide.parquet")
    wide.write_ipc(folder / "wide.arrow")
    events = pl.DataFrame(WRITTEN, schema=["symbol", "date", "category"], orient="row")
    events.write_csv(folder / "events.csv")
    events.write_parquet(folder / "events.parquet")
    events.select("date", "category", "symbol").write_csv(folder / "coded.csv")
    ws = co.open_workspace(folder / "m.duckdb")
    for name in moves:
        wide.select("Date", Close=name).write_csv(folder / f"{name}.csv")
        ws.add_prices(folder / f"{name}.csv", symbol=name, exchange="XNAS")
    ws.add_events(folder / "coded.csv")
    return folder


@pytest.fixture(scope="module")
def expected(folder) -> pl.DataFrame:
    """The study of polars frames: five events, two windows each."""
    found = co.study(
        prices=pl.read_parquet(folder / "wide.parquet"),
        events=pl.read_parquet(folder / "events.parquet"),
        exchange="XNAS",
        **OPTIONS,
    )
    placed = found.ar.filter(pl.col("day") == 0).select("symbol", "session").rows()
    assert [(symbol, str(day)) for symbol, day in placed] == [
        ("AAA", "2023-11-27"),
        ("BBB", "2023-11-24"),
        ("AAA", "2023-11-06"),
        ("BBB", "2023-12-26"),
        ("AAA", "2024-02-02"),
    ]
    assert sorted(found.excluded["reason"]) == ["no bars for symbol ZZZ", "the same event as 5"]
    return keyed(found.car)


def keyed(car: pl.DataFrame) -> pl.DataFrame:
    """Numbers in one order, whatever events are numbered."""
    return car.select("symbol", "window", *NUMBERS).sort("symbol", "window", "car")


def as_frame(frame: pl.DataFrame, kind: str):
    if kind == "pandas":
        return frame.to_pandas()
    if kind == "pandas with an index":
        indexed = frame.to_pandas().set_index(frame.columns[0])
        indexed.index = pd.to_datetime(indexed.index)
        return indexed
    return {"polars": frame, "lazy": frame.lazy(), "arrow": frame.to_arrow()}[kind]


@pytest.mark.parametrize("kind", ["polars", "lazy", "arrow", "pandas", "pandas with an index"])
def test_frames(folder, expected, kind) -> None:
    prices = as_frame(pl.read_parquet(folder / "wide.parquet"), kind)
    events = as_frame(pl.read_parquet(folder / "events.parquet"), kind.partition(" ")[0])
    found = co.study(prices=prices, events=events, exchange="XNAS", **OPTIONS)
    assert keyed(found.car).equals(expected)
    again = co.study_matrix(prices=prices, events=events, exchange="XNAS", **OPTIONS)
    assert again.car.equals(found.car)


def test_returns_are_the_prices_returns(folder, expected) -> None:
    prices = pl.read_parquet(folder / "wide.parquet")
    values = prices.select(pl.exclude("Date")).to_numpy()
    returns = np.vstack([np.full(3, np.nan), np.log(values[1:] / values[:-1])])
    frame = pl.DataFrame({"Date": prices["Date"], **dict(zip(prices.columns[1:], returns.T, strict=True))})
    found = co.study(returns=frame, events=pl.read_parquet(folder / "events.parquet"), exchange="XNAS", **OPTIONS)
    assert keyed(found.car).equals(expected)


def test_the_store(folder, expected) -> None:
    ws = co.open_workspace(folder / "m.duckdb")
    for found in (ws.study(**OPTIONS), co.study(folder / "m.duckdb", "AAA,bbb", **OPTIONS)):
        assert keyed(found.car).equals(expected)
        # The store has a repeated event once: it is known by its content when it is loaded.
        assert found.excluded["reason"].to_list() == ["no instrument of the store is called ZZZ"]


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, *TYPED, "--output", "car"])
    assert done.exit_code == 0, done.output
    return done.stdout


def read(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    if path.suffix == ".json":
        return pl.DataFrame(json.loads(path.read_text()))
    return pl.read_excel(path) if path.suffix == ".xlsx" else pl.read_csv(path)


@pytest.mark.parametrize("ending", ["csv", "json", "parquet", "xlsx"])
@pytest.mark.parametrize("source", ["csv", "parquet", "arrow", "store"])
def test_the_command_line_in_every_format(folder, expected, source, ending, tmp_path) -> None:
    if source == "store":
        arguments = ["--store", str(folder / "m.duckdb"), "study"]
    else:
        events = folder / ("events.parquet" if source == "parquet" else "events.csv")
        arguments = ["study", "--prices", str(folder / f"wide.{source}"), "--events", str(events), "--exchange", "XNAS"]
    printed(*arguments, "--to", str(tmp_path / f"car.{ending}"))
    found = keyed(read(tmp_path / f"car.{ending}"))
    if ending == "xlsx":  # a workbook keeps 16 digits
        assert found.drop(NUMBERS).equals(expected.drop(NUMBERS))
        np.testing.assert_allclose(found.select(NUMBERS).to_numpy(), expected.select(NUMBERS).to_numpy(), rtol=1e-14)
    else:
        assert found.equals(expected)


def test_a_report(folder, expected, tmp_path) -> None:
    lines = [
        "[study]",
        'benchmark = "MKT"',
        'window = "-3:3"',
        'windows = ["-1:1", "-3:3"]',
        "[outputs]",
        "tear_sheet = false",
    ]
    (tmp_path / "doors.toml").write_text("\n".join(lines))
    ws = co.open_workspace(folder / "m.duckdb")
    run = ws.report(tmp_path / "doors.toml", tmp_path / "out", as_of=date(2024, 6, 28))
    written = pl.read_csv(run.folder / "car.csv").with_columns(pl.col("window").str.strip_chars("[]"))
    assert keyed(written).equals(expected)


@pytest.mark.parametrize("date_only", ["same-day", "after-close"])
def test_dates_without_a_clock_are_the_same_through_both_doors(folder, tmp_path, date_only) -> None:
    rows = [("AAA", "2023-12-22", "BEAT"), ("BBB", "2023-11-24", "MISS")]
    events = pl.DataFrame(rows, schema=["symbol", "date", "category"], orient="row")
    events.select("date", "category", "symbol").write_csv(tmp_path / "coded.csv")
    ws = co.open_workspace(tmp_path / "m.duckdb")
    for name in ("AAA", "BBB", "MKT"):
        ws.add_prices(folder / f"{name}.csv", symbol=name, exchange="XNAS")
    ws.add_events(tmp_path / "coded.csv")
    stored = ws.study(date_only=date_only, **OPTIONS)
    prices = pl.read_parquet(folder / "wide.parquet")
    for door in ({"exchange": "XNAS"}, {}):
        frames = co.study(prices=prices, events=events, date_only=date_only, **door, **OPTIONS)
        assert keyed(frames.car).equals(keyed(stored.car))
    assert ws.study(**OPTIONS).car.equals(ws.study(date_only="after-close", **OPTIONS).car)


def test_a_share_stored_under_the_words_of_its_header_is_named_to_who_asks_for_it(tmp_path) -> None:
    ws = co.open_workspace(tmp_path / "words.duckdb")
    days = ["2024-05-13", "2024-05-14", "2024-05-15"]
    ws.add_prices(
        pl.DataFrame({"date": days, "LAMP US Equity": [1.0, 2.0, 3.0], "WICK": [5.0, 5.1, 5.2]}), exchange="XNYS"
    )
    with pytest.raises(co.NotFoundError, match=r"symbol 'LAMP' is not in the store \(did you mean LAMP US Equity\?\)"):
        ws.study("LAMP")
