"""An as-of study, run by real processes, gives the same bytes before and after a download that changes history."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import forked
import polars as pl
import pytest
from bars_made import made_bars

STUDY = ["study", "--symbol", "LAMP", "--window=-3:3", "--windows=-1:1", "--format", "csv"]
OUTPUTS = ("ar", "models")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made_bars("LAMP").write_csv(tmp_path / "lamp.csv")
    made_bars("LIGHTS", seed=4).write_csv(tmp_path / "lights.csv")
    (tmp_path / "own.csv").write_text("symbol,exchange,benchmark,kind\nLAMP,XKAR,LIGHTS,share\nLIGHTS,XKAR,,index\n")
    (tmp_path / "events.csv").write_text("date,symbol,category\n2024-05-15,LAMP,CONSULT\n2024-08-07,LAMP,CONSULT\n")
    return tmp_path


def correlator(folder: Path, *words: str) -> bytes:
    done = forked.run(words, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.encode()


def test_a_later_download_changes_no_byte_of_an_as_of_study(folder):
    correlator(folder, "add", "instruments", "own.csv")
    correlator(folder, "add", "prices", "lamp.csv", "lights.csv")
    correlator(folder, "add", "events", "events.csv")
    known = ["--as-of", datetime.now(UTC).isoformat()]
    before = {name: correlator(folder, *STUDY, *known, "--output", name) for name in OUTPUTS}
    audit = correlator(folder, "check", "prices", "--format", "csv", *known)
    assert before["ar"].count(b"\n") == 15

    changed = pl.read_csv(folder / "lamp.csv").with_columns(pl.col("Close") * 1.03, pl.col("High") * 1.03)
    later = pl.DataFrame({"Symbol": ["LAMP"], "Date": ["2025-01-02"], "Open": [1.0], "High": [1.0], "Low": [1.0]})
    later = later.with_columns(Close=pl.lit(1.0), Volume=pl.lit(5.0))
    pl.concat([changed.filter(pl.int_range(pl.len()) % 2 == 0), later]).write_csv(folder / "lamp.csv")
    correlator(folder, "add", "prices", "lamp.csv")

    assert {name: correlator(folder, *STUDY, *known, "--output", name) for name in OUTPUTS} == before
    assert correlator(folder, "check", "prices", "--format", "csv", *known) == audit
    assert correlator(folder, *STUDY, "--output", "ar") != before["ar"]
    vintages = correlator(folder, "sql", "SELECT count(*), count(*) FILTER (vintage = 2) FROM bars", "--format", "csv")
    assert vintages.decode().splitlines()[1] == "1851,370"
