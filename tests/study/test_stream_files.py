"""Events out of a file and frames into one, chunk after chunk."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from correlator.cli.app import app
from correlator.errors import InputError, NotFoundError
from correlator.eventstudy.parts import stream
from correlator.eventstudy.parts.stream import chunk_for, write_frames
from correlator.eventstudy.parts.study_files import events_of_file, read_events_file


@pytest.fixture
def folder(tmp_path) -> Path:
    rng = np.random.default_rng(2)
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(400)]
    market = rng.normal(0, 0.01, 400)
    table = {"date": days, "M": market, **{name: market + rng.normal(0, 0.02, 400) for name in "ABC"}}
    table["B"][352] = np.nan
    pl.DataFrame(table, nan_to_null=True).write_csv(tmp_path / "wide.csv")
    names, when = rng.choice(list("ABCZ"), 50).tolist(), [days[n] for n in rng.integers(250, 395, 50)]
    pl.DataFrame({"symbol": names, "date": when, "group": rng.integers(0, 3, 50)}).write_csv(tmp_path / "events.csv")
    pl.read_csv(tmp_path / "events.csv", try_parse_dates=True).write_parquet(tmp_path / "events.parquet")
    return tmp_path


@pytest.mark.parametrize("output", ["ar", "car", "bhar", "models", "excluded"])
def test_parquet_holds_what_csv_holds(folder, output, monkeypatch) -> None:
    """In chunks of seven events, the whole frame is the one that a study of all events gives."""
    monkeypatch.setattr(stream, "CHUNK_EVENTS", 7)
    monkeypatch.setattr(stream, "_FEWEST_EVENTS", 7)
    monkeypatch.chdir(folder)
    common = ["study", "--returns", "wide.csv", "--benchmark", "M", "--windows", "0:0,-2:2", "--output", output]
    said = []
    for events, to in (("events.csv", "out.parquet"), ("events.csv", "out.csv"), ("events.parquet", "two.parquet")):
        done = CliRunner().invoke(app, [*common, "--events", events, "--to", to])
        assert done.exit_code == 0, done.output
        said.append(done.stderr)
    assert said[0] == said[1] == said[2]
    parquet, text = pl.read_parquet("out.parquet"), pl.read_csv("out.csv", null_values="")
    assert parquet.columns == text.columns
    assert parquet.height == text.height > 0
    assert parquet["event_id"].to_list() == text["event_id"].to_list()
    for name, kind in parquet.schema.items():
        if kind == pl.Float64:
            np.testing.assert_allclose(parquet[name], text[name].cast(pl.Float64), rtol=1e-9, atol=1e-14)
    assert parquet.equals(pl.read_parquet("two.parquet"))


def test_events_are_numbered_through(folder) -> None:
    for name in ("events.csv", "events.parquet"):
        parts = list(events_of_file(folder / name, chunk=16))
        together = pl.concat(parts)
        assert together["event_id"].to_list() == list(range(1, 51))
        assert together["symbol"].to_list() == pl.read_csv(folder / "events.csv")["symbol"].to_list()


def test_files_that_hold_no_events(folder) -> None:
    with pytest.raises(NotFoundError, match="nope.csv does not exist"):
        list(events_of_file(folder / "nope.csv", chunk=10))
    (folder / "torn.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match=r"torn\.parquet cannot be read"):
        list(events_of_file(folder / "torn.parquet", chunk=10))


def test_a_file_appears_whole_or_not_at_all(tmp_path) -> None:
    def frames():
        yield pl.DataFrame({"x": [1]})
        raise InputError("the second chunk is bad")

    with pytest.raises(InputError):
        write_frames(frames(), tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_rows_has_its_columns_all_the_same(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "one.csv").write_text("symbol,date\nA,2020-12-01\n")
    common = ["study", "--returns", "wide.csv", "--benchmark", "M", "--events", "one.csv", "--output", "excluded"]
    for to in ("out.parquet", "out.csv"):
        assert CliRunner().invoke(app, [*common, "--to", to]).exit_code == 0
    parquet = pl.read_parquet("out.parquet")
    assert parquet.height == 0
    assert parquet.columns == pl.read_csv("out.csv").columns


def test_a_folder_that_is_not_there(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    common = ["study", "--returns", "wide.csv", "--benchmark", "M", "--events", "events.csv", "--output", "car"]
    done = CliRunner().invoke(app, [*common, "--to", "nowhere/out.parquet"])
    assert isinstance(done.exception, NotFoundError)
    assert "folder nowhere does not exist" in str(done.exception)


def test_chunks_hold_so_many_rows() -> None:
    assert chunk_for(1) == 250_000
    assert chunk_for(16) == 125_000
    assert chunk_for(400) == 100_000


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_attributes_may_be_called_as_libraries_make_names_distinct(tmp_path, ending) -> None:
    frame = pl.DataFrame({"symbol": ["A"], "date": ["2024-02-01"], "note": ["one"], "note.1": ["two"]})
    getattr(frame, f"write_{ending}")(tmp_path / f"e.{ending}")
    assert read_events_file(tmp_path / f"e.{ending}").select("note", "note.1").row(0) == ("one", "two")


@pytest.mark.parametrize("title", ["", "Surprises\n\n"])
def test_attributes_keep_decimal_commas_and_leading_zeros(tmp_path, title) -> None:
    rows = "A;2024-02-01;0,5;0100;7;-0500\nB;2024-02-02;-1,25;2834;8;+0530\n"
    (tmp_path / "e.csv").write_text(f"{title}symbol;date;surprise;sic;rank;shift\n{rows}", encoding="utf-8")
    read = read_events_file(tmp_path / "e.csv")
    assert read.select("surprise", "sic", "rank", "shift").rows() == [
        (0.5, "0100", 7, "-0500"),
        (-1.25, "2834", 8, "+0530"),
    ]
